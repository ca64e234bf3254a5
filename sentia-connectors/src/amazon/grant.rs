//! Login with Amazon: a refresh token that stays what it is, and access tokens that last an hour.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result};
use serde::Deserialize;

use super::error::token_endpoint;
use crate::token::{AccessToken, Grant};

/// Used where an answer does not say.
const USUAL_LIFETIME: Duration = Duration::from_secs(3600);

/// An expired token is refused with 403, and waves of such refusals have met every seller at once; so a token is
/// replaced after this part of its life.
const USED_PART: f64 = 0.8;

/// Obtains access tokens for the seller who authorised the application.
///
/// The refresh token does not rotate, so nothing has to be kept.
pub(super) struct RefreshToken {
    endpoint: String,
    client_id: String,
    client_secret: SecretString,
    refresh_token: SecretString,
}

impl RefreshToken {
    /// Asks the token host at `base`.
    pub(super) fn new(
        base: &str,
        client_id: String,
        client_secret: SecretString,
        refresh_token: SecretString,
    ) -> Self {
        let endpoint = format!("{}/auth/o2/token", base.trim_end_matches('/'));
        RefreshToken { endpoint, client_id, client_secret, refresh_token }
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[async_trait]
impl Grant for RefreshToken {
    async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.refresh_token.expose_secret()),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        let named = |error: Error| error.operation("amazon.token");
        // A second token takes nothing from the first, so the request may be repeated.
        let request = cx.http().post(&self.endpoint).header("accept", "application/json").form(&fields);
        let response = request.repeatable().classify(token_endpoint).send().await.map_err(named)?;
        // The body holds the token: it must not become an error's context.
        let granted: Granted = serde_json::from_slice(&response.body).map_err(|_| {
            let message = "the token endpoint's answer holds no token";
            named(Error::new(ErrorKind::InvalidResponse, message).temporary())
        })?;
        let lifetime = granted.expires_in.map_or(USUAL_LIFETIME, Duration::from_secs);
        Ok(AccessToken::lasting(granted.access_token).expiring(cx, lifetime.mul_f64(USED_PART)))
    }
}
