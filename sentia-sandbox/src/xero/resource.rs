//! The lists of the Accounting API: their names, keys, scopes, and how their rows are reached.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::paper_rows;
use super::rows::{self, Form};
use super::setting_rows;
use super::wire::Object;
use crate::universe::{AdvanceKind, Universe};

/// The endpoints the twin serves besides reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    Organisation,
    Contacts,
    Accounts,
    Items,
    Invoices,
    CreditNotes,
    Payments,
    PurchaseOrders,
    Quotes,
    BankTransactions,
    BankTransfers,
    ManualJournals,
    Overpayments,
    Prepayments,
    Journals,
    TrackingCategories,
    TaxRates,
    Currencies,
}

/// How a list is cut into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paging {
    /// It is not: `page` is ignored.
    Whole,
    /// With `page` only; without it the whole list comes as summaries.
    Asked,
    /// Always, a hundred rows without `page` too.
    Always,
    /// Always, a hundred rows whatever `pageSize` says, and without a pagination object.
    Hundreds,
    /// By `offset`, the last number seen.
    Offset,
}

/// What `where` and the other filters may ask about a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Facts<'u> {
    pub(crate) kind: &'u str,
    pub(crate) status: &'u str,
    pub(crate) number: &'u str,
    pub(crate) date: Option<NaiveDate>,
    pub(crate) expiry: Option<NaiveDate>,
    pub(crate) contact: Option<Uuid>,
    /// Whether plain lists hide it.
    pub(crate) hidden: bool,
}

impl Resource {
    const ALL: [Self; 18] = [
        Self::Organisation,
        Self::Contacts,
        Self::Accounts,
        Self::Items,
        Self::Invoices,
        Self::CreditNotes,
        Self::Payments,
        Self::PurchaseOrders,
        Self::Quotes,
        Self::BankTransactions,
        Self::BankTransfers,
        Self::ManualJournals,
        Self::Overpayments,
        Self::Prepayments,
        Self::Journals,
        Self::TrackingCategories,
        Self::TaxRates,
        Self::Currencies,
    ];

    pub(crate) fn of_path(segment: &str) -> Option<Self> {
        if segment == "Organisation" {
            return Some(Self::Organisation);
        }
        Self::ALL.into_iter().find(|resource| resource.plural() == segment)
    }

    /// The name of the array in the envelope.
    pub(crate) fn plural(self) -> &'static str {
        match self {
            Self::Organisation => "Organisations",
            Self::Contacts => "Contacts",
            Self::Accounts => "Accounts",
            Self::Items => "Items",
            Self::Invoices => "Invoices",
            Self::CreditNotes => "CreditNotes",
            Self::Payments => "Payments",
            Self::PurchaseOrders => "PurchaseOrders",
            Self::Quotes => "Quotes",
            Self::BankTransactions => "BankTransactions",
            Self::BankTransfers => "BankTransfers",
            Self::ManualJournals => "ManualJournals",
            Self::Overpayments => "Overpayments",
            Self::Prepayments => "Prepayments",
            Self::Journals => "Journals",
            Self::TrackingCategories => "TrackingCategories",
            Self::TaxRates => "TaxRates",
            Self::Currencies => "Currencies",
        }
    }

    /// The member that is the key.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Organisation => "OrganisationID",
            Self::Contacts => "ContactID",
            Self::Accounts => "AccountID",
            Self::Items => "ItemID",
            Self::Invoices => "InvoiceID",
            Self::CreditNotes => "CreditNoteID",
            Self::Payments => "PaymentID",
            Self::PurchaseOrders => "PurchaseOrderID",
            Self::Quotes => "QuoteID",
            Self::BankTransactions => "BankTransactionID",
            Self::BankTransfers => "BankTransferID",
            Self::ManualJournals => "ManualJournalID",
            Self::Overpayments => "OverpaymentID",
            Self::Prepayments => "PrepaymentID",
            Self::Journals => "JournalID",
            Self::TrackingCategories => "TrackingCategoryID",
            Self::TaxRates => "TaxType",
            Self::Currencies => "Code",
        }
    }

    /// A member whose type faults may spoil.
    pub(crate) fn amount(self) -> &'static str {
        match self {
            Self::Payments | Self::BankTransfers => "Amount",
            Self::Contacts => "IsSupplier",
            Self::Organisation => "FinancialYearEndDay",
            Self::Accounts | Self::Items | Self::TrackingCategories => "Name",
            Self::ManualJournals => "Narration",
            Self::Journals => "JournalNumber",
            Self::TaxRates => "EffectiveRate",
            Self::Currencies => "Description",
            _ => "Total",
        }
    }

    /// A member whose date faults may spoil.
    pub(crate) fn date(self) -> &'static str {
        match self {
            Self::Organisation => "CreatedDateUTC",
            Self::Contacts | Self::Accounts | Self::Items => "UpdatedDateUTC",
            Self::Journals => "JournalDate",
            _ => "Date",
        }
    }

    /// The scope families that open it: the granular ones and the classic one.
    pub(crate) fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::Organisation | Self::Accounts => &["accounting.settings"],
            Self::TrackingCategories | Self::TaxRates | Self::Currencies => &["accounting.settings"],
            Self::Items => &["accounting.settings", "accounting.invoices", "accounting.transactions"],
            Self::Contacts => &["accounting.contacts"],
            Self::Invoices | Self::CreditNotes | Self::Quotes | Self::PurchaseOrders => {
                &["accounting.invoices", "accounting.transactions"]
            }
            Self::Payments | Self::Overpayments | Self::Prepayments => {
                &["accounting.payments", "accounting.transactions"]
            }
            Self::BankTransactions | Self::BankTransfers => {
                &["accounting.banktransactions", "accounting.transactions"]
            }
            Self::ManualJournals => &["accounting.manualjournals", "accounting.transactions"],
            Self::Journals => &["accounting.journals"],
        }
    }

    pub(crate) fn paging(self) -> Paging {
        match self {
            Self::PurchaseOrders => Paging::Always,
            Self::Quotes => Paging::Hundreds,
            Self::Journals => Paging::Offset,
            Self::Contacts
            | Self::Invoices
            | Self::CreditNotes
            | Self::Payments
            | Self::BankTransactions
            | Self::ManualJournals
            | Self::Overpayments
            | Self::Prepayments => Paging::Asked,
            _ => Paging::Whole,
        }
    }

    /// Whether rows without `page` come without their lines.
    pub(crate) fn summarises(self) -> bool {
        matches!(
            self,
            Self::Invoices
                | Self::CreditNotes
                | Self::BankTransactions
                | Self::ManualJournals
                | Self::Overpayments
                | Self::Prepayments
        )
    }

    /// Whether `If-Modified-Since` narrows it.
    pub(crate) fn heeds_since(self) -> bool {
        !matches!(self, Self::Organisation | Self::TrackingCategories | Self::TaxRates | Self::Currencies)
    }

    /// Whether it knows `where`; the others take no notice of it.
    pub(crate) fn heeds_where(self) -> bool {
        !matches!(self, Self::PurchaseOrders | Self::Quotes | Self::Journals | Self::Organisation)
    }

    pub(crate) fn len(self, universe: &Universe) -> usize {
        let (books, ledger) = (&universe.books, &universe.ledger);
        match self {
            Self::Organisation => 1,
            Self::Contacts => books.contacts.len(),
            Self::Accounts => books.accounts.len(),
            Self::Items => books.items.len(),
            Self::Invoices => books.invoices.len(),
            Self::CreditNotes => books.credit_notes.len(),
            Self::Payments => books.payments.len(),
            Self::PurchaseOrders => ledger.purchase_orders.len(),
            Self::Quotes => ledger.quotes.len(),
            Self::BankTransactions => ledger.bank_transactions.len(),
            Self::BankTransfers => ledger.bank_transfers.len(),
            Self::ManualJournals => ledger.manual_journals.len(),
            Self::Overpayments => ledger.overpayments.len(),
            Self::Prepayments => ledger.prepayments.len(),
            Self::Journals => ledger.journals.len(),
            Self::TrackingCategories => ledger.tracking_categories.len(),
            Self::TaxRates => ledger.tax_rates.len(),
            Self::Currencies => ledger.currencies.len(),
        }
    }

    /// The id; nil for what is known by its code alone.
    pub(crate) fn id(self, universe: &Universe, at: usize) -> Uuid {
        let (books, ledger) = (&universe.books, &universe.ledger);
        match self {
            Self::Organisation => books.organisation_id,
            Self::Contacts => books.contacts[at].id,
            Self::Accounts => books.accounts[at].id,
            Self::Items => books.items[at].id,
            Self::Invoices => books.invoices[at].document.id,
            Self::CreditNotes => books.credit_notes[at].document.id,
            Self::Payments => books.payments[at].id,
            Self::PurchaseOrders => ledger.purchase_orders[at].id,
            Self::Quotes => ledger.quotes[at].id,
            Self::BankTransactions => ledger.bank_transactions[at].id,
            Self::BankTransfers => ledger.bank_transfers[at].id,
            Self::ManualJournals => ledger.manual_journals[at].id,
            Self::Overpayments => ledger.overpayments[at].id,
            Self::Prepayments => ledger.prepayments[at].id,
            Self::Journals => ledger.journals[at].id,
            Self::TrackingCategories => ledger.tracking_categories[at].id,
            Self::TaxRates | Self::Currencies => Uuid::nil(),
        }
    }

    /// The time that increments and `order` go by.
    pub(crate) fn updated(self, universe: &Universe, at: usize) -> DateTime<Utc> {
        let (books, ledger) = (&universe.books, &universe.ledger);
        match self {
            Self::Contacts => books.contacts[at].updated_at,
            Self::Accounts => books.accounts[at].updated_at,
            Self::Items => books.items[at].updated_at,
            Self::Invoices => books.invoices[at].document.updated_at,
            Self::CreditNotes => books.credit_notes[at].document.updated_at,
            Self::Payments => books.payments[at].updated_at,
            Self::PurchaseOrders => ledger.purchase_orders[at].updated_at,
            Self::Quotes => ledger.quotes[at].updated_at,
            Self::BankTransactions => ledger.bank_transactions[at].updated_at,
            Self::BankTransfers => ledger.bank_transfers[at].created_at,
            Self::ManualJournals => ledger.manual_journals[at].updated_at,
            Self::Overpayments => ledger.overpayments[at].updated_at,
            Self::Prepayments => ledger.prepayments[at].updated_at,
            Self::Journals => ledger.journals[at].created_at,
            Self::Organisation | Self::TrackingCategories | Self::TaxRates | Self::Currencies => {
                books.created_at
            }
        }
    }

    pub(crate) fn facts(self, universe: &Universe, at: usize) -> Facts<'_> {
        super::facts::of(self, universe, at)
    }

    /// Whether a row is the one asked for by number or code instead of id.
    pub(crate) fn is_called(self, universe: &Universe, at: usize, wanted: &str) -> bool {
        let (books, ledger) = (&universe.books, &universe.ledger);
        match self {
            Self::Items => *books.items[at].code == *wanted,
            Self::Contacts => books.contacts[at].number.as_deref() == Some(wanted),
            Self::TaxRates => ledger.tax_rates[at].tax_type == wanted,
            Self::Journals => ledger.journals[at].number.to_string() == wanted,
            Self::Invoices | Self::CreditNotes | Self::PurchaseOrders => {
                self.facts(universe, at).number == wanted
            }
            _ => false,
        }
    }

    pub(crate) fn write(self, o: &mut Object<'_>, universe: &Universe, at: usize, form: Form) {
        let (books, ledger) = (&universe.books, &universe.ledger);
        match self {
            Self::Organisation => rows::organisation(o, universe),
            Self::Contacts => rows::contact(o, &books.contacts[at]),
            Self::Accounts => rows::account(o, &books.accounts[at]),
            Self::Items => rows::item(o, &books.items[at], form),
            Self::Invoices => rows::invoice(o, universe, &books.invoices[at], form),
            Self::CreditNotes => rows::credit_note(o, universe, &books.credit_notes[at], form),
            Self::Payments => rows::payment(o, universe, &books.payments[at]),
            Self::PurchaseOrders => {
                paper_rows::purchase_order(o, universe, &ledger.purchase_orders[at], form);
            }
            Self::Quotes => paper_rows::quote(o, universe, &ledger.quotes[at], form),
            Self::BankTransactions => {
                paper_rows::bank_transaction(o, universe, &ledger.bank_transactions[at], form);
            }
            Self::BankTransfers => paper_rows::bank_transfer(o, universe, &ledger.bank_transfers[at], form),
            Self::ManualJournals => {
                paper_rows::manual_journal(o, universe, &ledger.manual_journals[at], form);
            }
            Self::Overpayments => {
                paper_rows::advance(o, universe, AdvanceKind::Overpayment, &ledger.overpayments[at], form);
            }
            Self::Prepayments => {
                paper_rows::advance(o, universe, AdvanceKind::Prepayment, &ledger.prepayments[at], form);
            }
            Self::Journals => setting_rows::journal(o, universe, &ledger.journals[at]),
            Self::TrackingCategories => {
                setting_rows::tracking_category(o, &ledger.tracking_categories[at], form);
            }
            Self::TaxRates => setting_rows::tax_rate(o, &ledger.tax_rates[at]),
            Self::Currencies => setting_rows::currency(o, ledger.currencies[at]),
        }
    }
}
