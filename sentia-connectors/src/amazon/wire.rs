//! How Amazon writes values: what is missing is absent or `null`, instants are ISO 8601, money is an amount in quotes
//! with its currency.

use std::{borrow::Cow, ops::Deref};

use chrono::{DateTime, Utc};
use sentia_core::{Exact, Text, Version};
use serde::{Deserialize, Deserializer, de::Error};

/// A list that may be missing.
#[derive(Debug, Clone)]
pub(super) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<Vec<T>>::deserialize(deserializer).map(|list| List(list.unwrap_or_default()))
    }
}

impl List<Text> {
    /// The list as one text; none where it is empty.
    pub(super) fn joined(&self) -> Option<Text> {
        let parts: Vec<&str> = self.iter().map(Text::as_str).collect();
        (!parts.is_empty()).then(|| Text::from(parts.join(",")))
    }

    /// Whether it names `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.iter().any(|part| part.as_str() == name)
    }
}

/// An object all of whose members may be missing, and itself with them.
#[derive(Debug, Clone, Default)]
pub(super) struct Nested<T>(T);

impl<T> Deref for Nested<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::<T>::deserialize(deserializer).map(|object| Nested(object.unwrap_or_default()))
    }
}

/// An instant with the text it was read from; none for `null`, absent and `""`.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment(Option<(Text, DateTime<Utc>)>);

impl Moment {
    /// The instant.
    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        self.0.as_ref().map(|(_, at)| *at)
    }

    /// Its text.
    pub(super) fn raw(&self) -> &str {
        self.0.as_ref().map_or("", |(raw, _)| raw)
    }

    /// The version of a document last changed then.
    pub(super) fn version(&self) -> Option<Version> {
        self.0.as_ref().map(|(raw, at)| Version::at(raw.clone(), *at))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Option::<Cow<'de, str>>::deserialize(deserializer)?.filter(|text| !text.is_empty())
        else {
            return Ok(Moment(None));
        };
        let at = DateTime::parse_from_rfc3339(&text)
            .map_err(|_| D::Error::custom(format!("{text:?} is not an instant with its zone")))?;
        Ok(Moment(Some((Text::from(&*text), at.with_timezone(&Utc)))))
    }
}

/// An amount of money. Orders and listings quote the amount, finances do not; both are read exactly.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Money {
    #[serde(alias = "currencyAmount")]
    pub(super) amount: Option<Exact>,
    pub(super) currency_code: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        list: List<Text>,
        nested: Nested<Money>,
        at: Moment,
    }

    #[test]
    fn nothing_in_all_its_spellings() {
        for json in ["{}", r#"{"list":null,"nested":null,"at":null}"#, r#"{"list":[],"nested":{},"at":""}"#] {
            let wire: Wire = serde_json::from_str(json).expect(json);
            assert_eq!((wire.list.joined(), wire.nested.amount, wire.at.at()), (None, None, None), "{json}");
        }
    }

    #[test]
    fn money_is_exact_quoted_or_not() {
        for json in
            [r#"{"amount":"11.10","currencyCode":"GBP"}"#, r#"{"currencyAmount":11.10,"currencyCode":"GBP"}"#]
        {
            let money: Money = serde_json::from_str(json).expect(json);
            assert_eq!(money.amount.map(|amount| amount.to_string()).as_deref(), Some("11.10"));
        }
        let beyond: Money = serde_json::from_str(r#"{"currencyAmount":9007199254740993.01}"#).expect("fits");
        assert_eq!(beyond.amount.map(|amount| amount.to_string()).as_deref(), Some("9007199254740993.01"));
    }

    #[test]
    fn an_instant_needs_its_zone() {
        let read = |text: &str| serde_json::from_str::<Moment>(text).map(|moment| moment.at().is_some());
        assert!(read(r#""2026-11-22T19:00:00Z""#).is_ok_and(|read| read));
        assert!(read(r#""2026-11-22T19:00:00.5+01:00""#).is_ok_and(|read| read));
        assert!(read(r#""2026-11-22""#).is_err() && read("7").is_err());
    }
}
