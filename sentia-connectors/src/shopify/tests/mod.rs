//! The connector against a double of Shopify that answers by a closure, through the vendor's own error table.

mod completing;
mod exporting;
mod loopback;
mod reading;
mod refusals;
mod returning;
mod subscribing;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use sentia_core::{
    Connector, Context, Fetch, Page, Result, StreamInfo,
    page::{Next, PageToken},
    testing::ManualClock,
    transport::{Http, Repeat, Request, Response, Transport},
};
use serde_json::{Value, json};

use super::{Shopify, ShopifyBuilder};

/// Status, headers and body of an answer.
type Answer = (u16, Vec<(&'static str, &'static str)>, String);

type Answering = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// What a request asked for.
#[derive(Debug, Clone)]
struct Asked {
    path: String,
    body: Value,
    raw: String,
    token: String,
    cost: f64,
    repeat: Repeat,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let raw = String::from_utf8(request.body.clone().unwrap_or_default().to_vec()).expect("text");
        let token = request.headers.get("x-shopify-access-token").map(|value| value.to_str().expect("text"));
        Asked {
            path: request.url.path().to_owned(),
            body: serde_json::from_str(&raw).unwrap_or_default(),
            raw,
            token: token.unwrap_or_default().to_owned(),
            cost: request.cost,
            repeat: request.repeat,
        }
    }

    /// The operation's name.
    fn operation(&self) -> &str {
        let text = self.body["query"].as_str().unwrap_or_default();
        text.trim_start_matches("query ")
            .trim_start_matches("mutation ")
            .split(['(', ' ', '{'])
            .next()
            .unwrap_or_default()
    }

    fn variable(&self, name: &str) -> &Value {
        &self.body["variables"][name]
    }

    fn first(&self) -> u64 {
        self.variable("first").as_u64().expect("a page size")
    }
}

/// Answers each request by its closure, which is told how many came before, and remembers them.
#[derive(Clone)]
struct Double {
    answer: Arc<Answering>,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Double")
    }
}

impl Double {
    fn new(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        Double { answer: Arc::new(answer), seen: Arc::default() }
    }

    fn seen(&self) -> Vec<Asked> {
        self.seen.lock().expect("not poisoned").clone()
    }

    fn context(&self) -> Context {
        self.context_with_clock().0
    }

    fn context_with_clock(&self) -> (Context, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        (Context::new(Http::new(Arc::new(self.clone())), clock.clone(), "tenant", "shop"), clock)
    }
}

#[async_trait]
impl Transport for Double {
    async fn call(&self, request: Request) -> Result<Response> {
        let asked = Asked::of(&request);
        let before = {
            let mut seen = self.seen.lock().expect("not poisoned");
            seen.push(asked.clone());
            seen.len() - 1
        };
        tokio::task::yield_now().await;
        let (status, headers, body) = (self.answer)(&asked, before);
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        let status = http::StatusCode::from_u16(status).expect("a status");
        let mut response = Response::new(status, headers.collect(), body.into());
        (request.classify)(&mut response)?;
        if let Some(target) = request.spool {
            let mut file = target.create()?;
            file.append(&std::mem::take(&mut response.body))?;
            response.spooled = file.finish()?;
        }
        Ok(response)
    }
}

/// An answer of the pinned version.
fn answer(body: impl ToString) -> Answer {
    (200, vec![("x-shopify-api-version", "2026-07")], body.to_string())
}

/// An answer with these data, and the scopes that every page asks for.
fn data(mut data: Value) -> Answer {
    let scopes =
        json!([{"handle": "read_products"}, {"handle": "read_all_orders"}, {"handle": "read_orders"}]);
    data["currentAppInstallation"] = json!({"accessScopes": scopes});
    answer(json!({"data": data}))
}

/// A connection of these nodes; others follow where there is a cursor.
fn connection(nodes: impl IntoIterator<Item = Value>, next: Option<&str>) -> Value {
    let edges: Vec<Value> = nodes.into_iter().map(|node| json!({"node": node})).collect();
    json!({"pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "edges": edges})
}

fn fixture(text: &str) -> Value {
    serde_json::from_str(text).expect("a fixture is JSON")
}

/// The fixture's order under another id.
fn order(id: u64) -> Value {
    let mut order = fixture(include_str!("../fixtures/order.json"));
    order["id"] = json!(format!("gid://shopify/Order/{id}"));
    order
}

fn ready() -> ShopifyBuilder {
    Shopify::builder().shop("acme.myshopify.com").access_token("ready-secret")
}

fn info(shop: &Shopify, stream: &str) -> Arc<StreamInfo> {
    shop.info().streams.into_iter().find(|info| info.name == stream).expect("in the catalog")
}

/// Fetches the page at `token`.
async fn fetch(shop: &Shopify, double: &Double, stream: &str, token: Option<&str>) -> Result<Page> {
    let (info, token) = (info(shop, stream), token.map(PageToken::from));
    shop.fetch(&double.context(), Fetch::new(&info).at(token.as_ref())).await
}

/// Fetches the first page with a fresh connector.
async fn first(double: &Double, stream: &str) -> Result<Page> {
    fetch(&ready().build().expect("valid"), double, stream, None).await
}

fn token(page: &Page) -> String {
    match page.next() {
        Next::More(token) => token.0.clone(),
        other => panic!("more pages follow, not {other:?}"),
    }
}

/// What was found about the account.
fn codes(page: &Page) -> Vec<&str> {
    page.found().iter().map(|finding| finding.code.as_str()).collect()
}

/// The page as text: its read scope among the rest.
fn text(page: &Page) -> String {
    format!("{page:?}")
}
