//! The Shopify twins: token endpoint and GraphQL Admin API, one shop on each listener.

mod blemish;
pub(crate) mod bucket;
mod bulk;
mod catalog_fields;
mod connection;
mod desk;
mod execute;
mod fault;
mod graphql;
mod handle;
mod mutation;
mod node;
mod office;
mod order_fields;
mod page;
mod root_fields;
mod search;
mod server;
mod settings;
mod token;
mod webhook;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};

pub use bucket::CostLimits;
pub use bulk::BulkPace;
pub use fault::ShopifyFault;
pub use settings::ThrottleForm;
pub use webhook::WebhookDelivery;

use crate::fault::{FaultPlan, Injector};
use crate::journal::{Journal, LoggedRequest};
use crate::listener::Listener;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::{Region, ShopifyStream, TruthRecord, Universe};
use crate::world::World;
use bucket::Bucket;
use bulk::BulkDesk;
use graphql::schema::Schema;
use server::{ShopifyState, lock};
use settings::Settings;
use token::{Credentials, TokenDesk};
use webhook::WebhookDesk;

const SDL: &str = include_str!("schema.graphql");

/// A handle on one Shopify twin; clones handle the same twin.
///
/// `{base_url}/admin/oauth/access_token` and `{base_url}/admin/api/{version}/graphql.json` stand in for the paths
/// under `https://{shop}.myshopify.com`.
#[derive(Clone, Debug)]
pub struct ShopifyTwin {
    state: Arc<ShopifyState>,
    base_url: String,
    credentials: Credentials,
}

impl ShopifyTwin {
    pub(crate) fn start(
        world: &Arc<World>,
        region: Region,
        seed: u64,
        neighbour: String,
        listener: Listener,
    ) -> Self {
        let rng = Rng::new(seed).fork(if region == Region::Uk { 10 } else { 20 });
        let credentials = Credentials::new(&mut rng.fork(1));
        let now = world.clock.now();
        let base_url = listener.base_url();
        let schema = Schema::parse(SDL).expect("the twin's own SDL is checked by a test");
        let state = Arc::new(ShopifyState {
            world: Arc::clone(world),
            region,
            early_schema: schema.clone().without("InventoryLevel", "isActive"),
            schema,
            base_url: base_url.clone(),
            bulk: Mutex::new(BulkDesk::new(rng.fork(4))),
            webhooks: Mutex::new(WebhookDesk::new(rng.fork(5))),
            neighbour,
            tokens: Mutex::new(TokenDesk::new(credentials.clone(), rng.fork(2))),
            bucket: Mutex::new(Bucket::new(now)),
            settings: Mutex::new(Settings::default()),
            faults: Injector::default(),
            journal: Journal::default(),
            ids: Mutex::new(rng.fork(3)),
        });
        listener.serve(Router::new().fallback(server::answer).with_state(Arc::clone(&state)));
        Self { state, base_url, credentials }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// `{base_url}/admin/api/{version}/graphql.json`.
    pub fn graphql_url(&self, version: &str) -> String {
        format!("{}/admin/api/{version}/graphql.json", self.base_url)
    }

    /// `{base_url}/admin/oauth/access_token`.
    pub fn token_url(&self) -> String {
        format!("{}/admin/oauth/access_token", self.base_url)
    }

    /// The shop's `x.myshopify.com`, as its `shop` field tells it.
    pub fn shop_domain(&self) -> &'static str {
        self.state.world.read().shop(self.state.region).domain
    }

    /// The fixed access token of an old custom app.
    pub fn access_token(&self) -> &str {
        &self.credentials.access_token
    }

    /// The client id for the client credentials grant.
    pub fn client_id(&self) -> &str {
        &self.credentials.client_id
    }

    /// The client secret for the client credentials grant.
    pub fn client_secret(&self) -> &str {
        &self.credentials.client_secret
    }

    /// Ends all minted tokens, as if their day were over; the fixed one stays.
    pub fn expire_access_tokens(&self) {
        lock(&self.state.tokens).expire_minted();
    }

    /// Ends the fixed token: the merchant removed the app, of which `app/uninstalled` tells.
    pub fn revoke_access_token(&self) {
        lock(&self.state.tokens).revoke_fixed();
        self.announce_uninstall();
    }

    /// Whether the bucket of cost points holds (the default) or is lifted.
    pub fn set_pacing(&self, pacing: Pacing) {
        lock(&self.state.settings).pacing = pacing;
    }

    /// In which form throttling is told.
    pub fn set_throttle_form(&self, form: ThrottleForm) {
        lock(&self.state.settings).throttle_form = form;
    }

    /// Another bucket, full.
    pub fn set_cost_limits(&self, limits: CostLimits) {
        lock(&self.state.bucket).set_limits(limits);
    }

    /// Empties the bucket, as other traffic of the same app does.
    pub fn drain_bucket(&self) {
        lock(&self.state.bucket).empty();
    }

    /// How long the search index lags behind the objects; zero unless set.
    pub fn set_index_lag(&self, lag: Duration) {
        lock(&self.state.settings).index_lag = TimeDelta::from_std(lag).unwrap_or(TimeDelta::MAX);
    }

    /// How many rows a list shows at most; 25,000 unless set.
    pub fn set_pagination_wall(&self, rows: usize) {
        lock(&self.state.settings).pagination_wall = rows;
    }

    /// The scopes granted. All read scopes of the served streams unless set; without `read_all_orders` only
    /// orders of the last 60 days are visible. A change is told by `app/scopes_update`.
    pub fn set_scopes<'s>(&self, scopes: impl IntoIterator<Item = &'s str>) {
        let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
        let previous = std::mem::replace(&mut lock(&self.state.settings).scopes, scopes.clone());
        self.announce_scopes(&previous, &scopes);
    }

    /// Lets a fault strike by plan.
    pub fn inject(&self, fault: ShopifyFault, plan: FaultPlan) {
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

    /// What a complete copy of a stream must hold, orders beyond the 60-day wall included.
    pub fn truth(&self, stream: ShopifyStream) -> Vec<TruthRecord> {
        self.state.world.read().shop(self.state.region).truth(stream)
    }

    /// The present moment of the twin.
    pub fn now(&self) -> DateTime<Utc> {
        self.state.world.clock.now()
    }
}

#[cfg(test)]
mod answers;
#[cfg(test)]
mod tests;
