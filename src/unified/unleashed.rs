//! What a dashboard asks the warehouses.

use chrono::{DateTime, Utc};
use sentia_connectors::unleashed::Unleashed;
use sentia_core::{Result, engine::Question};

use super::{
    Answered, UnifiedClient,
    rows::{
        UnleashedAssembly, UnleashedCustomer, UnleashedProduct, UnleashedPurchaseOrder,
        UnleashedSalesInvoice, UnleashedSalesOrder, UnleashedStock, UnleashedSupplier,
    },
};

impl UnifiedClient {
    /// Connects the account, as `unleashed`.
    ///
    /// # Errors
    /// `ConfigInvalid` when it is connected already.
    pub fn unleashed(self, account: Unleashed) -> Result<Self> {
        self.connect("unleashed", account)
    }

    /// What each warehouse has of each product.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_stock(&self) -> Result<Answered<UnleashedStock>> {
        self.ask("unleashed", &Question::of("stock_on_hand")).await
    }

    /// Sales orders that changed since `bound`, in any status.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_sales_orders(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedSalesOrder>> {
        self.ask("unleashed", &Question::of("sales_orders").since(bound)).await
    }

    /// Products that changed since `bound`, obsolete ones too.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_products(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedProduct>> {
        self.ask("unleashed", &Question::of("products").since(bound)).await
    }

    /// Customers that changed since `bound`, obsolete ones too.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_customers(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedCustomer>> {
        self.ask("unleashed", &Question::of("customers").since(bound)).await
    }

    /// Suppliers that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_suppliers(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedSupplier>> {
        self.ask("unleashed", &Question::of("suppliers").since(bound)).await
    }

    /// Purchase orders that changed since `bound`, in any status.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_purchase_orders(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedPurchaseOrder>> {
        self.ask("unleashed", &Question::of("purchase_orders").since(bound)).await
    }

    /// Sales invoices that changed since `bound`, in any status.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_sales_invoices(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedSalesInvoice>> {
        self.ask("unleashed", &Question::of("sales_invoices").since(bound)).await
    }

    /// Production orders that changed since `bound`, in any status.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn unleashed_assemblies(
        &self,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<UnleashedAssembly>> {
        self.ask("unleashed", &Question::of("assemblies").since(bound)).await
    }
}
