//! One pass over an answer: its members are read, and its records decoded, where they stand.

use bytes::Bytes;
use serde::{
    Deserialize,
    de::{DeserializeOwned, Error as _, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{Decoded, Stream};
use crate::record::{Document, Record, Rejected};

type Result<T, E = serde_json::Error> = std::result::Result<T, E>;

/// A place in the JSON of an answer, which moves on with everything that is taken.
///
/// A page is megabytes, and every pass over it counts: finding its list first and decoding it then are two. A walk finds
/// the members of the envelope and decodes the list's records on its way, each with its own bytes.
///
/// ```
/// use bytes::Bytes;
/// use sentia_core::{Decoded, Stream, Text, decode::Walk};
///
/// #[derive(serde::Deserialize)]
/// struct Rate { currency: Text }
///
/// let rates = Stream::<Rate>::new("rates", "currency", |rate| rate.currency.clone());
/// let body = Bytes::from_static(br#"{"next":"2","rates":[{"currency":"EUR"}, {"currency":7}],"took":1}"#);
/// let (mut next, mut decoded) = (None::<String>, Decoded::default());
/// Walk::whole(&body, |walk| {
///     walk.object(|walk, name| {
///         match name {
///             "next" => next = walk.read()?,
///             "rates" => decoded = walk.records(&rates)?,
///             _ => {} // what is not taken is skipped
///         }
///         Ok(())
///     })
/// })?;
/// assert_eq!((next.as_deref(), decoded.records.len()), (Some("2"), 1));
/// assert_eq!(decoded.rejected[0].document, r#"{"currency":7}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct Walk<'a> {
    body: &'a Bytes,
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    /// Walks all of `body`.
    ///
    /// # Errors
    /// What `walk` says, and a body that is not UTF-8 or goes on behind what was walked.
    pub fn whole<T>(body: &'a Bytes, walk: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        // Checking UTF-8 once for the whole body is faster than once for every string in it.
        let text = str::from_utf8(body).map_err(serde_json::Error::custom)?;
        Walk::over(body, text, walk)
    }

    /// Walks `text`, which points into `body`.
    pub(super) fn over<T>(
        body: &'a Bytes,
        text: &'a str,
        walk: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut place = Walk { body, text, at: 0 };
        let walked = walk(&mut place)?;
        match place.peek() {
            None => Ok(walked),
            Some(_) => Err(place.broken()),
        }
    }

    /// Takes an object: `each` gets the name of every member and stands at its value, which is skipped unless it is taken.
    ///
    /// # Errors
    /// What `each` says, and for what is not an object.
    pub fn object(&mut self, mut each: impl FnMut(&mut Self, &str) -> Result<()>) -> Result<()> {
        self.enclosed(b'{', b'}', |walk| {
            let name: String = walk.read()?;
            walk.expect(b':')?;
            let value = walk.at;
            each(walk, &name)?;
            if walk.at == value { walk.read::<IgnoredAny>().map(drop) } else { Ok(()) }
        })
    }

    /// Takes a list: `each` stands at an element and takes all of it.
    ///
    /// # Errors
    /// What `each` says, and for what is not a list.
    pub fn list(&mut self, each: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.enclosed(b'[', b']', each)
    }

    /// Takes a value.
    ///
    /// # Errors
    /// When it is not JSON or of another type.
    pub fn read<T: Deserialize<'a>>(&mut self) -> Result<T> {
        self.try_read().map_err(|error| self.syntax().unwrap_or(error))
    }

    /// Takes a `null`, if one stands here.
    pub fn take_null(&mut self) -> bool {
        self.try_read::<()>().is_ok()
    }

    /// Takes a list of documents without decoding them; how many bytes each has is all that is looked at.
    ///
    /// # Errors
    /// When it is not a list.
    pub fn documents(&mut self) -> Result<Vec<Bytes>> {
        let mut documents = Vec::new();
        self.list(|walk| {
            documents.push(walk.document()?);
            Ok(())
        })?;
        Ok(documents)
    }

    /// Takes a value as its bytes, which are shared with the body; white space around it is not part of them.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn document(&mut self) -> Result<Bytes> {
        let raw: &RawValue = self.read()?;
        Ok(self.body.slice_ref(raw.get().as_bytes()))
    }

    /// Takes a list of records; those that cannot be read never stop the others.
    ///
    /// # Errors
    /// When it is not a list.
    pub fn records<W: DeserializeOwned + 'static>(&mut self, stream: &Stream<W>) -> Result<Decoded> {
        let mut decoded = Decoded::default();
        self.list(|walk| {
            decoded.push(walk.record(stream)?);
            Ok(())
        })?;
        Ok(decoded)
    }

    /// Takes one record.
    ///
    /// # Errors
    /// When it is not JSON. JSON that does not fit is the inner error.
    pub fn record<W: DeserializeOwned + 'static>(
        &mut self,
        stream: &Stream<W>,
    ) -> Result<Result<Record, Rejected>> {
        let (wire, document) = self.wire(stream)?;
        Ok(wire.and_then(|wire| stream.record(&wire, Document::new(document))))
    }

    /// Takes a list of records as their wire structs, each with its bytes, for connectors that complete or choose among
    /// them before they are records.
    ///
    /// # Errors
    /// When it is not a list.
    pub fn wires<W: DeserializeOwned + 'static>(
        &mut self,
        stream: &Stream<W>,
        mut each: impl FnMut(Result<W, Rejected>, Bytes),
    ) -> Result<()> {
        self.list(|walk| {
            let (wire, document) = walk.wire(stream)?;
            each(wire, document);
            Ok(())
        })
    }

    /// Takes one record as its wire struct, with its bytes.
    ///
    /// # Errors
    /// When it is not JSON. JSON that does not fit the struct is the inner error.
    pub fn wire<W: DeserializeOwned + 'static>(
        &mut self,
        stream: &Stream<W>,
    ) -> Result<(Result<W, Rejected>, Bytes)> {
        self.peek();
        let start = self.at;
        if let Ok(wire) = self.try_read() {
            return Ok((Ok(wire), self.body.slice_ref(&self.text.as_bytes()[start..self.at])));
        }
        // One that does not fit costs itself alone; its own bytes say why.
        let document = self.document()?;
        Ok((stream.wire(&document), document))
    }

    fn try_read<T: Deserialize<'a>>(&mut self) -> Result<T> {
        let mut values = serde_json::Deserializer::from_str(&self.text[self.at..]).into_iter();
        let value =
            values.next().unwrap_or_else(|| Err(serde_json::Error::custom("the end of the input")))?;
        self.at += values.byte_offset();
        Ok(value)
    }

    /// Takes what `open` and `close` enclose; `each` takes everything between two commas.
    fn enclosed(&mut self, open: u8, close: u8, mut each: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.expect(open)?;
        if self.peek() != Some(close) {
            each(self)?;
            while self.peek() == Some(b',') {
                self.at += 1;
                each(self)?;
            }
        }
        self.expect(close)
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.peek() != Some(byte) {
            return Err(self.broken());
        }
        self.at += 1;
        Ok(())
    }

    /// The next byte that is not white space, where the walk then stands.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        let space = rest.iter().position(|byte| !matches!(byte, b' ' | b'\n' | b'\t' | b'\r'));
        self.at += space.unwrap_or(rest.len());
        self.text.as_bytes().get(self.at).copied()
    }

    /// What is wrong here: broken JSON with its place, or a value of another type.
    fn broken(&self) -> serde_json::Error {
        self.syntax().unwrap_or_else(|| {
            serde_json::Error::custom(format!("neither an object nor a list as expected at byte {}", self.at))
        })
    }

    /// What is wrong with the text as JSON, if anything is.
    fn syntax(&self) -> Option<serde_json::Error> {
        serde_json::from_str::<IgnoredAny>(self.text).err()
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;
    use crate::{Exact, Fields, Text};

    #[derive(Deserialize)]
    struct Item {
        id: Text,
        total: Option<Exact>,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Deserialize, Clone)]
    struct Line {
        text: Option<Text>,
    }

    fn items() -> Stream<Item> {
        Stream::new("items", "id", |item: &Item| item.id.clone())
            .columns(Fields::new().amount("total", |item| item.total))
            .children(
                "item_lines",
                |item| Cow::Borrowed(&item.lines),
                Fields::new().text("text", |line: &Line| line.text.clone()),
            )
    }

    /// Splits first and decodes then, by serde_json alone: what a walk must not differ from. The error of broken JSON
    /// is told; of JSON that is no list only that it is one.
    fn in_two_passes(body: &Bytes) -> Result<Decoded, Option<String>> {
        let raw: &RawValue = serde_json::from_slice(body).map_err(|error| Some(error.to_string()))?;
        let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| None)?;
        let documents = elements.iter().map(|element| body.slice_ref(element.get().as_bytes()));
        Ok(items().decode_all(documents.collect()))
    }

    fn compare(body: &str) -> Result<(), TestCaseError> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let walked = Walk::whole(&body, |walk| walk.records(&items()));
        match (walked, in_two_passes(&body)) {
            (Ok(walked), Ok(split)) => {
                prop_assert_eq!(&walked.records, &split.records);
                prop_assert_eq!(&walked.rejected, &split.rejected);
                for (ours, theirs) in walked.records.iter().zip(&split.records) {
                    let (ours, theirs) = (ours.document.body(), theirs.document.body());
                    prop_assert_eq!(ours.as_ptr(), theirs.as_ptr(), "a slice of the page, not a copy");
                }
            }
            (Err(walked), Err(Some(broken))) => prop_assert_eq!(walked.to_string(), broken, "{:?}", body),
            (Err(_), Err(None)) => {}
            (walked, split) => {
                return Err(TestCaseError::fail(format!("{body:?}: {walked:?} beside {split:?}")));
            }
        }
        if let Ok(raw) = serde_json::from_slice::<&RawValue>(&body) {
            let listed = items().decode_list(&body, raw).map(|decoded| (decoded.records, decoded.rejected));
            let split = in_two_passes(&body).map(|decoded| (decoded.records, decoded.rejected));
            prop_assert_eq!(listed.ok(), split.ok());
        }
        Ok(())
    }

    /// JSON values that fit, nearly fit and do not fit, with white space where it may stand.
    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,6})?([eE][+-]?[0-9]{1,3})?",
            "\"[a-z\\]\\[{},: é🎈]{0,6}\"",
            Just(r#""\u00e9\"\\\ud83c\udf88""#.to_owned()),
            Just(r#""\ud83c""#.to_owned()),
            Just(r#""\u0000""#.to_owned()),
            Just("null".to_owned()),
            Just("true".to_owned()),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let name = prop_oneof![Just("id"), Just("total"), Just("lines"), Just("text"), Just("i\\u0064")];
            let member = (name, space(), inner.clone());
            let member = member.prop_map(|(name, space, value)| format!("\"{name}\"{space}:{space}{value}"));
            prop_oneof![
                3 => enclosed('{', '}', member),
                1 => enclosed('[', ']', inner),
            ]
        })
    }

    fn space() -> impl Strategy<Value = &'static str> {
        prop_oneof![6 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t "), 1 => Just("\u{a0}")]
    }

    fn enclosed(
        open: char,
        close: char,
        inner: impl Strategy<Value = String>,
    ) -> impl Strategy<Value = String> {
        let spaced =
            (space(), inner, space()).prop_map(|(before, inner, after)| before.to_owned() + &inner + after);
        proptest::collection::vec(spaced, 0..5)
            .prop_map(move |inner| format!("{open}{}{close}", inner.join(",")))
    }

    fn record() -> impl Strategy<Value = String> {
        let id = prop_oneof!["\"[a-z0-9]{0,3}\"", "[1-9]{1,3}", Just("null".to_owned())];
        (id, space(), value(), value()).prop_map(|(id, space, total, other)| {
            format!(r#"{{{space}"id":{id},"total":{total}{space},"other":{other}}}"#)
        })
    }

    proptest! {
        #[test]
        fn a_walk_gives_what_two_passes_give(
            list in enclosed('[', ']', prop_oneof![3 => record(), 1 => value()]),
            cut in proptest::option::weighted(0.3, 0usize..400),
            tail in prop_oneof![4 => Just(""), 1 => Just(" \n"), 1 => Just("x"), 1 => Just("]"), 1 => Just("[]")],
        ) {
            let end = cut.map_or(list.len(), |cut| list.floor_char_boundary(cut));
            compare(&format!("{}{tail}", &list[..end.min(list.len())]))?;
        }

        #[test]
        fn what_is_no_list_is_an_error_in_both(json in value(), space in space()) {
            compare(&format!("{space}{json}"))?;
        }

        #[test]
        fn no_text_panics(text in "[\\[\\]{}:,\"a0 \\\\]{0,24}") {
            compare(&text)?;
        }
    }

    #[test]
    fn deep_and_long_elements_read_as_alone() {
        for depth in [100, 126, 127, 128, 200] {
            let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            compare(&format!(r#"[{{"id":"a","lines":{deep}}},{{"id":"b","other":{deep}}},{deep}]"#))
                .expect("alike");
        }
        for list in [
            "[1 2]",
            "[1,]",
            "[,1]",
            "[-]",
            "[01]",
            "[1.]",
            "[nul]",
            "[tru e]",
            r#"["a"b]"#,
            "[{}{}]",
            "[1e999]",
        ] {
            compare(list).expect("alike");
        }
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_an_error() {
        let body = Bytes::from_static(b"[{\"id\":\"a\xff\"}]");
        assert!(in_two_passes(&body).is_err());
        assert!(Walk::whole(&body, |walk| walk.records(&items())).is_err());
    }

    #[test]
    fn members_are_taken_or_skipped() {
        let walk = |body: &str| {
            let (mut seen, mut documents) = (Vec::new(), Vec::new());
            Walk::whole(&Bytes::copy_from_slice(body.as_bytes()), |walk| {
                walk.object(|walk, name| {
                    seen.push(name.to_owned());
                    match name {
                        "list" => documents = walk.documents()?,
                        "null" => assert!(walk.take_null()),
                        _ => assert!(!walk.take_null()),
                    }
                    Ok(())
                })
            })
            .map(|()| (seen.join(" "), documents))
            .map_err(|error| error.to_string())
        };
        let (seen, documents) =
            walk(r#" { "a" : [ {"b":1} ] , "l\u0069st":[ 1 ,{"c": 2} ],"null": null } "#).expect("json");
        assert_eq!(
            (seen.as_str(), &documents[..]),
            ("a list null", &[Bytes::from("1"), Bytes::from(r#"{"c": 2}"#)][..])
        );
        assert_eq!(walk("{}"), Ok((String::new(), Vec::new())));
        for broken in [
            "",
            "{",
            "{]",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":1}}"#,
            r#"{"list":[1}"#,
        ] {
            let known = serde_json::from_str::<IgnoredAny>(broken).expect_err(broken).to_string();
            assert_eq!(walk(broken), Err(known), "{broken}");
        }
        for other in ["[]", "7", r#"{"list":{}}"#] {
            assert!(walk(other).expect_err(other).contains("as expected at byte"), "{other}");
        }
    }
}
