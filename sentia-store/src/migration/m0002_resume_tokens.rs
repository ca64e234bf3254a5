//! Checkpoints learn the vendor's own resume token, and when a stream was last read again.

use sea_orm_migration::prelude::*;

use super::execute;

const COLUMNS: [&str; 2] = [
    "ALTER TABLE sentia_checkpoints ADD COLUMN resume {text}",
    "ALTER TABLE sentia_checkpoints ADD COLUMN reread {timestamp}",
];

pub(super) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m0002_resume_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        execute(manager, &COLUMNS).await
    }
}
