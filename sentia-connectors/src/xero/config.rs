//! What a user sets: plain data, a builder over it, and the environment.

use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Error, ErrorKind, Result, optional_from_env, transport::Pacing};
use serde::Deserialize;
use url::Url;
use validator::Validate;

use super::{
    client::Client,
    connector::Xero,
    consent::Consent,
    credentials::{App, ClientCredentials},
};
use crate::{
    rotation::Rotation,
    token::{AccessTokens, ReadyToken},
};

/// The least scopes that read every stream. Apps older than March 2026 may hold `accounting.transactions.read`
/// instead of the first two.
const SCOPES: [&str; 10] = [
    "accounting.invoices.read",
    "accounting.payments.read",
    "accounting.banktransactions.read",
    "accounting.manualjournals.read",
    "accounting.contacts.read",
    "accounting.settings.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.trialbalance.read",
    "accounting.reports.aged.read",
];

/// What Xero's plans grant, but for Starter.
pub(super) const DEFAULT_CALLS_PER_DAY: u32 = 5000;

/// The settings of one Xero connection, as they stand in a configuration file.
///
/// Credentials are one of four: `access_token` (a ready token, for short use), `refresh_token` with `client_id`
/// and, unless the app is a public client, `client_secret` (the organisation was connected in a browser), `client_id` with
/// `consented` (the same, and the vault was given the token by a [`Consent`]), or
/// `client_id` with `client_secret` alone (a custom connection).
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct XeroConfig {
    /// The app's id. Required unless `access_token` is set.
    #[validate(length(min = 1, message = "is empty; set it or leave it out"))]
    pub client_id: Option<String>,
    /// The app's secret. Required for a custom connection.
    pub client_secret: Option<SecretString>,
    /// Scopes to ask for with a custom connection. Default: the least that read every stream.
    pub scopes: Vec<String>,
    /// The refresh token of the consent. It is used where the vault keeps none, or where Xero refuses the one kept:
    /// to reconnect, put the new one here.
    pub refresh_token: Option<SecretString>,
    /// Whether a user consented in a browser and the vault keeps the refresh token: then `client_secret` is the app's
    /// and no custom connection is meant. A public client, which has no secret, always is of this kind.
    pub consented: bool,
    /// A ready access token; Xero ends it after 30 minutes.
    pub access_token: Option<SecretString>,
    /// The organisation to read. Default: the only one the credentials reach; several are an error.
    #[validate(length(min = 1, message = "is empty; set it or leave it out"))]
    pub tenant_id: Option<String>,
    /// Contacts whose aged receivables and payables are read, by their ids: one call each for each report. Default
    /// none; then those two streams are not offered, and ageing follows from the open invoices.
    pub aged_report_contacts: Vec<String>,
    /// The key that signs the app's webhooks, as Xero's developer portal shows it. Default none: none are received.
    pub webhook_key: Option<SecretString>,
    /// The API's address. Default `https://api.xero.com`.
    #[validate(url(message = "is not a URL; correct it"))]
    pub base_url: String,
    /// The token endpoint's address. Default `https://identity.xero.com`, or `base_url` where that is this machine.
    #[validate(url(message = "is not a URL; correct it"))]
    pub identity_url: Option<String>,
    /// Calls a day that Xero's plan grants this app for this organisation. Default 5000; Starter grants 1000.
    #[validate(range(min = 1, message = "is 0; set what Xero's plan grants, 1000 or 5000"))]
    pub calls_per_day: u32,
    /// Bytes received within 30 days beyond which nothing is read for a while. Default: no bound.
    pub egress_per_month: Option<u64>,
    /// Whether Xero's limits are kept; they can be off for loopback addresses only. Set in code, not in a file.
    #[serde(skip)]
    pub pacing: Pacing,
}

impl Default for XeroConfig {
    fn default() -> Self {
        XeroConfig {
            client_id: None,
            client_secret: None,
            scopes: Vec::new(),
            refresh_token: None,
            consented: false,
            access_token: None,
            tenant_id: None,
            aged_report_contacts: Vec::new(),
            webhook_key: None,
            base_url: "https://api.xero.com".to_owned(),
            identity_url: None,
            calls_per_day: DEFAULT_CALLS_PER_DAY,
            egress_per_month: None,
            pacing: Pacing::Vendor,
        }
    }
}

/// Sets a Xero connection step by step; see [`XeroConfig`] for what each setting means.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct XeroBuilder {
    config: XeroConfig,
}

impl XeroBuilder {
    fn with(mut self, change: impl FnOnce(&mut XeroConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the app's id.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.client_id = Some(id.into()))
    }

    /// Sets the app's secret.
    pub fn client_secret(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.client_secret = Some(secret.into()))
    }

    /// Sets the scopes that a custom connection asks for.
    pub fn scopes(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.scopes = scopes.into_iter().map(Into::into).collect())
    }

    /// Sets the refresh token of the consent.
    pub fn refresh_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.refresh_token = Some(token.into()))
    }

    /// Says that a user consented in a browser: the vault keeps the refresh token; see [`Consent`].
    pub fn consented(self) -> Self {
        self.with(|config| config.consented = true)
    }

    /// Sets a ready access token.
    pub fn access_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.access_token = Some(token.into()))
    }

    /// Sets the organisation to read.
    pub fn tenant_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.tenant_id = Some(id.into()))
    }

    /// Sets the contacts whose aged receivables and payables are read.
    pub fn aged_report_contacts(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.aged_report_contacts = ids.into_iter().map(Into::into).collect())
    }

    /// Sets the key that signs the app's webhooks.
    pub fn webhook_key(self, key: impl Into<SecretString>) -> Self {
        self.with(|config| config.webhook_key = Some(key.into()))
    }

    /// Sets the API's address.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.base_url = url.into())
    }

    /// Sets the token endpoint's address.
    pub fn identity_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.identity_url = Some(url.into()))
    }

    /// Sets the calls a day that Xero's plan grants.
    pub fn calls_per_day(self, calls: u32) -> Self {
        self.with(|config| config.calls_per_day = calls)
    }

    /// Stops reading for a while when so many bytes were received within 30 days: Xero charges for what goes beyond a
    /// plan's. Default: no bound. Bytes are counted as received, decompressed.
    pub fn egress_per_month(self, bytes: u64) -> Self {
        self.with(|config| config.egress_per_month = Some(bytes))
    }

    /// Keeps Xero's limits or, for loopback addresses, not.
    pub fn pacing(self, pacing: Pacing) -> Self {
        self.with(|config| config.pacing = pacing)
    }

    /// Begins the consent of a user in a browser, for the app and the scopes set here; see [`Consent`].
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn consent(&self, redirect_uri: &str) -> Result<Consent> {
        Consent::begin(&self.config, redirect_uri)
    }

    /// Checks every setting and makes the connector. No call is made.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn build(self) -> Result<Xero> {
        Xero::from_config(self.config)
    }
}

impl Xero {
    /// Begins a connection in code.
    pub fn builder() -> XeroBuilder {
        XeroBuilder::default()
    }

    /// Makes the connector of settings read from a file.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_config(config: XeroConfig) -> Result<Self> {
        config.check()?;
        let base = address("base_url", &config.base_url)?;
        let pacing = config.pacing.check(&base).map_err(|e| e.context("setting", "pacing"))?;
        let tokens = config.tokens()?;
        let client = Client::new(base.as_str(), tokens, config.tenant_id.clone());
        Ok(Xero::over(client, &XeroConfig { pacing, ..config }))
    }

    /// Reads `XERO_CLIENT_ID`, `XERO_CLIENT_SECRET`, `XERO_REFRESH_TOKEN`, `XERO_CONSENTED` (`true`), `XERO_ACCESS_TOKEN`, `XERO_TENANT_ID`,
    /// `XERO_SCOPES` and `XERO_AGED_REPORT_CONTACTS` (separated by spaces), `XERO_WEBHOOK_KEY` and
    /// `XERO_BASE_URL`. Each is optional; together they must make a
    /// connection.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env() -> Result<Self> {
        Xero::from_env_prefixed("XERO")
    }

    /// Reads the variables of [`from_env`](Self::from_env) with another prefix: `XERO_UK` reads `XERO_UK_CLIENT_ID`.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env_prefixed(prefix: &str) -> Result<Self> {
        let variables = format!("{}_*", prefix.trim_end_matches('_'));
        Xero::builder_from_env(prefix).build().map_err(|e| e.context("variables", variables))
    }

    /// Begins with the variables of [`from_env_prefixed`](Self::from_env_prefixed), for a program that sets some of
    /// them otherwise. Nothing is checked before [`build`](XeroBuilder::build).
    pub fn builder_from_env(prefix: &str) -> XeroBuilder {
        let prefix = prefix.trim_end_matches('_');
        let read = |name: &str| optional_from_env(&format!("{prefix}_{name}"));
        let words = |name| read(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let defaults = XeroConfig::default();
        let config = XeroConfig {
            client_id: read("CLIENT_ID"),
            client_secret: read("CLIENT_SECRET").map(SecretString::from),
            refresh_token: read("REFRESH_TOKEN").map(SecretString::from),
            consented: read("CONSENTED").is_some_and(|word| word == "true"),
            access_token: read("ACCESS_TOKEN").map(SecretString::from),
            tenant_id: read("TENANT_ID"),
            scopes: words("SCOPES"),
            aged_report_contacts: words("AGED_REPORT_CONTACTS"),
            webhook_key: read("WEBHOOK_KEY").map(SecretString::from),
            base_url: read("BASE_URL").unwrap_or(defaults.base_url.clone()),
            ..defaults
        };
        XeroBuilder { config }
    }
}

impl XeroConfig {
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
        for (field, secret) in [
            ("client_secret", &self.client_secret),
            ("refresh_token", &self.refresh_token),
            ("access_token", &self.access_token),
            ("webhook_key", &self.webhook_key),
        ] {
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().trim().is_empty()) {
                return Err(invalid(field, format!("{field} is empty; set it or leave it out")));
            }
        }
        Ok(())
    }

    fn tokens(&self) -> Result<AccessTokens> {
        if let Some(token) = &self.access_token {
            if self.refresh_token.is_some() {
                let message = "access_token and refresh_token exclude each other; leave one out";
                return Err(invalid("access_token", message));
            }
            return Ok(AccessTokens::new(ReadyToken(token.clone())));
        }
        let app = self.app()?;
        match &self.refresh_token {
            Some(token) => Ok(AccessTokens::new(Rotation::new(app, Some(token.clone())))),
            None if self.consented => Ok(AccessTokens::new(Rotation::new(app, None))),
            None if app.client_secret.is_some() => {
                Ok(AccessTokens::new(ClientCredentials { app, scopes: self.wanted_scopes() }))
            }
            None => {
                let message = "client_secret is missing; set it for a custom connection, or set refresh_token, or \
                               consented where the vault keeps one";
                Err(invalid("client_secret", message))
            }
        }
    }

    /// The app at Xero.
    pub(super) fn app(&self) -> Result<App> {
        let missing = "client_id is missing; set it, or access_token";
        let client_id = self.client_id.clone().ok_or_else(|| invalid("client_id", missing))?;
        let token_url = format!("{}/connect/token", self.host("https://identity.xero.com")?);
        Ok(App { token_url, client_id, client_secret: self.client_secret.clone() })
    }

    /// Where a user's browser is sent to consent.
    pub(super) fn login_url(&self) -> Result<Url> {
        let login = format!("{}/identity/connect/authorize", self.host("https://login.xero.com")?);
        address("identity_url", &login)
    }

    /// The scopes to ask for, separated by spaces.
    pub(super) fn wanted_scopes(&self) -> String {
        if self.scopes.is_empty() { SCOPES.join(" ") } else { self.scopes.join(" ") }
    }

    /// One of Xero's hosts for identities, without a slash at its end: `vendor`, unless another is configured.
    fn host(&self, vendor: &str) -> Result<String> {
        let base = address("base_url", &self.base_url)?;
        let host = match &self.identity_url {
            Some(url) => address("identity_url", url)?,
            None if is_loopback(&base) => base,
            None => address("identity_url", vendor)?,
        };
        Ok(host.as_str().trim_end_matches('/').to_owned())
    }
}

/// An address that secrets may be sent to: HTTPS, or this machine.
fn address(setting: &'static str, text: &str) -> Result<Url> {
    let url = Url::parse(text)
        .map_err(|e| invalid(setting, format!("{setting} is not a URL; correct it")).source(e))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback(&url)) {
        return Err(invalid(setting, format!("{setting} must begin with https://; secrets travel to it")));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(invalid(setting, format!("{setting} must be an address alone, without user or query")));
    }
    Ok(url)
}

/// Pacing may be off for this machine alone, so that rule says what this machine is.
fn is_loopback(url: &Url) -> bool {
    Pacing::Off.check(url).is_ok()
}

fn invalid(setting: &str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message).context("connector", "xero").context("setting", setting)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: XeroBuilder) -> (String, String) {
        let error = builder.build().expect_err("invalid");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        (error.context_value("setting").unwrap_or_default().to_owned(), error.message().to_owned())
    }

    #[test]
    fn a_mistake_names_its_setting_and_remedy() {
        let ready = || Xero::builder().access_token("token");
        let app = || Xero::builder().client_id("id");
        for (builder, setting, message) in [
            (Xero::builder(), "client_id", "client_id is missing; set it, or access_token"),
            (
                app(),
                "client_secret",
                "client_secret is missing; set it for a custom connection, or set refresh_token, or consented where \
                 the vault keeps one",
            ),
            (app().client_secret(" "), "client_secret", "client_secret is empty; set it or leave it out"),
            (Xero::builder().client_id(""), "client_id", "client_id is empty; set it or leave it out"),
            (ready().tenant_id(""), "tenant_id", "tenant_id is empty; set it or leave it out"),
            (ready().base_url("xero"), "base_url", "base_url is not a URL; correct it"),
            (
                ready().base_url("http://api.xero.com"),
                "base_url",
                "base_url must begin with https://; secrets travel to it",
            ),
            (
                ready().calls_per_day(0),
                "calls_per_day",
                "calls_per_day is 0; set what Xero's plan grants, 1000 or 5000",
            ),
            (
                ready().refresh_token("token"),
                "access_token",
                "access_token and refresh_token exclude each other; leave one out",
            ),
            (
                app().client_secret("s").identity_url("http://id.example"),
                "identity_url",
                "identity_url must begin with https://; secrets travel to it",
            ),
            (
                ready().pacing(Pacing::Off),
                "pacing",
                "pacing can be off for loopback addresses only; leave it on for a vendor",
            ),
        ] {
            assert_eq!(refused(builder), (setting.to_owned(), message.to_owned()));
        }
    }

    #[test]
    fn every_kind_of_credentials_builds() {
        let app = || Xero::builder().client_id("id");
        for builder in [
            Xero::builder().access_token("token"),
            app().client_secret("secret"),
            app().client_secret("secret").refresh_token("token").tenant_id("tenant"),
            app().refresh_token("public client"),
            app().consented(),
            app().client_secret("secret").base_url("http://127.0.0.1:9/").pacing(Pacing::Off),
        ] {
            builder.build().expect("valid");
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let builder = Xero::builder().client_id("id").client_secret("canary").refresh_token("canary");
        let builder = builder.webhook_key("canary");
        assert!(!format!("{builder:?}").contains("canary"));
        assert!(!format!("{:?}", builder.build().expect("valid")).contains("canary"));
        let ready = Xero::builder().access_token("canary");
        assert!(!format!("{ready:?}{:?}", ready.clone().build().expect("valid")).contains("canary"));
        let both = ready.refresh_token("canary").build().expect_err("both");
        assert!(!format!("{both} {both:?}").contains("canary"));
    }

    #[test]
    fn a_file_may_not_hold_unknown_settings() {
        let config: XeroConfig =
            serde_json::from_str(r#"{"client_id":"id","client_secret":"s"}"#).expect("known");
        Xero::from_config(config).expect("valid");
        let unknown = serde_json::from_str::<XeroConfig>(r#"{"clientid":"id"}"#).expect_err("unknown");
        assert!(unknown.to_string().contains("clientid"));
    }

    #[test]
    fn an_empty_environment_says_what_to_set() {
        let error = Xero::from_env_prefixed("SENTIA_NO_SUCH_XERO").expect_err("nothing set");
        assert_eq!(error.context_value("variables"), Some("SENTIA_NO_SUCH_XERO_*"));
        assert_eq!(error.context_value("setting"), Some("client_id"));
    }
}
