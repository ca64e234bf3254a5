//! Mailboxes: folders, messages and the calendar.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::calendar::Event;
use super::track::{Tombstone, Track};

/// What one user's mailbox holds.
#[derive(Clone, Debug)]
pub struct Mailbox {
    /// Whose it is.
    pub user: Uuid,
    /// Folders that exist.
    pub folders: Vec<MailFolder>,
    /// Messages that exist, in any folder.
    pub messages: Vec<Message>,
    /// Events of the calendar, instances of series included.
    pub events: Vec<Event>,
    /// Folders that went.
    pub removed_folders: Vec<Tombstone<Uuid>>,
    /// Messages that left a folder, by deletion or by a move.
    pub departures: Vec<Tombstone<Departed>>,
    /// Events that went.
    pub removed_events: Vec<Tombstone<Uuid>>,
}

/// A message as the folder it left knew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departed {
    /// The folder that it left.
    pub folder: Uuid,
    /// The message.
    pub message: Uuid,
    /// How often it had been moved until then.
    pub moves: u32,
    /// True when it lies in another folder now or did afterwards.
    pub moved: bool,
}

/// A mail folder.
#[derive(Clone, Debug)]
pub struct MailFolder {
    /// What its id is made of.
    pub id: Uuid,
    /// Name that never changes with language: `inbox`.
    pub well_known: Option<&'static str>,
    /// Display name.
    pub name: String,
    /// The folder it lies in; none directly below the root.
    pub parent: Option<Uuid>,
    /// Times and changes.
    pub track: Track,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// What its ids are made of.
    pub id: Uuid,
    /// How often it was moved; its plain id depends on it.
    pub moves: u32,
    /// The folder it lies in.
    pub folder: Uuid,
    /// Subject.
    pub subject: String,
    /// Name and address of the sender.
    pub from: (String, String),
    /// Plain text.
    pub body: String,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// Whether it was read.
    pub is_read: bool,
    /// Whether something is attached.
    pub has_attachments: bool,
    /// Categories.
    pub categories: Vec<&'static str>,
    /// Times and changes.
    pub track: Track,
    pub(crate) entered: u64,
}

/// An id that Outlook gives when nobody asks for immutable ones: it changes with every move.
pub fn plain_id(id: Uuid, moves: u32) -> String {
    let mut bytes = vec![0x00, 0xC9, 0x10];
    bytes.extend_from_slice(id.as_bytes());
    bytes.extend_from_slice(&moves.to_be_bytes());
    format!("AAMkAGI2{}", URL_SAFE.encode(bytes))
}

/// The id that Outlook gives on `Prefer: IdType="ImmutableId"`.
pub fn immutable_id(id: Uuid) -> String {
    format!("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A{}", URL_SAFE.encode(id.as_bytes()))
}

/// The id of a folder, which is constant in either way.
pub fn folder_id(id: Uuid) -> String {
    let mut bytes = vec![0x00, 0x2E, 0x00];
    bytes.extend_from_slice(id.as_bytes());
    format!("AQMkADYA{}", URL_SAFE.encode(bytes))
}
