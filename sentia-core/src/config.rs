//! The only module that reads the environment.

use secrecy::SecretString;

use crate::{Error, ErrorKind, Result};

/// Reads a variable.
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
pub fn optional_from_env(name: &str) -> Option<String> {
    var_from_env(name).ok()
}

/// Reads a secret.
///
/// # Errors
/// `ConfigInvalid`, naming the variable.
pub fn secret_from_env(name: &str) -> Result<SecretString> {
    var_from_env(name).map(SecretString::from)
}
