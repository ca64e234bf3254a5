//! What goes over the wire: the query received, byte for byte, is the one that was signed.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use sentia_core::{
    Context,
    clock::SystemClock,
    transport::{Jitter, RetryPolicy, Stack, TransportPolicy},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use super::{super::query::Query, KEY, builder, info};
use crate::unleashed::{Unleashed, client::Client};

/// Serves one empty page to every connection and hands on the head of each request as it came in.
async fn server() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let (heads, received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                socket.read_exact(&mut byte).await.expect("a head");
                head.push(byte[0]);
            }
            heads.send(String::from_utf8(head).expect("ASCII")).expect("the test listens");
            let body = r#"{"Pagination":{"NumberOfItems":0,"NumberOfPages":0},"Items":[]}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            socket.write_all(answer.as_bytes()).await.expect("it reads");
        }
    });
    (address, received)
}

fn context() -> Context {
    let retry = RetryPolicy { max_attempts: 1, jitter: Jitter::None, ..RetryPolicy::default() };
    let clock = Arc::new(SystemClock);
    let policy = TransportPolicy { retry, ..TransportPolicy::default() };
    let stack = Stack::new(policy, clock.clone()).expect("TLS roots");
    Context::new(stack.http(), clock, "tenant", "warehouse")
}

/// The raw query and the signature of a request's head.
fn parts(head: &str) -> (String, String) {
    let target = head.split(' ').nth(1).expect("a target");
    let query = target.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let signature = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().starts_with("api-auth-signature: ").then(|| &line[20..]))
        .expect("a signature");
    (query.to_owned(), signature.to_owned())
}

/// An HMAC made for this test alone, by the digest and not by the code under test.
fn expected(query: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, KEY.as_bytes());
    BASE64_STANDARD.encode(aws_lc_rs::hmac::sign(&key, query.as_bytes()))
}

#[tokio::test]
async fn the_query_on_the_wire_is_the_one_signed() {
    let (address, mut heads) = server().await;
    let client = Client::new(&address, "id".to_owned(), KEY.into(), "sentia/unleashed".to_owned());
    let cx = context();
    for (name, value, sent) in [
        ("modifiedSince", "2026-03-01T00:00:00.000", "modifiedSince=2026-03-01T00:00:00.000"),
        ("orderStatus", "Completed,Backordered", "orderStatus=Completed,Backordered"),
        ("customerName", "Café Ltd", "customerName=Caf%C3%A9%20Ltd"),
        ("warehouseCode", "A+B", "warehouseCode=A%2BB"),
        ("warehouseCode", "a'b\"c<d>e", "warehouseCode=a%27b%22c%3Cd%3Ee"),
        ("warehouseCode", "50%/[x]{y}|^`\\", "warehouseCode=50%25%2F%5Bx%5D%7By%7D%7C%5E%60%5C"),
        ("warehouseCode", "日本#1&2=3?", "warehouseCode=%E6%97%A5%E6%9C%AC%231%262%3D3%3F"),
    ] {
        let query = Query::default().with(name, value);
        client.get(&cx, "StockOnHand/1", &query).await.expect("an answer");
        let head = heads.recv().await.expect("a request");
        assert!(head.starts_with(&format!("GET /StockOnHand/1?{sent} HTTP/1.1\r\n")), "{head}");
        let (received, signature) = parts(&head);
        assert_eq!((received.as_str(), signature), (sent, expected(sent)));
    }
}

#[tokio::test]
async fn no_query_is_signed_as_the_empty_string() {
    let (address, mut heads) = server().await;
    let client = Client::new(&address, "id".to_owned(), KEY.into(), "sentia/unleashed".to_owned());
    client.get(&context(), "Products/1", &Query::default()).await.expect("an answer");
    let (query, signature) = parts(&heads.recv().await.expect("a request"));
    assert_eq!((&*query, &*signature), ("", "UAcU8Ff1n2xzCRmvdWYkmAY4Fj4TVLZYbLFz6xRIeaw="));
}

#[tokio::test]
async fn a_whole_fetch_is_signed_too() {
    use sentia_core::{Connector, Fetch};

    let (address, mut heads) = server().await;
    let unleashed: Unleashed = builder().base_url(format!("{address}/proxy/")).build().expect("valid");
    let info = info(&unleashed, "customers");
    let since = "2026-03-01T10:00:00.5Z".parse().ok();
    let request = Fetch::new(&info).changed_since(since);
    drop(unleashed.fetch(&context(), request).await.expect("a page"));
    let head = heads.recv().await.expect("a request");
    let sent =
        "pageSize=500&modifiedSince=2026-03-01T10:00:00.500&includeObsolete=true&orderBy=LastModifiedOn";
    assert!(head.starts_with(&format!("GET /proxy/Customers/1?{sent} HTTP/1.1\r\n")), "{head}");
    let (received, signature) = parts(&head);
    assert_eq!(signature, expected(&received));
}
