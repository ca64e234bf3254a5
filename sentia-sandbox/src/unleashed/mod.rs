//! The Unleashed twin: one account's stock, production, sales and purchases on one listener.

mod blemish;
mod delivery;
mod fault;
mod habits;
mod limit;
mod list;
mod query;
mod read;
mod resource;
mod rows;
mod sales_rows;
mod server;
mod signature;
mod stock;
mod webhook;
mod wire;
mod works_rows;

use std::sync::{Arc, Mutex};

use axum::Router;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use delivery::{DataForm, UnleashedDelivery};
pub use fault::UnleashedFault;
pub use habits::{AccountZone, UnleashedHabits};
pub use limit::UnleashedLimits;
pub use signature::unleashed_signature;

use crate::fault::{FaultPlan, Injector};
use crate::journal::{Journal, LoggedRequest};
use crate::listener::Listener;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::{TruthRecord, Universe, UnleashedStream};
use crate::world::World;
use server::{UnleashedState, lock};
use webhook::Desk;

/// A handle on the Unleashed twin; clones handle the same twin.
///
/// `{base_url}/Products` stands in for `https://api.unleashedsoftware.com/Products`, and so on.
#[derive(Clone, Debug)]
pub struct UnleashedTwin {
    state: Arc<UnleashedState>,
    base_url: String,
}

impl UnleashedTwin {
    pub(crate) fn start(world: &Arc<World>, seed: u64, listener: Listener) -> Self {
        let mut rng = Rng::new(seed).fork(70);
        let api_id = rng.guid().to_string();
        // It looks like base64 and is used as text.
        let key: Vec<u8> = (0..40).map(|_| rng.next() as u8).collect();
        let state = Arc::new(UnleashedState {
            world: Arc::clone(world),
            api_id,
            api_key: Mutex::new(STANDARD.encode(key)),
            meter: Mutex::default(),
            pacing: Mutex::default(),
            habits: Mutex::default(),
            faults: Injector::default(),
            journal: Journal::default(),
            desk: Mutex::new(Desk::new(rng.fork(1))),
        });
        let base_url = listener.base_url();
        listener.serve(Router::new().fallback(server::answer).with_state(Arc::clone(&state)));
        Self { state, base_url }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The account's id, for the header `api-auth-id`.
    pub fn api_id(&self) -> &str {
        &self.state.api_id
    }

    /// The account's key, with which queries are signed as text.
    pub fn api_key(&self) -> String {
        lock(&self.state.api_key).clone()
    }

    /// Gives the account another key; the vendor cannot do that, tests with known answers can.
    pub fn set_api_key(&self, key: &str) {
        key.clone_into(&mut lock(&self.state.api_key));
    }

    /// Whether limits hold (the default) or are lifted.
    pub fn set_pacing(&self, pacing: Pacing) {
        *lock(&self.state.pacing) = pacing;
    }

    /// Puts other limits in force: 250,000 calls a month on a larger plan.
    pub fn set_limits(&self, limits: UnleashedLimits) {
        lock(&self.state.meter).limits = limits;
    }

    /// Calls of the present month that counted.
    pub fn calls_this_month(&self) -> u32 {
        lock(&self.state.meter).this_month(self.now())
    }

    /// As if so many calls had been made this month.
    pub fn set_calls_this_month(&self, calls: u32) {
        lock(&self.state.meter).set_this_month(self.now(), calls);
    }

    /// How the twin behaves where the sheet is unsure.
    pub fn habits(&self) -> UnleashedHabits {
        *lock(&self.state.habits)
    }

    /// Changes how the twin behaves where the sheet is unsure.
    pub fn set_habits(&self, habits: UnleashedHabits) {
        *lock(&self.state.habits) = habits;
    }

    /// Lets a fault strike by plan.
    pub fn inject(&self, fault: UnleashedFault, plan: FaultPlan) {
        self.state.faults.inject(fault, plan);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        self.state.faults.clear();
    }

    /// Runs `change` on the universe just before the `ordinal`-th request from now is answered: the ground shifts
    /// between two pages.
    pub fn on_request(&self, ordinal: u64, change: impl FnOnce(&mut Universe) + Send + 'static) {
        self.state.faults.on_request(ordinal, Box::new(change));
    }

    /// Everything the twin was asked so far, without id and signature.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.journal.all()
    }

    /// Forgets what the twin was asked.
    pub fn clear_requests(&self) {
        self.state.journal.clear();
    }

    /// What a complete copy of a stream must hold.
    pub fn truth(&self, stream: UnleashedStream) -> Vec<TruthRecord> {
        self.state.world.read().warehouse_truth(stream)
    }

    /// Signed deliveries of everything that changed since the last call, or since the first subscription was made;
    /// nothing without subscriptions. They do not count as calls.
    pub fn deliveries(&self, form: DataForm) -> Vec<UnleashedDelivery> {
        lock(&self.state.desk).deliveries(&self.state.world.read().warehouse, self.now(), form)
    }

    /// Signed deliveries of one event (`salesorder.updated`), true or not, to each subscription that wants it.
    pub fn delivery(&self, event_type: &str, id: Uuid, form: DataForm) -> Vec<UnleashedDelivery> {
        lock(&self.state.desk).delivery(event_type, id, self.now(), form)
    }

    /// The present moment of the twin.
    pub fn now(&self) -> DateTime<Utc> {
        self.state.world.clock.now()
    }
}
