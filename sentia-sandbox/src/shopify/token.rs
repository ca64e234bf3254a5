//! Access tokens: the fixed one of an old custom app, and those minted by the client credentials grant.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use serde_json::json;

use crate::reply::Reply;
use crate::rng::Rng;

#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    pub(crate) access_token: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

impl Credentials {
    pub(crate) fn new(rng: &mut Rng) -> Self {
        let mut hex = || rng.guid().simple().to_string();
        Self {
            access_token: format!("shpat_{}", hex()),
            client_id: hex(),
            client_secret: format!("shpss_{}", hex()),
        }
    }
}

#[derive(Debug)]
pub(crate) struct TokenDesk {
    credentials: Credentials,
    rng: Rng,
    minted: HashMap<String, DateTime<Utc>>,
    fixed_revoked: bool,
}

impl TokenDesk {
    pub(crate) fn new(credentials: Credentials, rng: Rng) -> Self {
        Self { credentials, rng, minted: HashMap::new(), fixed_revoked: false }
    }

    /// Whether the request carries a token that is good now. `Authorization: Bearer` does not count.
    pub(crate) fn admits(&self, headers: &HeaderMap, now: DateTime<Utc>) -> bool {
        let Some(token) = headers.get("x-shopify-access-token").and_then(|value| value.to_str().ok()) else {
            return false;
        };
        let fixed = token == self.credentials.access_token && !self.fixed_revoked;
        fixed || self.minted.get(token).is_some_and(|expires_at| *expires_at > now)
    }

    pub(crate) fn client_secret(&self) -> &str {
        &self.credentials.client_secret
    }

    pub(crate) fn expire_minted(&mut self) {
        self.minted.clear();
    }

    pub(crate) fn revoke_fixed(&mut self) {
        self.fixed_revoked = true;
    }

    /// Answers `POST /admin/oauth/access_token`.
    pub(crate) fn answer(
        &mut self,
        form: &BTreeMap<String, String>,
        scopes: &[String],
        now: DateTime<Utc>,
    ) -> Reply {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if field("grant_type") != "client_credentials" {
            return refusal(400, "unsupported_grant_type");
        }
        let right = field("client_id") == self.credentials.client_id
            && field("client_secret") == self.credentials.client_secret;
        if !right {
            // The sources say 400 or 401 for a wrong secret; this is the one that RFC 6749 has.
            return refusal(401, "invalid_client");
        }
        let token = format!("shpat_{}", self.rng.guid().simple());
        self.minted.insert(token.clone(), now + TimeDelta::seconds(86_399));
        let body = json!({"access_token": token, "scope": scopes.join(","), "expires_in": 86_399});
        Reply::json(200, body.to_string())
    }
}

pub(crate) fn refusal(status: u16, error: &str) -> Reply {
    Reply::json(status, json!({"error": error}).to_string())
}
