//! Tables by plain SQL against records of the truth.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use sentia_sandbox::universe::{Presence, TruthRecord};

use crate::database::Database;

/// One table of one connection and what it must hold.
pub(super) struct Table<'a> {
    pub(super) database: &'a Database,
    pub(super) connection: &'a str,
    pub(super) name: &'a str,
    /// The truth's name of each amount, and the column.
    pub(super) amounts: &'a [(&'a str, &'a str)],
    /// Makes the truth's key of a row's partition and key.
    pub(super) key: fn(&str, &str) -> String,
}

/// A child table, the column that holds the truth's key, and its numbers: the truth's name and the column.
pub(super) struct Child<'a> {
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) numbers: &'a [(&'a str, Number<'a>)],
}

/// A column of a child table.
pub(super) enum Number<'a> {
    Amount(&'a str),
    Integer(&'a str),
}

/// The key alone.
pub(super) fn key(_: &str, key: &str) -> String {
    key.to_owned()
}

/// The partition's name before it.
pub(super) fn within(partition: &str, key: &str) -> String {
    format!("{partition}/{key}")
}

impl Table<'_> {
    /// Holds live rows and their amounts against the live records, both ways.
    ///
    /// `is_live` says which records a copy shows as live; what the vendor archives or voids is live in some streams.
    pub(super) async fn is_true(&self, truth: Vec<TruthRecord>, is_live: fn(&TruthRecord) -> bool) {
        let amounts: Vec<String> =
            self.amounts.iter().map(|(_, column)| format!(", {}", self.database.amount(column))).collect();
        let sql = format!(
            "SELECT partition, key{} FROM {} WHERE connection = '{}' AND deleted IS NULL",
            amounts.concat(),
            self.name,
            self.connection
        );
        let row = |row: Vec<String>| ((self.key)(&row[0], &row[1]), row[2..].to_vec());
        let rows = self.database.rows(&sql).await;
        let count = rows.len();
        let found: BTreeMap<String, Vec<String>> = rows.into_iter().map(row).collect();
        assert_eq!(count, found.len(), "{}: a record has two live rows", self.name);
        let record = |record: TruthRecord| {
            let amount =
                |(name, _): &(&str, &str)| record.amounts.get(name).map(ten_thousandths).unwrap_or_default();
            (record.key.clone(), self.amounts.iter().map(amount).collect::<Vec<_>>())
        };
        let expected: BTreeMap<String, Vec<String>> = truth.into_iter().filter(is_live).map(record).collect();
        let wrong = |(key, amounts): &(&String, &Vec<String>)| found.get(*key) != Some(*amounts);
        let wrong: Vec<_> =
            expected.iter().filter(wrong).map(|(key, amounts)| (key, amounts, found.get(key))).collect();
        let extra: Vec<_> = found.keys().filter(|key| !expected.contains_key(*key)).collect();
        assert!(
            wrong.is_empty() && extra.is_empty(),
            "{} of {}: {} wrong or missing {:?}, {} too many {:?}",
            self.name,
            self.connection,
            wrong.len(),
            &wrong[..wrong.len().min(3)],
            extra.len(),
            &extra[..extra.len().min(3)]
        );
    }

    /// Holds the rows of a child table whose parents are live against the live records, both ways.
    pub(super) async fn children_are_true(&self, child: Child<'_>, truth: Vec<TruthRecord>) {
        let number = |(_, column): &(&str, Number<'_>)| match column {
            Number::Amount(column) => self.database.amount(&format!("c.{column}")),
            Number::Integer(column) => format!("CAST(c.{column} * 10000 AS text)"),
        };
        let numbers: Vec<String> = child.numbers.iter().map(|pair| format!(", {}", number(pair))).collect();
        let sql = format!(
            "SELECT c.{}{} FROM {} c JOIN {} p ON p.row_id = c.parent_row_id \
             WHERE p.connection = '{}' AND p.deleted IS NULL",
            child.id,
            numbers.concat(),
            child.name,
            self.name,
            self.connection
        );
        let mut found = self.database.rows(&sql).await;
        let record = |record: TruthRecord| {
            let numbers = child.numbers.iter().map(|(name, _)| ten_thousandths(&record.amounts[name]));
            std::iter::once(record.key.clone()).chain(numbers).collect::<Vec<_>>()
        };
        let mut expected: Vec<Vec<String>> = truth.into_iter().filter(live).map(record).collect();
        found.sort();
        expected.sort();
        let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        assert!(
            found == expected,
            "{}: {} rows, {} expected; {differs:?}",
            child.name,
            found.len(),
            expected.len()
        );
    }

    /// Holds a status column of live rows against the words of the truth.
    pub(super) async fn has_statuses(&self, column: &str, truth: Vec<TruthRecord>) {
        let sql = format!(
            "SELECT key, {column} FROM {} WHERE connection = '{}' AND deleted IS NULL",
            self.name, self.connection
        );
        let pair = |row: Vec<String>| (row[0].clone(), row[1].clone());
        let found: BTreeMap<String, String> = self.database.rows(&sql).await.into_iter().map(pair).collect();
        let pair = |record: TruthRecord| (record.key, record.status.unwrap_or_default());
        let expected: BTreeMap<String, String> = truth.into_iter().filter(live).map(pair).collect();
        let differs = expected.iter().find(|(key, status)| found.get(*key) != Some(status));
        assert!(found == expected, "{}.{column}: {differs:?}", self.name);
    }

    /// Counts the rows of a child table whose parents are live.
    pub(super) async fn has_children(&self, child: &str, expected: usize) {
        let sql = format!(
            "SELECT CAST(count(*) AS text) FROM {child} c JOIN {} p ON p.row_id = c.parent_row_id \
             WHERE p.connection = '{}' AND p.deleted IS NULL",
            self.name, self.connection
        );
        let rows = self.database.rows(&sql).await;
        assert_eq!(rows[0][0], expected.to_string(), "{child}");
    }
}

/// Live as most vendors mean it.
pub(super) fn live(record: &TruthRecord) -> bool {
    matches!(record.presence, Presence::Live | Presence::Archived)
}

fn ten_thousandths(amount: &Decimal) -> String {
    (*amount * Decimal::from(10_000)).normalize().to_string()
}
