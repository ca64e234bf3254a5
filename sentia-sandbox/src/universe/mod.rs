//! The commerce universe: what is true, whatever the twins say about it.

mod books;
mod evolve;
mod generate;
mod invoicing;
mod ordering;
mod shop;
mod truth;
pub mod warehouse;

mod back_office;
mod drafting;
mod drafts;
mod fulfillment_orders;
mod payments;
mod removals;
mod returns;
mod settlement;
mod truth_back_office;

pub mod office;

mod marketplace;

mod advance;
mod banking;
mod journal;
mod ledger;
mod ledger_truth;
mod manual_journal;
mod posting;
mod purchasing;
mod setting;

pub use books::{
    Account, Allocation, Books, Contact, ContactStatus, CreditNote, CreditNoteLink, Document, DocumentLine,
    DocumentStatus, Invoice, Item, LineAmountTypes, Payment, PaymentStatus, Side,
};
pub use evolve::Evolution;
pub use shop::{
    Customer, Fulfillment, FulfillmentLine, InventoryItem, InventoryLevel, Location, Order, OrderLine,
    Product, Refund, RefundLine, Region, Shop, Stamp, Tracking, Transaction, Variant,
};
pub use truth::{Presence, ShopifyStream, TruthRecord, XeroStream};
pub use warehouse::UnleashedStream;

pub use back_office::{BackOffice, Redaction};
pub use drafts::{DraftLine, DraftOrder};
pub use fulfillment_orders::FulfillmentOrder;
pub use payments::{BalanceTransaction, Payout};
pub use returns::{Return, ReturnLine};

pub use office::{MicrosoftGraphStream, Office, OfficeEvolution};

pub use marketplace::{
    AmazonStream, CatalogEntry, FbaReturn, FbaStock, FulfilledBy, LedgerBalance, LedgerEvent, Listing,
    Market, MarketBuyer, MarketCharge, MarketOrder, MarketOrderItem, MarketOrderStatus, MarketPackage,
    MarketTransaction, ReleaseStatus, SellerAccount, SellerAccounts, Settlement, SettlementLine,
    TransactionItem,
};

pub use advance::{Advance, AdvanceKind};
pub use banking::{BankTransaction, BankTransfer};
pub use journal::Journal;
pub use ledger::{Ledger, LedgerEvolution};
pub use manual_journal::{ManualJournal, ManualJournalLine};
pub use posting::{Balance, Posting, PostingLine, Source};
pub use purchasing::{LineSet, PurchaseOrder, Quote};
pub use setting::{Currency, TaxRate, TrackingCategory, TrackingOption};

use chrono::{DateTime, SubsecRound, TimeZone, Utc};

use crate::rng::Rng;

/// How much the universe holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Orders in each of the two shops; every paid one is also an invoice in the books.
    pub orders_per_shop: usize,
    /// Products in each shop. The third one has 120 variants, the others one to six.
    pub products_per_shop: usize,
    /// Customers in each shop.
    pub customers_per_shop: usize,
    /// Suppliers' bills in the books.
    pub bills: usize,
    /// Invoices in the books that stem from trade customers, not from a shop.
    pub trade_invoices: usize,
    /// Lines on each bill and trade invoice.
    pub lines_per_invoice: usize,
    /// How many days before the present the story begins.
    pub history_days: i64,
}

impl Size {
    /// A universe for tests of single behaviors: 12 orders a shop, about 40 invoices.
    pub fn tiny() -> Self {
        Self {
            orders_per_shop: 12,
            products_per_shop: 6,
            customers_per_shop: 5,
            bills: 8,
            trade_invoices: 10,
            lines_per_invoice: 2,
            history_days: 200,
        }
    }

    /// A universe for whole-sync tests: 240 orders a shop, about 650 invoices, several pages of everything.
    pub fn small() -> Self {
        Self {
            orders_per_shop: 240,
            products_per_shop: 60,
            customers_per_shop: 80,
            bills: 80,
            trade_invoices: 120,
            lines_per_invoice: 3,
            history_days: 400,
        }
    }

    /// A universe for benchmarks of the books: `invoices` invoices of three lines, and tiny shops.
    pub fn books(invoices: usize) -> Self {
        Self { trade_invoices: invoices, bills: 0, lines_per_invoice: 3, orders_per_shop: 0, ..Self::tiny() }
    }

    /// A universe for benchmarks of the shops: `orders` orders in each.
    pub fn shops(orders: usize) -> Self {
        Self { orders_per_shop: orders, ..Self::small() }
    }
}

impl Default for Size {
    fn default() -> Self {
        Self::small()
    }
}

/// One manufacturer with two shops and one set of books that tell the same story.
///
/// The fields are public so that a test may bend the world in any way; the methods (`place_order`, `void_invoice`,
/// `evolve` ...) are the ways in which it bends by itself, keeping shops and books consistent.
#[derive(Clone, Debug)]
pub struct Universe {
    /// What it was generated from.
    pub seed: u64,
    /// How much was generated.
    pub size: Size,
    /// The moment of the latest change; changes never go back in time.
    pub now: DateTime<Utc>,
    /// The shop of the United Kingdom: GBP, taxes included, Europe/London.
    pub shop_uk: Shop,
    /// The shop of the USA: USD, taxes on top, America/New_York.
    pub shop_usa: Shop,
    /// The books: one organisation in the United Kingdom with GBP as base currency.
    pub books: Books,
    /// The warehouses and works: one Unleashed account in the United Kingdom with GBP as base currency.
    pub warehouse: warehouse::Warehousing,
    /// The Microsoft 365 tenant: people, lists, files, mail.
    pub office: Office,
    pub(crate) rng: Rng,
    /// The two seller accounts on Amazon, which sell what the shops sell.
    pub amazon: SellerAccounts,
    /// The rest of the books: orders, quotes, bank, advances, manual journals, settings.
    pub ledger: Ledger,
}

impl Universe {
    /// The moment at which a generated universe ends unless another is asked for: 2026-11-01T00:00:00Z.
    pub fn anchor() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 1, 0, 0, 0).single().expect("the first of November 2026 is a date")
    }

    /// Makes the universe of `seed`: equal seeds and sizes give equal universes, ids and all.
    pub fn generate(seed: u64, size: Size) -> Self {
        Self::generate_as_of(seed, size, Self::anchor())
    }

    /// As [`generate`](Self::generate), with a history that ends at `as_of`.
    pub fn generate_as_of(seed: u64, size: Size, as_of: DateTime<Utc>) -> Self {
        generate::universe(seed, size, as_of.trunc_subsecs(0))
    }

    /// The shop of a region.
    pub fn shop(&self, region: Region) -> &Shop {
        match region {
            Region::Uk => &self.shop_uk,
            Region::Usa => &self.shop_usa,
        }
    }

    /// The shop of a region, to be changed.
    pub fn shop_mut(&mut self, region: Region) -> &mut Shop {
        match region {
            Region::Uk => &mut self.shop_uk,
            Region::Usa => &mut self.shop_usa,
        }
    }

    /// Moves the universe's present forward; an earlier moment than the present one is ignored. Payouts that fall due
    /// are issued.
    pub fn advance_to(&mut self, moment: DateTime<Utc>) {
        self.now = self.now.max(moment.trunc_subsecs(3));
        self.settle_payouts();
    }
}
