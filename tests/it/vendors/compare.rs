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
