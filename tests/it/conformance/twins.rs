//! The twins by the models: connectors read them through a server that judges every request and every answer.

use std::collections::BTreeSet;

use sentia::{
    Mode, Pipeline, Store,
    connectors::shopify::{NewSubscriptions, QUERIES, ShopifyBuilder},
    page::Route,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    exchanges::{Excused, are_valid, exchanges, operations, put_upstream},
    server::Server,
};
use crate::{
    database::{Database, Kind},
    truth::{impatient, shop_at},
    vendors::{
        Scene, complete,
        webhooks::{context, shopify},
    },
};

/// What reading a twin must ask, and what of it the models have something against.
pub(super) struct Expected {
    /// Every operation that the connector uses.
    pub(super) operations: BTreeSet<&'static str>,
    pub(super) excused: &'static [Excused],
}

/// Reads a twin through `server`: everything, what changed in a day, and everything once more.
pub(super) async fn is_judged(
    server: &Server,
    scene: &Scene,
    twin: &str,
    expected: Expected,
    open: impl Fn(&Store) -> Pipeline,
) {
    put_upstream(server, twin).await;
    reads(scene, open).await;
    let exchanges = exchanges(server).await;
    are_valid(&exchanges, expected.excused);
    assert_eq!(operations(&exchanges), expected.operations, "what was asked, and what the connector uses");
}

async fn reads(scene: &Scene, open: impl Fn(&Store) -> Pipeline) {
    let database = Database::fresh(Kind::Sqlite).await.expect("SQLite is everywhere");
    let store = database.store().await;
    for mode in [Mode::Incremental, Mode::Incremental, Mode::Full] {
        let _ = complete(open(&store).transport(impatient()), &scene.clock, mode).await;
        scene.later(24);
        scene.sandbox.evolve();
        scene.later(1);
    }
}

/// Queries that the twin's universe gives no reason to ask; serve-shopify.mjs does.
const UNASKED: [&str; 2] = ["SentiaOrderLists", "SentiaOrderReturns"];

/// Shopify has one door and a query language: a judge of its own stands before the twin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shopifys_twin_answers_as_its_schema_says() {
    let Some(server) = Server::start("judge-shopify.mjs", &[]).await else { return };
    let lie = r#"{"data":{"shop":{"id":"gid://shopify/Shop/1","name":null}}}"#;
    let question = r#"{"query":"query Lie { shop { id name } }"}"#;
    a_wrong_answer_is_found(&server, ("/admin/api/2026-07/graphql.json", Some(question)), lie, "shop.name")
        .await;

    let scene = Scene::new(85).await;
    let twin = scene.sandbox.shopify_uk();
    put_upstream(&server, twin.base_url()).await;
    reads(&scene, |store| shop_at(&server.url, twin, "shop", store)).await;
    exports(&scene, |store| shop_at(&server.url, twin, "shop", store)).await;
    subscribes(&scene, shopify::settings(twin).base_url(&server.url)).await;
    let exchanges = exchanges(&server).await;
    are_valid(&exchanges, &[]);
    let named = |(_, query): &(&str, &'static str)| {
        let mut words = query.split(['(', ' ', '{']);
        words.nth(1).expect("a kind and a name")
    };
    let asked = operations(&exchanges);
    let unasked: Vec<_> = QUERIES.iter().map(named).filter(|name| !asked.contains(name)).collect();
    assert_eq!(unasked, UNASKED);
}

/// Reads what is large by bulk operations.
async fn exports(scene: &Scene, open: impl Fn(&Store) -> Pipeline) {
    let database = Database::fresh(Kind::Sqlite).await.expect("SQLite is everywhere");
    let store = database.store().await;
    let pipeline = open(&store).streams(["products", "customers", "orders"]).route(Route::Export);
    let _ = complete(pipeline, &scene.clock, Mode::Full).await;
}

/// Makes subscriptions, and ends those that are no longer wanted.
async fn subscribes(scene: &Scene, settings: ShopifyBuilder) {
    let shop = settings.build().expect("valid settings");
    let cx = context(&scene.clock, "shop", None);
    let usual = NewSubscriptions::new("https://ops.acme.example/webhooks/shop");
    for wanted in [usual.clone(), usual.topics(["orders/create"])] {
        let done = shop.subscribe(&cx, &wanted).await.expect("it subscribes");
        assert!(done.refused.is_empty(), "{done:#?}");
    }
}

/// The judge does find what is wrong: `server` is asked while a liar stands behind it.
pub(super) async fn a_wrong_answer_is_found(
    server: &Server,
    (path, body): (&str, Option<&'static str>),
    lie: &'static str,
    fault: &str,
) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    put_upstream(server, &format!("http://{}", listener.local_addr().expect("an address"))).await;
    #[allow(clippy::disallowed_methods, reason = "what is asked to be lied to comes from no connector")]
    let client = reqwest::Client::new();
    let url = format!("{}{path}", server.url);
    let request = match body {
        Some(body) => client.post(url).header("content-type", "application/json").body(body),
        None => client.get(url),
    };
    let (answer, ()) = tokio::join!(request.send(), lies(&listener, lie));
    assert_eq!(answer.expect("answers").text().await.expect("a text"), lie);
    let exchanges = exchanges(server).await;
    let found = exchanges.iter().flat_map(|one| &one.strayed).any(|strayed| strayed.contains(fault));
    assert!(found, "{exchanges:#?}");
}

async fn lies(listener: &TcpListener, lie: &str) {
    let (mut stream, _) = listener.accept().await.expect("a call");
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await.expect("a request");
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n", lie.len());
    let answer = format!("{head}connection: close\r\n\r\n{lie}");
    stream.write_all(answer.as_bytes()).await.expect("it is taken");
}
