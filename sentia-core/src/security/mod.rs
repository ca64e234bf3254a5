//! Envelope encryption of credentials.

mod master_keys;
mod vault;

pub use self::{
    master_keys::{MasterKey, MasterKeys, MasterKeyset},
    vault::Vault,
};
