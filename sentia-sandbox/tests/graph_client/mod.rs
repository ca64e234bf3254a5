//! The least of a Microsoft Graph client.
#![allow(dead_code)] // each test program uses its own part
#![allow(clippy::unwrap_used)] // a test that cannot read an answer has failed

use std::collections::BTreeMap;

use sentia_sandbox::MicrosoftGraphTwin;
use serde_json::{Map, Value};

use super::client::http;

pub(crate) async fn token_form(twin: &MicrosoftGraphTwin, form: &[(&str, &str)]) -> (u16, Value) {
    let answer = http().post(twin.token_url()).form(form).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

pub(crate) async fn app_token(twin: &MicrosoftGraphTwin) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", twin.client_id()),
        ("client_secret", twin.client_secret()),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    token_form(twin, &form).await.1["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn user_token(twin: &MicrosoftGraphTwin, scope: &str) -> String {
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", twin.client_id()),
        ("client_secret", twin.client_secret()),
        ("refresh_token", twin.refresh_token()),
        ("scope", scope),
    ];
    token_form(twin, &form).await.1["access_token"].as_str().unwrap().to_owned()
}

/// A client with a token; absolute URLs go as they are, others below the version.
pub(crate) struct Graph<'t> {
    pub(crate) twin: &'t MicrosoftGraphTwin,
    pub(crate) token: String,
    pub(crate) prefer: Option<&'static str>,
}

impl<'t> Graph<'t> {
    pub(crate) async fn app(twin: &'t MicrosoftGraphTwin) -> Self {
        Self { twin, token: app_token(twin).await, prefer: None }
    }

    pub(crate) async fn user(twin: &'t MicrosoftGraphTwin) -> Self {
        Self { twin, token: user_token(twin, "https://graph.microsoft.com/.default").await, prefer: None }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") { path.to_owned() } else { format!("{}/{path}", self.twin.api_url()) }
    }

    pub(crate) async fn send(&self, path: &str) -> reqwest::Response {
        let mut call = http().get(self.url(path)).bearer_auth(&self.token);
        if let Some(prefer) = self.prefer {
            call = call.header("prefer", prefer);
        }
        call.send().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.send(path).await;
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn ok(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = http().post(self.url(path)).bearer_auth(&self.token).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Follows a round to its deltaLink; gives all entries in their order, the link, and how many pages there were.
    pub(crate) async fn round(&self, path: &str) -> (Vec<Value>, String, usize) {
        let (mut rows, mut next, mut pages) = (vec![], path.to_owned(), 0);
        loop {
            let page = self.ok(&next).await;
            pages += 1;
            rows.extend(page["value"].as_array().unwrap().iter().cloned());
            if let Some(link) = page["@odata.deltaLink"].as_str() {
                return (rows, link.to_owned(), pages);
            }
            next = page["@odata.nextLink"].as_str().unwrap().to_owned();
        }
    }
}

/// A copy that follows the sheet: members merge, removals remove.
pub(crate) fn merge(copy: &mut BTreeMap<String, Map<String, Value>>, rows: Vec<Value>) {
    for row in rows {
        let Value::Object(row) = row else { panic!("an entry is an object") };
        let id = row["id"].as_str().unwrap().to_owned();
        if row.contains_key("@removed") || row.contains_key("deleted") {
            copy.remove(&id);
            continue;
        }
        copy.entry(id).or_default().extend(row);
    }
}
