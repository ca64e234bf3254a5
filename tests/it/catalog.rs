//! docs/connectors.md is what the catalogs say.

use std::{fmt::Write, path::Path, time::Duration};

use sentia::{
    ColumnKind, ConnectorInfo, StreamInfo,
    connectors::{amazon, microsoft_graph, shopify, unleashed, xero},
    stream::{Column, Deletes, Reading},
    transport::Limit,
};

use crate::database::variable;

/// Each vendor as the document calls it, with the feature that switches it on.
fn vendors() -> Vec<(&'static str, &'static str, ConnectorInfo)> {
    vec![
        ("Shopify", "shopify", shopify::catalog()),
        ("Xero", "xero", xero::catalog()),
        ("Amazon Selling Partner API", "amazon", amazon::catalog()),
        ("Unleashed", "unleashed", unleashed::catalog()),
        ("Microsoft Graph", "microsoft-graph", microsoft_graph::catalog()),
    ]
}

const HEAD: &str = "\
# Connectors

Generated from the catalogs by `SENTIA_BLESS=1 cargo xtask test -p sentia --test it catalog`; a test fails when it
differs. Each table is named `<vendor>_<stream>`; beside the columns listed here it has the bookkeeping columns of
[concepts.md](concepts.md) and the vendor's whole document. A child table is replaced as a set with its parent.

- *read*: everything each time; what changed since the checkpoint, by the field named; or what changed since the vendor's
  own resume token.
- *deletions*: a status or field of the document, or an event, as soon as the record is read; or found missing by the next
  proved full read.
- *again*: how often everything is read again, and how far back an increment reaches once a day.
- *export*: from how many records on a full read comes by the vendor's own export.
- *span*: the longest span the vendor answers for in one question; longer ones are cut.
";

fn document() -> String {
    let mut text = HEAD.to_owned();
    for (name, feature, info) in vendors() {
        let _ =
            write!(text, "\n## {name}\n\nFeature `{feature}`. Limits kept: {}.\n\n", limits(&info.limits));
        text +=
            "| stream | what | key | read | deletions | again | export | span | page | read by | scopes |\n";
        text += "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
        for stream in &info.streams {
            let _ = writeln!(text, "{}", row(stream));
        }
        for stream in &info.streams {
            let _ = write!(text, "\n{}", columns(info.vendor, stream));
        }
    }
    text
}

fn limits(limits: &[Limit]) -> String {
    let of = |limit: &Limit| match limit {
        Limit::Calls { calls, per } => format!("{calls} calls per {}", span(*per)),
        Limit::Bytes { bytes, per } => format!("{bytes} bytes per {}", span(*per)),
        Limit::Points { maximum, restore_per_second } => {
            format!("a bucket of {maximum} points that regains {restore_per_second} a second")
        }
        Limit::Operation { operation, per_second, burst } => {
            format!("`{operation}` {per_second}/s, burst {burst}")
        }
        Limit::Learned { floor, ceiling, .. } => {
            format!("a rate learned between {floor} and {ceiling} a second")
        }
        Limit::Concurrent(calls) => format!("{calls} calls at once"),
    };
    limits.iter().map(of).collect::<Vec<_>>().join("; ")
}

fn row(stream: &StreamInfo) -> String {
    assert!(!stream.description.is_empty(), "{} says what it is", stream.name);
    let read = match stream.reading {
        Reading::Full => "everything".to_owned(),
        Reading::Incremental { cursor } => format!("by `{cursor}`, {} behind", span(stream.overlap)),
        Reading::Resumable => "by the vendor's token".to_owned(),
    };
    let deletions = match stream.deletes {
        Deletes::Never => "",
        Deletes::Status => "said",
        Deletes::Sweep => "found missing",
    };
    let full = stream.full_every.map(|every| format!("all every {}", span(every)));
    let back = stream.reread_window.map(|window| format!("{} back", span(window)));
    let cells = [
        format!("`{}`", stream.name),
        stream.description.to_owned(),
        stream.key.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
        read,
        deletions.to_owned(),
        full.into_iter().chain(back).collect::<Vec<_>>().join(", "),
        stream.export.map(|export| format!("from {}", export.from_records)).unwrap_or_default(),
        stream.max_window.map(span).unwrap_or_default(),
        stream.max_page.map(|page| page.to_string()).unwrap_or_default(),
        stream.partitioned_by.map(|parent| format!("each of `{parent}`")).unwrap_or_default(),
        stream.scopes.iter().map(|scope| format!("`{scope}`")).collect::<Vec<_>>().join(", "),
    ];
    format!("| {} |", cells.join(" | "))
}

fn columns(vendor: &str, stream: &StreamInfo) -> String {
    let list = |columns: &[Column]| {
        let column = |column: &Column| format!("{} {}", column.name, kind(column.kind));
        columns.iter().map(column).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("`{vendor}_{}`: {}\n", stream.name, list(&stream.columns));
    for child in &stream.children {
        let _ = writeln!(text, "\n`{vendor}_{}`, of `{}`: {}", child.name, stream.name, list(&child.columns));
    }
    text
}

fn kind(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Integer => "integer",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Amount => "amount",
        ColumnKind::Decimal => "decimal",
        ColumnKind::Date => "date",
        ColumnKind::Timestamp => "timestamp",
    }
}

/// In the largest unit that leaves no rest.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size)).unwrap_or((1, "second"));
    match seconds / size {
        1 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

#[test]
fn the_document_is_what_the_catalogs_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/connectors.md");
    let expected = document();
    if variable("SENTIA_BLESS").is_some() {
        std::fs::write(&path, &expected).expect("the document is written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "docs/connectors.md is out of date; run the command that it names");
}
