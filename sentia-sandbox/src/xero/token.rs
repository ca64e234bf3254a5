//! The token endpoint: client credentials, and refresh tokens that rotate with 30 minutes of grace.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, header};
use serde_json::json;

use crate::reply::Reply;
use crate::rng::Rng;

const ACCESS_LIFE: TimeDelta = TimeDelta::minutes(30);
const GRACE: TimeDelta = TimeDelta::minutes(30);
const UNUSED_LIFE: TimeDelta = TimeDelta::days(60);

/// Scopes the app may ask for: the old names, the granular ones, and the identity ones.
pub(crate) const SCOPES: [&str; 22] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "accounting.transactions",
    "accounting.transactions.read",
    "accounting.invoices",
    "accounting.invoices.read",
    "accounting.payments",
    "accounting.payments.read",
    "accounting.banktransactions",
    "accounting.banktransactions.read",
    "accounting.manualjournals.read",
    "accounting.settings",
    "accounting.settings.read",
    "accounting.contacts",
    "accounting.contacts.read",
    "accounting.budgets.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.trialbalance.read",
    "accounting.reports.aged.read",
];

/// What the app was given at registration.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

#[derive(Debug)]
struct Refresh {
    issued_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    scope: String,
}

#[derive(Debug)]
struct Access {
    expires_at: DateTime<Utc>,
    scope: String,
}

/// All tokens that are out.
#[derive(Debug)]
pub(crate) struct TokenDesk {
    client: Client,
    rng: Rng,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
}

impl TokenDesk {
    pub(crate) fn new(client: Client, rng: Rng) -> Self {
        Self { client, rng, access: HashMap::new(), refresh: HashMap::new() }
    }

    /// The refresh token that a finished consent would have given.
    pub(crate) fn consent(&mut self, now: DateTime<Utc>) -> String {
        self.issue_refresh(now, SCOPES.join(" "))
    }

    /// The scopes of a token that is good now.
    pub(crate) fn scopes_of(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<&str> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let access = self.access.get(value.strip_prefix("Bearer ")?)?;
        (access.expires_at > now).then_some(access.scope.as_str())
    }

    /// Ends all access tokens at once.
    pub(crate) fn revoke_access(&mut self) {
        self.access.clear();
    }

    /// Ends all refresh tokens at once, as a user does who disconnects the app.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }

    /// Answers `POST /connect/token`.
    pub(crate) fn answer(
        &mut self,
        headers: &HeaderMap,
        form: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Reply {
        if !self.authenticates(headers) {
            return refusal("invalid_client");
        }
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => self.client_credentials(form, now),
            Some("refresh_token") => self.rotate(form, now),
            _ => refusal("unsupported_grant_type"),
        }
    }

    fn authenticates(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let decoded = value.and_then(|v| v.strip_prefix("Basic ")).and_then(|v| STANDARD.decode(v).ok());
        decoded.is_some_and(|pair| pair == format!("{}:{}", self.client.id, self.client.secret).as_bytes())
    }

    fn client_credentials(&mut self, form: &BTreeMap<String, String>, now: DateTime<Utc>) -> Reply {
        let asked = form.get("scope").map_or("", String::as_str);
        if asked.split_whitespace().any(|scope| !SCOPES.contains(&scope)) {
            return refusal("invalid_scope");
        }
        let scope = if asked.is_empty() { SCOPES.join(" ") } else { asked.to_owned() };
        let token = self.issue_access(now, &scope);
        Reply::json(
            200,
            json!({"access_token": token, "expires_in": 1800, "token_type": "Bearer", "scope": scope})
                .to_string(),
        )
    }

    fn rotate(&mut self, form: &BTreeMap<String, String>, now: DateTime<Utc>) -> Reply {
        let Some(known) = form.get("refresh_token").and_then(|token| self.refresh.get_mut(token)) else {
            return refusal("invalid_grant");
        };
        let alive = match known.used_at {
            Some(used_at) => now - used_at <= GRACE,
            None => now - known.issued_at <= UNUSED_LIFE,
        };
        if !alive {
            return refusal("invalid_grant");
        }
        known.used_at.get_or_insert(now);
        let scope = known.scope.clone();
        let access = self.issue_access(now, &scope);
        let refresh = self.issue_refresh(now, scope.clone());
        let body = json!({
            "access_token": access, "expires_in": 1800, "token_type": "Bearer", "refresh_token": refresh, "scope": scope,
        });
        Reply::json(200, body.to_string())
    }

    fn issue_access(&mut self, now: DateTime<Utc>, scope: &str) -> String {
        let expires_at = now + ACCESS_LIFE;
        let claims = json!({
            "nbf": now.timestamp(), "exp": expires_at.timestamp(), "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources", "client_id": self.client.id,
            "jti": self.rng.guid().simple().to_string(), "scope": scope.split(' ').collect::<Vec<_>>(),
        });
        // Looks like a JWT as the real ones do; nobody but the twin reads it, so the signature is filler.
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signature = format!("{}{}", self.rng.guid().simple(), self.rng.guid().simple());
        let head = encode(r#"{"alg":"RS256","kid":"1CAF8E66772D6DC028D6726FD0261581570EFC19","typ":"JWT"}"#);
        let token = format!("{head}.{}.{}", encode(&claims.to_string()), encode(&signature));
        self.access.insert(token.clone(), Access { expires_at, scope: scope.to_owned() });
        token
    }

    fn issue_refresh(&mut self, now: DateTime<Utc>, scope: String) -> String {
        let token = URL_SAFE_NO_PAD.encode(format!("{}{}", self.rng.guid(), self.rng.guid()));
        self.refresh.insert(token.clone(), Refresh { issued_at: now, used_at: None, scope });
        token
    }
}

/// A refusal in the form of RFC 6749.
pub(crate) fn refusal(error: &str) -> Reply {
    Reply::json(400, json!({"error": error}).to_string())
}
