//! What a user sets: plain data, a builder over it, and the environment.

mod builder;
mod check;

use secrecy::SecretString;
use sentia_core::transport::Pacing;
use serde::Deserialize;
use validator::Validate;

pub use self::builder::MicrosoftGraphBuilder;
use super::{assertion::Assertion, cloud::Cloud};

/// Whether the tenant's users are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Users {
    /// All of them.
    #[default]
    All,
    /// None; the app then needs no permission for users.
    None,
}

/// What is read of the configured mailboxes' mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mail {
    /// Folders and messages, without bodies.
    #[default]
    Headers,
    /// Folders and messages with their bodies, as text.
    Bodies,
    /// Nothing; the app then needs no permission for mail.
    None,
}

/// Which events of the configured mailboxes' calendars are read: those of a window of days around today. It moves by
/// itself, a day at a time; the window begins and ends at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Calendar {
    /// Events that touch this window.
    Window {
        /// Days before today.
        days_back: u32,
        /// Days after today.
        days_ahead: u32,
    },
    /// None; the app then needs no permission for calendars.
    None,
}

impl Default for Calendar {
    fn default() -> Self {
        Calendar::Window { days_back: 90, days_ahead: 365 }
    }
}

/// Whether workbooks are read in sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sessions {
    /// In sessions for a signed-in user, without for the app itself, whose access Microsoft does not document.
    #[default]
    Auto,
    /// In sessions that keep no changes: faster, and the rows of one table are of one moment.
    Always,
    /// Without: each call finds and opens the file anew.
    Never,
}

/// One Excel file whose tables are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workbook {
    /// Its drive: an id, `users/anna@contoso.com` or, with a signed-in user, `me`.
    pub drive: String,
    /// The file: its id, or its path in the drive, which begins with a slash (`/Plan/Orders.xlsx`).
    pub file: String,
    /// Its tables. Default: all of them, keyed by row.
    #[serde(default)]
    pub tables: Vec<TableSelection>,
}

impl Workbook {
    /// A workbook of which every table is read.
    pub fn new(drive: impl Into<String>, file: impl Into<String>) -> Self {
        Workbook { drive: drive.into(), file: file.into(), tables: Vec::new() }
    }

    /// Adds a table, keyed by a column: the header above the cells that identify a row.
    ///
    /// Once one is named only named tables are read.
    #[must_use]
    pub fn table(mut self, name: impl Into<String>, key: impl Into<String>) -> Self {
        self.tables.push(TableSelection { name: name.into(), key: Some(key.into()) });
        self
    }

    /// Adds a table whose rows are known by their position alone: a row put in above others renames them all.
    #[must_use]
    pub fn table_by_position(mut self, name: impl Into<String>) -> Self {
        self.tables.push(TableSelection { name: name.into(), key: None });
        self
    }

    /// The workbook as one text, for places and messages.
    pub(super) fn reference(&self) -> String {
        format!("{}//{}", self.drive, self.file.trim_start_matches('/'))
    }
}

/// One table of a workbook.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableSelection {
    /// Its name, as Excel shows it under Table Design.
    pub name: String,
    /// The header of the column that identifies a row. Default: rows are known by their position.
    #[serde(default)]
    pub key: Option<String>,
}

/// The settings of one Microsoft Graph connection, as they stand in a configuration file.
///
/// Credentials are one of four: `client_secret`, or `certificate` with `private_key`, for the app itself;
/// `refresh_token`, with either of them unless the app is a public client, for a user who signed in; or a ready
/// `access_token`, for short use.
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct MicrosoftGraphConfig {
    /// The tenant: its id or a verified domain. Required unless `access_token` is set.
    #[validate(length(min = 1, message = "is empty; set it or leave it out"))]
    pub tenant: Option<String>,
    /// The app's (client) id. Required unless `access_token` is set.
    #[validate(length(min = 1, message = "is empty; set it or leave it out"))]
    pub client_id: Option<String>,
    /// The app's secret: its value, not its id.
    pub client_secret: Option<SecretString>,
    /// The certificate's private key: RSA, PEM, without a passphrase.
    pub private_key: Option<SecretString>,
    /// The certificate, PEM.
    pub certificate: Option<String>,
    /// How the assertion made with it is signed. Default PS256.
    pub assertion: Assertion,
    /// The refresh token of a sign-in. It is used where the vault keeps none, or where Entra refuses the one kept: to
    /// connect again, put the new one here.
    pub refresh_token: Option<SecretString>,
    /// A ready access token; Entra ends it after about an hour.
    pub access_token: Option<SecretString>,
    /// The cloud that the tenant lives in. Default global.
    pub cloud: Cloud,
    /// An address that stands in for all of Microsoft's, for tests and proxies. Default: the cloud's.
    #[validate(url(message = "is not a URL; correct it"))]
    pub base_url: Option<String>,
    /// The token endpoint's address. Default: the cloud's, or `base_url`.
    #[validate(url(message = "is not a URL; correct it"))]
    pub identity_url: Option<String>,
    /// Whether the tenant's users are read. Default: all.
    pub users: Users,
    /// Sites: `contoso.sharepoint.com:/sites/ops`, an id or `root`. They are never discovered: a search shows what its
    /// index knows, which is no list to sweep by.
    pub sites: Vec<String>,
    /// Lists of those sites, by name or id. Default: every list that is shown and is no library.
    pub lists: Vec<String>,
    /// Drives: an id, or `users/anna@contoso.com` for a OneDrive. Default: the libraries of the sites.
    pub drives: Vec<String>,
    /// Workbooks whose tables are read.
    pub workbooks: Vec<Workbook>,
    /// Whether they are read in sessions. Default: for a signed-in user.
    pub sessions: Sessions,
    /// Mailboxes: an id, a user principal name or, with a signed-in user, `me`. They are never discovered: not every
    /// user has one, and mail is read on purpose.
    pub mailboxes: Vec<String>,
    /// Folders of those mailboxes, by name or id. Default: all.
    pub folders: Vec<String>,
    /// What is read of their mail. Default: headers.
    pub mail: Mail,
    /// Which events of their calendars are read. Default: 90 days back, 365 ahead.
    pub calendar: Calendar,
    /// The secret that every subscription carries and every notification must repeat. Without it notifications are not
    /// received.
    pub client_state: Option<SecretString>,
    /// Whether Microsoft's limits are kept; they can be off for loopback addresses only. Set in code, not in a file.
    #[serde(skip)]
    pub pacing: Pacing,
}

impl Default for MicrosoftGraphConfig {
    fn default() -> Self {
        MicrosoftGraphConfig {
            tenant: None,
            client_id: None,
            client_secret: None,
            private_key: None,
            certificate: None,
            assertion: Assertion::default(),
            refresh_token: None,
            access_token: None,
            cloud: Cloud::default(),
            base_url: None,
            identity_url: None,
            users: Users::default(),
            sites: Vec::new(),
            lists: Vec::new(),
            drives: Vec::new(),
            workbooks: Vec::new(),
            sessions: Sessions::default(),
            mailboxes: Vec::new(),
            folders: Vec::new(),
            mail: Mail::default(),
            calendar: Calendar::default(),
            client_state: None,
            pacing: Pacing::Vendor,
        }
    }
}

#[cfg(test)]
mod tests;
