//! Requests and their signature; knows HTTP, knows nothing of records.

use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::SecretString;
use sentia_core::{
    Context, Result,
    record::Digest,
    transport::{RequestBuilder, Response},
};
use serde::Serialize;

use super::{
    error::{after_success, lists, subscriptions},
    query::Query,
};
use crate::signature::sign;

/// The way to one account.
#[derive(Debug)]
pub(super) struct Client {
    base: String,
    api_id: String,
    api_key: SecretString,
    client_type: String,
    /// Whether Unleashed accepted these credentials since they were set: it decides what a later 403 means.
    accepted: AtomicBool,
}

impl Client {
    /// A client of the API at `base`.
    pub(super) fn new(base: &str, api_id: String, api_key: SecretString, client_type: String) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Client { base, api_id, api_key, client_type, accepted: AtomicBool::new(false) }
    }

    /// Names the account without showing its id, for the scope of a full read.
    pub(super) fn account(&self) -> String {
        Digest::of(self.api_id.to_ascii_lowercase().as_bytes()).to_string()[..12].to_owned()
    }

    /// Reads the list or record at `path`.
    pub(super) async fn get(&self, cx: &Context, path: &str, query: &Query) -> Result<Response> {
        let url = query.checked(&format!("{}/{path}", self.base))?;
        let get = self.signed(cx.http().get(url), query).classify(lists);
        self.send(get).await
    }

    /// Reads webhook subscriptions.
    pub(super) async fn get_subscriptions(&self, cx: &Context, path: &str) -> Result<Response> {
        let query = Query::default();
        let url = query.checked(&format!("{}/{path}", self.base))?;
        let get = self.signed(cx.http().get(url), &query).classify(subscriptions);
        self.send(get).await
    }

    /// Makes a webhook subscription. It is not repeated: a second one would count against the five allowed.
    pub(super) async fn post_subscription(
        &self,
        cx: &Context,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Response> {
        let query = Query::default();
        let url = query.checked(&format!("{}/{path}", self.base))?;
        let post = self.signed(cx.http().post(url).json(body), &query).classify(subscriptions);
        self.send(post).await
    }

    /// Adds the five headers of every request. The signature is over the query alone.
    fn signed(&self, request: RequestBuilder, query: &Query) -> RequestBuilder {
        request
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("api-auth-id", &self.api_id)
            .secret_header("api-auth-signature", "", &sign(&self.api_key, query.as_str().as_bytes()))
            .header("client-type", &self.client_type)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response> {
        match request.send().await {
            Ok(response) => {
                self.accepted.store(true, Ordering::Relaxed);
                Ok(response)
            }
            Err(error) if self.accepted.load(Ordering::Relaxed) => Err(after_success(error)),
            Err(error) => Err(error),
        }
    }
}
