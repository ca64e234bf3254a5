//! The types of reports the twin makes.

/// A report type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReportKind {
    Settlement,
    Returns,
    LedgerDetail,
    LedgerSummary,
    OrdersByUpdate,
    OrdersByDate,
    Listings,
}

impl ReportKind {
    const ALL: [Self; 7] = [
        Self::Settlement,
        Self::Returns,
        Self::LedgerDetail,
        Self::LedgerSummary,
        Self::OrdersByUpdate,
        Self::OrdersByDate,
        Self::Listings,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Settlement => "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
            Self::Returns => "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
            Self::LedgerDetail => "GET_LEDGER_DETAIL_VIEW_DATA",
            Self::LedgerSummary => "GET_LEDGER_SUMMARY_VIEW_DATA",
            Self::OrdersByUpdate => "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
            Self::OrdersByDate => "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
            Self::Listings => "GET_MERCHANT_LISTINGS_ALL_DATA",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the document is compressed: the small settlement files are not.
    pub(crate) fn is_compressed(self) -> bool {
        self != Self::Settlement
    }

    /// Whether windows end after thirty days.
    pub(crate) fn has_short_window(self) -> bool {
        matches!(self, Self::OrdersByUpdate | Self::OrdersByDate)
    }

    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Settlement => &SETTLEMENT,
            Self::Returns => &RETURNS,
            Self::LedgerDetail => &LEDGER_DETAIL,
            Self::LedgerSummary => &LEDGER_SUMMARY,
            Self::OrdersByUpdate | Self::OrdersByDate => &ORDERS,
            Self::Listings => &LISTINGS,
        }
    }
}

const SETTLEMENT: [&str; 24] = [
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
    "promotion-id",
];

const RETURNS: [&str; 13] = [
    "return-date",
    "order-id",
    "sku",
    "asin",
    "fnsku",
    "product-name",
    "quantity",
    "fulfillment-center-id",
    "detailed-disposition",
    "reason",
    "status",
    "license-plate-number",
    "customer-comments",
];

const LEDGER_DETAIL: [&str; 16] = [
    "Date",
    "FNSKU",
    "ASIN",
    "MSKU",
    "Title",
    "Event Type",
    "Reference ID",
    "Quantity",
    "Fulfillment Center",
    "Disposition",
    "Reason",
    "Country",
    "Reconciled Quantity",
    "Unreconciled Quantity",
    "Date and Time",
    "Store",
];

const LEDGER_SUMMARY: [&str; 22] = [
    "Date",
    "FNSKU",
    "ASIN",
    "MSKU",
    "Title",
    "Disposition",
    "Starting Warehouse Balance",
    "In Transit Between Warehouses",
    "Receipts",
    "Customer Shipments",
    "Customer Returns",
    "Vendor Returns",
    "Warehouse Transfer In/Out",
    "Found",
    "Lost",
    "Damaged",
    "Disposed",
    "Other Events",
    "Ending Warehouse Balance",
    "Unknown Events",
    "Location",
    "Store",
];

const ORDERS: [&str; 31] = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
];

const LISTINGS: [&str; 29] = [
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "item-is-marketplace",
    "product-id-type",
    "zshop-shipping-fee",
    "item-note",
    "item-condition",
    "zshop-category1",
    "zshop-browse-path",
    "zshop-storefront-feature",
    "asin1",
    "asin2",
    "asin3",
    "will-ship-internationally",
    "expedited-shipping",
    "zshop-boldface",
    "product-id",
    "bid-for-featured-placement",
    "add-delete",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
];
