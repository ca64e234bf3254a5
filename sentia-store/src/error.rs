//! Database errors as Sentia's: what happened, whether to try again, and the remedy; never a password.

use sentia_core::{Error, ErrorKind};

/// Classifies an error of the driver.
pub(crate) fn store_error(error: sqlx::Error) -> Error {
    let classified = match &error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => {
            Error::new(ErrorKind::Store, "the database connection broke; the next run resumes").temporary()
        }
        sqlx::Error::Tls(_) => {
            Error::new(ErrorKind::Store, "no TLS with the database; check sslmode and certificates")
        }
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            // SQLSTATE has five characters; SQLite's extended codes bear the primary one in their low byte.
            match code.parse::<u32>() {
                Ok(number) if code.len() < 5 => by_code(&(number & 0xff).to_string()),
                _ => by_code(&code),
            }
        }
        _ => Error::new(ErrorKind::Store, "the database failed"),
    };
    classified.source(error)
}

/// SQLSTATE classes of PostgreSQL and primary result codes of SQLite share no spelling.
fn by_code(code: &str) -> Error {
    let store = |message: &'static str| Error::new(ErrorKind::Store, message);
    match code {
        "10" => {
            store("the disk failed to read or write; check it and its free space, then run again").temporary()
        }
        "14" => store("the database file does not open; check its folder and permissions"),
        "53100" | "13" => store("the disk is full; free space, then run again").temporary(),
        "53300" => {
            store("the database has no free connection; lower the pool or raise max_connections").temporary()
        }
        "40001" | "40P01" | "5" | "6" => store("another transaction was in the way; run again").temporary(),
        "57P01" | "57P02" | "57P03" => store("the database is restarting; the next run resumes").temporary(),
        "42501" | "8" => store("the database role may not write here; grant it"),
        "11" | "26" => store("the file is not a database or is damaged; restore it from a backup"),
        code if code.starts_with("08") => {
            store("the database connection broke; the next run resumes").temporary()
        }
        code if code.starts_with("28") => store("the database does not accept this user; check the URL"),
        _ => store("the database refused the statement"),
    }
}

pub(crate) fn orm_error(error: sea_orm::DbErr) -> Error {
    use sea_orm::{DbErr, RuntimeErr};
    let message = error.to_string();
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(e))
        | DbErr::Exec(RuntimeErr::SqlxError(e))
        | DbErr::Query(RuntimeErr::SqlxError(e)) => match std::sync::Arc::try_unwrap(e) {
            Ok(error) => store_error(error),
            Err(shared) => Error::new(ErrorKind::Store, "the database failed").source(shared.to_string()),
        },
        _ => Error::new(ErrorKind::Store, "the database failed").source(message),
    }
}

#[cfg(feature = "sqlite")]
pub(crate) fn sqlite_error(error: rusqlite::Error) -> Error {
    let code = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => (failure.extended_code & 0xff).to_string(),
        _ => String::new(),
    };
    by_code(&code).source(error)
}

/// What is stored is not what this version wrote.
pub(crate) fn corrupt(what: &'static str) -> Error {
    Error::new(ErrorKind::Store, "a stored value does not read back; restore it from a backup")
        .context("value", what)
}
