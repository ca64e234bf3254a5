//! `shop`: one record, the shop itself.

use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shop {
    id: Text,
    name: Option<Text>,
    myshopify_domain: Option<Text>,
    currency_code: Option<Text>,
    iana_timezone: Option<Text>,
    taxes_included: Option<bool>,
    plan: Option<Plan>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    public_display_name: Option<Text>,
    shopify_plus: Option<bool>,
}

pub(super) fn stream() -> Stream<Shop> {
    Stream::new("shop", "id", |shop: &Shop| shop.id.clone()).describe("the shop itself").columns(
        Fields::<Shop>::new()
            .text("name", |shop| shop.name.clone())
            .text("domain", |shop| shop.myshopify_domain.clone())
            .text("currency", |shop| shop.currency_code.clone())
            .text("time_zone", |shop| shop.iana_timezone.clone())
            .boolean("taxes_included", |shop| shop.taxes_included)
            .text("plan", |shop| shop.plan.as_ref()?.public_display_name.clone())
            .boolean("shopify_plus", |shop| shop.plan.as_ref()?.shopify_plus),
    )
}
