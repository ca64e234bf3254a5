//! Opens a database and brings its tables up to date.

use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use sea_orm::{DatabaseConnection, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use sea_orm_migration::MigratorTrait;
use sentia_core::{Error, ErrorKind, Result};
use tokio::sync::{Mutex, watch};

use crate::{dialect::Dialect, error::orm_error, migration::Migrator};

/// How long another program's lock on a SQLite file is waited for.
#[cfg(feature = "sqlite")]
const BUSY: Duration = Duration::from_secs(30);

/// Records, manifests, certificates, checkpoints and sealed keys in one database. A clone shares the pool.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) orm: DatabaseConnection,
    pub(crate) dialect: Dialect,
    /// Tables known to exist in their present shape, so that a commit need not look.
    pub(crate) ensured: Mutex<HashSet<String>>,
    /// Counts what workers of this process are called for.
    pub(crate) woken: watch::Sender<u64>,
    /// SQLite has one writer, and it has one connection: waiting for it is fair, waiting in SQLite's busy handler is
    /// not, and only one page cache is warmed by commits.
    #[cfg(feature = "sqlite")]
    pub(crate) writer: Option<sqlx::SqlitePool>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pool's options hold the password.
        write!(f, "Store({:?})", self.0.dialect)
    }
}

impl Store {
    /// Opens `url` and runs Sentia's migrations, whose table is `sentia_migrations`.
    ///
    /// `sqlite://PATH?mode=rwc` makes the file where it is missing; `sqlite::memory:` is for tests.
    /// `postgres://USER@HOST/DATABASE` may name a schema by `options=-csearch_path%3DNAME`.
    ///
    /// # Errors
    /// `ConfigInvalid` for a URL that is neither, or whose database is not compiled in; `Store` when the database
    /// does not answer. The error shows the URL without its password.
    pub async fn connect(url: &str) -> Result<Self> {
        let located = |error: Error| error.operation("store.connect").context("url", redacted(url));
        let inner = open(url).await.map_err(located)?;
        migrate(&inner).await.map_err(located)?;
        Ok(Store(Arc::new(inner)))
    }

    /// Closes the pool; pending commits end first.
    pub async fn close(self) {
        match self.0.dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => {
                self.0.orm.get_sqlite_connection_pool().close().await;
                self.0.writer().close().await;
            }
            #[cfg(feature = "postgres")]
            Dialect::Postgres => self.0.orm.get_postgres_connection_pool().close().await,
        }
    }
}

impl Inner {
    /// The connection that SeaORM's own statements write through.
    pub(crate) fn writing_orm(&self) -> DatabaseConnection {
        #[cfg(feature = "sqlite")]
        if let Some(writer) = &self.writer {
            return sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(writer.clone());
        }
        self.orm.clone()
    }
}

/// Runs the migrations, one process at a time: workers of a fleet start together.
async fn migrate(inner: &Inner) -> Result<()> {
    #[cfg(feature = "postgres")]
    if inner.dialect == Dialect::Postgres {
        let pool = inner.orm.get_postgres_connection_pool();
        let mut holder = pool.acquire().await.map_err(crate::error::store_error)?;
        let lock = sqlx::query("SELECT pg_advisory_lock(7361010430)").execute(&mut *holder).await;
        lock.map_err(crate::error::store_error)?;
        let migrated = Migrator::up(&inner.orm, None).await.map_err(orm_error);
        // The lock ends with its connection, so a failure to release it harms nobody for long.
        let _ = sqlx::query("SELECT pg_advisory_unlock(7361010430)").execute(&mut *holder).await;
        return migrated;
    }
    // SQLite's one writing connection: a second connection would meet the first one's locks.
    let migrating = inner.writing_orm();
    let immediately = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = migrating.begin_with_options(immediately).await.map_err(orm_error)?;
    Migrator::up(&transaction, None).await.map_err(orm_error)?;
    transaction.commit().await.map_err(orm_error)
}

async fn open(url: &str) -> Result<Inner> {
    #[cfg(feature = "sqlite")]
    if url.starts_with("sqlite:") {
        return sqlite(url).await;
    }
    #[cfg(feature = "postgres")]
    if url.starts_with("postgres:") || url.starts_with("postgresql:") {
        return postgres(url).await;
    }
    let message = "the database URL begins with sqlite: or postgres:, and its feature must be switched on";
    Err(Error::new(ErrorKind::ConfigInvalid, message))
}

#[cfg(feature = "sqlite")]
impl Inner {
    /// The pool that reads go through.
    pub(crate) fn reader(&self) -> &sqlx::SqlitePool {
        self.orm.get_sqlite_connection_pool()
    }

    /// The pool that commits go through.
    pub(crate) fn writer(&self) -> &sqlx::SqlitePool {
        self.writer.as_ref().unwrap_or_else(|| self.orm.get_sqlite_connection_pool())
    }
}

#[cfg(feature = "sqlite")]
async fn sqlite(url: &str) -> Result<Inner> {
    use std::str::FromStr;

    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};

    let options = SqliteConnectOptions::from_str(url)
        .map_err(|e| Error::new(ErrorKind::ConfigInvalid, "not a SQLite URL").source(e))?
        // A power loss may undo the last commits, rows and checkpoint together; the next run reads them again.
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY);
    let pool = |connections: u32| {
        let pool = SqlitePoolOptions::new().max_connections(connections).min_connections(1);
        pool.idle_timeout(None).max_lifetime(None).acquire_timeout(Duration::from_secs(600))
    };
    // Every connection to :memory: is a database of its own, so there it is one for everything.
    let in_memory = url.contains(":memory:");
    let writer = match in_memory {
        true => None,
        false => Some(first(|| pool(1).connect_with(bulk(options.clone()))).await?),
    };
    let orm =
        pool(if in_memory { 1 } else { 4 }).connect_with(options).await.map_err(crate::error::store_error)?;
    let orm = sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(orm);
    Ok(Inner {
        orm,
        dialect: Dialect::Sqlite,
        ensured: Mutex::default(),
        woken: watch::Sender::new(0),
        writer,
    })
}

/// The options of the connection that writes: keys come in no order, so a commit touches an index page for nearly every
/// row, and each page goes to the file once for many commits.
#[cfg(feature = "sqlite")]
fn bulk(options: sqlx::sqlite::SqliteConnectOptions) -> sqlx::sqlite::SqliteConnectOptions {
    options
        // The file remembers both: the journal, and a fresh file its page size. An order or invoice of two to three
        // kilobytes would have a smaller page to itself.
        .page_size(8192)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .pragma("cache_size", "-24576")
        .pragma("wal_autocheckpoint", "16384")
        .pragma("journal_size_limit", "16777216")
}

/// Opens the first connection, which makes the file and its journal. SQLite's busy handler does not wait for another
/// program that is about to do the same, or to close the file as its last, so this does.
#[cfg(feature = "sqlite")]
async fn first<F>(open: impl Fn() -> F) -> Result<sqlx::SqlitePool>
where
    F: Future<Output = std::result::Result<sqlx::SqlitePool, sqlx::Error>>,
{
    use sentia_core::clock::{Clock, SystemClock};

    let began = std::time::Instant::now();
    loop {
        match open().await.map_err(crate::error::store_error) {
            Err(error) if error.is_temporary() && began.elapsed() < BUSY => {
                SystemClock.sleep(Duration::from_millis(20)).await;
            }
            opened => return opened,
        }
    }
}

#[cfg(feature = "postgres")]
async fn postgres(url: &str) -> Result<Inner> {
    use std::str::FromStr;

    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::new(ErrorKind::ConfigInvalid, "not a PostgreSQL URL"))?
        .application_name("sentia");
    let pool = PgPoolOptions::new()
        .max_connections(8)
        .acquire_timeout(Duration::from_secs(30))
        .connect_with(options)
        .await
        .map_err(crate::error::store_error)?;
    let orm = sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(pool);
    Ok(Inner {
        orm,
        dialect: Dialect::Postgres,
        ensured: Mutex::default(),
        woken: watch::Sender::new(0),
        #[cfg(feature = "sqlite")]
        writer: None,
    })
}

/// The URL without user information and without query, for errors.
fn redacted(url: &str) -> String {
    // A password may hold a question mark: what follows the last @ is what can be shown.
    let from = url.rfind('@').unwrap_or(0);
    let end = url[from..].find('?').map_or(url.len(), |at| from + at);
    let bare = &url[..end];
    match (bare.find("://"), bare.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &bare[..scheme + 3], &bare[at + 1..]),
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_never_shows() {
        assert_eq!(redacted("postgres://me:p@ss@host/db?password=x"), "postgres://host/db");
        assert_eq!(redacted("postgres://me:p?ss@host/db?password=x"), "postgres://host/db");
        assert_eq!(redacted("sqlite://acme.db?mode=rwc"), "sqlite://acme.db");
    }

    #[tokio::test]
    async fn another_database_is_refused_with_the_remedy() {
        let error = Store::connect("mysql://me:secret@host/db").await.expect_err("unknown");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        assert!(!format!("{error:?}").contains("secret"));
    }
}
