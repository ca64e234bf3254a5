//! Fields of the shop itself, of products, stock, places and customers.

use serde_json::{Map, Value, json};

use super::node::{Node, Resolved, Row, Scene, amount, gid, money, time};
use super::search;
use crate::universe::{Customer, InventoryLevel, Location, Product, Region, Variant};

/// The versions the vendor serves in November 2026, oldest first, with whether each is supported.
pub(crate) const VERSIONS: [(&str, &str, bool); 6] = [
    ("2026-01", "2026-01", true),
    ("2026-04", "2026-04", true),
    ("2026-07", "2026-07", true),
    ("2026-10", "2026-10 (Latest)", true),
    ("2027-01", "2027-01 (Release candidate)", false),
    ("unstable", "unstable", false),
];

pub(crate) fn shop<'u>(scene: Scene<'u>, field: &str) -> Resolved<'u> {
    let shop = scene.shop;
    let uk = shop.region == Region::Uk;
    Resolved::Leaf(match field {
        "plan" => return Resolved::Object(Node::Plan),
        "id" => gid("Shop", shop.id),
        "name" => json!(shop.name),
        "myshopifyDomain" => json!(shop.domain),
        "currencyCode" => json!(shop.currency),
        "ianaTimezone" => json!(shop.timezone),
        "taxesIncluded" => json!(shop.taxes_included),
        "taxShipping" => json!(uk),
        "createdAt" => json!("2019-03-04T09:00:00Z"),
        "updatedAt" => json!("2026-01-12T10:30:00Z"),
        "email" | "contactEmail" => json!("office@hearth-grain.example"),
        "url" => json!(format!("https://{}", shop.domain)),
        "weightUnit" => json!(if uk { "KILOGRAMS" } else { "POUNDS" }),
        "timezoneAbbreviation" => json!(if uk { "GMT" } else { "EST" }),
        "timezoneOffset" => json!(if uk { "+0000" } else { "-0500" }),
        "timezoneOffsetMinutes" => json!(if uk { 0 } else { -300 }),
        "enabledPresentmentCurrencies" => json!([shop.currency, "EUR"]),
        "setupRequired" => json!(false),
        _ => Value::Null,
    })
}

pub(crate) fn plan<'u>(field: &str) -> Resolved<'u> {
    Resolved::Leaf(if field == "publicDisplayName" { json!("Grow") } else { json!(false) })
}

pub(crate) fn installation<'u>(scene: Scene<'u>, field: &str) -> Resolved<'u> {
    match field {
        "accessScopes" => Resolved::list((0..scene.scopes.len()).map(Node::Scope)),
        _ => Resolved::Leaf(gid("AppInstallation", 512_044_718_331)),
    }
}

pub(crate) fn scope<'u>(scene: Scene<'u>, at: usize, field: &str) -> Resolved<'u> {
    Resolved::Leaf(if field == "handle" {
        json!(scene.scopes[at])
    } else {
        json!(format!("Scope {}", scene.scopes[at]))
    })
}

pub(crate) fn version<'u>(scene: Scene<'u>, at: usize, field: &str) -> Resolved<'u> {
    let (handle, display_name, supported) = VERSIONS[at];
    Resolved::Leaf(match field {
        "handle" => json!(handle),
        "displayName" => json!(display_name),
        _ => json!(supported && handle >= scene.oldest_version),
    })
}

pub(crate) fn product<'u>(product: &'u Product, field: &str) -> Resolved<'u> {
    let stock: i64 = product.variants.iter().map(available).sum();
    Resolved::Leaf(match field {
        "variants" => {
            return Resolved::children(
                product.variants.iter().map(|variant| Node::Variant(product, variant)),
            );
        }
        "variantsCount" => return Resolved::Object(Node::Count(product.variants.len())),
        "id" => gid("Product", product.id),
        "legacyResourceId" => json!(product.id.to_string()),
        "title" => json!(product.title),
        "handle" => json!(product.handle),
        "status" => json!(product.status),
        "vendor" => json!(product.vendor),
        "productType" => json!(product.product_type),
        "tags" => json!(product.tags),
        "createdAt" => time(product.stamp.created_at),
        "updatedAt" => time(product.stamp.updated_at),
        "publishedAt" => {
            if product.status == "ACTIVE" {
                time(product.stamp.created_at)
            } else {
                Value::Null
            }
        }
        "totalInventory" => json!(stock),
        "tracksInventory" => json!(product.variants.iter().any(|variant| variant.item.tracked)),
        "isGiftCard" => json!(false),
        "hasOnlyDefaultVariant" => json!(product.variants.len() == 1),
        "hasOutOfStockVariants" => json!(product.variants.iter().any(|variant| available(variant) <= 0)),
        "description" => json!(format!("{} made by hand.", product.title)),
        "defaultCursor" => json!("eyJsYXN0X2lkIjoxfQ=="),
        _ => Value::Null,
    })
}

fn available(variant: &Variant) -> i64 {
    variant.item.levels.iter().map(|level| level.available).sum()
}

pub(crate) fn variant<'u>(product: &'u Product, variant: &'u Variant, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "product" => return Resolved::Object(Node::Product(product)),
        "inventoryItem" => return Resolved::Object(Node::Item(product, variant)),
        "id" => gid("ProductVariant", variant.id),
        "legacyResourceId" => json!(variant.id.to_string()),
        "title" => json!(variant.title),
        "displayName" => json!(format!("{} - {}", product.title, variant.title)),
        "sku" => json!(variant.sku),
        "barcode" => json!(variant.barcode),
        "price" => money(variant.price),
        "compareAtPrice" => variant.compare_at.map_or(Value::Null, money),
        "position" => {
            json!(1 + product.variants.iter().position(|other| other.id == variant.id).unwrap_or(0))
        }
        "taxable" => json!(true),
        "availableForSale" => json!(product.status == "ACTIVE" && available(variant) > 0),
        "createdAt" => time(variant.stamp.created_at),
        "updatedAt" => time(variant.stamp.updated_at),
        "inventoryQuantity" => json!(available(variant)),
        "sellableOnlineQuantity" => json!(available(variant).max(0)),
        "inventoryPolicy" => json!("DENY"),
        "requiresComponents" => json!(false),
        "defaultCursor" => json!("eyJsYXN0X2lkIjoxfQ=="),
        _ => Value::Null,
    })
}

pub(crate) fn item<'u>(
    scene: Scene<'u>,
    product: &'u Product,
    variant: &'u Variant,
    field: &str,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    let item = &variant.item;
    Resolved::Leaf(match field {
        "variant" => return Resolved::Object(Node::Variant(product, variant)),
        "measurement" => return Resolved::Object(Node::Measurement(variant)),
        "unitCost" => {
            return Resolved::maybe(item.unit_cost.map(|cost| Node::Money(cost, scene.shop.currency)));
        }
        "inventoryLevels" => {
            let levels = item.levels.iter().map(|level| level_row(product, variant, level));
            return Resolved::Connection(search::levels(scene, levels.collect(), arguments));
        }
        "id" => gid("InventoryItem", item.id),
        "legacyResourceId" => json!(item.id.to_string()),
        "sku" => json!(variant.sku),
        "tracked" => json!(item.tracked),
        "requiresShipping" => json!(true),
        "duplicateSkuCount" => json!(0),
        "createdAt" => time(item.stamp.created_at),
        "updatedAt" => time(item.stamp.updated_at),
        "countryCodeOfOrigin" => json!("GB"),
        "harmonizedSystemCode" => json!(item.hs_code),
        _ => Value::Null,
    })
}

pub(crate) fn level_row<'u>(
    product: &'u Product,
    variant: &'u Variant,
    level: &'u InventoryLevel,
) -> Row<'u> {
    Row { node: Node::Level(product, variant, level), id: level.id, at: None }
}

pub(crate) fn measurement<'u>(variant: &Variant, field: &str) -> Resolved<'u> {
    match field {
        "weight" => Resolved::Object(Node::Weight(variant.item.weight)),
        _ => Resolved::Leaf(gid("InventoryItemMeasurement", variant.item.id)),
    }
}

pub(crate) fn level<'u>(
    scene: Scene<'u>,
    product: &'u Product,
    variant: &'u Variant,
    level: &'u InventoryLevel,
    field: &str,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    match field {
        "location" => Resolved::maybe(scene.shop.location(level.location).map(Node::Location)),
        "item" => Resolved::Object(Node::Item(product, variant)),
        "quantities" => {
            let asked = arguments.get("names").and_then(Value::as_array);
            let asked = asked.into_iter().flatten().filter_map(Value::as_str);
            let known = asked.filter_map(|name| QUANTITIES.iter().find(|known| **known == name));
            Resolved::list(known.map(|name| Node::Quantity(level, name)))
        }
        "id" => Resolved::Leaf(json!(format!(
            "gid://shopify/InventoryLevel/{}?inventory_item_id={}",
            level.id, variant.item.id
        ))),
        "createdAt" => Resolved::Leaf(time(level.stamp.created_at)),
        "updatedAt" => Resolved::Leaf(time(level.stamp.updated_at)),
        "isActive" => Resolved::Leaf(json!(true)),
        "canDeactivate" => Resolved::Leaf(json!(level.on_hand() == 0)),
        _ => Resolved::null(),
    }
}

const QUANTITIES: [&str; 8] = [
    "available",
    "on_hand",
    "committed",
    "incoming",
    "reserved",
    "damaged",
    "quality_control",
    "safety_stock",
];

pub(crate) fn quantity<'u>(level: &InventoryLevel, name: &str, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "name" => json!(name),
        "updatedAt" => time(level.stamp.updated_at),
        "id" => json!(format!("gid://shopify/InventoryQuantity/{}?name={name}", level.id)),
        _ => json!(match name {
            "available" => level.available,
            "on_hand" => level.on_hand(),
            "committed" => level.committed,
            "incoming" => level.incoming,
            "reserved" => level.reserved,
            "damaged" => level.damaged,
            _ => 0,
        }),
    })
}

pub(crate) fn location<'u>(
    scene: Scene<'u>,
    location: &'u Location,
    field: &str,
    arguments: &Map<String, Value>,
) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "address" => return Resolved::Object(Node::LocationAddress(location)),
        "inventoryLevels" => {
            let here = |(product, variant): (&'u Product, &'u Variant)| {
                let levels = variant.item.levels.iter().filter(|level| level.location == location.id);
                levels.map(move |level| level_row(product, variant, level))
            };
            let levels = scene.shop.variants().flat_map(here).collect();
            return Resolved::Connection(search::levels(scene, levels, arguments));
        }
        "id" => gid("Location", location.id),
        "legacyResourceId" => json!(location.id.to_string()),
        "name" => json!(location.name),
        "isActive" | "fulfillsOnlineOrders" | "shipsInventory" | "hasActiveInventory" | "deactivatable" => {
            json!(location.active)
        }
        "createdAt" => time(location.stamp.created_at),
        "updatedAt" => time(location.stamp.updated_at),
        "addressVerified" => json!(true),
        _ => json!(false),
    })
}

pub(crate) fn location_address<'u>(location: &Location, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "countryCode" => json!(location.country),
        "country" => json!(if location.country == "GB" { "United Kingdom" } else { "United States" }),
        "provinceCode" => json!(location.province),
        "city" => json!(location.city),
        "zip" => json!(location.zip),
        "formatted" => json!([location.city, location.zip]),
        _ => Value::Null,
    })
}

pub(crate) fn customer<'u>(scene: Scene<'u>, customer: &'u Customer, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "amountSpent" => return Resolved::Object(Node::Money(customer.spent, scene.shop.currency)),
        "defaultAddress" => return Resolved::Object(Node::Address(customer)),
        "defaultEmailAddress" => return Resolved::Object(Node::Email(customer)),
        "id" => gid("Customer", customer.id),
        "legacyResourceId" => json!(customer.id.to_string()),
        "createdAt" => time(customer.stamp.created_at),
        "updatedAt" => time(customer.stamp.updated_at),
        "state" => json!("ENABLED"),
        "tags" => json!([]),
        "displayName" => json!(format!("{} {}", customer.first_name, customer.last_name)),
        "firstName" => json!(customer.first_name),
        "lastName" => json!(customer.last_name),
        "locale" => json!("en"),
        "taxExempt" => json!(false),
        "verifiedEmail" => json!(true),
        "numberOfOrders" => json!(customer.orders.to_string()),
        _ => Value::Null,
    })
}

pub(crate) fn email<'u>(customer: &Customer, field: &str) -> Resolved<'u> {
    Resolved::Leaf(if field == "emailAddress" { json!(customer.email) } else { json!(true) })
}

pub(crate) fn address<'u>(customer: &Customer, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "id" => json!(format!("gid://shopify/MailingAddress/{}?model_name=CustomerAddress", customer.id)),
        "countryCodeV2" => json!(customer.country),
        "country" => json!(if customer.country == "GB" { "United Kingdom" } else { "United States" }),
        "provinceCode" => json!(customer.province),
        "province" => customer.province.map_or(Value::Null, |_| json!("New York")),
        "zip" => json!(customer.zip),
        _ => Value::Null,
    })
}

/// Amounts are strings of varying places.
pub(crate) fn money_v2<'u>(value: rust_decimal::Decimal, currency: &str, field: &str) -> Resolved<'u> {
    Resolved::Leaf(if field == "amount" { amount(value) } else { json!(currency) })
}

pub(crate) fn weight<'u>(value: rust_decimal::Decimal, field: &str) -> Resolved<'u> {
    Resolved::Leaf(match field {
        "unit" => json!("KILOGRAMS"),
        // The schema says Float; the text of a decimal with one place is also the shortest text of its double.
        _ => serde_json::from_str(&value.to_string()).unwrap_or(Value::Null),
    })
}
