//! How Unleashed writes values: absent, `null` and `""` all mean "no value"; prices and booleans may be quoted.
//!
//! Most types are known from clients of two or three parties that disagree at the edges, so each field of a wire struct
//! is one of the types below. Numbers are read from their own token, never through a binary float.

use std::{borrow::Cow, fmt, marker::PhantomData, ops::Deref};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use sentia_core::{Exact, Text, Version};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::date;

/// A value that may be missing in any of Unleashed's ways.
#[derive(Debug, Clone)]
pub(super) struct Maybe<T>(Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Maybe(None)
    }
}

impl<T: Clone> Maybe<T> {
    /// The value, as a column wants it.
    pub(super) fn get(&self) -> Option<T> {
        self.0.clone()
    }

    /// The value, or that of a field which other sources name instead.
    pub(super) fn or(&self, other: &Maybe<T>) -> Option<T> {
        self.get().or_else(|| other.get())
    }
}

impl Maybe<Text> {
    /// The text, empty where there is none.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// An identifier, in lower case: Unleashed writes GUIDs in either.
#[derive(Debug, Clone)]
pub(super) struct Guid(Text);

impl Maybe<Guid> {
    /// The identifier, as a column wants it.
    pub(super) fn text(&self) -> Option<Text> {
        self.0.as_ref().map(|guid| guid.0.clone())
    }

    /// The identifier as a key: one that is missing is empty, which the stream rejects.
    pub(super) fn key(&self) -> Text {
        self.text().unwrap_or_default()
    }
}

/// An instant with the text it was read from.
#[derive(Debug, Clone)]
pub(super) struct Instant {
    raw: Text,
    at: DateTime<Utc>,
}

impl Maybe<Instant> {
    /// The instant alone.
    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        self.0.as_ref().map(|instant| instant.at)
    }

    /// The version of a document last changed then, or made at `created` and not changed since.
    pub(super) fn version_or(&self, created: &Maybe<Instant>) -> Option<Version> {
        self.or(created).map(|instant| Version::at(instant.raw, instant.at))
    }
}

/// A calendar day with the instant it was read from.
///
/// It is the day in UTC until [`settle`](Maybe::settle) is told the account's zone.
#[derive(Debug, Clone)]
pub(super) struct Day {
    at: DateTime<Utc>,
    day: NaiveDate,
}

impl Maybe<Day> {
    /// The day.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        self.0.as_ref().map(|day| day.day)
    }

    /// The instant as Unleashed wrote it.
    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        self.0.as_ref().map(|day| day.at)
    }

    /// Makes it the day of the account's zone.
    pub(super) fn settle(&mut self, zone: Tz) {
        if let Some(day) = &mut self.0 {
            day.day = date::day_in(zone, day.at);
        }
    }
}

/// A document whose calendar days mean something in the account's time zone only.
pub(super) trait Zoned {
    /// Every calendar day, lines included.
    fn days(&mut self) -> Vec<&mut Maybe<Day>> {
        Vec::new()
    }
}

/// What one JSON token, without its quotes, stands for.
pub(super) trait FromToken: Sized {
    /// Reads it; none for a value that means "no value".
    fn from_token(token: &str) -> Result<Option<Self>, String>;
}

impl FromToken for Text {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        Ok(Some(Text::from(token)))
    }
}

impl FromToken for Guid {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        Ok(Some(Guid(Text::from(token.trim().to_ascii_lowercase()))))
    }
}

impl FromToken for Instant {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        Ok(date::instant(token)?.map(|at| Instant { raw: Text::from(token), at }))
    }
}

impl FromToken for Day {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        Ok(date::instant(token)?.map(|at| Day { at, day: at.date_naive() }))
    }
}

impl FromToken for Exact {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        token.parse().map(Some)
    }
}

impl FromToken for i64 {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        let number: Exact = token.parse()?;
        // A count may come as 12.0, as every number of a .NET decimal does.
        let whole = Some(number.0.normalize()).filter(|number| number.scale() == 0);
        let whole = whole.and_then(|number| i64::try_from(number.mantissa()).ok());
        whole.map(Some).ok_or_else(|| format!("{number:?} is not a whole number"))
    }
}

impl FromToken for bool {
    fn from_token(token: &str) -> Result<Option<Self>, String> {
        match token.to_ascii_lowercase().as_str() {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err("neither true nor false".to_owned()),
        }
    }
}

impl<'de, T: FromToken> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let token = unquoted(raw).map_err(D::Error::custom)?;
        if token.is_empty() {
            return Ok(Maybe(None));
        }
        T::from_token(&token).map(Maybe).map_err(D::Error::custom)
    }
}

/// The text of a JSON token; empty for `null`.
fn unquoted(raw: &str) -> Result<Cow<'_, str>, String> {
    let inside = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match (raw.as_bytes().first(), inside) {
        (_, Some(plain)) if !plain.contains('\\') => Ok(Cow::Borrowed(plain)),
        (_, Some(_)) => serde_json::from_str(raw).map(Cow::Owned).map_err(|e| e.to_string()),
        (Some(b'{' | b'['), _) => Err("an object or a list where a value is expected".to_owned()),
        _ if raw == "null" => Ok(Cow::Borrowed("")),
        _ => Ok(Cow::Borrowed(raw)),
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

impl<'de, T: DeserializeOwned + Default> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned + Default> Visitor<'de> for Object<T> {
            type Value = Nested<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or nothing")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Nested<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Nested)
            }

            fn visit_unit<E: Error>(self) -> Result<Nested<T>, E> {
                Ok(Nested::default())
            }

            /// Some sources have a name where others have an object; the document keeps it.
            fn visit_str<E: Error>(self, _: &str) -> Result<Nested<T>, E> {
                Ok(Nested::default())
            }
        }
        deserializer.deserialize_any(Object(PhantomData))
    }
}

/// A list that may be missing.
#[derive(Debug, Clone)]
pub(super) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        List(Vec::new())
    }
}

impl<T> List<T> {
    /// The items, to be settled in a zone.
    pub(super) fn iter_mut(&mut self) -> std::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: DeserializeOwned> Visitor<'de> for Items<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or nothing")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(List(list))
            }

            fn visit_unit<E: Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
        }
        deserializer.deserialize_any(Items(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Wire {
        text: Maybe<Text>,
        guid: Maybe<Guid>,
        number: Maybe<Exact>,
        count: Maybe<i64>,
        truth: Maybe<bool>,
        day: Maybe<Day>,
        at: Maybe<Instant>,
        nested: Nested<Inner>,
        list: List<Inner>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Inner {
        number: Maybe<Exact>,
    }

    fn read(json: &str) -> Wire {
        serde_json::from_str(json).expect(json)
    }

    fn number(value: &Maybe<Exact>) -> Option<String> {
        value.get().map(|number| number.to_string())
    }

    #[test]
    fn nothing_in_all_its_spellings() {
        for nothing in ["null", "\"\""] {
            let values = ["text", "guid", "number", "count", "truth", "day", "at", "nested"];
            let members: Vec<_> = values.iter().map(|field| format!("\"{field}\":{nothing}")).collect();
            let wire = read(&format!("{{{},\"list\":null}}", members.join(",")));
            assert!(wire.text.get().is_none() && wire.guid.text().is_none() && wire.day.day().is_none());
            assert_eq!((number(&wire.number), wire.count.get(), wire.truth.get()), (None, None, None));
            assert_eq!((wire.at.at(), wire.list.len(), number(&wire.nested.number)), (None, 0, None));
        }
        assert!(read("{}").text.get().is_none());
    }

    #[test]
    fn quoted_and_bare_read_alike() {
        for json in [
            r#"{"number":12.3456,"count":31,"truth":false,"list":[{"number":2}]}"#,
            r#"{"number":"12.3456","count":"31.0","truth":"False","list":[{"number":"2"}]}"#,
        ] {
            let wire = read(json);
            assert_eq!(number(&wire.number).as_deref(), Some("12.3456"));
            assert_eq!((wire.count.get(), wire.truth.get()), (Some(31), Some(false)));
            assert_eq!(number(&wire.list[0].number).as_deref(), Some("2"));
        }
        assert_eq!(read(r#"{"text":200}"#).text.as_str(), "200");
        assert_eq!(read(r#"{"text":"a\"b\u00e9"}"#).text.as_str(), "a\"bé");
    }

    #[test]
    fn numbers_never_pass_through_floats() {
        let wire = read(r#"{"number":1774.93449333333333333,"nested":{"number":9007199254740993.01}}"#);
        assert_eq!(number(&wire.number).as_deref(), Some("1774.93449333333333333"));
        assert_eq!(number(&wire.nested.number).as_deref(), Some("9007199254740993.01"));
    }

    #[test]
    fn identifiers_are_lower_case() {
        let wire = read(r#"{"guid":"E6E8163F-6911-40E9-B740-90E5A0A3A996"}"#);
        assert_eq!(wire.guid.key(), Text::from("e6e8163f-6911-40e9-b740-90e5a0a3a996"));
    }

    #[test]
    fn a_day_settles_in_its_zone_and_keeps_its_instant() {
        let mut wire = read(r#"{"day":"\/Date(1784156400000)\/"}"#);
        assert_eq!(wire.day.day().map(|day| day.to_string()).as_deref(), Some("2026-07-15"));
        wire.day.settle(Tz::Europe__London);
        assert_eq!(wire.day.day().map(|day| day.to_string()).as_deref(), Some("2026-07-16"));
        assert_eq!(wire.day.at().map(|at| at.timestamp_millis()), Some(1_784_156_400_000));
    }

    #[test]
    fn what_is_something_else_is_an_error() {
        for json in [
            r#"{"text":{"a":1}}"#,
            r#"{"number":"abc"}"#,
            r#"{"count":1.5}"#,
            r#"{"truth":"perhaps"}"#,
            r#"{"day":"soon"}"#,
            r#"{"list":{"a":1}}"#,
            r#"{"nested":[1]}"#,
        ] {
            assert!(serde_json::from_str::<Wire>(json).is_err(), "{json}");
        }
    }
}
