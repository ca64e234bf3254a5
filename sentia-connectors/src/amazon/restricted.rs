//! Restricted data tokens: one path, one hour, in place of the seller's access token.
//!
//! Orders of 2026-01-01 need none: there personal data follows the application's roles. Documents of restricted report
//! types do, each for its own path.

use secrecy::SecretString;
use sentia_core::{Context, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use super::{client::Client, operation::CREATE_RESTRICTED_TOKEN};

const PATH: &str = "/tokens/2021-03-01/restrictedDataToken";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wanted<'a> {
    restricted_resources: [Resource<'a>; 1],
}

#[derive(Serialize)]
struct Resource<'a> {
    method: &'static str,
    path: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Granted {
    restricted_data_token: SecretString,
}

/// Obtains a token for reading what stands at `path`.
///
/// # Errors
/// `PermissionDenied`, naming the roles, when the application has none of them.
pub(super) async fn token(client: &Client, cx: &Context, path: &str) -> Result<SecretString> {
    let wanted = Wanted { restricted_resources: [Resource { method: "GET", path }] };
    let response = client.ask(cx, &CREATE_RESTRICTED_TOKEN, PATH, &wanted).await?;
    // The body holds the token: it must not become an error's context.
    let granted: Granted = serde_json::from_slice(&response.body).map_err(|_| {
        let message = "the answer holds no restricted data token";
        Error::new(ErrorKind::InvalidResponse, message).temporary()
    })?;
    Ok(granted.restricted_data_token)
}
