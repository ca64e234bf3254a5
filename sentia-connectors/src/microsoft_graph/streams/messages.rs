//! `messages`: the messages of a mail folder.

use sentia_core::{Fields, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source, foreign_partition};
use crate::microsoft_graph::{
    client::segment,
    config::Mail,
    delta::{Feed, Members, has},
    place::Round,
    wire::{Recipient, Stamp, joined},
};

/// Without it ids change when an item moves [D:outlook-immutable-id].
pub(super) const IMMUTABLE: &str = "IdType=\"ImmutableId\"";

pub(super) const NEEDS: Needs = Needs { application: "Mail.ReadBasic.All", delegated: "Mail.ReadBasic" };

const SELECT: &str = "id,subject,from,sender,toRecipients,ccRecipients,replyTo,receivedDateTime,sentDateTime,\
                      createdDateTime,lastModifiedDateTime,conversationId,internetMessageId,parentFolderId,isRead,\
                      isDraft,hasAttachments,importance,categories,flag,inferenceClassification,webLink";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Message {
    id: Text,
    subject: Option<Text>,
    from: Option<Recipient>,
    to_recipients: Option<Vec<Recipient>>,
    cc_recipients: Option<Vec<Recipient>>,
    received_date_time: Option<Stamp>,
    sent_date_time: Option<Stamp>,
    last_modified_date_time: Option<Stamp>,
    conversation_id: Option<Text>,
    internet_message_id: Option<Text>,
    parent_folder_id: Option<Text>,
    is_read: Option<bool>,
    is_draft: Option<bool>,
    has_attachments: Option<bool>,
    importance: Option<Text>,
    categories: Option<Vec<Text>>,
    web_link: Option<Text>,
    body_preview: Option<Text>,
}

impl Placed for Message {}

fn addresses(recipients: &Option<Vec<Recipient>>) -> Option<Text> {
    joined(&recipients.as_ref().map(|all| all.iter().filter_map(Recipient::address).collect()))
}

pub(super) fn source() -> Source {
    let stream = Stream::new("messages", "id", |message: &Message| message.id.clone())
        .version(|message| Stamp::version(&message.last_modified_date_time))
        .resumable()
        .swept()
        .partitioned_by("mail_folders")
        .max_page(500)
        .describe("a message in a mail folder; one that moves is gone here and new there")
        .columns(
            Fields::<Message>::new()
                .text("subject", |message| message.subject.clone())
                .text("from_address", |message| message.from.as_ref()?.address())
                .text("from_name", |message| message.from.as_ref()?.name())
                .text("to_addresses", |message| addresses(&message.to_recipients))
                .text("cc_addresses", |message| addresses(&message.cc_recipients))
                .timestamp("received_at", |message| Stamp::of(&message.received_date_time))
                .timestamp("sent_at", |message| Stamp::of(&message.sent_date_time))
                .boolean("is_read", |message| message.is_read)
                .boolean("is_draft", |message| message.is_draft)
                .boolean("has_attachments", |message| message.has_attachments)
                .text("importance", |message| message.importance.clone())
                .text("categories", |message| joined(&message.categories))
                .text("conversation_id", |message| message.conversation_id.clone())
                .text("internet_message_id", |message| message.internet_message_id.clone())
                .text("parent_folder_id", |message| message.parent_folder_id.clone())
                .text("web_link", |message| message.web_link.clone())
                .text("body_preview", |message| message.body_preview.clone())
                .timestamp("last_modified_at", |message| Stamp::of(&message.last_modified_date_time)),
        );
    Source::new(stream, NEEDS)
}

/// A change names only what changed, so it is read again.
pub(super) fn feed(folder: &str, size: u32, mail: Mail) -> Result<Feed> {
    let (mailbox, folder) = folder.split_once('/').ok_or_else(|| foreign_partition(folder))?;
    let user = format!("/users/{}", segment(mailbox));
    let with_bodies = mail == Mail::Bodies;
    let select = if with_bodies { format!("{SELECT},bodyPreview,body") } else { SELECT.to_owned() };
    let item_prefer =
        if with_bodies { r#"IdType="ImmutableId", outlook.body-content-type="text""# } else { IMMUTABLE };
    Ok(Feed {
        path: format!("{user}/mailFolders/{}/messages/delta", segment(folder)),
        query: vec![("$select", select.clone())],
        prefer: format!("odata.maxpagesize={size}, {item_prefer}"),
        item: (format!("{user}/messages"), format!("?$select={select}")),
        asked: select,
        rolls: false,
        item_prefer: Some(item_prefer),
        is_whole,
    })
}

fn is_whole(members: &Members<'_>, round: Round) -> bool {
    round == Round::First && has(members, &["subject", "receivedDateTime", "parentFolderId"])
}

/// What the stream needs where bodies are read.
pub(super) const NEEDS_BODIES: Needs = Needs { application: "Mail.Read", delegated: "Mail.Read" };
