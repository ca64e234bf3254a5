//! Requests, the access token and the addresses; knows HTTP, knows nothing of records.

use std::time::Duration;

use secrecy::SecretString;
use sentia_core::{
    Context, Error, ErrorKind, Result,
    transport::{RequestBuilder, Response},
};
use serde::Serialize;
use url::Url;

use super::{
    config::{DocumentAccess, Personal},
    error::{expired, storage},
    operation::Operation,
    restricted,
};
use crate::token::AccessTokens;

/// Amazon asks applications to name themselves in the form `name/version (Language=...)`.
const USER_AGENT: &str = concat!("Sentia/", env!("CARGO_PKG_VERSION"), " (Language=Rust)");

/// What of a seller's account is read.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Ids of the marketplaces.
    pub(super) marketplaces: Vec<String>,
    /// The merchant token.
    pub(super) seller_id: Option<String>,
    /// Personal data to ask for.
    pub(super) personal: Vec<Personal>,
    /// Which token opens the documents of reports.
    pub(super) documents: DocumentAccess,
    /// How far back a first read begins.
    pub(super) history: Duration,
}

/// The parameters of a request. Lists are joined by commas, never repeated.
pub(super) type Query = Vec<(&'static str, String)>;

/// The way to one account.
#[derive(Debug)]
pub(super) struct Client {
    base: Url,
    tokens: AccessTokens,
    /// What is read.
    pub(super) account: Account,
}

impl Client {
    /// A client of the API at `base`.
    pub(super) fn new(base: Url, tokens: AccessTokens, account: Account) -> Self {
        Client { base, tokens, account }
    }

    /// Reads what stands at `path`.
    pub(super) async fn get(
        &self,
        cx: &Context,
        operation: &'static Operation,
        path: &str,
        query: &Query,
    ) -> Result<Response> {
        let url = self.url(path);
        let request = || query.iter().fold(cx.http().get(&url), |get, (name, value)| get.query(name, value));
        self.authorized(cx, operation, request).await
    }

    /// Reads a page: a request whose token Amazon no longer takes is `PositionExpired`.
    pub(super) async fn page(
        &self,
        cx: &Context,
        operation: &'static Operation,
        path: &str,
        mut query: Query,
        token: (&'static str, Option<&str>),
    ) -> Result<Response> {
        let (name, token) = token;
        query.extend(token.map(|token| (name, token.to_owned())));
        self.get(cx, operation, path, &query).await.map_err(|error| expired(error, token))
    }

    /// Reads where a report's document is, with the token that the account opens documents with.
    pub(super) async fn document(
        &self,
        cx: &Context,
        operation: &'static Operation,
        path: &str,
    ) -> Result<Response> {
        match self.account.documents {
            DocumentAccess::Seller => self.get(cx, operation, path, &Query::new()).await,
            DocumentAccess::Restricted => {
                // The token is for this path alone and dropped behind the request: nothing is left to leak or renew.
                let token = restricted::token(self, cx, path).await?;
                dressed(cx, operation, cx.http().get(self.url(path)), &token).send().await
            }
        }
    }

    /// Sends a body. It may take effect only once, so it is not repeated.
    pub(super) async fn post(
        &self,
        cx: &Context,
        operation: &'static Operation,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Response> {
        let url = self.url(path);
        self.authorized(cx, operation, || cx.http().post(&url).json(body)).await
    }

    /// Asks for something that a second request would only give once more, as [`post`](Self::post).
    pub(super) async fn ask(
        &self,
        cx: &Context,
        operation: &'static Operation,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Response> {
        let url = self.url(path);
        self.authorized(cx, operation, || cx.http().post(&url).json(body).repeatable()).await
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_str().trim_end_matches('/'))
    }

    /// Sends a request with the current token; refused once, it is sent once more with a renewed one.
    async fn authorized(
        &self,
        cx: &Context,
        operation: &'static Operation,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Response> {
        let token = self.tokens.current(cx).await?;
        match dressed(cx, operation, request(), &token.secret).send().await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                let token = self.tokens.renew(cx, &token.secret).await?;
                dressed(cx, operation, request(), &token.secret).send().await
            }
            outcome => outcome,
        }
    }

    /// Downloads what `link` leads to into the spool. The link is signed: neither the token nor any other header goes
    /// with it.
    pub(super) async fn download(&self, cx: &Context, link: &str, name: &str) -> Result<Response> {
        let url = self.trusted(link)?;
        cx.http().get(url.as_str()).classify(storage).spool_to(cx.spool(), name).send().await
    }

    /// A link is followed to the configured address or to Amazon's storage, and nowhere else: an answer must not make
    /// this process ask its own network.
    fn trusted(&self, link: &str) -> Result<Url> {
        let refused = |message: &'static str| Error::new(ErrorKind::InvalidResponse, message);
        let url = Url::parse(link).map_err(|_| refused("amazon's link to the report is not a URL"))?;
        let host = url.host_str().unwrap_or_default();
        if url.origin() == self.base.origin() || (url.scheme() == "https" && is_storage(host)) {
            return Ok(url);
        }
        let message = "amazon's link to the report leads to a host that is not on the list of its storage";
        Err(refused(message).context("host", host))
    }
}

/// A request with its token, Amazon's usual headers, and its operation's bucket and error table.
fn dressed(
    cx: &Context,
    operation: &'static Operation,
    request: RequestBuilder,
    token: &SecretString,
) -> RequestBuilder {
    request
        .secret_header("x-amz-access-token", "", token)
        .header("x-amz-date", cx.clock().now().format("%Y%m%dT%H%M%SZ"))
        .header("user-agent", USER_AGENT)
        .header("accept", "application/json")
        .operation(operation.name)
        .classify(operation.classify)
}

/// Buckets of Amazon S3 in any region, and the content delivery network that older documents come from.
fn is_storage(host: &str) -> bool {
    let bucket = |rest: &str| {
        let mut labels = rest.split('.').skip(1);
        labels.next().is_some_and(|label| label == "s3" || label.starts_with("s3-"))
    };
    host.strip_suffix(".amazonaws.com").is_some_and(bucket) || host.ends_with(".cloudfront.net")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_storage_is_storage() {
        for host in [
            "tortuga-prod-na.s3-external-1.amazonaws.com",
            "tortuga-prod-eu.s3-eu-west-1.amazonaws.com",
            "tortuga-prod-na.s3.amazonaws.com",
            "tortuga-prod-eu.s3.eu-west-1.amazonaws.com",
            "d34o8swod1owfl.cloudfront.net",
        ] {
            assert!(is_storage(host), "{host}");
        }
        for host in [
            "169.254.169.254",
            "localhost",
            "amazonaws.com",
            "s3.amazonaws.com.evil.example",
            "evil-s3.amazonaws.com.example",
            "ec2-1-2-3-4.compute-1.amazonaws.com",
            "internal.elb.amazonaws.com",
            "cloudfront.net",
            "",
        ] {
            assert!(!is_storage(host), "{host}");
        }
    }
}
