//! Settings become a connector, or an error that names the one to correct.

use secrecy::{ExposeSecret, SecretString};
use sentia_core::{Error, ErrorKind, Result, transport::Pacing};
use url::Url;
use validator::Validate;

use super::MicrosoftGraphConfig;
use crate::{
    microsoft_graph::{
        assertion::Signer,
        client::{Access, Client},
        connector::MicrosoftGraph,
        credentials::{App, ClientCredentials, Proof},
    },
    rotation::Rotation,
    token::{AccessTokens, ReadyToken},
};

impl MicrosoftGraph {
    /// Makes the connector of settings read from a file.
    ///
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub fn from_config(config: MicrosoftGraphConfig) -> Result<Self> {
        config.check()?;
        let base = match &config.base_url {
            Some(url) => address("base_url", url)?,
            None => address("base_url", config.cloud.graph())?,
        };
        let pacing = config.pacing.check(&base).map_err(|e| e.context("setting", "pacing"))?;
        let (tokens, access) = config.tokens(&base)?;
        config.check_names(access)?;
        let tenant = config.tenant.clone().unwrap_or_default();
        let client = Client::new(&base, tokens, access, tenant);
        Ok(MicrosoftGraph::over(client, config, pacing))
    }
}

impl MicrosoftGraphConfig {
    fn check(&self) -> Result<()> {
        if let Err(errors) = self.validate() {
            let fields = errors.field_errors();
            let first = fields.iter().min_by(|(a, _), (b, _)| a.cmp(b));
            let (field, message) = first.map_or(("", "is invalid"), |(field, errors)| {
                let message = errors.first().and_then(|error| error.message.as_deref());
                (field.as_ref(), message.unwrap_or("is invalid"))
            });
            return Err(invalid(field, format!("{field} {message}")));
        }
        for (field, secret) in [
            ("client_secret", &self.client_secret),
            ("private_key", &self.private_key),
            ("refresh_token", &self.refresh_token),
            ("access_token", &self.access_token),
            ("client_state", &self.client_state),
        ] {
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().trim().is_empty()) {
                return Err(invalid(field, format!("{field} is empty; set it or leave it out")));
            }
        }
        if self.client_state.as_ref().is_some_and(|state| state.expose_secret().chars().count() > 128) {
            return Err(invalid("client_state", "client_state is longer than 128 characters; shorten it"));
        }
        Ok(())
    }

    /// What is to be read must be named where there is no sound way to discover it.
    fn check_names(&self, access: Access) -> Result<()> {
        let needs = |setting, needed| {
            invalid(setting, format!("{setting} needs {needed}; set them or leave {setting} out"))
        };
        if !self.lists.is_empty() && self.sites.is_empty() {
            return Err(needs("lists", "sites"));
        }
        if !self.folders.is_empty() && self.mailboxes.is_empty() {
            return Err(needs("folders", "mailboxes"));
        }
        for (setting, names) in [
            ("sites", &self.sites),
            ("lists", &self.lists),
            ("drives", &self.drives),
            ("mailboxes", &self.mailboxes),
            ("folders", &self.folders),
        ] {
            if names.iter().any(|name| name.trim().is_empty() || matches!(name.as_str(), "." | "..")) {
                return Err(invalid(setting, format!("{setting} has an empty entry; take it out")));
            }
            let repeated = |(at, name): (usize, &String)| names[..at].contains(name);
            if names.iter().enumerate().any(repeated) {
                return Err(invalid(setting, format!("{setting} names something twice; take one out")));
            }
        }
        self.check_workbooks()?;
        let drives = self.drives.iter().chain(self.workbooks.iter().map(|workbook| &workbook.drive));
        let of_me = drives.chain(&self.mailboxes).any(|name| name == "me" || name == "users/me");
        if access == Access::Application && of_me {
            let message = "me is nobody where the app acts for itself; name the user, or set refresh_token";
            return Err(invalid("mailboxes", message));
        }
        Ok(())
    }

    fn check_workbooks(&self) -> Result<()> {
        for (at, workbook) in self.workbooks.iter().enumerate() {
            let names = workbook.tables.iter().map(|table| &table.name);
            if [&workbook.drive, &workbook.file].into_iter().chain(names).any(|name| name.trim().is_empty()) {
                return Err(invalid("workbooks", "workbooks has an empty drive, file or table; name it"));
            }
            if self.workbooks[..at].iter().any(|earlier| earlier.reference() == workbook.reference()) {
                return Err(invalid("workbooks", "workbooks names a file twice; put its tables together"));
            }
        }
        Ok(())
    }

    fn tokens(&self, base: &Url) -> Result<(AccessTokens, Access)> {
        if let Some(token) = &self.access_token {
            if self.refresh_token.is_some() {
                let message = "access_token and refresh_token exclude each other; leave one out";
                return Err(invalid("access_token", message));
            }
            return Ok((AccessTokens::new(ReadyToken(token.clone())), Access::Unstated));
        }
        let graph = self.cloud.graph();
        match &self.refresh_token {
            Some(token) => {
                let app = self.app(base, format!("{graph}/.default offline_access"))?;
                Ok((AccessTokens::new(Rotation::new(app, Some(token.clone()))), Access::Delegated))
            }
            None => {
                let app = self.app(base, format!("{graph}/.default"))?;
                if matches!(app.proof, Proof::None) {
                    let message =
                        "client_secret is missing; set it, certificate with private_key, or refresh_token";
                    return Err(invalid("client_secret", message));
                }
                Ok((AccessTokens::new(ClientCredentials(app)), Access::Application))
            }
        }
    }

    fn app(&self, base: &Url, scope: String) -> Result<App> {
        let missing = |setting| invalid(setting, format!("{setting} is missing; set it, or access_token"));
        let tenant = self.tenant.as_deref().ok_or_else(|| missing("tenant"))?;
        let client_id = self.client_id.clone().ok_or_else(|| missing("client_id"))?;
        let is_name = tenant.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '.');
        if !is_name
            || (self.refresh_token.is_none() && matches!(tenant, "common" | "organizations" | "consumers"))
        {
            let message = "tenant must be the tenant's id or a verified domain; correct it";
            return Err(invalid("tenant", message));
        }
        let login = match (&self.identity_url, &self.base_url) {
            (Some(url), _) => address("identity_url", url)?,
            (None, Some(_)) => base.clone(),
            (None, None) => address("identity_url", self.cloud.login())?,
        };
        let endpoint = |login: &str| format!("{}/{tenant}/oauth2/v2.0/token", login.trim_end_matches('/'));
        let token_url = endpoint(login.as_str());
        // Behind a proxy the assertion is still made out to Entra, which checks its own name.
        let is_entra = self.identity_url.is_some() && self.base_url.is_none();
        let audience =
            if is_entra || is_loopback(&login) { token_url.clone() } else { endpoint(self.cloud.login()) };
        Ok(App { token_url, audience, client_id, proof: self.proof()?, scope })
    }

    fn proof(&self) -> Result<Proof> {
        match (&self.client_secret, &self.certificate, &self.private_key) {
            (None, None, None) => Ok(Proof::None),
            (Some(secret), None, None) => Ok(Proof::Secret(secret.clone())),
            (None, Some(certificate), Some(key)) => {
                Ok(Proof::Certificate(Signer::new(key, certificate, self.assertion)?))
            }
            (Some(_), ..) => {
                let message = "client_secret and certificate exclude each other; leave one out";
                Err(invalid("client_secret", message))
            }
            (None, certificate, _) => {
                let absent = if certificate.is_none() { "certificate" } else { "private_key" };
                Err(invalid(
                    absent,
                    format!("{absent} is missing; certificate and private_key belong together"),
                ))
            }
        }
    }

    /// The secret that notifications must repeat.
    pub(in crate::microsoft_graph) fn client_state(&self) -> Option<&SecretString> {
        self.client_state.as_ref()
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

pub(super) fn invalid(setting: &str, message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::ConfigInvalid, message)
        .context("connector", "microsoft_graph")
        .context("setting", setting)
}
