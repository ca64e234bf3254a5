//! Sentia's own tables, versioned under `sentia_migrations` so that a host's migrations stay apart.

mod m0001_engine_tables;

use sea_orm_migration::prelude::*;

/// Runs the migrations.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_engine_tables::Migration)]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("sentia_migrations").into_iden()
    }
}
