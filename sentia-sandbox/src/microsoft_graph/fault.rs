//! What can go wrong with the Microsoft Graph twin.

use crate::fault::{CatalogFault, Endpoint};

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident => $source:literal, $door:ident;)+) => {
        /// The catalog: each fault imitates something that was seen or is documented.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum MicrosoftGraphFault {
            $($(#[doc = $doc])+ $name,)+
        }

        impl MicrosoftGraphFault {
            /// Every fault, for tests and tables that must not miss one.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The public report or document that the fault imitates.
            pub fn source(self) -> &'static str {
                match self {
                    $(Self::$name => $source,)+
                }
            }

            /// The door it stands at.
            pub fn endpoint(self) -> Endpoint {
                match self {
                    $(Self::$name => Endpoint::$door,)+
                }
            }
        }
    };
}

faults! {
    /// A 200 whose JSON ends in the middle.
    TruncatedBody => "none: a gateway that breaks off (vendors/microsoft-graph.md section 7: parse defensively)", Data;
    /// The connection breaks in the middle of the body.
    ConnectionCut => "vendors/microsoft-graph.md section 6: connection reset", Data;
    /// Half of the body comes, then silence.
    StalledBody => "none: a peer that falls silent", Data;
    /// 502 with an HTML page from a gateway.
    HtmlGateway => "vendors/microsoft-graph.md section 7: some gateways answer HTML", Data;
    /// 503 with `Retry-After`: throttling too, at SharePoint.
    ServiceUnavailable => "learn.microsoft.com how-to-avoid-getting-throttled-or-blocked-in-sharepoint-online", Data;
    /// 504 `gatewayTimeoutUncategorized`.
    GatewayTimeout => "learn.microsoft.com answers/1129204: big pages time out", Data;
    /// 500 whose error has the empty code.
    EmptyErrorCode => "microsoft-graph-docs-contrib errors: code may be empty", Data;
    /// 429 with `Retry-After: 10`.
    TooManyRequests => "learn.microsoft.com graph/throttling", Data;
    /// 429 without `Retry-After`.
    BareTooManyRequests => "learn.microsoft.com graph/throttling: no Retry-After, back off exponentially", Data;
    /// 429 with `Retry-After: 600`.
    LongRetryAfter => "learn.microsoft.com answers/648796: above 300 seconds", Data;
    /// 429 `activityLimitReached` with inner `throttledRequest`, spelled `innererror`.
    SharePointThrottled => "microsoft-graph-docs-contrib errors, throttling", Data;
    /// 401 in the middle of a read, the token being good until then.
    Unauthorized => "vendors/microsoft-graph.md section 6: once after a forced token refresh", Data;
    /// 403: an administrator took a permission away.
    Forbidden => "learn.microsoft.com graph/resolve-auth-errors", Data;
    /// An empty page with a nextLink.
    EmptyPage => "microsoft-graph-docs-contrib delta-query-overview: empty pages with nextLink", Data;
    /// The page's first entry comes once more at its end, in the same words.
    DuplicateInPage => "microsoft-graph-docs-contrib delta-query-overview: the same entity several times", Data;
    /// Entries from before the token come again, as they are now.
    Replay => "microsoft-graph-docs-contrib delta-query-overview: replays", Data;
    /// The page begins with the removal of something nobody knows.
    UnknownRemoval => "vendors/microsoft-graph.md section 3: the first page may contain @removed", Data;
    /// The page's first live entry comes after a removal of the same id.
    RemovedThenBack => "vendors/microsoft-graph.md section 4: items after their own @removed", Data;
    /// 410 with a `Location` that starts over.
    ResyncWithLocation => "microsoft-graph-docs-contrib delta-query-overview: 410 Gone", Data;
    /// 410 without a `Location`.
    ResyncWithoutLocation => "vendors/microsoft-graph.md section 4: 410 without Location", Data;
    /// 400 with `syncStateNotFound`.
    SyncStateNotFound400 => "microsoft-graph-docs-contrib delta-query-overview: 40x syncStateNotFound", Data;
    /// 404 with `SyncStateNotFound`.
    SyncStateNotFound404 => "microsoft-graph-docs-contrib delta-query-overview: 40x syncStateNotFound", Data;
    /// Changes of the last minute are not seen yet; a later round tells of them.
    LateVisibility => "microsoft-graph-docs-contrib delta-query-overview: replication delays", Data;
    /// Neither nextLink nor deltaLink on a page of a round.
    MissingLinks => "none: a round without its end mark proves nothing (vendors/microsoft-graph.md section 4)", Data;
    /// The nextLink is the link that was just called.
    RepeatedNextLink => "none: a loop of pages (vendors/microsoft-graph.md section 4: alert on loops)", Data;
    /// The nextLink names another host.
    ForeignNextLink => "vendors/microsoft-graph.md section 0.2: check the host before sending the token", Data;
    /// The page's last entry is missing.
    DroppedEntry => "airbytehq/airbyte issues 84400 and 85918", Data;
    /// The first entry's id is null.
    NullId => "none: a record without its key", Data;
    /// List items come without `fields` although they were expanded.
    MissingFields => "microsoft-graph-docs-contrib listitem-delta: no values without expansion", Data;
    /// `Prefer: IdType="ImmutableId"` is overlooked, and no `Preference-Applied` says otherwise.
    PlainIds => "microsoft-graph-docs-contrib outlook-immutable-id", Data;
    /// Events come in a Windows time zone although UTC was preferred.
    WindowsTimeZone => "vendors/microsoft-graph.md section 0.9", Data;
    /// 404 `ErrorItemNotFound` for what was just made.
    LaggingNotFound => "vendors/microsoft-graph.md section 6: replication lag", Data;
    /// 501 `NotImplemented` for a property kept elsewhere.
    NotImplemented => "microsoft-graph-docs-contrib delta-query-overview: 501", Data;
    /// Workbook: the session is gone but can be made again.
    SessionReCreatable => "microsoft-graph-docs-contrib workbook-error-handling: invalidSessionReCreatable", Data;
    /// Workbook: the session is gone for good.
    SessionNotFound => "microsoft-graph-docs-contrib workbook-error-handling: invalidSessionNotFound", Data;
    /// Workbook: 409, a person has it locked.
    WorkbookConflict => "microsoft-graph-docs-contrib workbook-error-handling: conflictUncategorized", Data;
    /// Workbook: 403 `EditModeAccessDenied`.
    EditModeAccessDenied => "n8n-io/n8n issue 34244", Data;
    /// Workbook: an asynchronous operation that failed, told with HTTP 200.
    FailedOperation => "microsoft-graph-docs-contrib workbook-best-practice", Data;
    /// Workbook: 500 `internalServerErrorUncategorized`, the session being dead too.
    WorkbookInternalError => "microsoft-graph-docs-contrib workbook-error-handling", Data;
    /// Batch: the first item is 429, the others are well.
    BatchItemThrottled => "microsoft-graph-docs-contrib json-batching, throttling", Data;
    /// Batch: the first item is 503 without a body.
    BatchItemUnavailable => "microsoft-graph-docs-contrib json-batching", Data;
    /// Subscriptions: 403, a quota is used up.
    SubscriptionQuota => "vendors/microsoft-graph.md section 8: quotas are 403", Data;
    /// Token endpoint: 401 `invalid_client`, the secret has expired.
    SecretExpired => "AADSTS7000222 (learn.microsoft.com reference-error-codes)", Token;
    /// Token endpoint: 400 `invalid_grant`, the refresh token was not used for 90 days.
    InactiveRefreshToken => "AADSTS700082 (learn.microsoft.com reference-error-codes)", Token;
    /// Token endpoint: 400 `invalid_grant`, consent is missing.
    ConsentRequired => "AADSTS65001 (learn.microsoft.com reference-error-codes)", Token;
    /// Token endpoint: 503 `temporarily_unavailable`.
    TemporarilyUnavailable => "RFC 6749 section 4.1.2.1; learn.microsoft.com v2-oauth2-client-creds-grant-flow", Token;
    /// Token endpoint: 429 with `Retry-After`.
    TokenThrottled => "vendors/microsoft-graph.md section 1: 429 is retryable", Token;
    /// Token endpoint: the token was issued and the answer is lost.
    LostTokenResponse => "learn.microsoft.com refresh-tokens: a new one on every use", Token;
    /// Token endpoint: 502 with an HTML page.
    TokenHtml => "vendors/microsoft-graph.md section 7: some gateways answer HTML", Token;
}

impl CatalogFault for MicrosoftGraphFault {
    fn endpoint(self) -> Endpoint {
        Self::endpoint(self)
    }
}
