//! The least of an Unleashed client: signs what it sends.
#![allow(dead_code)] // each test program uses its own part
#![allow(clippy::unwrap_used)] // a test that cannot read an answer has failed
#![allow(clippy::disallowed_methods)] // the twins are tested from outside, without Sentia's transport

use chrono::{DateTime, TimeZone, Utc};
use sentia_sandbox::{Sandbox, SandboxClock, Size, UnleashedTwin, unleashed_signature};
use serde_json::Value;

pub(crate) fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 1, 12, 0, 0).unwrap()
}

pub(crate) async fn sandbox(size: Size) -> (Sandbox, SandboxClock) {
    let clock = SandboxClock::manual(noon());
    (Sandbox::start_with_clock(7, size, clock.clone()).await.unwrap(), clock)
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A request as the vendor wants it, but for the signature.
pub(crate) fn unsigned(twin: &UnleashedTwin, method: &str, path: &str) -> reqwest::RequestBuilder {
    http()
        .request(method.parse().unwrap(), format!("{}/{path}", twin.base_url()))
        .header("accept", "application/json")
        .header("content-type", "application/json")
        .header("client-type", "sentia/tests")
        .header("api-auth-id", twin.api_id())
}

/// Signs what stands after `?`.
pub(crate) fn signed(twin: &UnleashedTwin, method: &str, path: &str) -> reqwest::RequestBuilder {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let signature = unleashed_signature(&twin.api_key(), query.as_bytes());
    unsigned(twin, method, path).header("api-auth-signature", signature)
}

pub(crate) async fn get(twin: &UnleashedTwin, path: &str) -> reqwest::Response {
    signed(twin, "GET", path).send().await.unwrap()
}

pub(crate) async fn json(twin: &UnleashedTwin, path: &str) -> Value {
    let answer = get(twin, path).await;
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn items(twin: &UnleashedTwin, path: &str) -> Vec<Value> {
    json(twin, path).await["Items"].as_array().unwrap().clone()
}

/// All pages of a list.
pub(crate) async fn all(twin: &UnleashedTwin, list: &str, query: &str) -> Vec<Value> {
    let mut rows = vec![];
    for page in 1.. {
        let answer = json(twin, &format!("{list}/{page}?{query}")).await;
        assert_eq!(answer["Pagination"]["PageNumber"], page);
        rows.extend(answer["Items"].as_array().unwrap().iter().cloned());
        if page >= answer["Pagination"]["NumberOfPages"].as_u64().unwrap() {
            assert_eq!(answer["Pagination"]["NumberOfItems"], rows.len(), "{list}");
            return rows;
        }
    }
    unreachable!("the loop only ends by returning")
}

/// A member of each row, in lower case and sorted.
pub(crate) fn column(rows: &[Value], name: &str) -> Vec<String> {
    let mut column: Vec<String> = rows.iter().map(|row| row[name].as_str().unwrap().to_lowercase()).collect();
    column.sort();
    column
}
