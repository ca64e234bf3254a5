//! Login with Amazon: refresh tokens that stay, access tokens of an hour, and restricted data tokens.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::grant::Grant;
use super::refusal::Refusal;
use crate::reply::Reply;
use crate::rng::Rng;

const LIFE: TimeDelta = TimeDelta::seconds(3_600);
const OVERLAP: TimeDelta = TimeDelta::days(7);
const SCOPES: [&str; 2] =
    ["sellingpartnerapi::notifications", "sellingpartnerapi::client_credential:rotation"];

/// All tokens that are out.
#[derive(Debug)]
pub(crate) struct TokenDesk {
    pub(crate) client_id: String,
    secrets: Vec<(String, Option<DateTime<Utc>>)>,
    access: HashMap<String, (Grant, DateTime<Utc>)>,
    refresh: Vec<String>,
    rng: Rng,
}

impl TokenDesk {
    pub(crate) fn new(rng: Rng) -> Self {
        let mut desk =
            Self { client_id: String::new(), secrets: vec![], access: HashMap::new(), refresh: vec![], rng };
        desk.client_id = format!("amzn1.application-oa2-client.{}", desk.rng.guid().simple());
        let secret = desk.new_secret();
        desk.secrets.push((secret, None));
        desk
    }

    fn new_secret(&mut self) -> String {
        format!("amzn1.oa2-cs.v1.{}{}", self.rng.guid().simple(), self.rng.guid().simple())
    }

    /// The latest client secret.
    pub(crate) fn client_secret(&self) -> &str {
        self.secrets.last().map_or("", |(secret, _)| secret)
    }

    /// The seller authorises the application.
    pub(crate) fn authorize(&mut self) -> String {
        let token = format!("Atzr|IwEBI{}{}", self.rng.guid().simple(), self.rng.guid().simple());
        self.refresh.push(token.clone());
        token
    }

    /// A new client secret; the old one goes on for seven days.
    pub(crate) fn rotate_secret(&mut self, now: DateTime<Utc>) -> String {
        for (_, until) in &mut self.secrets {
            until.get_or_insert(now + OVERLAP);
        }
        let secret = self.new_secret();
        self.secrets.push((secret.clone(), None));
        secret
    }

    /// All client secrets are past their 180 days.
    pub(crate) fn expire_secrets(&mut self, now: DateTime<Utc>) {
        self.secrets.iter_mut().for_each(|(_, until)| *until = Some(now));
    }

    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }

    pub(crate) fn expire_access(&mut self, now: DateTime<Utc>) {
        self.access.values_mut().for_each(|(_, until)| *until = now);
    }

    /// What a token opens now.
    pub(crate) fn grant_of(&self, token: Option<&str>, now: DateTime<Utc>) -> Result<Grant, Refusal> {
        let Some(token) = token else {
            return Err(Refusal::denied("Access token is missing in the request header."));
        };
        match self.access.get(token) {
            None => Err(Refusal::bad_token()),
            Some((_, until)) if *until <= now => Err(Refusal::expired()),
            Some((grant, _)) => Ok(grant.clone()),
        }
    }

    /// Answers `POST /auth/o2/token`.
    pub(crate) fn answer(&mut self, form: &BTreeMap<String, String>, now: DateTime<Utc>) -> Reply {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let grant_type = field("grant_type");
        if grant_type.is_empty() {
            return refusal(
                400,
                "invalid_request",
                "The request is missing a required parameter : grant_type",
            );
        }
        for name in ["client_id", "client_secret"] {
            if field(name).is_empty() {
                let text = format!("The request is missing a required parameter : {name}");
                return refusal(400, "invalid_request", &text);
            }
        }
        let fits = |(secret, until): &(String, Option<DateTime<Utc>>)| {
            secret == field("client_secret") && until.is_none_or(|until| now < until)
        };
        if field("client_id") != self.client_id || !self.secrets.iter().any(fits) {
            return refusal(401, "invalid_client", "Client authentication failed");
        }
        match grant_type {
            "refresh_token" => {
                let refresh = field("refresh_token");
                if refresh.is_empty() {
                    let text = "The request is missing a required parameter : refresh_token";
                    return refusal(400, "invalid_request", text);
                }
                if !self.refresh.iter().any(|known| known == refresh) {
                    return refusal(
                        400,
                        "invalid_grant",
                        "The request has an invalid grant parameter : refresh_token",
                    );
                }
                let access = self.issue("Atza|IwEBI", Grant::Seller, now);
                granted(
                    &json!({"access_token": access, "token_type": "bearer", "expires_in": 3600, "refresh_token": refresh}),
                )
            }
            "client_credentials" => {
                if !SCOPES.contains(&field("scope")) {
                    return refusal(400, "invalid_scope", "The request has an invalid scope parameter");
                }
                let access = self.issue("Atc|MQEBI", Grant::Grantless, now);
                granted(
                    &json!({"access_token": access, "token_type": "bearer", "expires_in": 3600, "scope": field("scope")}),
                )
            }
            _ => refusal(400, "unsupported_grant_type", "The authorization grant type is not supported"),
        }
    }

    fn issue(&mut self, prefix: &str, grant: Grant, now: DateTime<Utc>) -> String {
        let token = format!("{prefix}{}{}", self.rng.guid().simple(), self.rng.guid().simple());
        self.access.insert(token.clone(), (grant, now + LIFE));
        token
    }

    /// Answers `POST /tokens/2021-03-01/restrictedDataToken`.
    pub(crate) fn restrict(&mut self, body: &[u8], now: DateTime<Utc>) -> Result<Value, Refusal> {
        let body: Value = serde_json::from_slice(body)
            .map_err(|_| Refusal::invalid_request("The body is not valid JSON."))?;
        let resources = body["restrictedResources"].as_array().map(Vec::as_slice).unwrap_or_default();
        if resources.is_empty() || resources.len() > 50 {
            return Err(Refusal::invalid_request("Resource not provided."));
        }
        let read = |resource: &Value| {
            let method =
                resource["method"].as_str().filter(|m| ["GET", "PUT", "POST", "DELETE"].contains(m))?;
            let path = resource["path"].as_str().filter(|path| path.starts_with('/'))?;
            // Documents are opened one by one; a path for any of them is none.
            if path.starts_with("/reports/") && path.contains('{') {
                return None;
            }
            Some((method.to_owned(), path.to_owned()))
        };
        let resources: Option<Vec<_>> = resources.iter().map(read).collect();
        let resources = resources.ok_or_else(|| Refusal::invalid_request("Resource not provided."))?;
        let token = self.issue("Atz.sprdt|IwEBI", Grant::Restricted(resources), now);
        Ok(json!({"restrictedDataToken": token, "expiresIn": 3600}))
    }
}

fn granted(body: &Value) -> Reply {
    Reply::json(200, body.to_string()).header("cache-control", "no-cache, no-store, must-revalidate")
}

/// A refusal in the form of RFC 6749.
pub(crate) fn refusal(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, json!({"error": error, "error_description": description}).to_string())
}
