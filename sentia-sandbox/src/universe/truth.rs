//! What a complete and correct copy of the vendors' data must hold, straight from the universe.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::books::{ContactStatus, Document, DocumentStatus, PaymentStatus};
use super::ordering::level_gid;
use super::{Order, Shop, Universe};

/// Whether a record is there, and in which way it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// There.
    Live,
    /// There, but put away: hidden from plain lists.
    Archived,
    /// There, with a status that says it does not count (VOIDED, DELETED).
    Voided,
    /// Gone without a tombstone: lists no longer show it.
    Gone,
}

/// One record as it truly is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthRecord {
    /// The key as the vendor writes it: a GID or a GUID.
    pub key: String,
    /// The updated-at that the vendor shows (for a record that is gone: when it went).
    pub updated_at: DateTime<Utc>,
    /// Whether it is there.
    pub presence: Presence,
    /// The vendor's status word, if it has one.
    pub status: Option<String>,
    /// Amounts by the vendor's field name.
    pub amounts: BTreeMap<&'static str, Decimal>,
}

impl TruthRecord {
    /// True when the vendor's lists no longer show it, or show it as deleted or voided.
    pub fn deleted(&self) -> bool {
        matches!(self.presence, Presence::Gone | Presence::Voided)
    }

    pub(super) fn live(key: String, updated_at: DateTime<Utc>) -> Self {
        Self { key, updated_at, presence: Presence::Live, status: None, amounts: BTreeMap::new() }
    }

    pub(super) fn status(self, status: &str) -> Self {
        Self { status: Some(status.to_owned()), ..self }
    }

    pub(super) fn amount(mut self, name: &'static str, amount: Decimal) -> Self {
        self.amounts.insert(name, amount);
        self
    }
}

/// The collections of a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the vendor's
pub enum ShopifyStream {
    Orders,
    OrderLines,
    Refunds,
    Fulfillments,
    Transactions,
    Products,
    Variants,
    InventoryItems,
    InventoryLevels,
    Locations,
    Customers,
    FulfillmentOrders,
    FulfillmentOrderLines,
    Returns,
    ReturnLines,
    DraftOrders,
    DraftOrderLines,
    Payouts,
    BalanceTransactions,
}

impl ShopifyStream {
    /// Every one.
    pub const ALL: [Self; 19] = [
        Self::Orders,
        Self::OrderLines,
        Self::Refunds,
        Self::Fulfillments,
        Self::Transactions,
        Self::Products,
        Self::Variants,
        Self::InventoryItems,
        Self::InventoryLevels,
        Self::Locations,
        Self::Customers,
        Self::FulfillmentOrders,
        Self::FulfillmentOrderLines,
        Self::Returns,
        Self::ReturnLines,
        Self::DraftOrders,
        Self::DraftOrderLines,
        Self::Payouts,
        Self::BalanceTransactions,
    ];

    fn type_name(self) -> &'static str {
        match self {
            Self::Orders => "Order",
            Self::OrderLines => "LineItem",
            Self::Refunds => "Refund",
            Self::Fulfillments => "Fulfillment",
            Self::Transactions => "OrderTransaction",
            Self::Products => "Product",
            Self::Variants => "ProductVariant",
            Self::InventoryItems => "InventoryItem",
            Self::InventoryLevels => "InventoryLevel",
            Self::Locations => "Location",
            Self::Customers => "Customer",
            Self::FulfillmentOrders => "FulfillmentOrder",
            Self::FulfillmentOrderLines => "FulfillmentOrderLineItem",
            Self::Returns => "Return",
            Self::ReturnLines => "ReturnLineItem",
            Self::DraftOrders => "DraftOrder",
            Self::DraftOrderLines => "DraftOrderLineItem",
            Self::Payouts => "ShopifyPaymentsPayout",
            Self::BalanceTransactions => "ShopifyPaymentsBalanceTransaction",
        }
    }
}

/// The collections of the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the vendor's
pub enum XeroStream {
    Organisation,
    Contacts,
    Accounts,
    Items,
    Invoices,
    InvoiceLines,
    CreditNotes,
    Payments,
    PurchaseOrders,
    PurchaseOrderLines,
    Quotes,
    QuoteLines,
    BankTransactions,
    BankTransactionLines,
    BankTransfers,
    ManualJournals,
    ManualJournalLines,
    Overpayments,
    Prepayments,
    Journals,
    JournalLines,
    TrackingCategories,
    TrackingOptions,
    TaxRates,
    Currencies,
}

impl XeroStream {
    /// Every one.
    pub const ALL: [Self; 25] = [
        Self::Organisation,
        Self::Contacts,
        Self::Accounts,
        Self::Items,
        Self::Invoices,
        Self::InvoiceLines,
        Self::CreditNotes,
        Self::Payments,
        Self::PurchaseOrders,
        Self::PurchaseOrderLines,
        Self::Quotes,
        Self::QuoteLines,
        Self::BankTransactions,
        Self::BankTransactionLines,
        Self::BankTransfers,
        Self::ManualJournals,
        Self::ManualJournalLines,
        Self::Overpayments,
        Self::Prepayments,
        Self::Journals,
        Self::JournalLines,
        Self::TrackingCategories,
        Self::TrackingOptions,
        Self::TaxRates,
        Self::Currencies,
    ];
}

impl Shop {
    /// The whole truth of one stream, gone records included. Child records carry their parent's updated-at.
    pub fn truth(&self, stream: ShopifyStream) -> Vec<TruthRecord> {
        let gid = |id: u64| format!("gid://shopify/{}/{id}", stream.type_name());
        let live = |id: u64, at: DateTime<Utc>| TruthRecord::live(gid(id), at);
        let mut records: Vec<TruthRecord> = match stream {
            ShopifyStream::Orders => self.orders.iter().map(|o| order_truth(gid(o.id), o)).collect(),
            ShopifyStream::OrderLines
            | ShopifyStream::Refunds
            | ShopifyStream::Fulfillments
            | ShopifyStream::Transactions => {
                self.orders.iter().flat_map(|order| children(stream, order, gid)).collect()
            }
            ShopifyStream::Products => {
                self.products.iter().map(|p| live(p.id, p.stamp.updated_at).status(p.status)).collect()
            }
            ShopifyStream::Variants => self
                .variants()
                .map(|(_, v)| live(v.id, v.stamp.updated_at).amount("price", v.price))
                .collect(),
            ShopifyStream::InventoryItems => {
                self.variants().map(|(_, v)| live(v.item.id, v.item.stamp.updated_at)).collect()
            }
            ShopifyStream::InventoryLevels => self.levels(),
            ShopifyStream::Locations => {
                self.locations.iter().map(|l| live(l.id, l.stamp.updated_at)).collect()
            }
            ShopifyStream::Customers => self
                .customers
                .iter()
                .map(|c| live(c.id, c.stamp.updated_at).amount("amountSpent", c.spent))
                .collect(),
            _ => self.office_truth(stream, gid),
        };
        let prefix = format!("gid://shopify/{}/", stream.type_name());
        let gone = self.deleted.iter().filter(|(key, _)| key.starts_with(&prefix));
        records.extend(gone.map(|(key, at)| TruthRecord {
            presence: Presence::Gone,
            ..TruthRecord::live(key.clone(), *at)
        }));
        records
    }

    fn levels(&self) -> Vec<TruthRecord> {
        let levels = self.variants().flat_map(|(_, v)| v.item.levels.iter().map(|level| (level, v.item.id)));
        levels
            .map(|(level, item)| {
                TruthRecord::live(level_gid(level.id, item), level.stamp.updated_at)
                    .amount("available", level.available.into())
                    .amount("on_hand", level.on_hand().into())
            })
            .collect()
    }
}

fn order_truth(key: String, order: &Order) -> TruthRecord {
    TruthRecord::live(key, order.stamp.updated_at)
        .amount("subtotalPriceSet", order.subtotal())
        .amount("totalPriceSet", order.total())
        .amount("totalTaxSet", order.total_tax())
        .amount("totalRefundedSet", order.total_refunded())
        .amount("currentTotalPriceSet", order.current_total())
}

fn children(stream: ShopifyStream, order: &Order, gid: impl Fn(u64) -> String) -> Vec<TruthRecord> {
    let live = |id: u64| TruthRecord::live(gid(id), order.stamp.updated_at);
    match stream {
        ShopifyStream::OrderLines => order
            .lines
            .iter()
            .map(|l| {
                live(l.id)
                    .amount("discountedTotalSet", l.discounted_total())
                    .amount("quantity", l.quantity.into())
            })
            .collect(),
        ShopifyStream::Refunds => order
            .refunds
            .iter()
            .map(|r| live(r.id).amount("totalRefundedSet", r.amount(order.taxes_included)))
            .collect(),
        ShopifyStream::Fulfillments => {
            order.fulfillments.iter().map(|f| live(f.id).status(f.status)).collect()
        }
        _ => order
            .transactions
            .iter()
            .map(|t| live(t.id).status(t.status).amount("amountSet", t.amount))
            .collect(),
    }
}

impl Universe {
    /// The whole truth of one stream of the books, gone records included.
    pub fn books_truth(&self, stream: XeroStream) -> Vec<TruthRecord> {
        let books = &self.books;
        match stream {
            XeroStream::Organisation => {
                vec![TruthRecord::live(books.organisation_id.to_string(), books.created_at)]
            }
            XeroStream::Contacts => self.contacts_truth(),
            XeroStream::Accounts => books
                .accounts
                .iter()
                .map(|account| TruthRecord {
                    presence: if account.archived { Presence::Archived } else { Presence::Live },
                    ..TruthRecord::live(account.id.to_string(), account.updated_at)
                })
                .collect(),
            XeroStream::Items => self.items_truth(),
            XeroStream::Invoices => books
                .invoices
                .iter()
                .map(|invoice| {
                    document_truth(&invoice.document)
                        .amount("AmountDue", invoice.amount_due())
                        .amount("AmountPaid", invoice.amount_paid)
                        .amount("AmountCredited", invoice.amount_credited)
                })
                .collect(),
            XeroStream::InvoiceLines => {
                let lines = books
                    .invoices
                    .iter()
                    .flat_map(|i| i.document.lines.iter().map(|line| (&i.document, line)));
                lines
                    .map(|(document, line)| {
                        TruthRecord::live(line.id.to_string(), document.updated_at)
                            .amount("UnitAmount", line.unit_amount)
                            .amount("LineAmount", line.line_amount)
                    })
                    .collect()
            }
            XeroStream::CreditNotes => books
                .credit_notes
                .iter()
                .map(|note| document_truth(&note.document).amount("RemainingCredit", note.remaining))
                .collect(),
            XeroStream::Payments => self.payments_truth(),
            other => self.ledger_truth(other),
        }
    }

    fn contacts_truth(&self) -> Vec<TruthRecord> {
        let contacts = self.books.contacts.iter();
        contacts
            .map(|contact| {
                let archived = contact.status == ContactStatus::Archived;
                let presence = if archived { Presence::Archived } else { Presence::Live };
                let live = TruthRecord::live(contact.id.to_string(), contact.updated_at);
                TruthRecord { presence, ..live }.status(if archived { "ARCHIVED" } else { "ACTIVE" })
            })
            .collect()
    }

    fn items_truth(&self) -> Vec<TruthRecord> {
        let live =
            self.books.items.iter().map(|item| TruthRecord::live(item.id.to_string(), item.updated_at));
        let gone = self.books.deleted_items.iter().map(|(id, at)| TruthRecord {
            presence: Presence::Gone,
            ..TruthRecord::live(id.to_string(), *at)
        });
        live.chain(gone).collect()
    }

    fn payments_truth(&self) -> Vec<TruthRecord> {
        let payments = self.books.payments.iter();
        payments
            .map(|payment| {
                let deleted = payment.status == PaymentStatus::Deleted;
                let presence = if deleted { Presence::Voided } else { Presence::Live };
                let live = TruthRecord::live(payment.id.to_string(), payment.updated_at);
                let word = if deleted { "DELETED" } else { "AUTHORISED" };
                TruthRecord { presence, ..live }.status(word).amount("Amount", payment.amount)
            })
            .collect()
    }
}

fn document_truth(document: &Document) -> TruthRecord {
    let gone = matches!(document.status, DocumentStatus::Voided | DocumentStatus::Deleted);
    let presence = if gone { Presence::Voided } else { Presence::Live };
    TruthRecord { presence, ..TruthRecord::live(document.id.to_string(), document.updated_at) }
        .status(document.status.as_str())
        .amount("SubTotal", document.sub_total)
        .amount("TotalTax", document.total_tax)
        .amount("Total", document.total)
}
