//! Every mapping against a document of its stream, and the catalog against its table in the README.

use std::fmt::Write;

use sentia_core::{Value, stream::Deletes, stream::Reading};

use super::*;

fn shown(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => return None,
        Value::Text(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Boolean(truth) => truth.to_string(),
        Value::Amount(number) | Value::Decimal(number) => number.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(at) => at.to_rfc3339(),
    })
}

/// The record as lines of `column: value`, without what is null.
fn mapping(stream: &str, document: &'static str) -> String {
    let catalog = Catalog::all();
    let source = catalog.source(stream).expect("in the catalog");
    let record = source.decode_at(document.into(), &"place/at".into(), &[]).expect("readable");
    let mut out = format!("{} version {:?} {}\n", record.key, record.version.raw, record.version.order);
    for (column, value) in source.info().columns.iter().zip(&record.values) {
        if let Some(value) = shown(value) {
            let _ = writeln!(out, "  {}: {value}", column.name);
        }
    }
    out
}

macro_rules! mapped {
    ($($stream:ident),*) => {
        $(
            #[test]
            fn $stream() {
                let name = stringify!($stream);
                let document = include_str!(concat!("../fixtures/", stringify!($stream), ".json"));
                insta::assert_snapshot!(name, mapping(name, document));
            }
        )*
    };
}

mapped!(
    users,
    sites,
    lists,
    list_items,
    drives,
    drive_items,
    workbook_tables,
    workbook_rows,
    mailboxes,
    mail_folders,
    messages,
    events
);

#[test]
fn unknown_members_and_absent_ones_change_nothing() {
    for source in Catalog::all().sources {
        let document =
            r#"{"id":"k","novelty":{"a":[1,2.5]},"index":0,"type":"unknownFutureValue","subject":null}"#;
        source.decode_at(document.into(), &"p".into(), &[]).expect("readable");
    }
}

#[test]
fn a_document_without_its_key_is_rejected() {
    for source in Catalog::all().sources {
        if source.info().name != "workbook_rows" {
            assert!(source.decode(r#"{"id":""}"#.into()).is_err(), "{}", source.info().name);
        }
    }
}

/// The README's table, made of the catalog.
fn table() -> String {
    let mut table = String::from(
        "| stream | a record is | key | partitions | read | deletions | least permission |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for source in Catalog::all().sources {
        let info = source.info();
        let read = match info.reading {
            Reading::Resumable if info.name == "workbook_rows" => "everything, when the file has changed",
            Reading::Resumable => "changes",
            _ => "everything, each time",
        };
        let deletions = match (info.deletes, info.reading) {
            (Deletes::Sweep, Reading::Resumable) if info.name != "workbook_rows" => {
                "told; swept by a full read"
            }
            _ => "swept",
        };
        let key = if info.name == "workbook_rows" {
            "a column or the position".to_owned()
        } else {
            format!("`{}`", info.key.join("/"))
        };
        let partitions = info.partitioned_by.map(|parent| format!("`{parent}`")).unwrap_or_default();
        let scopes = match info.scopes.as_slice() {
            [both] => format!("`{both}`"),
            [application, delegated] => format!("app: {application}; user: {delegated}"),
            _ => String::new(),
        };
        let _ = writeln!(
            table,
            "| `{}` | {} | {key} | {partitions} | {read} | {deletions} | {scopes} |",
            info.name, info.description
        );
    }
    table
}

#[test]
fn the_readme_has_the_catalogs_table() {
    assert!(include_str!("../README.md").contains(&table()), "replace the stream table with:\n{}", table());
}

#[test]
fn every_name_can_stand_in_sql() {
    let info = crate::microsoft_graph::catalog();
    info.validate().expect("no name is taken");
    let names: Vec<_> = info.streams.iter().map(|stream| stream.name).collect();
    for stream in &info.streams {
        let before = |parent| {
            names.iter().position(|name| *name == parent) < names.iter().position(|name| *name == stream.name)
        };
        assert!(stream.partitioned_by.is_none_or(before), "{}", stream.name);
        assert!(!stream.scopes.is_empty() && !stream.description.is_empty(), "{}", stream.name);
    }
}
