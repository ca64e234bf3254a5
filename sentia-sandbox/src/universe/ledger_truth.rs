//! What a complete copy of the ledger's streams must hold.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::books::DocumentLine;
use super::purchasing::LineSet;
use super::truth::{Presence, TruthRecord, XeroStream};
use super::{Advance, AdvanceKind, Ledger, Universe};

impl Universe {
    /// The truth of the streams that the ledger feeds; none for those of the documents.
    pub(super) fn ledger_truth(&self, stream: XeroStream) -> Vec<TruthRecord> {
        let ledger = &self.ledger;
        match stream {
            XeroStream::PurchaseOrders => {
                let orders = ledger.purchase_orders.iter();
                orders.map(|o| paper(o.id, o.updated_at, o.status, &o.body)).collect()
            }
            XeroStream::PurchaseOrderLines => {
                let orders = ledger.purchase_orders.iter();
                orders.flat_map(|o| lines(&o.body.lines, o.updated_at)).collect()
            }
            XeroStream::Quotes => {
                ledger.quotes.iter().map(|q| paper(q.id, q.updated_at, q.status, &q.body)).collect()
            }
            XeroStream::QuoteLines => {
                ledger.quotes.iter().flat_map(|q| lines(&q.body.lines, q.updated_at)).collect()
            }
            XeroStream::BankTransactions => {
                let bank = ledger.bank_transactions.iter();
                bank.map(|b| paper(b.id, b.updated_at, b.status, &b.body)).collect()
            }
            XeroStream::BankTransactionLines => {
                let bank = ledger.bank_transactions.iter();
                bank.flat_map(|b| lines(&b.body.lines, b.updated_at)).collect()
            }
            XeroStream::BankTransfers => transfers(ledger),
            XeroStream::ManualJournals | XeroStream::ManualJournalLines => entries(ledger, stream),
            XeroStream::Overpayments => advances(ledger.advances(AdvanceKind::Overpayment)),
            XeroStream::Prepayments => advances(ledger.advances(AdvanceKind::Prepayment)),
            XeroStream::Journals | XeroStream::JournalLines => self.journals_truth(stream),
            _ => self.settings_truth(stream),
        }
    }

    fn journals_truth(&self, stream: XeroStream) -> Vec<TruthRecord> {
        let mut records = vec![];
        for journal in &self.ledger.journals {
            let sign = if journal.reversal { -Decimal::ONE } else { Decimal::ONE };
            if stream == XeroStream::Journals {
                let number = Decimal::from(journal.number);
                let record = TruthRecord::live(journal.id.to_string(), journal.created_at);
                records.push(record.amount("JournalNumber", number));
                continue;
            }
            for (at, line) in self.posting(journal.source).lines.iter().enumerate() {
                let key = journal.line_id(at).to_string();
                let record = TruthRecord::live(key, journal.created_at);
                records.push(record.amount("NetAmount", sign * line.net));
            }
        }
        records
    }

    fn settings_truth(&self, stream: XeroStream) -> Vec<TruthRecord> {
        let (ledger, at) = (&self.ledger, self.books.created_at);
        let kept = |key: String, archived: bool| TruthRecord {
            presence: if archived { Presence::Archived } else { Presence::Live },
            ..TruthRecord::live(key, at).status(if archived { "ARCHIVED" } else { "ACTIVE" })
        };
        match stream {
            XeroStream::TrackingCategories => {
                ledger.tracking_categories.iter().map(|c| kept(c.id.to_string(), c.archived)).collect()
            }
            XeroStream::TrackingOptions => {
                let options = ledger.tracking_categories.iter().flat_map(|category| &category.options);
                options.map(|option| kept(option.id.to_string(), option.archived)).collect()
            }
            XeroStream::TaxRates => ledger
                .tax_rates
                .iter()
                .map(|rate| TruthRecord {
                    presence: presence(rate.status),
                    ..TruthRecord::live(rate.tax_type.to_owned(), at)
                        .status(rate.status)
                        .amount("EffectiveRate", rate.percentage())
                })
                .collect(),
            XeroStream::Currencies => {
                ledger.currencies.iter().map(|known| TruthRecord::live(known.code.to_owned(), at)).collect()
            }
            _ => vec![],
        }
    }
}

fn presence(status: &str) -> Presence {
    if matches!(status, "DELETED" | "VOIDED") { Presence::Voided } else { Presence::Live }
}

fn stated(key: String, at: DateTime<Utc>, status: &str) -> TruthRecord {
    TruthRecord { presence: presence(status), ..TruthRecord::live(key, at) }.status(status)
}

fn paper(id: Uuid, at: DateTime<Utc>, status: &str, body: &LineSet) -> TruthRecord {
    stated(id.to_string(), at, status)
        .amount("SubTotal", body.sub_total)
        .amount("TotalTax", body.total_tax)
        .amount("Total", body.total)
}

fn lines(lines: &[DocumentLine], at: DateTime<Utc>) -> impl Iterator<Item = TruthRecord> {
    lines.iter().map(move |line| {
        TruthRecord::live(line.id.to_string(), at)
            .amount("UnitAmount", line.unit_amount)
            .amount("LineAmount", line.line_amount)
    })
}

fn transfers(ledger: &Ledger) -> Vec<TruthRecord> {
    let transfers = ledger.bank_transfers.iter();
    transfers.map(|t| stated(t.id.to_string(), t.created_at, t.status).amount("Amount", t.amount)).collect()
}

fn advances(advances: &[Advance]) -> Vec<TruthRecord> {
    let credit =
        |a: &Advance| paper(a.id, a.updated_at, a.status, &a.body).amount("RemainingCredit", a.remaining);
    advances.iter().map(credit).collect()
}

/// Entries, or their lines, whose key is the entry's and the position from zero.
fn entries(ledger: &Ledger, stream: XeroStream) -> Vec<TruthRecord> {
    let entries = ledger.manual_journals.iter();
    if stream == XeroStream::ManualJournals {
        return entries.map(|e| stated(e.id.to_string(), e.updated_at, e.status)).collect();
    }
    let lines = entries.flat_map(|entry| entry.lines.iter().enumerate().map(move |line| (entry, line)));
    lines
        .map(|(entry, (at, line))| {
            TruthRecord::live(format!("{}/{at}", entry.id), entry.updated_at)
                .amount("LineAmount", line.amount)
        })
        .collect()
}
