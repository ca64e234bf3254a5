//! Answers before they are sent: JSON still open to faults, errors in the vendor's form.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::reply::{Delivery, Reply};

/// What an answer holds.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Nothing,
    Json(Value),
    Html(&'static str),
    Bytes(String),
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) content: Content,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, headers: vec![], content: Content::Json(body) }
    }

    pub(crate) fn nothing(status: u16) -> Self {
        Self { status, headers: vec![], content: Content::Nothing }
    }

    pub(crate) fn html(status: u16, title: &'static str) -> Self {
        Self { status, headers: vec![], content: Content::Html(title) }
    }

    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, json!({"error": {"code": code, "message": message, "innerError": {}}}))
    }

    /// An error whose second level tells more than the first.
    pub(crate) fn nested(status: u16, code: &str, inner: &str, message: &str) -> Self {
        let inner = json!({"code": inner, "message": message});
        Self::json(status, json!({"error": {"code": code, "message": message, "innerError": inner}}))
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Puts ids and the date, which bears no offset, into an error.
    pub(crate) fn signed(mut self, request: &str, client: &str, now: DateTime<Utc>) -> Self {
        if let Content::Json(body) = &mut self.content
            && let Some(error) = body.get_mut("error").and_then(Value::as_object_mut)
        {
            let name = if error.contains_key("innererror") { "innererror" } else { "innerError" };
            let inner = error.entry(name).or_insert_with(|| Value::Object(Map::new()));
            inner["date"] = now.format("%Y-%m-%dT%H:%M:%S").to_string().into();
            inner["request-id"] = request.into();
            inner["client-request-id"] = client.into();
        }
        self
    }

    pub(crate) fn reply(self, delivery: Delivery) -> Reply {
        let reply = match self.content {
            Content::Nothing => Reply::new(self.status, "text/plain", ""),
            Content::Json(body) => Reply::new(
                self.status,
                "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
                body.to_string(),
            ),
            Content::Html(title) => Reply::html(self.status, title),
            Content::Bytes(text) => Reply::new(self.status, "application/octet-stream", text),
        };
        let reply = self.headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value));
        reply.delivered(delivery)
    }

    /// As an item of a batch's answer.
    pub(crate) fn item(self, id: &str) -> Value {
        let mut headers = Map::new();
        for (name, value) in self.headers {
            headers.insert(capitalized(name), Value::String(value));
        }
        let body = match self.content {
            Content::Json(body) => {
                headers.insert("Content-Type".to_owned(), "application/json".into());
                Some(body)
            }
            Content::Nothing => None,
            Content::Html(title) => Some(title.into()),
            Content::Bytes(text) => Some(text.into()),
        };
        let mut item = json!({"id": id, "status": self.status, "headers": headers});
        if let Some(body) = body {
            item["body"] = body;
        }
        item
    }
}

/// `retry-after` as `Retry-After`, which is how headers look inside of a batch.
fn capitalized(name: &str) -> String {
    let words = name.split('-').map(|word| {
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    });
    words.collect::<Vec<_>>().join("-")
}
