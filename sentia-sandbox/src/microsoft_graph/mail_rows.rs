//! Mail folders and messages as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::call::{Call, project};
use super::delta::{Round, moment};
use super::permission;
use crate::universe::Office;
use crate::universe::office::{MailFolder, Mailbox, Message, folder_id, immutable_id, plain_id};

/// Members of folders that may be selected.
pub(crate) const FOLDER_MEMBERS: [&str; 6] =
    ["childFolderCount", "displayName", "isHidden", "parentFolderId", "totalItemCount", "unreadItemCount"];

/// Members of messages that may be selected.
pub(crate) const MESSAGE_MEMBERS: [&str; 27] = [
    "bccRecipients",
    "body",
    "bodyPreview",
    "categories",
    "ccRecipients",
    "changeKey",
    "conversationId",
    "conversationIndex",
    "createdDateTime",
    "flag",
    "from",
    "hasAttachments",
    "importance",
    "inferenceClassification",
    "internetMessageId",
    "isDeliveryReceiptRequested",
    "isDraft",
    "isRead",
    "isReadReceiptRequested",
    "lastModifiedDateTime",
    "parentFolderId",
    "receivedDateTime",
    "replyTo",
    "sender",
    "sentDateTime",
    "subject",
    "toRecipients",
];

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

/// What the version of an item looks like.
pub(crate) fn change_key(id: Uuid, step: u64) -> String {
    let mut bytes = id.as_bytes()[..8].to_vec();
    bytes.extend_from_slice(&step.to_be_bytes());
    STANDARD.encode(bytes)
}

/// The step of a folder's last change; its counts change with its messages.
pub(crate) fn activity(mailbox: &Mailbox, folder: &MailFolder) -> u64 {
    let messages = mailbox.messages.iter().filter(|message| message.folder == folder.id);
    let messages = messages.map(|message| message.track.latest);
    let left = mailbox.departures.iter().filter(|tomb| tomb.key.folder == folder.id).map(|tomb| tomb.step);
    messages.chain(left).fold(folder.track.latest, u64::max)
}

pub(crate) fn folder(mailbox: &Mailbox, folder: &MailFolder) -> Map<String, Value> {
    let inside = || mailbox.messages.iter().filter(|message| message.folder == folder.id);
    let children = mailbox.folders.iter().filter(|child| child.parent == Some(folder.id)).count();
    // The root of a mailbox has an id as well, though nobody lists it.
    let parent = folder.parent.unwrap_or(mailbox.user);
    object(json!({
        "childFolderCount": children,
        "displayName": folder.name,
        "id": folder_id(folder.id),
        "isHidden": false,
        "parentFolderId": folder_id(parent),
        "totalItemCount": inside().count(),
        "unreadItemCount": inside().filter(|message| !message.is_read).count(),
    }))
}

/// An entry of a page of changes: all of a new folder, else only what changed.
pub(crate) fn folder_change(
    mailbox: &Mailbox,
    changed: &MailFolder,
    round: &Round,
) -> Option<Map<String, Value>> {
    let mut row = folder(mailbox, changed);
    if changed.track.born <= round.base {
        let counts = activity(mailbox, changed) > changed.track.latest;
        row.retain(|name, _| {
            name == "id"
                || changed.track.changed(name, round.base)
                || (counts && ["totalItemCount", "unreadItemCount"].contains(&name.as_str()))
        });
    }
    Some(project(row, round.select.as_deref()))
}

pub(crate) fn message_id(call: &Call<'_>, message: &Message) -> String {
    if call.immutable() { immutable_id(message.id) } else { plain_id(message.id, message.moves) }
}

/// A message, without text for those who may only see the basics.
pub(crate) fn message(call: &Call<'_>, office: &Office, message: &Message) -> Map<String, Value> {
    let key = change_key(message.id, message.track.latest);
    let person = |name: &str, address: &str| json!({"emailAddress": {"name": name, "address": address}});
    let from = person(&message.from.0, &message.from.1);
    let owner = office.mailboxes.iter().find(|mailbox| mailbox.messages.iter().any(|m| m.id == message.id));
    let owner = owner.and_then(|mailbox| office.user(mailbox.user));
    let to = owner.map_or(json!([]), |user| json!([person(user.member("displayName"), user.address())]));
    let received = moment(message.received_at);
    let mut row = object(json!({
        "@odata.etag": format!("W/\"{key}\""),
        "bccRecipients": [],
        "bodyPreview": message.body.chars().take(255).collect::<String>(),
        "body": {"contentType": "text", "content": message.body},
        "categories": message.categories,
        "ccRecipients": [],
        "changeKey": key,
        "conversationId": format!("AAQkAGI2{}", message.id.simple()),
        "conversationIndex": "AQHcXw==",
        "createdDateTime": received,
        "flag": {"flagStatus": "notFlagged"},
        "from": from,
        "hasAttachments": message.has_attachments,
        "id": message_id(call, message),
        "importance": "normal",
        "inferenceClassification": "focused",
        "internetMessageId": format!("<{}@supplier.example>", message.id.simple()),
        "isDeliveryReceiptRequested": Value::Null,
        "isDraft": false,
        "isRead": message.is_read,
        "isReadReceiptRequested": false,
        "lastModifiedDateTime": moment(message.track.updated_at),
        "parentFolderId": folder_id(message.folder),
        "receivedDateTime": received,
        "replyTo": [],
        "sender": from,
        "sentDateTime": received,
        "subject": message.subject,
        "toRecipients": to,
    }));
    if !permission::bodies(call) {
        row.remove("body");
        row.remove("bodyPreview");
    }
    row
}

/// An entry of a page of changes: all of what is new in the folder, else id, tag and what changed.
pub(crate) fn message_change(
    call: &Call<'_>,
    office: &Office,
    changed: &Message,
    round: &Round,
) -> Option<Map<String, Value>> {
    let mut row = message(call, office, changed);
    row.insert("@odata.type".to_owned(), "#microsoft.graph.message".into());
    if changed.entered > round.base {
        return Some(project(row, round.select.as_deref()));
    }
    let mut row = project(row, round.select.as_deref());
    row.retain(|name, _| name == "id" || name.starts_with('@') || changed.track.changed(name, round.base));
    row.keys().any(|name| name != "id" && !name.starts_with('@')).then_some(row)
}

/// `receivedDateTime ge` or `gt` a moment: nothing else may filter, and nothing but `receivedDateTime desc` may order.
pub(crate) fn received_filter(call: &Call<'_>) -> Result<Option<(DateTime<Utc>, bool)>, Answer> {
    let refuse = |words: &str| Err(Answer::error(400, "ErrorInvalidUrlQuery", words));
    if call.option("$orderby").is_some_and(|order| !order.eq_ignore_ascii_case("receivedDateTime desc")) {
        return refuse("Only 'receivedDateTime desc' is supported with change tracking.");
    }
    let Some(filter) = call.option("$filter") else { return Ok(None) };
    let words: Vec<&str> = filter.split_whitespace().collect();
    match words[..] {
        ["receivedDateTime", operator @ ("ge" | "gt"), at] => match DateTime::parse_from_rfc3339(at) {
            Ok(at) => Ok(Some((at.to_utc(), operator == "ge"))),
            Err(_) => refuse("The filter's moment cannot be read."),
        },
        _ => {
            refuse("Only 'receivedDateTime ge' and 'receivedDateTime gt' are supported with change tracking.")
        }
    }
}

/// Says which preferences were honoured.
pub(crate) fn applied(call: &Call<'_>, answer: Answer) -> Answer {
    let mut honoured = vec![];
    if call.immutable() {
        honoured.push("IdType=\"ImmutableId\"".to_owned());
    }
    if let Some(size) = call.prefer("odata.maxpagesize") {
        honoured.push(format!("odata.maxpagesize={size}"));
    }
    if let Some(zone) = call.prefer("outlook.timezone") {
        honoured.push(format!("outlook.timezone=\"{zone}\""));
    }
    if honoured.is_empty() { answer } else { answer.header("preference-applied", honoured.join(", ")) }
}
