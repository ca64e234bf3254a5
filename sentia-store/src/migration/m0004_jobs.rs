//! Jobs, and whose turn it is.

use sea_orm_migration::prelude::*;

use super::execute;

/// Times are milliseconds since 1970, because a job's rank is reckoned from them.
const STATEMENTS: [&str; 8] = [
    "CREATE TABLE sentia_jobs (id {text} PRIMARY KEY, tenant {text} NOT NULL, kind {text} NOT NULL, lane {text}, \
     payload {text} NOT NULL, payload_version {integer} NOT NULL, priority {integer} NOT NULL, unique_key {text}, \
     run_at_ms {integer} NOT NULL, rank {integer} NOT NULL, state {text} NOT NULL, dirty {boolean} NOT NULL, \
     cancel {boolean} NOT NULL, attempt {integer} NOT NULL, max_attempts {integer} NOT NULL, \
     fence {integer} NOT NULL, worker {text}, until_ms {integer}, note {text}, created_ms {integer} NOT NULL, \
     finished_ms {integer})",
    // A tenant's best job of a kind, and whether it has one: all that a claim looks at stands in the index.
    "CREATE INDEX sentia_jobs_queue ON sentia_jobs (tenant, kind, rank, id, run_at_ms, lane) WHERE state = 'queued'",
    "CREATE UNIQUE INDEX sentia_jobs_unique ON sentia_jobs (tenant, kind, unique_key) \
     WHERE unique_key IS NOT NULL AND state IN ('queued', 'running')",
    // The last word on lanes.
    "CREATE UNIQUE INDEX sentia_jobs_lane ON sentia_jobs (tenant, lane) WHERE lane IS NOT NULL AND state = 'running'",
    // Leases that have ended.
    "CREATE INDEX sentia_jobs_lease ON sentia_jobs (until_ms) WHERE state = 'running'",
    // Retention.
    "CREATE INDEX sentia_jobs_finished ON sentia_jobs (finished_ms) WHERE finished_ms IS NOT NULL",
    // The turns of tenants, counted and not timed: a clock that jumps puts nobody last.
    "CREATE TABLE sentia_job_tenants (tenant {text} PRIMARY KEY, served {integer} NOT NULL)",
    "CREATE INDEX sentia_job_tenants_served ON sentia_job_tenants (served, tenant)",
];

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0004_jobs"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, &STATEMENTS).await
    }
}
