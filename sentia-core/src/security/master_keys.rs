//! The keys that wrap data keys: from the environment, or from a host's key service through the trait.

use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::aead::{AES_256_GCM, Aad, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::{Error, ErrorKind, Result, config::secret_from_env};

/// Wraps and unwraps data keys of 32 bytes.
///
/// A host with a key service implements it; [`MasterKeyset`] keeps the keys in memory. Each secret written is one `wrap`,
/// each secret read one `unwrap`.
///
/// # Behavior
/// - `wrap` uses the primary key and returns its id; `unwrap` finds any key by id.
/// - The associated data must be equal on both sides.
#[async_trait]
pub trait MasterKeys: fmt::Debug + Send + Sync + 'static {
    /// Wraps a data key with the primary master key.
    ///
    /// # Errors
    /// `Unavailable` when the key service does not answer.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: a wrapped key that was not stored is of no use.
    async fn wrap(&self, data_key: &[u8; 32], associated: &[u8]) -> Result<(String, Vec<u8>)>;

    /// Unwraps a data key.
    ///
    /// # Errors
    /// `ConfigInvalid` when the master key is unknown; `SignatureInvalid` when it does not open.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    async fn unwrap(
        &self,
        master_key: &str,
        wrapped: &[u8],
        associated: &[u8],
    ) -> Result<SecretBox<[u8; 32]>>;
}

/// One master key: an id and 32 bytes.
///
/// The id is stored beside each secret in the clear; choose one that says which key it is, as `2026-11`.
#[derive(Debug)]
pub struct MasterKey {
    id: String,
    key: SecretBox<[u8; 32]>,
}

impl MasterKey {
    /// A key from its base64 text.
    ///
    /// # Errors
    /// `ConfigInvalid` when it is not 32 bytes, or all bytes are equal.
    pub fn from_base64(id: &str, text: &SecretString) -> Result<Self> {
        let weak = || {
            Error::new(ErrorKind::ConfigInvalid, "a master key is 32 random bytes in base64")
                .context("key", id)
        };
        let bytes =
            zeroize::Zeroizing::new(STANDARD.decode(text.expose_secret().trim()).map_err(|_| weak())?);
        let key: [u8; 32] = bytes.as_slice().try_into().map_err(|_| weak())?;
        if key.iter().all(|byte| *byte == key[0]) {
            return Err(weak());
        }
        Ok(MasterKey { id: id.to_owned(), key: SecretBox::new(Box::new(key)) })
    }

    /// A fresh random key that lives as long as the process.
    ///
    /// For tests: what it sealed cannot be opened after a restart.
    ///
    /// # Errors
    /// `Unexpected` when the machine has no random bytes.
    pub fn ephemeral() -> Result<Self> {
        let mut key = Box::new([0; 32]);
        aws_lc_rs::rand::fill(key.as_mut_slice())
            .map_err(|_| Error::new(ErrorKind::Unexpected, "no random bytes"))?;
        Ok(MasterKey { id: "ephemeral".to_owned(), key: SecretBox::new(key) })
    }
}

/// Master keys held in memory: the first wraps, all unwrap.
///
/// ```
/// use sentia_core::security::{MasterKey, MasterKeyset};
///
/// // `openssl rand -base64 32` makes such a text.
/// let old = MasterKey::from_base64("2025", &"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into())?;
/// let new = MasterKey::from_base64("2026", &"Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA=".into())?;
/// let keyset = MasterKeyset::new(new, vec![old]);
///
/// let weak = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// assert!(MasterKey::from_base64("weak", &weak.into()).is_err());
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug)]
pub struct MasterKeyset(Vec<MasterKey>);

impl MasterKeyset {
    /// A keyset of `primary` and older keys that only unwrap.
    pub fn new(primary: MasterKey, older: Vec<MasterKey>) -> Self {
        MasterKeyset(std::iter::once(primary).chain(older).collect())
    }

    /// A keyset of the one key in the variable `name`.
    ///
    /// Its id is `env`, so another key under the same variable is found out at the first secret it does not open.
    ///
    /// # Errors
    /// `ConfigInvalid` when it is missing or weak.
    pub fn from_env(name: &str) -> Result<Self> {
        Ok(MasterKeyset::new(MasterKey::from_base64("env", &secret_from_env(name)?)?, Vec::new()))
    }
}

#[async_trait]
impl MasterKeys for MasterKeyset {
    async fn wrap(&self, data_key: &[u8; 32], associated: &[u8]) -> Result<(String, Vec<u8>)> {
        let primary = &self.0[0];
        Ok((primary.id.clone(), seal(primary.key.expose_secret(), data_key, associated)?))
    }

    async fn unwrap(
        &self,
        master_key: &str,
        wrapped: &[u8],
        associated: &[u8],
    ) -> Result<SecretBox<[u8; 32]>> {
        let key = self.0.iter().find(|key| key.id == master_key).ok_or_else(|| {
            let message = "the master key that sealed this secret is not configured; add it to the keyset";
            Error::new(ErrorKind::ConfigInvalid, message).context("key", master_key)
        })?;
        let opened = zeroize::Zeroizing::new(open(key.key.expose_secret(), wrapped, associated)?);
        let data_key: [u8; 32] = opened.as_slice().try_into().map_err(|_| tampered())?;
        Ok(SecretBox::new(Box::new(data_key)))
    }
}

/// Seals with a fresh random 96-bit nonce: nonce, ciphertext, tag.
pub(super) fn seal(key: &[u8; 32], plain: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
    let failed = |_| Error::new(ErrorKind::Unexpected, "sealing failed");
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(failed)?;
    let mut sealed = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(associated), &mut sealed).map_err(failed)?;
    Ok([nonce.as_ref().as_slice(), &sealed].concat())
}

pub(super) fn open(key: &[u8; 32], sealed: &[u8], associated: &[u8]) -> Result<Vec<u8>> {
    let (nonce, rest) = sealed.split_at_checked(12).ok_or_else(tampered)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| tampered())?;
    let nonce = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| tampered())?;
    let mut plain = rest.to_vec();
    let length = key.open_in_place(nonce, Aad::from(associated), &mut plain).map_err(|_| tampered())?.len();
    plain.truncate(length);
    Ok(plain)
}

pub(super) fn tampered() -> Error {
    Error::new(
        ErrorKind::SignatureInvalid,
        "the sealed secret does not open: altered, moved, or another master key",
    )
}
