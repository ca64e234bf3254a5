//! The host's side: an endpoint that keeps what its connector verified before it acknowledges it.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sentia::{
    Connector, Context, ErrorKind,
    push::{Delivery, Hint, Notice, Pushed},
};

/// What the host keeps, as its database would.
#[derive(Debug, Default)]
struct Kept {
    /// New hints in the order they came.
    hints: Vec<Hint>,
    /// What was told already.
    known: HashSet<(String, &'static str, String, Option<String>)>,
    notices: Vec<Notice>,
    unknown: Vec<String>,
    handshakes: usize,
    /// Genuine deliveries that nobody could read.
    unreadable: usize,
    refused: usize,
    duplicates: usize,
}

struct Endpoint {
    connector: Arc<dyn Connector>,
    cx: Context,
    kept: Mutex<Kept>,
}

/// An endpoint on loopback.
pub(super) struct Host {
    pub(super) url: String,
    endpoint: Arc<Endpoint>,
}

impl Kept {
    /// An event that comes again is known by its id, stream, partition and key.
    fn keep(&mut self, hint: Hint) {
        let key = hint.key.as_ref().map(ToString::to_string);
        if self.known.insert((hint.id.to_string(), hint.stream, hint.partition.to_string(), key)) {
            self.hints.push(hint);
        } else {
            self.duplicates += 1;
        }
    }

    fn keep_all(&mut self, pushed: Pushed) -> Response {
        match pushed {
            Pushed::Hints(hints) => hints.into_iter().for_each(|hint| self.keep(hint)),
            Pushed::Notice(notice) => self.notices.push(notice),
            Pushed::Unknown(name) => self.unknown.push(name),
            Pushed::Handshake { content_type, body } => {
                self.handshakes += 1;
                return ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], body)
                    .into_response();
            }
        }
        StatusCode::OK.into_response()
    }
}

async fn answer(
    State(endpoint): State<Arc<Endpoint>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = query.unwrap_or_default();
    let received = endpoint.cx.clock().now();
    let delivery = Delivery { headers: &headers, query: &query, body: &body, received };
    let webhooks = endpoint.connector.webhooks().expect("it receives");
    let outcome = webhooks.receive(&endpoint.cx, &delivery).await;
    let mut kept = endpoint.kept.lock().expect("not poisoned");
    match outcome {
        Ok(pushed) => kept.keep_all(pushed),
        Err(error) if error.kind() == ErrorKind::SignatureInvalid => {
            kept.refused += 1;
            StatusCode::UNAUTHORIZED.into_response()
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error:?}");
            kept.unreadable += 1;
            StatusCode::OK.into_response()
        }
    }
}

impl Host {
    pub(super) async fn start(connector: Arc<dyn Connector>, cx: Context) -> Self {
        let endpoint = Arc::new(Endpoint { connector, cx, kept: Mutex::default() });
        let router = Router::new().route("/hooks", axum::routing::post(answer)).with_state(endpoint.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("bound"));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Host { url, endpoint }
    }

    /// Posts what a vendor would post; the status of the answer.
    #[allow(clippy::disallowed_methods, reason = "it stands for the vendor, who does not use our transport")]
    pub(super) async fn post<'h>(
        &self,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        body: impl Into<Vec<u8>>,
    ) -> u16 {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.post(&self.url).body(body.into());
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        request.send().await.expect("it listens").status().as_u16()
    }

    fn take<T>(&self, take: impl FnOnce(&mut Kept) -> T) -> T {
        take(&mut self.endpoint.kept.lock().expect("not poisoned"))
    }

    /// Hints that were not taken before, without those that came again.
    pub(super) fn take_hints(&self) -> Vec<Hint> {
        self.take(|kept| std::mem::take(&mut kept.hints))
    }

    pub(super) fn take_notices(&self) -> Vec<Notice> {
        self.take(|kept| std::mem::take(&mut kept.notices))
    }

    pub(super) fn take_unknown(&self) -> Vec<String> {
        self.take(|kept| std::mem::take(&mut kept.unknown))
    }

    pub(super) fn handshakes(&self) -> usize {
        self.take(|kept| kept.handshakes)
    }

    pub(super) fn duplicates(&self) -> usize {
        self.take(|kept| kept.duplicates)
    }

    /// Deliveries that were refused, and genuine ones that nobody could read.
    pub(super) fn refused_and_unreadable(&self) -> (usize, usize) {
        self.take(|kept| (kept.refused, kept.unreadable))
    }
}
