//! Whether a settlement's file is whole: its lines add up to the total that its first row states.
//!
//! A file that was cut at the end of a line looks like any other; its sum alone tells. One that does not add up is
//! downloaded once more. One that still does not is read as it is, its total is held back, and both streams say so.

use rust_decimal::Decimal;
use sentia_core::{Context, Decoded, Record, Rejected, Result, Stream, Text};

use super::settlements::{LAYOUT, PAGE_ROWS, Row};
use crate::amazon::{
    client::Client,
    report::{Fetched, Place, Rows},
};

/// What a file says of itself.
#[derive(Debug, Default)]
pub(super) struct Audit {
    totals: Vec<Record>,
    settlement: Text,
    total: Option<Decimal>,
    lines: Decimal,
    /// Whether a row could not be read: it is held back by itself, and nothing adds up without it.
    unread: bool,
}

impl Audit {
    /// Adds a document up, and another download of it where it does not add up.
    ///
    /// # Errors
    /// As [`Fetched::rows`].
    pub(super) async fn of(
        client: &Client,
        cx: &Context,
        stream: &Stream<Row>,
        document: &str,
    ) -> Result<Self> {
        let file = Fetched::rows(client, cx, document, LAYOUT).await?;
        let audit = Audit::read(cx, stream, &file).await?;
        if audit.adds_up() {
            return Ok(audit);
        }
        tracing::info!(document, "a settlement does not add up; downloading it once more");
        let file = Fetched::anew(client, cx, document, LAYOUT).await?;
        Audit::read(cx, stream, &file).await
    }

    async fn read(cx: &Context, stream: &Stream<Row>, file: &Fetched) -> Result<Self> {
        let (mut audit, mut place) = (Audit::default(), Place::default());
        loop {
            let mut rows = Rows::read(cx.spool(), &file.name, place, PAGE_ROWS).await?;
            let next = rows.next.take();
            let decoded = rows.decode(stream, |row| audit.takes_as_totals(row));
            audit.unread |= !decoded.rejected.is_empty();
            audit.totals.extend(decoded.records);
            match next {
                Some(next) => place = next,
                None => return Ok(audit),
            }
        }
    }

    fn takes_as_totals(&mut self, row: &Row) -> bool {
        if row.is_totals() {
            self.settlement = row.settlement_id.clone();
            self.total = row.total.map(|total| total.0);
            return true;
        }
        if let Some(amount) = row.amount {
            match self.lines.checked_add(amount.0) {
                Some(sum) => self.lines = sum,
                None => self.unread = true,
            }
        }
        false
    }

    fn adds_up(&self) -> bool {
        self.unread || self.total.is_none_or(|total| total == self.lines)
    }

    fn reason(&self) -> Option<String> {
        let total = self.total.filter(|_| !self.adds_up())?;
        Some(format!("amount: the lines add up to {}, the total is {total}; a line is missing", self.lines))
    }

    /// The totals, held back where the lines do not add up to them. Lines that cannot be read are the other stream's to
    /// reject.
    pub(super) fn totals(self, document: &str) -> Decoded {
        let mut decoded = Decoded::default();
        if self.totals.is_empty() {
            let reason = "the settlement report has no row of totals that can be read".to_owned();
            decoded.rejected.push(held(document.into(), "decode", reason, named(document)));
            return decoded;
        }
        match self.reason() {
            None => decoded.records = self.totals,
            Some(reason) => decoded.rejected.extend(
                self.totals
                    .into_iter()
                    .map(|record| held(record.key, "sum", reason.clone(), record.document.body().clone())),
            ),
        }
        decoded
    }

    /// What the stream of lines says of lines that do not add up: it has no record to hold back.
    pub(super) fn doubt(&self, document: &str) -> Option<Rejected> {
        let key = Text::from(format!("{}/sum", self.settlement));
        self.reason().map(|reason| held(key, "sum", reason, named(document)))
    }
}

fn held(key: Text, rule: &'static str, reason: String, document: bytes::Bytes) -> Rejected {
    Rejected { key: Some(key), rule: rule.into(), reason, document }
}

fn named(document: &str) -> bytes::Bytes {
    format!("{{\"reportDocumentId\":{}}}", serde_json::Value::from(document)).into()
}
