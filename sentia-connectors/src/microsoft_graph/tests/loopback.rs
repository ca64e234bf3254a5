//! Over a real socket and the whole transport stack.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, Uri},
    response::IntoResponse,
};
use sentia_core::{
    clock::Clock,
    transport::{Pacing, Stack, TransportPolicy},
};

use super::*;

/// Serves `router` and returns its address.
async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

fn context() -> (Context, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new("2026-03-01T10:00:00Z".parse().expect("a time")));
    let stack = Stack::new(TransportPolicy::default(), clock.clone()).expect("a stack");
    (Context::new(stack.http(), clock.clone(), "tenant", "office"), clock)
}

async fn read(base_url: &str, cx: &Context, token: Option<&PageToken>) -> Result<Page> {
    let graph = ready().base_url(base_url).pacing(Pacing::Off).build().expect("valid");
    graph.fetch(cx, Fetch::new(&info(&graph, "users")).at(token)).await
}

/// What the double of these tests keeps: requests as they stood in their first line, and its own address.
#[derive(Clone, Default)]
struct Kept {
    lines: Arc<Mutex<Vec<String>>>,
    address: Arc<Mutex<String>>,
}

#[tokio::test]
async fn links_arrive_byte_for_byte_and_a_wait_is_kept() {
    const LINK: &str = "/v1.0/users/delta(token='a%2Bb')?$skipToken=x%3d%2F&$deltatoken=(y)*~!,;@";
    async fn graph(State(kept): State<Kept>, uri: Uri) -> impl IntoResponse {
        let nth = {
            let mut lines = kept.lines.lock().expect("not poisoned");
            lines.push(uri.to_string());
            lines.len()
        };
        let link = format!("{}{LINK}", kept.address.lock().expect("not poisoned"));
        match nth {
            1 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "17")], "{}".to_owned()),
            2 => (
                StatusCode::OK,
                [("content-type", "application/json")],
                json!({"value": [], "@odata.nextLink": link}).to_string(),
            ),
            _ => (
                StatusCode::OK,
                [("content-type", "application/json")],
                json!({"value": [], "@odata.deltaLink": link}).to_string(),
            ),
        }
    }
    let kept = Kept::default();
    let base = serve(Router::new().fallback(graph).with_state(kept.clone())).await;
    kept.address.lock().expect("not poisoned").clone_from(&base);
    let (cx, clock) = context();
    let began = clock.now();
    let first = read(&base, &cx, None).await.expect("after the wait");
    let waited = (clock.now() - began).num_seconds();
    assert!((17..=18).contains(&waited), "never earlier than told, and a little jitter: {waited}");
    let last = read(&base, &cx, Some(&more(&first))).await.expect("a page");
    assert_eq!(kept.lines.lock().expect("not poisoned")[2], LINK);
    assert!(last.resume().is_some_and(|token| token.0.contains(LINK)));
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let stolen = Arc::new(AtomicUsize::new(0));
    let thief = Router::new().fallback(|State(stolen): State<Arc<AtomicUsize>>| async move {
        stolen.fetch_add(1, Ordering::SeqCst).to_string()
    });
    let elsewhere = serve(thief.with_state(stolen.clone())).await;
    let router =
        Router::new().fallback(move || async move { (StatusCode::FOUND, [("location", elsewhere)]) });
    let error = read(&serve(router).await, &context().0, None).await.expect_err("refused");
    assert_eq!((error.kind(), stolen.load(Ordering::SeqCst)), (ErrorKind::InvalidResponse, 0));
}
