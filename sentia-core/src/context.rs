//! What the engine hands to a connector for one call.
//!
//! A connector keeps no transport, clock or store of its own, so that the engine can replace each of them: in tests by
//! scripted answers and a manual clock, in production by a stack with the limits of this connection.

use std::sync::Arc;

use crate::{
    Error, ErrorKind, Result, StateStore, clock::Clock, key_store::KeyName, security::Vault, spool::Spool,
    stream::StreamInfo, transport::Http,
};

/// A connector's surroundings: transport, clock and vault. Cheap to clone.
///
/// ```
/// use std::sync::Arc;
/// use sentia_core::{Context, clock::SystemClock, transport::{Stack, TransportPolicy}};
///
/// let clock = Arc::new(SystemClock);
/// let stack = Stack::new(TransportPolicy::default(), clock.clone())?;
/// let cx = Context::new(stack.http(), clock, "default", "shopify-uk");
/// assert_eq!(cx.key_name("refresh_token").to_string(), "default/shopify-uk/refresh_token");
/// assert!(cx.vault().is_err(), "none was given");
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Context {
    http: Http,
    clock: Arc<dyn Clock>,
    vault: Option<Vault>,
    states: Option<Arc<dyn StateStore>>,
    spool: Spool,
    tenant: Arc<str>,
    connection: Arc<str>,
}

impl Context {
    /// A context for `connection` of `tenant`.
    ///
    /// The engine makes one per run; connectors' own tests make theirs.
    pub fn new(http: Http, clock: Arc<dyn Clock>, tenant: &str, connection: &str) -> Self {
        Context {
            http,
            clock,
            vault: None,
            states: None,
            spool: Spool::default(),
            tenant: tenant.into(),
            connection: connection.into(),
        }
    }

    /// Adds the vault that keeps rotating credentials.
    #[must_use]
    pub fn with_vault(self, vault: Option<Vault>) -> Self {
        Context { vault, ..self }
    }

    /// Adds the states that all processes of the host share.
    #[must_use]
    pub fn with_states(self, states: Option<Arc<dyn StateStore>>) -> Self {
        Context { states, ..self }
    }

    pub(crate) fn for_stream(&self, stream: &Arc<StreamInfo>) -> Self {
        Context { http: self.http.for_stream(stream.clone()), ..self.clone() }
    }

    /// The way to the vendor.
    ///
    /// Every request passes all layers. Its stream is set inside `fetch`, which [`RequestBuilder::records`] needs.
    ///
    /// [`RequestBuilder::records`]: crate::transport::RequestBuilder::records
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The time.
    ///
    /// Connectors ask it when a token expires; they never sleep.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Replaces the place for large downloads.
    #[must_use]
    pub fn with_spool(self, spool: Spool) -> Self {
        Context { spool, ..self }
    }

    /// The place for downloads that are too large for memory.
    ///
    /// It lives as long as the run; what a restart finds missing is fetched again.
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// The name under which a secret of this connection is kept.
    ///
    /// Tenant and connection are filled in, so one connection cannot name another's secret.
    pub fn key_name(&self, name: &str) -> KeyName {
        KeyName {
            tenant: self.tenant.to_string(),
            connection: self.connection.to_string(),
            name: name.to_owned(),
        }
    }

    /// The states that all processes of the host share; none where the host runs one process per connection.
    pub fn states(&self) -> Option<&Arc<dyn StateStore>> {
        self.states.as_ref()
    }

    /// The vault.
    ///
    /// # Errors
    /// `ConfigInvalid` when the host gave none: a rotating token that is not durable before use is a lost
    /// connection.
    pub fn vault(&self) -> Result<&Vault> {
        self.vault.as_ref().ok_or_else(|| {
            let message = "rotating credentials need a vault; give the pipeline one with `vault(...)`";
            Error::new(ErrorKind::ConfigInvalid, message).context("connection", &*self.connection)
        })
    }
}
