//! The connector against a double of Unleashed that answers by a closure, through the vendor's own error tables.

mod loopback;
mod reading;
mod stock;
mod subscribing;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use chrono::DateTime;
use sentia_core::{
    Connector, Context, Fetch, Page, Result, StreamInfo,
    page::PageToken,
    testing::ManualClock,
    transport::{Http, Request, Response, Transport},
};

use super::{Unleashed, UnleashedBuilder};

pub(super) const KEY: &str = "sentia-test-key-0123456789abcdefghijklmnopqrstuvwxyz==";

/// Status and body of an answer.
pub(super) type Answer = (u16, String);

type Answering = dyn Fn(&Request, usize) -> Answer + Send + Sync;

/// Answers each request by its closure, which is told how many came before, and remembers them.
#[derive(Clone)]
pub(super) struct Double {
    answer: Arc<Answering>,
    seen: Arc<Mutex<Vec<Request>>>,
    pub(super) clock: Arc<ManualClock>,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Double")
    }
}

impl Double {
    pub(super) fn new(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        Double { answer: Arc::new(answer), seen: Arc::default(), clock }
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// Path and query of every request.
    pub(super) fn asked(&self) -> Vec<String> {
        let asked = |request: &Request| match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        self.seen().iter().map(asked).collect()
    }

    pub(super) fn context(&self) -> Context {
        Context::new(Http::new(Arc::new(self.clone())), self.clock.clone(), "tenant", "warehouse")
    }
}

#[async_trait]
impl Transport for Double {
    async fn call(&self, request: Request) -> Result<Response> {
        let before = {
            let mut seen = self.seen.lock().expect("not poisoned");
            seen.push(request.clone());
            seen.len() - 1
        };
        tokio::task::yield_now().await;
        let (status, body) = (self.answer)(&request, before);
        let status = http::StatusCode::from_u16(status).expect("a status");
        let mut response = Response::new(status, http::HeaderMap::new(), body.into());
        (request.classify)(&mut response)?;
        Ok(response)
    }
}

pub(super) fn builder() -> UnleashedBuilder {
    Unleashed::builder().api_id("AN-ID").api_key(KEY)
}

pub(super) fn ready() -> Unleashed {
    builder().build().expect("valid")
}

pub(super) fn info(unleashed: &Unleashed, stream: &str) -> Arc<StreamInfo> {
    unleashed.info().streams.into_iter().find(|info| info.name == stream).expect("in the catalog")
}

/// Fetches the page at `token`.
pub(super) async fn fetch(
    unleashed: &Unleashed,
    double: &Double,
    stream: &str,
    token: Option<&str>,
) -> Result<Page> {
    let (info, token) = (info(unleashed, stream), token.map(PageToken::from));
    unleashed.fetch(&double.context(), Fetch::new(&info).at(token.as_ref())).await
}

pub(super) fn query(request: &Request) -> BTreeMap<String, String> {
    request.url.query_pairs().into_owned().collect()
}

/// A page of `items`, as Unleashed wraps it.
pub(super) fn page(items: &[String], count: usize, size: usize, number: usize) -> Answer {
    let pages = count.div_ceil(size);
    let told = format!(
        r#"{{"NumberOfItems":{count},"PageSize":{size},"PageNumber":{number},"NumberOfPages":{pages}}}"#
    );
    (200, format!(r#"{{"Pagination":{told},"Items":[{}]}}"#, items.join(",")))
}

/// The page that `request` asks for, out of all items.
pub(super) fn paged(request: &Request, items: &[String]) -> Answer {
    let number: usize =
        request.url.path().rsplit('/').next().and_then(|last| last.parse().ok()).expect("a page number");
    let size: usize = query(request)["pageSize"].parse().expect("a number");
    let from = ((number - 1) * size).min(items.len());
    page(&items[from..items.len().min(from + size)], items.len(), size, number)
}
