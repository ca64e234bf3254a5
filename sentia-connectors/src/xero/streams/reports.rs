//! Xero's own reports: each read is a snapshot under the day it was made for.
//!
//! A report is a tree of rows meant for eyes: labels are localised and layouts are the user's. Each cell of a figure
//! becomes a child row that names the account by its id, so that nobody has to find a line by its text.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate};
use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::xero::wire::{List, Maybe};

/// Which report, and what it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::xero) enum Report {
    /// Assets, liabilities and equity on a day, beside the ends of the eleven months before.
    BalanceSheet,
    /// Income and expenses of the month so far, beside the eleven months before.
    ProfitAndLoss,
    /// Debits and credits of every account on a day.
    TrialBalance,
    /// What one customer owes, by age.
    AgedReceivables,
    /// What is owed to one supplier, by age.
    AgedPayables,
}

impl Report {
    /// Its path below `/api.xro/2.0/` for `day`, with what was asked; the contact is for the reports by contact.
    ///
    /// The standard layout is asked for: one made by a user may leave accounts out.
    pub(in crate::xero) fn path(self, day: NaiveDate, contact: &str) -> String {
        let first = day.with_day(1).unwrap_or(day);
        match self {
            Report::BalanceSheet => {
                format!("Reports/BalanceSheet?date={day}&periods=11&timeframe=MONTH&standardLayout=true")
            }
            Report::ProfitAndLoss => format!(
                "Reports/ProfitAndLoss?fromDate={first}&toDate={day}&periods=11&timeframe=MONTH&standardLayout=true"
            ),
            Report::TrialBalance => format!("Reports/TrialBalance?date={day}"),
            Report::AgedReceivables => {
                format!("Reports/AgedReceivablesByContact?contactId={contact}&date={day}")
            }
            Report::AgedPayables => format!("Reports/AgedPayablesByContact?contactId={contact}&date={day}"),
        }
    }

    /// Whether Xero makes it for one contact at a time.
    pub(in crate::xero) fn is_by_contact(self) -> bool {
        matches!(self, Report::AgedReceivables | Report::AgedPayables)
    }

    fn describe(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Report::BalanceSheet => (
                "report_balance_sheet",
                "report_balance_sheet_lines",
                "assets, liabilities and equity of twelve month ends, as of a day",
                "accounting.reports.balancesheet.read",
            ),
            Report::ProfitAndLoss => (
                "report_profit_and_loss",
                "report_profit_and_loss_lines",
                "income and expenses of twelve months, as of a day",
                "accounting.reports.profitandloss.read",
            ),
            Report::TrialBalance => (
                "report_trial_balance",
                "report_trial_balance_lines",
                "debits and credits of every account, as of a day",
                "accounting.reports.trialbalance.read",
            ),
            Report::AgedReceivables => (
                "report_aged_receivables",
                "report_aged_receivables_lines",
                "what a customer owes, by age, as of a day",
                "accounting.reports.aged.read",
            ),
            Report::AgedPayables => (
                "report_aged_payables",
                "report_aged_payables_lines",
                "what is owed to a supplier, by age, as of a day",
                "accounting.reports.aged.read",
            ),
        }
    }
}

/// The one report of an answer, with what it was asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(in crate::xero) struct Snapshot {
    /// Set by the reader: the report itself names its day in prose ("12 April 2019").
    #[serde(skip)]
    pub(in crate::xero) key: Text,
    #[serde(skip)]
    pub(in crate::xero) day: Option<NaiveDate>,
    #[serde(skip)]
    pub(in crate::xero) contact: Option<Text>,
    report_name: Maybe<Text>,
    report_date: Maybe<Text>,
    rows: List<Row>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Row {
    row_type: Maybe<Text>,
    title: Maybe<Text>,
    cells: List<Cell>,
    rows: List<Row>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Cell {
    value: Maybe<Text>,
    attributes: List<Attribute>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Attribute {
    id: Maybe<Text>,
    value: Maybe<Text>,
}

/// One cell of one row, with what its row and column say.
#[derive(Debug, Clone)]
struct Figure {
    section: Option<Text>,
    row_type: Option<Text>,
    label: Option<Text>,
    account_id: Option<Text>,
    column: Option<Text>,
    text: Option<Text>,
}

/// A snapshot is never deleted: the next one stands beside it.
pub(in crate::xero) fn stream(report: Report) -> Stream<Snapshot> {
    let (name, lines, description, scope) = report.describe();
    let key = if report.is_by_contact() { "contact_id/as_of" } else { "as_of" };
    Stream::new(name, key, |s: &Snapshot| s.key.clone())
        .describe(description)
        .scopes(&[scope])
        .columns(
            Fields::new()
                .date("as_of", |s: &Snapshot| s.day)
                .text("contact_id", |s| s.contact.clone())
                .text("report_name", |s| s.report_name.get())
                .text("report_date", |s| s.report_date.get()),
        )
        .children(
            lines,
            |s| Cow::Owned(s.figures()),
            Fields::new()
                .text("section", |f: &Figure| f.section.clone())
                .text("row_type", |f| f.row_type.clone())
                .text("label", |f| f.label.clone())
                .text("account_id", |f| f.account_id.clone())
                .text("column_title", |f| f.column.clone())
                .text("text", |f| f.text.clone())
                .decimal("value", |f| f.text.as_ref()?.parse::<Exact>().ok()),
        )
}

impl Snapshot {
    /// Every cell but the labels, row by row; columns are named by the header row above them.
    fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        let mut header: Vec<Option<Text>> = Vec::new();
        walk(&self.rows, None, &mut header, &mut figures);
        figures
    }
}

fn walk(rows: &[Row], section: Option<&Text>, header: &mut Vec<Option<Text>>, figures: &mut Vec<Figure>) {
    for row in rows {
        if row.row_type.as_str() == "Header" {
            *header = row.cells.iter().map(|cell| cell.value.get()).collect();
            continue;
        }
        let title = row.title.get();
        walk(&row.rows, title.as_ref().or(section), header, figures);
        let label = row.cells.first().and_then(|cell| cell.value.get());
        for (at, cell) in row.cells.iter().enumerate().skip(1) {
            figures.push(Figure {
                section: section.cloned(),
                row_type: row.row_type.get(),
                label: label.clone(),
                account_id: account(row, cell),
                column: header.get(at).cloned().flatten(),
                text: cell.value.get(),
            });
        }
    }
}

/// The account that a cell, or the label of its row, names. Cells of a row name the same one.
fn account(row: &Row, cell: &Cell) -> Option<Text> {
    let named = |cell: &Cell| {
        let attribute = cell.attributes.iter().find(|attribute| attribute.id.as_str() == "account")?;
        attribute.value.get()
    };
    named(cell).or_else(|| named(row.cells.first()?))
}
