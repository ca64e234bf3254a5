//! Products and services as the books know them.

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::xero::wire::{Instant, Maybe, Nested};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Item {
    #[serde(rename = "ItemID")]
    item_id: Maybe<Text>,
    code: Maybe<Text>,
    name: Maybe<Text>,
    description: Maybe<Text>,
    purchase_description: Maybe<Text>,
    is_sold: Maybe<bool>,
    is_purchased: Maybe<bool>,
    is_tracked_as_inventory: Maybe<bool>,
    inventory_asset_account_code: Maybe<Text>,
    quantity_on_hand: Maybe<Exact>,
    total_cost_pool: Maybe<Exact>,
    purchase_details: Nested<Details>,
    sales_details: Nested<Details>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Maybe<Instant>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Details {
    unit_price: Maybe<Exact>,
    account_code: Maybe<Text>,
    #[serde(rename = "COGSAccountCode")]
    cogs_account_code: Maybe<Text>,
    tax_type: Maybe<Text>,
}

/// All items in one answer. An item that is deleted vanishes, so every read is full and ends with the sweep.
pub(super) fn stream() -> Stream<Item> {
    Stream::new("items", "ItemID", |i: &Item| i.item_id.key())
        .describe("goods and services on price lists")
        .scopes(&["accounting.settings.read"])
        .version(|i| i.updated.version())
        .swept()
        .columns(
            Fields::new()
                .text("code", |i: &Item| i.code.get())
                .text("name", |i| i.name.get())
                .text("description", |i| i.description.get())
                .text("purchase_description", |i| i.purchase_description.get())
                .boolean("is_sold", |i| i.is_sold.get())
                .boolean("is_purchased", |i| i.is_purchased.get())
                .boolean("is_tracked_as_inventory", |i| i.is_tracked_as_inventory.get())
                .text("inventory_asset_account_code", |i| i.inventory_asset_account_code.get())
                .decimal("quantity_on_hand", |i| i.quantity_on_hand.get())
                // An average cost times a quantity: more decimals than an amount has.
                .decimal("total_cost_pool", |i| i.total_cost_pool.get())
                .decimal("sales_unit_price", |i| i.sales_details.unit_price.get())
                .text("sales_account_code", |i| i.sales_details.account_code.get())
                .text("sales_tax_type", |i| i.sales_details.tax_type.get())
                .decimal("purchase_unit_price", |i| i.purchase_details.unit_price.get())
                .text("purchase_account_code", |i| {
                    // A tracked item has the account of its cost of sales instead.
                    i.purchase_details.account_code.or(&i.purchase_details.cogs_account_code)
                })
                .text("purchase_tax_type", |i| i.purchase_details.tax_type.get())
                .timestamp("updated_at", |i| i.updated.at()),
        )
}
