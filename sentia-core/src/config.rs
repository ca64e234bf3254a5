//! The only module that reads the environment.
//!
//! `clippy.toml` forbids `std::env::var` elsewhere. An empty variable counts as missing, because shells and deployment
//! tools leave such ones behind.

use secrecy::SecretString;

use crate::{Error, ErrorKind, Result};

/// Reads a variable.
///
/// ```
/// use sentia_core::{ErrorKind, var_from_env};
///
/// let error = var_from_env("SENTIA_NO_SUCH_VARIABLE").expect_err("it is not set");
/// assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
/// ```
///
/// # Errors
/// `ConfigInvalid`, naming it, when it is missing, empty or not UTF-8.
#[allow(clippy::disallowed_methods, reason = "this is the module that owns the environment")]
pub fn var_from_env(name: &str) -> Result<String> {
    match std::env::var(name) {
        Ok(value) if !value.trim().is_empty() => Ok(value),
        _ => Err(Error::new(
            ErrorKind::ConfigInvalid,
            format!("environment variable {name} is missing or empty; set it"),
        )),
    }
}

/// Reads a variable that need not be there.
///
/// Missing, empty and not UTF-8 are all `None`.
pub fn optional_from_env(name: &str) -> Option<String> {
    var_from_env(name).ok()
}

/// Reads a secret.
///
/// The value is wiped from memory when the secret is dropped; the process's environment still has it.
///
/// # Errors
/// `ConfigInvalid`, naming the variable.
pub fn secret_from_env(name: &str) -> Result<SecretString> {
    var_from_env(name).map(SecretString::from)
}
