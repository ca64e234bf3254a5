//! What a dashboard asks a Microsoft 365 tenant.

use chrono::{DateTime, NaiveDate, Utc};
use sentia_connectors::microsoft_graph::{MicrosoftGraph, WorkbookRow};
use sentia_core::{Result, engine::Question};
use serde::Deserialize;

use super::{Answered, UnifiedClient};

const NAME: &str = "microsoft-graph";

impl UnifiedClient {
    /// Connects the tenant, as `microsoft-graph`. What can be asked is what the connection is told to read.
    ///
    /// # Errors
    /// `ConfigInvalid` when it is connected already.
    pub fn microsoft_graph(self, tenant: MicrosoftGraph) -> Result<Self> {
        self.connect(NAME, tenant)
    }

    /// The people of the tenant, guests and disabled accounts too.
    ///
    /// # Errors
    /// As the vendor's table says; `Unsupported` where the connection is told to read none.
    pub async fn microsoft_graph_users(&self) -> Result<Answered<MicrosoftGraphUser>> {
        self.ask(NAME, &Question::of("users")).await
    }

    /// The drives that are read: those named, and those of the sites named.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_drives(&self) -> Result<Answered<MicrosoftGraphDrive>> {
        self.ask(NAME, &Question::of("drives")).await
    }

    /// The files and folders of a drive, by its key.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_files(&self, drive: &str) -> Result<Answered<MicrosoftGraphFile>> {
        self.ask(NAME, &Question::of("drive_items").partition(drive)).await
    }

    /// The tables of the workbooks that are read.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_workbook_tables(&self) -> Result<Answered<MicrosoftGraphTable>> {
        self.ask(NAME, &Question::of("workbook_tables")).await
    }

    /// The rows of a workbook's table, by the table's key, each cell under its header.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_workbook_rows(&self, table: &str) -> Result<Answered<WorkbookRow>> {
        let question = Question::of("workbook_rows").partition(table);
        let answer = self.reader(NAME)?.ask(&question).await?;
        let rows = answer.records.iter().map(WorkbookRow::of).collect::<Result<_>>()?;
        Ok(Answered::of(&answer, rows))
    }

    /// The mail folders of the mailboxes that are read.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_mail_folders(&self) -> Result<Answered<MicrosoftGraphFolder>> {
        self.ask(NAME, &Question::of("mail_folders")).await
    }

    /// The messages of a mail folder, by its key.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_messages(&self, folder: &str) -> Result<Answered<MicrosoftGraphMessage>> {
        self.ask(NAME, &Question::of("messages").partition(folder)).await
    }

    /// The events of a mailbox's calendar in the connection's window, by the id of its user.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn microsoft_graph_events(&self, mailbox: &str) -> Result<Answered<MicrosoftGraphEvent>> {
        self.ask(NAME, &Question::of("events").partition(mailbox)).await
    }
}

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
