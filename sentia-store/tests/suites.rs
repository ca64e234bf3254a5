//! The public behavior suites against both databases.

mod database;

mod sink {
    use super::database::{postgres, sqlite};

    sentia_core::sink_suite!(sqlite, postgres);
}

mod keys {
    use super::database::{postgres, sqlite};

    sentia_core::key_store_suite!(sqlite, postgres);
}
