//! Envelope encryption of credentials.
//!
//! A [`Vault`] seals each secret with a data key of its own and wraps that with a master key. The database holds only
//! sealed bytes; the master keys come from the environment, or from a host's key service through [`MasterKeys`].

mod master_keys;
mod vault;

pub use self::{
    master_keys::{MasterKey, MasterKeys, MasterKeyset},
    vault::Vault,
};
