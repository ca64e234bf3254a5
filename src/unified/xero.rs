//! What a dashboard asks the books.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sentia_connectors::xero::Xero;
use sentia_core::{Result, engine::Question};
use serde::Deserialize;

use super::{Answered, UnifiedClient};

impl UnifiedClient {
    /// Connects the books, as `xero`.
    ///
    /// # Errors
    /// `ConfigInvalid` when they are connected already.
    pub fn xero(self, books: Xero) -> Result<Self> {
        self.connect("xero", books)
    }

    /// Customers and suppliers that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_contacts(&self, bound: Option<DateTime<Utc>>) -> Result<Answered<XeroContact>> {
        self.ask("xero", &Question::of("contacts").since(bound)).await
    }

    /// Sales invoices and bills that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_invoices(&self, bound: Option<DateTime<Utc>>) -> Result<Answered<XeroInvoice>> {
        self.ask("xero", &Question::of("invoices").since(bound)).await
    }

    /// Payments that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_payments(&self, bound: Option<DateTime<Utc>>) -> Result<Answered<XeroPayment>> {
        self.ask("xero", &Question::of("payments").since(bound)).await
    }
}

/// A customer or supplier in the books.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroContact {
    /// `ContactID`.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
    /// Where invoices go.
    pub email_address: Option<String>,
    /// `ACTIVE`, `ARCHIVED` or `GDPRREQUEST`.
    pub status: Option<String>,
    /// Whether anything was sold to it.
    pub is_customer: Option<bool>,
    /// Whether anything was bought from it.
    pub is_supplier: Option<bool>,
    /// What it owes, in base currency. Increments do not show changes of it.
    pub receivable_outstanding: Option<Decimal>,
    /// What is owed to it, in base currency. Increments do not show changes of it.
    pub payable_outstanding: Option<Decimal>,
}

/// A sales invoice or a bill.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroInvoice {
    /// `InvoiceID`.
    pub key: String,
    /// `ACCREC` for sales, `ACCPAY` for bills.
    pub r#type: Option<String>,
    /// The number on paper.
    pub invoice_number: Option<String>,
    /// Whose it is.
    pub contact_id: Option<String>,
    /// Whose it is, by name.
    pub contact_name: Option<String>,
    /// Its day.
    pub date: Option<NaiveDate>,
    /// When it is due.
    pub due_date: Option<NaiveDate>,
    /// `DRAFT`, `AUTHORISED`, `PAID`, `VOIDED`, ...
    pub status: Option<String>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// What is left to pay, in `currency_code`.
    pub amount_due: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// A payment of a document.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroPayment {
    /// `PaymentID`.
    pub key: String,
    /// Which way the money goes, and for what.
    pub payment_type: Option<String>,
    /// Its day.
    pub date: Option<NaiveDate>,
    /// In the document's currency.
    pub amount: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// The document, where it is an invoice or bill.
    pub invoice_id: Option<String>,
    /// The contact.
    pub contact_name: Option<String>,
}
