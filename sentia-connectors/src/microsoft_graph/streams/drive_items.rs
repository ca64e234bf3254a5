//! `drive_items`: the files and folders of a drive.

use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source};
use crate::microsoft_graph::{
    client::segment,
    delta::{Feed, Members, has},
    place::Round,
    wire::{IdentitySet, Parent, Stamp},
};

/// Named, so that Graph leaves out the pre-authenticated download address.
const SELECT: &str = "id,name,size,file,folder,package,root,deleted,parentReference,webUrl,eTag,cTag,createdDateTime,\
                      lastModifiedDateTime,createdBy,lastModifiedBy,fileSystemInfo,malware,remoteItem,shared";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    id: Text,
    name: Option<Text>,
    size: Option<i64>,
    file: Option<File>,
    folder: Option<Folder>,
    parent_reference: Option<Parent>,
    web_url: Option<Text>,
    e_tag: Option<Text>,
    c_tag: Option<Text>,
    created_date_time: Option<Stamp>,
    last_modified_date_time: Option<Stamp>,
    created_by: Option<IdentitySet>,
    last_modified_by: Option<IdentitySet>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    mime_type: Option<Text>,
    hashes: Option<Hashes>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hashes {
    quick_xor_hash: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Folder {
    child_count: Option<i64>,
}

impl Placed for Item {}

pub(super) fn source() -> Source {
    let stream = Stream::new("drive_items", "id", |item: &Item| item.id.clone())
        .version(|item| Stamp::version(&item.last_modified_date_time))
        .resumable()
        .swept()
        .partitioned_by("drives")
        .max_page(200)
        .describe("a file or folder of a drive")
        .columns(
            Fields::<Item>::new()
                .text("name", |item| item.name.clone())
                .integer("size_bytes", |item| item.size)
                .boolean("is_folder", |item| Some(item.folder.is_some()))
                .integer("child_count", |item| item.folder.as_ref()?.child_count)
                .text("mime_type", |item| item.file.as_ref()?.mime_type.clone())
                .text("quick_xor_hash", |item| item.file.as_ref()?.hashes.as_ref()?.quick_xor_hash.clone())
                .text("parent_id", |item| item.parent_reference.as_ref()?.id.clone())
                .text("parent_path", |item| item.parent_reference.as_ref()?.path.clone())
                .text("web_url", |item| item.web_url.clone())
                .text("created_by", |item| IdentitySet::who(&item.created_by))
                .text("last_modified_by", |item| IdentitySet::who(&item.last_modified_by))
                .timestamp("created_at", |item| Stamp::of(&item.created_date_time))
                .timestamp("last_modified_at", |item| Stamp::of(&item.last_modified_date_time))
                .text("c_tag", |item| item.c_tag.clone())
                .text("e_tag", |item| item.e_tag.clone()),
        );
    Source::new(stream, Needs { application: "Files.Read.All", delegated: "Files.Read" })
}

/// An entry is the latest state of its item; one without a name is read again. Paths of parents are not told of items
/// whose parent alone was renamed: join by `parent_id` [D:driveitem-delta].
pub(super) fn feed(drive: &str, size: u32) -> Feed {
    let drive = format!("/drives/{}", segment(drive));
    Feed {
        path: format!("{drive}/root/delta"),
        query: vec![("$select", SELECT.to_owned()), ("$top", size.to_string())],
        prefer: String::new(),
        asked: SELECT.to_owned(),
        rolls: false,
        item: (format!("{drive}/items"), format!("?$select={SELECT}")),
        item_prefer: None,
        is_whole,
    }
}

fn is_whole(members: &Members<'_>, _: Round) -> bool {
    has(members, &["name"])
}
