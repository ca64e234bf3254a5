//! The twin's schema and cost model against the published files, which are read where they lie.

// A test that cannot read its file has failed; whether it may be skipped is told by the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::graphql::schema::{Kind, Schema};
use super::graphql::{cost, parser, validate, variables};
use super::{SDL, ShopifyFault};

/// The text of a published file; none, with a printed reason, where the files are not at hand.
fn published(path: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/shopify").join(path);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
    }
    text
}

#[test]
fn every_type_field_and_argument_is_in_the_published_schema() {
    let own = Schema::parse(SDL).unwrap();
    let Some(sdl) = published("admin/admin-2026-07.graphql") else { return };
    let real = Schema::parse(&sdl).unwrap();
    for (name, ty) in own.types() {
        let known = real.get(name).unwrap_or_else(|| panic!("no type {name}"));
        assert_eq!(ty.kind, known.kind, "{name}");
        for value in &ty.names {
            assert!(known.names.contains(value), "{name}.{value}");
        }
        for (field, definition) in &ty.fields {
            let known = known.fields.get(field).unwrap_or_else(|| panic!("no field {name}.{field}"));
            assert_eq!(definition.ty, known.ty, "{name}.{field}");
            for argument in &definition.arguments {
                let known = known
                    .argument(&argument.name)
                    .unwrap_or_else(|| panic!("no {name}.{field}({})", argument.name));
                assert_eq!(
                    (&argument.ty, &argument.default),
                    (&known.ty, &known.default),
                    "{name}.{field}({})",
                    argument.name
                );
            }
        }
    }
}

#[test]
fn published_queries_are_valid_for_the_twin() {
    let own = Schema::parse(SDL).unwrap();
    let queries = [
        "customers",
        "inventory_items",
        "location_inventory_levels",
        "locations",
        "order_line_items_page",
        "order_refunds_fulfillments",
        "orders",
        "payouts",
        "product_variants",
        "products",
        "shop",
        "bulk_cancel",
        "bulk_run_query",
        "bulk_status",
        "webhook_subscription_create",
    ];
    let expected = [
        ("orders", 135),
        ("products", 275),
        ("inventory_items", 128),
        ("customers", 23),
        ("locations", 9),
        ("payouts", 17),
        ("product_variants", 23),
        ("bulk_run_query", 10),
        ("bulk_status", 1),
    ];
    for name in queries {
        let Some(query) = published(&format!("queries/{name}.graphql")) else { return };
        let document = parser::parse(&query).unwrap();
        let operation = &document.operations[0];
        assert_eq!(validate::validate(&own, &document, operation), [], "{name}");
        let variables = [("first".to_owned(), Value::from(50))].into();
        let points = cost::requested(&own, &document, operation, &variables);
        if let Some((_, known)) = expected.iter().find(|(known, _)| *known == name) {
            assert_eq!(points, *known, "{name}");
        }
    }
}

#[test]
fn the_cost_model_agrees_with_recorded_answers() {
    let (Some(sdl), Some(vectors)) =
        (published("admin/admin-2026-07.graphql"), published("vectors/query-cost-observed.json"))
    else {
        return;
    };
    let real = Schema::parse(&sdl).unwrap();
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    let vectors = vectors["agree_with_model"].as_array().unwrap();
    for vector in vectors {
        let query = vector["query"].as_str().unwrap();
        let document = parser::parse(query).unwrap();
        let operation = &document.operations[0];
        let none = Map::new();
        let mut filled = variables::Variables::new();
        for variable in &operation.variables {
            let sent = vector["variables"].as_object().unwrap_or(&none).get(&variable.name).cloned();
            let default = variable.default.as_ref().map(|default| variables::to_json(default, &filled));
            if let Some(value) = sent.or(default) {
                filled.insert(variable.name.clone(), value);
            }
        }
        assert_eq!(
            Some(cost::requested(&real, &document, operation, &filled)),
            vector["requestedQueryCost"].as_u64(),
            "{query}"
        );
    }
    assert!(vectors.len() > 40);
}

#[test]
fn the_schema_is_good_for_all_shipped_versions() {
    let own = Schema::parse(SDL).unwrap();
    for version in ["2026-04", "2026-10"] {
        let Some(sdl) = unpacked(&format!("admin/admin-{version}.graphql.gz")) else { return };
        let real = Schema::parse(&sdl).unwrap();
        for (name, ty) in own.types() {
            let known = real.get(name).unwrap_or_else(|| panic!("no type {name} in {version}"));
            for (field, definition) in &ty.fields {
                let known =
                    known.fields.get(field).unwrap_or_else(|| panic!("no field {name}.{field} in {version}"));
                assert_eq!(definition.ty, known.ty, "{name}.{field} in {version}");
            }
        }
    }
}

/// As [`published`], through the system's gzip.
fn unpacked(path: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/shopify").join(path);
    let output = std::process::Command::new("gzip").arg("-dc").arg(&path).output().ok();
    let text = output.filter(|output| output.status.success()).and_then(|o| String::from_utf8(o.stdout).ok());
    if text.is_none() {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
    }
    text
}

#[test]
fn every_leaf_of_the_schema_has_a_kind() {
    let own = Schema::parse(SDL).unwrap();
    for (name, ty) in own.types() {
        for (field, definition) in &ty.fields {
            assert!(own.get(definition.ty.base()).is_some(), "{name}.{field} has no type");
        }
    }
    assert_eq!(own.get("Order").unwrap().kind, Kind::Object);
    assert!(ShopifyFault::ALL.len() >= 20);
}
