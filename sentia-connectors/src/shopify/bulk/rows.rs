//! An assembled result in the spool, page by page.

use bytes::Bytes;
use sentia_core::{
    Context, Decoded, Error, ErrorKind, Page, Rejected, Result, finding::Finding, page::PageToken,
    spool::Spool,
};

use super::{
    assembly::{Child, Counted, DAMAGED, assemble},
    operation::Operation,
    phase::{Phase, Place},
};
use crate::{
    lines::Lines,
    shopify::{client::Client, error::LINK},
};

/// Some documents of a result.
#[derive(Debug)]
pub(in crate::shopify) struct Rows {
    /// The documents.
    pub(in crate::shopify) documents: Vec<Bytes>,
    /// Those that could not be completed.
    pub(super) rejected: Vec<Rejected>,
    /// Where the next stand; none behind the last.
    next: Option<PageToken>,
    roots: u64,
    /// What could be seen when the operation was asked for.
    pub(super) scope: String,
    /// What could not.
    pub(super) findings: Vec<Finding>,
}

/// The name of the assembled file of an operation.
pub(super) fn file(operation: &str) -> String {
    format!("{operation} as documents")
}

/// Brings the assembled file of a finished operation into the spool.
///
/// # Errors
/// About [`LINK`] when the address no longer opens, about [`DAMAGED`] when the file is not what Shopify counted.
pub(super) async fn bring(
    client: &Client,
    cx: &Context,
    operation: &Operation,
    children: &'static [Child],
) -> Result<()> {
    let name = file(&operation.id);
    if cx.spool().contains(&name) {
        return Ok(());
    }
    let Some(url) = &operation.url else {
        let message = "shopify counts rows in an export and gives no address for them";
        return Err(Error::new(ErrorKind::InvalidResponse, message).context(LINK, "missing"));
    };
    client.download(cx, url, &operation.id).await.map_err(|error| operation.about(error))?;
    let (spool, raw) = (cx.spool().clone(), operation.id.clone());
    let counted = Counted { objects: operation.object_count, roots: operation.root_object_count };
    let work = move |source, target: &mut _| {
        let effort = assemble(source, target, &spool, &raw, counted, children)?;
        tracing::debug!(buckets = effort.buckets, largest_bucket = effort.largest_bucket, "export assembled");
        Ok(())
    };
    let outcome = cx.spool().convert(&operation.id, &name, work).await;
    cx.spool().remove(&operation.id)?;
    outcome.map_err(|error| operation.about(error))
}

/// Whether the same operation's file may be better the next time.
pub(super) fn is_worth_another_try(error: &Error) -> bool {
    error.context_value(DAMAGED).is_some() || error.context_value(LINK).is_some()
}

impl Rows {
    /// The result without a row, which has no file.
    pub(super) fn none(scope: &str) -> Self {
        Rows {
            documents: Vec::new(),
            rejected: Vec::new(),
            next: None,
            roots: 0,
            scope: scope.to_owned(),
            findings: Vec::new(),
        }
    }

    /// Reads up to `count` documents behind `place`.
    pub(super) async fn read(spool: &Spool, place: Place, count: u32) -> Result<Self> {
        let Place { phase: Phase::Rows { operation, roots, row, byte }, scope } = place else {
            return Err(Error::new(ErrorKind::Unexpected, "rows are read where there are rows"));
        };
        let name = file(&operation);
        let mut lines = Lines::at(spool, &name, byte);
        let (mut documents, mut next) = (Vec::new(), None);
        while let Some(line) = lines.next().await? {
            if documents.len() >= count as usize {
                let row = row + documents.len() as u64;
                let phase = Phase::Rows { operation: operation.clone(), roots, row, byte: line.begins };
                next = Some(Place { phase, scope: scope.clone() }.token().into());
                break;
            }
            documents.push(line.bytes);
        }
        if next.is_none() && row + documents.len() as u64 != roots {
            let message = "the assembled export is not as long as it was when the place was noted";
            return Err(Error::new(ErrorKind::Unexpected, message)
                .context("records", roots)
                .context("row", row));
        }
        Ok(Rows { documents, rejected: Vec::new(), next, roots, scope, findings: Vec::new() })
    }

    /// The page, with where the result goes on. Every page says how many records there are, so that the window is proved by
    /// count.
    pub(in crate::shopify) fn page(self, mut decoded: Decoded) -> Page {
        decoded.rejected.extend(self.rejected);
        let page = Page::chained(decoded, self.next).declared(Some(self.roots));
        page.read_scope(self.scope).findings(self.findings)
    }
}
