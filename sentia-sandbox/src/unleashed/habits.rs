//! What the sources disagree about, or do not say: each is a switch.

/// In which zone the account's calendar days begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccountZone {
    /// Midnight in London: in summer 16 July is sent as 15 July 23:00 UTC (vendors/unleashed.md section 5).
    #[default]
    London,
    /// Midnight in UTC.
    Utc,
}

/// How the twin behaves where the sheet is unsure. The defaults are what is harder on a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnleashedHabits {
    /// In which zone calendar days begin (London).
    pub zone: AccountZone,
    /// Whether `modifiedSince` includes its own millisecond (no).
    pub since_inclusive: bool,
    /// `NumberOfPages` of an empty list: 0 or 1 (0).
    pub pages_of_nothing: usize,
    /// The status of calls over the month's quota: 403 or 429 (403, the same as for a wrong signature).
    pub quota_status: u16,
    /// Whether `/BillOfMaterials` is paged; if not, all bills come with a null `Pagination` (yes).
    pub bills_paged: bool,
    /// Whether a missing `client-type` or `Content-Type` is refused with 400 (yes).
    pub headers_enforced: bool,
}

impl Default for UnleashedHabits {
    fn default() -> Self {
        Self {
            zone: AccountZone::London,
            since_inclusive: false,
            pages_of_nothing: 0,
            quota_status: 403,
            bills_paged: true,
            headers_enforced: true,
        }
    }
}
