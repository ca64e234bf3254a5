//! Topics: how enum and header write them, and what they need.

/// `orders/create` as the enum writes it.
pub(super) fn constant(topic: &str) -> String {
    topic.to_uppercase().replace('/', "_")
}

/// `ORDERS_CREATE` as the header writes it: the slash stands before the verb.
pub(super) fn header(topic: &str) -> String {
    let lower = topic.to_lowercase();
    let nouns = [
        "app",
        "bulk_operations",
        "customers",
        "disputes",
        "draft_orders",
        "fulfillments",
        "inventory_items",
        "inventory_levels",
        "locations",
        "order_transactions",
        "orders",
        "products",
        "refunds",
        "returns",
        "shop",
        "tender_transactions",
        "variants",
    ];
    let noun = nouns.iter().find(|noun| lower.strip_prefix(**noun).is_some_and(|rest| rest.starts_with('_')));
    match noun {
        Some(noun) => format!("{noun}/{}", &lower[noun.len() + 1..]),
        None => lower,
    }
}

/// The scope that a topic needs, told by its noun.
pub(super) fn scope(topic: &str) -> Option<&'static str> {
    let noun = header(topic);
    Some(match noun.split('/').next()? {
        "orders" | "refunds" | "order_transactions" => "read_orders",
        "products" | "variants" => "read_products",
        "customers" => "read_customers",
        "inventory_items" | "inventory_levels" => "read_inventory",
        "locations" => "read_locations",
        "draft_orders" => "read_draft_orders",
        "returns" => "read_returns",
        "fulfillments" => "read_fulfillments",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{constant, header};

    #[test]
    fn topics_are_written_in_two_ways() {
        for topic in
            ["orders/create", "order_transactions/create", "app/scopes_update", "draft_orders/update"]
        {
            assert_eq!(header(&constant(topic)), topic);
        }
    }
}
