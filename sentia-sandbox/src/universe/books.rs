//! The books as they really are: contacts, documents and payments.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

/// One Xero organisation. Documents refer to each other by position; they are never removed, only items are.
#[derive(Clone, Debug)]
pub struct Books {
    /// Organisation id, also the tenant id.
    pub organisation_id: Uuid,
    /// Display name.
    pub name: &'static str,
    /// When the organisation was made.
    pub created_at: DateTime<Utc>,
    /// Customers and suppliers.
    pub contacts: Vec<Contact>,
    /// Chart of accounts.
    pub accounts: Vec<Account>,
    /// Items; a deleted one is gone from here and noted in [`deleted_items`](Self::deleted_items).
    pub items: Vec<Item>,
    /// Sales invoices and suppliers' bills.
    pub invoices: Vec<Invoice>,
    /// Credit notes.
    pub credit_notes: Vec<CreditNote>,
    /// Payments.
    pub payments: Vec<Payment>,
    /// Ids of items that vanished without a tombstone, and when.
    pub deleted_items: Vec<(Uuid, DateTime<Utc>)>,
    pub(crate) contact_of_customer: BTreeMap<u64, usize>,
    pub(crate) invoice_of_order: BTreeMap<u64, usize>,
    pub(crate) next_number: u32,
}

/// Whether a contact is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContactStatus {
    /// In use.
    Active,
    /// Put away; hidden unless archived ones are asked for.
    Archived,
}

/// A customer or supplier.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Id.
    pub id: Uuid,
    /// Unique name.
    pub name: String,
    /// The other system's number for it.
    pub number: Option<String>,
    /// Mail address; empty when unknown.
    pub email: String,
    /// Whether in use.
    pub status: ContactStatus,
    /// Has bills.
    pub is_supplier: bool,
    /// Has invoices.
    pub is_customer: bool,
    /// Currency of its documents.
    pub currency: &'static str,
    /// The contact it was merged into.
    pub merged_to: Option<Uuid>,
    /// Last change that the vendor counts as one.
    pub updated_at: DateTime<Utc>,
}

/// A ledger account.
#[derive(Clone, Debug)]
pub struct Account {
    /// Id.
    pub id: Uuid,
    /// Code; bank accounts may have none.
    pub code: Option<&'static str>,
    /// Name.
    pub name: &'static str,
    /// BANK, REVENUE ...
    pub kind: &'static str,
    /// ASSET, REVENUE ...
    pub class: &'static str,
    /// Tax rate used by default.
    pub tax_type: &'static str,
    /// Currency of a bank account.
    pub currency: Option<&'static str>,
    /// Whether in use.
    pub archived: bool,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A thing that is bought or sold.
#[derive(Clone, Debug)]
pub struct Item {
    /// Id.
    pub id: Uuid,
    /// The stock keeping unit.
    pub code: Arc<str>,
    /// Name.
    pub name: String,
    /// Sales price, up to four places; none for what is only bought.
    pub sale_price: Option<Decimal>,
    /// Purchase price, up to four places.
    pub purchase_price: Option<Decimal>,
    /// Stock, for items tracked as inventory.
    pub quantity_on_hand: Option<Decimal>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// Sales or purchases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Towards customers: ACCREC, ACCRECCREDIT.
    Receivable,
    /// From suppliers: ACCPAY, ACCPAYCREDIT.
    Payable,
}

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentStatus {
    /// Being written.
    Draft,
    /// Waiting for approval.
    Submitted,
    /// Thrown away before approval.
    Deleted,
    /// Approved and open.
    Authorised,
    /// Settled.
    Paid,
    /// Taken back after approval.
    Voided,
}

impl DocumentStatus {
    /// As the vendor writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Submitted => "SUBMITTED",
            Self::Deleted => "DELETED",
            Self::Authorised => "AUTHORISED",
            Self::Paid => "PAID",
            Self::Voided => "VOIDED",
        }
    }
}

/// Whether line amounts hold tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineAmountTypes {
    /// Tax comes on top.
    Exclusive,
    /// Tax is inside.
    Inclusive,
    /// There is none.
    NoTax,
}

impl LineAmountTypes {
    /// As the vendor writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exclusive => "Exclusive",
            Self::Inclusive => "Inclusive",
            Self::NoTax => "NoTax",
        }
    }
}

/// What invoices and credit notes have in common.
#[derive(Clone, Debug)]
pub struct Document {
    /// Id.
    pub id: Uuid,
    /// Sales or purchases.
    pub side: Side,
    /// Number; unique on the sales side only.
    pub number: String,
    /// Free text; empty for none.
    pub reference: String,
    /// Position of the contact.
    pub contact: usize,
    /// Calendar day of the document.
    pub date: NaiveDate,
    /// Calendar day it is due.
    pub due_date: NaiveDate,
    /// Where it stands.
    pub status: DocumentStatus,
    /// ISO 4217.
    pub currency: &'static str,
    /// Foreign units for one unit of base currency, ten places.
    pub rate: Decimal,
    /// Whether line amounts hold tax.
    pub line_amounts: LineAmountTypes,
    /// Lines.
    pub lines: Vec<DocumentLine>,
    /// Total without tax.
    pub sub_total: Decimal,
    /// Tax.
    pub total_tax: Decimal,
    /// Total with tax.
    pub total: Decimal,
    /// Day it was settled.
    pub fully_paid_on: Option<NaiveDate>,
    /// Whether it was mailed.
    pub sent: bool,
    /// Last change that the vendor counts as one, to the millisecond.
    pub updated_at: DateTime<Utc>,
}

/// One line of a document.
#[derive(Clone, Debug)]
pub struct DocumentLine {
    /// Id.
    pub id: Uuid,
    /// Text.
    pub description: Arc<str>,
    /// Quantity, up to four places.
    pub quantity: Decimal,
    /// Price, up to four places.
    pub unit_amount: Decimal,
    /// Quantity times price less discount, rounded to two places.
    pub line_amount: Decimal,
    /// Tax on or in it.
    pub tax_amount: Decimal,
    /// Tax rate.
    pub tax_type: &'static str,
    /// Item code.
    pub item_code: Option<Arc<str>>,
    /// Account code.
    pub account_code: &'static str,
    /// Region it is booked to.
    pub tracking: Option<&'static str>,
}

/// A sales invoice or a supplier's bill.
#[derive(Clone, Debug)]
pub struct Invoice {
    /// Head and lines.
    pub document: Document,
    /// Sum of payments.
    pub amount_paid: Decimal,
    /// Sum of credits.
    pub amount_credited: Decimal,
    /// Positions of payments, deleted ones included.
    pub payments: Vec<usize>,
    /// Credits applied.
    pub credits: Vec<CreditNoteLink>,
}

impl Invoice {
    /// What is open.
    pub fn amount_due(&self) -> Decimal {
        self.document.total - self.amount_paid - self.amount_credited
    }
}

/// A credit note as its invoice shows it.
#[derive(Clone, Copy, Debug)]
pub struct CreditNoteLink {
    /// Position of the credit note.
    pub credit_note: usize,
    /// How much of it.
    pub amount: Decimal,
}

/// Money owed back.
#[derive(Clone, Debug)]
pub struct CreditNote {
    /// Head and lines.
    pub document: Document,
    /// What is not used yet.
    pub remaining: Decimal,
    /// What it was used for.
    pub allocations: Vec<Allocation>,
    /// Positions of payments back.
    pub payments: Vec<usize>,
}

/// A credit used against an invoice.
#[derive(Clone, Copy, Debug)]
pub struct Allocation {
    /// Id.
    pub id: Uuid,
    /// Position of the invoice.
    pub invoice: usize,
    /// How much.
    pub amount: Decimal,
    /// When.
    pub date: NaiveDate,
}

/// Whether a payment counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It counts.
    Authorised,
    /// It was taken back.
    Deleted,
}

/// Money in or out.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Id.
    pub id: Uuid,
    /// Position of the invoice it settles, or else of the credit note it pays back.
    pub invoice: Option<usize>,
    /// Position of the credit note it pays back.
    pub credit_note: Option<usize>,
    /// Position of the bank account.
    pub account: usize,
    /// Calendar day.
    pub date: NaiveDate,
    /// Amount in the document's currency, always positive.
    pub amount: Decimal,
    /// Foreign units for one unit of base currency.
    pub rate: Decimal,
    /// Free text; empty for none.
    pub reference: String,
    /// Whether it counts.
    pub status: PaymentStatus,
    /// Whether a bank line was matched to it.
    pub reconciled: bool,
    /// Last change, to the millisecond.
    pub updated_at: DateTime<Utc>,
}
