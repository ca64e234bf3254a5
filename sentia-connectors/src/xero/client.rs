//! Requests, the bearer token, the tenant header and the envelope; knows HTTP, knows nothing of records.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use sentia_core::{Context, Decoded, Error, ErrorKind, Result, decode::Walk, transport::Response};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::{envelope::Envelope, error::accounting};
use crate::token::{AccessToken, AccessTokens};

/// The page size that Xero falls back to when it does not take ours.
const FALLBACK_PAGE_SIZE: usize = 100;

/// One list of the Accounting API.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    /// Its path below `/api.xro/2.0/`, with the parameters that every read of it carries.
    pub(super) path: Cow<'static, str>,
    /// The member of the envelope that holds the records.
    pub(super) array: &'static str,
    /// How Xero pages it.
    pub(super) paged: Paged,
}

/// How Xero pages a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paged {
    /// Not at all. Such a list ignores `page`, so a reader that asked for more would never come to an end.
    Whole,
    /// In pages of up to 1000.
    Sized,
    /// In pages of 100, whatever is asked.
    Hundreds,
}

/// Which part of a list to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Only what changed since then.
    pub(super) since: Option<DateTime<Utc>>,
    /// The page, from 1.
    pub(super) page: u64,
    /// How many records a page should hold.
    pub(super) size: u32,
}

/// What Xero answered to one request for a list.
#[derive(Debug)]
pub(super) struct Answer {
    response: Response,
    /// The tenant and scopes in force.
    pub(super) read_scope: String,
}

/// An answer that is the part of the list asked for.
#[derive(Debug)]
pub(super) struct Listing {
    /// The records.
    pub(super) records: Decoded,
    /// The page that follows.
    pub(super) next: Option<u64>,
    /// How many records the window holds, where Xero says so.
    pub(super) declared: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Connection {
    tenant_id: String,
    #[serde(default)]
    tenant_name: Option<String>,
    #[serde(default)]
    tenant_type: Option<String>,
}

/// An organisation that the credentials reach.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tenant {
    /// What to set as `tenant_id`.
    pub id: String,
    /// The organisation's name; empty where Xero does not say.
    pub name: String,
}

/// The way to one organisation.
#[derive(Debug)]
pub(super) struct Client {
    base: String,
    tokens: AccessTokens,
    configured_tenant: Option<String>,
    discovered_tenant: OnceCell<String>,
}

impl Client {
    /// A client of the API at `base`, for `tenant` or for the only one that the token reaches.
    pub(super) fn new(base: &str, tokens: AccessTokens, tenant: Option<String>) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Client { base, tokens, configured_tenant: tenant, discovered_tenant: OnceCell::new() }
    }

    /// Reads one page of `endpoint`, or all of one that is not paged.
    pub(super) async fn read(&self, cx: &Context, endpoint: &Endpoint, part: Part) -> Result<Answer> {
        let tenant = self.tenant(cx).await?;
        let request = |token: &SecretString| {
            let since = part.since.map(|at| at.format("%Y-%m-%dT%H:%M:%SZ"));
            let mut get = cx
                .http()
                .get(format!("{}/api.xro/2.0/{}", self.base, endpoint.path))
                .secret_header("authorization", "Bearer ", token)
                .header("xero-tenant-id", tenant)
                .header("accept", "application/json");
            if endpoint.paged != Paged::Whole {
                get = get.query("page", part.page);
            }
            if endpoint.paged == Paged::Sized {
                get = get.query("pageSize", part.size);
            }
            match since {
                Some(since) => get.header("if-modified-since", since),
                None => get,
            }
        };
        let named = |error: Error| match error.kind() {
            ErrorKind::PermissionDenied => error.context("tenant", tenant),
            _ => error,
        };
        let (response, token) = self.authorized(cx, request).await.map_err(named)?;
        Ok(Answer { response, read_scope: format!("tenant {tenant}; scopes {}", scopes(&token)) })
    }

    /// Sends a request with the current token; refused once, it is sent once more with a renewed one.
    async fn authorized(
        &self,
        cx: &Context,
        request: impl Fn(&SecretString) -> sentia_core::transport::RequestBuilder,
    ) -> Result<(Response, AccessToken)> {
        let token = self.tokens.current(cx).await?;
        match request(&token.secret).classify(accounting).send().await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                let token = self.tokens.renew(cx, &token.secret).await?;
                Ok((request(&token.secret).classify(accounting).send().await?, token))
            }
            outcome => Ok((outcome?, token)),
        }
    }

    async fn tenant(&self, cx: &Context) -> Result<&str> {
        match &self.configured_tenant {
            Some(tenant) => Ok(tenant),
            None => Ok(self.discovered_tenant.get_or_try_init(|| self.discover(cx)).await?),
        }
    }

    /// Asks which organisations the token reaches.
    pub(super) async fn tenants(&self, cx: &Context) -> Result<Vec<Tenant>> {
        let request = |token: &SecretString| {
            cx.http()
                .get(format!("{}/connections", self.base))
                .secret_header("authorization", "Bearer ", token)
                .header("accept", "application/json")
        };
        let (response, _) = self.authorized(cx, request).await?;
        let is_organisation = |known: &Connection| {
            known.tenant_type.as_deref().is_none_or(|kind| kind.eq_ignore_ascii_case("organisation"))
        };
        let connections = response.json::<Vec<Connection>>()?.into_iter().filter(is_organisation);
        let tenant =
            |known: Connection| Tenant { id: known.tenant_id, name: known.tenant_name.unwrap_or_default() };
        Ok(connections.map(tenant).collect())
    }

    /// The only organisation. Among several the user chooses, because a wrong one reads another company's books
    /// without an error.
    async fn discover(&self, cx: &Context) -> Result<String> {
        let tenants = self.tenants(cx).await?;
        match tenants.as_slice() {
            [only] => Ok(only.id.clone()),
            [] => {
                let message = "the credentials reach no organisation; connect one in Xero";
                Err(Error::new(ErrorKind::PermissionDenied, message))
            }
            several => {
                let named = |tenant: &Tenant| format!("{} ({})", tenant.id, tenant.name);
                let message = "the credentials reach several organisations; set tenant_id to one of them";
                Err(Error::new(ErrorKind::ConfigInvalid, message)
                    .context("tenants", several.iter().map(named).collect::<Vec<_>>().join(", ")))
            }
        }
    }
}

/// The scopes granted, in a stable order.
fn scopes(token: &AccessToken) -> String {
    let mut scopes: Vec<_> = token.scope.as_deref().unwrap_or("not stated").split_whitespace().collect();
    if token.scope.is_some() {
        scopes.sort_unstable();
        scopes.dedup();
    }
    scopes.join(" ")
}

impl Answer {
    /// Opens the envelope: the records, which `decode` takes from their list, and what it says about pages.
    pub(super) fn open(
        &self,
        endpoint: &Endpoint,
        part: Part,
        decode: impl FnMut(&mut Walk<'_>) -> serde_json::Result<Decoded>,
    ) -> Result<Listing> {
        let refused = |message| self.response.invalid(message).context("array", endpoint.array);
        let Envelope { records, pagination } = Envelope::read(&self.response.body, endpoint.array, decode)
            .map_err(|e| refused("the answer is not an envelope with a list").source(e))?;
        let records = records.ok_or_else(|| refused("the answer does not hold the list asked for"))?;
        if endpoint.paged == Paged::Whole {
            return Ok(Listing { records, next: None, declared: None });
        }
        let asked = i64::try_from(part.page).unwrap_or(i64::MAX);
        if let Some(page) = pagination.page.get().filter(|page| *page != asked) {
            let repeated = "xero answered with another page than the one asked for";
            return Err(refused(repeated).context("asked", asked).context("answered", page));
        }
        let goes_on = match pagination.page_count.get() {
            Some(count) => asked < count,
            None => is_full(records.records.len() + records.rejected.len(), part.size),
        };
        let declared = pagination.item_count.get().and_then(|count| u64::try_from(count).ok());
        Ok(Listing { records, next: goes_on.then(|| part.page + 1), declared })
    }
}

/// Whether more may follow a page of so many records where Xero does not count its pages. A page of exactly 100 is
/// full as well: that is what Xero gives when it does not take our `pageSize`, and taking it for a short page would
/// end the read early.
fn is_full(records: usize, size: u32) -> bool {
    records >= size as usize || records == FALLBACK_PAGE_SIZE
}
