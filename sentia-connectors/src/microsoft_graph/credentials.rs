//! What Entra accepts as proof of who calls, and the token endpoint that turns it into an access token.

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result, transport::Response};
use serde::Deserialize;

use super::{assertion::Signer, error::token_endpoint};
use crate::{
    rotation::{TokenEndpoint, TokenSet},
    token::{AccessToken, Grant},
};

/// How long an access token lives where the answer does not say.
const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// A token is renewed five minutes before its end: one of them is kept by `AccessTokens` for every vendor.
const EARLIER: Duration = Duration::from_secs(4 * 60);

const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How the app proves that it is itself.
#[derive(Debug)]
pub(super) enum Proof {
    /// Not at all: a public client.
    None,
    /// By a secret made in Entra.
    Secret(SecretString),
    /// By a certificate's private key.
    Certificate(Signer),
}

/// The app in its tenant, and where it asks for tokens.
#[derive(Debug)]
pub(super) struct App {
    /// The tenant's token endpoint.
    pub(super) token_url: String,
    /// The endpoint's own name, which an assertion is made out to; another one behind a proxy.
    pub(super) audience: String,
    /// The app's id.
    pub(super) client_id: String,
    /// Its proof.
    pub(super) proof: Proof,
    /// What to ask for.
    pub(super) scope: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    refresh_token: Option<SecretString>,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    scope: Option<String>,
}

#[async_trait]
impl TokenEndpoint for App {
    /// Entra does not revoke a refresh token by its use.
    async fn grant(&self, cx: &Context, fields: &[(&str, &str)]) -> Result<TokenSet> {
        let common = [("client_id", self.client_id.as_str()), ("scope", self.scope.as_str())];
        let assertion;
        let proof = match &self.proof {
            Proof::None => Vec::new(),
            Proof::Secret(secret) => vec![("client_secret", secret.expose_secret())],
            Proof::Certificate(signer) => {
                assertion = signer.sign(&self.client_id, &self.audience, cx.clock().now())?;
                vec![("client_assertion_type", JWT_BEARER), ("client_assertion", assertion.expose_secret())]
            }
        };
        let response = cx
            .http()
            .post(&self.token_url)
            .header("accept", "application/json")
            .form(&[fields, &common, &proof].concat())
            .classify(token_endpoint)
            .repeatable()
            .send()
            .await?;
        granted(cx, &response)
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
    let lifetime = granted.expires_in.map_or(LIFETIME, Duration::from_secs);
    let lifetime = if lifetime > 2 * EARLIER { lifetime - EARLIER } else { lifetime };
    let access = AccessToken::lasting(granted.access_token).expiring(cx, lifetime).scoped(granted.scope);
    Ok(TokenSet { access, refresh: granted.refresh_token })
}

/// The app acts for itself: no user, no refresh token.
#[derive(Debug)]
pub(super) struct ClientCredentials(pub(super) App);

#[async_trait]
impl Grant for ClientCredentials {
    async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
        Ok(self.0.grant(cx, &[("grant_type", "client_credentials")]).await?.access)
    }
}
