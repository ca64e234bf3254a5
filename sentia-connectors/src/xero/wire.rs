//! How Xero writes values: absent, `null`, `""` and `{}` all mean "no value"; numbers and booleans may be quoted.
//!
//! The documentation's own examples mix these forms (`"Quantity":"1.0000"`, `"IsReconciled":"false"`,
//! `"PurchaseDetails":{}`), so every field of a wire struct is one of the types below.

use std::{fmt, marker::PhantomData, ops::Deref};

use chrono::{DateTime, NaiveDate, Utc};
use sentia_core::{Exact, Text, Version};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;

use super::date;

/// A value that may be missing in any of Xero's ways.
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

    /// The value or one of its fallbacks.
    pub(super) fn or(&self, other: &Maybe<T>) -> Option<T> {
        self.get().or_else(|| other.get())
    }
}

impl Maybe<Text> {
    /// The text, empty where there is none.
    pub(super) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The text as a key: one that is missing is empty, which the stream rejects.
    pub(super) fn key(&self) -> Text {
        self.get().unwrap_or_default()
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

    /// The version of a document last changed then.
    pub(super) fn version(&self) -> Option<Version> {
        self.0.as_ref().map(|instant| Version::at(instant.raw.clone(), instant.at))
    }
}

/// A value written as a string.
trait FromText: Sized {
    fn from_text(text: &str) -> Result<Option<Self>, String>;
}

impl FromText for Text {
    fn from_text(text: &str) -> Result<Option<Self>, String> {
        Ok(Some(Text::from(text)))
    }
}

impl FromText for NaiveDate {
    fn from_text(text: &str) -> Result<Option<Self>, String> {
        date::day(text)
    }
}

impl FromText for Instant {
    fn from_text(text: &str) -> Result<Option<Self>, String> {
        Ok(date::instant(text)?.map(|at| Instant { raw: Text::from(text), at }))
    }
}

impl<'de, T: FromText> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words<T>(PhantomData<T>);
        impl<'de, T: FromText> Visitor<'de> for Words<T> {
            type Value = Maybe<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or nothing")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Maybe<T>, E> {
                let none = Ok(Maybe(None));
                if text.is_empty() { none } else { T::from_text(text).map(Maybe).map_err(E::custom) }
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Maybe<T>, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_unit<E: Error>(self) -> Result<Maybe<T>, E> {
                Ok(Maybe(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Maybe<T>, A::Error> {
                nothing(map).map(|()| Maybe(None))
            }
        }
        deserializer.deserialize_any(Words(PhantomData))
    }
}

/// Accepts `{}` alone where no object is expected.
fn nothing<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    match map.next_entry::<IgnoredAny, IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(A::Error::custom("an object where a value is expected")),
    }
}

/// The token of a number without its quotes; none for "no value".
fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de str>, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?.get();
    let token = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw).trim();
    let is_empty_object = || token.strip_prefix('{').is_some_and(|rest| rest.trim_start() == "}");
    Ok(Some(token).filter(|token| !token.is_empty() && *token != "null" && !is_empty_object()))
}

impl<'de> Deserialize<'de> for Maybe<Exact> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        token(deserializer)?.map(str::parse).transpose().map(Maybe).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Maybe<i64> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        token(deserializer)?.map(str::parse).transpose().map(Maybe).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Maybe<bool> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Truth;
        impl<'de> Visitor<'de> for Truth {
            type Value = Maybe<bool>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or nothing")
            }

            fn visit_bool<E: Error>(self, truth: bool) -> Result<Maybe<bool>, E> {
                Ok(Maybe(Some(truth)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Maybe<bool>, E> {
                match text.to_ascii_lowercase().as_str() {
                    "" => Ok(Maybe(None)),
                    "true" => Ok(Maybe(Some(true))),
                    "false" => Ok(Maybe(Some(false))),
                    _ => Err(E::custom("neither true nor false")),
                }
            }

            fn visit_unit<E: Error>(self) -> Result<Maybe<bool>, E> {
                Ok(Maybe(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Maybe<bool>, A::Error> {
                nothing(map).map(|()| Maybe(None))
            }
        }
        deserializer.deserialize_any(Truth)
    }
}

/// An object all of whose members may be missing, and itself with them.
#[derive(Debug, Clone, Default)]
pub(super) struct Nested<T>(T);

impl<T> Nested<T> {
    /// The object itself.
    pub(super) fn into_inner(self) -> T {
        self.0
    }
}

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

            fn visit_str<E: Error>(self, text: &str) -> Result<Nested<T>, E> {
                if text.is_empty() {
                    self.visit_unit()
                } else {
                    Err(E::custom("a string where an object is expected"))
                }
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

            fn visit_str<E: Error>(self, text: &str) -> Result<List<T>, E> {
                if text.is_empty() {
                    self.visit_unit()
                } else {
                    Err(E::custom("a string where a list is expected"))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<List<T>, A::Error> {
                nothing(map).map(|()| List::default())
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
        number: Maybe<Exact>,
        count: Maybe<i64>,
        truth: Maybe<bool>,
        day: Maybe<NaiveDate>,
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

    #[test]
    fn nothing_in_all_its_spellings() {
        let fields = ["text", "number", "count", "truth", "day", "nested", "list"];
        let spelled = |nothing: &str| {
            let members: Vec<_> = fields.iter().map(|field| format!("\"{field}\":{nothing}")).collect();
            format!("{{{}}}", members.join(","))
        };
        for json in ["{}".to_owned(), spelled("null"), spelled("\"\""), spelled("{}"), spelled("{ }")] {
            let wire = read(&json);
            assert_eq!((wire.text.get(), wire.number.get(), wire.count.get()), (None, None, None), "{json}");
            assert_eq!((wire.truth.get(), wire.day.get(), wire.list.len()), (None, None, 0), "{json}");
            assert_eq!(wire.nested.number.get(), None, "{json}");
        }
    }

    #[test]
    fn quoted_and_bare_read_alike() {
        let bare =
            r#"{"number":1.0000,"count":31,"truth":false,"nested":{"number":0.1},"list":[{"number":2}]}"#;
        let quoted = r#"{"number":"1.0000","count":"31","truth":"False","nested":{"number":"0.1"},"list":[{"number":"2"}]}"#;
        for wire in [read(bare), read(quoted)] {
            assert_eq!(wire.number.get().map(|n| n.to_string()).as_deref(), Some("1.0000"));
            assert_eq!((wire.count.get(), wire.truth.get()), (Some(31), Some(false)));
            assert_eq!(wire.nested.number.get().map(|n| n.to_string()).as_deref(), Some("0.1"));
            assert_eq!(wire.list[0].number.get().map(|n| n.to_string()).as_deref(), Some("2"));
        }
        assert_eq!(read(r#"{"text":200}"#).text.as_str(), "200");
    }

    #[test]
    fn numbers_never_pass_through_floats() {
        let wire = read(r#"{"number":9007199254740993.01,"nested":{"number":0.30000000000000004}}"#);
        assert_eq!(wire.number.get().map(|n| n.to_string()).as_deref(), Some("9007199254740993.01"));
        assert_eq!(wire.nested.number.get().map(|n| n.to_string()).as_deref(), Some("0.30000000000000004"));
    }

    #[test]
    fn what_is_something_else_is_an_error() {
        for json in [
            r#"{"text":{"a":1}}"#,
            r#"{"number":"abc"}"#,
            r#"{"truth":"perhaps"}"#,
            r#"{"day":"soon"}"#,
            r#"{"list":{"a":1}}"#,
            r#"{"nested":"x"}"#,
            r#"{"nested":[1]}"#,
        ] {
            assert!(serde_json::from_str::<Wire>(json).is_err(), "{json}");
        }
    }
}
