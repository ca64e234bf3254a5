//! Refresh tokens that change at every use: the new one is durable before its access token is used.
//!
//! A refresh token that is lost is a person who must log in again. So: one refresh at a time over all tasks and, where
//! the host shares states, over all processes; the stored token is read again under the lease, the new one replaces
//! exactly the version that was sent, and a refresh that failed writes nothing. A refresh under way goes on when its
//! caller is dropped. What covers an answer that was lost, or a process that was killed before it could store the new
//! one, is the vendor's: Xero takes the old token for 30 minutes after its first use, Entra does not revoke one by its
//! use. Where neither helps, the connection is dead: told once, then refused
//! with one call a day until a new consent.

mod fleet;
mod published;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result, key_store::KeyVersion};
use tokio::sync::Mutex;
use tracing::Instrument;
use uuid::Uuid;

use self::fleet::{Burial, Fleet, Lease, Phase, digest};
use crate::token::{AccessToken, Grant};

/// The name of the secret in the vault.
pub(crate) const REFRESH_TOKEN: &str = "refresh_token";
/// Where an error of a token endpoint keeps the endpoint's own code (RFC 6749, section 5.2).
pub(crate) const OAUTH_CODE: &str = "oauth_error";
/// How often another process may be first before this one gives up for now.
const ROUNDS: u32 = 4;
/// How often a new token is stored before it is held for the next call.
const SAVES: u32 = 4;
/// How long another process's refresh is waited for, over all its leases.
const PATIENCE: chrono::Duration = chrono::Duration::minutes(10);

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
pub(crate) trait TokenEndpoint: fmt::Debug + Send + Sync + 'static {
    /// Asks for a token set. A lost answer may be asked for again.
    ///
    /// # Errors
    /// As the vendor's table of the endpoint says, with its code under [`OAUTH_CODE`].
    async fn grant(&self, cx: &Context, fields: &[(&str, &str)]) -> Result<TokenSet>;
}

/// Access by a refresh token that the vault keeps.
#[derive(Debug)]
pub(crate) struct Rotation<E> {
    desk: Arc<Desk<E>>,
    kept: Arc<Mutex<Kept>>,
}

/// What a refresh needs and does not change.
#[derive(Debug)]
struct Desk<E> {
    app: E,
    /// The token of the first consent, or of the latest one after a reconnect; none where the vault was given it.
    initial: Option<SecretString>,
    /// Our name on a lease.
    holder: String,
}

/// What outlives a call.
#[derive(Debug, Default)]
struct Kept {
    /// A new refresh token that is not durable yet.
    unsaved: Option<Unsaved>,
    /// What the last refresh gave, for a caller that comes after one who was dropped.
    latest: Option<AccessToken>,
}

#[derive(Debug)]
struct Unsaved {
    token: SecretString,
    replaces: KeyVersion,
    access: AccessToken,
}

/// An access token, and the version of the refresh token that is stored beside it.
struct Fresh {
    access: AccessToken,
    version: KeyVersion,
}

impl Kept {
    fn usable(&self, now: DateTime<Utc>, refused: Option<&SecretString>) -> Option<AccessToken> {
        self.latest.clone().filter(|latest| latest.serves(now, refused))
    }
}

impl<E: TokenEndpoint> Rotation<E> {
    /// Rotates what the vault keeps, beginning with `initial` where it keeps nothing.
    pub(crate) fn new(app: E, initial: Option<SecretString>) -> Self {
        let holder = Uuid::now_v7().simple().to_string();
        Rotation { desk: Arc::new(Desk { app, initial, holder }), kept: Arc::default() }
    }

    /// Another token than `refused`. The work is a task of its own: no drop cuts off an answer that is not stored yet.
    async fn token(&self, cx: &Context, refused: Option<&SecretString>) -> Result<AccessToken> {
        let mut kept = self.kept.clone().lock_owned().await;
        if let Some(latest) = kept.usable(cx.clock().now(), refused) {
            return Ok(latest);
        }
        let (desk, cx, refused) = (self.desk.clone(), cx.clone(), refused.cloned());
        let work = async move { desk.renew(&cx, &mut kept, refused.as_ref()).await };
        let ended = |error: tokio::task::JoinError| {
            let kind = if error.is_panic() { ErrorKind::Unexpected } else { ErrorKind::Cancelled };
            Error::new(kind, "the refresh ended without an answer; run again").source(error)
        };
        tokio::spawn(work.in_current_span()).await.map_err(ended)?
    }
}

impl<E: TokenEndpoint> Desk<E> {
    async fn renew(
        &self,
        cx: &Context,
        kept: &mut Kept,
        refused: Option<&SecretString>,
    ) -> Result<AccessToken> {
        let held = self.save(cx, kept).await?;
        let held = held.filter(|fresh| fresh.access.serves(cx.clock().now(), refused));
        let Some(states) = cx.states() else {
            return match held {
                Some(fresh) => Ok(fresh.access),
                None => Ok(self.attempt(cx, kept, &mut Vec::new()).await?.access),
            };
        };
        let fleet = Fleet::new(states, cx, &self.holder);
        match held {
            Some(fresh) => {
                self.publish(cx, &fresh).await;
                if let Some(lease) = fleet.own(fleet.look().await?) {
                    fleet.leave(lease).await;
                }
                Ok(fresh.access)
            }
            None => self.renew_in_fleet(cx, kept, refused, &fleet).await,
        }
    }

    /// Spares other processes a refresh of their own; the token is good without it.
    async fn publish(&self, cx: &Context, fresh: &Fresh) {
        if let Err(error) = published::write(cx, &fresh.access, fresh.version).await {
            tracing::warn!(%error, "the access token is not shared; other processes refresh for themselves");
        }
    }

    /// Refreshes under the lease, or waits for who has it and takes what that one published.
    async fn renew_in_fleet(
        &self,
        cx: &Context,
        kept: &mut Kept,
        refused: Option<&SecretString>,
        fleet: &Fleet<'_>,
    ) -> Result<AccessToken> {
        let give_up = cx.clock().now() + PATIENCE;
        while cx.clock().now() < give_up {
            let seen = fleet.look().await?;
            if fleet.is_busy(&seen) {
                fleet.pause().await;
                continue;
            }
            if let Phase::Dead(death) = seen.note.phase
                && !fleet.is_doubtful(death)
                && !self.has_other(cx, fleet, &seen.note.refused).await?
            {
                return Err(fleet.buried(death));
            }
            if let Some(access) = published::read(cx, refused).await? {
                kept.latest = Some(access.clone());
                return Ok(access);
            }
            let version = self.stored(cx).await?.1;
            // Whoever refreshed since we looked has swapped the state, so that this swap is lost.
            if let Some(lease) = fleet.take(seen, version).await?
                && let Some(access) = self.under_lease(cx, kept, fleet, lease).await?
            {
                return Ok(access);
            }
        }
        let message = "another process is refreshing the token and does not come to an end; run again";
        Err(fleet.named(Error::new(ErrorKind::Conflict, message)))
    }

    /// None when another process took the lease over meanwhile and must be asked.
    async fn under_lease(
        &self,
        cx: &Context,
        kept: &mut Kept,
        fleet: &Fleet<'_>,
        lease: Lease,
    ) -> Result<Option<AccessToken>> {
        let mut spent = Vec::new();
        match self.attempt(cx, kept, &mut spent).await {
            Ok(fresh) => {
                self.publish(cx, &fresh).await;
                fleet.leave(lease).await;
                Ok(Some(fresh.access))
            }
            Err(error) if is_spent(&error) => {
                let refused = spent.iter().map(|token| digest(cx, token)).collect();
                match fleet.bury(lease, refused).await? {
                    Burial::First(first) => Err(first.of(error)),
                    Burial::Again(death) => Err(fleet.buried(death)),
                    Burial::Overtaken => Ok(None),
                }
            }
            Err(error) => {
                // Nobody may send the old token while the new one is held here; the lease ends by itself.
                if kept.unsaved.is_none() {
                    fleet.give_up(lease).await;
                }
                Err(error)
            }
        }
    }

    /// Whether there is a token that the vendor has not refused yet: the account was connected again.
    async fn has_other(&self, cx: &Context, fleet: &Fleet<'_>, refused: &[String]) -> Result<bool> {
        let stored = self.stored(cx).await.map_err(|error| fleet.named(error))?.0;
        let is_new = |token: &SecretString| !refused.contains(&digest(cx, token));
        Ok(is_new(&stored) || self.initial.as_ref().is_some_and(is_new))
    }

    /// Refreshes, and stores. The tokens that the vendor does not know any more are added to `spent`.
    async fn attempt(&self, cx: &Context, kept: &mut Kept, spent: &mut Vec<SecretString>) -> Result<Fresh> {
        for _ in 0..ROUNDS {
            let (token, version) = self.stored(cx).await?;
            let outcome = match self.rotate(cx, kept, &token, version).await {
                Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                    self.recover(cx, kept, (&token, version), error, spent).await
                }
                outcome => outcome,
            };
            if let Some(fresh) = outcome? {
                return Ok(fresh);
            }
        }
        let message =
            "other processes keep replacing the refresh token; give the host one shared state store";
        Err(Error::new(ErrorKind::Conflict, message))
    }

    /// The stored token; where there is none, the initial one, stored first.
    async fn stored(&self, cx: &Context) -> Result<(SecretString, KeyVersion)> {
        let (vault, name) = (cx.vault()?, cx.key_name(REFRESH_TOKEN));
        for _ in 0..ROUNDS {
            if let Some(stored) = vault.get(&name).await? {
                return Ok(stored);
            }
            let initial = self.initial.clone().ok_or_else(|| {
                let message =
                    "the vault keeps no refresh token of this connection; connect the account at its vendor";
                Error::new(ErrorKind::Unauthenticated, message)
            })?;
            match vault.put(&name, &initial, None).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                version => return Ok((initial, version?)),
            }
        }
        Err(Error::new(ErrorKind::Conflict, "the refresh token comes and goes in the vault; run again"))
    }

    async fn refresh(&self, cx: &Context, token: &SecretString) -> Result<TokenSet> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        self.app.grant(cx, &fields).await
    }

    /// Makes the unsaved token durable and its access token usable. None when another process stored one first: that
    /// one counts.
    async fn save(&self, cx: &Context, kept: &mut Kept) -> Result<Option<Fresh>> {
        let mut tries = 0;
        let Some(unsaved) = kept.unsaved.as_ref() else { return Ok(None) };
        let outcome = loop {
            tries += 1;
            let name = cx.key_name(REFRESH_TOKEN);
            match cx.vault()?.put(&name, &unsaved.token, Some(unsaved.replaces)).await {
                Err(error) if error.kind() != ErrorKind::Conflict && tries < SAVES => {
                    cx.clock().sleep(Duration::from_millis(250 << tries)).await;
                }
                outcome => break outcome,
            }
        };
        match outcome {
            Err(error) if error.kind() != ErrorKind::Conflict => Err(error),
            outcome => {
                let saved = kept.unsaved.take().zip(outcome.ok());
                let fresh = saved.map(|(unsaved, version)| Fresh { access: unsaved.access, version });
                if let Some(fresh) = &fresh {
                    kept.latest = Some(fresh.access.clone());
                }
                Ok(fresh)
            }
        }
    }

    /// Stores what `sent`, kept as `version`, was exchanged for. None when another process was first.
    async fn settle(
        &self,
        cx: &Context,
        kept: &mut Kept,
        (set, sent, version): (TokenSet, &SecretString, KeyVersion),
        is_stored: impl FnOnce(&SecretString) -> bool,
    ) -> Result<Option<Fresh>> {
        let token = set.refresh.unwrap_or_else(|| sent.clone());
        // A vendor may answer with the same token again, or with none; then nothing changes.
        if is_stored(&token) {
            kept.latest = Some(set.access.clone());
            return Ok(Some(Fresh { access: set.access, version }));
        }
        kept.unsaved = Some(Unsaved { token, replaces: version, access: set.access });
        self.save(cx, kept).await
    }

    /// One attempt with `token`, stored as `version`. None when another process was first.
    async fn rotate(
        &self,
        cx: &Context,
        kept: &mut Kept,
        token: &SecretString,
        version: KeyVersion,
    ) -> Result<Option<Fresh>> {
        let set = self.refresh(cx, token).await?;
        let is_stored = |new: &SecretString| new.expose_secret() == token.expose_secret();
        self.settle(cx, kept, (set, token, version), is_stored).await
    }

    /// What to do after the stored token was refused: nothing when another process has replaced it meanwhile, try
    /// the configured one when that is another (the account was connected again), or give up.
    async fn recover(
        &self,
        cx: &Context,
        kept: &mut Kept,
        (refused, version): (&SecretString, KeyVersion),
        error: Error,
        spent: &mut Vec<SecretString>,
    ) -> Result<Option<Fresh>> {
        if !is_spent(&error) {
            return Err(error);
        }
        spent.push(refused.clone());
        if self.stored(cx).await?.1 != version {
            return Ok(None);
        }
        let other = self.initial.as_ref().filter(|other| other.expose_secret() != refused.expose_secret());
        let Some(other) = other else { return Err(error) };
        match self.refresh(cx, other).await {
            Ok(set) => self.settle(cx, kept, (set, other, version), |_| false).await,
            Err(second) if second.kind() == ErrorKind::Unauthenticated => {
                spent.extend(is_spent(&second).then(|| other.clone()));
                Err(error)
            }
            Err(second) => Err(second),
        }
    }
}

/// Whether the vendor does not know the refresh token, or not any more. A new consent alone helps.
fn is_spent(error: &Error) -> bool {
    error.kind() == ErrorKind::Unauthenticated && error.context_value(OAUTH_CODE) == Some("invalid_grant")
}

#[async_trait]
impl<E: TokenEndpoint> Grant for Rotation<E> {
    async fn obtain(&self, cx: &Context) -> Result<AccessToken> {
        self.token(cx, None).await
    }

    async fn replace(&self, cx: &Context, refused: &SecretString) -> Result<AccessToken> {
        self.token(cx, Some(refused)).await
    }
}
