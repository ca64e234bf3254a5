//! Every mapping against a page of its stream, and the catalog against its table in the README.

use std::fmt::Write;

use bytes::Bytes;
use sentia_core::{Decoded, Value, decode::Walk, record::Operation};

use super::{super::envelope::Envelope, Entry, Report, Source, reports, sources};

fn source(stream: &str) -> Source {
    sources().into_iter().find(|source| source.info().name == stream).expect("in the catalog")
}

fn lists() -> impl Iterator<Item = Box<dyn Entry>> {
    sources().into_iter().filter_map(|source| match source {
        Source::List { entry, .. } => Some(entry),
        Source::Report { .. } => None,
    })
}

fn decode(source: &Source, body: &'static [u8]) -> Decoded {
    let body = Bytes::from_static(body);
    let Source::List { endpoint, entry } = source else { panic!("a list") };
    let envelope = Envelope::read(&body, endpoint.array, |walk| entry.decode(walk)).expect("an envelope");
    envelope.records.expect("the list")
}

/// One document as the only one of its list.
fn decode_one(entry: &dyn Entry, document: &str) -> Decoded {
    let list = format!("[{document}]").into();
    Walk::whole(&list, |walk| entry.decode(walk)).expect("a list")
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

mapped!(
    organisations,
    accounts,
    items,
    contacts,
    invoices,
    credit_notes,
    payments,
    prepayments,
    overpayments,
    bank_transactions,
    bank_transfers,
    purchase_orders,
    quotes,
    manual_journals,
    tax_rates,
    tracking_categories,
    currencies
);

#[test]
fn unknown_fields_and_absent_ones_change_nothing() {
    for entry in lists() {
        let key = entry.info().key[0];
        let document = format!(r#"{{"{key}":"k","Novelty":{{"a":[1,2.5]}},"Name":null}}"#);
        let decoded = decode_one(&*entry, &document);
        assert_eq!(decoded.records.len(), 1, "{document}: {:?}", decoded.rejected);
        assert_eq!(decoded.records[0].version.order, 0);
    }
}

#[test]
fn a_record_without_its_key_is_rejected() {
    for entry in lists() {
        let key = entry.info().key[0];
        for value in ["null", "\"\""] {
            let decoded = decode_one(&*entry, &format!(r#"{{"{key}":{value}}}"#));
            assert_eq!((decoded.records.len(), decoded.rejected.len()), (0, 1), "{key} {value}");
            assert_eq!(decoded.rejected[0].key, None);
        }
    }
}

#[test]
fn a_number_that_does_not_fit_is_rejected_not_rounded() {
    let Source::List { entry, .. } = source("invoices") else { panic!("a list") };
    let decoded = decode_one(&*entry, r#"{"InvoiceID":"i","Total":1.00001}"#);
    assert_eq!(decoded.rejected[0].key.as_deref(), Some("i"));
    assert!(decoded.rejected[0].reason.starts_with("total: "), "{}", decoded.rejected[0].reason);
}

#[test]
fn every_figure_of_a_report_names_its_row_column_and_account() {
    let stream = reports::stream(Report::BalanceSheet);
    let document = Bytes::from_static(
        br#"{"ReportName":"Balance Sheet","ReportDate":"1 March 2026","Rows":[
          {"RowType":"Header","Cells":[{"Value":""},{"Value":"01 Mar 2026"},{"Value":"31 Jan 2026"}]},
          {"RowType":"Section","Title":"Assets"},
          {"RowType":"Section","Title":"Bank","Rows":[
            {"RowType":"Row","Cells":[
              {"Value":"Current","Attributes":[{"Value":"acc-1","Id":"account"}]},
              {"Value":"-1250.40","Attributes":[{"Value":"acc-1","Id":"account"}]},
              {"Value":""}]},
            {"RowType":"SummaryRow","Cells":[{"Value":"Total Bank"},{"Value":"-1250.40"},{"Value":"7.00"}]}]},
          {"RowType":"Section","Title":"","Rows":[
            {"RowType":"Row","Cells":[{"Value":"Net Assets"},{"Value":"n/a"},{"Value":"7.00"}]}]}]}"#,
    );
    let mut snapshot = stream.wire(&document).expect("readable");
    snapshot.key = "2026-03-01".into();
    let record = stream.record(&snapshot, sentia_core::record::Document::new(document)).expect("a record");
    let rows: Vec<String> = record.children[0]
        .iter()
        .map(|row| row.iter().map(|value| shown(value).unwrap_or_default()).collect::<Vec<_>>().join(" | "))
        .collect();
    insta::assert_snapshot!("report_lines", rows.join("\n"));
}
