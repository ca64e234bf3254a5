//! Sentia's own tables, versioned under `sentia_migrations` so that a host's migrations stay apart.

mod m0001_engine_tables;
mod m0002_resume_tokens;
mod m0003_shared_states;
mod m0004_jobs;
mod m0005_schedules;
mod m0006_background;

use sea_orm::DbBackend;
use sea_orm_migration::prelude::*;

use crate::dialect::Dialect;

/// Runs the migrations.
pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_engine_tables::Migration),
            Box::new(m0002_resume_tokens::Migration),
            Box::new(m0003_shared_states::Migration),
            Box::new(m0004_jobs::Migration),
            Box::new(m0005_schedules::Migration),
            Box::new(m0006_background::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("sentia_migrations").into_iden()
    }
}

fn dialect(manager: &SchemaManager<'_>) -> Result<Dialect, DbErr> {
    match manager.get_database_backend() {
        #[cfg(feature = "sqlite")]
        DbBackend::Sqlite => Ok(Dialect::Sqlite),
        #[cfg(feature = "postgres")]
        DbBackend::Postgres => Ok(Dialect::Postgres),
        other => Err(DbErr::Custom(format!("{other:?} is not supported"))),
    }
}

/// Runs statements whose column types are the database's own.
async fn execute(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let dialect = dialect(manager)?;
    for statement in statements {
        manager.get_connection().execute_unprepared(&dialect.ddl(statement)).await?;
    }
    Ok(())
}
