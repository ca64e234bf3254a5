//! The connector against a double of Microsoft Graph that answers by a closure, through the vendor's own error tables.

mod outlook;
mod rounds;
mod tokens;
mod walks;
mod workbooks;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_lc_rs::{
    encoding::AsDer,
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sentia_core::{
    Connector, Context, Error, ErrorKind, Fetch, Page, Result, StreamInfo,
    key_store::KeyStore,
    page::{Next, PageToken},
    record::Operation,
    security::{MasterKey, MasterKeyset, Vault},
    testing::ManualClock,
    transport::{Http, Request, Response, Transport},
};
use serde_json::{Value, json};

use super::{MicrosoftGraph, MicrosoftGraphBuilder};

/// Status, headers and body of an answer.
type Answer = (u16, Vec<(&'static str, &'static str)>, String);

/// An answer of status 200.
fn ok(body: Value) -> Answer {
    (200, Vec::new(), body.to_string())
}

/// A refusal with this code.
fn refusal(status: u16, code: &str) -> Answer {
    (status, vec![("request-id", "r-1")], json!({"error": {"code": code, "message": "no"}}).to_string())
}

type Answering = dyn Fn(&Request, usize) -> Answer + Send + Sync;

/// Answers each request by its closure, which is told how many came before, and remembers them.
#[derive(Clone)]
struct Double {
    answer: Arc<Answering>,
    seen: Arc<Mutex<Vec<Request>>>,
    clock: Arc<ManualClock>,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Double")
    }
}

impl Double {
    fn new(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        let clock = ManualClock::new("2026-03-01T10:00:00Z".parse().expect("a time"));
        Double { answer: Arc::new(answer), seen: Arc::default(), clock: Arc::new(clock) }
    }

    fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// Paths and decoded queries of what was asked.
    fn asked(&self) -> Vec<String> {
        self.seen().iter().map(asked).collect()
    }

    fn context(&self) -> Context {
        Context::new(Http::new(Arc::new(self.clone())), self.clock.clone(), "tenant", "office")
    }
}

fn asked(request: &Request) -> String {
    let query: Vec<_> = request.url.query_pairs().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    format!("{}{query}", request.url.path().trim_start_matches("/v1.0"))
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).map(|value| value.to_str().expect("ascii")).unwrap_or_default()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body.as_deref().unwrap_or_default()).unwrap_or_default()
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
        let (status, headers, body) = (self.answer)(&request, before);
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        let status = http::StatusCode::from_u16(status).expect("a status");
        let mut response = Response::new(status, headers.collect(), body.into());
        (request.classify)(&mut response)?;
        Ok(response)
    }
}

/// Answers a batch, part by part, with `part`: status, headers and body for a path.
fn batched(request: &Request, part: impl Fn(&str) -> (u16, Value, Value)) -> Answer {
    let asked = body(request);
    let requests = asked["requests"].as_array().expect("requests").iter().rev();
    let responses: Vec<Value> = requests
        .map(|get| {
            let (status, headers, body) = part(get["url"].as_str().expect("a url"));
            json!({"id": get["id"], "status": status, "headers": headers, "body": body})
        })
        .collect();
    ok(json!({"responses": responses}))
}

fn vault(keys: impl KeyStore) -> Vault {
    let master = MasterKey::from_base64("1", &"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into())
        .expect("32 bytes");
    Vault::new(keys, MasterKeyset::new(master, Vec::new()))
}

/// A connection with a ready token.
fn ready() -> MicrosoftGraphBuilder {
    MicrosoftGraph::builder().access_token("ready-secret")
}

fn info(graph: &MicrosoftGraph, stream: &str) -> Arc<StreamInfo> {
    graph.info().streams.into_iter().find(|info| info.name == stream).expect("in the catalog")
}

/// What to fetch.
#[derive(Debug, Default, Clone)]
struct Wanted<'a> {
    stream: &'a str,
    partition: &'a str,
    page: Option<PageToken>,
    resume: Option<PageToken>,
    size: Option<u32>,
}

fn of<'a>(stream: &'a str, partition: &'a str) -> Wanted<'a> {
    Wanted { stream, partition, ..Wanted::default() }
}

impl Wanted<'_> {
    fn at(self, page: &PageToken) -> Self {
        Wanted { page: Some(page.clone()), ..self }
    }

    fn resumed(self, resume: &PageToken) -> Self {
        Wanted { resume: Some(resume.clone()), ..self }
    }

    async fn fetch(&self, graph: &MicrosoftGraph, double: &Double) -> Result<Page> {
        let info = info(graph, self.stream);
        let request = Fetch::new(&info)
            .of_partition(self.partition)
            .at(self.page.as_ref())
            .resumed_from(self.resume.as_ref())
            .sized(self.size);
        graph.fetch(&double.context(), request).await
    }

    /// Reads to the end, waits included: keys in order, those that are gone with a minus, and the last page.
    async fn walk(&self, graph: &MicrosoftGraph, double: &Double) -> (Vec<String>, Page) {
        let (mut wanted, mut keys) = (self.clone(), Vec::new());
        for _ in 0..50 {
            let page = wanted.fetch(graph, double).await.expect("a page");
            keys.extend(page.records().iter().map(|record| match record.operation {
                Operation::Tombstone => format!("-{}", record.key),
                _ => record.key.to_string(),
            }));
            match page.next() {
                Next::Last => return (keys, page),
                Next::More(token) | Next::Wait(token, _) => wanted.page = Some(token.clone()),
            }
        }
        panic!("it never ends: {keys:?}")
    }

    async fn refused(&self, graph: &MicrosoftGraph, double: &Double) -> Error {
        self.fetch(graph, double).await.expect_err("refused")
    }
}

fn more(page: &Page) -> PageToken {
    match page.next() {
        Next::More(token) => token.clone(),
        other => panic!("more pages follow, not {other:?}"),
    }
}

fn document(page: &Page, at: usize) -> &str {
    std::str::from_utf8(page.records()[at].document.body()).expect("text")
}

/// A pair of keys for one test: private key and "certificate", PEM, and the public key. The certificate is no X.509;
/// all that is read of one is that it holds the public key.
pub(super) fn pair() -> (String, String, Vec<u8>) {
    let pem = |label: &str, der: &[u8]| {
        let body = BASE64_STANDARD.encode(der);
        let lines: Vec<_> = body.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    };
    let key = KeyPair::generate(KeySize::Rsa2048).expect("random");
    let public = key.public_key().as_ref().to_vec();
    let certificate = [b"before".as_slice(), &public, b"after"].concat();
    let private = key.as_der().expect("encodes");
    (pem("PRIVATE KEY", private.as_ref()), pem("CERTIFICATE", &certificate), public)
}
