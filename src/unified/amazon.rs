//! What a dashboard asks an Amazon account.

use chrono::{DateTime, Utc};
use sentia_connectors::amazon::Amazon;
use sentia_core::{Result, engine::Question};

use super::{
    Answered, Region, UnifiedClient,
    rows::{AmazonInventory, AmazonListing, AmazonOrder, AmazonSettlement, AmazonTransaction},
};

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
