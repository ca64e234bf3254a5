//! What the engine hands to a connector for one call.

use std::sync::Arc;

use crate::{
    Error, ErrorKind, Result,
    clock::Clock,
    key_store::KeyName,
    security::Vault,
    stream::StreamInfo,
    transport::Http,
};

/// A connector's surroundings: transport, clock and vault. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    http: Http,
    clock: Arc<dyn Clock>,
    vault: Option<Vault>,
    tenant: Arc<str>,
    connection: Arc<str>,
}

impl Context {
    /// A context for `connection` of `tenant`.
    pub fn new(http: Http, clock: Arc<dyn Clock>, tenant: &str, connection: &str) -> Self {
        Context { http, clock, vault: None, tenant: tenant.into(), connection: connection.into() }
    }

    /// Adds the vault that keeps rotating credentials.
    #[must_use]
    pub fn with_vault(self, vault: Option<Vault>) -> Self {
        Context { vault, ..self }
    }

    pub(crate) fn for_stream(&self, stream: &Arc<StreamInfo>) -> Self {
        Context { http: self.http.for_stream(stream.clone()), ..self.clone() }
    }

    /// The way to the vendor.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// The time.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The name under which a secret of this connection is kept.
    pub fn key_name(&self, name: &str) -> KeyName {
        KeyName { tenant: self.tenant.to_string(), connection: self.connection.to_string(), name: name.to_owned() }
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
