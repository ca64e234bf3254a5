//! The settings step by step, and from the environment.

use secrecy::SecretString;
use sentia_core::{Result, optional_from_env, transport::Pacing};

use super::{Calendar, Mail, MicrosoftGraphConfig, Sessions, Users, Workbook, check::invalid};
use crate::microsoft_graph::{assertion::Assertion, cloud::Cloud, connector::MicrosoftGraph};

/// Sets a Microsoft Graph connection step by step; see [`MicrosoftGraphConfig`] for what each setting means.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct MicrosoftGraphBuilder {
    config: MicrosoftGraphConfig,
    /// What could not be read from the environment: setting and reason.
    unread: Option<(&'static str, String)>,
}

impl MicrosoftGraphBuilder {
    fn with(mut self, change: impl FnOnce(&mut MicrosoftGraphConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// Sets the tenant: its id or a verified domain.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        self.with(|config| config.tenant = Some(tenant.into()))
    }

    /// Sets the app's id.
    pub fn client_id(self, id: impl Into<String>) -> Self {
        self.with(|config| config.client_id = Some(id.into()))
    }

    /// Sets the app's secret.
    pub fn client_secret(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.client_secret = Some(secret.into()))
    }

    /// Sets the certificate and its private key, both PEM.
    pub fn certificate(self, certificate: impl Into<String>, private_key: impl Into<SecretString>) -> Self {
        self.with(|config| {
            config.certificate = Some(certificate.into());
            config.private_key = Some(private_key.into());
        })
    }

    /// Sets how the assertion made with the certificate is signed.
    pub fn assertion(self, assertion: Assertion) -> Self {
        self.with(|config| config.assertion = assertion)
    }

    /// Sets the refresh token of a sign-in.
    pub fn refresh_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.refresh_token = Some(token.into()))
    }

    /// Sets a ready access token.
    pub fn access_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|config| config.access_token = Some(token.into()))
    }

    /// Sets the cloud that the tenant lives in.
    pub fn cloud(self, cloud: Cloud) -> Self {
        self.with(|config| config.cloud = cloud)
    }

    /// Puts one address in place of all of Microsoft's.
    pub fn base_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.base_url = Some(url.into()))
    }

    /// Sets the token endpoint's address.
    pub fn identity_url(self, url: impl Into<String>) -> Self {
        self.with(|config| config.identity_url = Some(url.into()))
    }

    /// Sets whether the tenant's users are read.
    pub fn users(self, users: Users) -> Self {
        self.with(|config| config.users = users)
    }

    /// Sets the sites to read.
    pub fn sites(self, sites: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.sites = strings(sites))
    }

    /// Sets the lists to read of those sites.
    pub fn lists(self, lists: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.lists = strings(lists))
    }

    /// Sets the drives to read.
    pub fn drives(self, drives: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.drives = strings(drives))
    }

    /// Adds a workbook whose tables are read.
    pub fn workbook(self, workbook: Workbook) -> Self {
        self.with(|config| config.workbooks.push(workbook))
    }

    /// Sets whether workbooks are read in sessions.
    pub fn sessions(self, sessions: Sessions) -> Self {
        self.with(|config| config.sessions = sessions)
    }

    /// Sets the mailboxes to read.
    pub fn mailboxes(self, mailboxes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.mailboxes = strings(mailboxes))
    }

    /// Sets the folders to read of those mailboxes.
    pub fn folders(self, folders: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with(|config| config.folders = strings(folders))
    }

    /// Sets what is read of their mail.
    pub fn mail(self, mail: Mail) -> Self {
        self.with(|config| config.mail = mail)
    }

    /// Sets which events of their calendars are read.
    pub fn calendar(self, calendar: Calendar) -> Self {
        self.with(|config| config.calendar = calendar)
    }

    /// Sets the secret that notifications must repeat.
    pub fn client_state(self, secret: impl Into<SecretString>) -> Self {
        self.with(|config| config.client_state = Some(secret.into()))
    }

    /// Keeps Microsoft's limits or, for loopback addresses, not.
    pub fn pacing(self, pacing: Pacing) -> Self {
        self.with(|config| config.pacing = pacing)
    }

    /// Checks every setting and makes the connector. No call is made.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn build(self) -> Result<MicrosoftGraph> {
        match self.unread {
            Some((setting, reason)) => Err(invalid(setting, format!("{setting} {reason}"))),
            None => MicrosoftGraph::from_config(self.config),
        }
    }

    fn unread(mut self, setting: &'static str, reason: String) -> Self {
        self.unread.get_or_insert((setting, reason));
        self
    }

    /// Takes over a setting that is text of a shape of its own.
    fn parsed<T>(
        self,
        setting: &'static str,
        text: Option<String>,
        parse: impl FnOnce(&str) -> Result<T, String>,
        set: impl FnOnce(&mut MicrosoftGraphConfig, T),
    ) -> Self {
        match text.as_deref().map(parse) {
            None => self,
            Some(Ok(value)) => self.with(|config| set(config, value)),
            Some(Err(reason)) => self.unread(setting, reason),
        }
    }
}

fn strings(names: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    names.into_iter().map(Into::into).collect()
}

/// A setting in the words of the configuration file.
fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| format!("does not read: {error}"))
}

/// One word of an enumeration.
fn word<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    json(&serde_json::Value::from(text.trim()).to_string())
}

/// `90,365`: days back and ahead, or `none`.
fn calendar(text: &str) -> Result<Calendar, String> {
    if text.trim() == "none" {
        return Ok(Calendar::None);
    }
    let days = |text: &str| text.trim().parse().ok();
    let window = text.split_once(',').and_then(|(back, ahead)| Some((days(back)?, days(ahead)?)));
    let (days_back, days_ahead) = window.ok_or("must be days back and ahead, as in 90,365, or none")?;
    Ok(Calendar::Window { days_back, days_ahead })
}

impl MicrosoftGraph {
    /// Begins a connection in code.
    pub fn builder() -> MicrosoftGraphBuilder {
        MicrosoftGraphBuilder::default()
    }

    /// Reads `MICROSOFT_GRAPH_TENANT`, `_CLIENT_ID`, `_CLIENT_SECRET`, `_CERTIFICATE` and `_PRIVATE_KEY` (PEM),
    /// `_ASSERTION` (`ps256`, `rs256`), `_REFRESH_TOKEN`, `_ACCESS_TOKEN`, `_CLOUD`, `_BASE_URL`, `_IDENTITY_URL`,
    /// `_USERS` (`all`, `none`), `_SITES`, `_LISTS`, `_DRIVES`, `_MAILBOXES` and `_FOLDERS` (separated by semicolons),
    /// `_WORKBOOKS` (JSON, as in a configuration file), `_SESSIONS` (`auto`, `always`, `never`), `_MAIL` (`headers`,
    /// `bodies`, `none`), `_CALENDAR` (`90,365` or `none`) and `_CLIENT_STATE`. Each is optional; together they must
    /// make a connection.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env() -> Result<Self> {
        MicrosoftGraph::from_env_prefixed("MICROSOFT_GRAPH")
    }

    /// Reads the variables of [`from_env`](Self::from_env) with another prefix: `OFFICE` reads `OFFICE_TENANT`.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_env_prefixed(prefix: &str) -> Result<Self> {
        let variables = format!("{}_*", prefix.trim_end_matches('_'));
        MicrosoftGraph::builder_from_env(prefix).build().map_err(|e| e.context("variables", variables))
    }

    /// Begins with the variables of [`from_env_prefixed`](Self::from_env_prefixed), for a program that sets some of
    /// them otherwise. Nothing is checked before [`build`](MicrosoftGraphBuilder::build).
    pub fn builder_from_env(prefix: &str) -> MicrosoftGraphBuilder {
        let prefix = prefix.trim_end_matches('_');
        let read = |name: &str| optional_from_env(&format!("{prefix}_{name}"));
        let secret = |name: &str| read(name).map(SecretString::from);
        // Sites' ids hold commas.
        let list = |name: &str| {
            let text = read(name).unwrap_or_default();
            text.split(';').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let config = MicrosoftGraphConfig {
            tenant: read("TENANT"),
            client_id: read("CLIENT_ID"),
            client_secret: secret("CLIENT_SECRET"),
            private_key: secret("PRIVATE_KEY"),
            certificate: read("CERTIFICATE"),
            refresh_token: secret("REFRESH_TOKEN"),
            access_token: secret("ACCESS_TOKEN"),
            base_url: read("BASE_URL"),
            identity_url: read("IDENTITY_URL"),
            sites: list("SITES"),
            lists: list("LISTS"),
            drives: list("DRIVES"),
            mailboxes: list("MAILBOXES"),
            folders: list("FOLDERS"),
            client_state: secret("CLIENT_STATE"),
            ..MicrosoftGraphConfig::default()
        };
        MicrosoftGraphBuilder { config, unread: None }
            .parsed("cloud", read("CLOUD"), str::parse::<Cloud>, |config, cloud| config.cloud = cloud)
            .parsed("assertion", read("ASSERTION"), word::<Assertion>, |config, how| config.assertion = how)
            .parsed("users", read("USERS"), word::<Users>, |config, users| config.users = users)
            .parsed("mail", read("MAIL"), word::<Mail>, |config, mail| config.mail = mail)
            .parsed("sessions", read("SESSIONS"), word::<Sessions>, |config, how| config.sessions = how)
            .parsed("calendar", read("CALENDAR"), calendar, |config, days| config.calendar = days)
            .parsed("workbooks", read("WORKBOOKS"), json::<Vec<Workbook>>, |config, workbooks| {
                config.workbooks = workbooks;
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_the_environment_read_or_say_why_not() {
        assert_eq!(calendar("30, 60"), Ok(Calendar::Window { days_back: 30, days_ahead: 60 }));
        assert_eq!(calendar("none"), Ok(Calendar::None));
        assert!(calendar("soon").is_err() && calendar("-1,2").is_err());
        assert_eq!((word("bodies"), word(" none ")), (Ok(Mail::Bodies), Ok(Users::None)));
        assert!(word::<Mail>("all").is_err());
        let workbooks: Vec<Workbook> =
            json(r#"[{"drive":"d","file":"/a.xlsx","tables":[{"name":"Orders","key":"No"}]}]"#)
                .expect("reads");
        assert_eq!(workbooks, [Workbook::new("d", "/a.xlsx").table("Orders", "No")]);
    }

    #[test]
    fn what_does_not_read_is_named_at_build() {
        let builder = MicrosoftGraphBuilder::default().access_token("t");
        let broken = builder.parsed("cloud", Some("mars".to_owned()), str::parse::<Cloud>, |_, _| {});
        let error = broken.build().expect_err("no such cloud");
        assert_eq!(error.context_value("setting"), Some("cloud"));
    }
}
