//! Token refresh under the model checker: `cargo xtask model`, as `sentia-core/tests/model`.
//!
//! The endpoint is one without grace: a refresh token is worth one use, and its second use ends the consent.

#![cfg(shuttle)]

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering::SeqCst},
};

use async_trait::async_trait;
use chrono::DateTime;
use http::{HeaderMap, StatusCode};
use sentia_connectors::xero::Xero;
use sentia_core::{
    Connector, Context, Result,
    security::{MasterKey, MasterKeyset, Vault},
    testing::{ManualClock, MemoryKeyStore, MemoryStateStore, model},
    transport::{Http, Pacing, Request, Response, Transport},
};
use shuttle_tokio::task::{JoinHandle, spawn, yield_now};

/// Orders tried of each scenario and way, by the test command and at full length.
const ORDERS: (usize, usize) = (150, 5_000);

fn check(scenario: impl AsyncFn() + Copy + Send + Sync + 'static) {
    model::check(ORDERS, scenario);
}

/// A token endpoint and the books behind it. Its own numbers are no steps of the checker.
#[derive(Debug, Default)]
struct Vendor {
    /// How many refresh tokens it gave: the last one is worth something.
    given: AtomicU64,
    calls: AtomicU64,
    /// Access tokens that were used.
    used: Mutex<Vec<String>>,
}

fn json(status: StatusCode, body: String) -> Response {
    Response::new(status, HeaderMap::new(), body.into())
}

impl Vendor {
    fn grant(&self, form: &str) -> Response {
        self.calls.fetch_add(1, SeqCst);
        let newest = self.given.load(SeqCst);
        if !form.contains(&format!("refresh_token=refresh-{newest}")) {
            return json(StatusCode::BAD_REQUEST, r#"{"error":"invalid_grant"}"#.to_owned());
        }
        let next = newest + 1;
        self.given.store(next, SeqCst);
        let set = format!(
            r#"{{"access_token":"access-{next}","refresh_token":"refresh-{next}","expires_in":1800,"token_type":"Bearer"}}"#
        );
        json(StatusCode::OK, set)
    }
}

#[derive(Debug, Clone)]
struct Line(Arc<Vendor>);

#[async_trait]
impl Transport for Line {
    async fn call(&self, request: Request) -> Result<Response> {
        yield_now().await;
        let mut response = if request.url.path().ends_with("/connect/token") {
            let form = request.body.as_deref().unwrap_or_default();
            self.0.grant(str::from_utf8(form).expect("a form"))
        } else {
            let token = request.headers["authorization"].to_str().expect("a token").to_owned();
            self.0.used.lock().unwrap_or_else(PoisonError::into_inner).push(token);
            json(
                StatusCode::OK,
                r#"{"Organisations":[{"OrganisationID":"books","Name":"Books"}]}"#.to_owned(),
            )
        };
        yield_now().await;
        (request.classify)(&mut response)?;
        Ok(response)
    }
}

/// Processes of one connection, each with its own connector, over one vault and one state store.
struct Fleet {
    vendor: Arc<Vendor>,
    processes: Vec<(Arc<Xero>, Context)>,
}

impl Fleet {
    fn start(processes: usize) -> Self {
        let vendor = Arc::new(Vendor::default());
        let clock = Arc::new(ManualClock::new(DateTime::UNIX_EPOCH));
        let (keys, states) = (MemoryKeyStore::default(), Arc::new(MemoryStateStore::default()));
        let process = || {
            let master =
                MasterKey::from_base64("test", &"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".into());
            let vault = Vault::new(keys.clone(), MasterKeyset::new(master.expect("32 bytes"), Vec::new()));
            let cx = Context::new(Http::new(Arc::new(Line(vendor.clone()))), clock.clone(), "acme", "books")
                .with_vault(Some(vault))
                .with_states(Some(states.clone()));
            let xero = Xero::builder()
                .base_url("http://127.0.0.1:1")
                .client_id("id")
                .client_secret("secret")
                .refresh_token("refresh-0");
            (Arc::new(xero.tenant_id("books").pacing(Pacing::Off).build().expect("valid settings")), cx)
        };
        Fleet { vendor: vendor.clone(), processes: (0..processes).map(|_| process()).collect() }
    }

    fn call(&self, at: usize) -> JoinHandle<Result<()>> {
        let (xero, cx) = self.processes[at % self.processes.len()].clone();
        spawn(async move { xero.check(&cx).await.map(drop) })
    }

    fn calls(&self) -> u64 {
        self.vendor.calls.load(SeqCst)
    }
}

#[test]
fn one_refresh_serves_all_tasks_of_all_processes() {
    check(async || {
        let fleet = Fleet::start(2);
        let callers: Vec<_> = (0..4).map(|at| fleet.call(at)).collect();
        for caller in callers {
            caller.await.expect("joins").expect("a token");
        }
        assert_eq!(fleet.calls(), 1);
    });
}

/// Callers leave wherever they stand; the refresh goes on without them, and its token is not lost.
#[test]
fn who_leaves_takes_no_token_along() {
    check(async || {
        let fleet = Fleet::start(2);
        let (one, two, other) = (fleet.call(0), fleet.call(1), fleet.call(0));
        yield_now().await;
        one.abort();
        yield_now().await;
        two.abort();
        other.await.expect("joins").expect("a token");
        for process in [0, 1] {
            fleet.call(process).await.expect("joins").expect("the connection lives");
        }
        assert_eq!(fleet.calls(), 1);
    });
}
