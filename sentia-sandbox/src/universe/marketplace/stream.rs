//! The collections of a seller account.

/// The collections of a seller account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AmazonStream {
    /// Key: marketplace id.
    Marketplaces,
    /// Key: order id.
    Orders,
    /// Key: `orderId/orderItemId`.
    OrderItems,
    /// Parcels of the seller. Key: `orderId/packageReferenceId`.
    Packages,
    /// Key: `marketplaceId/sellerSku/fnSku/condition`.
    FbaInventory,
    /// Key: `marketplaceId/sku`.
    Listings,
    /// Key: `marketplaceId/asin`.
    CatalogItems,
    /// Key: transaction id.
    Transactions,
    /// Key: settlement id.
    Settlements,
    /// Key: `settlement-id/n`, `n` counting the lines behind the totals from one.
    SettlementLines,
    /// Key: `order-id/sku/return-date/license-plate-number`, the date as the file writes it.
    FbaReturns,
    /// Key: `Date/FNSKU/Event Type/Reference ID`, the date as `2026-11-01`.
    LedgerDetail,
    /// Days with movements. Key: `Date/FNSKU/Location/Disposition`, the date as `2026-11-01`, the location a country.
    LedgerSummary,
}

impl AmazonStream {
    /// Every one.
    pub const ALL: [Self; 13] = [
        Self::Marketplaces,
        Self::Orders,
        Self::OrderItems,
        Self::Packages,
        Self::FbaInventory,
        Self::Listings,
        Self::CatalogItems,
        Self::Transactions,
        Self::Settlements,
        Self::SettlementLines,
        Self::FbaReturns,
        Self::LedgerDetail,
        Self::LedgerSummary,
    ];
}
