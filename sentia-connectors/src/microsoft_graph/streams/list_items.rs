//! `list_items`: the rows of a SharePoint list.

use sentia_core::{Fields, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source, foreign_partition};
use crate::microsoft_graph::{
    client::segment,
    delta::{Feed, Members, has},
    place::Round,
    wire::{IdentitySet, Stamp},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    id: Text,
    e_tag: Option<Text>,
    web_url: Option<Text>,
    created_date_time: Option<Stamp>,
    last_modified_date_time: Option<Stamp>,
    created_by: Option<IdentitySet>,
    last_modified_by: Option<IdentitySet>,
    content_type: Option<ContentType>,
    fields: Option<Columns>,
}

#[derive(Debug, Deserialize)]
struct ContentType {
    name: Option<Text>,
}

/// Columns are the tenant's own; one has every list, though some let it stay empty.
#[derive(Debug, Deserialize)]
struct Columns {
    #[serde(rename = "Title")]
    title: Option<Text>,
}

impl Placed for Item {}

pub(super) fn source() -> Source {
    let stream = Stream::new("list_items", "id", |item: &Item| item.id.clone())
        .version(|item| Stamp::version(&item.last_modified_date_time))
        .resumable()
        .swept()
        .partitioned_by("lists")
        .max_page(200)
        .describe("a row of a SharePoint list; its columns are in the document's `fields`")
        .columns(
            Fields::<Item>::new()
                .text("title", |item| item.fields.as_ref()?.title.clone())
                .text("content_type", |item| item.content_type.as_ref()?.name.clone())
                .text("web_url", |item| item.web_url.clone())
                .text("created_by", |item| IdentitySet::who(&item.created_by))
                .text("last_modified_by", |item| IdentitySet::who(&item.last_modified_by))
                .timestamp("created_at", |item| Stamp::of(&item.created_date_time))
                .timestamp("last_modified_at", |item| Stamp::of(&item.last_modified_date_time))
                .text("e_tag", |item| item.e_tag.clone()),
        );
    Source::new(stream, Needs { application: "Sites.Read.All", delegated: "Sites.Read.All" })
}

/// An entry is the latest state of its item [D:listitem-delta]; one without `fields` is read again.
pub(super) fn feed(list: &str, size: u32) -> Result<Feed> {
    let (site, list) = list.rsplit_once('/').ok_or_else(|| foreign_partition(list))?;
    let items = format!("/sites/{}/lists/{}/items", segment(site), segment(list));
    Ok(Feed {
        path: format!("{items}/delta"),
        // Without it no item has column values.
        query: vec![("$expand", "fields".to_owned()), ("$top", size.to_string())],
        prefer: String::new(),
        asked: "fields".to_owned(),
        rolls: false,
        item: (items, "?$expand=fields".to_owned()),
        item_prefer: None,
        is_whole,
    })
}

fn is_whole(members: &Members<'_>, _: Round) -> bool {
    has(members, &["fields"])
}
