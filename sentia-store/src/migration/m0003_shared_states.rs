//! Small states that processes share: budgets, breakers, leases.

use sea_orm_migration::prelude::*;

use super::execute;

/// Read and replaced by its key.
const TABLE: &str = "CREATE TABLE sentia_states (name {text} PRIMARY KEY, version {integer} NOT NULL, \
                     body {text} NOT NULL, updated {timestamp} NOT NULL)";

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0003_shared_states"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, &[TABLE]).await
    }
}
