//! Partitions get a second window, in the background, and manifests say which of the two they belong to.

use sea_orm_migration::prelude::*;

use super::execute;

const COLUMNS: [&str; 3] = [
    "ALTER TABLE sentia_checkpoints ADD COLUMN background_json {text}",
    "ALTER TABLE sentia_checkpoints ADD COLUMN backfilled_json {text}",
    "ALTER TABLE sentia_manifests ADD COLUMN slot {text} NOT NULL DEFAULT 'front'",
];

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0006_background"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, &COLUMNS).await
    }
}
