//! The least of a client, for tests that talk to the twins.
#![allow(dead_code)] // each test program uses its own part
#![allow(clippy::unwrap_used)] // a test that cannot read an answer has failed
#![allow(clippy::disallowed_methods)] // the twins are tested from outside, without Sentia's transport

use chrono::{DateTime, TimeZone, Utc};
use sentia_sandbox::{Sandbox, SandboxClock, ShopifyTwin, Size, XeroTwin};
use serde_json::{Value, json};

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

pub(crate) async fn xero_token(twin: &XeroTwin) -> String {
    let form = [("grant_type", "client_credentials")];
    let call =
        http().post(twin.token_url()).basic_auth(twin.client_id(), Some(twin.client_secret())).form(&form);
    let json: Value = call.send().await.unwrap().json().await.unwrap();
    json["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn xero_get(
    twin: &XeroTwin,
    token: &str,
    path: &str,
    since: Option<&str>,
) -> reqwest::Response {
    let mut call = http().get(format!("{}/{path}", twin.api_url())).bearer_auth(token);
    call = call.header("xero-tenant-id", twin.tenant_id()).header("accept", "application/json");
    if let Some(since) = since {
        call = call.header("if-modified-since", since);
    }
    call.send().await.unwrap()
}

pub(crate) async fn xero_json(twin: &XeroTwin, token: &str, path: &str) -> Value {
    xero_get(twin, token, path, None).await.json().await.unwrap()
}

pub(crate) async fn graphql_raw(twin: &ShopifyTwin, query: &str, variables: Value) -> reqwest::Response {
    let body = json!({"query": query, "variables": variables});
    let call = http().post(twin.graphql_url("2026-07")).header("x-shopify-access-token", twin.access_token());
    call.json(&body).send().await.unwrap()
}

pub(crate) async fn graphql(twin: &ShopifyTwin, query: &str, variables: Value) -> Value {
    graphql_raw(twin, query, variables).await.json().await.unwrap()
}

/// Pages a top-level connection to its end; gives the nodes.
pub(crate) async fn all_nodes(twin: &ShopifyTwin, list: &str, fields: &str, size: u32) -> Vec<Value> {
    let query = format!(
        "query All($first: Int!, $after: String) {{ {list}(first: $first, after: $after) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    );
    let (mut nodes, mut after) = (vec![], Value::Null);
    loop {
        let answer = graphql(twin, &query, json!({"first": size, "after": after})).await;
        let connection = &answer["data"][list];
        nodes.extend(
            connection["nodes"].as_array().unwrap_or_else(|| panic!("no rows in {answer}")).iter().cloned(),
        );
        after = connection["pageInfo"]["endCursor"].clone();
        if connection["pageInfo"]["hasNextPage"] != true {
            return nodes;
        }
    }
}
