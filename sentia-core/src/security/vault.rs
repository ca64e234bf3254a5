//! Seals secrets into a key store and opens them again.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::master_keys::{MasterKeys, open, seal, tampered};
use crate::{
    Error, ErrorKind, Result,
    key_store::{KeyName, KeyStore, KeyVersion, SealedKey},
};

/// A key store with the keys to it.
///
/// Each write gets a data key of its own, wrapped by the primary master key; both layers are AES-256-GCM with
/// associated data that binds tenant, connection, name and version, so that a ciphertext moved to another row, or
/// an old one put back, does not open.
///
/// ```
/// use secrecy::ExposeSecret;
/// # #[cfg(feature = "testing")]
/// use sentia_core::{key_store::KeyName, security::{MasterKey, MasterKeyset, Vault}, testing::MemoryKeyStore};
///
/// # #[cfg(feature = "testing")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sentia_core::Result<()> {
/// let vault = Vault::new(MemoryKeyStore::default(), MasterKeyset::new(MasterKey::ephemeral()?, Vec::new()));
/// let name = KeyName { tenant: "t".into(), connection: "xero".into(), name: "refresh_token".into() };
///
/// let version = vault.put(&name, &"first".into(), None).await?;
/// vault.put(&name, &"second".into(), Some(version)).await?;
/// assert!(vault.put(&name, &"late".into(), Some(version)).await.is_err(), "another write came first");
///
/// let (secret, version) = vault.get(&name).await?.expect("it was put");
/// assert_eq!((secret.expose_secret(), version), ("second", 2));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "testing"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone)]
pub struct Vault {
    keys: Arc<dyn KeyStore>,
    master: Arc<dyn MasterKeys>,
}

impl Vault {
    /// A vault over `keys`, opened by `master`.
    pub fn new(keys: impl KeyStore, master: impl MasterKeys) -> Self {
        Vault { keys: Arc::new(keys), master: Arc::new(master) }
    }

    /// Opens a secret.
    ///
    /// `None` for a name that was never put. The version goes into the next [`put`](Self::put).
    ///
    /// # Errors
    /// `SignatureInvalid` when it was altered or moved; `Store` when the database fails.
    ///
    /// `ConfigInvalid` when the master key that sealed it is not in the keyset.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn get(&self, name: &KeyName) -> Result<Option<(SecretString, KeyVersion)>> {
        let Some(stored) = self.keys.get(name).await? else { return Ok(None) };
        let associated = associated(name, stored.version);
        let opened = self.open(&stored.key, &associated).await.map_err(|e| e.context("secret", name))?;
        Ok(Some((opened, stored.version)))
    }

    async fn open(&self, key: &SealedKey, associated: &[u8]) -> Result<SecretString> {
        let (length, rest) = key.sealed.split_first_chunk::<2>().ok_or_else(tampered)?;
        let (wrapped, sealed) =
            rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or_else(tampered)?;
        let data_key = self.master.unwrap(&key.master_key, wrapped, associated).await?;
        let plain = open(data_key.expose_secret(), sealed, associated)?;
        String::from_utf8(plain).map(SecretString::from).map_err(|_| tampered())
    }

    /// Seals a secret in place of version `expected`. When it returns, the secret is durable.
    ///
    /// With `None` the secret must be new. The answer is the version it is stored as.
    ///
    /// # Errors
    /// `Conflict` when another version is stored; `Store` when the database fails.
    ///
    /// # Cancel safety
    /// A dropped future may have written; read again to know.
    pub async fn put(
        &self,
        name: &KeyName,
        secret: &SecretString,
        expected: Option<KeyVersion>,
    ) -> Result<KeyVersion> {
        let associated = associated(name, expected.unwrap_or(0) + 1);
        let mut data_key = zeroize::Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(data_key.as_mut_slice())
            .map_err(|_| Error::new(ErrorKind::Unexpected, "no random bytes"))?;
        let (master_key, wrapped) = self.master.wrap(&data_key, &associated).await?;
        let length = u16::try_from(wrapped.len())
            .map_err(|_| Error::new(ErrorKind::Unsupported, "the key service wraps to more than 64 KiB"))?;
        let sealed = seal(&data_key, secret.expose_secret().as_bytes(), &associated)?;
        let sealed = [length.to_be_bytes().as_slice(), &wrapped, &sealed].concat();
        self.keys.put(name, SealedKey { master_key, sealed }, expected).await
    }
}

fn associated(name: &KeyName, version: KeyVersion) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in [&name.tenant, &name.connection, &name.name] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.extend_from_slice(&version.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        security::{MasterKey, MasterKeyset},
        testing::MemoryKeyStore,
    };

    fn name(name: &str) -> KeyName {
        KeyName { tenant: "t".into(), connection: "c".into(), name: name.into() }
    }

    #[tokio::test]
    async fn a_secret_opens_only_in_its_own_place() {
        let keys = MemoryKeyStore::default();
        let vault =
            Vault::new(keys.clone(), MasterKeyset::new(MasterKey::ephemeral().expect("random"), Vec::new()));
        let version = vault.put(&name("a"), &"first".into(), None).await.expect("new");
        let old = keys.get(&name("a")).await.expect("get").expect("stored").key;
        vault.put(&name("a"), &"second".into(), Some(version)).await.expect("rotate");
        let (secret, _) = vault.get(&name("a")).await.expect("opens").expect("there");
        assert_eq!(secret.expose_secret(), "second");

        keys.put(&name("b"), old.clone(), None).await.expect("moved by hand");
        keys.put(&name("a"), old, Some(2)).await.expect("put back by hand");
        for moved in ["a", "b"] {
            let error = vault.get(&name(moved)).await.expect_err("does not open");
            assert_eq!(error.kind(), ErrorKind::SignatureInvalid);
        }
    }

    #[tokio::test]
    async fn an_unknown_master_key_is_named() {
        let keys = MemoryKeyStore::default();
        let keyset = |id: &str| {
            let text: SecretString = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into();
            MasterKeyset::new(MasterKey::from_base64(id, &text).expect("32 bytes"), Vec::new())
        };
        Vault::new(keys.clone(), keyset("2025")).put(&name("a"), &"s".into(), None).await.expect("put");
        let error = Vault::new(keys, keyset("2026")).get(&name("a")).await.expect_err("other id");
        assert_eq!(error.context_value("key"), Some("2025"));
    }
}
