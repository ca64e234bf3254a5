//! Shopify's faults, line by line.

use sentia::{ErrorKind, Outcome, Pipeline, connectors::Shopify, transport};
use sentia_sandbox::{Endpoint, FaultPlan, ShopifyFault, ShopifyTwin};

use super::{
    Ending::{Held, Recovers, Refused, Stops, Unexplained},
    Line, Scene, Strike, Target, full_run, increments_on, policy, struck, table_on,
};
use crate::{
    database::Kind,
    truth::{Vanished, shop_is_true},
};

/// The digits that no column holds.
const DIGITS: &str = "12345678901234567890123456789012345678.9";

/// What each fault leads to: those of pages and of the token endpoint in a read by pages, those of bulk operations in one by
/// export.
pub(super) const TABLE: [Line<ShopifyFault>; ShopifyFault::ALL.len()] = [
    (ShopifyFault::Throttled200, Recovers, Stops(ErrorKind::RateLimited)),
    (ShopifyFault::Throttled429, Recovers, Stops(ErrorKind::RateLimited)),
    (ShopifyFault::InternalServerError, Recovers, Stops(ErrorKind::Unavailable)),
    (ShopifyFault::AccessDenied, Stops(ErrorKind::PermissionDenied), Stops(ErrorKind::PermissionDenied)),
    (ShopifyFault::SearchWarning, Stops(ErrorKind::InvalidResponse), Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::WrongVersion, Recovers, Recovers),
    (ShopifyFault::RedirectToOtherShop, Stops(ErrorKind::ConfigInvalid), Stops(ErrorKind::ConfigInvalid)),
    (ShopifyFault::Unauthorized, Recovers, Stops(ErrorKind::Unauthenticated)),
    (ShopifyFault::PaymentRequired, Stops(ErrorKind::PermissionDenied), Stops(ErrorKind::PermissionDenied)),
    (ShopifyFault::Forbidden, Stops(ErrorKind::PermissionDenied), Stops(ErrorKind::PermissionDenied)),
    (ShopifyFault::Locked, Stops(ErrorKind::PermissionDenied), Stops(ErrorKind::PermissionDenied)),
    (ShopifyFault::SecurityRejection, Recovers, Stops(ErrorKind::RateLimited)),
    (ShopifyFault::BadGateway, Recovers, Stops(ErrorKind::Unavailable)),
    (ShopifyFault::ServiceUnavailable, Recovers, Stops(ErrorKind::Unavailable)),
    (ShopifyFault::GatewayTimeout, Recovers, Stops(ErrorKind::Timeout)),
    (ShopifyFault::NotFound, Stops(ErrorKind::NotFound), Stops(ErrorKind::NotFound)),
    (ShopifyFault::TruncatedBody, Recovers, Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::ConnectionCut, Recovers, Stops(ErrorKind::Unavailable)),
    (ShopifyFault::StalledBody, Recovers, Stops(ErrorKind::Timeout)),
    (ShopifyFault::PageRepeated, Stops(ErrorKind::InvalidResponse), Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::CursorRepeated, Stops(ErrorKind::InvalidResponse), Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::NullCursor, Stops(ErrorKind::InvalidResponse), Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::EmptyPage, Stops(ErrorKind::InvalidResponse), Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::DroppedRow, Recovers, Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::NullKey, Held(1, "{\"id\":null"), Held(LATER_PAGES, "{\"id\":null")),
    (ShopifyFault::WrongType, Held(1, "\"amount\":{}"), Held(LATER_PAGES, "\"amount\":{}")),
    (ShopifyFault::TooManyDigits, Held(1, DIGITS), Held(LATER_PAGES, DIGITS)),
    (ShopifyFault::RoundedIds, Recovers, Stops(ErrorKind::InvalidResponse)),
    (ShopifyFault::InvalidClient, Refused(ErrorKind::Unauthenticated), Refused(ErrorKind::Unauthenticated)),
    (ShopifyFault::LostTokenResponse, Recovers, Stops(ErrorKind::Unavailable)),
    (ShopifyFault::TokenUnavailable, Recovers, Stops(ErrorKind::Unavailable)),
    (ShopifyFault::BulkBusy, Recovers, Stops(ErrorKind::RateLimited)),
    (ShopifyFault::BulkFailed, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkTimedOut, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkAccessDenied, Stops(ErrorKind::PermissionDenied), Stops(ErrorKind::PermissionDenied)),
    (ShopifyFault::BulkExpiredEarly, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkStuck, Stops(ErrorKind::Timeout), Stops(ErrorKind::Timeout)),
    (ShopifyFault::BulkCountDiffers, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkRowsLost, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkTruncated, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkChildrenFirst, Recovers, Recovers),
    (ShopifyFault::BulkUrlForbidden, Recovers, Stops(ErrorKind::PositionExpired)),
    (ShopifyFault::BulkUrlGone, Recovers, Stops(ErrorKind::PositionExpired)),
    // The list is shorter than what is counted, in a window of one scope.
    (ShopifyFault::AllOrdersLost, Recovers, Unexplained),
    // Nothing in the list says that it ended early: only the count does.
    (ShopifyFault::PaginationWall, Recovers, Unexplained),
    (ShopifyFault::FellForward, Recovers, Recovers),
];

/// Whether a fault is one of a bulk operation; they stand together in the catalog.
const fn is_of_bulk(fault: ShopifyFault) -> bool {
    fault as usize >= ShopifyFault::BulkBusy as usize && fault as usize <= ShopifyFault::BulkUrlGone as usize
}

/// The lines of faults that strike pages.
const PAGED: [Line<ShopifyFault>; TABLE.len() - BULK] = {
    let (mut paged, mut at, mut from) = ([TABLE[0]; TABLE.len() - BULK], 0, 0);
    while from < TABLE.len() {
        if !is_of_bulk(TABLE[from].0) {
            paged[at] = TABLE[from];
            at += 1;
        }
        from += 1;
    }
    paged
};

/// How many faults are of bulk operations.
const BULK: usize = ShopifyFault::BulkUrlGone as usize - ShopifyFault::BulkBusy as usize + 1;

/// The lines of faults that strike bulk operations.
pub(super) fn exported() -> Vec<Line<ShopifyFault>> {
    TABLE.into_iter().filter(|line| is_of_bulk(line.0)).collect()
}

/// The struck stream, and enough others to show that they go on; vendors/shopify.rs reads all of them.
const STREAMS: [&str; 6] = ["shop", "locations", "products", "customers", "orders", "inventory_levels"];

/// Pages of orders behind the first, in the universe of the table.
const LATER_PAGES: u64 = 2;

const _: () = {
    let mut at = 0;
    while at < TABLE.len() {
        assert!(
            TABLE[at].0 as usize == ShopifyFault::ALL[at] as usize,
            "one line per fault, in the catalog's order"
        );
        at += 1;
    }
};

/// The shop of the United Kingdom, by client credentials.
pub(super) struct Shop;

fn twin(scene: &Scene) -> &ShopifyTwin {
    scene.sandbox.shopify_uk()
}

impl Target for Shop {
    type Fault = ShopifyFault;
    const TABLE: &'static [Line<ShopifyFault>] = &PAGED;
    const UNSEEN: &'static [ShopifyFault] = &[ShopifyFault::AllOrdersLost, ShopifyFault::PaginationWall];
    const CONNECTION: &'static str = "shopify-uk";
    const STREAM: &'static str = "orders";
    const MENTION: &'static str = "SentiaOrders(";

    fn pipeline(scene: &Scene) -> Pipeline {
        let twin = twin(scene);
        let shop = Shopify::builder()
            .shop(twin.shop_domain())
            .client_id(twin.client_id())
            .client_secret(twin.client_secret())
            .base_url(twin.base_url())
            .pacing(transport::Pacing::Off)
            .build()
            .expect("valid settings");
        Pipeline::new(shop, scene.store.clone())
            .connection("shopify-uk")
            .streams(STREAMS)
            .page_size(5)
            .transport(policy())
            .clock(scene.clock.clone())
    }

    fn inject(scene: &Scene, fault: ShopifyFault, plan: FaultPlan) {
        twin(scene).inject(fault, plan);
    }

    fn clear(scene: &Scene) {
        twin(scene).clear_faults();
    }

    fn endpoint(fault: ShopifyFault) -> Endpoint {
        fault.endpoint()
    }

    fn has_struck(scene: &Scene, fault: ShopifyFault) -> bool {
        let name = Some(format!("{fault:?}"));
        twin(scene).requests().iter().any(|request| request.fault == name)
    }

    fn forget(scene: &Scene) {
        twin(scene).clear_requests();
    }

    fn read_later_pages_only(scene: &Scene) -> bool {
        let requests = twin(scene).requests();
        let mut pages = requests.iter().filter(|request| request.body.contains(Self::MENTION)).peekable();
        pages.peek().is_some() && pages.all(|request| request.variables["after"].is_string())
    }

    async fn is_true(scene: &Scene, vanished: Vanished) {
        shop_is_true(&scene.database, twin(scene), "shopify-uk", vanished).await;
    }
}

/// A fault that strikes once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_once() {
    table_on::<Shop>(Kind::Sqlite, Strike::Once, None).await;
}

/// A fault that strikes every request from the second page on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_for_ever() {
    table_on::<Shop>(Kind::Sqlite, Strike::Always, None).await;
}

/// A fault that strikes every request of an increment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fault_in_an_increment() {
    increments_on::<Shop>(Kind::Sqlite).await;
}

/// What an increment cannot tell, because nobody counts what changed: a list that ends early by the vendor's own end mark,
/// and orders that a lost scope hides, which its certificate says. A full read brings both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_increment_cannot_see_a_full_read_brings() {
    for fault in Shop::UNSEEN {
        let scene = Scene::new(32, Kind::Sqlite).await.expect("SQLite needs nothing");
        let report = Shop::pipeline(&scene).run().await.expect("reads");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        (0..3).for_each(|_| _ = scene.sandbox.evolve());
        scene.later();
        Shop::inject(&scene, *fault, FaultPlan::always().mentioning(Shop::MENTION));
        let report = Shop::pipeline(&scene).run().await.expect("reads");
        assert!(Shop::has_struck(&scene, *fault), "it never struck");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        let findings = &struck::<Shop>(&report).certificates[0].findings;
        let is_told = findings.iter().any(|finding| finding.code == "last_60_days_only");
        assert_eq!(is_told, *fault == ShopifyFault::AllOrdersLost, "{findings:?}");
        Shop::clear(&scene);
        full_run::<Shop>(&scene, Vanished::Marked).await;
    }
}

/// One fault of each end on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn some_faults_on_postgres() {
    let some = [
        ShopifyFault::Throttled200,
        ShopifyFault::AccessDenied,
        ShopifyFault::RedirectToOtherShop,
        ShopifyFault::PageRepeated,
        ShopifyFault::DroppedRow,
        ShopifyFault::WrongType,
        ShopifyFault::InvalidClient,
    ];
    for strike in [Strike::Once, Strike::Always] {
        table_on::<Shop>(Kind::Postgres, strike, Some(&some)).await;
    }
}
