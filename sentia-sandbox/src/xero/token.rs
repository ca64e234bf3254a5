//! The token endpoint: client credentials, authorization codes, and refresh tokens that rotate with 30 minutes of grace.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, header};
use serde_json::json;
use uuid::Uuid;

use super::consent::CodeDesk;
use super::scope;
use super::switches::{XeroGrace, XeroSwitches};
use crate::reply::Reply;
use crate::rng::Rng;

const ACCESS_LIFE: TimeDelta = TimeDelta::minutes(30);
const GRACE: TimeDelta = TimeDelta::minutes(30);
const UNUSED_LIFE: TimeDelta = TimeDelta::days(60);

/// What an app was given at registration.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// None for a public client, which proves itself by PKCE.
    pub(crate) secret: Option<String>,
}

/// What a token was given for.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) scope: String,
    /// The consent it stems from; none for a custom connection.
    pub(crate) consent: Option<Uuid>,
}

#[derive(Debug)]
struct Refresh {
    issued_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    grant: Grant,
    /// The pair of its first use.
    successor: Option<(String, String)>,
}

impl Refresh {
    fn is_alive(&self, switches: XeroSwitches, now: DateTime<Utc>) -> bool {
        match self.used_at {
            Some(used_at) => switches.grace != XeroGrace::None && now - used_at <= GRACE,
            None => now - self.issued_at <= UNUSED_LIFE,
        }
    }
}

#[derive(Debug)]
struct Access {
    expires_at: DateTime<Utc>,
    grant: Grant,
}

/// All tokens that are out.
#[derive(Debug)]
pub(crate) struct TokenDesk {
    clients: Vec<Client>,
    rng: Rng,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    newest_refresh: Option<String>,
    pub(crate) codes: CodeDesk,
}

impl TokenDesk {
    pub(crate) fn new(clients: Vec<Client>, rng: Rng) -> Self {
        let codes = CodeDesk::new(rng.fork(9));
        Self { clients, rng, access: HashMap::new(), refresh: HashMap::new(), newest_refresh: None, codes }
    }

    pub(crate) fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    /// The refresh token that a finished consent would have given.
    pub(crate) fn consent(&mut self, client_id: &str, scope: String, now: DateTime<Utc>) -> String {
        let consent = Some(self.rng.guid());
        self.issue_refresh(now, Grant { client_id: client_id.to_owned(), scope, consent })
    }

    /// An access token of these scopes, as the code flow gives it.
    pub(crate) fn access(&mut self, client_id: &str, scope: &str, now: DateTime<Utc>) -> String {
        let consent = Some(self.rng.guid());
        self.issue_access(now, &Grant { client_id: client_id.to_owned(), scope: scope.to_owned(), consent })
    }

    /// What a token that is good now was given for.
    pub(crate) fn grant_of(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Option<&Grant> {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let access = self.access.get(value.strip_prefix("Bearer ")?)?;
        (access.expires_at > now).then_some(&access.grant)
    }

    /// Ends all access tokens at once.
    pub(crate) fn revoke_access(&mut self) {
        self.access.clear();
    }

    /// Ends all refresh tokens at once, as a user does who disconnects the app.
    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }

    /// The refresh token that was given out last, if a refresh with it would be answered now.
    pub(crate) fn newest_refresh(&self, switches: XeroSwitches, now: DateTime<Utc>) -> Option<&str> {
        let newest = self.newest_refresh.as_deref()?;
        self.refresh.get(newest).filter(|known| known.is_alive(switches, now)).map(|_| newest)
    }

    /// Lets the grace of a refresh token run out, whether or not it was used.
    pub(crate) fn end_grace(&mut self, token: &str, now: DateTime<Utc>) {
        if let Some(known) = self.refresh.get_mut(token) {
            known.used_at = Some(now - GRACE - TimeDelta::seconds(1));
        }
    }

    /// Answers `POST /connect/token`.
    pub(crate) fn answer(
        &mut self,
        headers: &HeaderMap,
        form: &BTreeMap<String, String>,
        switches: XeroSwitches,
        now: DateTime<Utc>,
    ) -> Reply {
        let Some(client) = self.authenticate(headers, form) else { return refusal("invalid_client") };
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => self.client_credentials(&client, form, switches, now),
            Some("authorization_code") => self.redeem(&client, form, now),
            Some("refresh_token") => self.rotate(&client, form, switches, now),
            _ => refusal("unsupported_grant_type"),
        }
    }

    /// Answers `POST /connect/revocation`: 200 for any token, known or not. True when a consent ended by it.
    pub(crate) fn revoke(
        &mut self,
        headers: &HeaderMap,
        form: &BTreeMap<String, String>,
    ) -> Result<bool, Reply> {
        let client = self.authenticate(headers, form).ok_or_else(|| refusal("invalid_client"))?;
        let Some(token) = form.get("token") else { return Err(refusal("invalid_request")) };
        let known = self.refresh.get(token).filter(|known| known.grant.client_id == client.id);
        let Some(consent) = known.map(|known| known.grant.consent) else { return Ok(false) };
        self.refresh.retain(|_, other| other.grant.consent != consent);
        Ok(true)
    }

    /// Basic credentials for an app with a secret; `client_id` in the body for one without.
    fn authenticate(&self, headers: &HeaderMap, form: &BTreeMap<String, String>) -> Option<Client> {
        let Some(value) = headers.get(header::AUTHORIZATION) else {
            let client = self.client(form.get("client_id")?)?;
            return client.secret.is_none().then(|| client.clone());
        };
        let decoded = STANDARD.decode(value.to_str().ok()?.strip_prefix("Basic ")?).ok()?;
        let (id, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
        self.client(id).filter(|client| client.secret.as_deref() == Some(secret)).cloned()
    }

    fn client_credentials(
        &mut self,
        client: &Client,
        form: &BTreeMap<String, String>,
        switches: XeroSwitches,
        now: DateTime<Utc>,
    ) -> Reply {
        if client.secret.is_none() {
            return refusal("unauthorized_client");
        }
        let asked = form.get("scope").map_or("", String::as_str);
        let scope = if asked.is_empty() {
            Some(scope::allowed(switches).join(" "))
        } else {
            scope::grant(asked, switches)
        };
        let Some(scope) = scope else { return refusal("invalid_scope") };
        let grant = Grant { client_id: client.id.clone(), scope, consent: None };
        let token = self.issue_access(now, &grant);
        Reply::json(
            200,
            json!({"access_token": token, "expires_in": 1800, "token_type": "Bearer", "scope": grant.scope})
                .to_string(),
        )
    }

    fn redeem(&mut self, client: &Client, form: &BTreeMap<String, String>, now: DateTime<Utc>) -> Reply {
        let Some(grant) = self.codes.redeem(&client.id, form, now) else { return refusal("invalid_grant") };
        let access = self.issue_access(now, &grant);
        let has = |scope: &str| grant.scope.split(' ').any(|known| known == scope);
        let mut body = json!({
            "access_token": access, "expires_in": 1800, "token_type": "Bearer", "scope": grant.scope,
        });
        if has("openid") {
            body["id_token"] = self.id_token(&grant, now).into();
        }
        if has("offline_access") {
            body["refresh_token"] = self.issue_refresh(now, grant.clone()).into();
        }
        Reply::json(200, body.to_string())
    }

    fn rotate(
        &mut self,
        client: &Client,
        form: &BTreeMap<String, String>,
        switches: XeroSwitches,
        now: DateTime<Utc>,
    ) -> Reply {
        let token = form.get("refresh_token").map(String::as_str).unwrap_or_default();
        let Some(known) = self.refresh.get_mut(token) else { return refusal("invalid_grant") };
        if !known.is_alive(switches, now) || known.grant.client_id != client.id {
            if switches.grace == XeroGrace::None {
                let consent = known.grant.consent;
                self.refresh.retain(|_, other| other.grant.consent != consent);
            }
            return refusal("invalid_grant");
        }
        known.used_at.get_or_insert(now);
        let (grant, successor) = (known.grant.clone(), known.successor.clone());
        let (access, refresh) = match successor.filter(|_| switches.grace == XeroGrace::SamePair) {
            Some(pair) => pair,
            None => (self.issue_access(now, &grant), self.issue_refresh(now, grant.clone())),
        };
        if let Some(known) = self.refresh.get_mut(token) {
            known.successor.get_or_insert((access.clone(), refresh.clone()));
        }
        let body = json!({
            "access_token": access, "expires_in": 1800, "token_type": "Bearer", "refresh_token": refresh,
            "scope": grant.scope,
        });
        Reply::json(200, body.to_string())
    }

    fn issue_access(&mut self, now: DateTime<Utc>, grant: &Grant) -> String {
        let expires_at = now + ACCESS_LIFE;
        let mut claims = json!({
            "nbf": now.timestamp(), "exp": expires_at.timestamp(), "iss": "https://identity.xero.com",
            "aud": "https://identity.xero.com/resources", "client_id": grant.client_id,
            "jti": self.rng.guid().simple().to_string(),
            "scope": grant.scope.split(' ').collect::<Vec<_>>(),
        });
        if let Some(consent) = grant.consent {
            claims["authentication_event_id"] = consent.to_string().into();
        }
        let token = self.jwt(&claims);
        self.access.insert(token.clone(), Access { expires_at, grant: grant.clone() });
        token
    }

    fn id_token(&mut self, grant: &Grant, now: DateTime<Utc>) -> String {
        let claims = json!({
            "nbf": now.timestamp(), "exp": (now + TimeDelta::minutes(5)).timestamp(),
            "iss": "https://identity.xero.com", "aud": grant.client_id, "iat": now.timestamp(),
            "sub": "db0275909fbd5d72b062aac390c92373", "auth_time": now.timestamp(),
            "email": "owner@hearthandgrain.example", "given_name": "Ada", "family_name": "Archer",
        });
        self.jwt(&claims)
    }

    /// Looks like a JWT as the real ones do; nobody but the twin reads it, so the signature is filler.
    fn jwt(&mut self, claims: &serde_json::Value) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signature = format!("{}{}", self.rng.guid().simple(), self.rng.guid().simple());
        let head = encode(r#"{"alg":"RS256","kid":"1CAF8E66772D6DC028D6726FD0261581570EFC19","typ":"JWT"}"#);
        format!("{head}.{}.{}", encode(&claims.to_string()), encode(&signature))
    }

    fn issue_refresh(&mut self, now: DateTime<Utc>, grant: Grant) -> String {
        let token = URL_SAFE_NO_PAD.encode(format!("{}{}", self.rng.guid(), self.rng.guid()));
        let fresh = Refresh { issued_at: now, used_at: None, grant, successor: None };
        self.refresh.insert(token.clone(), fresh);
        self.newest_refresh = Some(token.clone());
        token
    }
}

/// A refusal in the form of RFC 6749.
pub(crate) fn refusal(error: &str) -> Reply {
    Reply::json(400, json!({"error": error}).to_string())
}
