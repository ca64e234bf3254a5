//! `mail_folders`: the folders of the configured mailboxes, nested ones too.

use std::collections::HashMap;

use sentia_core::{Context, Decoded, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::{Placed, Source, lists::nested, mailboxes, messages};
use crate::microsoft_graph::{
    client::{Ask, Client, segment},
    config::MicrosoftGraphConfig,
    envelope::Listing,
    walk::{self, Stop},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Folder {
    id: Text,
    #[serde(skip)]
    mailbox: Text,
    display_name: Option<Text>,
    parent_folder_id: Option<Text>,
    child_folder_count: Option<i64>,
    total_item_count: Option<i64>,
    unread_item_count: Option<i64>,
    is_hidden: Option<bool>,
}

impl Placed for Folder {
    fn place(&mut self, mailbox: &Text) {
        self.mailbox = mailbox.clone();
    }
}

pub(super) fn source() -> Source {
    let stream = Stream::new("mail_folders", "id", |folder: &Folder| nested(&folder.mailbox, &folder.id))
        .swept()
        .describe("a folder of a mailbox")
        .columns(
            Fields::<Folder>::new()
                .text("mailbox_id", |folder| Some(folder.mailbox.clone()))
                .text("folder_id", |folder| Some(folder.id.clone()))
                .text("display_name", |folder| folder.display_name.clone())
                .text("parent_folder_id", |folder| folder.parent_folder_id.clone())
                .integer("child_folder_count", |folder| folder.child_folder_count)
                .integer("total_item_count", |folder| folder.total_item_count)
                .integer("unread_item_count", |folder| folder.unread_item_count)
                .boolean("is_hidden", |folder| folder.is_hidden),
        );
    let source = Source::new(stream, messages::NEEDS);
    source.nested(&["mailboxId", "id"])
}

/// One page of one mailbox's folders. A mailbox has few folders and its plain list shows the topmost alone, so each
/// run reads a whole first round of their delta; where the next would begin is not kept.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    config: &MicrosoftGraphConfig,
    request: &Fetch<'_>,
) -> Result<Page> {
    let (mailboxes, wanted) = (&config.mailboxes, &config.folders);
    let Some(mut stop) = Stop::of(request, mailboxes, wanted)? else {
        return Ok(Page::last(Decoded::default()));
    };
    let mailbox = mailboxes::id(client, cx, &stop.at).await?;
    let prefer = format!("odata.maxpagesize={}, {}", request.page_size(100), messages::IMMUTABLE);
    let ask = Ask { prefer: Some(&prefer), ..Ask::default() };
    let url = match &stop.link {
        Some(link) => link.clone(),
        None => client.url(&format!("/users/{}/mailFolders/delta", segment(&mailbox))),
    };
    let response = client.get(cx, &url, ask).await.map_err(|error| error.context("mailbox", &stop.at))?;
    let listing = Listing::of(&response)?;
    if listing.next.is_none() && listing.delta.is_none() {
        return Err(response.invalid("the answer says neither where the round goes on nor that it ended"));
    }
    let mut decoded = Decoded::default();
    let mut last: HashMap<Text, usize> = HashMap::new();
    for document in listing.documents {
        let Some(folder) = entry(&document) else {
            decoded.push(source.decode_at(document, &mailbox, &[]));
            continue;
        };
        let key = nested(&mailbox, &folder.id);
        let names = [folder.id.as_str(), folder.display_name.as_deref().unwrap_or_default()];
        if folder.removed.is_some() {
            last.remove(&key);
            source.gone(&mut decoded, key);
        } else if stop.takes(wanted, &names) {
            let record = source.decode_at(document, &mailbox, &[]);
            match (record, last.get(&key)) {
                (Ok(record), Some(at)) => decoded.records[*at] = record,
                (Ok(record), None) => {
                    last.insert(key, decoded.records.len());
                    decoded.records.push(record);
                }
                (Err(rejected), _) => decoded.rejected.push(rejected),
            }
        }
    }
    let page = stop.page(mailboxes, listing.next, decoded)?;
    Ok(page.read_scope(walk::read_scope(client, cx, mailboxes, wanted).await?))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    id: Text,
    display_name: Option<Text>,
    #[serde(rename = "@removed")]
    removed: Option<serde::de::IgnoredAny>,
}

fn entry(document: &[u8]) -> Option<Seen> {
    serde_json::from_slice(document).ok()
}
