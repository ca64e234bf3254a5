//! Over a real socket and the whole transport stack.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router, extract::State, http::HeaderMap, http::StatusCode, response::IntoResponse, routing::post,
};
use sentia_core::{
    ErrorKind,
    transport::{Pacing, Stack, TransportPolicy},
};

use super::*;

const ENDPOINT: &str = "/admin/api/2026-07/graphql.json";

/// Serves `router` and returns its address.
async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

async fn read(base_url: String) -> (Result<Page>, i64) {
    let shop = ready().base_url(base_url).pacing(Pacing::Off).build().expect("valid");
    let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
    let stack = Stack::new(TransportPolicy::default(), clock.clone()).expect("a stack");
    let cx = Context::new(stack.http(), clock.clone(), "tenant", "shop");
    let page = shop.fetch(&cx, Fetch::new(&info(&shop, "locations"))).await;
    (page, sentia_core::clock::Clock::now(&*clock).timestamp())
}

#[tokio::test]
async fn a_throttled_query_waits_for_its_points_and_is_asked_again() {
    async fn shop(
        State(calls): State<Arc<AtomicUsize>>,
        headers: HeaderMap,
        body: String,
    ) -> impl IntoResponse {
        assert_eq!(headers["x-shopify-access-token"], "ready-secret");
        assert_eq!(headers["content-type"], "application/json");
        assert!(body.contains("SentiaLocations"));
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            let throttle = json!({"maximumAvailable": 2000, "currentlyAvailable": 100, "restoreRate": 10});
            let cost =
                json!({"requestedQueryCost": 500, "actualQueryCost": null, "throttleStatus": throttle});
            let error = json!({"message": "Throttled", "extensions": {"code": "THROTTLED"}});
            return json!({"errors": [error], "extensions": {"cost": cost}}).to_string();
        }
        json!({"data": {"locations": connection([], None)}}).to_string()
    }
    let calls = Arc::new(AtomicUsize::new(0));
    let router = Router::new().route(ENDPOINT, post(shop)).with_state(calls.clone());
    let (page, waited) = read(serve(router).await).await;
    assert!(page.is_ok() && calls.load(Ordering::SeqCst) == 2);
    assert!((40..=41).contains(&waited), "400 points at 10 a second: {waited}");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let stolen = Arc::new(AtomicUsize::new(0));
    let thief = Router::new().fallback(|State(stolen): State<Arc<AtomicUsize>>| async move {
        stolen.fetch_add(1, Ordering::SeqCst).to_string()
    });
    let elsewhere = format!("{}{ENDPOINT}", serve(thief.with_state(stolen.clone())).await);
    for status in [StatusCode::MOVED_PERMANENTLY, StatusCode::PERMANENT_REDIRECT, StatusCode::SEE_OTHER] {
        let target = elsewhere.clone();
        let router =
            Router::new().route(ENDPOINT, post(move || async move { (status, [("location", target)]) }));
        let (page, _) = read(serve(router).await).await;
        let error = page.expect_err("refused");
        assert_eq!(
            (error.kind(), error.context_value("target")),
            (ErrorKind::ConfigInvalid, Some("127.0.0.1"))
        );
    }
    assert_eq!(stolen.load(Ordering::SeqCst), 0);
}
