//! The access token in the vault, beside the refresh token: one refresh serves the whole fleet.

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Context, Error, ErrorKind, Result, key_store::KeyVersion};
use serde::{Deserialize, Serialize};

use super::REFRESH_TOKEN;
use crate::token::AccessToken;

/// The name of the secret in the vault.
const ACCESS_TOKEN: &str = "access_token";

#[derive(Serialize, Deserialize)]
struct Published<T> {
    token: T,
    scope: Option<String>,
    expires: Option<DateTime<Utc>>,
    /// The stored refresh token that it came with. After a new consent, which may be of another account, it is another.
    refresh_version: KeyVersion,
}

/// The published token, if it is still good and not the one that was `refused`.
pub(super) async fn read(cx: &Context, refused: Option<&SecretString>) -> Result<Option<AccessToken>> {
    let vault = cx.vault()?;
    let Some((sealed, _)) = vault.get(&cx.key_name(ACCESS_TOKEN)).await? else { return Ok(None) };
    // One of another build, or written by a hand, is as good as none: the next refresh replaces it.
    let Ok(published) = serde_json::from_str::<Published<SecretString>>(sealed.expose_secret()) else {
        return Ok(None);
    };
    let access = AccessToken::published(published.token, published.scope, published.expires);
    if !access.serves(cx.clock().now(), refused) {
        return Ok(None);
    }
    let current = vault.get(&cx.key_name(REFRESH_TOKEN)).await?.map(|(_, version)| version);
    Ok((current == Some(published.refresh_version)).then_some(access))
}

/// Publishes a token that came with the refresh token stored as `refresh_version`.
pub(super) async fn write(cx: &Context, access: &AccessToken, refresh_version: KeyVersion) -> Result<()> {
    let (vault, name) = (cx.vault()?, cx.key_name(ACCESS_TOKEN));
    let published = Published {
        token: access.secret.expose_secret(),
        scope: access.scope.clone(),
        expires: access.expires(),
        refresh_version,
    };
    let text = serde_json::to_string(&published)
        .map_err(|e| Error::new(ErrorKind::Unexpected, "a token cannot be written").source(e))?;
    let replaced = vault.get(&name).await?.map(|(_, version)| version);
    vault.put(&name, &SecretString::from(text), replaced).await.map(drop)
}
