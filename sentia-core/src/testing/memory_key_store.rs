//! A key store for tests.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::{
    Error, ErrorKind, Result,
    key_store::{KeyEntry, KeyFilter, KeyName, KeyStore, KeyVersion, SealedKey, StoredKey},
    sync::{Mutex, MutexGuard},
};

/// Keeps sealed keys in memory; clones share them.
///
/// The time of a write is always 1970: the store has no clock.
#[derive(Debug, Clone, Default)]
pub struct MemoryKeyStore(Arc<Mutex<BTreeMap<KeyName, StoredKey>>>);

impl MemoryKeyStore {
    fn keys(&self) -> MutexGuard<'_, BTreeMap<KeyName, StoredKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn conflict(name: &KeyName) -> Error {
    Error::new(ErrorKind::Conflict, "another version of the secret is stored").context("secret", name)
}

#[async_trait]
impl KeyStore for MemoryKeyStore {
    async fn get(&self, name: &KeyName) -> Result<Option<StoredKey>> {
        Ok(self.keys().get(name).cloned())
    }

    async fn put(&self, name: &KeyName, key: SealedKey, expected: Option<KeyVersion>) -> Result<KeyVersion> {
        let mut keys = self.keys();
        if keys.get(name).map(|stored| stored.version) != expected {
            return Err(conflict(name));
        }
        let version = expected.unwrap_or(0) + 1;
        keys.insert(name.clone(), StoredKey { version, key });
        Ok(version)
    }

    async fn delete(&self, name: &KeyName, expected: KeyVersion) -> Result<()> {
        let mut keys = self.keys();
        if keys.get(name).map(|stored| stored.version) != Some(expected) {
            return Err(conflict(name));
        }
        keys.remove(name);
        Ok(())
    }

    async fn list(&self, filter: &KeyFilter) -> Result<Vec<KeyEntry>> {
        let wanted = |name: &KeyName| {
            filter.tenant.as_ref().is_none_or(|tenant| *tenant == name.tenant)
                && filter.connection.as_ref().is_none_or(|connection| *connection == name.connection)
        };
        let entry = |(name, stored): (&KeyName, &StoredKey)| KeyEntry {
            name: name.clone(),
            version: stored.version,
            master_key: stored.key.master_key.clone(),
            updated: DateTime::<Utc>::UNIX_EPOCH,
        };
        Ok(self.keys().iter().filter(|(name, _)| wanted(name)).map(entry).collect())
    }
}
