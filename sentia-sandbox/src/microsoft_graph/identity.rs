//! The token endpoint: secrets, certificate assertions and refresh tokens, with errors by AADSTS number.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use uuid::Uuid;

use super::assertion::{Expected, MicrosoftGraphCertificate, verify};
use crate::reply::Reply;
use crate::rng::Rng;

const REFRESH_LIFE: TimeDelta = TimeDelta::days(90);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Application permissions of a fresh app.
pub(crate) const APP_ROLES: [&str; 6] = [
    "User.Read.All",
    "Sites.Read.All",
    "Files.Read.All",
    "Files.ReadWrite.All",
    "Mail.Read",
    "Calendars.Read",
];
/// Delegated permissions that the user consented to.
pub(crate) const USER_SCOPES: [&str; 7] = [
    "User.Read.All",
    "Sites.Read.All",
    "Files.Read",
    "Files.ReadWrite",
    "Mail.Read",
    "Calendars.Read",
    "offline_access",
];
const IDENTITY_SCOPES: [&str; 4] = ["openid", "profile", "email", "offline_access"];

/// What the app was given at registration.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) tenant: String,
    pub(crate) domain: String,
}

/// Who calls, by the access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The user who delegated; none for the app itself.
    pub(crate) user: Option<Uuid>,
    pub(crate) permissions: Vec<String>,
}

impl Caller {
    pub(crate) fn may(&self, any: &[&str]) -> bool {
        self.permissions.iter().any(|held| any.contains(&held.as_str()))
    }
}

#[derive(Debug)]
struct Refresh {
    used_at: DateTime<Utc>,
    revoked: bool,
}

/// All tokens that are out.
#[derive(Debug)]
pub(crate) struct TokenDesk {
    pub(crate) client: Client,
    base_url: String,
    rng: Rng,
    user: Uuid,
    access: HashMap<String, (DateTime<Utc>, Caller)>,
    refresh: HashMap<String, Refresh>,
    assertions: HashSet<String>,
    certificate: Arc<OnceLock<MicrosoftGraphCertificate>>,
    pub(crate) roles: Vec<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) secret_expired: bool,
}

/// Why a token is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unwelcome {
    Missing,
    Unknown,
    Expired,
}

impl TokenDesk {
    pub(crate) fn new(
        client: Client,
        base_url: String,
        user: Uuid,
        certificate: Arc<OnceLock<MicrosoftGraphCertificate>>,
        rng: Rng,
    ) -> Self {
        Self {
            client,
            base_url,
            rng,
            user,
            access: HashMap::new(),
            refresh: HashMap::new(),
            assertions: HashSet::new(),
            certificate,
            roles: APP_ROLES.map(str::to_owned).to_vec(),
            scopes: USER_SCOPES.map(str::to_owned).to_vec(),
            secret_expired: false,
        }
    }

    /// The refresh token that a finished sign-in would have given.
    pub(crate) fn consent(&mut self, now: DateTime<Utc>) -> String {
        let random = format!("{}{}", self.rng.guid(), self.rng.guid());
        let token = format!("0.AXkA{}", URL_SAFE_NO_PAD.encode(random));
        self.refresh.insert(token.clone(), Refresh { used_at: now, revoked: false });
        token
    }

    pub(crate) fn caller(&self, token: Option<&str>, now: DateTime<Utc>) -> Result<Caller, Unwelcome> {
        let token = token.filter(|token| !token.is_empty()).ok_or(Unwelcome::Missing)?;
        let (expires_at, caller) = self.access.get(token).ok_or(Unwelcome::Unknown)?;
        if *expires_at > now { Ok(caller.clone()) } else { Err(Unwelcome::Expired) }
    }

    pub(crate) fn expire_access(&mut self, now: DateTime<Utc>) {
        self.access.values_mut().for_each(|(expires_at, _)| *expires_at = now.min(*expires_at));
    }

    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.values_mut().for_each(|refresh| refresh.revoked = true);
    }

    /// Answers `POST /{tenant}/oauth2/v2.0/token`.
    pub(crate) fn answer(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Reply {
        let result = self.token(tenant, form, now);
        result
            .unwrap_or_else(|(status, error, number, words)| self.refusal(status, error, number, words, now))
    }

    fn token(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Result<Reply, Error> {
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let grant = field("grant_type");
        if ["common", "organizations", "consumers"].contains(&tenant) {
            if grant != "refresh_token" {
                return Err((400, "invalid_request", 50_059, "No tenant-identifying information found."));
            }
        } else if tenant != self.client.tenant && !tenant.eq_ignore_ascii_case(&self.client.domain) {
            return Err((400, "invalid_request", 90_002, "Tenant was not found."));
        }
        if field("client_id") != self.client.id {
            return Err((
                400,
                "unauthorized_client",
                700_016,
                "Application with identifier was not found in the directory.",
            ));
        }
        self.authenticate(tenant, form, now)?;
        match grant {
            "client_credentials" => self.client_credentials(field("scope"), now),
            "refresh_token" => self.rotate(field("refresh_token"), field("scope"), now),
            "" => Err((
                400,
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'grant_type'.",
            )),
            _ => Err((400, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.")),
        }
    }

    fn authenticate(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if let Some(assertion) = form.get("client_assertion") {
            if form.get("client_assertion_type").map(String::as_str) != Some(ASSERTION_TYPE) {
                return Err((
                    400,
                    "invalid_request",
                    90_014,
                    "The required field 'client_assertion_type' is missing or wrong.",
                ));
            }
            let audience = format!("{}/{tenant}/oauth2/v2.0/token", self.base_url);
            let expected = Expected {
                certificate: self.certificate.get(),
                audience: &audience,
                client_id: &self.client.id,
                now,
            };
            let verdict = verify(assertion, &expected, &mut self.assertions);
            return verdict.map_err(|(number, words)| (401, "invalid_client", number, words));
        }
        match form.get("client_secret") {
            None => Err((
                401,
                "invalid_client",
                7_000_218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
            )),
            Some(secret) if *secret != self.client.secret => Err((
                401,
                "invalid_client",
                7_000_215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.",
            )),
            Some(_) if self.secret_expired => Err((
                401,
                "invalid_client",
                7_000_222,
                "The provided client secret keys for app are expired.",
            )),
            Some(_) => Ok(()),
        }
    }

    /// `x/.default` of one resource, which is Graph: by its own name or by the twin's address.
    fn is_default(&self, scope: &str) -> bool {
        scope.strip_suffix("/.default").is_some_and(|resource| self.is_graph(resource))
    }

    fn is_graph(&self, resource: &str) -> bool {
        resource == "https://graph.microsoft.com" || resource == self.base_url
    }

    fn client_credentials(&mut self, scope: &str, now: DateTime<Utc>) -> Result<Reply, Error> {
        let words =
            "The provided request must include a 'scope' input parameter: one resource with '/.default'.";
        if scope.split_whitespace().count() != 1 {
            return Err((400, "invalid_scope", 70_011, words));
        }
        if !self.is_default(scope) {
            return Err((
                400,
                "invalid_scope",
                1_002_012,
                "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
            ));
        }
        let caller = Caller { user: None, permissions: self.roles.clone() };
        let (token, life) = self.issue(now, caller);
        let body = json!({
            "token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token,
        });
        Ok(Reply::json(200, body.to_string()))
    }

    fn rotate(&mut self, refresh: &str, scope: &str, now: DateTime<Utc>) -> Result<Reply, Error> {
        let wanted = self.wanted(scope)?;
        let malformed =
            (400, "invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.");
        let known = self.refresh.get_mut(refresh).ok_or(malformed)?;
        if known.revoked {
            return Err((
                400,
                "invalid_grant",
                50_173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed.",
            ));
        }
        if now - known.used_at > REFRESH_LIFE {
            return Err((400, "invalid_grant", 700_082, "The refresh token has expired due to inactivity."));
        }
        known.used_at = now;
        let offline = scope.split_whitespace().any(|scope| scope == "offline_access");
        let caller = Caller { user: Some(self.user), permissions: wanted.clone() };
        let (token, life) = self.issue(now, caller);
        let mut body = json!({
            "token_type": "Bearer", "scope": wanted.join(" "), "expires_in": life, "ext_expires_in": life,
            "access_token": token,
        });
        if offline {
            body["refresh_token"] = self.consent(now).into();
        }
        Ok(Reply::json(200, body.to_string()))
    }

    /// The permissions that a list of scopes asks for, all of which must have been consented to.
    fn wanted(&self, scope: &str) -> Result<Vec<String>, Error> {
        let mut wanted = Vec::new();
        for scope in scope.split_whitespace() {
            if self.is_default(scope) {
                wanted.extend(self.scopes.iter().cloned());
                continue;
            }
            let name = match scope.rsplit_once('/') {
                Some((resource, name)) if self.is_graph(resource) => name,
                Some(_) => {
                    return Err((
                        400,
                        "invalid_scope",
                        70_011,
                        "The provided value for the input parameter 'scope' is not valid.",
                    ));
                }
                None => scope,
            };
            if !IDENTITY_SCOPES.contains(&name) && !self.scopes.iter().any(|held| held == name) {
                return Err((
                    400,
                    "invalid_grant",
                    65_001,
                    "The user or administrator has not consented to use the application.",
                ));
            }
            wanted.push(name.to_owned());
        }
        if wanted.iter().all(|name| IDENTITY_SCOPES.contains(&name.as_str())) {
            return Err((
                400,
                "invalid_scope",
                70_011,
                "The provided value for the input parameter 'scope' is not valid.",
            ));
        }
        Ok(wanted)
    }

    /// A token for an hour to an hour and a half, as chance has it.
    fn issue(&mut self, now: DateTime<Utc>, caller: Caller) -> (String, i64) {
        let life = self.rng.between(3_599, 5_399);
        let random = || format!("{}{}{}", self.rng.guid(), self.rng.guid(), self.rng.guid());
        let mut random = random;
        let token = format!(
            "eyJ0eXAiOiJKV1QiLCJub25jZSI6.{}.{}",
            URL_SAFE_NO_PAD.encode(random()),
            URL_SAFE_NO_PAD.encode(random())
        );
        self.access.insert(token.clone(), (now + TimeDelta::seconds(life), caller));
        (token, life)
    }

    /// An error as the login host words it.
    pub(crate) fn refusal(
        &mut self,
        status: u16,
        error: &str,
        number: u32,
        words: &str,
        now: DateTime<Utc>,
    ) -> Reply {
        let (trace, correlation) = (self.rng.guid(), self.rng.guid());
        let stamp = now.format("%Y-%m-%d %H:%M:%SZ").to_string();
        let description = format!(
            "AADSTS{number}: {words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {stamp}"
        );
        let body = json!({
            "error": error, "error_description": description, "error_codes": [number], "timestamp": stamp,
            "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        Reply::json(status, body.to_string())
    }
}

/// Status, error, number and words.
type Error = (u16, &'static str, u32, &'static str);
