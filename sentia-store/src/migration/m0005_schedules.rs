//! Schedules' states beside the jobs that they order, and what workers and operators look jobs up by.

use sea_orm_migration::prelude::*;

use super::dialect;

const STATEMENTS: [&str; 4] = [
    "CREATE TABLE sentia_schedules (name {text} PRIMARY KEY, version {integer} NOT NULL, definition {text} NOT NULL, \
     state_json {text} NOT NULL)",
    "ALTER TABLE sentia_jobs ADD COLUMN schedule {text}",
    // When the next job of a kind falls due.
    "CREATE INDEX sentia_jobs_due ON sentia_jobs (kind, run_at_ms) WHERE state = 'queued'",
    // Dead letters, listed and counted.
    "CREATE INDEX sentia_jobs_dead ON sentia_jobs (tenant, kind) WHERE state = 'dead'",
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
        let dialect = dialect(manager)?;
        for statement in STATEMENTS {
            manager.get_connection().execute_unprepared(&dialect.ddl(statement)).await?;
        }
        Ok(())
    }
}
