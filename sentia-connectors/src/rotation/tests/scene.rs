//! A token endpoint with its own books, processes that share two stores, and a fate for each.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sentia_core::{
    Context, Error, ErrorKind, KeyStore, Result, StateStore,
    clock::Clock,
    key_store::{KeyEntry, KeyFilter, KeyName, KeyVersion, SealedKey, StoredKey},
    security::{MasterKey, MasterKeyset, Vault},
    state_store::{SharedState, StateVersion, Swap},
    testing::{ManualClock, MemoryKeyStore, MemoryStateStore},
    transport::Http,
};
use tokio::sync::Notify;

use super::super::{OAUTH_CODE, REFRESH_TOKEN, Rotation, TokenEndpoint, TokenSet};
use crate::token::{AccessToken, AccessTokens, tests::Nowhere};

/// Every place to be killed at, in the order a refresh passes them; the last two are a death's.
pub(super) const STAGES: [&str; 12] = [
    "intent.before",
    "intent.after",
    "call.before",
    "call.after",
    "store.before",
    "store.after",
    "publish.before",
    "publish.after",
    "release.before",
    "release.after",
    "burial.before",
    "burial.after",
];

/// How long a used token is honoured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grace {
    None,
    HalfAnHour,
}

/// A vendor, with its own account of which token is worth what.
#[derive(Debug, Clone)]
pub(super) struct Vendor(Arc<Mutex<Books>>);

#[derive(Debug)]
struct Books {
    grace: Grace,
    /// Each token that was given out, and when it was used first.
    used: BTreeMap<String, Option<DateTime<Utc>>>,
    given: u64,
    issued: u64,
    calls: u64,
    refuses_app: bool,
    is_mistaken: bool,
}

impl Books {
    fn issue(&mut self) -> String {
        self.given += 1;
        let token = format!("refresh-{}", self.given);
        self.used.insert(token.clone(), None);
        token
    }

    fn honours(&self, token: &str, now: DateTime<Utc>) -> bool {
        match self.used.get(token) {
            None => false,
            Some(None) => true,
            Some(Some(at)) => self.grace == Grace::HalfAnHour && now - *at <= chrono::Duration::minutes(30),
        }
    }

    fn answer(
        &mut self,
        token: &str,
        now: DateTime<Utc>,
    ) -> std::result::Result<(String, String), &'static str> {
        self.calls += 1;
        if self.refuses_app {
            return Err("invalid_client");
        }
        if self.is_mistaken || !self.honours(token, now) {
            return Err("invalid_grant");
        }
        if let Some(used) = self.used.get_mut(token) {
            used.get_or_insert(now);
        }
        self.issued += 1;
        Ok((format!("access-{}", self.issued), self.issue()))
    }
}

impl Vendor {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().expect("no panic in a test's vendor")
    }

    pub(super) fn calls(&self) -> u64 {
        self.books().calls
    }

    pub(super) fn honours(&self, token: &str, now: DateTime<Utc>) -> bool {
        self.books().honours(token, now)
    }

    pub(super) fn refuse_app(&self, refuses: bool) {
        self.books().refuses_app = refuses;
    }

    /// It refuses, for now, what it would take.
    pub(super) fn mistake(&self, is_mistaken: bool) {
        self.books().is_mistaken = is_mistaken;
    }

    pub(super) fn forget_all(&self) {
        self.books().used.clear();
    }
}

/// When a process is killed: it goes no further than there, and its caller never hears of it.
#[derive(Debug, Default)]
pub(super) struct Fate {
    stage: Option<&'static str>,
    hit: Mutex<Option<&'static str>>,
    died: Notify,
    failing_saves: AtomicU64,
}

impl Fate {
    pub(super) fn fail_saves(&self, times: u64) {
        self.failing_saves.store(times, Ordering::SeqCst);
    }

    pub(super) fn hit(&self) -> Option<&'static str> {
        *self.hit.lock().expect("no panic")
    }

    async fn reach(&self, stage: &str) {
        tokio::task::yield_now().await;
        if self.stage == Some(stage) {
            *self.hit.lock().expect("no panic") = self.stage;
            self.died.notify_one();
        }
        if self.hit().is_some() {
            pending::<()>().await;
        }
    }

    async fn around<T>(&self, what: &str, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        self.reach(&format!("{what}.before")).await;
        let outcome = work.await;
        self.reach(&format!("{what}.after")).await;
        outcome
    }
}

#[derive(Debug)]
struct App(Vendor, Arc<Fate>);

#[async_trait]
impl TokenEndpoint for App {
    async fn grant(&self, cx: &Context, fields: &[(&str, &str)]) -> Result<TokenSet> {
        let sent = fields.iter().find(|(name, _)| *name == "refresh_token").expect("sent").1;
        let work = async {
            let answer = self.0.books().answer(sent, cx.clock().now());
            let (access, refresh) = answer.map_err(|code| {
                Error::new(ErrorKind::Unauthenticated, "refused").context(OAUTH_CODE, code)
            })?;
            let access = AccessToken::lasting(access.into()).expiring(cx, Duration::from_secs(1800));
            Ok(TokenSet { access, refresh: Some(refresh.into()) })
        };
        self.1.around("call", work).await
    }
}

#[derive(Debug)]
struct Keys(MemoryKeyStore, Arc<Fate>);

#[async_trait]
impl KeyStore for Keys {
    async fn get(&self, name: &KeyName) -> Result<Option<StoredKey>> {
        self.1.reach("read").await;
        self.0.get(name).await
    }

    async fn put(&self, name: &KeyName, key: SealedKey, expected: Option<KeyVersion>) -> Result<KeyVersion> {
        let what = if name.name == REFRESH_TOKEN { "store" } else { "publish" };
        let count_down = |left: u64| left.checked_sub(1);
        if self.1.failing_saves.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count_down).is_ok() {
            return Err(Error::new(ErrorKind::Store, "the disk is full"));
        }
        self.1.around(what, self.0.put(name, key, expected)).await
    }

    async fn delete(&self, name: &KeyName, expected: KeyVersion) -> Result<()> {
        self.0.delete(name, expected).await
    }

    async fn list(&self, filter: &KeyFilter) -> Result<Vec<KeyEntry>> {
        self.0.list(filter).await
    }
}

#[derive(Debug)]
struct States(MemoryStateStore, Arc<Fate>);

#[async_trait]
impl StateStore for States {
    async fn load(&self, key: &str) -> Result<Option<SharedState>> {
        self.1.reach("look").await;
        self.0.load(key).await
    }

    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
        let names = [("refreshing", "intent"), ("idle", "release"), ("dead", "burial")];
        let named = |(phase, _): &&(&str, &str)| body.contains(&format!("\"phase\":\"{phase}\""));
        let (_, what) = names.iter().find(named).expect("a known phase");
        self.1.around(what, self.0.swap(key, expected, body)).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
        self.0.list(prefix).await
    }
}

/// Counts what is logged as an error.
struct Listener(Arc<AtomicU64>);

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        *metadata.level() == tracing::Level::ERROR
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

/// A vendor, a clock, and the stores of a host.
pub(super) struct Scene {
    pub(super) vendor: Vendor,
    clock: Arc<ManualClock>,
    keys: MemoryKeyStore,
    states: MemoryStateStore,
    master: SecretString,
    told: Arc<AtomicU64>,
    _listening: tracing::subscriber::DefaultGuard,
}

/// A process of the host.
pub(super) struct Process {
    pub(super) tokens: AccessTokens,
    pub(super) cx: Context,
    pub(super) fate: Arc<Fate>,
}

impl Scene {
    /// A host with one connected account.
    pub(super) async fn new(grace: Grace) -> Self {
        let books = Books {
            grace,
            used: BTreeMap::new(),
            given: 0,
            issued: 0,
            calls: 0,
            refuses_app: false,
            is_mistaken: false,
        };
        let told = Arc::new(AtomicU64::new(0));
        let scene = Scene {
            vendor: Vendor(Arc::new(Mutex::new(books))),
            clock: Arc::new(ManualClock::new(DateTime::UNIX_EPOCH)),
            keys: MemoryKeyStore::default(),
            states: MemoryStateStore::default(),
            master: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into(),
            told: told.clone(),
            _listening: tracing::subscriber::set_default(Listener(told)),
        };
        scene.consent().await;
        scene
    }

    /// A new process.
    pub(super) fn start(&self) -> Process {
        self.doomed(None)
    }

    /// A new process that is killed when it comes to `stage`.
    pub(super) fn doomed(&self, stage: Option<&'static str>) -> Process {
        let fate = Arc::new(Fate { stage, ..Fate::default() });
        let states: Arc<dyn StateStore> = Arc::new(States(self.states.clone(), fate.clone()));
        let http = Http::new(Arc::new(Nowhere));
        let cx = Context::new(http, self.clock.clone(), "tenant", "books")
            .with_vault(Some(self.vault(Keys(self.keys.clone(), fate.clone()))))
            .with_states(Some(states));
        let tokens = AccessTokens::new(Rotation::new(App(self.vendor.clone(), fate.clone()), None));
        Process { tokens, cx, fate }
    }

    fn vault(&self, keys: impl KeyStore) -> Vault {
        let master = MasterKey::from_base64("test", &self.master).expect("32 bytes");
        Vault::new(keys, MasterKeyset::new(master, Vec::new()))
    }

    /// The account is connected anew.
    pub(super) async fn consent(&self) {
        let token = self.vendor.books().issue();
        let (vault, name) = (self.vault(self.keys.clone()), name());
        let replaced = vault.get(&name).await.expect("opens").map(|(_, version)| version);
        vault.put(&name, &token.into(), replaced).await.expect("stored");
    }

    /// The stored refresh token, past all fates.
    pub(super) async fn stored(&self) -> String {
        let stored = self.vault(self.keys.clone()).get(&name()).await.expect("opens").expect("stored");
        stored.0.expose_secret().to_owned()
    }

    /// So much time goes by that every access token is stale.
    pub(super) fn age(&self) {
        self.clock.advance(Duration::from_secs(1900));
    }

    pub(super) fn days_pass(&self, days: u64) {
        self.clock.advance(Duration::from_secs(days * 24 * 60 * 60));
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// How often an operator was told.
    pub(super) fn told(&self) -> u64 {
        self.told.load(Ordering::SeqCst)
    }
}

impl Process {
    /// The access token in use.
    pub(super) async fn token(&self) -> Result<String> {
        Ok(self.tokens.current(&self.cx).await?.secret.expose_secret().to_owned())
    }

    /// As [`token`](Self::token); none when the process is killed on the way.
    pub(super) async fn token_unless_killed(&self) -> Option<Result<String>> {
        tokio::select! {
            biased;
            () = self.fate.died.notified() => None,
            token = self.token() => Some(token),
        }
    }
}

fn name() -> KeyName {
    KeyName { tenant: "tenant".into(), connection: "books".into(), name: REFRESH_TOKEN.into() }
}
