//! The Unleashed twin's rows against the reconstructed model, which is read where it lies.
// Whether the test may be skipped is told by the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod unleashed_client;

use std::collections::BTreeMap;
use std::path::PathBuf;

use sentia_sandbox::{Pacing, Size};
use serde_json::Value;
use unleashed_client::{items, json, sandbox};

/// What the model says of one property.
#[derive(Clone, Debug, Default)]
struct Property {
    kind: String,
    nullable: bool,
    is_date: bool,
    is_uuid: bool,
    schema: Option<String>,
}

type Model = BTreeMap<String, BTreeMap<String, Property>>;

/// Schemas, told by indentation: four spaces for a schema's name, eight for a property's, ten for what is said of it.
fn model(yaml: &str) -> Model {
    let mut model = Model::new();
    let (mut inside, mut listed) = (false, false);
    let (mut schema, mut property) = (String::new(), String::new());
    for line in yaml.lines() {
        let (indent, text) = (line.len() - line.trim_start().len(), line.trim());
        match indent {
            0 => inside = false,
            2 => inside = text == "schemas:",
            4 if inside => schema = text.trim_end_matches(':').to_owned(),
            6 if inside => listed = text == "properties:",
            8 if inside && listed => {
                property = text.trim_end_matches(':').to_owned();
                model.entry(schema.clone()).or_default().insert(property.clone(), Property::default());
            }
            10 | 12 if inside && listed => {
                let known = model.get_mut(&schema).unwrap().get_mut(&property).unwrap();
                let (name, value) = text.split_once(':').unwrap();
                match (name, value.trim()) {
                    ("type", kind) if indent == 10 => known.kind = kind.to_owned(),
                    ("nullable", "true") => known.nullable = true,
                    ("format", "uuid") => known.is_uuid = true,
                    ("x-is-msdate-time", "true") => known.is_date = true,
                    ("$ref", target) => {
                        let name = target.trim_matches('\'').rsplit('/').next().unwrap();
                        known.schema = Some(name.to_owned());
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    model
}

/// Where the sheet knows more than the model: the letter case of a nested warehouse, price tiers as text, contacts.
fn beyond_the_model(schema: &str, name: &str) -> bool {
    [("InventoryDetail", "warehouse"), ("PriceTier", "Value"), ("Customer", "Contacts")]
        .contains(&(schema, name))
}

fn is_date(text: &str) -> bool {
    let inner = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
    inner.is_some_and(|inner| inner.parse::<i64>().is_ok())
}

fn check(model: &Model, schema: &str, row: &Value) {
    for (name, value) in row.as_object().unwrap() {
        let Some(known) = model[schema].get(name) else {
            assert!(beyond_the_model(schema, name), "{schema}.{name} is not in the model");
            continue;
        };
        let place = format!("{schema}.{name}: {value}");
        match value {
            Value::Null => {
                assert!(known.nullable || known.kind.is_empty(), "{place}")
            }
            Value::Bool(_) => assert_eq!(known.kind, "boolean", "{place}"),
            Value::Number(number) => {
                assert!(known.kind == "number" || (known.kind == "integer" && number.is_i64()), "{place}");
            }
            Value::String(text) => {
                assert!(known.kind == "string" || beyond_the_model(schema, name), "{place}");
                assert!(!known.is_date || is_date(text), "{place}");
                assert!(!known.is_uuid || uuid::Uuid::parse_str(text).is_ok(), "{place}");
            }
            Value::Array(rows) => {
                assert_eq!(known.kind, "array", "{place}");
                if let Some(schema) = &known.schema {
                    rows.iter().for_each(|row| check(model, schema, row));
                }
            }
            Value::Object(_) => match &known.schema {
                Some(schema) => check(model, schema, value),
                None => assert_eq!(known.kind, "object", "{place}"),
            },
        }
    }
}

#[tokio::test]
async fn every_member_of_every_row_is_as_the_model_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/unleashed");
    let path = folder.join("unleashed-reconstructed.yaml");
    let Ok(yaml) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
        return;
    };
    let model = model(&yaml);
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.unleashed();
    twin.set_pacing(Pacing::Lifted);
    let examples = std::fs::read_to_string(folder.join("unleashed-examples.json")).unwrap();
    let examples: Value = serde_json::from_str(&examples).unwrap();
    for (path, schema) in [
        ("Products?includeObsolete=true&includeAttributes=true", "Product"),
        ("Warehouses?includeObsolete=true", "Warehouse"),
        ("Customers?includeObsolete=true&includeAllContacts=true", "Customer"),
        ("Suppliers?", "Supplier"),
        ("SalesOrders?", "SalesOrder"),
        ("Invoices?", "Invoice"),
        ("PurchaseOrders?", "PurchaseOrder"),
        ("BillOfMaterials?includeObsolete=true", "BillOfMaterials"),
        ("Assemblies?", "Assembly"),
        ("StockAdjustments?", "StockAdjustment"),
        ("StockCounts?", "StockCount"),
        ("StockOnHand?", "StockOnHand"),
        ("StockOnHand?warehouseCode=LDS", "StockOnHand"),
    ] {
        let rows = items(twin, &format!("{path}&pageSize=1000")).await;
        assert!(!rows.is_empty(), "{path}");
        rows.iter().for_each(|row| check(&model, schema, row));
        // And nothing that the published example shows is missing.
        let list = path.split('?').next().unwrap();
        for name in examples[list]["list_response"]["Items"][0].as_object().unwrap().keys() {
            let left_out = list == "BillOfMaterials" && name == "AverageDuration";
            assert!(left_out || rows[0].get(name).is_some(), "{list}: {name} is missing");
        }
    }
    let envelope = json(twin, "Products").await;
    check(&model, "Pagination", &envelope["Pagination"]);
    let record = json(twin, &format!("Products/{}", envelope["Items"][0]["Guid"].as_str().unwrap())).await;
    check(&model, "Product", &record);
}
