//! Sends queries: endpoint, token, version, cost. It knows HTTP and GraphQL, and nothing of records.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sentia_core::{Context, Error, ErrorKind, Result, Text, decode::Walk, transport::Response};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::error::Category;
use url::Url;

use super::{
    envelope::Envelope,
    error::{classify, is_too_dear, storage},
    query::Query,
    rounding::lost_digits,
    scope::ReadScope,
};
use crate::token::AccessTokens;

/// Pages are not made smaller than this; a query too dear at five records is too dear.
const SMALLEST_PAGE: u32 = 5;

/// What the app was granted stands under it.
const INSTALLATION: &str = "currentAppInstallation";

/// Where Shopify keeps the results of bulk operations [captures: `storage.googleapis.com/shopify-tiers-assets-...`].
const STORAGE: &str = "storage.googleapis.com";

/// Variables of a query; each query declares those it takes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct Variables<'a> {
    /// Whose nested connection to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a str>,
    /// How many records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<u32>,
    /// After which cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) after: Option<&'a str>,
    /// Which objects to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ids: Option<&'a [Text]>,
    /// The search, or the query of a bulk operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query: Option<&'a str>,
}

/// What answers taught about a query.
#[derive(Debug, Clone, Copy)]
struct Learned {
    points: f64,
    /// The page size that fits, once a larger one was too dear.
    fits: u32,
}

/// One shop's GraphQL endpoint.
#[derive(Debug)]
pub(super) struct Client {
    endpoint: String,
    version: String,
    tokens: AccessTokens,
    learned: Mutex<HashMap<&'static str, Learned>>,
}

impl Client {
    pub(super) fn new(base: &str, version: String, tokens: AccessTokens) -> Self {
        let endpoint = format!("{base}/admin/api/{version}/graphql.json");
        Client { endpoint, version, tokens, learned: Mutex::default() }
    }

    /// Sends `query`, with half the page for as long as Shopify finds it too dear. Says which size went through.
    pub(super) async fn ask(
        &self,
        cx: &Context,
        query: &'static Query,
        variables: Variables<'_>,
    ) -> Result<(Answer, Option<u32>)> {
        let fits = self.learned_of(query).fits;
        let mut first = variables.first.map(|first| first.min(fits));
        loop {
            match (self.attempt(cx, query, Variables { first, ..variables }).await, first) {
                (Err(error), Some(size)) if is_too_dear(&error) && size > SMALLEST_PAGE => {
                    let half = (size / 2).max(SMALLEST_PAGE);
                    self.learn(query, |learned| learned.fits = half);
                    first = Some(half);
                }
                (outcome, size) => return Ok((outcome?, size)),
            }
        }
    }

    /// One call; after a refused token one more with a new one. A mutation is not repeated besides.
    pub(super) async fn attempt(
        &self,
        cx: &Context,
        query: &'static Query,
        variables: impl Serialize + Copy + Send + Sync,
    ) -> Result<Answer> {
        let token = self.tokens.current(cx).await?;
        let mut granted = token.scope;
        let sent = match self.send(cx, query, variables, &token.secret).await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                let renewed = self.tokens.renew(cx, &token.secret).await?;
                granted = renewed.scope;
                self.send(cx, query, variables, &renewed.secret).await
            }
            sent => sent,
        };
        let mut response =
            sent.map_err(|error| error.operation("shopify.query").context("query", query.name))?;
        let envelope = match response.extensions.remove::<Envelope>() {
            Some(judged) => judged,
            None => Envelope::of(&response)?,
        };
        if lost_digits(&response.body) {
            let message = "the ids lost their last digits on the way; look for a proxy that rewrites answers";
            return Err(response.invalid(message).context("query", query.name));
        }
        if let Some(cost) = envelope.cost() {
            self.learn(query, |learned| learned.points = cost.requested_query_cost);
        }
        let data = envelope.data.unwrap_or_default();
        let others = HashMap::new();
        Ok(Answer { response, data, others, pinned: self.version.clone(), granted })
    }

    async fn send(
        &self,
        cx: &Context,
        query: &'static Query,
        variables: impl Serialize + Send + Sync,
        token: &SecretString,
    ) -> Result<Response> {
        #[derive(Serialize)]
        struct Body<V> {
            query: &'static str,
            variables: V,
        }
        let request = cx
            .http()
            .post(&self.endpoint)
            .secret_header("x-shopify-access-token", "", token)
            .header("accept", "application/json")
            .json(&Body { query: query.text, variables });
        let request = if query.is_mutation() { request } else { request.repeatable() };
        request.cost(self.learned_of(query).points).classify(classify).send().await
    }

    /// The version that is asked for.
    pub(super) fn pinned(&self) -> &str {
        &self.version
    }

    /// Downloads what `address` leads to into the spool. It is signed: neither the token nor any other header goes with it.
    pub(super) async fn download(&self, cx: &Context, address: &str, name: &str) -> Result<()> {
        let url = self.trusted(address)?;
        let get = cx.http().get(url.as_str()).classify(storage).spool_to(cx.spool(), name);
        get.send().await.map(drop)
    }

    /// An address is followed to the configured one or to the storage that Shopify keeps results in, and nowhere else: an
    /// answer must not make this process ask its own network.
    fn trusted(&self, address: &str) -> Result<Url> {
        let refused = |message: &'static str| Error::new(ErrorKind::InvalidResponse, message);
        let url = Url::parse(address).map_err(|_| refused("shopify's address of the export is not a URL"))?;
        let own = Url::parse(&self.endpoint).map(|own| own.origin());
        if own.is_ok_and(|own| url.origin() == own) {
            return Ok(url);
        }
        let host = url.host_str().unwrap_or_default();
        if url.scheme() == "https" && url.port().is_none() && host == STORAGE {
            return Ok(url);
        }
        let message = "shopify's address of the export leads to a host that is not its storage; read the stream by pages";
        Err(refused(message).context("host", host))
    }

    fn learned(&self) -> MutexGuard<'_, HashMap<&'static str, Learned>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn learned_of(&self, query: &Query) -> Learned {
        self.learned().get(query.name).copied().unwrap_or(Learned { points: query.points, fits: u32::MAX })
    }

    fn learn(&self, query: &Query, change: impl FnOnce(&mut Learned)) {
        let mut learned = self.learned_of(query);
        change(&mut learned);
        self.learned().insert(query.name, learned);
    }
}

/// An answer without errors. Records are slices of its body.
#[derive(Debug)]
pub(super) struct Answer {
    response: Response,
    data: Bytes,
    /// Members of `data` that were passed on the way to others.
    others: HashMap<String, Bytes>,
    pinned: String,
    /// The scopes its token was granted, where the token endpoint said so.
    granted: Option<String>,
}

impl Answer {
    /// Reads what stands at `path` within `data` by `read`; none where a member on the way is null or missing.
    ///
    /// One pass over all of it, which is the first that a page of records gets.
    pub(super) fn walk<T>(
        &mut self,
        path: &[&str],
        mut read: impl FnMut(&mut Walk<'_>) -> serde_json::Result<T>,
    ) -> serde_json::Result<Option<T>> {
        let Some((root, path)) = path.split_first() else { return Ok(None) };
        let (mut found, others) = (None, &mut self.others);
        let mut member = |walk: &mut Walk<'_>, name: &str| {
            if name == *root {
                return descend(walk, path, &mut |walk| {
                    found = Some(read(walk)?);
                    Ok(())
                });
            }
            others.insert(name.to_owned(), walk.document()?);
            Ok(())
        };
        Walk::whole(&self.data, |walk| walk.object(&mut member))?;
        Ok(found)
    }

    /// Decodes what stands at `path`.
    pub(super) fn read<T: DeserializeOwned>(&mut self, path: &[&str]) -> Result<Option<T>> {
        self.walk(path, |walk| walk.read()).map_err(|error| self.misshapen(error))
    }

    /// The vendor's time of this answer.
    pub(super) fn date(&self) -> Option<DateTime<Utc>> {
        self.response.date()
    }

    /// API version and access scopes in force when this answer was made: as the answer itself says, else as the
    /// token endpoint said.
    pub(super) fn scope(&mut self) -> Result<ReadScope> {
        #[derive(Deserialize)]
        struct AccessScope {
            handle: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Installation {
            access_scopes: Option<Vec<AccessScope>>,
        }
        let told = match self.others.get(INSTALLATION) {
            Some(passed) => serde_json::from_slice(passed).map_err(|error| self.misshapen(error))?,
            None => self.read::<Installation>(&[INSTALLATION])?,
        };
        let told = told.and_then(|installation: Installation| installation.access_scopes);
        let mut scopes: Vec<String> = match told {
            Some(scopes) => scopes.into_iter().map(|scope| scope.handle).collect(),
            None => self
                .granted
                .iter()
                .flat_map(|list| list.split(','))
                .map(|name| name.trim().to_owned())
                .collect(),
        };
        scopes.sort_unstable();
        // A proxy that takes the header away says nothing about the version.
        let served = self.response.header("x-shopify-api-version").unwrap_or(&self.pinned).to_owned();
        Ok(ReadScope { pinned: self.pinned.clone(), served, scopes })
    }

    /// An `InvalidResponse` about this answer. It is permanent: the body arrived whole and is not what it should be.
    pub(super) fn invalid(&self, message: &'static str) -> Error {
        self.response.invalid(message).permanent()
    }

    /// What is whole JSON but another shape stays so; what is not even that was damaged on its way.
    pub(super) fn misshapen(&self, error: serde_json::Error) -> Error {
        match error.classify() {
            Category::Data => self.invalid("the answer has another shape than asked for"),
            _ => self.response.invalid("the answer is not whole JSON"),
        }
        .source(error)
    }
}

/// Reads what stands at `path` within `object` by `read`; none where a member on the way is null or missing.
pub(super) fn within<T>(
    object: &Bytes,
    path: &[&str],
    mut read: impl FnMut(&mut Walk<'_>) -> serde_json::Result<T>,
) -> serde_json::Result<Option<T>> {
    let mut found = None;
    let mut keep = |walk: &mut Walk<'_>| {
        found = Some(read(walk)?);
        Ok(())
    };
    Walk::whole(object, |walk| descend(walk, path, &mut keep))?;
    Ok(found)
}

/// Leads `walk` down `path`, where `read` takes the value; nothing is read where a member on the way is null.
fn descend(
    walk: &mut Walk<'_>,
    path: &[&str],
    read: &mut dyn FnMut(&mut Walk<'_>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    if walk.take_null() {
        return Ok(());
    }
    match path.split_first() {
        None => read(walk),
        Some((member, rest)) => walk.object(|walk, name| match name == *member {
            true => descend(walk, rest, read),
            false => Ok(()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::ReadyToken;

    #[test]
    fn an_export_is_fetched_from_shopifys_storage_only() {
        let tokens = || AccessTokens::new(ReadyToken("t".into()));
        let client = Client::new("https://acme.myshopify.com", "2026-07".into(), tokens());
        for address in [
            "https://storage.googleapis.com/shopify-tiers-assets-prod-us-east1/x?Signature=y",
            "https://acme.myshopify.com/x",
        ] {
            assert!(client.trusted(address).is_ok(), "{address}");
        }
        for address in [
            "http://storage.googleapis.com/x",
            "https://storage.googleapis.com:8443/x",
            "https://storage.googleapis.com.evil.example/x",
            "https://storage.googleapis.com@evil.example/x",
            "https://evil.example/storage.googleapis.com",
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/x",
            "file:///etc/passwd",
            "http://acme.myshopify.com/x",
            "/x",
            "",
        ] {
            let error = client.trusted(address).expect_err(address);
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            assert!(!format!("{error:?}").contains("Signature"));
        }
        let loopback = Client::new("http://127.0.0.1:8080", "2026-07".into(), tokens());
        assert!(loopback.trusted("http://127.0.0.1:8080/x").is_ok());
        assert!(loopback.trusted("http://127.0.0.1:8081/x").is_err(), "another port is another service");
    }
}
