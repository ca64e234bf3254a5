//! The connector against a double of Amazon that answers by a closure, through the vendor's own error tables.

mod finances;
mod listings;
mod loopback;
mod orders;
mod partitions;
mod refusals;
mod reports;
mod restricted;
mod settlements;
mod webhooks;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use sentia_core::{
    Connector, Context, Fetch, Page, Result, StreamInfo,
    clock::Clock,
    page::{Next, PageToken},
    spool::Spool,
    testing::ManualClock,
    transport::{Http, Request, Response, Transport},
};
use serde_json::{Value, json};

use super::{Amazon, AmazonBuilder};

const UK: &str = "A1F83G8C2ARO7P";

/// Status, headers and body of an answer.
type Answer = (u16, Vec<(&'static str, String)>, Bytes);

/// An answer in JSON, at noon of the double's day.
fn ok(body: Value) -> Answer {
    status(200, body)
}

fn status(status: u16, body: Value) -> Answer {
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("date", "Sun, 22 Nov 2026 12:00:00 GMT".to_owned()),
    ];
    (status, headers, body.to_string().into())
}

fn refused(code: u16, details: &str) -> Answer {
    let message = "Access to requested resource is denied.";
    status(code, json!({"errors": [{"code": "Unauthorized", "message": message, "details": details}]}))
}

/// A file of the storage.
fn file(kind: &str, body: impl Into<Bytes>) -> Answer {
    (200, vec![("content-type", kind.to_owned())], body.into())
}

/// What was asked.
#[derive(Debug, Clone)]
struct Asked {
    method: String,
    host: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: http::HeaderMap,
    body: String,
    operation: &'static str,
}

impl Asked {
    fn of(request: &Request) -> Self {
        Asked {
            method: request.method.to_string(),
            host: request.url.host_str().unwrap_or_default().to_owned(),
            path: request.url.path().to_owned(),
            query: request.url.query_pairs().into_owned().collect(),
            headers: request.headers.clone(),
            body: request
                .body
                .as_ref()
                .map(|body| String::from_utf8_lossy(body).into_owned())
                .unwrap_or_default(),
            operation: request.operation,
        }
    }

    fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

type Answering = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// Answers each request by its closure, which is told how many came before, and remembers them. Tokens it grants itself.
#[derive(Clone)]
struct Double {
    answer: Arc<Answering>,
    seen: Arc<Mutex<Vec<Asked>>>,
    grants: Arc<Mutex<Vec<Asked>>>,
    clock: Arc<ManualClock>,
    spool: Spool,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Double")
    }
}

fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("an instant")
}

impl Double {
    fn new(answer: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        Double {
            answer: Arc::new(answer),
            seen: Arc::default(),
            grants: Arc::default(),
            clock: Arc::new(ManualClock::new(noon())),
            spool: Spool::default(),
        }
    }

    fn seen(&self) -> Vec<Asked> {
        self.seen.lock().expect("not poisoned").clone()
    }

    fn operations(&self) -> Vec<&'static str> {
        self.seen().iter().map(|asked| asked.operation).collect()
    }

    /// As another process would begin: without what was spooled.
    fn restarted(&self) -> Self {
        Double { spool: Spool::default(), ..self.clone() }
    }

    fn context(&self) -> Context {
        let http = Http::new(Arc::new(self.clone()));
        Context::new(http, self.clock.clone(), "tenant", "shop").with_spool(self.spool.clone())
    }
}

#[async_trait]
impl Transport for Double {
    async fn call(&self, request: Request) -> Result<Response> {
        let asked = Asked::of(&request);
        tokio::task::yield_now().await;
        let (status, headers, body) = if asked.path.ends_with("/auth/o2/token") {
            let mut grants = self.grants.lock().expect("not poisoned");
            grants.push(asked);
            let token = format!("Atza|{}", grants.len());
            ok(json!({"access_token": token, "token_type": "bearer", "expires_in": 3600}))
        } else {
            let before = {
                let mut seen = self.seen.lock().expect("not poisoned");
                seen.push(asked.clone());
                seen.len() - 1
            };
            (self.answer)(&asked, before)
        };
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        let status = http::StatusCode::from_u16(status).expect("a status");
        let body = match request.spool.filter(|_| status.is_success()) {
            Some(target) => {
                let mut file = target.create()?;
                file.append(&body)?;
                file.finish()?;
                Bytes::new()
            }
            None => body,
        };
        let mut response = Response::new(status, headers.collect(), body);
        (request.classify)(&mut response)?;
        Ok(response)
    }
}

fn ready() -> AmazonBuilder {
    Amazon::builder()
        .marketplace("UK")
        .client_id("app")
        .client_secret("secret-canary")
        .refresh_token("Atzr|canary")
        .seller_id("A3SELLER")
}

fn info(amazon: &Amazon, stream: &str) -> Arc<StreamInfo> {
    amazon.info().streams.into_iter().find(|info| info.name == stream).expect("in the catalog")
}

/// A read of one stream, page by page.
struct Reading {
    amazon: Amazon,
    stream: &'static str,
    since: Option<&'static str>,
    until: Option<String>,
    size: Option<u32>,
}

fn reading(stream: &'static str) -> Reading {
    Reading { amazon: ready().build().expect("valid"), stream, since: None, until: None, size: None }
}

impl Reading {
    fn since(self, since: &'static str) -> Self {
        Reading { since: Some(since), ..self }
    }

    fn until(self, until: &str) -> Self {
        Reading { until: Some(until.to_owned()), ..self }
    }

    fn sized(self, size: u32) -> Self {
        Reading { size: Some(size), ..self }
    }

    /// Fetches the page at `token`.
    async fn page(&self, double: &Double, token: Option<&str>) -> Result<Page> {
        let (info, token) = (info(&self.amazon, self.stream), token.map(PageToken::from));
        let partition = if info.partitioned_by.is_some() { UK } else { "" };
        let since = self.since.and_then(|since| since.parse().ok());
        let until = self.until.as_deref().and_then(|until| until.parse().ok());
        let request = Fetch::new(&info).of_partition(partition).changed_since(since).changed_until(until);
        self.amazon.fetch(&double.context(), request.at(token.as_ref()).sized(self.size)).await
    }

    /// Fetches from the first page to the last and waits where it is told to.
    async fn all(&self, double: &Double) -> Result<Vec<Page>> {
        let mut pages = Vec::new();
        let mut token: Option<String> = None;
        loop {
            assert!(pages.len() < 200, "it never ends");
            let page = self.page(double, token.as_deref()).await?;
            token = match page.next() {
                Next::More(token) => Some(token.0.clone()),
                Next::Wait(token, wait) => {
                    double.clock.advance(*wait);
                    Some(token.0.clone())
                }
                Next::Last => None,
            };
            pages.push(page);
            if token.is_none() {
                return Ok(pages);
            }
        }
    }
}

fn token(page: &Page) -> String {
    match page.next() {
        Next::More(token) | Next::Wait(token, _) => token.0.clone(),
        Next::Last => panic!("it goes on"),
    }
}

fn keys(pages: &[Page]) -> Vec<String> {
    pages.iter().flat_map(Page::records).map(|record| record.key.to_string()).collect()
}

/// The value of a column by its name.
fn value(page: &Page, info: &StreamInfo, row: usize, column: &str) -> sentia_core::Value {
    let at = info.columns.iter().position(|known| known.name == column).expect("a column");
    page.records()[row].values[at].clone()
}

fn now(double: &Double) -> String {
    double.clock.now().to_rfc3339()
}
