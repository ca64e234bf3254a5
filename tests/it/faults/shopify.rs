//! Shopify's faults, line by line.

use sentia::{ErrorKind, Pipeline, connectors::Shopify, transport};
use sentia_sandbox::{Endpoint, FaultPlan, ShopifyFault, ShopifyTwin};

use super::{
    Ending::{Held, Recovers, Refused, Stops},
    Line, Scene, Strike, Target, increments_on, policy, table_on,
};
use crate::{
    database::Kind,
    truth::{Vanished, shop_is_true},
};

/// The digits that no column holds.
const DIGITS: &str = "12345678901234567890123456789012345678.9";

/// What each fault of a page or of the token endpoint leads to; those of bulk operations have a table of their own.
const TABLE: [Line<ShopifyFault>; 31] = [
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
];

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
    const TABLE: &'static [Line<ShopifyFault>] = &TABLE;
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
