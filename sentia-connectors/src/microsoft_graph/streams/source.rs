//! A stream with what reading it needs; its wire struct is forgotten here.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use sentia_core::{Decoded, Record, Rejected, Stream, StreamInfo, Text, Version, record::Document};
use serde::de::DeserializeOwned;

/// The least permissions that read a stream, by who asks [P].
#[derive(Debug, Clone, Copy)]
pub(in crate::microsoft_graph) struct Needs {
    /// Granted to the app by an administrator.
    pub(in crate::microsoft_graph) application: &'static str,
    /// Granted by the user who signs in.
    pub(in crate::microsoft_graph) delegated: &'static str,
}

/// A wire struct that is told where its document was found, for records whose own id is good only there.
pub(in crate::microsoft_graph) trait Placed: DeserializeOwned + 'static {
    /// Notes the place.
    fn place(&mut self, _place: &Text) {}
}

/// Decodes documents of one stream.
trait Entry: fmt::Debug + Send + Sync {
    fn decode(&self, document: Bytes, place: &Text, parts: &[Bytes]) -> Result<Record, Rejected>;
}

impl<W: Placed> Entry for Stream<W> {
    fn decode(&self, document: Bytes, place: &Text, parts: &[Bytes]) -> Result<Record, Rejected> {
        let mut wire = self.wire(&document)?;
        wire.place(place);
        self.record(&wire, Document::new(document).with_parts(parts))
    }
}

/// A stream.
#[derive(Debug)]
pub(in crate::microsoft_graph) struct Source {
    info: Arc<StreamInfo>,
    entry: Box<dyn Entry>,
    needs: Needs,
    /// Whether the place is a part of the key.
    is_nested: bool,
}

impl Source {
    /// A stream whose keys stand by themselves.
    pub(super) fn new<W: Placed>(stream: Stream<W>, needs: Needs) -> Self {
        let scopes: &[&'static str] = if needs.application == needs.delegated {
            &[needs.application]
        } else {
            &[needs.application, needs.delegated]
        };
        let stream = stream.scopes(scopes);
        Source { info: stream.info().clone(), entry: Box::new(stream), needs, is_nested: false }
    }

    /// Says that keys are made of the place and the record's own id, by these names.
    #[must_use]
    pub(super) fn nested(mut self, key: &[&'static str]) -> Self {
        Arc::make_mut(&mut self.info).key = key.to_vec();
        self.is_nested = true;
        self
    }

    /// The stream as data.
    pub(in crate::microsoft_graph) fn info(&self) -> &Arc<StreamInfo> {
        &self.info
    }

    /// The permissions it needs.
    pub(in crate::microsoft_graph) fn needs(&self) -> Needs {
        self.needs
    }

    /// Decodes a document.
    ///
    /// # Errors
    /// The document with the reason, for quarantine.
    pub(in crate::microsoft_graph) fn decode(&self, document: Bytes) -> Result<Record, Rejected> {
        self.entry.decode(document, &Text::default(), &[])
    }

    /// Decodes a document found at `place`, with the documents that complete it.
    ///
    /// # Errors
    /// The document with the reason, for quarantine, under the whole key.
    pub(in crate::microsoft_graph) fn decode_at(
        &self,
        document: Bytes,
        place: &Text,
        parts: &[Bytes],
    ) -> Result<Record, Rejected> {
        self.entry.decode(document, place, parts).map_err(|rejected| {
            let nested = |key: Text| {
                let whole = key.starts_with(&format!("{place}/"));
                if self.is_nested && !whole { Text::from(format!("{place}/{key}")) } else { key }
            };
            Rejected { key: rejected.key.map(nested), ..rejected }
        })
    }

    /// Files a record as gone.
    pub(in crate::microsoft_graph) fn gone(&self, decoded: &mut Decoded, key: Text) {
        decoded.push_gone(&self.info, key, Version::none());
    }
}
