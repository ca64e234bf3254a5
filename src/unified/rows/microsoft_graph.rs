//! What answers of Microsoft 365 hold.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;

/// Somebody in the tenant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphUser {
    /// `id`.
    pub key: String,
    /// The name as shown.
    pub display_name: Option<String>,
    /// Where mail goes.
    pub mail: Option<String>,
    /// What is signed in with.
    pub user_principal_name: Option<String>,
    /// What they do.
    pub job_title: Option<String>,
    /// Where they do it.
    pub department: Option<String>,
    /// False for who may not sign in.
    pub account_enabled: Option<bool>,
}

/// A drive: a library of a site, or somebody's own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphDrive {
    /// `id`.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
    /// `documentLibrary`, `business` or `personal`.
    pub drive_type: Option<String>,
    /// Where a person opens it.
    pub web_url: Option<String>,
}

/// A file or folder.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphFile {
    /// `id`.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
    /// The folder it is in.
    pub parent_id: Option<String>,
    /// True for a folder.
    pub is_folder: Option<bool>,
    /// In bytes.
    pub size_bytes: Option<i64>,
    /// Who changed it last.
    pub last_modified_by: Option<String>,
    /// When.
    pub last_modified_at: Option<DateTime<Utc>>,
    /// Where a person opens it.
    pub web_url: Option<String>,
}

/// A table in a workbook.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphTable {
    /// Drive, file and table.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
}

/// A folder of a mailbox.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphFolder {
    /// Mailbox and folder.
    pub key: String,
    /// Its name.
    pub display_name: Option<String>,
    /// Whose it is, by the user's id.
    pub mailbox_id: Option<String>,
}

/// A message, without its body.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphMessage {
    /// `id`, which stays when the message moves.
    pub key: String,
    /// What it is about.
    pub subject: Option<String>,
    /// Who wrote it.
    pub from_address: Option<String>,
    /// When it came.
    pub received_at: Option<DateTime<Utc>>,
    /// Whether it was opened.
    pub is_read: Option<bool>,
    /// Whether files hang on it.
    pub has_attachments: Option<bool>,
    /// `low`, `normal` or `high`.
    pub importance: Option<String>,
    /// Where a person opens it.
    pub web_link: Option<String>,
}

/// An event of a calendar.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MicrosoftGraphEvent {
    /// `id`.
    pub key: String,
    /// What it is about.
    pub subject: Option<String>,
    /// When it begins.
    pub start_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub end_at: Option<DateTime<Utc>>,
    /// Its first day, where it takes whole days.
    pub start_date: Option<NaiveDate>,
    /// Whether it takes whole days.
    pub is_all_day: Option<bool>,
    /// Whether it was called off.
    pub is_cancelled: Option<bool>,
    /// Who called it.
    pub organizer_address: Option<String>,
    /// Where.
    pub location: Option<String>,
}
