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

    /// A region's offers that changed since `bound`, over all its marketplaces.
    ///
    /// # Errors
    /// As the vendor's table says; `ConfigInvalid` where the account has no `seller_id`.
    pub async fn amazon_listings(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<AmazonListing>> {
        self.ask(&format!("amazon-{region}"), &Question::of("listings").since(bound)).await
    }

    /// What was sold, refunded and charged in a region since `bound`. The last two days may lack some.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn amazon_transactions(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<AmazonTransaction>> {
        self.ask(&format!("amazon-{region}"), &Question::of("financial_transactions").since(bound)).await
    }

    /// What Amazon paid out to a region's account, of the periods whose report was made since `bound`. One file a period
    /// is downloaded; one a minute is all that Amazon grants for long.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn amazon_settlements(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<AmazonSettlement>> {
        self.ask(&format!("amazon-{region}"), &Question::of("settlements").since(bound)).await
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

/// An offer in one marketplace.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonListing {
    /// The seller's code.
    pub key: String,
    /// The product.
    pub asin: Option<String>,
    /// Its title.
    pub item_name: Option<String>,
    /// Whether it can be bought now.
    pub is_buyable: Option<bool>,
    /// What it costs, in `currency_code`.
    pub price: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// For sale, where the seller ships it.
    pub quantity: Option<i64>,
    /// Problems that keep it from being sold.
    pub errors: Option<i64>,
}

/// A movement of money.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonTransaction {
    /// Its id, or what stands for one.
    pub key: String,
    /// `Shipment`, `Refund`, `ServiceFee`, ...
    pub transaction_type: Option<String>,
    /// `DEFERRED`, `RELEASED` or `DEFERRED_RELEASED`.
    pub status: Option<String>,
    /// When it was booked.
    pub posted_at: Option<DateTime<Utc>>,
    /// What it comes to, in `currency_code`.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
    /// The order it belongs to.
    pub order_id: Option<String>,
    /// The marketplace it was made in.
    pub marketplace_id: Option<String>,
}

/// A period that was settled and paid out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AmazonSettlement {
    /// Its id.
    pub key: String,
    /// Its first moment.
    pub started_at: Option<DateTime<Utc>>,
    /// Its end.
    pub ended_at: Option<DateTime<Utc>>,
    /// When the money goes out.
    pub deposited_at: Option<DateTime<Utc>>,
    /// What is paid, in `currency_code`: the sum of its lines.
    pub total: Option<Decimal>,
    /// ISO 4217.
    pub currency_code: Option<String>,
}
