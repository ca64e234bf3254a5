//! Query strings: what they ask for, and what the vendor refuses.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use uuid::Uuid;

use super::resource::{Fact, Filter, Test};

/// Parameters by lower-case name: the vendor's names match in any letter case, unknown ones are ignored, and so is
/// `page`.
#[derive(Debug)]
pub(crate) struct Query {
    params: BTreeMap<String, String>,
    pub(crate) page_size: usize,
    pub(crate) since: Option<DateTime<Utc>>,
}

impl Query {
    /// Reads a raw query string; refuses values that make no sense.
    pub(crate) fn parse(raw: &str) -> Result<Self, String> {
        let pairs = url::form_urlencoded::parse(raw.as_bytes()).into_owned();
        let params: BTreeMap<String, String> =
            pairs.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let mut query = Self { params, page_size: 200, since: None };
        if let Some(size) = query.get("pageSize") {
            let known = size.parse().ok().filter(|size| *size <= 1_000);
            query.page_size = known.ok_or_else(|| format!("pageSize '{size}' is not from 0 to 1000."))?;
        }
        if let Some(text) = query.get("modifiedSince") {
            query.since = Some(instant(text).ok_or_else(|| format!("'{text}' is not a valid date."))?);
        }
        for name in ["brief", "includeObsolete", "includeAttributes", "includeAllContacts"] {
            query.flag(name, false)?;
        }
        Ok(query)
    }

    /// The value of a parameter; an empty one is none.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.params.get(&name.to_ascii_lowercase()).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A text boolean.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(default),
            Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
            Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
            Some(value) => Err(format!("The value '{value}' is not valid for {name}.")),
        }
    }

    /// Whether a row with that fact passes a filter; a filter that was not asked for lets everything pass.
    pub(crate) fn passes(&self, filter: &Filter, fact: &Fact<'_>) -> Result<bool, String> {
        let Some(wanted) = self.get(filter.name) else { return Ok(true) };
        let unreadable = || format!("The value '{wanted}' is not valid for {}.", filter.name);
        Ok(match fact {
            Fact::Nothing => false,
            Fact::Text(text) => compares(filter.test, text, wanted),
            Fact::Texts(texts) => texts.iter().any(|text| compares(filter.test, text, wanted)),
            Fact::Id(id) => Uuid::parse_str(wanted).map_err(|_| unreadable())? == *id,
            // The only filters by a flag leave rows out.
            Fact::Flag(holds) => !(self.flag(filter.name, false)? && *holds),
            Fact::Day(day) => {
                let bound = instant(wanted).ok_or_else(unreadable)?.date_naive();
                day.is_some_and(|day| match filter.test {
                    Test::From => day >= bound,
                    Test::Until => day <= bound,
                    _ => day == bound,
                })
            }
        })
    }
}

fn compares(test: Test, text: &str, wanted: &str) -> bool {
    let (text, wanted) = (text.to_lowercase(), wanted.to_lowercase());
    match test {
        Test::Prefix => text.starts_with(&wanted),
        Test::Contains => text.contains(&wanted),
        Test::OneOf => wanted.split(',').any(|word| word.trim() == text),
        _ => text == wanted,
    }
}

/// The three forms that the vendor's pages show; none has a zone, and one that has is refused.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    let moment = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok();
    day().or_else(moment).map(|moment| moment.and_utc())
}

#[cfg(test)]
mod tests {
    use super::{Query, instant};

    #[test]
    fn reads_the_documented_forms_of_dates_and_no_others() {
        for good in ["2024-04-17", "2024-04-17T23:11:05", "2016-07-01T19:54:18.060"] {
            assert!(instant(good).is_some(), "{good}");
        }
        for bad in ["2024-04-17T23:11:05Z", "2024-04-17T23:11:05+01:00", "17/04/2024", "yesterday"] {
            assert!(instant(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn page_sizes_go_to_a_thousand() {
        assert_eq!(Query::parse("").map(|query| query.page_size), Ok(200));
        assert_eq!(Query::parse("PAGESIZE=0").map(|query| query.page_size), Ok(0));
        assert!(Query::parse("pageSize=1001").is_err() && Query::parse("pageSize=-1").is_err());
    }
}
