//! Every mapping against a page of its stream, and the catalog against its table in the README.

use std::{collections::BTreeMap, fmt::Write};

use bytes::Bytes;
use sentia_core::{Decoded, Value, decode::split, record::Operation, stream::Deletes, stream::Reading};
use serde_json::value::RawValue;

use super::{Source, catalog};

fn source(stream: &str) -> Source {
    catalog().into_iter().find(|source| source.info().name == stream).expect("in the catalog")
}

fn decode(source: &Source, body: &'static [u8]) -> Decoded {
    let body = Bytes::from_static(body);
    let envelope: BTreeMap<String, &RawValue> = serde_json::from_slice(&body).expect("an envelope");
    let documents = split(&body, envelope[source.endpoint.array]).expect("an array");
    source.decode_all(documents)
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
fn mapping(stream: &str, body: &'static [u8]) -> String {
    let source = source(stream);
    let info = source.info().clone();
    let decoded = decode(&source, body);
    let mut out = String::new();
    let row = |indent: &str, columns: &[sentia_core::stream::Column], values: &[Value]| {
        let cells =
            columns.iter().zip(values).filter_map(|(column, value)| Some((column.name, shown(value)?)));
        cells.map(|(name, value)| format!("{indent}{name}: {value}\n")).collect::<String>()
    };
    for record in &decoded.records {
        let deleted = if record.operation == Operation::Tombstone { ", deleted" } else { "" };
        let _ = writeln!(
            out,
            "{} version {:?} {}{deleted}",
            record.key, record.version.raw, record.version.order
        );
        out += &row("  ", &info.columns, &record.values);
        for (child, rows) in info.children.iter().zip(&record.children) {
            for values in rows {
                let _ = writeln!(out, "  - {}", child.name);
                out += &row("    ", &child.columns, values);
            }
        }
    }
    decoded.rejected.iter().for_each(|rejected| {
        let _ = writeln!(out, "rejected {:?}: {}", rejected.key, rejected.reason);
    });
    out
}

macro_rules! mapped {
    ($($stream:ident),*) => {
        $(
            #[test]
            fn $stream() {
                let name = stringify!($stream);
                insta::assert_snapshot!(name, mapping(name, include_bytes!(concat!("../fixtures/", stringify!($stream), ".json"))));
            }
        )*
    };
}

mapped!(organisations, accounts, items, contacts, invoices, credit_notes, payments);

#[test]
fn unknown_fields_and_absent_ones_change_nothing() {
    for source in catalog() {
        let key = source.info().key[0];
        let document = format!(r#"{{"{key}":"k","Novelty":{{"a":[1,2.5]}},"Name":null}}"#);
        let decoded = source.decode_all(vec![document.clone().into()]);
        assert_eq!(decoded.records.len(), 1, "{document}: {:?}", decoded.rejected);
        assert_eq!(decoded.records[0].version.order, 0);
    }
}

#[test]
fn a_record_without_its_key_is_rejected() {
    for source in catalog() {
        let key = source.info().key[0];
        for value in ["null", "\"\""] {
            let decoded = source.decode_all(vec![format!(r#"{{"{key}":{value}}}"#).into()]);
            assert_eq!((decoded.records.len(), decoded.rejected.len()), (0, 1), "{key} {value}");
            assert_eq!(decoded.rejected[0].key, None);
        }
    }
}

#[test]
fn a_number_that_does_not_fit_is_rejected_not_rounded() {
    let decoded = source("invoices").decode_all(vec![r#"{"InvoiceID":"i","Total":1.00001}"#.into()]);
    assert_eq!(decoded.rejected[0].key.as_deref(), Some("i"));
    assert!(decoded.rejected[0].reason.starts_with("total: "), "{}", decoded.rejected[0].reason);
}

/// The README's table, made of the catalog.
fn table() -> String {
    let mut table =
        String::from("| stream | key | read | deletions | child table |\n| --- | --- | --- | --- | --- |\n");
    for source in catalog() {
        let info = source.info();
        let read = match (info.reading, source.endpoint.paged) {
            (Reading::Full, _) => "everything, each time",
            (Reading::Incremental { .. }, false) => "changes, in one answer",
            (Reading::Incremental { .. }, true) => "changes, in pages of 1000",
        };
        let deletions = match info.deletes {
            Deletes::Never => "none",
            Deletes::Status => "`Status: DELETED`",
            Deletes::Sweep => "the row vanishes; swept",
        };
        let child = info.children.first().map(|child| format!("`{}`", child.name)).unwrap_or_default();
        let _ = writeln!(table, "| `{}` | `{}` | {read} | {deletions} | {child} |", info.name, info.key[0]);
    }
    table
}

#[test]
fn the_readme_has_the_catalogs_table() {
    assert!(include_str!("../README.md").contains(&table()), "replace the stream table with:\n{}", table());
}
