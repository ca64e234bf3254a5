//! The search language of `query:` arguments, as far as sync clients use it.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::node::{Node, Row, Scene};
use super::order_fields::{financial_status, fulfillment_status};
use crate::universe::{Region, Stamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// One `field:value`, or a bare word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    field: Option<String>,
    comparison: Comparison,
    value: String,
}

/// What a row says about a field.
pub(crate) enum Fact {
    Time(DateTime<Utc>),
    /// A time that is matched by whole days only, as the schema says of customers.
    Day(DateTime<Utc>),
    Id(u64),
    Words(Vec<String>),
}

/// The rows that a query finds. Unknown fields are ignored with a warning; without a query all rows are found.
pub(crate) fn find<'u>(
    scene: Scene<'u>,
    list: &str,
    rows: Vec<Row<'u>>,
    query: Option<&str>,
) -> Vec<Row<'u>> {
    let Some(query) = query.filter(|query| !query.trim().is_empty()) else { return rows };
    let Some(known) = rows.first().map(|row| fields(row.node)) else { return rows };
    let mut warnings = Vec::new();
    let mut groups = parse(query);
    for group in &mut groups {
        group.retain(|term| {
            let unknown = term.field.as_deref().filter(|field| !known.contains(field));
            if let Some(field) = unknown {
                let message = "Invalid search field for this query.";
                warnings.push(json!({"field": field, "message": message, "code": "invalid_field"}));
            }
            unknown.is_none()
        });
    }
    if !warnings.is_empty() {
        warn(scene, list, query, &warnings);
    }
    let finds =
        |row: &Row<'u>| groups.iter().any(|group| group.iter().all(|term| holds(scene, row.node, term)));
    rows.into_iter().filter(finds).collect()
}

/// Notes warnings under `extensions.search`.
pub(crate) fn warn(scene: Scene<'_>, list: &str, query: &str, warnings: &[Value]) {
    let entry = json!({"path": [list], "query": query, "parsed": {}, "warnings": warnings});
    scene.warnings.borrow_mut().push(entry);
}

/// The levels an item or location lists, which have a query of their own.
pub(crate) fn levels<'u>(
    scene: Scene<'u>,
    rows: Vec<Row<'u>>,
    arguments: &Map<String, Value>,
) -> Vec<Row<'u>> {
    let mut rows = find(scene, "inventoryLevels", rows, arguments.get("query").and_then(Value::as_str));
    rows.sort_by_key(|row| row.id);
    rows
}

/// What the index believes about an object's last change: nothing yet, the change before, or the truth.
pub(crate) fn indexed(scene: Scene<'_>, stamp: Stamp) -> Option<DateTime<Utc>> {
    if stamp.updated_at + scene.lag <= scene.now || scene.lag.is_zero() {
        Some(stamp.updated_at)
    } else {
        stamp.previous
    }
}

/// Splits at OR first, which binds weaker than the implicit AND.
fn parse(query: &str) -> Vec<Vec<Term>> {
    let mut groups = vec![Vec::new()];
    let mut negated = false;
    for word in words(query) {
        match word.as_str() {
            "AND" => {}
            "OR" => groups.push(Vec::new()),
            "NOT" => negated = true,
            _ => {
                let term = term(&word, std::mem::take(&mut negated));
                if let Some(group) = groups.last_mut() {
                    group.push(term);
                }
            }
        }
    }
    groups
}

/// Words by white space, except inside quotes; parentheses only group and are dropped.
fn words(query: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in query.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c.is_whitespace() || c == '(' || c == ')' => words.push(String::new()),
            _ => {
                if let Some(word) = words.last_mut() {
                    word.push(c);
                }
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn term(word: &str, negated: bool) -> Term {
    let (negated, word) = word.strip_prefix('-').map_or((negated, word), |rest| (true, rest));
    let Some((field, rest)) = word.split_once(':') else {
        return Term { negated, field: None, comparison: Comparison::Equal, value: word.to_owned() };
    };
    let signs = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Equal),
    ];
    let found =
        signs.iter().find_map(|(sign, comparison)| rest.strip_prefix(sign).map(|value| (*comparison, value)));
    let (comparison, value) = found.unwrap_or((Comparison::Equal, rest));
    Term { negated, field: Some(field.to_owned()), comparison, value: value.to_owned() }
}

/// The search fields of a list.
fn fields(node: Node<'_>) -> &'static [&'static str] {
    match node {
        Node::Order(_) => &[
            "id",
            "name",
            "updated_at",
            "created_at",
            "processed_at",
            "financial_status",
            "fulfillment_status",
            "tag",
            "test",
            "source_name",
            "sku",
            "status",
            "customer_id",
            "po_number",
        ],
        Node::Product(_) => &[
            "id",
            "title",
            "updated_at",
            "created_at",
            "published_at",
            "status",
            "vendor",
            "product_type",
            "tag",
            "sku",
            "handle",
            "barcode",
        ],
        Node::Variant(..) => {
            &["id", "updated_at", "sku", "barcode", "title", "product_id", "product_status", "vendor"]
        }
        Node::Item(..) => &["id", "updated_at", "created_at", "sku"],
        Node::Level(..) => &["id", "updated_at", "created_at", "inventory_item_id", "inventory_group_id"],
        Node::Customer(_) => {
            &["id", "updated_at", "customer_date", "email", "country", "state", "tag", "orders_count"]
        }
        Node::Location(_) => &["id", "name", "active", "created_at", "city", "country", "zip", "legacy"],
        Node::Office(office) => office.search_fields(),
        Node::Desk(desk) => desk.search_fields(),
        _ => &[],
    }
}

fn holds(scene: Scene<'_>, node: Node<'_>, term: &Term) -> bool {
    let Some(field) = &term.field else {
        let name = match node {
            Node::Order(order) => order.name(),
            Node::Product(product) => product.title.clone(),
            Node::Variant(_, variant) | Node::Item(_, variant) => variant.sku.clone(),
            Node::Customer(customer) => customer.email.clone(),
            Node::Office(office) => match office.name() {
                Some(name) => name,
                None => return true,
            },
            _ => return true,
        };
        return term.negated != name.to_lowercase().contains(&term.value.to_lowercase());
    };
    // A field that the twin knows of and has no facts for finds nothing rather than everything.
    let found = fact(scene, node, field).is_some_and(|fact| compare(scene, &fact, term));
    term.negated != found
}

fn fact(scene: Scene<'_>, node: Node<'_>, field: &str) -> Option<Fact> {
    let words = |word: &str| Some(Fact::Words(vec![word.to_owned()]));
    match (node, field) {
        (Node::Order(order), _) => order_fact(scene, order, field),
        (Node::Office(office), _) => office.fact(scene, field),
        (Node::Desk(desk), _) => desk.fact(field),
        (Node::Product(product), "updated_at") => indexed(scene, product.stamp).map(Fact::Time),
        (Node::Product(product), "created_at" | "published_at") => Some(Fact::Time(product.stamp.created_at)),
        (Node::Product(product), "id") => Some(Fact::Id(product.id)),
        (Node::Product(product), "title") => words(&product.title),
        (Node::Product(product), "handle") => words(&product.handle),
        (Node::Product(product), "status") => words(product.status),
        (Node::Product(product), "vendor") | (Node::Variant(product, _), "vendor") => words(product.vendor),
        (Node::Product(product), "product_type") => words(product.product_type),
        (Node::Product(product), "sku") => {
            Some(Fact::Words(product.variants.iter().map(|v| v.sku.clone()).collect()))
        }
        (Node::Variant(_, variant), "updated_at") => indexed(scene, variant.stamp).map(Fact::Time),
        (Node::Variant(_, variant), "id") => Some(Fact::Id(variant.id)),
        (Node::Variant(product, _), "product_id") => Some(Fact::Id(product.id)),
        (Node::Variant(_, variant) | Node::Item(_, variant), "sku") => words(&variant.sku),
        (Node::Item(_, variant), "updated_at") => indexed(scene, variant.item.stamp).map(Fact::Time),
        (Node::Item(_, variant), "created_at") => Some(Fact::Time(variant.item.stamp.created_at)),
        (Node::Item(_, variant), "id") | (Node::Level(_, variant, _), "inventory_item_id") => {
            Some(Fact::Id(variant.item.id))
        }
        (Node::Level(_, _, level), "updated_at") => indexed(scene, level.stamp).map(Fact::Time),
        (Node::Level(_, _, level), "created_at") => Some(Fact::Time(level.stamp.created_at)),
        (Node::Level(_, _, level), "id") => Some(Fact::Id(level.id)),
        (Node::Customer(customer), "updated_at") => indexed(scene, customer.stamp).map(Fact::Day),
        (Node::Customer(customer), "id") => Some(Fact::Id(customer.id)),
        (Node::Customer(customer), "email") => words(&customer.email),
        (Node::Customer(customer), "country") => words(customer.country),
        (Node::Location(location), "id") => Some(Fact::Id(location.id)),
        (Node::Location(location), "name") => words(location.name),
        (Node::Location(location), "active") => words(if location.active { "true" } else { "false" }),
        (Node::Location(location), "created_at") => Some(Fact::Time(location.stamp.created_at)),
        _ => None,
    }
}

fn order_fact(scene: Scene<'_>, order: &crate::universe::Order, field: &str) -> Option<Fact> {
    let word = |word: &str| Some(Fact::Words(vec![word.to_owned()]));
    match field {
        "updated_at" => indexed(scene, order.stamp).map(Fact::Time),
        // Younger than the lag, an order is in no index yet, whatever it is asked by.
        _ if indexed(scene, order.stamp).is_none() => None,
        "created_at" | "processed_at" => Some(Fact::Time(order.stamp.created_at)),
        "id" => Some(Fact::Id(order.id)),
        "customer_id" => order.customer.map(Fact::Id),
        "name" => Some(Fact::Words(vec![order.name(), order.number.to_string()])),
        "financial_status" => word(financial_status(order)),
        "fulfillment_status" => word(fulfillment_status(order)),
        "test" => word(if order.test { "true" } else { "false" }),
        "source_name" => word(order.source),
        "tag" => Some(Fact::Words(order.tags.iter().map(|tag| (*tag).to_owned()).collect())),
        "sku" => Some(Fact::Words(order.lines.iter().map(|line| line.sku.clone()).collect())),
        "po_number" => order.po_number.as_deref().and_then(word),
        "status" => Some(Fact::Words(vec![
            "any".into(),
            if order.closed_at.is_some() { "closed" } else { "open" }.into(),
        ])),
        _ => None,
    }
}

fn compare(scene: Scene<'_>, fact: &Fact, term: &Term) -> bool {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let ordering = match fact {
        Fact::Words(words) => {
            let wanted = term.value.to_lowercase();
            let matches = |word: &String| match wanted.strip_suffix('*') {
                Some(prefix) => word.to_lowercase().starts_with(prefix),
                None => word.to_lowercase() == wanted,
            };
            return words.iter().any(matches);
        }
        Fact::Id(id) => {
            let wanted = term.value.rsplit('/').next().and_then(|number| number.parse::<u64>().ok());
            wanted.map(|wanted| id.cmp(&wanted))
        }
        Fact::Time(at) => parse_time(scene, &term.value).map(|wanted| at.cmp(&wanted)),
        Fact::Day(at) => {
            parse_time(scene, &term.value).map(|wanted| at.date_naive().cmp(&wanted.date_naive()))
        }
    };
    match (term.comparison, ordering) {
        (_, None) => false,
        (Comparison::Equal, Some(ordering)) => ordering == Equal,
        (Comparison::Above, Some(ordering)) => ordering == Greater,
        (Comparison::AtLeast, Some(ordering)) => ordering != Less,
        (Comparison::Below, Some(ordering)) => ordering == Less,
        (Comparison::AtMost, Some(ordering)) => ordering != Greater,
    }
}

/// Times without an offset are read in the shop's zone; the twin takes its winter offset.
fn parse_time(scene: Scene<'_>, text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.with_timezone(&Utc));
    }
    let offset = if scene.shop.region == Region::Usa { TimeDelta::hours(5) } else { TimeDelta::zero() };
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN));
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok().or_else(day)?;
    Some(local.and_utc() + offset)
}
