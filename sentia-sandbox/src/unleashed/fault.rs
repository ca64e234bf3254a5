//! What can go wrong with the Unleashed twin.

use crate::fault::{CatalogFault, Endpoint};

/// The catalog: each fault imitates something that was seen or is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnleashedFault {
    /// A 200 whose JSON ends in the middle (vendors/unleashed.md section 3: large pages time out).
    TruncatedBody,
    /// The connection breaks in the middle of the body (vendors/unleashed.md section 3: large pages time out).
    ConnectionCut,
    /// Half of the body comes, then silence (no vendor report: a peer that falls silent).
    StalledBody,
    /// 504 with an HTML page: the page was too large (vendors/unleashed.md section 3).
    GatewayTimeout,
    /// 500 with a JSON description (vendors/unleashed.md section 6: seen codes).
    InternalError,
    /// 503 with an HTML page from the edge (vendors/unleashed.md section 6: retry 5xx).
    HtmlUnavailable,
    /// 403 as for a wrong signature although it is right (unleashed_py fixture; vendors/unleashed.md section 2).
    UnknownOrganization,
    /// The month's quota is used up: blocked although the signature is right (help centre "Understanding your API usage limits").
    QuotaBlocked,
    /// 429 with `Retry-After: 7` (vendors/unleashed.md section 6: three clients handle it).
    Throttled,
    /// 429 without `Retry-After` (vendors/unleashed.md section 6: "if present").
    BareThrottle,
    /// XML although JSON was asked for (vendors/unleashed.md section 1: the other format).
    XmlBody,
    /// The rows of the page before come under this page's number; page 1 stays itself (vendors/unleashed.md section 3: rows added while paging shift pages).
    PageRepeated,
    /// An empty page in the middle of a list whose counts say there is more (airbytehq/airbyte issue 85372).
    EmptyPage,
    /// `NumberOfItems` is one more than the rows there are (vendors/unleashed.md section 3: pages shift).
    LyingCount,
    /// `NumberOfPages` is one less than it should be, so that a reader stops early (vendors/unleashed.md section 3: 0 or 1 unsure).
    LyingPages,
    /// `"Pagination":null` on a paged list, which is sent whole (vendors/unleashed.md section 3: typed nullable).
    NullPagination,
    /// The last row of the page is missing, the counts unchanged (airbytehq/airbyte issues 84400 and 85918).
    DroppedRow,
    /// The first row has a null `Guid` (reconstructed model: every field is nullable).
    NullKey,
    /// The first row's `LastModifiedOn` is null (vendors/unleashed.md section 4: nullable).
    NullModified,
    /// The first row's first number has more digits than any decimal type holds (vendors/unleashed.md section 5: 14 or more digits).
    TooManyDigits,
    /// The first row's numbers come as text (vendors/unleashed.md section 5: string-typed prices).
    QuotedNumbers,
    /// Dates carry an offset: `/Date(1583240449473+0000)/` (vendors/unleashed.md section 5).
    OffsetDates,
    /// The first row's `LastModifiedOn` lies before 1970 (vendors/unleashed.md section 5: parse a minus sign).
    NegativeDate,
    /// All ids of the page are in upper case (vendors/unleashed.md section 5: GUIDs in either letter case).
    UpperCaseIds,
    /// `modifiedSince` is overlooked and everything is sent (vendors/unleashed.md section 4: not documented on all lists).
    IgnoredSince,
    /// A record that exists is not readable by its GUID yet: 404 (a public webhook service; vendors/unleashed.md section 7).
    NotYetReadable,
    /// `includeObsolete` and an explicit status are overlooked: hidden rows stay hidden (vendors/unleashed.md section 9, trap 1).
    HiddenRows,
}

impl UnleashedFault {
    /// Every one.
    pub const ALL: [Self; 27] = [
        Self::TruncatedBody,
        Self::ConnectionCut,
        Self::StalledBody,
        Self::GatewayTimeout,
        Self::InternalError,
        Self::HtmlUnavailable,
        Self::UnknownOrganization,
        Self::QuotaBlocked,
        Self::Throttled,
        Self::BareThrottle,
        Self::XmlBody,
        Self::PageRepeated,
        Self::EmptyPage,
        Self::LyingCount,
        Self::LyingPages,
        Self::NullPagination,
        Self::DroppedRow,
        Self::NullKey,
        Self::NullModified,
        Self::TooManyDigits,
        Self::QuotedNumbers,
        Self::OffsetDates,
        Self::NegativeDate,
        Self::UpperCaseIds,
        Self::IgnoredSince,
        Self::NotYetReadable,
        Self::HiddenRows,
    ];

    /// The public report or document that the fault imitates.
    pub fn source(self) -> &'static str {
        match self {
            Self::TruncatedBody | Self::ConnectionCut | Self::GatewayTimeout => {
                "apidocs.unleashedsoftware.com Pagination: large pages time out"
            }
            Self::StalledBody => "none: a peer that falls silent",
            Self::InternalError | Self::HtmlUnavailable => "vendors/unleashed.md section 6: seen codes",
            Self::UnknownOrganization => "unleashed_py test fixture (recorded 403)",
            Self::QuotaBlocked => "Unleashed help centre: Understanding your API usage limits",
            Self::Throttled | Self::BareThrottle => "vendors/unleashed.md section 6, three public clients",
            Self::XmlBody => "apidocs.unleashedsoftware.com AuthenticationHelp: Accept",
            Self::PageRepeated | Self::LyingCount | Self::LyingPages | Self::NullPagination => {
                "vendors/unleashed.md section 3"
            }
            Self::EmptyPage => "airbytehq/airbyte issue 85372",
            Self::DroppedRow => "airbytehq/airbyte issues 84400 and 85918",
            Self::NullKey => "reconstructed model: Guid is nullable",
            Self::NullModified | Self::IgnoredSince => "vendors/unleashed.md section 4",
            Self::TooManyDigits
            | Self::QuotedNumbers
            | Self::OffsetDates
            | Self::NegativeDate
            | Self::UpperCaseIds => "vendors/unleashed.md section 5",
            Self::NotYetReadable => "a public Unleashed to HubSpot webhook service",
            Self::HiddenRows => "vendors/unleashed.md section 9, trap 1",
        }
    }

    /// The door it stands at: there is no token endpoint.
    pub fn endpoint(self) -> Endpoint {
        Endpoint::Data
    }
}

impl CatalogFault for UnleashedFault {
    fn endpoint(self) -> Endpoint {
        Self::endpoint(self)
    }
}
