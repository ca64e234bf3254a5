//! What every state store must do.
//!
//! Each behavior is a public async function that takes a store of its own, fresh and empty.

use crate::{
    StateStore,
    state_store::{SharedState, Swap},
};

fn state(version: u64, body: &str) -> SharedState {
    SharedState { version, body: body.to_owned() }
}

/// A state is read back as it was written, and an unknown one is none.
pub async fn reads_back(store: impl StateStore) {
    assert_eq!(store.load("a").await.expect("load"), None);
    assert_eq!(store.swap("a", None, "ümlaut\n").await.expect("create"), Swap::Done(1));
    assert_eq!(store.swap("a", Some(1), "two").await.expect("replace"), Swap::Done(2));
    assert_eq!(store.load("a").await.expect("load"), Some(state(2, "two")));
}

/// A swap with another version than the stored one changes nothing and says what stands there.
pub async fn compares_and_sets(store: impl StateStore) {
    assert_eq!(store.swap("a", Some(1), "x").await.expect("no failure"), Swap::Lost(None));
    assert_eq!(store.load("a").await.expect("load"), None);
    assert_eq!(store.swap("a", None, "one").await.expect("create"), Swap::Done(1));
    for wrong in [None, Some(2), Some(0)] {
        let lost = store.swap("a", wrong, "bad").await.expect("no failure");
        assert_eq!(lost, Swap::Lost(Some(state(1, "one"))), "{wrong:?}");
    }
}

/// Of sixteen that count a state up at once, each counts.
pub async fn loses_no_swap(store: impl StateStore) {
    let count = async || {
        let mut seen = store.load("count").await.expect("load");
        loop {
            let next = seen.as_ref().map_or(0, |state| state.body.parse::<u32>().expect("a number")) + 1;
            let expected = seen.as_ref().map(|state| state.version);
            match store.swap("count", expected, &next.to_string()).await.expect("swap") {
                Swap::Done(_) => return,
                Swap::Lost(other) => seen = other,
            }
        }
    };
    futures::future::join_all((0..16).map(|_| count())).await;
    assert_eq!(store.load("count").await.expect("load"), Some(state(16, "16")));
}

/// A listing shows what begins with the prefix, in order, and takes no character of it for a wildcard.
pub async fn lists_by_prefix(store: impl StateStore) {
    for key in ["q/b", "q/a", "q%c", "r/a", "q_d"] {
        assert_eq!(store.swap(key, None, key).await.expect("create"), Swap::Done(1));
    }
    let keys = async |prefix| {
        let listed = store.list(prefix).await.expect("list");
        listed.into_iter().map(|(key, _)| key).collect::<Vec<_>>()
    };
    assert_eq!(keys("q/").await, ["q/a", "q/b"]);
    assert_eq!(keys("q%").await, ["q%c"]);
    assert_eq!(keys("q_").await, ["q_d"]);
    assert!(keys("nothing").await.is_empty());
}

/// Runs every behavior against each backend: an async function without arguments that gives a fresh store, or `None`
/// to skip. The caller needs `tokio` with its macros.
///
/// ```
/// use sentia_core::testing::MemoryStateStore;
///
/// async fn memory() -> Option<MemoryStateStore> {
///     Some(MemoryStateStore::default())
/// }
///
/// sentia_core::state_store_suite!(memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! state_store_suite {
    ($($backend:ident),+ $(,)?) => {$(
        mod $backend {
            $crate::suite_tests!(super::$backend, state_store_suite:
                reads_back compares_and_sets loses_no_swap lists_by_prefix);
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::super::MemoryStateStore;
    use crate as sentia_core;

    async fn memory() -> Option<MemoryStateStore> {
        Some(MemoryStateStore::default())
    }

    sentia_core::state_store_suite!(memory);
}
