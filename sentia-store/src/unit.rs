//! One unit of work: a transaction on either database, spoken to in one way.

use sentia_core::Result;

use crate::cell::{Cell, CellKind};

/// Rows for one table: names and kinds of columns, and the cells row by row.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) table: &'a str,
    pub(crate) columns: Vec<(&'a str, CellKind)>,
    pub(crate) cells: Vec<Cell<'a>>,
}

impl<'a> Rows<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Cell<'a>]> {
        self.cells.chunks_exact(self.columns.len())
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn len(&self) -> usize {
        self.cells.len() / self.columns.len()
    }
}

/// A transaction. Statements use `$1`, `$2`, ... once each and in order.
///
/// On SQLite the futures never wait: the whole unit runs on one blocking thread.
pub(crate) trait Unit {
    /// The clause that locks a selected row for this transaction; empty where the transaction locks everything.
    const FOR_UPDATE: &'static str;

    /// The clause that keeps others from changing a selected row, likewise.
    const FOR_SHARE: &'static str;

    /// Runs a statement and returns how many rows it touched.
    async fn execute(&mut self, sql: &str, parameters: &[Cell<'_>]) -> Result<u64>;

    /// Runs a query whose columns are of `kinds`.
    async fn query(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        kinds: &[CellKind],
    ) -> Result<Vec<Vec<Cell<'static>>>>;

    /// Runs a query once for all `keys`: its last parameter is the key, compared with `{in_keys}`.
    async fn query_keys(
        &mut self,
        sql: &str,
        parameters: &[Cell<'_>],
        keys: &[&str],
        kinds: &[CellKind],
    ) -> Result<Vec<Vec<Cell<'static>>>>;

    /// Runs a statement for all `keys`; see [`query_keys`](Self::query_keys).
    async fn execute_keys(&mut self, sql: &str, parameters: &[Cell<'_>], keys: &[&str]) -> Result<u64>;

    /// Takes `count` row ids of a stream's table that no row and no child row bears.
    async fn row_ids(&mut self, table: &str, children: &[String], count: usize) -> Result<Vec<i64>>;

    /// Inserts rows that are not there yet, by the database's fastest way.
    async fn insert(&mut self, rows: &Rows<'_>) -> Result<()>;

    /// Updates rows that are there; the first `key_columns` columns identify a row.
    async fn update(&mut self, rows: &Rows<'_>, key_columns: usize) -> Result<()>;
}
