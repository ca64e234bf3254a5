//! The engine's ports, implemented by the store.

use async_trait::async_trait;
use sentia_core::{
    Batch, Checkpoint, Key, Receipt, RecordReader, Result, StreamId, StreamTable, SyncSink,
    batch::Settlement, certificate::Sweep,
};

use crate::{
    cell::{Cell, CellKind},
    checkpoint::{self, Lock},
    commit,
    connect::Store,
    dialect::{Dialect, quoted},
    error::corrupt,
    quarantine::{self, QuarantineEntry},
    table,
    unit::Unit,
};

/// Runs the same work in one writing transaction on whichever database this is.
macro_rules! in_unit {
    ($store:expr, |$unit:ident| $work:expr) => {
        crate::sink::in_transaction!($store, writer, Write, begin, |$unit| $work)
    };
}

/// Runs the same work in one writing transaction that survives a power loss once it returned.
macro_rules! in_durable_unit {
    ($store:expr, |$unit:ident| $work:expr) => {
        crate::sink::in_transaction!($store, writer, WriteDurably, begin, |$unit| $work)
    };
}
pub(crate) use in_durable_unit;

/// Runs the same work on one state of whichever database this is, beside writers.
macro_rules! in_snapshot {
    ($store:expr, |$unit:ident| $work:expr) => {
        crate::sink::in_transaction!($store, reader, Read, snapshot, |$unit| $work)
    };
}
pub(crate) use in_snapshot;

macro_rules! in_transaction {
    ($store:expr, $pool:ident, $access:ident, $begin:ident, |$unit:ident| $work:expr) => {{
        let store: &Store = $store;
        match store.0.dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => {
                let connection = store.0.$pool().acquire().await.map_err(crate::error::store_error)?;
                let work = async move |$unit: &mut crate::sqlite::SqliteUnit| $work;
                crate::sqlite::transaction(connection, crate::sqlite::Access::$access, work).await
            }
            #[cfg(feature = "postgres")]
            Dialect::Postgres => {
                let pool = store.0.orm.get_postgres_connection_pool();
                let mut begun = crate::postgres::PostgresUnit::$begin(pool).await?;
                let $unit = &mut begun;
                let outcome: Result<_> = $work;
                let value = outcome?;
                begun.commit().await?;
                Ok(value)
            }
        }
    }};
}
pub(crate) use in_transaction;

impl Store {
    /// Makes the stream's tables where they are missing. Commits call it themselves.
    ///
    /// # Errors
    /// `ConfigInvalid` when a table of that name belongs to somebody else; `Store` when the database fails.
    pub async fn ensure_table(&self, table: &StreamTable) -> Result<()> {
        let name = table.name();
        if self.0.ensured.lock().await.contains(&name) {
            return Ok(());
        }
        table.info().validate()?;
        let dialect = self.0.dialect;
        let wanted = table.clone();
        in_unit!(self, |unit| {
            one_at_a_time(unit, dialect).await?;
            table::ensure(unit, dialect, &wanted).await
        })?;
        self.0.ensured.lock().await.insert(name);
        Ok(())
    }

    /// Lists what is in quarantine of one partition, oldest first.
    ///
    /// # Errors
    /// `Store` when the database fails.
    pub async fn quarantined(&self, stream: &StreamId) -> Result<Vec<QuarantineEntry>> {
        let stream = stream.clone();
        in_snapshot!(self, |unit| quarantine::list(unit, &stream).await)
    }
}

/// Two workers may make the same table at once; PostgreSQL reports that as a duplicate key of its own catalog.
async fn one_at_a_time(unit: &mut impl Unit, dialect: Dialect) -> Result<()> {
    match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => {
            let _ = unit;
            Ok(())
        }
        #[cfg(feature = "postgres")]
        Dialect::Postgres => unit.execute("SELECT pg_advisory_xact_lock(7361010431)", &[]).await.map(drop),
    }
}

#[async_trait]
impl SyncSink for Store {
    async fn checkpoint(&self, stream: &StreamId) -> Result<Option<Checkpoint>> {
        let stream = stream.clone();
        in_snapshot!(self, |unit| checkpoint::read(unit, &stream, Lock::Shared).await)
    }

    async fn commit(&self, batch: Batch) -> Result<Receipt> {
        let stream = batch.stream.clone();
        let located = |error: sentia_core::Error| error.operation("store.commit").context("stream", &stream);
        self.ensure_table(&batch.table).await.map_err(located)?;
        let outcome = async { in_unit!(self, |unit| commit::commit(unit, batch).await) }.await;
        let receipt = outcome.map_err(located)?;
        commit::stage("commit.after");
        if let Some(Settlement::Proved(certificate)) = &receipt.settlement
            && let Sweep::Held { missing, live } = certificate.sweep
        {
            tracing::warn!(%stream, missing, live, "sweep held for confirmation");
        }
        Ok(receipt)
    }
}

#[async_trait]
impl RecordReader for Store {
    async fn live_keys(&self, stream: &StreamId, table: &StreamTable) -> Result<Vec<Key>> {
        live(self, stream, table, "key").await
    }

    async fn live_partitions(&self, stream: &StreamId, table: &StreamTable) -> Result<Vec<Key>> {
        live(self, stream, table, "DISTINCT partition").await
    }
}

async fn live(store: &Store, stream: &StreamId, table: &StreamTable, what: &str) -> Result<Vec<Key>> {
    store.ensure_table(table).await?;
    let sql = format!(
        "SELECT {what} FROM {} WHERE tenant = $1 AND connection = $2 AND deleted IS NULL ORDER BY 1",
        quoted(&table.name())
    );
    let stream = stream.clone();
    let rows = in_snapshot!(store, |unit| {
        let cells = [Cell::text(&stream.tenant), Cell::text(&stream.connection)];
        unit.query(&sql, &cells, &[CellKind::Text]).await
    })?;
    rows.iter().map(|row| row[0].as_str().map(Key::from).ok_or_else(|| corrupt("key"))).collect()
}
