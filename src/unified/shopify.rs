//! What a dashboard asks a shop.

use chrono::{DateTime, Utc};
use sentia_connectors::shopify::Shopify;
use sentia_core::{Result, engine::Question};

use super::{
    Answered, Region, UnifiedClient,
    rows::{ShopifyCustomer, ShopifyInventoryLevel, ShopifyOrder, ShopifyProduct},
};

impl UnifiedClient {
    /// Connects a shop, as `shopify-uk` or `shopify-usa`.
    ///
    /// # Errors
    /// `ConfigInvalid` when the region has a shop already.
    pub fn shopify(self, region: Region, shop: Shopify) -> Result<Self> {
        self.connect(format!("shopify-{region}"), shop)
    }

    /// A region's orders that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn shopify_orders(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<ShopifyOrder>> {
        self.ask(&format!("shopify-{region}"), &Question::of("orders").since(bound)).await
    }

    /// A region's products that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn shopify_products(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<ShopifyProduct>> {
        self.ask(&format!("shopify-{region}"), &Question::of("products").since(bound)).await
    }

    /// What each of a region's locations has of each item.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn shopify_inventory(&self, region: Region) -> Result<Answered<ShopifyInventoryLevel>> {
        self.ask(&format!("shopify-{region}"), &Question::of("inventory_levels")).await
    }

    /// A region's customers that changed since `bound`.
    ///
    /// # Errors
    /// As the vendor's table says.
    pub async fn shopify_customers(
        &self,
        region: Region,
        bound: Option<DateTime<Utc>>,
    ) -> Result<Answered<ShopifyCustomer>> {
        self.ask(&format!("shopify-{region}"), &Question::of("customers").since(bound)).await
    }
}
