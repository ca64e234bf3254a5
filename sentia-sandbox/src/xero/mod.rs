//! The Xero twin: token endpoint, connections, and the Accounting API on one listener.

mod blemish;
mod fault;
mod limit;
mod list;
mod rows;
mod server;
mod token;
mod wire;

use std::sync::{Arc, Mutex};

use axum::Router;
use chrono::{DateTime, Utc};

pub use fault::XeroFault;
pub use limit::XeroLimits;

use crate::fault::{FaultPlan, Injector};
use crate::journal::{Journal, LoggedRequest};
use crate::listener::Listener;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::{TruthRecord, Universe, XeroStream};
use crate::world::World;
use server::{XeroState, lock};
use token::{Client, TokenDesk};

/// A handle on the Xero twin; clones handle the same twin.
///
/// `{base_url}/connect/token`, `{base_url}/connections` and `{base_url}/api.xro/2.0/...` stand in for the vendor's
/// hosts `identity.xero.com` and `api.xero.com`.
#[derive(Clone, Debug)]
pub struct XeroTwin {
    state: Arc<XeroState>,
    base_url: String,
    client: Client,
    tenant_id: String,
    refresh_token: String,
}

impl XeroTwin {
    pub(crate) fn start(world: &Arc<World>, seed: u64, listener: Listener) -> Self {
        let rng = Rng::new(seed).fork(30);
        let client = Client {
            id: rng.fork(1).guid().simple().to_string().to_uppercase(),
            secret: format!("xs-{}", rng.fork(2).guid().simple()),
        };
        let mut desk = TokenDesk::new(client.clone(), rng.fork(3));
        let refresh_token = desk.consent(world.clock.now());
        let tenant_id = world.read().books.organisation_id.to_string();
        let state = Arc::new(XeroState {
            world: Arc::clone(world),
            tokens: Mutex::new(desk),
            meter: Mutex::default(),
            pacing: Mutex::default(),
            faults: Injector::default(),
            journal: Journal::default(),
            index: list::UpdateIndex::default(),
            connected: Mutex::new(true),
            ids: Mutex::new(rng.fork(4)),
        });
        let base_url = listener.base_url();
        listener.serve(Router::new().fallback(server::answer).with_state(Arc::clone(&state)));
        Self { state, base_url, client, tenant_id, refresh_token }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// `{base_url}/connect/token`.
    pub fn token_url(&self) -> String {
        format!("{}/connect/token", self.base_url)
    }

    /// `{base_url}/api.xro/2.0`, the root of the Accounting API.
    pub fn api_url(&self) -> String {
        format!("{}/api.xro/2.0", self.base_url)
    }

    /// The app's client id, good for the code flow's refresh and for client credentials.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    /// The app's client secret.
    pub fn client_secret(&self) -> &str {
        &self.client.secret
    }

    /// The id of the one organisation, for the header `xero-tenant-id`.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The refresh token of a consent given when the sandbox started; it rotates at its first use.
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    /// The refresh token of a fresh consent.
    pub fn consent(&self) -> String {
        lock(&self.state.tokens).consent(self.state.world.clock.now())
    }

    /// Ends all access tokens, as if their half hour were over.
    pub fn expire_access_tokens(&self) {
        lock(&self.state.tokens).revoke_access();
    }

    /// Ends all refresh tokens: the user disconnected the app.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.state.tokens).revoke_refresh();
    }

    /// Disconnects the organisation: no connections, 403 on every read, until [`reconnect`](Self::reconnect).
    pub fn disconnect(&self) {
        *lock(&self.state.connected) = false;
    }

    /// Connects the organisation again.
    pub fn reconnect(&self) {
        *lock(&self.state.connected) = true;
    }

    /// Whether limits hold (the default) or are lifted.
    pub fn set_pacing(&self, pacing: Pacing) {
        *lock(&self.state.pacing) = pacing;
    }

    /// Puts other limits in force: 1,000 calls a day on the Starter tier.
    pub fn set_limits(&self, limits: XeroLimits) {
        lock(&self.state.meter).limits = limits;
    }

    /// Lets a fault strike by plan.
    pub fn inject(&self, fault: XeroFault, plan: FaultPlan) {
        self.state.faults.inject(fault, plan);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Runs `change` on the universe just before the `ordinal`-th data request from now is answered: the ground
    /// shifts between two pages.
    pub fn on_request(&self, ordinal: u64, change: impl FnOnce(&mut Universe) + Send + 'static) {
        self.state.faults.on_request(ordinal, Box::new(change));
    }

    /// Everything the twin was asked so far.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.journal.all()
    }

    /// Forgets what the twin was asked.
    pub fn clear_requests(&self) {
        self.state.journal.clear();
    }

    /// What a complete copy of a stream must hold.
    pub fn truth(&self, stream: XeroStream) -> Vec<TruthRecord> {
        self.state.world.read().books_truth(stream)
    }

    /// The present moment of the twin.
    pub fn now(&self) -> DateTime<Utc> {
        self.state.world.clock.now()
    }
}
