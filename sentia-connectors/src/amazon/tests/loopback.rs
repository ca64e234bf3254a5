//! Over a real socket and the whole transport stack.

use std::io::Write;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response as Reply},
    routing::{get, post},
};
use sentia_core::{
    ErrorKind,
    transport::{Jitter, Pacing, RetryPolicy, Stack, TransportPolicy},
};

use super::*;

/// Serves `router` and returns its address.
async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn token(body: String) -> Json<Value> {
    assert!(body.contains("grant_type=refresh_token"), "{body}");
    Json(json!({"access_token": "Atza|real", "expires_in": 3600}))
}

fn context(policy: TransportPolicy) -> (Context, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(noon()));
    let stack = Stack::new(policy, clock.clone()).expect("a stack");
    (Context::new(stack.http(), clock.clone(), "tenant", "shop"), clock)
}

async fn fetch(base: &str, cx: &Context, stream: &str, token: Option<&str>) -> Result<Page> {
    let amazon = ready().base_url(base).pacing(Pacing::Off).build().expect("valid");
    let (info, token) = (info(&amazon, stream), token.map(PageToken::from));
    amazon.fetch(cx, Fetch::new(&info).changed_since(Some(noon())).at(token.as_ref())).await
}

#[tokio::test]
async fn a_report_is_spooled_from_a_socket_without_the_token() {
    #[derive(Clone)]
    struct Storage {
        link: Arc<Mutex<String>>,
        packed: Bytes,
    }
    async fn document(State(storage): State<Storage>, headers: HeaderMap) -> Json<Value> {
        assert_eq!(headers["x-amz-access-token"], "Atza|real");
        Json(json!({"url": *storage.link.lock().expect("not poisoned"), "compressionAlgorithm": "GZIP"}))
    }
    async fn download(State(storage): State<Storage>, headers: HeaderMap) -> Reply {
        for name in ["x-amz-access-token", "authorization", "x-amz-date"] {
            assert!(!headers.contains_key(name), "{name}");
        }
        ([(header::CONTENT_TYPE, "text/plain; charset=Cp1252")], storage.packed).into_response()
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let rows = b"return-date\torder-id\tsku\tquantity\n2026-11-01T10:00:00+00:00\t202-1\t\xa3 \x93x\x94\t1\n";
    encoder.write_all(rows).expect("memory");
    let packed = encoder.finish().expect("memory").into();
    let storage = Storage { link: Arc::default(), packed };
    let router = Router::new()
        .route("/auth/o2/token", post(token))
        .route("/reports/2021-06-30/documents/D1", get(document))
        .route("/storage/D1", get(download))
        .with_state(storage.clone());
    let base = serve(router).await;
    *storage.link.lock().expect("not poisoned") = format!("{base}/storage/D1?X-Amz-Signature=s");
    let place = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z rows D1 0 0";
    let (cx, _) = context(TransportPolicy::default());
    let page = fetch(&base, &cx, "returns", Some(place)).await.expect("rows");
    assert_eq!(page.records()[0].key, "202-1/£ “x”/2026-11-01T10:00:00+00:00/");
}

#[tokio::test]
async fn a_refused_rate_is_waited_for_and_tried_again() {
    async fn orders(State(calls): State<Arc<Mutex<u32>>>) -> Reply {
        let mut calls = calls.lock().expect("not poisoned");
        *calls += 1;
        match *calls {
            1 => {
                let body = json!({"errors": [{"code": "QuotaExceeded", "message": "m"}]});
                (StatusCode::TOO_MANY_REQUESTS, [("x-amzn-ratelimit-limit", "0.05")], Json(body))
                    .into_response()
            }
            2 => (StatusCode::SERVICE_UNAVAILABLE, "<html>down</html>").into_response(),
            _ => Json(json!({"orders": []})).into_response(),
        }
    }
    let calls = Arc::new(Mutex::new(0));
    let router = Router::new()
        .route("/auth/o2/token", post(token))
        .route("/orders/2026-01-01/orders", get(orders))
        .with_state(calls.clone());
    let base = serve(router).await;
    let retry = RetryPolicy { jitter: Jitter::None, ..RetryPolicy::default() };
    let (cx, clock) = context(TransportPolicy { retry, ..TransportPolicy::default() });
    drop(fetch(&base, &cx, "orders", None).await.expect("the third time"));
    let waited = clock.now() - noon();
    assert_eq!((*calls.lock().expect("not poisoned"), waited.num_milliseconds()), (3, 20_500 + 1000));
}

#[tokio::test]
async fn the_rate_that_an_answer_tells_is_kept_from_then_on() {
    async fn orders() -> Reply {
        ([("x-amzn-ratelimit-limit", "0.5")], Json(json!({"orders": []}))).into_response()
    }
    let router =
        Router::new().route("/auth/o2/token", post(token)).route("/orders/2026-01-01/orders", get(orders));
    let base = serve(router).await;
    let limits = crate::amazon::catalog().limits;
    let (cx, clock) = context(TransportPolicy { limits, ..TransportPolicy::default() });
    for _ in 0..19 {
        drop(fetch(&base, &cx, "orders", None).await.expect("of the burst"));
    }
    assert_eq!(
        clock.now(),
        noon(),
        "the burst waits for nothing, but for one call that is kept for who is urgent"
    );
    drop(fetch(&base, &cx, "orders", None).await.expect("paced"));
    let waited = (clock.now() - noon()).num_milliseconds();
    assert_eq!(waited, 2000, "one call in two seconds, where the published rate is one in three minutes");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let router = Router::new().route("/auth/o2/token", post(token)).route(
        "/orders/2026-01-01/orders",
        get(|| async { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "https://evil.example/")]) }),
    );
    let (cx, _) = context(TransportPolicy::default());
    let error = fetch(&serve(router).await, &cx, "orders", None).await.expect_err("refused");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, false));
}
