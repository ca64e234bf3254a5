//! Where sealed credentials are kept.

use std::fmt;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::Result;

/// The name of a secret.
///
/// All three parts are bound into what is sealed: a secret that is moved to another name does not open.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName {
    /// Whose it is.
    pub tenant: String,
    /// The connection it belongs to.
    pub connection: String,
    /// What it is, for instance `refresh_token`.
    pub name: String,
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.tenant, self.connection, self.name)
    }
}

/// Counts the writes of a secret, from 1.
pub type KeyVersion = u64;

/// A secret that only its master key opens.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The master key that wraps the data key.
    pub master_key: String,
    /// Wrapped data key, nonce and ciphertext; see [`Vault`](crate::security::Vault).
    pub sealed: Vec<u8>,
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedKey({}, {} bytes)", self.master_key, self.sealed.len())
    }
}

/// A sealed secret as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Which write this is.
    pub version: KeyVersion,
    /// The secret.
    pub key: SealedKey,
}

/// One line of a listing; never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// The secret's name.
    pub name: KeyName,
    /// Which write is stored.
    pub version: KeyVersion,
    /// The master key that wraps it.
    pub master_key: String,
    /// When it was written.
    pub updated: DateTime<Utc>,
}

/// Which secrets to list; `None` means any.
///
/// ```
/// use sentia_core::key_store::KeyFilter;
///
/// let of_acme = KeyFilter { tenant: Some("acme".into()), ..KeyFilter::default() };
/// ```
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this connection.
    pub connection: Option<String>,
}

/// Keeps sealed secrets.
///
/// # Behavior
/// - `put` is compare-and-set, because refresh tokens rotate: with `expected: None` it creates and conflicts with
///   an existing secret; with a version it replaces exactly that one.
/// - A `put` that returned is durable: a crash afterwards does not lose it.
/// - `get` of an unknown name is `None`, not an error; `delete` of an unknown name or version is `Conflict`.
#[async_trait]
#[diagnostic::on_unimplemented(
    note = "implement `get`, `put`, `delete` and `list`, then run `key_store_suite!`"
)]
pub trait KeyStore: fmt::Debug + Send + Sync + 'static {
    /// Reads a secret.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn get(&self, name: &KeyName) -> Result<Option<StoredKey>>;

    /// Writes a secret if the stored version is `expected`.
    ///
    /// # Errors
    /// `Conflict` when it is not; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have written; read again to know.
    async fn put(&self, name: &KeyName, key: SealedKey, expected: Option<KeyVersion>) -> Result<KeyVersion>;

    /// Removes a secret if the stored version is `expected`.
    ///
    /// # Errors
    /// `Conflict` when it is not; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have removed it; read again to know.
    async fn delete(&self, name: &KeyName, expected: KeyVersion) -> Result<()>;

    /// Lists secrets by name, without their contents.
    ///
    /// # Errors
    /// `Store` when the database fails.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn list(&self, filter: &KeyFilter) -> Result<Vec<KeyEntry>>;
}
