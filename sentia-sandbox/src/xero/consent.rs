//! The consent page and the codes it hands out, with PKCE.

use std::collections::{BTreeMap, HashMap};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::scope;
use super::switches::XeroSwitches;
use super::token::{Client, Grant};
use crate::reply::Reply;
use crate::rng::Rng;

/// Commonly given; not found in an official text.
const CODE_LIFE: TimeDelta = TimeDelta::minutes(5);

/// What an app asks a user for.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: Option<String>,
    challenge: Option<String>,
}

#[derive(Debug)]
struct Code {
    wish: Wish,
    consent: Uuid,
    issued_at: DateTime<Utc>,
}

/// Consents asked for, and codes given out.
#[derive(Debug)]
pub(crate) struct CodeDesk {
    pub(crate) redirect_uris: Vec<String>,
    asked: HashMap<String, Wish>,
    codes: HashMap<String, Code>,
    rng: Rng,
}

impl CodeDesk {
    pub(crate) fn new(rng: Rng) -> Self {
        let redirect_uris = ["http://localhost:8080/xero/callback", "https://app.example.com/xero/callback"];
        Self {
            redirect_uris: redirect_uris.map(str::to_owned).to_vec(),
            asked: HashMap::new(),
            codes: HashMap::new(),
            rng,
        }
    }

    /// Checks what an app asks for. Mistakes of the app end on the vendor's own page and are never sent back to it.
    pub(crate) fn check(
        &self,
        client: Option<&Client>,
        params: &BTreeMap<String, String>,
        switches: XeroSwitches,
    ) -> Result<Wish, &'static str> {
        let get = |name: &str| params.get(name).map(String::as_str).unwrap_or_default();
        let client = client.ok_or("unauthorized_client")?;
        if !self.redirect_uris.iter().any(|known| known == get("redirect_uri")) {
            return Err("invalid_request: Invalid redirect_uri");
        }
        if get("response_type") != "code" {
            return Err("unsupported_response_type");
        }
        let scope = scope::grant(get("scope"), switches).filter(|scope| !scope.is_empty());
        let scope = scope.ok_or("invalid_scope")?;
        let challenge = params.get("code_challenge").cloned();
        match &challenge {
            None if client.secret.is_none() => return Err("invalid_request: code challenge required"),
            Some(_) if get("code_challenge_method") != "S256" => {
                return Err("invalid_request: Transform algorithm not supported");
            }
            Some(challenge) if challenge.len() != 43 || !challenge.bytes().all(is_base64url) => {
                return Err("invalid_request: Invalid code_challenge");
            }
            _ => {}
        }
        Ok(Wish {
            client_id: client.id.clone(),
            redirect_uri: get("redirect_uri").to_owned(),
            scope,
            state: params.get("state").cloned(),
            challenge,
        })
    }

    /// Keeps a wish until the user has answered the page; gives its ticket.
    pub(crate) fn ask(&mut self, wish: Wish) -> String {
        let ticket = self.rng.guid().simple().to_string();
        self.asked.insert(ticket.clone(), wish);
        ticket
    }

    /// Takes the wish of a ticket.
    pub(crate) fn asked(&mut self, ticket: &str) -> Option<Wish> {
        self.asked.remove(ticket)
    }

    /// The user allows it: where the browser goes, and the consent that came about.
    pub(crate) fn allow(&mut self, wish: Wish, now: DateTime<Utc>) -> (String, Uuid) {
        let (code, consent) = (URL_SAFE_NO_PAD.encode(self.rng.guid().to_string()), self.rng.guid());
        let session = URL_SAFE_NO_PAD.encode(self.rng.guid().to_string());
        let mut answer = vec![("code", code.clone()), ("scope", wish.scope.clone())];
        answer.extend(wish.state.clone().map(|state| ("state", state)));
        answer.push(("session_state", session));
        let target = back(&wish.redirect_uri, &answer);
        self.codes.insert(code, Code { wish, consent, issued_at: now });
        (target, consent)
    }

    /// The user refuses: where the browser goes.
    pub(crate) fn deny(wish: Wish) -> String {
        let mut answer = vec![("error", "access_denied".to_owned())];
        answer.extend(wish.state.map(|state| ("state", state)));
        back(&wish.redirect_uri, &answer)
    }

    /// Takes a code in. A code is gone once it was tried, whether or not the try was good.
    pub(crate) fn redeem(
        &mut self,
        client_id: &str,
        form: &BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Option<Grant> {
        let Code { wish, consent, issued_at } = self.codes.remove(form.get("code")?)?;
        let proven = match (&wish.challenge, form.get("code_verifier")) {
            (None, None) => true,
            (Some(challenge), Some(verifier)) => {
                is_verifier(verifier) && challenge_of(verifier) == *challenge
            }
            _ => false,
        };
        let good = proven
            && wish.client_id == client_id
            && form.get("redirect_uri") == Some(&wish.redirect_uri)
            && now - issued_at <= CODE_LIFE;
        good.then_some(Grant { client_id: wish.client_id, scope: wish.scope, consent: Some(consent) })
    }
}

/// BASE64URL(SHA256(verifier)), without padding.
pub(crate) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

fn is_verifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn back(redirect_uri: &str, answer: &[(&str, String)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    format!("{redirect_uri}{}{query}", if redirect_uri.contains('?') { '&' } else { '?' })
}

/// The page that asks the user.
pub(crate) fn page(ticket: &str, organisations: &[String]) -> Reply {
    let choice = |name: &String| format!("<li>{}</li>", escaped(name));
    let list: String = organisations.iter().map(choice).collect();
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>Xero | Authorise</title></head><body>\
         <h1>The sandbox app wants access to</h1><ul>{list}</ul>\
         <form method=\"post\" action=\"/identity/connect/authorize\">\
         <input type=\"hidden\" name=\"ticket\" value=\"{ticket}\">\
         <button name=\"decision\" value=\"allow\">Allow access</button>\
         <button name=\"decision\" value=\"deny\">Cancel</button></form></body></html>\n"
    );
    Reply::new(200, "text/html; charset=utf-8", body)
}

/// The vendor's own page for a mistake of the app: the app never hears of it.
pub(crate) fn mistake(error: &str) -> Reply {
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>Xero | Sorry</title></head><body>\
         <h1>Sorry, something went wrong</h1><p>Error: {}</p></body></html>\n",
        escaped(error)
    );
    Reply::new(400, "text/html; charset=utf-8", body)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::challenge_of;

    #[test]
    fn the_challenge_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge_of(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
