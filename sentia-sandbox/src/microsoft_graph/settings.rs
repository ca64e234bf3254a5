//! What sources leave open, and what a tenant's licence decides.

/// What a token without a user may do with workbooks. The reference says nothing; reports say all of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AppOnlyWorkbook {
    /// 403 `accessDenied` on everything, as documented.
    #[default]
    Denied,
    /// Reads without a session work; `createSession` is 403 `EditModeAccessDenied`.
    SessionlessOnly,
    /// Everything works.
    Allowed,
}

/// How the twin behaves where the vendor's behavior is not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrosoftGraphSettings {
    /// Workbooks without a user.
    pub app_only_workbook: AppOnlyWorkbook,
    /// Entries on a page unless the caller asks; none for the vendor's own defaults (10 to 200).
    pub page_size: Option<usize>,
    /// Changed drive and list items carry only id and changed members, where the vendor seems to send them whole.
    pub sparse_file_deltas: bool,
    /// `rows` of a workbook table come with a nextLink when `$top` cuts them. Off: only `$skip` finds the rest.
    pub workbook_rows_link: bool,
    /// Status of Outlook's `SyncStateNotFound`: 400, 404 or 410.
    pub outlook_expiry_status: u16,
    /// Days that a directory token lives (7, documented).
    pub directory_token_days: i64,
    /// Days that an Outlook token lives (not documented).
    pub outlook_token_days: i64,
    /// Days that a drive or list token lives (not documented).
    pub file_token_days: i64,
    /// Minutes without a call after which a persistent session ends.
    pub persistent_session_minutes: i64,
    /// Minutes without a call after which another session ends.
    pub session_minutes: i64,
}

impl Default for MicrosoftGraphSettings {
    fn default() -> Self {
        Self {
            app_only_workbook: AppOnlyWorkbook::Denied,
            page_size: None,
            sparse_file_deltas: false,
            workbook_rows_link: false,
            outlook_expiry_status: 410,
            directory_token_days: 7,
            outlook_token_days: 30,
            file_token_days: 60,
            persistent_session_minutes: 5,
            session_minutes: 7,
        }
    }
}

/// How much an app may ask of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MicrosoftGraphLimits {
    /// Resource units of the directory in ten seconds (3,500 in a small tenant).
    pub directory_units: u32,
    /// Resource units of SharePoint and OneDrive in a minute (1,200 in a small tenant).
    pub sharepoint_units: u32,
    /// Workbook requests in ten seconds (1,500).
    pub excel_requests: u32,
    /// Requests to one mailbox in ten minutes (10,000).
    pub mailbox_requests: u32,
    /// Requests to one mailbox at once (4).
    pub mailbox_concurrent: u32,
}

impl Default for MicrosoftGraphLimits {
    fn default() -> Self {
        Self {
            directory_units: 3_500,
            sharepoint_units: 1_200,
            excel_requests: 1_500,
            mailbox_requests: 10_000,
            mailbox_concurrent: 4,
        }
    }
}
