//! What a user sets: plain data, a builder over it, and the environment.

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Error, ErrorKind, Result, optional_from_env, transport::Pacing};
use serde::Deserialize;
use url::{Host, Url};
use validator::{Validate, ValidationError};

use super::{client::Client, connector::Unleashed};

/// The smallest plan's calls a month.
pub(super) const MONTHLY_CALLS: u32 = 125_000;

/// The settings of one Unleashed connection, as they stand in a configuration file.
///
/// Unleashed can neither rotate nor revoke an account's key: a leak is permanent.
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct UnleashedConfig {
    /// The account's API id. Required.
    #[validate(length(min = 1, message = "is missing; copy it from Unleashed's API access page"))]
    pub api_id: String,
    /// The account's API key. Required.
    pub api_key: Option<SecretString>,
    /// What the vendor knows this program by: `company/app`. Default `sentia/unleashed`.
    #[validate(custom(function = "client_type"))]
    pub client_type: String,
    /// The account's time zone, for instance `Europe/London`: calendar days are days of it. Default `UTC`.
    pub time_zone: String,
    /// Calls a month that the plan grants: 125000, 250000, 500000 or more. Default 125000.
    #[validate(range(
        min = 1,
        message = "is no number of calls; set what the plan grants, for instance 125000"
    ))]
    pub monthly_calls: u32,
    /// The signature key of a webhook subscription that was not made through
    /// [`subscribe`](Unleashed::subscribe), which keeps its key in the vault.
    pub webhook_key: Option<SecretString>,
    /// The API's address. Default `https://api.unleashedsoftware.com`.
    #[validate(url(message = "is not a URL; correct it"))]
    pub base_url: String,
    /// Whether limits are kept; they can be off for loopback addresses only. Set in code, not in a file.
    #[serde(skip)]
    pub pacing: Pacing,
}

impl Default for UnleashedConfig {
    fn default() -> Self {
        UnleashedConfig {
            api_id: String::new(),
            api_key: None,
            client_type: "sentia/unleashed".to_owned(),
            time_zone: "UTC".to_owned(),
            monthly_calls: MONTHLY_CALLS,
            webhook_key: None,
            base_url: "https://api.unleashedsoftware.com".to_owned(),
            pacing: Pacing::Vendor,
        }
    }
}

/// Sets an Unleashed connection step by step; see [`UnleashedConfig`] for what each setting means.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct UnleashedBuilder {
    config: UnleashedConfig,
}

impl UnleashedBuilder {
    fn with(mut self, change: impl FnOnce(&mut UnleashedConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the account's API id.
    pub fn api_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.api_id = id.into())
    }

    /// Sets the account's API key.
    pub fn api_key(self, key: impl Into<SecretString>) -> Self {
        self.with(|config| config.api_key = Some(key.into()))
    }

    /// Sets what the vendor knows this program by: `company/app`.
    pub fn client_type(self, name: impl Into<String>) -> Self {
        self.with(|config| config.client_type = name.into())
    }

    /// Sets the account's time zone.
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.with(|config| config.time_zone = name.into())
    }

    /// Sets the calls a month that the plan grants.
    pub fn monthly_calls(self, calls: u32) -> Self {
        self.with(|config| config.monthly_calls = calls)
    }

    /// Sets the signature key of a webhook subscription made elsewhere.
    pub fn webhook_key(self, key: impl Into<SecretString>) -> Self {
        self.with(|config| config.webhook_key = Some(key.into()))
    }

    /// Sets the API's address.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.base_url = url.into())
    }

    /// Keeps the limits or, for loopback addresses, not.
    pub fn pacing(self, pacing: Pacing) -> Self {
        self.with(|config| config.pacing = pacing)
    }

    /// Checks every setting and makes the connector. No call is made.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn build(self) -> Result<Unleashed> {
        Unleashed::from_config(self.config)
    }
}

impl Unleashed {
    /// Begins a connection in code.
    pub fn builder() -> UnleashedBuilder {
        UnleashedBuilder::default()
    }

    /// Makes the connector of settings read from a file.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_config(config: UnleashedConfig) -> Result<Self> {
        config.check()?;
        let base = address(&config.base_url)?;
        let pacing = config.pacing.check(&base).map_err(|e| e.context("setting", "pacing"))?;
        let zone: Tz = config.time_zone.parse().map_err(|_| {
            let message = "time_zone is not a name of the time zone database; set one such as Europe/London";
            invalid("time_zone", message).context("time_zone", &config.time_zone)
        })?;
        let missing = "api_key is missing; copy it from Unleashed's API access page";
        let api_key = config.api_key.clone().ok_or_else(|| invalid("api_key", missing))?;
        let (api_id, client_type) = (config.api_id.trim().to_owned(), config.client_type.clone());
        let client = Client::new(base.as_str(), api_id, api_key, client_type);
        Ok(Unleashed::over(client, zone, pacing, &config))
    }

    /// Reads `UNLEASHED_API_ID`, `UNLEASHED_API_KEY`, `UNLEASHED_CLIENT_TYPE`, `UNLEASHED_TIME_ZONE`,
    /// `UNLEASHED_MONTHLY_CALLS`, `UNLEASHED_WEBHOOK_KEY` and `UNLEASHED_BASE_URL`. The first two are required.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env() -> Result<Self> {
        Unleashed::from_env_prefixed("UNLEASHED")
    }

    /// Reads the variables of [`from_env`](Self::from_env) with another prefix: `UNLEASHED_NZ` reads
    /// `UNLEASHED_NZ_API_ID`.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env_prefixed(prefix: &str) -> Result<Self> {
        let variables = format!("{}_*", prefix.trim_end_matches('_'));
        Unleashed::builder_from_env(prefix).build().map_err(|e| e.context("variables", variables))
    }

    /// Begins with the variables of [`from_env_prefixed`](Self::from_env_prefixed), for a program that sets some of
    /// them otherwise. Nothing is checked before [`build`](UnleashedBuilder::build).
    pub fn builder_from_env(prefix: &str) -> UnleashedBuilder {
        let prefix = prefix.trim_end_matches('_');
        let read = |name: &str| optional_from_env(&format!("{prefix}_{name}"));
        let defaults = UnleashedConfig::default();
        let config = UnleashedConfig {
            api_id: read("API_ID").unwrap_or_default(),
            api_key: read("API_KEY").map(SecretString::from),
            client_type: read("CLIENT_TYPE").unwrap_or(defaults.client_type),
            time_zone: read("TIME_ZONE").unwrap_or(defaults.time_zone),
            // What is no number is refused when the connector is built, as 0 is.
            monthly_calls: read("MONTHLY_CALLS")
                .map_or(defaults.monthly_calls, |calls| calls.trim().parse().unwrap_or(0)),
            webhook_key: read("WEBHOOK_KEY").map(SecretString::from),
            base_url: read("BASE_URL").unwrap_or(defaults.base_url),
            pacing: defaults.pacing,
        };
        UnleashedBuilder { config }
    }
}

impl UnleashedConfig {
    fn check(&self) -> Result<()> {
        if let Err(errors) = self.validate() {
            let fields = errors.field_errors();
            let first = fields.iter().min_by(|(a, _), (b, _)| a.cmp(b));
            let (field, message) = first.map_or(("", "is invalid"), |(field, errors)| {
                (
                    field.as_ref(),
                    errors.first().and_then(|error| error.message.as_deref()).unwrap_or("is invalid"),
                )
            });
            return Err(invalid(field, format!("{field} {message}")));
        }
        for (field, secret) in [("api_key", &self.api_key), ("webhook_key", &self.webhook_key)] {
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().trim().is_empty()) {
                return Err(invalid(field, format!("{field} is empty; set it or leave it out")));
            }
        }
        Ok(())
    }
}

/// `company/app` as Unleashed wants it: lower case, no spaces, about 20 characters.
fn client_type(name: &str) -> Result<(), ValidationError> {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let is_part = |part: &str| !part.is_empty() && part.chars().all(known);
    match name.split_once('/') {
        Some((company, app)) if name.len() <= 32 && is_part(company) && is_part(app) => Ok(()),
        _ => Err(ValidationError::new("client_type")
            .with_message("must be company/app in lower case, of at most 32 characters".into())),
    }
}

/// An address that signatures may be sent to: HTTPS, or this machine. A signature may be used again by who reads it.
fn address(text: &str) -> Result<Url> {
    let url =
        Url::parse(text).map_err(|e| invalid("base_url", "base_url is not a URL; correct it").source(e))?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("base_url", "base_url may not have a query; it would not be signed"));
    }
    if url.scheme() == "https" || is_loopback {
        return Ok(url);
    }
    Err(invalid("base_url", "base_url must begin with https://; signatures travel to it"))
}

fn invalid(setting: &str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message).context("setting", setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready() -> UnleashedBuilder {
        Unleashed::builder().api_id("id").api_key("key")
    }

    fn refused(builder: UnleashedBuilder) -> (String, String) {
        let error = builder.build().expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        (error.context_value("setting").unwrap_or_default().to_owned(), error.message().to_owned())
    }

    #[test]
    fn every_mistake_names_its_setting() {
        for (builder, setting, message) in [
            (Unleashed::builder().api_key("key"), "api_id", "copy it from"),
            (Unleashed::builder().api_id("id"), "api_key", "copy it from"),
            (ready().api_key(" "), "api_key", "is empty"),
            (ready().webhook_key(""), "webhook_key", "is empty"),
            (ready().client_type("Sentia"), "client_type", "company/app"),
            (ready().client_type("sentia/my app"), "client_type", "company/app"),
            (ready().client_type("sentia/"), "client_type", "company/app"),
            (ready().time_zone("London"), "time_zone", "Europe/London"),
            (ready().monthly_calls(0), "monthly_calls", "what the plan grants"),
            (ready().base_url("unleashed"), "base_url", "not a URL"),
            (ready().base_url("http://api.unleashedsoftware.com"), "base_url", "https://"),
            (ready().base_url("https://proxy.example/?a=b"), "base_url", "query"),
            (ready().pacing(Pacing::Off), "pacing", "loopback"),
        ] {
            let (named, said) = refused(builder);
            assert_eq!(named, setting);
            assert!(said.contains(message), "{said}");
        }
    }

    #[test]
    fn what_is_right_builds() {
        for builder in [
            ready(),
            ready().time_zone("Pacific/Auckland").monthly_calls(500_000).client_type("acme/ops-2"),
            ready().base_url("http://127.0.0.1:9/unleashed/").pacing(Pacing::Off),
        ] {
            builder.build().expect("valid");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let builder = Unleashed::builder().api_id("id").api_key("canary").webhook_key("canary");
        assert!(!format!("{builder:?}").contains("canary"));
        assert!(!format!("{:?}", builder.clone().build().expect("valid")).contains("canary"));
        let error = builder.base_url("nowhere").build().expect_err("no URL");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn a_file_may_not_hold_unknown_settings() {
        let config: UnleashedConfig =
            serde_json::from_str(r#"{"api_id":"id","api_key":"k","time_zone":"UTC"}"#).expect("known");
        Unleashed::from_config(config).expect("valid");
        let unknown = serde_json::from_str::<UnleashedConfig>(r#"{"apiid":"id"}"#).expect_err("unknown");
        assert!(unknown.to_string().contains("apiid"));
    }

    #[test]
    fn an_empty_environment_says_what_to_set() {
        let error = Unleashed::from_env_prefixed("SENTIA_NO_SUCH_UNLEASHED").expect_err("nothing set");
        assert_eq!(error.context_value("variables"), Some("SENTIA_NO_SUCH_UNLEASHED_*"));
        assert_eq!(error.context_value("setting"), Some("api_id"));
    }
}
