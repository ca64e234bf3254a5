//! The client credentials grant of a Dev Dashboard app.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result};
use serde::Deserialize;

use super::error::classify_grant;
use crate::token::{AccessToken, Grant};

/// Shopify's tokens last a day; used where an answer does not say.
const USUAL_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Mints an access token with the app's own credentials. There is no refresh token: it asks again.
pub(super) struct ClientCredentials {
    endpoint: String,
    client_id: String,
    client_secret: SecretString,
}

impl ClientCredentials {
    pub(super) fn new(base: &str, client_id: String, client_secret: SecretString) -> Self {
        ClientCredentials { endpoint: format!("{base}/admin/oauth/access_token"), client_id, client_secret }
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    scope: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[async_trait]
impl Grant for ClientCredentials {
    async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        // Minting a second token takes nothing from the first, so the request may be repeated.
        let request =
            cx.http().post(&self.endpoint).header("accept", "application/json").form(&fields).repeatable();
        let named = |error: Error| error.operation("shopify.token");
        let response = request.classify(classify_grant).send().await.map_err(named)?;
        // The body holds the token: it must not become an error's context.
        let granted: Granted = serde_json::from_slice(&response.body).map_err(|_| {
            named(
                Error::new(ErrorKind::InvalidResponse, "the token endpoint's answer holds no token")
                    .temporary(),
            )
        })?;
        let lifetime = granted.expires_in.map_or(USUAL_LIFETIME, Duration::from_secs);
        Ok(AccessToken::lasting(granted.access_token).expiring(cx, lifetime).scoped(granted.scope))
    }
}
