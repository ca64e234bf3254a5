//! What a dashboard asks the books.

use chrono::{DateTime, Utc};
use sentia_connectors::xero::Xero;
use sentia_core::{Record, Result, engine::Question};

use super::{
    Answered, UnifiedClient,
    rows::{
        XeroBankTransaction, XeroContact, XeroInvoice, XeroItem, XeroPayment, XeroPurchaseOrder, XeroReport,
        XeroReportPage,
    },
};

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

    /// Purchase orders that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_purchase_orders(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<XeroPurchaseOrder>> {
        self.ask("xero", &Question::of("purchase_orders").since(bound)).await
    }

    /// Products and services that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_items(&self, bound: Option<DateTime<Utc>>) -> Result<Answered<XeroItem>> {
        self.ask("xero", &Question::of("items").since(bound)).await
    }

    /// Money spent and received at the bank, changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_bank_transactions(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<XeroBankTransaction>> {
        self.ask("xero", &Question::of("bank_transactions").since(bound)).await
    }

    /// One of Xero's own reports as of today. The reports by contact cost a call for every contact.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn xero_report(&self, report: XeroReport) -> Result<Answered<XeroReportPage>> {
        let answer = self.reader("xero")?.ask(&Question::of(report.stream())).await?;
        let lines = format!("{}_lines", report.stream());
        let page = |record: &Record| {
            let page: XeroReportPage = record.read(&answer.stream)?;
            Ok(XeroReportPage { lines: record.children(&answer.stream, &lines)?, ..page })
        };
        let pages = answer.records.iter().map(page).collect::<Result<_>>()?;
        Ok(Answered::of(&answer, pages))
    }
}
