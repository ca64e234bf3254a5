//! How workers hear of new jobs: by LISTEN and NOTIFY on PostgreSQL, within the process on SQLite.

use sea_orm::ConnectionTrait;
#[cfg(feature = "postgres")]
use sea_orm::DbBackend;
use sentia_core::{Result, job::JobSignal};

#[cfg(feature = "postgres")]
use super::statement;
use crate::{connect::Store, dialect::Dialect};

/// Several schemas may share a database, and names of channels are shorter than those of schemas.
#[cfg(feature = "postgres")]
const CHANNEL: &str = "'sentia_jobs_' || md5(current_schema())";

/// Has workers called when the transaction commits. On SQLite its caller does that: see [`Store::wake_workers`].
pub(super) async fn call<C: ConnectionTrait>(transaction: &C) -> Result<()> {
    #[cfg(feature = "postgres")]
    if transaction.get_database_backend() == DbBackend::Postgres {
        let sql = format!("SELECT pg_notify({CHANNEL}, '')");
        return statement::query(transaction, &sql, Vec::new()).await.map(drop);
    }
    let _ = transaction;
    Ok(())
}

impl Store {
    /// Calls the workers of this process, after a commit of jobs on SQLite that a host's own connection made. Nothing else
    /// tells them; without it they find the jobs at their next look. On PostgreSQL the database calls them.
    pub fn wake_workers(&self) {
        self.0.woken.send_modify(|calls| *calls += 1);
    }
}

pub(super) async fn signal(store: &Store) -> Result<Box<dyn JobSignal>> {
    match store.0.dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => Ok(Box::new(in_process::InProcess(store.0.woken.subscribe()))),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => Ok(Box::new(listening::Notified::listen(store).await?)),
    }
}

#[cfg(feature = "sqlite")]
mod in_process {
    use async_trait::async_trait;
    use sentia_core::{Error, ErrorKind, Result, job::JobSignal};
    use tokio::sync::watch;

    /// Wakes when the count of calls has moved.
    #[derive(Debug)]
    pub(super) struct InProcess(pub(super) watch::Receiver<u64>);

    #[async_trait]
    impl JobSignal for InProcess {
        async fn woken(&mut self) -> Result<()> {
            let gone = |_| Error::new(ErrorKind::Store, "the store was closed; open it again");
            self.0.changed().await.map_err(gone)
        }
    }
}

#[cfg(feature = "postgres")]
mod listening {
    use async_trait::async_trait;
    use sentia_core::{Result, job::JobSignal};
    use sqlx::{
        AssertSqlSafe, PgPool,
        postgres::{PgListener, PgPoolOptions},
    };

    use super::CHANNEL;
    use crate::{connect::Store, error::store_error};

    /// Listens on a connection of its own, so that it takes none from those that work.
    pub(super) struct Notified {
        pool: PgPool,
        /// None while the database cannot be heard.
        listener: Option<PgListener>,
    }

    impl std::fmt::Debug for Notified {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Notified")
        }
    }

    impl Notified {
        pub(super) async fn listen(store: &Store) -> Result<Self> {
            let options = store.0.orm.get_postgres_connection_pool().connect_options();
            let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
            let pool = pool.connect_lazy_with((*options).clone());
            let listener = Some(listener(&pool).await?);
            Ok(Notified { pool, listener })
        }
    }

    async fn listener(pool: &PgPool) -> Result<PgListener> {
        let named = AssertSqlSafe(format!("SELECT {CHANNEL}"));
        let channel: String = sqlx::query_scalar(named).fetch_one(pool).await.map_err(store_error)?;
        let mut listener = PgListener::connect_with(pool).await.map_err(store_error)?;
        listener.listen(&channel).await.map_err(store_error)?;
        Ok(listener)
    }

    #[async_trait]
    impl JobSignal for Notified {
        async fn woken(&mut self) -> Result<()> {
            let Some(known) = &mut self.listener else {
                self.listener = Some(listener(&self.pool).await?);
                // What was called meanwhile was not heard.
                return Ok(());
            };
            match known.try_recv().await {
                Ok(heard) => {
                    // Many calls are one; after a lost connection, which is no call, some may have been missed.
                    while heard.is_some() && known.next_buffered().is_some() {}
                    Ok(())
                }
                Err(error) => {
                    self.listener = None;
                    Err(store_error(error))
                }
            }
        }
    }
}
