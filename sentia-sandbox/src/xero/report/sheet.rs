//! Rows and cells of a report. Values are strings, amounts without thousands separators.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::universe::Account;
use crate::xero::wire::Object;

/// One cell; its attributes say what it is about.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    value: String,
    attributes: Vec<(&'static str, String)>,
}

impl Cell {
    pub(super) fn text(value: impl Into<String>) -> Self {
        Self { value: value.into(), attributes: vec![] }
    }

    pub(super) fn blank() -> Self {
        Self::text("")
    }

    pub(super) fn money(amount: Decimal) -> Self {
        Self::text(if amount.is_zero() { "0.00".to_owned() } else { format!("{amount:.2}") })
    }

    pub(super) fn is(&self, value: &str) -> bool {
        self.value == value
    }

    pub(super) fn about(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    pub(super) fn of(self, account: &Account) -> Self {
        self.about("account", account.id.to_string())
    }

    pub(super) fn of_id(self, name: &'static str, id: Uuid) -> Self {
        self.about(name, id.to_string())
    }
}

/// One row.
#[derive(Clone, Debug)]
pub(super) enum Line {
    Section(&'static str, Vec<Line>),
    /// A row of cells and its type.
    Cells(&'static str, Vec<Cell>),
}

impl Line {
    pub(super) fn header(cells: Vec<Cell>) -> Self {
        Self::Cells("Header", cells)
    }

    pub(super) fn row(cells: Vec<Cell>) -> Self {
        Self::Cells("Row", cells)
    }

    pub(super) fn summary(title: &str, amounts: &[Decimal]) -> Self {
        Self::Cells("SummaryRow", with_title(title, amounts))
    }

    /// A total that is a row like any other, alone in a section without a title.
    pub(super) fn lone_row(title: &str, amounts: &[Decimal]) -> Self {
        Self::Section("", vec![Self::row(with_title(title, amounts))])
    }

    pub(super) fn lone_summary(title: &str, amounts: &[Decimal]) -> Self {
        Self::Section("", vec![Self::summary(title, amounts)])
    }
}

fn with_title(title: &str, amounts: &[Decimal]) -> Vec<Cell> {
    std::iter::once(Cell::text(title)).chain(amounts.iter().map(|amount| Cell::money(*amount))).collect()
}

/// Gives the first data row a type that nobody has heard of.
pub(super) fn rename_first_row(rows: &mut [Line], name: &'static str) {
    for row in rows {
        match row {
            Line::Section(_, inner) if !inner.is_empty() => return rename_first_row(inner, name),
            Line::Cells(kind, _) if *kind == "Row" => {
                *kind = name;
                return;
            }
            _ => {}
        }
    }
}

/// What stands above the rows.
pub(super) struct Head<'h> {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) titles: &'h [String],
    pub(super) date: String,
    pub(super) now: DateTime<Utc>,
}

pub(super) fn write(head: &Head<'_>, rows: &[Line]) -> String {
    let mut out = String::with_capacity(rows.len() * 512);
    let mut o = Object::begin(&mut out);
    o.text("ReportID", head.id).text("ReportName", head.name).text("ReportType", head.id);
    o.texts("ReportTitles", head.titles);
    o.text("ReportDate", &head.date).moment("UpdatedDateUTC", head.now).raw("Fields", "[]");
    o.array("Rows", rows, line);
    o.end();
    out
}

fn line(o: &mut Object<'_>, row: &Line) {
    match row {
        Line::Section(title, rows) => {
            o.text("RowType", "Section").text("Title", title).array("Rows", rows, line);
        }
        Line::Cells(kind, cells) => {
            o.text("RowType", kind).array("Cells", cells, |o, cell| {
                o.text("Value", &cell.value);
                if !cell.attributes.is_empty() {
                    o.array("Attributes", &cell.attributes, |o, (name, value)| {
                        o.text("Value", value).text("Id", name);
                    });
                }
            });
        }
    }
}
