//! Schedules' states beside the jobs that they order, and what workers and operators look jobs up by.

use sea_orm_migration::prelude::*;

#[cfg(feature = "postgres")]
use super::dialect;
use super::execute;
#[cfg(feature = "postgres")]
use crate::dialect::Dialect;

const STATEMENTS: [&str; 4] = [
    "CREATE TABLE sentia_schedules (name {text} PRIMARY KEY, version {integer} NOT NULL, definition {text} NOT NULL, \
     state_json {text} NOT NULL)",
    "ALTER TABLE sentia_jobs ADD COLUMN schedule {text}",
    // When the next job of a kind falls due.
    "CREATE INDEX sentia_jobs_due ON sentia_jobs (kind, run_at_ms) WHERE state = 'queued'",
    // Dead letters, listed and counted.
    "CREATE INDEX sentia_jobs_dead ON sentia_jobs (tenant, kind) WHERE state = 'dead'",
];

/// How PostgreSQL keeps rows that are written over and over.
#[cfg(feature = "postgres")]
const POSTGRES: [&str; 4] = [
    // There is room for a job's next states beside it, and what it leaves behind is cleared away by numbers, not by shares
    // of a table that may be large.
    "ALTER TABLE sentia_jobs SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, \
     autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0)",
    "ALTER TABLE sentia_job_tenants SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, \
     autovacuum_vacuum_threshold = 500, autovacuum_vacuum_cost_delay = 0)",
    // It would search by a key that stands behind one it does not know, page by page: those are beside the keys.
    "DROP INDEX sentia_jobs_queue",
    "CREATE INDEX sentia_jobs_queue ON sentia_jobs (tenant, kind, rank, id) INCLUDE (run_at_ms, lane) \
     WHERE state = 'queued'",
];

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0005_schedules"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, &STATEMENTS).await?;
        #[cfg(feature = "postgres")]
        if dialect(manager)? == Dialect::Postgres {
            execute(manager, &POSTGRES).await?;
        }
        Ok(())
    }
}
