//! Every mapping against a page of its stream.

use std::fmt::Write;

use bytes::Bytes;
use sentia_core::{ColumnKind, Value, record::Operation, stream::Column};

use super::*;

fn source(stream: &str) -> Source {
    sources().into_iter().find(|source| source.info().name == stream).expect("in the catalog")
}

fn fixture(stream: &str) -> Bytes {
    let path = format!("{}/src/unleashed/fixtures/{stream}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a fixture of every stream").into()
}

fn decode(source: &Source, body: &Bytes, zone: Tz) -> Decoded {
    let mut decoded = None;
    let mut member = |walk: &mut Walk<'_>, name: &str| {
        if name == "Items" {
            decoded = Some(source.decode(walk, zone, &mut |_| true)?);
        }
        Ok(())
    };
    Walk::whole(body, |walk| walk.object(&mut member)).expect("an envelope");
    decoded.expect("a list").0
}

/// One document as the only one of its list.
fn decode_one(source: &Source, document: &str, zone: Tz) -> Decoded {
    let list = format!("[{document}]").into();
    Walk::whole(&list, |walk| source.decode(walk, zone, &mut |_| true)).expect("a list").0
}

fn shown(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Amount(number) => format!("{number} as amount"),
        Value::Decimal(number) => number.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(at) => at.to_rfc3339(),
    })
}

/// The records as lines of `column: value`, without what is null.
fn mapping(stream: &str) -> String {
    let source = source(stream);
    let info = source.info().clone();
    let decoded = decode(&source, &fixture(stream), Tz::Europe__London);
    assert!(decoded.rejected.is_empty(), "{:?}", decoded.rejected);
    let mut out = String::new();
    let row = |indent: &str, columns: &[Column], values: &[Value]| {
        let cells =
            columns.iter().zip(values).filter_map(|(column, value)| Some((column.name, shown(value)?)));
        cells.map(|(name, value)| format!("{indent}{name}: {value}\n")).collect::<String>()
    };
    for record in &decoded.records {
        let deleted = if record.operation == Operation::Tombstone { ", deleted" } else { "" };
        let version = (&record.version.raw, record.version.order);
        let _ = writeln!(out, "{} version {:?} {}{deleted}", record.key, version.0, version.1);
        out += &row("  ", &info.columns, &record.values);
        for (child, rows) in info.children.iter().zip(&record.children) {
            for values in rows {
                let _ = writeln!(out, "  - {}", child.name);
                out += &row("    ", &child.columns, values);
            }
        }
    }
    out
}

#[test]
fn every_stream_maps_its_page() {
    for source in sources() {
        let name = source.info().name;
        insta::assert_snapshot!(name, mapping(name));
    }
}

/// Every day in the fixtures is midnight of 16 July in British summer time.
#[test]
fn every_day_is_one_of_the_accounts_zone() {
    let days = |source: &Source, zone| {
        let info = source.info().clone();
        let mut days = Vec::new();
        for record in decode(source, &fixture(info.name), zone).records {
            let children = info.children.iter().zip(&record.children);
            let rows = children.flat_map(|(child, rows)| rows.iter().map(|row| (&child.columns, row)));
            for (columns, values) in rows.chain([(&info.columns, &record.values)]) {
                let dates = columns.iter().zip(values).filter(|(column, _)| column.kind == ColumnKind::Date);
                days.extend(dates.map(|(column, value)| format!("{}: {:?}", column.name, shown(value))));
            }
        }
        days
    };
    let mut seen = 0;
    for source in sources() {
        let (london, utc) = (days(&source, Tz::Europe__London), days(&source, Tz::UTC));
        let name = source.info().name;
        assert!(london.iter().all(|day| day.ends_with("Some(\"2026-07-16\")")), "{name}: {london:?}");
        assert!(utc.iter().all(|day| day.ends_with("Some(\"2026-07-15\")")), "{name}: {utc:?}");
        seen += london.len();
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn unknown_fields_and_absent_ones_change_nothing() {
    for source in sources() {
        let key = source.info().key[0];
        let document = format!(r#"{{"{key}":"K","Novelty":{{"a":[1,2.5]}},"Obsolete":null}}"#);
        let decoded = decode_one(&source, &document, Tz::UTC);
        assert_eq!(decoded.records.len(), 1, "{document}: {:?}", decoded.rejected);
        assert_eq!(decoded.records[0].version.order, 0);
        assert_eq!(decoded.records[0].document.body(), document.as_bytes(), "the vendor's bytes");
    }
}

#[test]
fn a_record_without_its_key_is_rejected() {
    for source in sources() {
        let key = source.info().key[0];
        for value in ["null", "\"\""] {
            let decoded = decode_one(&source, &format!(r#"{{"{key}":{value}}}"#), Tz::UTC);
            assert_eq!((decoded.records.len(), decoded.rejected.len()), (0, 1), "{key} {value}");
            assert_eq!(decoded.rejected[0].key, None);
        }
    }
}

#[test]
fn what_cannot_be_read_is_held_under_the_key_of_its_row() {
    let held = |stream: &str, document: &str| {
        let decoded = decode_one(&source(stream), document, Tz::UTC);
        decoded.rejected[0].key.as_ref().map(|key| key.to_string())
    };
    assert_eq!(held("products", r#"{"Guid":"ABC","Weight":[]}"#).as_deref(), Some("abc"));
    let stock = r#"{"ProductGuid":"ABC","WarehouseCode":"Hq","QtyOnHand":"many"}"#;
    assert_eq!(held("stock_on_hand", stock).as_deref(), Some("abc/Hq"));
    assert_eq!(held("sales_orders", r#"{"Guid":"ABC","Total":1.00001}"#).as_deref(), Some("abc"));
    assert_eq!(held("sales_orders", r#"{"Guid":{}}"#), None);
    assert_eq!(held("sales_orders", "7"), None);
}

#[test]
fn costs_keep_every_digit() {
    let document = r#"{"ProductGuid":"a","AvgCost":1774.93449333333333,"TotalCost":122470.480040000001}"#;
    let decoded = decode_one(&source("stock_totals"), document, Tz::UTC);
    let values: Vec<_> = decoded.records[0].values.iter().filter_map(shown).collect();
    assert!(values.contains(&"1774.93449333333333".to_owned()), "{values:?}");
    assert!(values.contains(&"122470.480040000001".to_owned()), "{values:?}");
}

#[test]
fn a_status_of_the_accounts_own_is_no_deletion() {
    let read = |status: &str| {
        let document = format!(r#"{{"Guid":"a","OrderStatus":"{status}"}}"#);
        decode_one(&source("sales_orders"), &document, Tz::UTC).records[0].operation
    };
    assert_eq!((read("Awaiting Paint"), read("Deleted")), (Operation::Upsert, Operation::Tombstone));
}

#[test]
fn the_catalog_is_valid() {
    let info = crate::unleashed::catalog();
    info.validate().expect("names are identifiers");
    assert!(
        info.streams.iter().all(|stream| stream.max_page == Some(1000) && !stream.description.is_empty())
    );
    let position = |name: &str| info.streams.iter().position(|stream| stream.name == name);
    assert!(position("warehouses") < position("stock_on_hand"));
}
