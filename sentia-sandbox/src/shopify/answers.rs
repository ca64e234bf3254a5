//! What the twin answers against its own schema: every field of every type that can be reached is asked for, and each
//! value must be of its type, null only where the schema allows it.

// A test that cannot read its answer has failed.
#![allow(clippy::unwrap_used)]

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use super::desk::DeskView;
use super::execute::Executor;
use super::graphql::ast::{Selection, TypeRef};
use super::graphql::schema::{Kind, Schema};
use super::graphql::{cost, parser, validate, variables};
use super::node::Scene;
use super::{SDL, settings};
use crate::universe::{Region, Size, Universe};

/// Selects every field down to a depth.
fn everything(schema: &Schema, on: &str, depth: usize) -> String {
    let mut text = String::new();
    for (name, definition) in &schema.get(on).unwrap().fields {
        let base = definition.ty.base();
        let required = definition.arguments.iter().any(|a| a.ty.required() && a.default.is_none());
        let arguments = match name.as_str() {
            "quantities" => "(names: [\"available\", \"on_hand\"])",
            _ if required => continue,
            _ if cost::is_connection(&definition.ty) => "(first: 3)",
            _ => "",
        };
        if schema.is_leaf(base) {
            text.push_str(&format!(" {name}"));
        } else if depth > 0 {
            let shallower =
                if base.ends_with("Connection") || base.ends_with("Edge") { depth } else { depth - 1 };
            let inner = match schema.get(base).unwrap().kind {
                Kind::Interface => {
                    let line = everything(schema, "ReturnLineItem", shallower);
                    format!("id ... on ReturnLineItem {{ {line} }}")
                }
                _ => everything(schema, base, shallower),
            };
            if !inner.is_empty() {
                text.push_str(&format!(" {name}{arguments} {{ {inner} }}"));
            }
        }
    }
    text
}

struct Check<'s> {
    schema: &'s Schema,
    /// Types of which an object was seen.
    seen: BTreeSet<String>,
}

impl Check<'_> {
    fn value(&mut self, ty: &TypeRef, value: &Value, selections: &[Selection], path: &str) {
        match ty {
            TypeRef::NonNull(inner) => {
                assert!(!value.is_null(), "{path} is null");
                self.value(inner, value, selections, path);
            }
            _ if value.is_null() => {}
            TypeRef::List(inner) => {
                let items = value.as_array().unwrap_or_else(|| panic!("{path} is no list"));
                items.iter().for_each(|item| self.value(inner, item, selections, path));
            }
            TypeRef::Named(name) if self.schema.is_leaf(name) => self.leaf(name, value, path),
            TypeRef::Named(name) => self.object(name, value, selections, path),
        }
    }

    fn leaf(&self, name: &str, value: &Value, path: &str) {
        let ty = self.schema.get(name).unwrap();
        if ty.kind == Kind::Enum {
            let word = value.as_str().unwrap_or_else(|| panic!("{path} is no word"));
            assert!(ty.names.iter().any(|known| known == word), "{path}: {word} is not of {name}");
            return;
        }
        let fits = match name {
            "Int" => value.is_i64(),
            "Float" => value.is_number(),
            "Boolean" => value.is_boolean(),
            "UnsignedInt64" | "BigInt" => value.as_str().is_some_and(|text| text.parse::<u64>().is_ok()),
            "DateTime" => value.as_str().is_some_and(|text| text.len() == 20 && text.ends_with('Z')),
            "Decimal" | "Money" => {
                value.as_str().is_some_and(|text| text.parse::<rust_decimal::Decimal>().is_ok())
            }
            "ID" => value.as_str().is_some_and(|text| text.starts_with("gid://shopify/")),
            _ => value.is_string(),
        };
        assert!(fits, "{path}: {value} is not of {name}");
    }

    fn object(&mut self, name: &str, value: &Value, selections: &[Selection], path: &str) {
        self.seen.insert(name.to_owned());
        for selection in selections {
            match selection {
                Selection::Field(field) => {
                    let definition = self.schema.field(name, &field.name).unwrap();
                    let path = format!("{path}.{}", field.name);
                    self.value(&definition.ty, &value[&field.name], &field.selections, &path);
                }
                Selection::Inline { on, selections, .. } => {
                    self.object(on.as_ref().unwrap(), value, selections, path);
                }
                Selection::Spread { .. } => {}
            }
        }
    }
}

#[test]
fn every_answer_is_of_its_type() {
    let schema = Schema::parse(SDL).unwrap();
    let universe = Universe::generate(11, Size::small());
    let (settings, warnings, desk) =
        (settings::Settings::default(), RefCell::new(vec![]), DeskView::default());
    let mut seen = BTreeSet::new();
    for region in [Region::Uk, Region::Usa] {
        let scene = Scene {
            shop: universe.shop(region),
            scopes: &settings.scopes,
            now: universe.now,
            lag: chrono::TimeDelta::zero(),
            wall: 25_000,
            payments: true,
            oldest_version: "2026-01",
            desk: &desk,
            warnings: &warnings,
        };
        let query = format!("{{ {} }}", everything(&schema, "QueryRoot", 4));
        let document = parser::parse(&query).unwrap();
        let operation = &document.operations[0];
        assert_eq!(validate::validate(&schema, &document, operation), []);
        let none = variables::Variables::new();
        let executor =
            Executor { schema: &schema, document: &document, variables: &none, scene, fault: None };
        let answer = executor.run(operation);
        assert_eq!(answer.errors, []);
        let data: Value = serde_json::from_str(&answer.data).unwrap();
        let mut check = Check { schema: &schema, seen: BTreeSet::new() };
        check.object("QueryRoot", &data, &operation.selections, "");
        seen.extend(check.seen);
    }
    for name in [
        "ReturnLineItem",
        "DraftOrderLineItem",
        "FulfillmentOrderLineItem",
        "ShopifyPaymentsBalanceTransaction",
    ] {
        assert!(seen.contains(name), "{name} was not seen");
    }
}
