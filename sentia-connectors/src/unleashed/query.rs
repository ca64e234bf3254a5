//! A query as the bytes that go on the wire, because those bytes are what is signed.
//!
//! It is built once, as text. Names and values are percent-encoded here, so that no URL parser and no HTTP client
//! finds anything left to encode: [`checked`](Query::checked) holds the parsed URL against it.

use sentia_core::{Error, ErrorKind, Result};
use url::Url;

/// A query without its question mark.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(String);

impl Query {
    /// Adds a parameter.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        encode(name, &mut self.0);
        self.0.push('=');
        encode(value, &mut self.0);
        self
    }

    /// The bytes to sign and to send.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of `address` with this query.
    ///
    /// # Errors
    /// `ConfigInvalid` for an address that is no URL; `Unexpected` where the URL would carry another query than this.
    pub(super) fn checked(&self, address: &str) -> Result<Url> {
        let separator = if self.0.is_empty() { "" } else { "?" };
        let url = Url::parse(&format!("{address}{separator}{}", self.0)).map_err(|e| {
            Error::new(ErrorKind::ConfigInvalid, "base_url does not make a URL; correct it").source(e)
        })?;
        if url.query().unwrap_or_default() == self.0 && url.fragment().is_none() {
            return Ok(url);
        }
        Err(Error::new(ErrorKind::Unexpected, "the query signed is not the one that would be sent"))
    }
}

/// Encodes all but the characters that every URL parser leaves alone.
///
/// `:` and `,` stay, as in the vendor's own examples of dates and lists.
fn encode(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b',' => {
                into.push(char::from(byte));
            }
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                into.push('%');
                into.push(char::from(HEX[usize::from(byte >> 4)]));
                into.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vendors_own_spellings() {
        let since = Query::default().with("modifiedSince", "2026-03-01T00:00:00.000").with("pageSize", "500");
        assert_eq!(since.as_str(), "modifiedSince=2026-03-01T00:00:00.000&pageSize=500");
        assert_eq!(
            Query::default().with("customerName", "Café Ltd").as_str(),
            "customerName=Caf%C3%A9%20Ltd"
        );
        let listed = Query::default().with("orderStatus", "Completed,Backordered");
        assert_eq!(listed.as_str(), "orderStatus=Completed,Backordered");
        assert_eq!(Query::default().with("a", "1+1=2&#'\"%").as_str(), "a=1%2B1%3D2%26%23%27%22%25");
    }

    #[test]
    fn no_query_is_no_question_mark() {
        let url = Query::default().checked("https://api.example/Products/1").expect("a URL");
        assert_eq!(url.as_str(), "https://api.example/Products/1");
    }

    #[test]
    fn a_query_that_would_be_sent_otherwise_is_refused() {
        for raw in ["a=b c", "a=é", "a='", "a=\"<>", "a=b#c", "a=\tb"] {
            let error = Query(raw.to_owned()).checked("https://api.example/x").expect_err(raw);
            assert_eq!(error.kind(), ErrorKind::Unexpected, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn every_value_survives_every_parser(name in "[a-zA-Z]{1,8}", value: String) {
            let query = Query::default().with(&name, &value).with("pageSize", "500");
            let url = query.checked("http://127.0.0.1:9/StockOnHand/1").expect("a URL");
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(&pairs[0], &(name, value));
            prop_assert!(query.as_str().is_ascii() && !query.as_str().contains(['+', ' ', '#']));
        }
    }
}
