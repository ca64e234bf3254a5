//! The Xero twin: token endpoint, connections, and the Accounting API on one listener.

mod blemish;
mod connection;
mod consent;
mod facts;
mod fault;
mod identity;
pub(crate) mod limit;
mod list;
mod paper_rows;
mod post;
mod query;
mod report;
mod resource;
mod rows;
mod scope;
mod server;
mod setting_rows;
mod switches;
mod token;
mod webhook;
mod wire;

use std::sync::{Arc, Mutex};

use axum::Router;
use chrono::{DateTime, Utc};

pub use fault::XeroFault;
pub use limit::XeroLimits;
pub use post::XeroAcknowledgement;
pub use switches::{XeroConsent, XeroGrace, XeroMissingScope, XeroScopes, XeroSwitches, XeroWording};
pub use webhook::XeroDelivery;

use crate::fault::FaultPlan;
use crate::journal::{Journal, LoggedRequest};
use crate::listener::Listener;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::{TruthRecord, Universe, XeroStream};
use crate::world::World;
use connection::Connections;
use fault::{Door, Doors};
use server::{XeroState, lock};
use token::{Client, TokenDesk};
use webhook::WebhookDesk;

/// A handle on the Xero twin; clones handle the same twin.
///
/// `{base_url}/identity/connect/authorize`, `{base_url}/connect/token`, `{base_url}/connect/revocation`,
/// `{base_url}/connections` and `{base_url}/api.xro/2.0/...` stand in for the vendor's hosts `login.xero.com`,
/// `identity.xero.com` and `api.xero.com`.
#[derive(Clone, Debug)]
pub struct XeroTwin {
    state: Arc<XeroState>,
    base_url: String,
    client_id: String,
    client_secret: String,
    public_client_id: String,
    tenant_id: String,
    refresh_token: String,
}

impl XeroTwin {
    pub(crate) fn start(world: &Arc<World>, seed: u64, listener: Listener) -> Self {
        let rng = Rng::new(seed).fork(30);
        let client_id = rng.fork(1).guid().simple().to_string().to_uppercase();
        let client_secret = format!("xs-{}", rng.fork(2).guid().simple());
        let public_client_id = rng.fork(5).guid().simple().to_string().to_uppercase();
        let clients = vec![
            Client { id: client_id.clone(), secret: Some(client_secret.clone()) },
            Client { id: public_client_id.clone(), secret: None },
        ];
        let mut desk = TokenDesk::new(clients, rng.fork(3));
        let scopes = scope::allowed(XeroSwitches::default()).join(" ");
        let refresh_token = desk.consent(&client_id, scopes, world.clock.now());
        let (tenant, connections) = {
            let books = &world.read().books;
            let tenant = books.organisation_id;
            (tenant, Connections::new(tenant, books.name, books.created_at, rng.fork(6)))
        };
        let state = Arc::new(XeroState {
            world: Arc::clone(world),
            tokens: Mutex::new(desk),
            meter: Mutex::default(),
            pacing: Mutex::default(),
            faults: Doors::default(),
            journal: Journal::default(),
            index: list::UpdateIndex::default(),
            connections: Mutex::new(connections),
            switches: Mutex::default(),
            webhook: Mutex::new(WebhookDesk::new(rng.fork(7))),
            ids: Mutex::new(rng.fork(4)),
        });
        let base_url = listener.base_url();
        listener.serve(Router::new().fallback(server::answer).with_state(Arc::clone(&state)));
        let tenant_id = tenant.to_string();
        Self { state, base_url, client_id, client_secret, public_client_id, tenant_id, refresh_token }
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
        &self.client_id
    }

    /// The app's client secret.
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// The id of an app without a secret, which proves itself by PKCE.
    pub fn public_client_id(&self) -> &str {
        &self.public_client_id
    }

    /// `{base_url}/identity/connect/authorize`, the consent page.
    pub fn authorize_url(&self) -> String {
        format!("{}/identity/connect/authorize", self.base_url)
    }

    /// `{base_url}/connect/revocation`.
    pub fn revocation_url(&self) -> String {
        format!("{}/connect/revocation", self.base_url)
    }

    /// `{base_url}/connections`.
    pub fn connections_url(&self) -> String {
        format!("{}/connections", self.base_url)
    }

    /// Where the consent page may send browsers back to, of both apps: exact matches only.
    pub fn redirect_uris(&self) -> Vec<String> {
        lock(&self.state.tokens).codes.redirect_uris.clone()
    }

    /// Registers another place to send browsers back to.
    pub fn register_redirect_uri(&self, uri: impl Into<String>) {
        lock(&self.state.tokens).codes.redirect_uris.push(uri.into());
    }

    /// How the twin behaves where the vendor behaves in more than one way.
    pub fn switches(&self) -> XeroSwitches {
        *lock(&self.state.switches)
    }

    /// Puts other switches in force, for what is asked from now on.
    pub fn set_switches(&self, switches: XeroSwitches) {
        *lock(&self.state.switches) = switches;
    }

    /// The id of the universe's own organisation, for the header `xero-tenant-id`.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The refresh token of a consent given when the sandbox started; it rotates at its first use.
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    /// The refresh token of a fresh consent.
    pub fn consent(&self) -> String {
        self.consent_to(&scope::allowed(self.switches()).join(" "))
    }

    /// The refresh token of a fresh consent to some scopes only.
    pub fn consent_to(&self, scopes: &str) -> String {
        lock(&self.state.tokens).consent(&self.client_id, scopes.to_owned(), self.now())
    }

    /// An access token of some scopes only, as the code flow would have given it.
    pub fn access_token(&self, scopes: &str) -> String {
        lock(&self.state.tokens).access(&self.client_id, scopes, self.now())
    }

    /// Connects another organisation, whose books are empty; gives its tenant id.
    pub fn add_tenant(&self, name: &str) -> String {
        lock(&self.state.connections).add(name, self.now()).to_string()
    }

    /// Ends all access tokens, as if their half hour were over.
    pub fn expire_access_tokens(&self) {
        lock(&self.state.tokens).revoke_access();
    }

    /// Ends all refresh tokens: the user disconnected the app.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.state.tokens).revoke_refresh();
    }

    /// The refresh token that was given out last; none where a refresh with it would be refused now.
    pub fn newest_refresh_token(&self) -> Option<String> {
        lock(&self.state.tokens).newest_refresh(self.switches(), self.now()).map(str::to_owned)
    }

    /// Disconnects every organisation: no connections, 403 on every read, until [`reconnect`](Self::reconnect).
    pub fn disconnect(&self) {
        lock(&self.state.connections).set_all(false);
    }

    /// Connects every organisation again.
    pub fn reconnect(&self) {
        lock(&self.state.connections).set_all(true);
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
        self.state.faults.at(fault.door()).inject(fault, plan);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Runs `change` on the universe just before the `ordinal`-th data request from now is answered: the ground
    /// shifts between two pages.
    pub fn on_request(&self, ordinal: u64, change: impl FnOnce(&mut Universe) + Send + 'static) {
        self.state.faults.at(Door::Any).on_request(ordinal, Box::new(change));
    }

    /// The signing key of the app's webhook, to be used as text.
    pub fn webhook_key(&self) -> String {
        lock(&self.state.webhook).key.clone()
    }

    /// Sets the webhook up, or enables it again. Gives the validation: four deliveries without events, one of them
    /// signed rightly, in no fixed order.
    pub fn enable_webhook(&self) -> Vec<XeroDelivery> {
        lock(&self.state.webhook).enable(&self.state.world.read())
    }

    /// Whether the webhook is enabled; a day of failures disables it.
    pub fn webhook_enabled(&self) -> bool {
        lock(&self.state.webhook).enabled
    }

    /// What the vendor would post now: what happened to contacts, invoices and credit notes since the last call,
    /// and deliveries that failed and are due again.
    pub fn webhook_deliveries(&self) -> Vec<XeroDelivery> {
        lock(&self.state.webhook).collect(&self.state.world.read(), self.now())
    }

    /// Tells the vendor's side how a delivery was answered.
    pub fn webhook_answered(&self, delivery: &XeroDelivery, accepted: bool) {
        lock(&self.state.webhook).answered(delivery, accepted, self.now());
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
