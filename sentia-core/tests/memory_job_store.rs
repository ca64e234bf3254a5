//! The job store for tests keeps what the port promises.
#![cfg(feature = "testing")]

use sentia_core::testing::MemoryJobStore;

async fn memory() -> Option<MemoryJobStore> {
    Some(MemoryJobStore::default())
}

mod jobs {
    use super::memory;

    sentia_core::job_store_suite!(memory);
}

mod schedules {
    use super::memory;

    sentia_core::schedule_store_suite!(memory);
}
