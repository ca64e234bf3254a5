//! What Xero wraps around a list: read in one pass, because a page may hold megabytes.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::wire::{Maybe, Nested};

/// The envelope's members that matter. The others (`Id`, `Status`, `ProviderName`, `DateTimeUTC`) differ between
/// endpoints, and some answers have none of them.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    /// The records' own bytes; none where the answer holds another list.
    pub(super) records: Option<Vec<&'a RawValue>>,
    /// Lower case among its neighbours, and only there when the list is paged.
    pub(super) pagination: Pagination,
}

/// Where a page stands among its neighbours.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Pagination {
    /// This page, from 1.
    pub(super) page: Maybe<i64>,
    /// The last page.
    pub(super) page_count: Maybe<i64>,
    /// Records on all pages.
    pub(super) item_count: Maybe<i64>,
}

impl<'a> Envelope<'a> {
    /// Reads the envelope whose list is called `array`.
    pub(super) fn read(body: &'a [u8], array: &str) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let envelope = Of(array).deserialize(&mut json)?;
        json.end()?;
        Ok(envelope)
    }
}

/// Reads the envelope of the list so called.
struct Of<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for Of<'_> {
    type Value = Envelope<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Envelope<'de>, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Of<'_> {
    type Value = Envelope<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the list {}", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Envelope<'de>, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            if name == self.0 {
                envelope.records = Some(members.next_value()?);
            } else if name == "pagination" {
                envelope.pagination = members.next_value::<Nested<Pagination>>()?.into_inner();
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Option<usize>, Option<i64>), String> {
        let envelope = Envelope::read(body.as_bytes(), "Items").map_err(|e| e.to_string())?;
        Ok((envelope.records.map(|records| records.len()), envelope.pagination.page.get()))
    }

    #[test]
    fn the_list_and_the_pagination_are_found_in_any_order() {
        assert_eq!(
            read(r#"{"Id":"x","pagination":{"page":"2"},"Items":[{},{"a":1}]}"#),
            Ok((Some(2), Some(2)))
        );
        assert_eq!(read(r#"{"Items":[],"pagination":null,"Other":[1]}"#), Ok((Some(0), None)));
        assert_eq!(read(r#"{"Contacts":[1]}"#), Ok((None, None)));
    }

    #[test]
    fn what_is_cut_off_or_more_than_one_value_is_an_error() {
        for body in
            ["", "[]", "{", r#"{"Items":[{}"#, r#"{"Items":[]}{}"#, r#"{"Items":null}"#, r#"{"Items":{}}"#]
        {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn records_keep_their_bytes() {
        let body = br#"{"Items":[ {"a": 1.10} ,{"b":2}]}"#;
        let envelope = Envelope::read(body, "Items").expect("an envelope");
        let records = envelope.records.expect("a list");
        assert_eq!(records.iter().map(|raw| raw.get()).collect::<Vec<_>>(), [r#"{"a": 1.10}"#, r#"{"b":2}"#]);
    }
}
