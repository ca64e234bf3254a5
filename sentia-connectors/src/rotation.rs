//! Refresh tokens that change at every use: the new one is durable before its access token is used.
//!
//! A refresh token that is lost is a person who must log in again. So: one refresh at a time, the stored token is
//! read again under the lock, the new one replaces exactly the version that was sent, and a refresh that failed
//! writes nothing. What covers an answer that was lost, or a process that was killed before it could store the new one,
//! is the vendor's: Xero takes the old token for 30 minutes after its first use, Entra does not revoke one by its use.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result, key_store::KeyVersion};
use tokio::sync::Mutex;

use crate::token::{AccessToken, Grant};

/// The name of the secret in the vault.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
/// Where an error of a token endpoint keeps the endpoint's own code (RFC 6749, section 5.2).
pub(crate) const OAUTH_CODE: &str = "oauth_error";
/// How often another process may be first before this one gives up for now.
const ROUNDS: u32 = 4;

/// What a token endpoint gave.
pub(crate) struct TokenSet {
    /// For the next calls.
    pub(crate) access: AccessToken,
    /// Replaces the refresh token that was sent, where one was sent.
    pub(crate) refresh: Option<SecretString>,
}

impl fmt::Debug for TokenSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSet")
    }
}

/// An app at its vendor, as the token endpoint knows it.
#[async_trait]
pub(crate) trait TokenEndpoint: fmt::Debug + Send + Sync {
    /// Asks for a token set. A lost answer may be asked for again.
    ///
    /// # Errors
    /// As the vendor's table of the endpoint says, with its code under [`OAUTH_CODE`].
    async fn grant(&self, cx: &Context, fields: &[(&str, &str)]) -> Result<TokenSet>;
}

/// Access by a refresh token that the vault keeps.
#[derive(Debug)]
pub(crate) struct Rotation<E> {
    app: E,
    /// The token of the first consent, or of the latest one after a reconnect; none where the vault was given it.
    initial: Option<SecretString>,
    /// A new refresh token that is not durable yet.
    held: Mutex<Option<Held>>,
}

#[derive(Debug)]
struct Held {
    token: SecretString,
    replaces: KeyVersion,
}

impl<E: TokenEndpoint> Rotation<E> {
    /// Rotates what the vault keeps, beginning with `initial` where it keeps nothing.
    pub(crate) fn new(app: E, initial: Option<SecretString>) -> Self {
        Rotation { app, initial, held: Mutex::default() }
    }

    /// The stored token; where there is none, the initial one, stored first.
    async fn stored(&self, cx: &Context) -> Result<(SecretString, KeyVersion)> {
        let (vault, name) = (cx.vault()?, cx.key_name(REFRESH_TOKEN));
        if let Some(stored) = vault.get(&name).await? {
            return Ok(stored);
        }
        let initial = self.initial.clone().ok_or_else(|| {
            let message =
                "the vault keeps no refresh token of this connection; connect the account at its vendor";
            Error::new(ErrorKind::Unauthenticated, message)
        })?;
        let version = vault.put(&name, &initial, None).await?;
        Ok((initial, version))
    }

    async fn refresh(&self, cx: &Context, token: &SecretString) -> Result<TokenSet> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        self.app.grant(cx, &fields).await
    }

    /// Makes the held token durable. False when another process stored one first: its token counts.
    async fn save(&self, cx: &Context, held: &mut Option<Held>) -> Result<bool> {
        let Some(unsaved) = held.as_ref() else { return Ok(true) };
        let outcome =
            cx.vault()?.put(&cx.key_name(REFRESH_TOKEN), &unsaved.token, Some(unsaved.replaces)).await;
        match outcome {
            Ok(_) => {
                *held = None;
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::Conflict => {
                *held = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// One attempt with `token`, stored as `version`. None when another process was first.
    async fn rotate(
        &self,
        cx: &Context,
        held: &mut Option<Held>,
        token: &SecretString,
        version: KeyVersion,
    ) -> Result<Option<AccessToken>> {
        let set = self.refresh(cx, token).await?;
        // A vendor may answer with the same token again, or with none; then nothing changes.
        if let Some(new) = set.refresh.filter(|new| new.expose_secret() != token.expose_secret()) {
            *held = Some(Held { token: new, replaces: version });
        }
        Ok(self.save(cx, held).await?.then_some(set.access))
    }

    /// What to do after the stored token was refused: nothing when another process has replaced it meanwhile, try
    /// the configured one when that is another (the account was connected again), or give up.
    async fn recover(
        &self,
        cx: &Context,
        held: &mut Option<Held>,
        (refused, version): (&SecretString, KeyVersion),
        error: Error,
    ) -> Result<Option<AccessToken>> {
        let is_spent = error.context_value(OAUTH_CODE) == Some("invalid_grant");
        if is_spent && self.stored(cx).await?.1 != version {
            return Ok(None);
        }
        let other = self.initial.as_ref().filter(|other| other.expose_secret() != refused.expose_secret());
        if let Some(other) = other.filter(|_| is_spent) {
            return match self.refresh(cx, other).await {
                Ok(set) => {
                    let token = set.refresh.unwrap_or_else(|| other.clone());
                    *held = Some(Held { token, replaces: version });
                    Ok(self.save(cx, held).await?.then_some(set.access))
                }
                Err(second) if second.kind() == ErrorKind::Unauthenticated => Err(error),
                Err(second) => Err(second),
            };
        }
        Err(error)
    }
}

#[async_trait]
impl<E: TokenEndpoint> Grant for Rotation<E> {
    async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
        let mut held = self.held.lock().await;
        self.save(cx, &mut held).await?;
        for _ in 0..ROUNDS {
            let (token, version) = match self.stored(cx).await {
                Err(error) if error.kind() == ErrorKind::Conflict => continue,
                stored => stored?,
            };
            let outcome = match self.rotate(cx, &mut held, &token, version).await {
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    self.recover(cx, &mut held, (&token, version), error).await
                }
                outcome => outcome,
            };
            if let Some(access) = outcome? {
                return Ok(access);
            }
        }
        let message = "other processes keep replacing the refresh token; run one process per connection";
        Err(Error::new(ErrorKind::Conflict, message))
    }
}
