//! Statements on whichever database a connection speaks to.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait, QueryResult, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait, Value,
};
use sentia_core::Result;

use crate::{
    connect::Store,
    entity::job::{Entity, Model},
    error::orm_error,
};

/// Begins to write: on SQLite as the only one, so that what is read stays true until the commit.
pub(crate) async fn begin(store: &Store) -> Result<DatabaseTransaction> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    store.0.writing_orm().begin_with_options(options).await.map_err(orm_error)
}

/// The clauses in which the databases differ. SQLite has one writer, which needs no locks of rows.
pub(super) fn filled<C: ConnectionTrait>(connection: &C, sql: &str) -> String {
    let [update, share, skip] = match connection.get_database_backend() {
        DbBackend::Postgres => ["FOR UPDATE", "FOR SHARE", "FOR UPDATE SKIP LOCKED"],
        _ => ["", "", ""],
    };
    sql.replace("{for_update}", update).replace("{for_share}", share).replace("{skip_locked}", skip)
}

/// A row of placeholders, each used once and in order. SQLite looks a numbered one up among all others, which takes
/// seconds for thousands of them.
pub(super) fn places<C: ConnectionTrait>(connection: &C, first: usize, count: usize) -> String {
    let place = |at| match connection.get_database_backend() {
        DbBackend::Postgres => format!("${at}"),
        _ => "?".to_owned(),
    };
    (first..first + count).map(place).collect::<Vec<_>>().join(", ")
}

fn statement<C: ConnectionTrait>(connection: &C, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(connection.get_database_backend(), filled(connection, sql), values)
}

pub(super) async fn execute<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<u64> {
    let done = connection.execute_raw(statement(connection, sql, values)).await.map_err(orm_error)?;
    Ok(done.rows_affected())
}

pub(super) async fn query<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<QueryResult>> {
    connection.query_all_raw(statement(connection, sql, values)).await.map_err(orm_error)
}

/// Runs a statement that gives whole rows of `sentia_jobs`.
pub(super) async fn jobs<C: ConnectionTrait>(
    connection: &C,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Model>> {
    Entity::find().from_raw_sql(statement(connection, sql, values)).all(connection).await.map_err(orm_error)
}

/// One column of one row.
pub(super) fn column<T: sea_orm::TryGetable>(row: &QueryResult, name: &str) -> Result<T> {
    row.try_get("", name).map_err(orm_error)
}
