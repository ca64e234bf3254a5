//! The connector against a double of Xero that answers by a closure, through the vendor's own error tables.

mod consent;
mod reading;
mod tokens;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::DateTime;
use sentia_core::{
    Connector, Context, Fetch, Page, Result, StreamInfo,
    key_store::KeyStore,
    page::PageToken,
    security::{MasterKey, MasterKeyset, Vault},
    testing::{ManualClock, MemoryKeyStore},
    transport::{Http, Request, Response, Transport},
};

use super::{Xero, XeroBuilder};

/// Status, headers and body of an answer.
pub(super) type Answer = (u16, Vec<(&'static str, &'static str)>, String);

/// An answer in JSON.
pub(super) fn json(status: u16, body: impl Into<String>) -> Answer {
    (status, vec![("content-type", "application/json; charset=utf-8")], body.into())
}

type Answering = dyn Fn(&Request, usize) -> Answer + Send + Sync;

/// Answers each request by its closure, which is told how many came before, and remembers them.
#[derive(Clone)]
pub(super) struct Double {
    answer: Arc<Answering>,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Double")
    }
}

impl Double {
    pub(super) fn new(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Self {
        Double { answer: Arc::new(answer), seen: Arc::default() }
    }

    pub(super) fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// Requests whose path ends so.
    pub(super) fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|request| request.url.path().ends_with(path)).count()
    }

    pub(super) fn context(&self) -> Context {
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        Context::new(Http::new(Arc::new(self.clone())), clock, "tenant", "books")
    }

    /// A context whose vault is empty.
    pub(super) fn context_with_vault(&self) -> Context {
        self.context().with_vault(Some(vault(MemoryKeyStore::default())))
    }
}

#[async_trait]
impl Transport for Double {
    async fn call(&self, request: Request) -> Result<Response> {
        let before = {
            let mut seen = self.seen.lock().expect("not poisoned");
            seen.push(request.clone());
            seen.len() - 1
        };
        tokio::task::yield_now().await;
        let (status, headers, body) = (self.answer)(&request, before);
        let headers =
            headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
        let status = http::StatusCode::from_u16(status).expect("a status");
        let mut response = Response::new(status, headers.collect(), body.into());
        (request.classify)(&mut response)?;
        Ok(response)
    }
}

pub(super) fn vault(keys: impl KeyStore) -> Vault {
    let master = MasterKey::from_base64("1", &"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into())
        .expect("32 bytes");
    Vault::new(keys, MasterKeyset::new(master, Vec::new()))
}

pub(super) fn ready() -> XeroBuilder {
    Xero::builder().access_token("ready").tenant_id("tenant-1")
}

pub(super) fn info(xero: &Xero, stream: &str) -> Arc<StreamInfo> {
    xero.info().streams.into_iter().find(|info| info.name == stream).expect("in the catalog")
}

/// Fetches the page at `token`.
pub(super) async fn fetch(xero: &Xero, double: &Double, stream: &str, token: Option<&str>) -> Result<Page> {
    let (info, token) = (info(xero, stream), token.map(PageToken::from));
    xero.fetch(&double.context(), Fetch::new(&info).at(token.as_ref())).await
}
