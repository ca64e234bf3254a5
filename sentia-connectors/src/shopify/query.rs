//! The queries, with where their answers are found and what they are likely to cost.

/// One GraphQL query.
#[derive(Debug)]
pub(super) struct Query {
    /// Its name, for errors and for what is learned about its cost.
    pub(super) name: &'static str,
    /// Its text.
    pub(super) text: &'static str,
    /// The members that lead to the connection or object it reads.
    pub(super) path: &'static [&'static str],
    /// Points it asks for at the default page size; answers correct it.
    pub(super) points: f64,
}

impl Query {
    /// Whether it may take effect at Shopify, so that a second sending could do so twice.
    pub(super) fn is_mutation(&self) -> bool {
        self.text.starts_with("mutation")
    }
}

macro_rules! queries {
    ($($(#[$doc:meta])* $constant:ident = $name:literal, $path:expr, $points:literal;)*) => {
        $(
            $(#[$doc])*
            pub(super) static $constant: Query = Query {
                name: $name,
                text: include_str!(concat!("streams/", $name, ".graphql")),
                path: &$path,
                points: $points,
            };
        )*

        /// Every query by name, so that they can be validated against the published schemas.
        pub const QUERIES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("streams/", $name, ".graphql")))),*];

        #[cfg(test)]
        const ALL: &[&Query] = &[$(&$constant),*];
    };
}

queries! {
    /// The shop itself.
    SHOP = "shop", ["shop"], 4.0;
    /// Every location.
    LOCATIONS = "locations", ["locations"], 13.0;
    /// Products with their first variants.
    PRODUCTS = "products", ["products"], 277.0;
    /// The variants of one product.
    PRODUCT_VARIANTS = "product_variants", ["product", "variants"], 47.0;
    /// Customers.
    CUSTOMERS = "customers", ["customers"], 22.0;
    /// Orders with their first lines, refunds, fulfillments and transactions.
    ORDERS = "orders", ["orders"], 368.0;
    /// The refunds, fulfillments and transactions of one order.
    ORDER_LISTS = "order_lists", ["order"], 34.0;
    /// The lines of one order.
    ORDER_LINES = "order_lines", ["order", "lineItems"], 25.0;
    /// The lines of one refund.
    REFUND_LINES = "refund_lines", ["refund", "refundLineItems"], 36.0;
    /// The lines of one fulfillment.
    FULFILLMENT_LINES = "fulfillment_lines", ["fulfillment", "fulfillmentLineItems"], 25.0;
    /// What is stocked, with its cost.
    INVENTORY_ITEMS = "inventory_items", ["inventoryItems"], 37.0;
    /// Fulfillment orders with their first lines.
    FULFILLMENT_ORDERS = "fulfillment_orders", ["fulfillmentOrders"], 184.0;
    /// The lines of one fulfillment order.
    FULFILLMENT_ORDER_LINES = "fulfillment_order_lines", ["fulfillmentOrder", "lineItems"], 36.0;
    /// Orders with their first returns.
    RETURNS = "returns", ["orders"], 544.0;
    /// The returns of one order.
    ORDER_RETURNS = "order_returns", ["order", "returns"], 212.0;
    /// The lines of one return.
    RETURN_LINES = "return_lines", ["return", "returnLineItems"], 36.0;
    /// Draft orders with their first lines.
    DRAFT_ORDERS = "draft_orders", ["draftOrders"], 186.0;
    /// The lines of one draft order.
    DRAFT_ORDER_LINES = "draft_order_lines", ["draftOrder", "lineItems"], 36.0;
    /// Payouts of the payments account.
    PAYOUTS = "payouts", ["shopifyPaymentsAccount", "payouts"], 27.0;
    /// Movements of the payments account.
    BALANCE_TRANSACTIONS = "balance_transactions", ["shopifyPaymentsAccount", "balanceTransactions"], 38.0;
    /// What the app may see.
    SCOPES = "scopes", ["currentAppInstallation"], 2.0;
    /// How many orders there are.
    ORDERS_COUNT = "orders_count", ["ordersCount", "count"], 12.0;
    /// How many products there are.
    PRODUCTS_COUNT = "products_count", ["productsCount", "count"], 12.0;
    /// How many customers there are.
    CUSTOMERS_COUNT = "customers_count", ["customersCount", "count"], 12.0;
    /// Orders a bulk operation.
    BULK_RUN = "bulk_run", ["bulkOperationRunQuery"], 10.0;
    /// The app's newest bulk operations.
    BULK_OPERATIONS = "bulk_operations", ["bulkOperations"], 12.0;
    /// One bulk operation.
    BULK_STATUS = "bulk_status", ["bulkOperation"], 3.0;
    /// The refunds and fulfillments of many orders.
    ORDER_PARTS = "order_parts", ["nodes"], 32.0;
    /// The stock of one location.
    INVENTORY_LEVELS = "inventory_levels", ["location", "inventoryLevels"], 49.0;
    /// The app's webhook subscriptions in this shop.
    WEBHOOK_SUBSCRIPTIONS = "webhook_subscriptions", ["webhookSubscriptions"], 21.0;
    /// Makes a webhook subscription.
    WEBHOOK_SUBSCRIPTION_CREATE = "webhook_subscription_create", ["webhookSubscriptionCreate"], 10.0;
    /// Ends a webhook subscription.
    WEBHOOK_SUBSCRIPTION_DELETE = "webhook_subscription_delete", ["webhookSubscriptionDelete"], 10.0;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(query: &Query) -> Vec<&'static str> {
        query.text.lines().map(str::trim).collect()
    }

    #[test]
    fn a_follow_up_selects_what_the_page_selects() {
        for (page, follow_up) in [
            (&ORDERS, &ORDER_LINES),
            (&ORDERS, &ORDER_LISTS),
            (&ORDERS, &ORDER_PARTS),
            (&ORDERS, &REFUND_LINES),
            (&ORDERS, &FULFILLMENT_LINES),
            (&PRODUCTS, &PRODUCT_VARIANTS),
            (&FULFILLMENT_ORDERS, &FULFILLMENT_ORDER_LINES),
            (&RETURNS, &ORDER_RETURNS),
            (&RETURNS, &RETURN_LINES),
            (&DRAFT_ORDERS, &DRAFT_ORDER_LINES),
        ] {
            let page = lines_of(page);
            let selections =
                lines_of(follow_up).into_iter().filter(|line| line.len() > 20 && line.starts_with("id "));
            assert!(selections.clone().count() > 0, "{}", follow_up.name);
            selections.for_each(|line| assert!(page.contains(&line), "{}: {line}", follow_up.name));
        }
    }

    #[test]
    fn the_path_leads_through_the_query() {
        for query in ALL {
            assert!(query.path.iter().all(|member| query.text.contains(member)), "{}", query.name);
        }
    }
}
