//! What a dashboard asks an Amazon account.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sentia_connectors::amazon::Amazon;
use sentia_core::{Result, engine::Question};
use serde::Deserialize;

use super::{Answered, Region, UnifiedClient};

impl UnifiedClient {
    /// Connects an account, as `amazon-uk` or `amazon-usa`.
    ///
    /// # Errors
    /// `ConfigInvalid` when the region has an account already.
    pub fn amazon(self, region: Region, account: Amazon) -> Result<Self> {
        self.connect(format!("amazon-{region}"), account)
    }

    /// A region's orders that changed since `bound`. One call in three minutes is all that Amazon grants for long.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn amazon_orders(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<AmazonOrder>> {
        self.ask(&format!("amazon-{region}"), &Question::of("orders").since(bound)).await
    }

    /// What Amazon's warehouses hold for a region's marketplaces.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn amazon_inventory(&self, region: Region) -> Result<Answered<AmazonInventory>> {
        self.ask(&format!("amazon-{region}"), &Question::of("fba_inventory")).await
    }
}

/// An order at Amazon.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonOrder {
    /// Its id.
    pub key: String,
    /// `UNSHIPPED`, `SHIPPED`, `CANCELLED`, ...
    pub status: Option<String>,
    /// Where it was placed.
    pub marketplace_id: Option<String>,
    /// When it was placed.
    pub created_at: Option<DateTime<Utc>>,
    /// Its total, in `currency_code`; none while it is pending.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}

/// What Amazon holds of one SKU in one condition.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonInventory {
    /// SKU, Amazon's own code and condition.
    pub key: String,
    /// The seller's code.
    pub seller_sku: Option<String>,
    /// The product.
    pub asin: Option<String>,
    /// For sale now.
    pub fulfillable: Option<i64>,
}
