//! The least of a client for the Amazon twin.
#![allow(dead_code)] // each test program uses its own part
#![allow(clippy::unwrap_used)] // a test that cannot read an answer has failed
#![allow(clippy::disallowed_methods)] // the twin is tested from outside, without Sentia's transport

use std::collections::BTreeSet;

use chrono::{DateTime, TimeZone, Utc};
use reqwest::Response;
use sentia_sandbox::universe::{AmazonStream, TruthRecord};
use sentia_sandbox::{AmazonTwin, Pacing, Sandbox, SandboxClock, Size};
use serde_json::Value;

pub(crate) const UK: &str = "A1F83G8C2ARO7P";
pub(crate) const DE: &str = "A1PA6795UKMFR9";
pub(crate) const US: &str = "ATVPDKIKX0DER";
pub(crate) const LONG_AGO: &str = "2025-01-01T00:00:00Z";

pub(crate) async fn sandbox(size: Size) -> (Sandbox, SandboxClock) {
    let clock = SandboxClock::manual(Utc.with_ymd_and_hms(2026, 11, 1, 12, 0, 0).unwrap());
    (Sandbox::start_with_clock(7, size, clock.clone()).await.unwrap(), clock)
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_gzip().build().unwrap()
}

pub(crate) async fn ask_token(twin: &AmazonTwin, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = http().post(twin.token_url()).form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) async fn token(twin: &AmazonTwin) -> String {
    let (id, secret) = (twin.client_id(), twin.client_secret());
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", twin.refresh_token()),
        ("client_id", &id),
        ("client_secret", &secret),
    ];
    let (status, body) = ask_token(twin, &form).await;
    assert_eq!((status, &body["expires_in"]), (200, &Value::from(3600)), "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

/// A token, and no limits in the way.
pub(crate) async fn unpaced(twin: &AmazonTwin) -> String {
    twin.set_pacing(Pacing::Lifted);
    token(twin).await
}

pub(crate) async fn get(twin: &AmazonTwin, token: &str, path: &str) -> Response {
    let call = http().get(format!("{}{path}", twin.base_url())).header("x-amz-access-token", token);
    call.send().await.unwrap()
}

pub(crate) async fn ask(twin: &AmazonTwin, token: &str, path: &str) -> (u16, Value) {
    let answer = get(twin, token, path).await;
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

pub(crate) async fn good(twin: &AmazonTwin, token: &str, path: &str) -> Value {
    let (status, body) = ask(twin, token, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Percent-encodes a value of a query string.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Pages a list to its end; `rows` and `next` are pointers, `name` the parameter that takes the token.
pub(crate) async fn pages(
    twin: &AmazonTwin,
    token: &str,
    path: &str,
    (rows, next, name): (&str, &str, &str),
) -> Vec<Vec<Value>> {
    let (mut pages, mut url) = (vec![], path.to_owned());
    loop {
        let body = good(twin, token, &url).await;
        pages.push(body.pointer(rows).unwrap().as_array().unwrap().clone());
        match body.pointer(next).and_then(Value::as_str) {
            Some(token) => url = format!("{path}&{name}={}", encoded(token)),
            None => return pages,
        }
    }
}

pub(crate) const ORDERS: (&str, &str, &str) = ("/orders", "/pagination/nextToken", "paginationToken");
pub(crate) const INVENTORY: (&str, &str, &str) =
    ("/payload/inventorySummaries", "/pagination/nextToken", "nextToken");
pub(crate) const ITEMS: (&str, &str, &str) = ("/items", "/pagination/nextToken", "pageToken");
pub(crate) const TRANSACTIONS: (&str, &str, &str) =
    ("/payload/transactions", "/payload/nextToken", "nextToken");

pub(crate) fn keys(records: &[TruthRecord]) -> BTreeSet<String> {
    records.iter().filter(|record| !record.deleted()).map(|record| record.key.clone()).collect()
}

pub(crate) fn visible(twin: &AmazonTwin, stream: AmazonStream) -> BTreeSet<String> {
    keys(&twin.visible_truth(stream))
}

pub(crate) fn texts(rows: &[Value], at: &str) -> Vec<String> {
    rows.iter().map(|row| row.pointer(at).unwrap().as_str().unwrap().to_owned()).collect()
}

pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
