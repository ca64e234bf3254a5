//! The job store's behavior suite on both databases, and what it is for many tenants and in a host's transaction.

mod database;

mod suite {
    use super::database::{postgres, sqlite};

    sentia_core::job_store_suite!(sqlite, postgres);
}
