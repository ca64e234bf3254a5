//! The catalog: one entry per stream, in the order they are read.

mod accounts;
mod contacts;
mod credit_notes;
mod invoices;
mod items;
mod lines;
mod organisation;
mod payments;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use sentia_core::{Decoded, Stream, StreamInfo};
use serde::de::DeserializeOwned;

use super::client::Endpoint;

/// How far behind a proved bound the next read begins. Xero compares whole seconds, and whether its bound is
/// inclusive is not documented.
const OVERLAP: Duration = Duration::from_secs(120);
/// The field that `If-Modified-Since` compares.
const CURSOR: &str = "UpdatedDateUTC";
/// The largest page Xero grants.
const MAX_PAGE: u32 = 1000;

/// A stream with the list it is read from.
#[derive(Debug)]
pub(super) struct Source {
    /// The list.
    pub(super) endpoint: Endpoint,
    entry: Box<dyn Entry>,
}

impl Source {
    /// The stream as data.
    pub(super) fn info(&self) -> &Arc<StreamInfo> {
        self.entry.info()
    }

    /// Decodes a page's documents.
    pub(super) fn decode_all(&self, documents: Vec<Bytes>) -> Decoded {
        self.entry.decode_all(documents)
    }
}

/// A stream whose wire struct is forgotten.
trait Entry: fmt::Debug + Send + Sync {
    fn info(&self) -> &Arc<StreamInfo>;
    fn decode_all(&self, documents: Vec<Bytes>) -> Decoded;
}

impl<W: DeserializeOwned + 'static> Entry for Stream<W> {
    fn info(&self) -> &Arc<StreamInfo> {
        Stream::info(self)
    }

    fn decode_all(&self, documents: Vec<Bytes>) -> Decoded {
        Stream::decode_all(self, documents)
    }
}

/// Every stream. The parameters of a path go with each read of it: `order` keeps numbered pages stable, `unitdp=4`
/// keeps prices unrounded, and without `includeArchived` Xero hides rows without a word.
pub(super) fn catalog() -> Vec<Source> {
    let whole = |path, array, entry| Source { endpoint: Endpoint { path, array, paged: false }, entry };
    let paged = |path, array, entry| Source { endpoint: Endpoint { path, array, paged: true }, entry };
    vec![
        whole("Organisation", "Organisations", Box::new(organisation::stream())),
        whole("Accounts", "Accounts", Box::new(accounts::stream())),
        whole("Items?unitdp=4", "Items", Box::new(items::stream())),
        paged(
            "Contacts?order=UpdatedDateUTC%20ASC&includeArchived=true",
            "Contacts",
            Box::new(contacts::stream()),
        ),
        paged(
            "Invoices?order=UpdatedDateUTC%20ASC&unitdp=4&includeArchived=true",
            "Invoices",
            Box::new(invoices::stream()),
        ),
        paged(
            "CreditNotes?order=UpdatedDateUTC%20ASC&unitdp=4",
            "CreditNotes",
            Box::new(credit_notes::stream()),
        ),
        paged("Payments?order=UpdatedDateUTC%20ASC", "Payments", Box::new(payments::stream())),
    ]
}

#[cfg(test)]
mod tests;
