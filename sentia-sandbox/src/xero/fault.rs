//! What can go wrong with the Xero twin.

use crate::fault::{CatalogFault, Endpoint};

/// The catalog: each fault imitates something that was seen or is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum XeroFault {
    /// A 200 whose JSON ends in the middle (singer-io/tap-xero 2.1.0 retries it).
    TruncatedBody,
    /// The connection breaks in the middle of the body (singer-io/tap-xero 2.1.0).
    ConnectionCut,
    /// Half of the body comes, then silence until the client gives up (engine time-out test; no vendor report).
    StalledBody,
    /// 503 with the plain text `The Organisation is offline` (developer.xero.com http-response-codes).
    OrganisationOffline,
    /// 503 with an HTML page from the edge (developer.xero.com http-response-codes: bodies are not always JSON).
    HtmlUnavailable,
    /// 404 with an HTML page (old Xero docs: "could be html").
    HtmlNotFound,
    /// 500 with an HTML page (developer.xero.com http-response-codes).
    InternalError,
    /// 401 in the middle of a read, the token being good until then (developer.xero.com http-response-codes).
    Unauthorized,
    /// 403: the organisation was disconnected by its user (2 public clients; vendors/xero.md section 7).
    TenantDisconnected,
    /// 429 for the minute limit with `Retry-After` (developer.xero.com guides/oauth2/limits).
    MinuteLimit,
    /// 429 for the day limit with `Retry-After: 66975` (vendors/xero.md section 6: seen in the wild).
    DayLimit,
    /// 429 for five calls at once, without `Retry-After` (developer.xero.com guides/oauth2/limits).
    ConcurrentLimit,
    /// 429 without body and without any of its headers (vendors/xero.md section 7: "may be empty").
    BareLimit,
    /// 400 `HighVolumeException` for an unfiltered read (XeroAPI/xero-python issue 148).
    HighVolume,
    /// The page before the one asked for is sent again; page 1 stays itself (paging by number shifts; vendors/xero.md section 4).
    PageRepeated,
    /// An empty page in the middle of a list, with a pagination object that says there is more (airbyte 85372: a green run that lost data).
    EmptyPage,
    /// `pagination.itemCount` is one more than the rows there are (rows that moved while paging; vendors/xero.md section 4).
    LyingItemCount,
    /// A paged answer without its `pagination` object (older responses; vendors/xero.md section 4).
    MissingPagination,
    /// The last row of the page is missing, the counts unchanged (airbyte 84400, 85918: rows lost at the edge).
    DroppedRow,
    /// The first row has a null key (airbyte issues on records without primary key; schema allows absent ids).
    NullKey,
    /// The first row's amount is an object (`{}` occurs for "no value"; vendors/xero.md section 3).
    WrongType,
    /// The first row's amount has more digits than any decimal type holds (CurrencyRate digits: singer-io/tap-xero 2.1.0).
    TooManyDigits,
    /// Amounts come as quoted numbers (`"Quantity":"1.0000"` in Xero's own examples).
    QuotedNumbers,
    /// The first row's date is `/Date(0+0000)/` (singer-io/tap-xero changelog 1.0.3, 1.0.4, 2.0.2).
    EpochDate,
    /// The first row's date lies before 1970: negative milliseconds (singer-io/tap-xero changelog 2.0.2).
    NegativeDate,
    /// `If-Modified-Since` is overlooked and everything is sent (vendors/xero.md section 5: not all lists honour it).
    IgnoredSince,
    /// XML although JSON was asked for (developer.xero.com requests-and-responses: the default format).
    XmlBody,
    /// Token endpoint: 400 `invalid_grant` (developer.xero.com/faq/oauth2).
    InvalidGrant,
    /// Token endpoint: the refresh token is rotated and the answer is lost (developer.xero.com/faq/oauth2: the 30-minute grace).
    LostTokenResponse,
    /// Token endpoint: 503 with an HTML page (developer.xero.com http-response-codes).
    TokenUnavailable,
}

impl XeroFault {
    /// Every fault, for tests and tables that must not miss one.
    pub const ALL: [Self; 30] = [
        Self::TruncatedBody,
        Self::ConnectionCut,
        Self::StalledBody,
        Self::OrganisationOffline,
        Self::HtmlUnavailable,
        Self::HtmlNotFound,
        Self::InternalError,
        Self::Unauthorized,
        Self::TenantDisconnected,
        Self::MinuteLimit,
        Self::DayLimit,
        Self::ConcurrentLimit,
        Self::BareLimit,
        Self::HighVolume,
        Self::PageRepeated,
        Self::EmptyPage,
        Self::LyingItemCount,
        Self::MissingPagination,
        Self::DroppedRow,
        Self::NullKey,
        Self::WrongType,
        Self::TooManyDigits,
        Self::QuotedNumbers,
        Self::EpochDate,
        Self::NegativeDate,
        Self::IgnoredSince,
        Self::XmlBody,
        Self::InvalidGrant,
        Self::LostTokenResponse,
        Self::TokenUnavailable,
    ];

    /// The public report or document that the fault imitates.
    pub fn source(self) -> &'static str {
        match self {
            Self::TruncatedBody | Self::ConnectionCut => "singer-io/tap-xero changelog 2.1.0",
            Self::StalledBody => "none: a peer that falls silent",
            Self::OrganisationOffline
            | Self::HtmlUnavailable
            | Self::InternalError
            | Self::Unauthorized
            | Self::TokenUnavailable => "developer.xero.com documentation/api/http-response-codes",
            Self::HtmlNotFound => "old Xero documentation: the 404 body could be html",
            Self::TenantDisconnected => "vendors/xero.md section 7, two public clients",
            Self::MinuteLimit | Self::ConcurrentLimit => "developer.xero.com guides/oauth2/limits",
            Self::DayLimit => "vendors/xero.md section 6: Retry-After 66975 seen",
            Self::BareLimit => "vendors/xero.md section 7: a 429 may be empty",
            Self::HighVolume => "XeroAPI/xero-python issue 148",
            Self::PageRepeated | Self::LyingItemCount => "vendors/xero.md section 4",
            Self::MissingPagination | Self::IgnoredSince => "vendors/xero.md sections 4 and 5",
            Self::EmptyPage => "airbytehq/airbyte issue 85372",
            Self::DroppedRow => "airbytehq/airbyte issues 84400 and 85918",
            Self::NullKey => "XeroAPI/Xero-OpenAPI: ids are not among the required properties",
            Self::WrongType => "vendors/xero.md section 3: {} for no value",
            Self::TooManyDigits => "singer-io/tap-xero changelog 2.1.0 (CurrencyRate)",
            Self::QuotedNumbers => "Xero documentation examples (\"Quantity\":\"1.0000\")",
            Self::EpochDate | Self::NegativeDate => "singer-io/tap-xero changelog 1.0.3, 1.0.4, 2.0.2",
            Self::XmlBody => "developer.xero.com documentation/api/requests-and-responses",
            Self::InvalidGrant | Self::LostTokenResponse => "developer.xero.com/faq/oauth2",
        }
    }

    /// The door it stands at.
    pub fn endpoint(self) -> Endpoint {
        match self {
            Self::InvalidGrant | Self::LostTokenResponse | Self::TokenUnavailable => Endpoint::Token,
            _ => Endpoint::Data,
        }
    }
}

impl CatalogFault for XeroFault {
    fn endpoint(self) -> Endpoint {
        Self::endpoint(self)
    }
}
