//! The tables against the answers they were made of, byte for byte and amount for amount.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, value::RawValue};

use crate::database::Database;

/// The members of the list `array`, as an answer writes them.
pub(super) fn listed(answer: &str, array: &str) -> BTreeSet<String> {
    let envelope: BTreeMap<&str, &RawValue> = serde_json::from_str(answer).expect("an object");
    let list: Vec<&RawValue> = serde_json::from_str(envelope[array].get()).expect("a list");
    list.into_iter().map(|document| document.get().to_owned()).collect()
}

/// The documents of a table.
pub(super) async fn stored(database: &Database, table: &str) -> BTreeSet<String> {
    let rows = database.rows(&format!("SELECT document FROM {table}")).await;
    rows.into_iter().map(|mut row| row.remove(0)).collect()
}

/// Asserts that each amount in a column is the number that its row's own document holds at `pointer`.
pub(super) async fn amounts_are_true(database: &Database, table: &str, column: &str, pointer: &str) {
    let sql = format!("SELECT document, {} FROM {table}", database.amount(column));
    let rows = database.rows(&sql).await;
    assert!(!rows.is_empty(), "{table} is empty");
    for row in rows {
        let document: Value = serde_json::from_str(&row[0]).expect("a document");
        let expected = match document.pointer(pointer) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(number)) => ten_thousandths(number),
            Some(number) => ten_thousandths(&number.to_string()),
        };
        assert_eq!(row[1], expected, "{table}.{column} of {}", row[0]);
    }
}

fn ten_thousandths(number: &str) -> String {
    let number: Decimal = number.parse().expect("a number");
    (number * Decimal::from(10_000)).normalize().to_string()
}
