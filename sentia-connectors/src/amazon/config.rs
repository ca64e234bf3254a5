//! What a user sets: plain data, a builder over it, and the environment.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Error, ErrorKind, Result, optional_from_env, transport::Pacing};
use serde::Deserialize;
use url::Url;
use validator::Validate;

use super::{
    client::{Account, Client},
    connector::Amazon,
    grant::RefreshToken,
    marketplace::{Region, resolve},
};
use crate::token::AccessTokens;

/// Where access tokens come from, in every region.
const TOKEN_HOST: &str = "https://api.amazon.com";
/// Orders older than two years are not returned.
const HISTORY_DAYS: u32 = 730;

/// Personal data of buyers, which is not asked for unless it is named here.
///
/// Whether Amazon sends it depends on the application's restricted roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Personal {
    /// Who bought: name and anonymized address of mail.
    Buyer,
    /// Where the order goes.
    Recipient,
}

impl Personal {
    /// The data set's name in `includedData`.
    pub(super) const fn data_set(self) -> &'static str {
        match self {
            Personal::Buyer => "BUYER",
            Personal::Recipient => "RECIPIENT",
        }
    }
}

/// Which token opens the documents of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DocumentAccess {
    /// The seller's access token.
    #[default]
    Seller,
    /// A restricted data token for the document's own path, obtained for the one request and kept nowhere.
    ///
    /// Needed where Amazon counts a report type as restricted, and only given to applications with a restricted role.
    Restricted,
}

/// The settings of one Amazon connection, as they stand in a configuration file.
///
/// One connection is one seller account in one region: the United Kingdom and the United States are two, each with a
/// refresh token of its own.
#[derive(Debug, Clone, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AmazonConfig {
    /// The region. Default: that of the marketplaces.
    pub region: Option<Region>,
    /// The marketplaces to read, each an id or a code such as `UK`. Required.
    pub marketplaces: Vec<String>,
    /// The application's id, `amzn1.application-oa2-client...`. Required.
    #[validate(length(min = 1, message = "is empty; set it"))]
    pub client_id: Option<String>,
    /// The application's secret. Required. It lapses 180 days after it was made.
    pub client_secret: Option<SecretString>,
    /// The refresh token of the seller's authorisation. Required. It does not change when it is used.
    pub refresh_token: Option<SecretString>,
    /// The seller's merchant token. Required by the stream `listings`; `catalog_items` knows merchant-fulfilled
    /// listings by it.
    #[validate(length(min = 1, message = "is empty; set it or leave it out"))]
    pub seller_id: Option<String>,
    /// Personal data to ask for with orders. Default: none.
    pub personal: Vec<Personal>,
    /// Which token opens the documents of reports. Default: the seller's access token.
    pub report_documents: DocumentAccess,
    /// How far back a first read begins, in days. Default 730, which is as far as Amazon returns orders.
    #[validate(range(min = 1, max = 3650, message = "is not within 1 and 3650; correct it"))]
    pub history_days: u32,
    /// Replaces every address of Amazon: tokens, API and downloads. Default: Amazon's own.
    #[validate(url(message = "is not a URL; correct it"))]
    pub base_url: Option<String>,
    /// What notifications must bring along as a bearer token or in `x-api-key`. Default: none are received over HTTP.
    pub notification_token: Option<SecretString>,
    /// Whether Amazon's limits are kept; they can be off for loopback addresses only. Set in code, not in a file.
    #[serde(skip)]
    pub pacing: Pacing,
}

impl Default for AmazonConfig {
    fn default() -> Self {
        AmazonConfig {
            region: None,
            marketplaces: Vec::new(),
            client_id: None,
            client_secret: None,
            refresh_token: None,
            seller_id: None,
            personal: Vec::new(),
            report_documents: DocumentAccess::default(),
            history_days: HISTORY_DAYS,
            base_url: None,
            notification_token: None,
            pacing: Pacing::Vendor,
        }
    }
}

/// Sets an Amazon connection step by step; see [`AmazonConfig`] for what each setting means.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct AmazonBuilder {
    config: AmazonConfig,
    /// The setting of a variable that could not be read, and why; told by [`build`](AmazonBuilder::build).
    mistake: Option<(&'static str, &'static str)>,
}

impl AmazonBuilder {
    fn with(mut self, change: impl FnOnce(&mut AmazonConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the region.
    pub fn region(self, region: Region) -> Self {
        self.with(|config| config.region = Some(region))
    }

    /// Sets the marketplaces, each an id or a code.
    pub fn marketplaces(self, marketplaces: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.marketplaces = marketplaces.into_iter().map(Into::into).collect())
    }

    /// Adds a marketplace, an id or a code.
    pub fn marketplace(self, marketplace: impl Into<String>) -> Self {
        self.with(|config| config.marketplaces.push(marketplace.into()))
    }

    /// Sets the application's id.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.client_id = Some(id.into()))
    }

    /// Sets the application's secret.
    pub fn client_secret(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.client_secret = Some(secret.into()))
    }

    /// Sets the refresh token of the seller's authorisation.
    pub fn refresh_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.refresh_token = Some(token.into()))
    }

    /// Sets the seller's merchant token.
    pub fn seller_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.seller_id = Some(id.into()))
    }

    /// Asks for personal data with orders.
    pub fn personal(self, data: impl IntoIterator<Item = Personal>) -> Self {
        self.with(|config| config.personal = data.into_iter().collect())
    }

    /// Chooses which token opens the documents of reports.
    pub fn report_documents(self, access: DocumentAccess) -> Self {
        self.with(|config| config.report_documents = access)
    }

    /// Sets how far back a first read begins, in days.
    pub fn history_days(self, days: u32) -> Self {
        self.with(|config| config.history_days = days)
    }

    /// Replaces every address of Amazon, for a proxy or a test.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.base_url = Some(url.into()))
    }

    /// Sets what notifications received over HTTP must bring along.
    pub fn notification_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.notification_token = Some(token.into()))
    }

    /// Keeps Amazon's limits or, for loopback addresses, not.
    pub fn pacing(self, pacing: Pacing) -> Self {
        self.with(|config| config.pacing = pacing)
    }

    /// Checks every setting and makes the connector. No call is made.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn build(self) -> Result<Amazon> {
        match self.mistake {
            Some((setting, message)) => Err(invalid(setting, message)),
            None => Amazon::from_config(self.config),
        }
    }
}

impl Amazon {
    /// Begins a connection in code.
    pub fn builder() -> AmazonBuilder {
        AmazonBuilder::default()
    }

    /// Makes the connector of settings read from a file.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_config(config: AmazonConfig) -> Result<Self> {
        config.check()?;
        let (marketplaces, region) = resolve(&config.marketplaces, config.region)?;
        let base = config.base_url.as_deref().map(address).transpose()?;
        let api = base.clone().map_or_else(|| address(region.api()), Ok)?;
        let tokens = base.map_or_else(|| address(TOKEN_HOST), Ok)?;
        let pacing = config.pacing.check(&api).map_err(|e| e.context("setting", "pacing"))?;
        let grant = RefreshToken::new(
            tokens.as_str(),
            required("client_id", config.client_id)?,
            required("client_secret", config.client_secret)?,
            required("refresh_token", config.refresh_token)?,
        );
        let account = Account {
            marketplaces,
            seller_id: config.seller_id,
            personal: config.personal,
            documents: config.report_documents,
            history: Duration::from_secs(u64::from(config.history_days) * 86_400),
        };
        let client = Client::new(api, AccessTokens::new(grant), account);
        Ok(Amazon::over(client, config.notification_token, pacing))
    }

    /// Reads `AMAZON_REGION`, `AMAZON_MARKETPLACES` (separated by commas), `AMAZON_CLIENT_ID`,
    /// `AMAZON_CLIENT_SECRET`, `AMAZON_REFRESH_TOKEN`, `AMAZON_SELLER_ID`, `AMAZON_PERSONAL` (`buyer`, `recipient`),
    /// `AMAZON_REPORT_DOCUMENTS` (`seller`, `restricted`), `AMAZON_HISTORY_DAYS`, `AMAZON_NOTIFICATION_TOKEN` and `AMAZON_BASE_URL`.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env() -> Result<Self> {
        Amazon::from_env_prefixed("AMAZON")
    }

    /// Reads the variables of [`from_env`](Self::from_env) with another prefix: `AMAZON_UK` reads
    /// `AMAZON_UK_CLIENT_ID`.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env_prefixed(prefix: &str) -> Result<Self> {
        let variables = format!("{}_*", prefix.trim_end_matches('_'));
        Amazon::builder_from_env(prefix).build().map_err(|e| e.context("variables", variables))
    }

    /// Begins with the variables of [`from_env_prefixed`](Self::from_env_prefixed), for a program that sets some of
    /// them otherwise. Mistakes are told by [`build`](AmazonBuilder::build).
    pub fn builder_from_env(prefix: &str) -> AmazonBuilder {
        let prefix = prefix.trim_end_matches('_');
        from_variables(|name| optional_from_env(&format!("{prefix}_{name}")))
    }
}

fn from_variables(read: impl Fn(&str) -> Option<String>) -> AmazonBuilder {
    let mut mistake = None;
    let mut note = |setting, message| {
        mistake.get_or_insert((setting, message));
    };
    let region = read("REGION").and_then(|region| {
        region.parse().map_err(|_| note("region", "region is neither EU nor NA; correct it")).ok()
    });
    let personal = list(read("PERSONAL"))
        .filter_map(|name| match name.to_ascii_lowercase().as_str() {
            "buyer" => Some(Personal::Buyer),
            "recipient" => Some(Personal::Recipient),
            _ => {
                note("personal", "personal is neither buyer nor recipient; correct it");
                None
            }
        })
        .collect();
    let report_documents = match read("REPORT_DOCUMENTS").map(|access| access.to_ascii_lowercase()).as_deref()
    {
        None | Some("seller") => DocumentAccess::Seller,
        Some("restricted") => DocumentAccess::Restricted,
        Some(_) => {
            note("report_documents", "report_documents is neither seller nor restricted; correct it");
            DocumentAccess::Seller
        }
    };
    let history_days = read("HISTORY_DAYS").map_or(HISTORY_DAYS, |days| {
        days.trim().parse().unwrap_or_else(|_| {
            note("history_days", "history_days is no number of days; correct it");
            HISTORY_DAYS
        })
    });
    let config = AmazonConfig {
        region,
        marketplaces: list(read("MARKETPLACES")).collect(),
        client_id: read("CLIENT_ID"),
        client_secret: read("CLIENT_SECRET").map(SecretString::from),
        refresh_token: read("REFRESH_TOKEN").map(SecretString::from),
        seller_id: read("SELLER_ID"),
        personal,
        report_documents,
        history_days,
        base_url: read("BASE_URL"),
        notification_token: read("NOTIFICATION_TOKEN").map(SecretString::from),
        pacing: Pacing::Vendor,
    };
    AmazonBuilder { config, mistake }
}

fn list(text: Option<String>) -> impl Iterator<Item = String> {
    let parts: Vec<String> = text
        .unwrap_or_default()
        .split([',', ' '])
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    parts.into_iter()
}

impl AmazonConfig {
    fn check(&self) -> Result<()> {
        if let Err(errors) = self.validate() {
            let fields = errors.field_errors();
            let first = fields.iter().min_by(|(a, _), (b, _)| a.cmp(b));
            let (field, message) = first.map_or(("", "is invalid"), |(field, errors)| {
                let told = errors.first().and_then(|error| error.message.as_deref());
                (field.as_ref(), told.unwrap_or("is invalid"))
            });
            return Err(invalid(field, format!("{field} {message}")));
        }
        for (field, secret) in [
            ("client_secret", &self.client_secret),
            ("refresh_token", &self.refresh_token),
            ("notification_token", &self.notification_token),
        ] {
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().trim().is_empty()) {
                return Err(invalid(field, format!("{field} is empty; set it or leave it out")));
            }
        }
        Ok(())
    }
}

fn required<T>(setting: &'static str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| invalid(setting, format!("{setting} is missing; set it")))
}

/// An address that secrets may be sent to: HTTPS, or this machine.
fn address(text: &str) -> Result<Url> {
    let url =
        Url::parse(text).map_err(|e| invalid("base_url", "base_url is not a URL; correct it").source(e))?;
    let this_machine = Pacing::Off.check(&url).is_ok();
    if url.scheme() != "https" && !(url.scheme() == "http" && this_machine) {
        return Err(invalid("base_url", "base_url must begin with https://; secrets travel to it"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
        return Err(invalid("base_url", "base_url must be an address alone, without user or query"));
    }
    Ok(url)
}

fn invalid(setting: &str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message).context("connector", "amazon").context("setting", setting)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn ready() -> AmazonBuilder {
        Amazon::builder().marketplace("UK").client_id("id").client_secret("secret").refresh_token("token")
    }

    #[test]
    fn a_mistake_names_its_setting_and_remedy() {
        let unset = |change: fn(&mut AmazonConfig)| ready().with(change);
        for (builder, setting, message) in [
            (unset(|c| c.client_id = None), "client_id", "client_id is missing; set it"),
            (unset(|c| c.client_secret = None), "client_secret", "client_secret is missing; set it"),
            (unset(|c| c.refresh_token = None), "refresh_token", "refresh_token is missing; set it"),
            (ready().client_id(""), "client_id", "client_id is empty; set it"),
            (ready().client_secret(" "), "client_secret", "client_secret is empty; set it or leave it out"),
            (ready().seller_id(""), "seller_id", "seller_id is empty; set it or leave it out"),
            (ready().history_days(0), "history_days", "history_days is not within 1 and 3650; correct it"),
            (ready().base_url("amazon"), "base_url", "base_url is not a URL; correct it"),
            (
                ready().base_url("http://amazon.example"),
                "base_url",
                "base_url must begin with https://; secrets travel to it",
            ),
            (
                ready().base_url("https://u:p@amazon.example"),
                "base_url",
                "base_url must be an address alone, without user or query",
            ),
            (
                ready().pacing(Pacing::Off),
                "pacing",
                "pacing can be off for loopback addresses only; leave it on for a vendor",
            ),
        ] {
            let error = builder.build().expect_err(message);
            assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            assert_eq!((error.context_value("setting"), error.message()), (Some(setting), message));
        }
    }

    #[test]
    fn the_environment_says_it_all() {
        let build = |pairs: &[(&str, &str)]| {
            let pairs: HashMap<_, _> = pairs.iter().copied().collect();
            from_variables(|name| pairs.get(name).map(|value| (*value).to_owned()))
        };
        let all = [
            ("REGION", "EU"),
            ("MARKETPLACES", "UK, DE"),
            ("CLIENT_ID", "id"),
            ("CLIENT_SECRET", "s"),
            ("REFRESH_TOKEN", "t"),
            ("SELLER_ID", "A1"),
            ("PERSONAL", "buyer,Recipient"),
            ("REPORT_DOCUMENTS", "Restricted"),
            ("HISTORY_DAYS", "90"),
        ];
        let builder = build(&all);
        assert_eq!(builder.config.personal, [Personal::Buyer, Personal::Recipient]);
        assert_eq!(builder.config.report_documents, DocumentAccess::Restricted);
        assert_eq!((builder.config.history_days, builder.config.marketplaces.len()), (90, 2));
        builder.build().expect("valid");
        for (name, value, setting) in [
            ("REGION", "UK", "region"),
            ("PERSONAL", "all", "personal"),
            ("REPORT_DOCUMENTS", "all", "report_documents"),
            ("HISTORY_DAYS", "x", "history_days"),
        ] {
            let mut wrong = all.to_vec();
            wrong.push((name, value));
            let error = build(&wrong).build().expect_err(name);
            assert_eq!(error.context_value("setting"), Some(setting));
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let builder = ready().client_secret("canary").refresh_token("canary").notification_token("canary");
        assert!(!format!("{builder:?}").contains("canary"));
        assert!(!format!("{:?}", builder.build().expect("valid")).contains("canary"));
    }

    #[test]
    fn a_file_may_not_hold_unknown_settings() {
        let text = r#"{"region":"NA","marketplaces":["US"],"client_id":"i","client_secret":"s","refresh_token":"t"}"#;
        Amazon::from_config(serde_json::from_str(text).expect("known")).expect("valid");
        let unknown = serde_json::from_str::<AmazonConfig>(r#"{"clientid":"id"}"#).expect_err("unknown");
        assert!(unknown.to_string().contains("clientid"));
    }

    #[test]
    fn an_empty_environment_says_what_to_set() {
        let error = Amazon::from_env_prefixed("SENTIA_NO_SUCH_AMAZON_").expect_err("nothing set");
        assert_eq!(error.context_value("variables"), Some("SENTIA_NO_SUCH_AMAZON_*"));
        assert_eq!(error.context_value("setting"), Some("marketplaces"));
    }
}
