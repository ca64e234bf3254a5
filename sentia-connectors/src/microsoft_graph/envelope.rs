//! What Graph wraps around a list: the records' bytes and the links to what follows.

use std::borrow::Cow;

use bytes::Bytes;
use sentia_core::{Result, transport::Response};
use serde::Deserialize;
use serde_json::value::RawValue;

/// One page of a list or of a delta round. A short or an empty page says nothing: only the links do.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// The entries' own bytes.
    pub(super) documents: Vec<Bytes>,
    /// Where the list goes on, exactly as Graph wrote it.
    pub(super) next: Option<String>,
    /// Where the next round begins, exactly as Graph wrote it.
    pub(super) delta: Option<String>,
}

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(borrow)]
    value: Vec<&'a RawValue>,
    #[serde(rename = "@odata.nextLink", borrow, default)]
    next: Option<Cow<'a, str>>,
    #[serde(rename = "@odata.deltaLink", borrow, default)]
    delta: Option<Cow<'a, str>>,
}

impl Listing {
    /// Reads a page.
    ///
    /// # Errors
    /// `InvalidResponse` for an answer that holds no list.
    pub(super) fn of(response: &Response) -> Result<Self> {
        let page: Collection<'_> = serde_json::from_slice(&response.body)
            .map_err(|e| response.invalid("the answer is not a list of microsoft graph").source(e))?;
        let bytes = |raw: &&RawValue| response.body.slice_ref(raw.get().as_bytes());
        let link = |link: Option<Cow<'_, str>>| link.map(Cow::into_owned).filter(|link| !link.is_empty());
        Ok(Listing {
            documents: page.value.iter().map(bytes).collect(),
            next: link(page.next),
            delta: link(page.delta),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &'static str) -> Result<Listing> {
        Listing::of(&Response::new(http::StatusCode::OK, http::HeaderMap::new(), body.into()))
    }

    #[test]
    fn links_are_kept_byte_for_byte() {
        let listing = read(
            r#"{"@odata.context":"c","value":[ {"id": 1.50} ],"@odata.nextLink":"https://g/v1.0/d(token='a%2Bb')?$skipToken=x%3d"}"#,
        )
        .expect("a page");
        assert_eq!(listing.next.as_deref(), Some("https://g/v1.0/d(token='a%2Bb')?$skipToken=x%3d"));
        assert_eq!(listing.documents, [&br#"{"id": 1.50}"#[..]]);
        let last = read(r#"{"value":[],"@odata.deltaLink":"https:\/\/g\/x"}"#).expect("a page");
        assert_eq!((last.next, last.delta.as_deref()), (None, Some("https://g/x")));
    }

    #[test]
    fn an_answer_without_a_list_is_refused() {
        for body in [r#"{"id":"x"}"#, r#"{"value":{}}"#, r#"{"value":null}"#, r#"{"value":[{}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
