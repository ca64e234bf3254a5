//! What answers of Xero hold.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

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

/// A purchase order in the books.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroPurchaseOrder {
    /// `PurchaseOrderID`.
    pub key: String,
    /// The number on paper.
    pub purchase_order_number: Option<String>,
    /// Who delivers.
    pub contact_name: Option<String>,
    /// Its day.
    pub date: Option<NaiveDate>,
    /// When the goods are expected.
    pub delivery_date: Option<NaiveDate>,
    /// `DRAFT`, `SUBMITTED`, `AUTHORISED`, `BILLED` or `DELETED`.
    pub status: Option<String>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// A product or service in the books.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroItem {
    /// `ItemID`.
    pub key: String,
    /// Its code.
    pub code: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Whether the books count its stock.
    pub is_tracked_as_inventory: Option<bool>,
    /// What the books hold of it, where they count.
    pub quantity_on_hand: Option<Decimal>,
    /// What it is sold for, in base currency.
    pub sales_unit_price: Option<Decimal>,
    /// What it is bought for, in base currency.
    pub purchase_unit_price: Option<Decimal>,
}

/// Money spent or received at the bank.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroBankTransaction {
    /// `BankTransactionID`.
    pub key: String,
    /// `RECEIVE`, `SPEND` and their kinds.
    pub r#type: Option<String>,
    /// The account it went through.
    pub bank_account_name: Option<String>,
    /// From or to whom.
    pub contact_name: Option<String>,
    /// Its day.
    pub date: Option<NaiveDate>,
    /// `AUTHORISED` or `DELETED`.
    pub status: Option<String>,
    /// Whether it was found on a statement.
    pub is_reconciled: Option<bool>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// A report of Xero's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum XeroReport {
    /// Assets, liabilities and equity, beside the ends of the eleven months before.
    BalanceSheet,
    /// Income and expenses of the month so far, beside the eleven months before.
    ProfitAndLoss,
    /// Debits and credits of every account.
    TrialBalance,
    /// What each customer owes, by age.
    AgedReceivables,
    /// What is owed to each supplier, by age.
    AgedPayables,
}

impl XeroReport {
    pub(in crate::unified) fn stream(self) -> &'static str {
        match self {
            XeroReport::BalanceSheet => "report_balance_sheet",
            XeroReport::ProfitAndLoss => "report_profit_and_loss",
            XeroReport::TrialBalance => "report_trial_balance",
            XeroReport::AgedReceivables => "report_aged_receivables",
            XeroReport::AgedPayables => "report_aged_payables",
        }
    }
}

/// A report as of a day: of the whole organisation, or of one contact.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroReportPage {
    /// The day, and the contact before it in reports by contact.
    pub key: String,
    /// The day.
    pub as_of: Option<NaiveDate>,
    /// The contact, in reports by contact.
    #[serde(default)]
    pub contact_id: Option<String>,
    /// Its title, in the organisation's language.
    pub report_name: Option<String>,
    /// Its figures, row by row.
    #[serde(skip)]
    pub lines: Vec<XeroReportLine>,
}

/// One figure of a report.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct XeroReportLine {
    /// The part it stands in.
    pub section: Option<String>,
    /// `Row` or `SummaryRow`.
    pub row_type: Option<String>,
    /// The row's label, in the organisation's language; the account is told by its id.
    pub label: Option<String>,
    /// The account it belongs to.
    pub account_id: Option<String>,
    /// The column's header.
    pub column_title: Option<String>,
    /// The figure, in base currency; none for text.
    pub value: Option<Decimal>,
}
