//! Xero's faults, line by line.

use sentia::{ErrorKind, Pipeline, connectors::Xero, transport};
use sentia_sandbox::{Endpoint, FaultPlan, XeroFault};

use super::{
    Ending::{Held, Recovers, Refused, Stops, Unexplained},
    Line, Scene, Strike, Target, increments_on, policy, table_on,
};
use crate::{
    database::Kind,
    truth::{Vanished, books_are_true},
};

/// The digits that no column holds.
const DIGITS: &str = "12345678901234567890123456789012345678.9";

/// What each fault leads to. A new fault of the catalog does not compile without its line.
const TABLE: [Line<XeroFault>; 30] = [
    (XeroFault::TruncatedBody, Recovers, Stops(ErrorKind::InvalidResponse)),
    (XeroFault::ConnectionCut, Recovers, Stops(ErrorKind::Unavailable)),
    (XeroFault::StalledBody, Recovers, Stops(ErrorKind::Timeout)),
    (XeroFault::OrganisationOffline, Recovers, Stops(ErrorKind::Unavailable)),
    (XeroFault::HtmlUnavailable, Recovers, Stops(ErrorKind::Unavailable)),
    (XeroFault::HtmlNotFound, Stops(ErrorKind::NotFound), Stops(ErrorKind::NotFound)),
    (XeroFault::InternalError, Recovers, Stops(ErrorKind::Unavailable)),
    (XeroFault::Unauthorized, Recovers, Stops(ErrorKind::Unauthenticated)),
    (XeroFault::TenantDisconnected, Stops(ErrorKind::PermissionDenied), Stops(ErrorKind::PermissionDenied)),
    (XeroFault::MinuteLimit, Recovers, Stops(ErrorKind::RateLimited)),
    (XeroFault::DayLimit, Stops(ErrorKind::QuotaExhausted), Stops(ErrorKind::QuotaExhausted)),
    (XeroFault::ConcurrentLimit, Recovers, Stops(ErrorKind::RateLimited)),
    (XeroFault::BareLimit, Recovers, Stops(ErrorKind::RateLimited)),
    (XeroFault::HighVolume, Stops(ErrorKind::Unsupported), Stops(ErrorKind::Unsupported)),
    (XeroFault::PageRepeated, Stops(ErrorKind::InvalidResponse), Stops(ErrorKind::InvalidResponse)),
    (XeroFault::EmptyPage, Recovers, Unexplained),
    (XeroFault::LyingItemCount, Recovers, Unexplained),
    (XeroFault::MissingPagination, Recovers, Recovers),
    (XeroFault::DroppedRow, Recovers, Unexplained),
    (XeroFault::NullKey, Held(1, "\"InvoiceID\":null"), Held(LATER_PAGES, "\"InvoiceID\":null")),
    (XeroFault::WrongType, Held(1, "\"Total\":{}"), Held(LATER_PAGES, "\"Total\":{}")),
    (XeroFault::TooManyDigits, Held(1, DIGITS), Held(LATER_PAGES, DIGITS)),
    (XeroFault::QuotedNumbers, Recovers, Recovers),
    (XeroFault::EpochDate, Recovers, Recovers),
    (XeroFault::NegativeDate, Recovers, Recovers),
    (XeroFault::IgnoredSince, Recovers, Recovers),
    (XeroFault::XmlBody, Recovers, Stops(ErrorKind::InvalidResponse)),
    (XeroFault::InvalidGrant, Refused(ErrorKind::Unauthenticated), Refused(ErrorKind::Unauthenticated)),
    (XeroFault::LostTokenResponse, Recovers, Stops(ErrorKind::Unavailable)),
    (XeroFault::TokenUnavailable, Recovers, Stops(ErrorKind::Unavailable)),
];

/// Pages of invoices behind the first, in the universe of the table.
const LATER_PAGES: u64 = 4;

const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(
            TABLE[at].0 as usize == XeroFault::ALL[at] as usize,
            "one line per fault, in the catalog's order"
        );
        at += 1;
    }
};

/// By a custom connection.
pub(super) struct Books;

/// By a refresh token that rotates and lives in the vault.
pub(super) struct Rotating;

fn builder(scene: &Scene) -> sentia::connectors::xero::XeroBuilder {
    let twin = scene.sandbox.xero();
    Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .base_url(twin.base_url())
        .pacing(transport::Pacing::Off)
}

/// Xero writes `{}` for "no value", so the connector reads a total of that form as none; the rule that every invoice
/// has a total holds such a document back.
fn pipeline(scene: &Scene, xero: Xero) -> Pipeline {
    Pipeline::new(xero, scene.store.clone())
        .rule("invoices", sentia::rules::required("total"))
        .connection("xero")
        .page_size(10)
        .transport(policy())
        .clock(scene.clock.clone())
        .vault(scene.vault.clone())
}

macro_rules! target {
    ($name:ty, $table:expr, |$scene:ident| $xero:expr) => {
        impl Target for $name {
            type Fault = XeroFault;
            const TABLE: &'static [Line<XeroFault>] = $table;
            const CONNECTION: &'static str = "xero";
            const STREAM: &'static str = "invoices";
            const MENTION: &'static str = "/Invoices";

            fn pipeline($scene: &Scene) -> Pipeline {
                pipeline($scene, $xero.build().expect("valid settings"))
            }

            fn inject(scene: &Scene, fault: XeroFault, plan: FaultPlan) {
                scene.sandbox.xero().inject(fault, plan);
            }

            fn clear(scene: &Scene) {
                scene.sandbox.xero().clear_faults();
            }

            fn endpoint(fault: XeroFault) -> Endpoint {
                fault.endpoint()
            }

            fn has_struck(scene: &Scene, fault: XeroFault) -> bool {
                let name = Some(format!("{fault:?}"));
                scene.sandbox.xero().requests().iter().any(|request| request.fault == name)
            }

            fn forget(scene: &Scene) {
                scene.sandbox.xero().clear_requests();
            }

            fn read_later_pages_only(scene: &Scene) -> bool {
                let requests = scene.sandbox.xero().requests();
                let mut pages =
                    requests.iter().filter(|request| request.path.ends_with("/Invoices")).peekable();
                pages.peek().is_some() && pages.all(|request| !request.query.contains("page=1&"))
            }

            async fn is_true(scene: &Scene, vanished: Vanished) {
                // An increment of the books reads their lists without a filter whole, and sweeps them.
                let vanished = if vanished == Vanished::NotYetKnown { Vanished::Marked } else { vanished };
                books_are_true(&scene.database, &scene.sandbox, vanished).await;
            }
        }
    };
}

target!(Books, &TABLE, |scene| builder(scene));
target!(Rotating, TABLE.split_at(27).1, |scene| builder(scene)
    .refresh_token(scene.sandbox.xero().refresh_token()));

/// A fault that strikes once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_once() {
    table_on::<Books>(Kind::Sqlite, Strike::Once, None).await;
}

/// A fault that strikes every request from the second page on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_for_ever() {
    table_on::<Books>(Kind::Sqlite, Strike::Always, None).await;
}

/// A fault that strikes every request of an increment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_in_an_increment() {
    increments_on::<Books>(Kind::Sqlite).await;
}

/// The token endpoint's faults where the refresh token rotates: a lost answer is covered by the vendor's grace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn token_faults_with_rotation() {
    assert!(Rotating::TABLE.iter().all(|line| line.0.endpoint() == Endpoint::Token));
    for strike in [Strike::Once, Strike::Always] {
        table_on::<Rotating>(Kind::Sqlite, strike, None).await;
    }
}

/// One fault of each end on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_faults_on_postgres() {
    let some = [
        XeroFault::TruncatedBody,
        XeroFault::DayLimit,
        XeroFault::PageRepeated,
        XeroFault::DroppedRow,
        XeroFault::NullKey,
        XeroFault::WrongType,
        XeroFault::InvalidGrant,
    ];
    for strike in [Strike::Once, Strike::Always] {
        table_on::<Books>(Kind::Postgres, strike, Some(&some)).await;
    }
}
