//! What Xero wraps around a list: read in one pass with its records, because a page may hold megabytes.

use bytes::Bytes;
use sentia_core::{Decoded, decode::Walk};
use serde::Deserialize;

use super::wire::{Maybe, Nested};

/// The envelope's members that matter. The others (`Id`, `Status`, `ProviderName`, `DateTimeUTC`) differ between
/// endpoints, and some answers have none of them.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// The records; none where the answer holds another list.
    pub(super) records: Option<Decoded>,
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

impl Envelope {
    /// Reads the envelope whose list is called `array`; `decode` takes the list.
    pub(super) fn read(
        body: &Bytes,
        array: &str,
        mut decode: impl FnMut(&mut Walk<'_>) -> serde_json::Result<Decoded>,
    ) -> serde_json::Result<Self> {
        let mut envelope = Envelope::default();
        let mut member = |walk: &mut Walk<'_>, name: &str| {
            if name == array {
                envelope.records = Some(decode(walk)?);
            } else if name == "pagination" {
                envelope.pagination = walk.read::<Nested<Pagination>>()?.into_inner();
            }
            Ok(())
        };
        Walk::whole(body, |walk| walk.object(&mut member))?;
        Ok(envelope)
    }
}

#[cfg(test)]
mod tests {
    use sentia_core::{Stream, Text};

    use super::*;

    #[derive(Deserialize)]
    struct Item {
        id: Text,
    }

    fn open(body: &str) -> serde_json::Result<Envelope> {
        let items = Stream::new("items", "id", |item: &Item| item.id.clone());
        Envelope::read(&Bytes::copy_from_slice(body.as_bytes()), "Items", |walk| walk.records(&items))
    }

    fn read(body: &str) -> Result<(Option<usize>, Option<i64>), String> {
        let Envelope { records, pagination } = open(body).map_err(|e| e.to_string())?;
        let records = records.map(|decoded| decoded.records.len() + decoded.rejected.len());
        Ok((records, pagination.page.get()))
    }

    #[test]
    fn the_list_and_the_pagination_are_found_in_any_order() {
        assert_eq!(
            read(r#"{"Id":"x","pagination":{"page":"2"},"Items":[{},{"id":"1"}]}"#),
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
        let body = r#"{"Items":[ {"id": "a", "n":1.10} ,{"b":2}]}"#;
        let decoded = open(body).expect("an envelope").records.expect("a list");
        assert_eq!(decoded.records[0].document.body(), &r#"{"id": "a", "n":1.10}"#);
        assert_eq!(decoded.rejected[0].document, r#"{"b":2}"#);
    }
}
