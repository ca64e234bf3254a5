//! What a dashboard asks the warehouses.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sentia_connectors::unleashed::Unleashed;
use sentia_core::{Result, engine::Question};
use serde::Deserialize;

use super::{Answered, UnifiedClient};

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
}

/// What one warehouse has of one product.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedStock {
    /// The product's and the warehouse's keys.
    pub key: String,
    /// The product's code.
    pub product_code: Option<String>,
    /// The warehouse's code.
    pub warehouse_code: Option<String>,
    /// In the house.
    pub qty_on_hand: Option<Decimal>,
    /// For sale; may count what could be assembled.
    pub available_qty: Option<Decimal>,
}

/// A sales order.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct UnleashedSalesOrder {
    /// `Guid`.
    pub key: String,
    /// The number on paper.
    pub order_number: Option<String>,
    /// `Parked`, `Placed`, `Completed`, ... or a status of the account's own.
    pub order_status: Option<String>,
    /// Its day, in the account's time zone.
    pub order_date: Option<NaiveDate>,
    /// The total, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}
