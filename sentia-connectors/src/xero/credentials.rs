//! What Xero accepts as proof of who calls, and the token endpoint that turns it into an access token.

use std::time::Duration;

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{
    Context, Error, ErrorKind, Result,
    transport::{RequestBuilder, Response},
};
use serde::Deserialize;

use super::{error::token_endpoint, wire::Maybe};
use crate::{
    rotation::{TokenEndpoint, TokenSet},
    token::{AccessToken, Grant},
};

/// How long an access token lives where the answer does not say.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// The app at Xero, and where it is known.
#[derive(Debug, Clone)]
pub(super) struct App {
    /// The token endpoint.
    pub(super) token_url: String,
    /// The app's id.
    pub(super) client_id: String,
    /// Its secret; none for a public client (PKCE).
    pub(super) client_secret: Option<SecretString>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    refresh_token: Option<SecretString>,
    #[serde(default)]
    expires_in: Maybe<i64>,
    #[serde(default)]
    scope: Option<String>,
}

#[async_trait]
impl TokenEndpoint for App {
    /// Client credentials may be asked for again always, a refresh token for 30 minutes after its first use.
    async fn grant(&self, cx: &Context, fields: &[(&str, &str)]) -> Result<TokenSet> {
        granted(cx, &self.request(cx, fields).repeatable().send().await?)
    }
}

impl App {
    /// Asks the token endpoint for what it gives once.
    pub(super) async fn grant_once(&self, cx: &Context, fields: &[(&str, &str)]) -> Result<TokenSet> {
        granted(cx, &self.request(cx, fields).send().await?)
    }

    fn request(&self, cx: &Context, fields: &[(&str, &str)]) -> RequestBuilder {
        let post =
            cx.http().post(&self.token_url).header("accept", "application/json").classify(token_endpoint);
        match &self.client_secret {
            Some(secret) => {
                let pair = format!("{}:{}", self.client_id, secret.expose_secret());
                let basic = SecretString::from(BASE64_STANDARD.encode(pair));
                post.secret_header("authorization", "Basic ", &basic).form(fields)
            }
            None => post.form(&[fields, &[("client_id", self.client_id.as_str())]].concat()),
        }
    }
}

/// Reads a token set. What cannot be read is not quoted: it may hold a token.
fn granted(cx: &Context, response: &Response) -> Result<TokenSet> {
    let granted: Granted = serde_json::from_slice(&response.body).map_err(|error| {
        Error::new(ErrorKind::InvalidResponse, "the token endpoint's answer is not a token set")
            .temporary()
            .context("status", response.status.as_u16())
            .context("line", error.line())
            .context("column", error.column())
    })?;
    let lifetime = granted.expires_in.get().and_then(|seconds| u64::try_from(seconds).ok());
    let lifetime = lifetime.map_or(LIFETIME, Duration::from_secs);
    let access = AccessToken::lasting(granted.access_token).expiring(cx, lifetime).scoped(granted.scope);
    Ok(TokenSet { access, refresh: granted.refresh_token })
}

/// A custom connection: one organisation, client credentials, no refresh token.
#[derive(Debug)]
pub(super) struct ClientCredentials {
    /// The app.
    pub(super) app: App,
    /// What to ask for.
    pub(super) scopes: String,
}

#[async_trait]
impl Grant for ClientCredentials {
    async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
        let fields = [("grant_type", "client_credentials"), ("scope", &self.scopes)];
        // Xero refuses all scopes for one, and does not say which.
        let named = |error: Error| match error.kind() {
            ErrorKind::ConfigInvalid => error.context("scopes", &self.scopes),
            _ => error,
        };
        Ok(self.app.grant(cx, &fields).await.map_err(named)?.access)
    }
}
