//! What can go wrong with the Amazon twin.

use crate::fault::{CatalogFault, Endpoint};

/// The catalog: each fault imitates something that was seen or is documented.
///
/// Faults of the token endpoint, of the creation of reports and of the download of documents count only such
/// requests; all others count every call of the API (narrow them with `FaultPlan::mentioning`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AmazonFault {
    /// A 200 whose JSON ends in the middle (no vendor report: a proxy that gives up).
    TruncatedBody,
    /// The connection breaks in the middle of the body (no vendor report).
    ConnectionCut,
    /// Half of the body comes, then silence until the client gives up (no vendor report).
    StalledBody,
    /// 503 with an HTML page from the edge (vendors/amazon.md section 5: do not parse as JSON).
    HtmlUnavailable,
    /// 504 with an HTML page from the edge (vendors/amazon.md section 5).
    GatewayTimeout,
    /// 503 `ServiceUnavailable` (developer-docs "Resolve Common HTTP and Authorization Error Codes").
    ServiceUnavailable,
    /// 500 `InternalFailure` (developer-docs "Resolve Common HTTP and Authorization Error Codes").
    InternalFailure,
    /// 403 "has expired" for a token that is good (amzn/selling-partner-api-models issue 2595: half an hour, all sellers).
    ExpiredWave,
    /// 403 without details: a role is missing (developer-docs "Resolve Common HTTP and Authorization Error Codes").
    RoleMissing,
    /// 429 although the bucket is not empty: the bucket of the application is (developer-docs "Usage Plans and Rate Limits").
    QuotaExceeded,
    /// 429 without a body and without any header of its own (vendors/amazon.md section 4: headers are best effort).
    BareQuota,
    /// 200 with half of the rows, no page token, and `errors` beside them (fbaInventory model: `payload` and `errors` in one schema).
    ErrorsInOk,
    /// `x-amzn-RateLimit-Limit` tells a tenth of the usual rate (developer-docs "Usage Plans and Rate Limits": rates differ by seller).
    OtherRate,
    /// The page before the one asked for is sent again, its token leading on (no vendor report; airbyte 85372 for the effect).
    PageRepeated,
    /// An empty page with a token that goes on (finances model: "this operation can return empty pages").
    EmptyPage,
    /// The page token is missing although there is more (airbyte 85372: a green run that lost data).
    EndsEarly,
    /// The last row of the page is missing (airbyte 84400, 85918: rows lost at the edge).
    DroppedRow,
    /// The first row of the page comes once more at its end (developer-docs: at least once).
    DuplicateRow,
    /// `numberOfResults` is one more than there are (catalogItems model: "estimated").
    LyingCount,
    /// 400 for a page token in the middle of a list (vendors/amazon.md section 5: "page token too old").
    PageTokenExpired,
    /// The first row has a null key (finances model: `transactionId` is optional).
    NullKey,
    /// The first row's amount is an object (no vendor report).
    WrongType,
    /// The first row's amount has more digits than any decimal type holds (finances model: BigDecimal).
    TooManyDigits,
    /// Amounts in finances come as strings (vendors/amazon.md section 8: a number here, a string in orders).
    QuotedNumbers,
    /// Absent lists come as null (amzn/selling-partner-api-models issue 4993: `"breakdowns": null`).
    NullLists,
    /// Statuses are written `Released` (amzn/selling-partner-api-models issue 4237; the model's own example does so too).
    MixedCaseStatus,
    /// A status that no list names (vendors add values without notice).
    UnknownStatus,
    /// Proceeds are left out although asked for (vendors/amazon.md section 7: data depends on roles).
    ProceedsWithheld,
    /// Orders of the half hour before the window's end are not found yet (developer-docs "Get orders with filtering criteria": systematic delay).
    LateOrders,
    /// The new report ends FATAL, with a document that holds the reason (vendors/amazon.md section 9).
    ReportFatal,
    /// The new report ends CANCELLED although there is data (vendors/amazon.md section 9: asked again too soon).
    ReportCancelled,
    /// The new report never leaves IN_PROGRESS (no vendor report: a poll needs an end).
    ReportStuck,
    /// The document's URL is refused at once: 403 with XML (vendors/amazon.md section 9: five minutes).
    DocumentExpired,
    /// The document ends in the middle (of its gzip stream, where it has one).
    DocumentTruncated,
    /// The document's `Content-Type` has no charset (amzn/selling-partner-api-docs issue 2338).
    MissingCharset,
    /// The document says UTF-8 and is in code page 1252 (amzn/selling-partner-api-models issue 2748).
    WrongCharset,
    /// The document begins with a byte order mark (vendors/amazon.md section 9).
    ByteOrderMark,
    /// Rows end before their empty cells (vendors/amazon.md section 9: rows may be short).
    ShortRows,
    /// A column more, in front of the others (vendors/amazon.md section 9: columns are added without notice).
    NewColumn,
    /// The first column is not there (vendors/amazon.md section 9: fail on missing ones).
    MissingColumn,
    /// The last row of the document is missing: a settlement no longer adds up (vendors/amazon.md section 8).
    MissingLine,
    /// Token endpoint: 400 `invalid_grant` (developer-docs "Authorization Errors").
    InvalidGrant,
    /// Token endpoint: 401 `invalid_client`, the secret was not rotated in 180 days (developer-docs "LWA Credentials FAQ").
    InvalidClient,
    /// Token endpoint: 503 with an HTML page.
    TokenUnavailable,
    /// Token endpoint: 429.
    TokenThrottled,
    /// Token endpoint: the answer is lost (the refresh token stays good).
    LostTokenResponse,
}

impl AmazonFault {
    /// Every fault, for tests and tables that must not miss one.
    pub const ALL: [Self; 46] = [
        Self::TruncatedBody,
        Self::ConnectionCut,
        Self::StalledBody,
        Self::HtmlUnavailable,
        Self::GatewayTimeout,
        Self::ServiceUnavailable,
        Self::InternalFailure,
        Self::ExpiredWave,
        Self::RoleMissing,
        Self::QuotaExceeded,
        Self::BareQuota,
        Self::ErrorsInOk,
        Self::OtherRate,
        Self::PageRepeated,
        Self::EmptyPage,
        Self::EndsEarly,
        Self::DroppedRow,
        Self::DuplicateRow,
        Self::LyingCount,
        Self::PageTokenExpired,
        Self::NullKey,
        Self::WrongType,
        Self::TooManyDigits,
        Self::QuotedNumbers,
        Self::NullLists,
        Self::MixedCaseStatus,
        Self::UnknownStatus,
        Self::ProceedsWithheld,
        Self::LateOrders,
        Self::ReportFatal,
        Self::ReportCancelled,
        Self::ReportStuck,
        Self::DocumentExpired,
        Self::DocumentTruncated,
        Self::MissingCharset,
        Self::WrongCharset,
        Self::ByteOrderMark,
        Self::ShortRows,
        Self::NewColumn,
        Self::MissingColumn,
        Self::MissingLine,
        Self::InvalidGrant,
        Self::InvalidClient,
        Self::TokenUnavailable,
        Self::TokenThrottled,
        Self::LostTokenResponse,
    ];

    /// The public report or document that the fault imitates.
    pub fn source(self) -> &'static str {
        match self {
            Self::TruncatedBody
            | Self::ConnectionCut
            | Self::StalledBody
            | Self::WrongType
            | Self::ReportStuck => "none: a peer that misbehaves",
            Self::HtmlUnavailable | Self::GatewayTimeout => {
                "vendors/amazon.md section 5: HTML bodies from the edge"
            }
            Self::ServiceUnavailable | Self::InternalFailure | Self::RoleMissing => {
                "developer-docs: Resolve Common HTTP and Authorization Error Codes"
            }
            Self::ExpiredWave => "amzn/selling-partner-api-models issue 2595",
            Self::QuotaExceeded | Self::OtherRate => "developer-docs: Usage Plans and Rate Limits",
            Self::BareQuota => "vendors/amazon.md section 4: headers are best effort, often absent on errors",
            Self::ErrorsInOk => "fbaInventory model: payload and errors in one schema",
            Self::PageRepeated | Self::EndsEarly => "airbytehq/airbyte issue 85372",
            Self::EmptyPage => "finances 2024-06-19 model: this operation can return empty pages",
            Self::DroppedRow => "airbytehq/airbyte issues 84400 and 85918",
            Self::DuplicateRow => "none: a row that moved while paging",
            Self::LyingCount => "catalogItems 2022-04-01 model: an estimated number of results",
            Self::PageTokenExpired => "vendors/amazon.md section 5: page token too old",
            Self::NullKey => "finances 2024-06-19 model: transactionId is optional",
            Self::TooManyDigits | Self::QuotedNumbers => "finances 2024-06-19 model: BigDecimal",
            Self::NullLists => "amzn/selling-partner-api-models issue 4993",
            Self::MixedCaseStatus => "amzn/selling-partner-api-models issue 4237",
            Self::UnknownStatus => "none: a value added without notice",
            Self::ProceedsWithheld => "vendors/amazon.md section 7: data depends on roles",
            Self::LateOrders => "developer-docs: Get orders with filtering criteria",
            Self::ReportFatal | Self::ReportCancelled => "reports 2021-06-30 model: processingStatus",
            Self::DocumentExpired | Self::DocumentTruncated => {
                "vendors/amazon.md section 9: a URL of five minutes"
            }
            Self::MissingCharset => "amzn/selling-partner-api-docs issue 2338",
            Self::WrongCharset => "amzn/selling-partner-api-models issues 2748 and 1517",
            Self::ByteOrderMark | Self::ShortRows | Self::NewColumn | Self::MissingColumn => {
                "vendors/amazon.md section 9: decoding and parsing"
            }
            Self::MissingLine => "vendors/amazon.md section 8: the sum must equal the total",
            Self::InvalidGrant | Self::InvalidClient => "developer-docs: LWA Credentials FAQ",
            Self::TokenUnavailable | Self::TokenThrottled | Self::LostTokenResponse => {
                "vendors/amazon.md section 3: 429 and 5xx of the token host"
            }
        }
    }

    /// The door it stands at: creations of reports and downloads of documents are data.
    pub fn endpoint(self) -> Endpoint {
        match self.door() {
            Door::Token => Endpoint::Token,
            Door::Call | Door::NewReport | Door::Download => Endpoint::Data,
        }
    }

    pub(crate) fn door(self) -> Door {
        match self {
            Self::InvalidGrant
            | Self::InvalidClient
            | Self::TokenUnavailable
            | Self::TokenThrottled
            | Self::LostTokenResponse => Door::Token,
            Self::ReportFatal | Self::ReportCancelled | Self::ReportStuck => Door::NewReport,
            Self::DocumentExpired
            | Self::DocumentTruncated
            | Self::MissingCharset
            | Self::WrongCharset
            | Self::ByteOrderMark
            | Self::ShortRows
            | Self::NewColumn
            | Self::MissingColumn
            | Self::MissingLine => Door::Download,
            _ => Door::Call,
        }
    }
}

/// Which requests a fault counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Token,
    Call,
    NewReport,
    Download,
}

impl CatalogFault for AmazonFault {
    fn endpoint(self) -> Endpoint {
        Self::endpoint(self)
    }
}
