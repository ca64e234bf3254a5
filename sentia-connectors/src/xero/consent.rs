//! The consent of a user in a browser: authorization code with PKCE, from the first link to a durable refresh token.

use aws_lc_rs::{digest, rand};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result};
use url::Url;

use super::{config::XeroConfig, credentials::App};
use crate::rotation::{REFRESH_TOKEN, TokenSet};

/// A consent under way. It lives from the link to the callback, in memory only.
///
/// ```
/// use sentia_connectors::xero::{Consent, XeroConfig};
///
/// # fn main() -> sentia_core::Result<()> {
/// let mut app = XeroConfig::default();
/// app.client_id = Some("app".into());
/// let consent = Consent::begin(&app, "http://localhost:8090/callback")?;
/// assert!(consent.link().as_str().contains("code_challenge_method=S256"));
/// // Show the link to the user; Xero sends the browser to the redirect URI. Then:
/// // consent.redeem(&cx, callback_query).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Consent {
    app: App,
    redirect_uri: String,
    link: Url,
    state: String,
    verifier: SecretString,
}

impl Consent {
    /// Begins a consent for the app of `config`, to the scopes it names; `redirect_uri` stands in the app's settings
    /// at Xero, letter for letter. No call is made.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn begin(config: &XeroConfig, redirect_uri: &str) -> Result<Self> {
        let app = config.app()?;
        let (verifier, state) = (random()?, random()?);
        let challenge = digest::digest(&digest::SHA256, verifier.as_bytes());
        let scopes = format!("offline_access {}", config.wanted_scopes());
        let mut link = config.login_url()?;
        link.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &app.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes)
            .append_pair("state", &state)
            .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(challenge))
            .append_pair("code_challenge_method", "S256");
        Ok(Consent { app, redirect_uri: redirect_uri.to_owned(), link, state, verifier: verifier.into() })
    }

    /// Where the user's browser is sent.
    pub fn link(&self) -> &Url {
        &self.link
    }

    /// Turns the callback's query (`code=...&state=...`) into a refresh token, which is in the vault under the
    /// connection of `cx` when this returns. A connector built with `consented` goes on from there.
    ///
    /// # Errors
    /// `PermissionDenied` when the user refused; `SignatureInvalid` when the callback does not belong to this consent;
    /// `Unauthenticated` when Xero does not take the code, which lives minutes and works once.
    ///
    /// # Cancel safety
    /// A dropped future may have used the code up; begin again.
    pub async fn redeem(self, cx: &Context, callback_query: &str) -> Result<()> {
        let code = self.code(callback_query)?;
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", self.verifier.expose_secret()),
        ];
        // A code works once: an answer that was lost cannot be asked for again.
        let TokenSet { refresh, .. } = self.app.grant_once(cx, &fields).await?;
        let refresh = refresh.ok_or_else(|| {
            Error::new(ErrorKind::PermissionDenied, "xero gave no refresh token; ask for offline_access")
        })?;
        let (vault, name) = (cx.vault()?, cx.key_name(REFRESH_TOKEN));
        let replaced = vault.get(&name).await?.map(|(_, version)| version);
        vault.put(&name, &refresh, replaced).await.map(drop)
    }

    fn code(&self, callback_query: &str) -> Result<String> {
        let of = |name: &str| {
            let mut pairs = url::form_urlencoded::parse(callback_query.as_bytes());
            pairs.find(|(member, _)| member == name).map(|(_, value)| value.into_owned())
        };
        // Before anything else: a callback with another state was forged, or belongs to another window.
        if of("state").as_deref() != Some(&self.state) {
            let message = "the callback does not belong to this consent; begin again";
            return Err(Error::new(ErrorKind::SignatureInvalid, message));
        }
        if let Some(refusal) = of("error") {
            let message = "the user did not consent; ask again";
            return Err(Error::new(ErrorKind::PermissionDenied, message).context("error", refusal));
        }
        of("code").ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidResponse,
                "the callback has neither a code nor an error; begin again",
            )
        })
    }
}

/// 43 characters of the alphabet that RFC 7636 allows a verifier.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| Error::new(ErrorKind::Unexpected, "no random bytes"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}
