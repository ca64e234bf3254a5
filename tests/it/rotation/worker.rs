//! The worker: a process that calls the books when it is told to, and asks at every step of a refresh whether it goes on.
//!
//! It hears the time with every order, so that a lease's two minutes and a token's half hour need no waiting.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sentia::{
    Error, KeyStore, Pipeline, Result, StateStore, Store,
    clock::Clock,
    connectors::Xero,
    key_store::{KeyEntry, KeyFilter, KeyName, KeyVersion, SealedKey, StoredKey},
    security::{MasterKey, MasterKeyset, Vault},
    state_store::{SharedState, StateVersion, Swap},
    transport::Pacing,
};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin};

use crate::database::variable;

/// The name of the stored token.
pub(super) const REFRESH_TOKEN: &str = "refresh_token";

/// What a worker needs to know.
#[derive(Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) base_url: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) tenant_id: String,
    pub(super) database_url: String,
}

/// What a worker says: one line each, behind [`MARK`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// It stands at a stage and waits for an order.
    At(String),
    /// Its call was answered.
    Works,
    /// Its call was refused.
    Refused(Refusal),
}

/// Tells words from what else is printed: by the test runner, or by the log.
pub(super) const MARK: &str = "worker: ";

/// What an operator is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) connection: Option<String>,
    pub(super) cause: Option<String>,
    pub(super) dead_since: Option<String>,
}

impl Refusal {
    fn of(error: &Error) -> Self {
        let named = |name| error.context_value(name).map(str::to_owned);
        Refusal {
            code: error.kind().code().to_owned(),
            message: error.message().to_owned(),
            connection: named("connection"),
            cause: named("cause"),
            dead_since: named("dead_since"),
        }
    }
}

/// A vault over `keys`, with the key that all processes have.
pub(super) fn vault(keys: impl KeyStore) -> Vault {
    let master = MasterKey::from_base64("test", &"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into());
    Vault::new(keys, MasterKeyset::new(master.expect("32 bytes"), Vec::new()))
}

/// Not a test by itself: the body of a worker, which does nothing where it is not one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(task) = variable("SENTIA_ROTATION_TASK") else { return };
    let task: Task = serde_json::from_str(&task).expect("written by the parent");
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::ERROR).with_ansi(false).without_time();
    tracing::subscriber::set_global_default(log.finish()).expect("the only one of this process");
    // The runner's own line has no end yet.
    println!();
    let xero = Xero::builder()
        .client_id(task.client_id)
        .client_secret(task.client_secret.as_str())
        .consented()
        .tenant_id(task.tenant_id)
        .base_url(task.base_url)
        .pacing(Pacing::Off)
        .build()
        .expect("valid settings");
    let store = Store::connect(&task.database_url).await.expect("the database opens");
    let parent = Arc::new(Parent::default());
    let steps = || Steps { store: store.clone(), parent: parent.clone() };
    let pipeline = Pipeline::new(xero, store.clone()).connection("xero").clock(parent.clone());
    let pipeline = pipeline.vault(vault(steps())).states(Arc::new(steps()));
    while parent.order().await.is_some() {
        say(&match pipeline.check().await {
            Ok(_) => Word::Works,
            Err(error) => Word::Refused(Refusal::of(&error)),
        });
    }
}

fn say(word: &Word) {
    println!("{MARK}{}", serde_json::to_string(word).expect("plain text"));
}

/// The process that started us, and the time as it last told us.
#[derive(Debug)]
struct Parent {
    time: AtomicI64,
    orders: tokio::sync::Mutex<Lines<BufReader<Stdin>>>,
}

impl Default for Parent {
    fn default() -> Self {
        let orders = BufReader::new(tokio::io::stdin()).lines();
        Parent { time: AtomicI64::default(), orders: tokio::sync::Mutex::new(orders) }
    }
}

impl Parent {
    /// Waits for the word to go on. None when the parent has no more use for us.
    async fn order(&self) -> Option<()> {
        let order = self.orders.lock().await.next_line().await.expect("reads")?;
        self.time.store(order.parse().expect("milliseconds"), Ordering::SeqCst);
        Some(())
    }

    /// Waits at a stage. Who is to be killed there is never told to go on.
    async fn reach(&self, stage: String) {
        say(&Word::At(stage));
        if self.order().await.is_none() {
            std::process::exit(1);
        }
    }

    async fn around<T>(&self, what: &str, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.reach(format!("{what}.before")).await;
        let outcome = work.await;
        self.reach(format!("{what}.after")).await;
        outcome
    }
}

#[async_trait]
impl Clock for Parent {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.time.load(Ordering::SeqCst)).expect("a time")
    }

    /// Waits just long enough to let others do something; how much time that was, the parent says.
    #[allow(clippy::disallowed_methods, reason = "the crash tests alone may sleep")]
    async fn sleep(&self, _: Duration) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The store, with a stage before and after each step of a refresh.
#[derive(Debug)]
struct Steps {
    store: Store,
    parent: Arc<Parent>,
}

#[async_trait]
impl KeyStore for Steps {
    async fn get(&self, name: &KeyName) -> Result<Option<StoredKey>> {
        KeyStore::get(&self.store, name).await
    }

    async fn put(&self, name: &KeyName, key: SealedKey, expected: Option<KeyVersion>) -> Result<KeyVersion> {
        let what = if name.name == REFRESH_TOKEN { "store" } else { "publish" };
        self.parent.around(what, self.store.put(name, key, expected)).await
    }

    async fn delete(&self, name: &KeyName, expected: KeyVersion) -> Result<()> {
        self.store.delete(name, expected).await
    }

    async fn list(&self, filter: &KeyFilter) -> Result<Vec<KeyEntry>> {
        KeyStore::list(&self.store, filter).await
    }
}

#[async_trait]
impl StateStore for Steps {
    async fn load(&self, key: &str) -> Result<Option<SharedState>> {
        self.parent.reach("look".to_owned()).await;
        self.store.load(key).await
    }

    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
        let names = [("refreshing", "intent"), ("idle", "release"), ("dead", "burial")];
        let named = |(phase, _): &&(&str, &str)| body.contains(&format!("\"phase\":\"{phase}\""));
        let (_, what) = names.iter().find(named).expect("a known phase");
        self.parent.around(what, self.store.swap(key, expected, body)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
        StateStore::list(&self.store, prefix).await
    }
}
