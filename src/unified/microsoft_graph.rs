//! What a dashboard asks a Microsoft 365 tenant.

use sentia_connectors::microsoft_graph::{MicrosoftGraph, WorkbookRow};
use sentia_core::{Result, engine::Question};

use super::{
    Answered, UnifiedClient,
    rows::{
        MicrosoftGraphDrive, MicrosoftGraphEvent, MicrosoftGraphFile, MicrosoftGraphFolder,
        MicrosoftGraphMessage, MicrosoftGraphTable, MicrosoftGraphUser,
    },
};

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
