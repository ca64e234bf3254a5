//! The connections that an engine has, each with the stack that all its reads share.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use super::{connection::Connection, reader::Reader};
use crate::{Error, ErrorKind, Result, StateStore, clock::Clock};

/// A connection, ready to be read.
#[derive(Debug)]
pub(super) struct Connected {
    pub(super) connection: Connection,
    pub(super) reader: Reader,
}

type Named = HashMap<(String, String), Arc<Connected>>;

/// All of them, by tenant and name.
#[derive(Debug, Default)]
pub(super) struct Connections(RwLock<Named>);

impl Connections {
    /// Takes a connection on.
    ///
    /// # Errors
    /// `ConfigInvalid` for a name that cannot be or is taken, or a catalog that cannot be.
    pub(super) fn add(
        &self,
        connection: Connection,
        states: Arc<dyn StateStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Connected>> {
        let key = (connection.tenant.clone(), connection.name.clone());
        let reader = connection.reader(states, clock)?;
        let connected = Arc::new(Connected { connection, reader });
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.contains_key(&key) {
            let message =
                "the tenant has a connection of that name; disconnect it first, or choose another name";
            let error = Error::new(ErrorKind::ConfigInvalid, message).operation("engine.connect");
            return Err(error.context("tenant", key.0).context("connection", key.1));
        }
        all.insert(key, connected.clone());
        Ok(connected)
    }

    pub(super) fn get(&self, tenant: &str, name: &str) -> Option<Arc<Connected>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&(tenant.to_owned(), name.to_owned())).cloned()
    }

    pub(super) fn remove(&self, tenant: &str, name: &str) -> Option<Arc<Connected>> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(&(tenant.to_owned(), name.to_owned()))
    }
}
