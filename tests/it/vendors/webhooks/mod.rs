//! What vendors push, end to end: a twin delivers over loopback to a host's endpoint, whose connector verifies it and says
//! what to read; what it names is in the database after the next sync.

mod amazon;
mod host;
pub(crate) mod microsoft_graph;
pub(crate) mod shopify;
mod unleashed;
mod xero;

use std::sync::Arc;

use sentia::{
    Connector, Context,
    push::{Change, Hint},
    security::Vault,
    transport::Stack,
};

use super::OneClock;
use crate::{
    database::{Database, Kind},
    truth::impatient,
};

/// A database of the test's own; pushes are the same on both kinds.
async fn database() -> Database {
    Database::fresh(Kind::Sqlite).await.expect("SQLite is always here")
}

/// What an engine hands to a connector, in the twins' time.
pub(crate) fn context(clock: &Arc<OneClock>, connection: &str, vault: Option<Vault>) -> Context {
    let stack = Stack::new(impatient(), clock.clone()).expect("TLS roots");
    Context::new(stack.http(), clock.clone(), "default", connection).with_vault(vault)
}

/// The rows of the record that a hint names, or of the partition that it names instead.
fn rows(vendor: &str, hint: &Hint) -> String {
    let quoted = |text: &str| text.replace('\'', "''");
    let partition = match &*hint.partition {
        "" => String::new(),
        partition => format!(" AND partition = '{}'", quoted(partition)),
    };
    let key = hint.key.as_ref().map(|key| format!(" AND key = '{}'", quoted(key))).unwrap_or_default();
    format!("{vendor}_{} WHERE tenant = 'default'{partition}{key}", hint.stream)
}

/// Every hint names a stream of the catalog, and a record that the database holds. Deletions need not have been seen.
async fn all_are_stored(database: &Database, connector: &dyn Connector, hints: &[Hint]) {
    let info = connector.info();
    for hint in hints {
        assert!(info.streams.iter().any(|stream| stream.name == hint.stream), "{hint:?}");
        let found = database.count(&rows(info.vendor, hint)).await;
        assert!(found > 0 || hint.change == Change::Deleted, "no row: {hint:?}");
        // What moved from one partition to another is live in one of them.
        let live = database.count(&format!("{} AND deleted IS NULL", rows(info.vendor, hint))).await;
        assert!(live <= 1 || hint.key.is_none(), "{live} live rows: {hint:?}");
    }
}
