//! Pages as the twins send them, and a transport that answers with them from memory.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use sentia::{
    Connector, Context, Fetch, Page, StreamInfo,
    clock::SystemClock,
    connectors::{Amazon, Shopify, Unleashed, Xero, amazon},
    page::Next,
    transport::{Http, Pacing, Request, Response, Stack, Transport, TransportPolicy},
};
use sentia_sandbox::{Sandbox, Size};

/// What tells one request from another.
type Question = (String, Option<bytes::Bytes>);

fn question(request: &Request) -> Question {
    (request.url.to_string(), request.body.clone())
}

/// Answers as the twin did: follow-up calls with their own answers, anything else with the page.
#[derive(Debug)]
struct Canned {
    page: Response,
    answers: HashMap<Question, Response>,
}

#[async_trait]
impl Transport for Canned {
    async fn call(&self, request: Request) -> sentia::Result<Response> {
        let mut response = self.answers.get(&question(&request)).unwrap_or(&self.page).clone();
        (request.classify)(&mut response)?;
        Ok(response)
    }
}

/// Remembers every answer on its way through.
#[derive(Debug)]
struct Recording(Arc<dyn Transport>, Mutex<HashMap<Question, Response>>);

#[async_trait]
impl Transport for Recording {
    async fn call(&self, request: Request) -> sentia::Result<Response> {
        let question = question(&request);
        let response = self.0.call(request).await?;
        self.1.lock().expect("one thread").insert(question, response.clone());
        Ok(response)
    }
}

/// A connector with one page that it reads from memory.
pub(crate) struct Source {
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) stream: Arc<StreamInfo>,
    #[allow(dead_code, reason = "each bench takes what it measures")]
    pub(crate) body: bytes::Bytes,
    context: Context,
}

fn context(transport: Arc<dyn Transport>) -> Context {
    Context::new(Http::new(transport), Arc::new(SystemClock), "bench", "bench")
}

impl Source {
    /// Walks `stream` to a page of so many records and keeps the answer it was made of.
    async fn record(connector: Arc<dyn Connector>, stream: &str, records: u32) -> Self {
        let stream =
            connector.info().streams.iter().find(|known| known.name == stream).expect("a stream").clone();
        let clock = Arc::new(SystemClock);
        let stack = Stack::new(TransportPolicy::default(), clock).expect("a transport").transport;
        let mut place = None;
        loop {
            let recording = Arc::new(Recording(stack.clone(), Default::default()));
            let request = Fetch::new(&stream).at(place.as_ref()).sized(Some(records));
            let page = connector.fetch(&context(recording.clone()), request).await.expect("a page");
            if page.records().len() == records as usize {
                let answers = std::mem::take(&mut *recording.1.lock().expect("one thread"));
                let page =
                    answers.values().max_by_key(|answer| answer.body.len()).expect("an answer").clone();
                let body = page.body.clone();
                let context = context(Arc::new(Canned { page, answers }));
                return Source { connector, stream, body, context };
            }
            place = match page.next() {
                Next::More(token) => Some(token.clone()),
                _ => panic!("no page of {} holds {records} records", stream.name),
            };
        }
    }

    /// Reads the page once more.
    pub(crate) async fn read(&self, records: u32) -> Page {
        let request = Fetch::new(&self.stream).sized(Some(records));
        let page = self.connector.fetch(&self.context, request).await.expect("the page reads");
        assert_eq!((page.records().len(), page.rejected().len()), (records as usize, 0));
        page
    }
}

/// 1,000 Xero invoices with three lines each.
pub(crate) async fn invoices() -> Source {
    let sandbox = Sandbox::start(1, Size::books(2000)).await.expect("the twin starts");
    let twin = sandbox.xero();
    let xero = Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    Source::record(Arc::new(xero), "invoices", 1000).await
}

/// 250 Shopify orders.
#[allow(dead_code, reason = "each bench takes what it measures")]
pub(crate) async fn orders() -> Source {
    let sandbox = Sandbox::start(1, Size::shops(300)).await.expect("the twin starts");
    let twin = sandbox.shopify_uk();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let shop = Shopify::builder().shop(twin.shop_domain()).access_token(twin.access_token());
    let shop = shop.base_url(twin.base_url()).pacing(Pacing::Off).build().expect("valid settings");
    Source::record(Arc::new(shop), "orders", 250).await
}

/// 100 Amazon orders, the most a page holds.
#[allow(dead_code, reason = "each bench takes what it measures")]
pub(crate) async fn amazon_orders() -> Source {
    let sandbox = Sandbox::start(1, Size::shops(300)).await.expect("the twin starts");
    let twin = sandbox.amazon_uk();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let amazon = Amazon::builder()
        .region(amazon::Region::Eu)
        .marketplaces(twin.marketplace_ids())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .refresh_token(twin.refresh_token())
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    Source::record(Arc::new(amazon), "orders", 100).await
}

/// 200 Unleashed sales orders.
#[allow(dead_code, reason = "each bench takes what it measures")]
pub(crate) async fn sales_orders() -> Source {
    let sandbox = Sandbox::start(1, Size::shops(300)).await.expect("the twin starts");
    let twin = sandbox.unleashed();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let unleashed = Unleashed::builder()
        .api_id(twin.api_id())
        .api_key(twin.api_key())
        .time_zone("Europe/London")
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    Source::record(Arc::new(unleashed), "sales_orders", 200).await
}
