//! Settings of one store, checked before the first call.

use secrecy::{ExposeSecret, SecretString};
use sentia_core::{
    Error, ErrorKind, Result, optional_from_env, secret_from_env, transport::Pacing, var_from_env,
};
use serde::Deserialize;
use url::Url;
use validator::{Validate, ValidationError};

use super::{Shopify, client::Client, grant::ClientCredentials};
use crate::token::{AccessTokens, ReadyToken};

/// The pinned version where none is configured.
const API_VERSION: &str = "2026-07";

/// Settings of one store, as plain data. Unknown members are errors.
///
/// ```
/// use sentia_connectors::shopify::{ShopifyBuilder, ShopifyConfig};
///
/// let config: ShopifyConfig =
///     serde_json::from_str(r#"{"shop": "acme.myshopify.com", "access_token": "shpat_secret"}"#)?;
/// let shop = ShopifyBuilder::from(config).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ShopifyConfig {
    /// The store's own domain, `acme.myshopify.com`. Required.
    #[validate(custom(function = "shop_domain"))]
    pub shop: String,
    /// A fixed access token of a custom app. Required, unless client id and secret are given.
    #[serde(default)]
    pub access_token: Option<SecretString>,
    /// The client id of a Dev Dashboard app that is installed on the store.
    #[serde(default)]
    #[validate(length(min = 1, message = "must not be empty"))]
    pub client_id: Option<String>,
    /// Its client secret.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// The Admin API version to pin, `YYYY-MM`. Default `2026-07`.
    #[serde(default)]
    #[validate(custom(function = "quarter"))]
    pub api_version: Option<String>,
    /// Where the store's API is. Default `https://{shop}`.
    #[serde(default)]
    pub base_url: Option<String>,
}

/// Sets up a [`Shopify`] connector.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ShopifyBuilder {
    config: ShopifyConfig,
    pacing: Pacing,
}

impl From<ShopifyConfig> for ShopifyBuilder {
    fn from(config: ShopifyConfig) -> Self {
        ShopifyBuilder { config, pacing: Pacing::default() }
    }
}

impl ShopifyBuilder {
    /// The store's own domain, `acme.myshopify.com`.
    pub fn shop(mut self, shop: impl Into<String>) -> Self {
        self.config.shop = shop.into();
        self
    }

    /// A fixed access token, `shpat_...`, of a custom app made in the store's admin before 2026.
    pub fn access_token(mut self, token: impl Into<SecretString>) -> Self {
        self.config.access_token = Some(token.into());
        self
    }

    /// The client id of a Dev Dashboard app; goes with [`client_secret`](Self::client_secret).
    pub fn client_id(mut self, id: impl Into<String>) -> Self {
        self.config.client_id = Some(id.into());
        self
    }

    /// The client secret of a Dev Dashboard app. Tokens are minted with it and last a day.
    pub fn client_secret(mut self, secret: impl Into<SecretString>) -> Self {
        self.config.client_secret = Some(secret.into());
        self
    }

    /// The Admin API version to pin, `YYYY-MM`. Default `2026-07`.
    pub fn api_version(mut self, version: impl Into<String>) -> Self {
        self.config.api_version = Some(version.into());
        self
    }

    /// Where the store's API is, for tests against a server on this machine. Default `https://{shop}`.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.config.base_url = Some(url.into());
        self
    }

    /// Whether the vendor's limits are kept; off is for loopback only.
    pub fn pacing(mut self, pacing: Pacing) -> Self {
        self.pacing = pacing;
        self
    }

    /// Settings from the environment; [`Shopify::from_env_prefixed`] has the table.
    pub(super) fn from_env(prefix: &str) -> Result<Self> {
        let name = |variable: &str| format!("{prefix}_{variable}");
        let secret = |variable: &str| secret_from_env(&name(variable)).ok();
        Ok(ShopifyBuilder::from(ShopifyConfig {
            shop: var_from_env(&name("SHOP"))?,
            access_token: secret("ACCESS_TOKEN"),
            client_id: optional_from_env(&name("CLIENT_ID")),
            client_secret: secret("CLIENT_SECRET"),
            api_version: optional_from_env(&name("API_VERSION")),
            base_url: optional_from_env(&name("BASE_URL")),
        }))
    }

    /// Checks every setting and makes the connector. It makes no call.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the field.
    pub fn build(self) -> Result<Shopify> {
        let ShopifyBuilder { config, pacing } = self;
        config.validate().map_err(|errors| first_of(&errors))?;
        // Not among the derived checks: those copy what they refuse into their error.
        printable("access_token", config.access_token.as_ref())?;
        printable("client_secret", config.client_secret.as_ref())?;
        let base = base_url(&config)?;
        let pacing = pacing.check(&base)?;
        let base = base.as_str().trim_end_matches('/').to_owned();
        let tokens = tokens(&base, &config)?;
        let version = config.api_version.unwrap_or_else(|| API_VERSION.to_owned());
        Ok(Shopify::new(Client::new(&base, version, tokens), pacing))
    }
}

fn tokens(base: &str, config: &ShopifyConfig) -> Result<AccessTokens> {
    match (&config.access_token, &config.client_id, &config.client_secret) {
        (Some(token), None, None) => Ok(AccessTokens::new(ReadyToken(token.clone()))),
        (None, Some(id), Some(secret)) => {
            Ok(AccessTokens::new(ClientCredentials::new(base, id.clone(), secret.clone())))
        }
        (Some(_), ..) => Err(invalid("access_token", "give it, or client_id and client_secret, not both")),
        (None, Some(_), None) => Err(invalid("client_secret", "is missing; it goes with client_id")),
        (None, None, Some(_)) => Err(invalid("client_id", "is missing; it goes with client_secret")),
        (None, None, None) => {
            Err(invalid("access_token", "is missing; give it, or client_id and client_secret"))
        }
    }
}

fn base_url(config: &ShopifyConfig) -> Result<Url> {
    let Some(text) = &config.base_url else {
        return Url::parse(&format!("https://{}", config.shop))
            .map_err(|e| invalid("shop", "is no domain").source(e));
    };
    let url = Url::parse(text).map_err(|e| invalid("base_url", "is no URL").source(e))?;
    // Where pacing may be off there is nobody between us and the server who could read the token.
    if url.scheme() != "https" && (url.scheme() != "http" || Pacing::Off.check(&url).is_err()) {
        return Err(invalid("base_url", "must begin with https; http is for loopback only"));
    }
    if url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
        || url.password().is_some()
    {
        return Err(invalid("base_url", "must have neither credentials nor query"));
    }
    Ok(url)
}

fn invalid(field: &'static str, reason: &str) -> Error {
    Error::new(ErrorKind::ConfigInvalid, format!("{field}: {reason}"))
        .operation("shopify.config")
        .context("field", field)
}

/// The first complaint in the order of the alphabet, so that it is the same each time.
fn first_of(errors: &validator::ValidationErrors) -> Error {
    let complaints = errors.field_errors();
    let first = complaints.iter().min_by_key(|(field, _)| field.to_string());
    let (field, reason) = first.map_or(("config".to_owned(), None), |(field, complaints)| {
        (field.to_string(), complaints.first().and_then(|complaint| complaint.message.clone()))
    });
    let reason = reason.unwrap_or_else(|| "is not valid".into());
    Error::new(ErrorKind::ConfigInvalid, format!("{field}: {reason}"))
        .operation("shopify.config")
        .context("field", field)
}

fn complaint(code: &'static str, message: &'static str) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

/// `^[a-z0-9][a-z0-9-]*\.myshopify\.com$`: a custom domain redirects, and a redirect may lead to another store.
fn shop_domain(shop: &str) -> Result<(), ValidationError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let name = shop.strip_suffix(".myshopify.com").unwrap_or_default().as_bytes();
    let valid =
        name.first().is_some_and(|&first| letter(first)) && name.iter().all(|&b| letter(b) || b == b'-');
    if valid {
        Ok(())
    } else {
        Err(complaint("domain", "must be the store's own domain, like acme.myshopify.com"))
    }
}

fn quarter(version: &str) -> Result<(), ValidationError> {
    let valid = version.split_once('-').is_some_and(|(year, month)| {
        let year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        year && ["01", "04", "07", "10"].contains(&month)
    });
    if valid { Ok(()) } else { Err(complaint("version", "must be a quarter, like 2026-07")) }
}

/// What a header can carry; a token with a line break from a file would fail at the first call only.
fn printable(field: &'static str, secret: Option<&SecretString>) -> Result<()> {
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if secret.is_none_or(|secret| plain(secret.expose_secret())) {
        return Ok(());
    }
    Err(invalid(field, "must not be empty or hold spaces or line breaks"))
}

#[cfg(test)]
mod tests {
    use sentia_core::Connector;

    use super::*;

    fn good() -> ShopifyBuilder {
        Shopify::builder().shop("acme.myshopify.com").access_token("shpat_secret")
    }

    fn complaint_of(builder: ShopifyBuilder) -> String {
        let error = builder.build().expect_err("not valid");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        error.context_value("field").or(error.context_value("host")).expect("named").to_owned()
    }

    #[test]
    fn only_the_stores_own_domain_is_taken() {
        for shop in ["acme.myshopify.com", "4-acme-uk.myshopify.com"] {
            assert!(good().shop(shop).build().is_ok(), "{shop}");
        }
        for shop in [
            "",
            "acme.com",
            "-acme.myshopify.com",
            ".myshopify.com",
            "Acme.myshopify.com",
            "acme.myshopify.com.evil.example",
            "evil.example/acme.myshopify.com",
            "a@b.myshopify.com",
            "https://acme.myshopify.com",
            "acme.myshopify.com\n",
        ] {
            assert_eq!(complaint_of(good().shop(shop)), "shop", "{shop:?}");
        }
    }

    #[test]
    fn every_field_is_checked_before_the_first_call() {
        assert_eq!(complaint_of(good().access_token("")), "access_token");
        assert_eq!(complaint_of(good().access_token("shpat_x\n")), "access_token");
        assert_eq!(complaint_of(good().api_version("2026-06")), "api_version");
        assert_eq!(complaint_of(good().api_version("../2026-07")), "api_version");
        assert_eq!(complaint_of(good().base_url("acme")), "base_url");
        assert_eq!(complaint_of(good().base_url("http://acme.myshopify.com")), "base_url");
        assert_eq!(complaint_of(good().base_url("ftp://127.0.0.1")), "base_url");
        assert_eq!(complaint_of(good().base_url("https://u:p@acme.myshopify.com")), "base_url");
        assert_eq!(complaint_of(good().pacing(Pacing::Off)), "acme.myshopify.com");
        assert!(good().base_url("http://127.0.0.1:8080/shop/").pacing(Pacing::Off).build().is_ok());
    }

    #[test]
    fn there_is_one_way_to_a_token() {
        let bare = || Shopify::builder().shop("acme.myshopify.com");
        assert_eq!(complaint_of(bare()), "access_token");
        assert_eq!(complaint_of(bare().client_id("id")), "client_secret");
        assert_eq!(complaint_of(bare().client_secret("secret")), "client_id");
        assert_eq!(complaint_of(bare().client_id("").client_secret("secret")), "client_id");
        assert_eq!(complaint_of(good().client_id("id").client_secret("secret")), "access_token");
        assert!(bare().client_id("id").client_secret("secret").build().is_ok());
    }

    #[test]
    fn settings_come_as_data_too_and_unknown_ones_are_refused() {
        let read = serde_json::from_str::<ShopifyConfig>;
        let config = read(
            r#"{"shop":"acme.myshopify.com","client_id":"id","client_secret":"s","api_version":"2026-10"}"#,
        );
        assert!(ShopifyBuilder::from(config.expect("known")).build().is_ok());
        assert!(read(r#"{"shop":"acme.myshopify.com","acess_token":"x"}"#).is_err());
    }

    #[test]
    fn no_secret_is_printed() {
        let ready = good().access_token("very-secret");
        let minted =
            Shopify::builder().shop("acme.myshopify.com").client_id("id").client_secret("very-secret");
        for builder in [ready, minted] {
            let builder_text = format!("{builder:?}");
            let shop = builder.build().expect("valid");
            let text = format!("{builder_text}{shop:?}{:?}", shop.info());
            assert!(!text.contains("very-secret"), "{text}");
        }
    }
}
