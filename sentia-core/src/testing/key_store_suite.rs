//! What every key store must do.
//!
//! Each behavior is a public async function that takes a store of its own, fresh and empty.

use crate::{
    ErrorKind, KeyStore,
    key_store::{KeyFilter, KeyName, SealedKey},
};

fn name(name: &str) -> KeyName {
    KeyName { tenant: "t".to_owned(), connection: "c".to_owned(), name: name.to_owned() }
}

fn sealed(content: &str) -> SealedKey {
    SealedKey { master_key: "m1".to_owned(), sealed: content.as_bytes().to_vec() }
}

/// A secret is read back as it was written, and an unknown one is none.
pub async fn reads_back(store: impl KeyStore) {
    assert_eq!(store.get(&name("a")).await.expect("get"), None);
    assert_eq!(store.put(&name("a"), sealed("x"), None).await.expect("create"), 1);
    let stored = store.get(&name("a")).await.expect("get").expect("there");
    assert_eq!((stored.version, stored.key), (1, sealed("x")));
}

/// A write with another version than the stored one is a conflict and changes nothing.
pub async fn compares_and_sets(store: impl KeyStore) {
    store.put(&name("a"), sealed("1"), None).await.expect("create");
    for wrong in [None, Some(2)] {
        let error = store.put(&name("a"), sealed("bad"), wrong).await.expect_err("conflict");
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    assert_eq!(store.put(&name("a"), sealed("2"), Some(1)).await.expect("replace"), 2);
    assert_eq!(store.get(&name("a")).await.expect("get").expect("there").key, sealed("2"));
    let error = store.put(&name("b"), sealed("x"), Some(1)).await.expect_err("nothing to replace");
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

/// Of two writers with the same expectation one wins.
pub async fn one_of_two_wins(store: impl KeyStore) {
    store.put(&name("a"), sealed("0"), None).await.expect("create");
    let a = name("a");
    let (left, right) =
        tokio::join!(store.put(&a, sealed("left"), Some(1)), store.put(&a, sealed("right"), Some(1)));
    assert_eq!(u8::from(left.is_ok()) + u8::from(right.is_ok()), 1);
}

/// Deleting needs the stored version; listing shows names and never contents.
pub async fn deletes_and_lists(store: impl KeyStore) {
    for secret in ["b", "a"] {
        store.put(&name(secret), sealed("x"), None).await.expect("create");
    }
    let error = store.delete(&name("a"), 2).await.expect_err("other version");
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let listed =
        store.list(&KeyFilter { tenant: Some("t".to_owned()), connection: None }).await.expect("list");
    let names: Vec<&str> = listed.iter().map(|entry| entry.name.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    store.delete(&name("a"), 1).await.expect("delete");
    assert_eq!(store.get(&name("a")).await.expect("get"), None);
    let none = KeyFilter { tenant: Some("other".to_owned()), connection: None };
    assert!(store.list(&none).await.expect("list").is_empty());
}

/// Runs every behavior, one test each, against the stores that the named async functions open.
///
/// A function returns `None` to skip, having printed why.
///
/// ```
/// use sentia_core::testing::MemoryKeyStore;
///
/// async fn memory() -> Option<MemoryKeyStore> {
///     Some(MemoryKeyStore::default())
/// }
///
/// sentia_core::key_store_suite!(memory);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! key_store_suite {
    ($($backend:ident),+ $(,)?) => {$(
        mod $backend {
            $crate::suite_tests!(super::$backend, key_store_suite:
                reads_back compares_and_sets one_of_two_wins deletes_and_lists);
        }
    )+};
}

/// One `#[tokio::test]` per behavior of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_tests {
    ($open:path, $suite:ident: $($behavior:ident)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $behavior() {
            if let Some(subject) = $open().await {
                $crate::testing::$suite::$behavior(subject).await;
            }
        }
    )+};
}

#[cfg(test)]
mod tests {
    use super::super::MemoryKeyStore;
    use crate as sentia_core;

    async fn memory() -> Option<MemoryKeyStore> {
        Some(MemoryKeyStore::default())
    }

    sentia_core::key_store_suite!(memory);
}
