//! Settings of one store, checked before the first call.

use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Error, ErrorKind, Result, optional_from_env, transport::Pacing};
use serde::Deserialize;
use url::Url;
use validator::{Validate, ValidationError};

use super::{Shopify, catalog, client::Client, grant::ClientCredentials, webhook::Receiver};
use crate::token::{AccessTokens, ReadyToken};

/// The pinned version where none is configured.
const API_VERSION: &str = "2026-07";

/// The settings of one store, as they stand in a configuration file. Unknown members are errors.
///
/// Credentials are one of two: `access_token`, or `client_id` with `client_secret`.
///
/// ```
/// use sentia_connectors::shopify::{Shopify, ShopifyConfig};
///
/// let json = r#"{"shop": "acme.myshopify.com", "access_token": "shpat_secret"}"#;
/// let shop = Shopify::from_config(serde_json::from_str::<ShopifyConfig>(json)?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ShopifyConfig {
    /// The store's own domain, `acme.myshopify.com`. Required unless `base_url` says where the store is.
    #[validate(custom(function = "shop_domain"))]
    pub shop: String,
    /// The fixed token, `shpat_...`, of a custom app made in the store's admin before 2026.
    pub access_token: Option<SecretString>,
    /// The client id of a Dev Dashboard app that is installed on the store.
    #[validate(length(min = 1, message = "is empty; set it or leave it out"))]
    pub client_id: Option<String>,
    /// The client secret of that app. Tokens are minted with it and last a day.
    pub client_secret: Option<SecretString>,
    /// The secret that signs webhooks: the app's client secret. Default `client_secret`; without either no webhook is
    /// received.
    pub webhook_secret: Option<SecretString>,
    /// The secret before it. Shopify signs with it for up to an hour after a rotation; take it out again later.
    pub previous_webhook_secret: Option<SecretString>,
    /// The Admin API version to pin, `YYYY-MM`. Default `2026-07`.
    #[validate(custom(function = "quarter"))]
    pub api_version: Option<String>,
    /// The API's address. Default `https://{shop}`.
    pub base_url: Option<String>,
    /// Whether Shopify's limits are kept; they can be off for loopback addresses only. Set in code, not in a file.
    #[serde(skip)]
    pub pacing: Pacing,
}

/// Sets a Shopify connection step by step; see [`ShopifyConfig`] for what each setting means.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct ShopifyBuilder {
    config: ShopifyConfig,
}

impl ShopifyBuilder {
    fn with(mut self, change: impl FnOnce(&mut ShopifyConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the store's own domain.
    pub fn shop(self, shop: impl Into<String>) -> Self {
        self.with(|config| config.shop = shop.into())
    }

    /// Sets a fixed access token.
    pub fn access_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.access_token = Some(token.into()))
    }

    /// Sets the app's client id.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.client_id = Some(id.into()))
    }

    /// Sets the app's client secret.
    pub fn client_secret(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.client_secret = Some(secret.into()))
    }

    /// Sets the secret that signs webhooks, where it is not `client_secret`.
    pub fn webhook_secret(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.webhook_secret = Some(secret.into()))
    }

    /// Sets the secret that signed webhooks before a rotation.
    pub fn previous_webhook_secret(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.previous_webhook_secret = Some(secret.into()))
    }

    /// Sets the Admin API version to pin.
    pub fn api_version(self, version: impl Into<String>) -> Self {
        self.with(|config| config.api_version = Some(version.into()))
    }

    /// Sets the API's address, for tests against a server on this machine.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.base_url = Some(url.into()))
    }

    /// Keeps Shopify's limits or, for loopback addresses, not.
    pub fn pacing(self, pacing: Pacing) -> Self {
        self.with(|config| config.pacing = pacing)
    }

    /// Checks every setting and makes the connector. No call is made.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn build(self) -> Result<Shopify> {
        Shopify::from_config(self.config)
    }
}

impl Shopify {
    /// Begins a connection in code.
    pub fn builder() -> ShopifyBuilder {
        ShopifyBuilder::default()
    }

    /// Makes the connector of settings read from a file.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_config(config: ShopifyConfig) -> Result<Self> {
        config.check()?;
        let base = config.address()?;
        let pacing = config.pacing.check(&base).map_err(|e| e.context("setting", "pacing"))?;
        let base = base.as_str().trim_end_matches('/').to_owned();
        let (tokens, receiver) = (config.tokens(&base)?, config.receiver());
        let version = config.api_version.unwrap_or_else(|| API_VERSION.to_owned());
        Ok(Shopify::over(Client::new(&base, version, tokens), receiver, pacing))
    }

    /// Reads `SHOPIFY_SHOP`, then `SHOPIFY_ACCESS_TOKEN` or `SHOPIFY_CLIENT_ID` with `SHOPIFY_CLIENT_SECRET`, and
    /// where they are set `SHOPIFY_WEBHOOK_SECRET`, `SHOPIFY_PREVIOUS_WEBHOOK_SECRET`, `SHOPIFY_API_VERSION` and
    /// `SHOPIFY_BASE_URL`. The shop may be left out beside a base URL.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the variable or setting.
    pub fn from_env() -> Result<Self> {
        Shopify::from_env_prefixed("SHOPIFY")
    }

    /// Reads the variables of [`from_env`](Self::from_env) with another prefix, for hosts with several stores:
    /// `SHOPIFY_UK` reads `SHOPIFY_UK_SHOP`.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the variable or setting.
    pub fn from_env_prefixed(prefix: &str) -> Result<Self> {
        let variables = format!("{}_*", prefix.trim_end_matches('_'));
        Shopify::builder_from_env(prefix).build().map_err(|e| e.context("variables", variables))
    }

    /// Begins with the variables of [`from_env_prefixed`](Self::from_env_prefixed), for a program that sets some of
    /// them otherwise. Nothing is checked before [`build`](ShopifyBuilder::build).
    pub fn builder_from_env(prefix: &str) -> ShopifyBuilder {
        let prefix = prefix.trim_end_matches('_');
        let name = |variable: &str| format!("{prefix}_{variable}");
        let secret = |variable: &str| optional_from_env(&name(variable)).map(SecretString::from);
        let config = ShopifyConfig {
            shop: optional_from_env(&name("SHOP")).unwrap_or_default(),
            access_token: secret("ACCESS_TOKEN"),
            client_id: optional_from_env(&name("CLIENT_ID")),
            client_secret: secret("CLIENT_SECRET"),
            webhook_secret: secret("WEBHOOK_SECRET"),
            previous_webhook_secret: secret("PREVIOUS_WEBHOOK_SECRET"),
            api_version: optional_from_env(&name("API_VERSION")),
            base_url: optional_from_env(&name("BASE_URL")),
            pacing: Pacing::Vendor,
        };
        ShopifyBuilder { config }
    }
}

impl ShopifyConfig {
    fn check(&self) -> Result<()> {
        if let Err(errors) = self.validate() {
            let complaints = errors.field_errors();
            let first = complaints.iter().min_by(|(a, _), (b, _)| a.cmp(b));
            let (setting, reason) = first.map_or(("", "is invalid"), |(setting, complaints)| {
                let reason = complaints.first().and_then(|complaint| complaint.message.as_deref());
                (setting.as_ref(), reason.unwrap_or("is invalid"))
            });
            return Err(invalid(setting, reason));
        }
        // Not among the derived checks: those copy what they refuse into their error. A token with a line break,
        // as files end with, would fail at the first call only.
        for (setting, secret) in [
            ("access_token", &self.access_token),
            ("client_secret", &self.client_secret),
            ("webhook_secret", &self.webhook_secret),
            ("previous_webhook_secret", &self.previous_webhook_secret),
        ] {
            let printable = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
            if secret.as_ref().is_some_and(|secret| !printable(secret.expose_secret())) {
                return Err(invalid(
                    setting,
                    "is empty or holds spaces or line breaks; correct it or leave it out",
                ));
            }
        }
        Ok(())
    }

    fn receiver(&self) -> Option<Receiver> {
        let current = self.webhook_secret.as_ref().or(self.client_secret.as_ref())?;
        let secrets = [Some(current), self.previous_webhook_secret.as_ref()].into_iter().flatten().cloned();
        let shop = Some(self.shop.clone()).filter(|shop| !shop.is_empty());
        Some(Receiver::new(secrets.collect(), shop, catalog().streams.iter().map(|stream| stream.name)))
    }

    fn tokens(&self, base: &str) -> Result<AccessTokens> {
        match (&self.access_token, &self.client_id, &self.client_secret) {
            (Some(token), None, None) => Ok(AccessTokens::new(ReadyToken(token.clone()))),
            (None, Some(id), Some(secret)) => {
                Ok(AccessTokens::new(ClientCredentials::new(base, id.clone(), secret.clone())))
            }
            (Some(_), ..) => {
                Err(invalid("access_token", "excludes client_id and client_secret; leave one out"))
            }
            (None, Some(_), None) => {
                Err(invalid("client_secret", "is missing; set it, it goes with client_id"))
            }
            (None, None, Some(_)) => {
                Err(invalid("client_id", "is missing; set it, it goes with client_secret"))
            }
            (None, None, None) => {
                Err(invalid("access_token", "is missing; set it, or client_id and client_secret"))
            }
        }
    }

    /// Where the token may be sent: HTTPS, or this machine.
    fn address(&self) -> Result<Url> {
        let Some(text) = &self.base_url else {
            if self.shop.is_empty() {
                return Err(invalid(
                    "shop",
                    "is missing; set the store's own domain, like acme.myshopify.com",
                ));
            }
            let url = Url::parse(&format!("https://{}", self.shop));
            return url.map_err(|e| invalid("shop", "is not a domain; correct it").source(e));
        };
        let url = Url::parse(text).map_err(|e| invalid("base_url", "is not a URL; correct it").source(e))?;
        // Pacing may be off for this machine alone, so that rule says what this machine is.
        let is_loopback = Pacing::Off.check(&url).is_ok();
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return Err(invalid("base_url", "must begin with https://; the token travels to it"));
        }
        let is_bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        if !is_bare || url.fragment().is_some() {
            return Err(invalid("base_url", "must be an address alone, without user or query"));
        }
        Ok(url)
    }
}

fn invalid(setting: &str, reason: &str) -> Error {
    let message = format!("{setting} {reason}");
    Error::new(ErrorKind::ConfigInvalid, message).context("connector", "shopify").context("setting", setting)
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
    if valid || shop.is_empty() {
        Ok(())
    } else {
        Err(complaint("domain", "is not a store's own domain; set one like acme.myshopify.com"))
    }
}

fn quarter(version: &str) -> Result<(), ValidationError> {
    let valid = version.split_once('-').is_some_and(|(year, month)| {
        let year = year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit());
        year && ["01", "04", "07", "10"].contains(&month)
    });
    if valid { Ok(()) } else { Err(complaint("version", "is not a version; set one like 2026-07")) }
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
        assert!(
            error.message().contains(error.context_value("setting").expect("named"))
                || error.context_value("host").is_some()
        );
        error.context_value("setting").expect("named").to_owned()
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
        assert_eq!(complaint_of(good().pacing(Pacing::Off)), "pacing");
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
        assert!(Shopify::from_config(config.expect("known")).is_ok());
        assert!(read(r#"{"shop":"acme.myshopify.com","acess_token":"x"}"#).is_err());
    }

    #[test]
    fn a_missing_variable_is_named() {
        let error = Shopify::from_env_prefixed("SENTIA_NO_SUCH_STORE_").expect_err("nothing is set");
        assert_eq!(error.context_value("setting"), Some("shop"));
        assert_eq!(error.context_value("variables"), Some("SENTIA_NO_SUCH_STORE_*"));
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
