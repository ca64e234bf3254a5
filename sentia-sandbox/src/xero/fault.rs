//! What can go wrong with the Xero twin.

use crate::fault::{CatalogFault, Endpoint, Injector};
use crate::world::World;

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
    /// 403 `AuthorizationUnsuccessful`: the token lacks a scope, in the one form (vendors/xero.md section 7).
    MissingScopeForbidden,
    /// 401 `AuthorizationUnsuccessful`: the token lacks a scope, in the other form; refreshing it does not help
    /// (XeroAPI/Xero-NetStandard issue 298, foxbytehq/laravel-xero-oauth2 issue 99).
    MissingScopeUnauthorized,
    /// `/connections` answers an empty list although the token is good (XeroAPI/xero-node issue 445).
    EmptyTenantList,
    /// A report has a row of a type that the model does not list (XeroAPI/Xero-Net pull request 24: an enum that did
    /// not know a word of a report, the exception swallowed).
    UnknownRowType,
    /// Reports fail with 500 while everything else works (XeroAPI/xero-mcp-server issue 155).
    ReportsBroken,
    /// `/Journals` is refused with 403: the app's tier does not open it any more (developer.xero.com/faq
    /// pricing-and-policy-updates).
    JournalsGate,
    /// The `Date` header is 229 seconds ahead of everybody's clock (XeroAPI/xero-node-oauth2-app issue 34: `nbf` 229
    /// seconds ahead; XeroAPI/xero-node issue 327).
    ClockSkew,
    /// Token endpoint: a refresh token is taken for one that was used up before its grace, for good
    /// (XeroAPI/Xero-NetStandard issue 257).
    RefreshTokenReused,
    /// Token endpoint: 400 `invalid_scope`, which names no scope (XeroAPI/xero-mcp-server; developer.xero.com/faq
    /// granular-scopes).
    InvalidScope,
}

impl XeroFault {
    /// Every fault, for tests and tables that must not miss one.
    pub const ALL: [Self; 39] = [
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
        Self::MissingScopeForbidden,
        Self::MissingScopeUnauthorized,
        Self::EmptyTenantList,
        Self::UnknownRowType,
        Self::ReportsBroken,
        Self::JournalsGate,
        Self::ClockSkew,
        Self::RefreshTokenReused,
        Self::InvalidScope,
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
            Self::MissingScopeForbidden => "vendors/xero.md section 7: the status is 401 or 403",
            Self::MissingScopeUnauthorized => {
                "XeroAPI/Xero-NetStandard issue 298, foxbytehq/laravel-xero-oauth2 issue 99"
            }
            Self::EmptyTenantList => "XeroAPI/xero-node issue 445",
            Self::UnknownRowType => "XeroAPI/Xero-Net pull request 24",
            Self::ReportsBroken => "XeroAPI/xero-mcp-server issue 155",
            Self::JournalsGate => "developer.xero.com/faq/pricing-and-policy-updates",
            Self::ClockSkew => "XeroAPI/xero-node issue 327, XeroAPI/xero-node-oauth2-app issue 34",
            Self::RefreshTokenReused => "XeroAPI/Xero-NetStandard issue 257",
            Self::InvalidScope => "XeroAPI/xero-mcp-server, developer.xero.com/faq/granular-scopes",
        }
    }

    /// The door it stands at.
    pub fn endpoint(self) -> Endpoint {
        match self {
            Self::InvalidGrant
            | Self::LostTokenResponse
            | Self::TokenUnavailable
            | Self::RefreshTokenReused
            | Self::InvalidScope => Endpoint::Token,
            _ => Endpoint::Data,
        }
    }

    /// The calls it strikes and is counted by.
    pub(crate) fn door(self) -> Door {
        match self {
            Self::EmptyTenantList => Door::Connections,
            Self::UnknownRowType | Self::ReportsBroken => Door::Reports,
            Self::JournalsGate => Door::Journals,
            _ => Door::Any,
        }
    }
}

impl CatalogFault for XeroFault {
    fn endpoint(self) -> Endpoint {
        Self::endpoint(self)
    }
}

/// Calls that some faults are about, so that others are not counted by their plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Any,
    Connections,
    Reports,
    Journals,
}

/// The faults of the twin, each at its door.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    any: Injector<XeroFault>,
    connections: Injector<XeroFault>,
    reports: Injector<XeroFault>,
    journals: Injector<XeroFault>,
}

impl Doors {
    pub(crate) fn at(&self, door: Door) -> &Injector<XeroFault> {
        match door {
            Door::Any => &self.any,
            Door::Connections => &self.connections,
            Door::Reports => &self.reports,
            Door::Journals => &self.journals,
        }
    }

    pub(crate) fn clear(&self) {
        for door in [Door::Any, Door::Connections, Door::Reports, Door::Journals] {
            self.at(door).clear();
        }
    }

    /// The fault that strikes a read of data: a general one before one of its own door.
    pub(crate) fn strike_read(&self, world: &World, path: &str, query: &str) -> Option<XeroFault> {
        let request = format!("{path}?{query}");
        let general = self.any.strike(world, Endpoint::Data, &request);
        let door = match path.strip_prefix("/api.xro/2.0/").and_then(|rest| rest.split('/').next()) {
            Some("Reports") => &self.reports,
            Some("Journals") => &self.journals,
            _ => return general,
        };
        general.or_else(|| door.strike(world, Endpoint::Data, &request))
    }
}
