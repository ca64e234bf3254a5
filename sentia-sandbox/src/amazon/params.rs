//! Query strings as the vendor reads them: lists are comma-delimited, moments have a zone.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::refusal::Refusal;
use crate::universe::SellerAccount;

/// The parameters of a request. Empty ones count as absent.
#[derive(Clone, Debug)]
pub(crate) struct Params {
    values: BTreeMap<String, String>,
}

impl Params {
    /// Reads a query string that may hold the named parameters and no others.
    pub(crate) fn parse(query: &str, known: &[&str]) -> Result<Self, Refusal> {
        let mut values = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
            if !known.contains(&name.as_str()) {
                return Err(Refusal::invalid(format!("Unsupported parameter: {name}.")));
            }
            if values.insert(name.clone(), value).is_some() {
                return Err(Refusal::invalid(format!("Parameter {name} is given more than once.")));
            }
        }
        values.retain(|_, value| !value.is_empty());
        Ok(Self { values })
    }

    /// The parameters of a read that its page token stands for.
    pub(crate) fn remembered(values: BTreeMap<String, String>) -> Self {
        Self { values }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    pub(crate) fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The members of a comma-delimited list of at most `limit`.
    pub(crate) fn list(&self, name: &str, limit: usize) -> Result<Vec<&str>, Refusal> {
        let members: Vec<&str> = self.text(name).map(|text| text.split(',').collect()).unwrap_or_default();
        if members.len() > limit {
            return Err(Refusal::invalid(format!("{name} holds more than {limit} values.")));
        }
        Ok(members)
    }

    /// A list of words from a choice.
    pub(crate) fn choices(&self, name: &str, known: &[&str]) -> Result<Vec<&str>, Refusal> {
        let members = self.list(name, known.len().max(50))?;
        match members.iter().find(|member| !known.contains(member)) {
            Some(member) => Err(Refusal::invalid(format!("{name}: {member} is not a valid value."))),
            None => Ok(members),
        }
    }

    pub(crate) fn moment(&self, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let moment =
            moment(text).ok_or_else(|| Refusal::invalid(format!("{name} is not a valid ISO 8601 date.")))?;
        Ok(Some(moment))
    }

    /// A number of rows from 1 to `most`.
    pub(crate) fn size(&self, name: &str, most: usize, usual: usize) -> Result<usize, Refusal> {
        let Some(text) = self.text(name) else { return Ok(usual) };
        let size = text.parse().ok().filter(|size| (1..=most).contains(size));
        size.ok_or_else(|| Refusal::invalid(format!("{name} must be between 1 and {most}.")))
    }

    /// Positions of the marketplaces in a list; none given are none.
    pub(crate) fn markets(
        &self,
        name: &str,
        account: &SellerAccount,
        limit: usize,
    ) -> Result<Vec<usize>, Refusal> {
        self.list(name, limit)?.into_iter().map(|id| market(account, id)).collect()
    }

    /// As [`markets`](Self::markets), where at least one has to be named.
    pub(crate) fn some_markets(
        &self,
        name: &str,
        account: &SellerAccount,
        limit: usize,
    ) -> Result<Vec<usize>, Refusal> {
        let markets = self.markets(name, account, limit)?;
        if markets.is_empty() {
            return Err(Refusal::invalid(format!("Missing required parameter: {name}.")));
        }
        Ok(markets)
    }

    /// Everything but the page token.
    pub(crate) fn filters(&self, token: &str) -> BTreeMap<String, String> {
        let mut filters = self.values.clone();
        filters.remove(token);
        filters
    }
}

/// A marketplace the seller is not in, which those of another region are, is refused; what is no id is invalid.
pub(crate) fn market(account: &SellerAccount, id: &str) -> Result<usize, Refusal> {
    account.market_of(id).ok_or_else(|| {
        let letters = id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if id.starts_with('A') && letters && (12..=15).contains(&id.len()) {
            Refusal::denied("")
        } else {
            Refusal::invalid(format!("{id} is not a valid marketplace id."))
        }
    })
}

/// ISO 8601 with a zone, or a day.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    let day =
        || NaiveDate::parse_from_str(text, "%Y-%m-%d").map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let compact = || DateTime::parse_from_str(text, "%Y%m%dT%H%M%S%#z").map(|at| at.to_utc());
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).or_else(|_| day()).or_else(|_| compact()).ok()
}
