//! A way to the vendor with a gate: a token request waits before it, and its answer waits behind it.

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::sync::{mpsc, oneshot};

/// A worker's own way to the vendor.
pub(super) struct Gate {
    /// Where the worker is to call.
    pub(super) url: String,
    asking: mpsc::Receiver<Asking>,
}

/// A request or an answer that waits at the gate.
pub(super) struct Asking {
    pub(super) stage: &'static str,
    /// Dropped unsent, it goes no further.
    pub(super) go: oneshot::Sender<()>,
}

#[derive(Clone)]
struct Way {
    vendor: String,
    client: reqwest::Client,
    asks: mpsc::Sender<Asking>,
}

impl Gate {
    pub(super) async fn before(vendor: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (asks, asking) = mpsc::channel(1);
        #[allow(
            clippy::disallowed_methods,
            reason = "the way between worker and vendor, not the connector's"
        )]
        let client = reqwest::Client::new();
        let way = Way { vendor: vendor.to_owned(), client, asks };
        let router = Router::new().fallback(pass).with_state(way);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Gate { url, asking }
    }

    /// Who comes to the gate next.
    pub(super) async fn next(&mut self) -> Asking {
        self.asking.recv().await.expect("the gate stands as long as its test")
    }
}

impl Way {
    /// False when the worker was killed there.
    async fn is_open(&self, stage: &'static str) -> bool {
        let (go, gone) = oneshot::channel();
        self.asks.send(Asking { stage, go }).await.is_ok() && gone.await.is_ok()
    }

    async fn forward(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.expect("short");
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let mut headers = head.headers;
        headers.remove(header::HOST);
        let call = self.client.request(head.method, format!("{}{target}", self.vendor));
        let answer = call.headers(headers).body(body).send().await.expect("the twin answers");
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove(header::TRANSFER_ENCODING);
        (status, headers, answer.bytes().await.expect("whole")).into_response()
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    let is_grant = request.uri().path().ends_with("/connect/token");
    if is_grant && !way.is_open("call.before").await {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let answer = way.forward(request).await;
    if is_grant && !way.is_open("call.after").await {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    answer
}
