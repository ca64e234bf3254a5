//! The Amazon twin: Login with Amazon, the Selling Partner API of one region, and its report storage on one listener.

mod blemish;
pub(crate) mod bucket;
mod catalog;
mod fault;
mod finances;
mod grant;
mod inventory;
mod listing_json;
mod listing_query;
mod listings;
mod movement_rows;
mod notification;
mod notification_payload;
pub(crate) mod operation;
mod order_json;
mod orders;
mod page;
mod params;
mod refusal;
mod report_columns;
mod report_desk;
mod report_file;
mod report_kind;
mod report_rows;
mod reports;
mod sellers;
mod server;
mod settlement_file;
mod state;
mod token;
mod transaction_json;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

pub use fault::AmazonFault;
pub use notification::AmazonChange;

use crate::fault::FaultPlan;
use crate::journal::{Journal, LoggedRequest};
use crate::listener::Listener;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::{AmazonStream, Region, SellerAccount, TruthRecord, Universe};
use crate::world::World;
use fault::Door;
use page::PageDesk;
use report_desk::ReportDesk;
use state::{AmazonState, Doors, lock};
use token::TokenDesk;

/// A handle on one region's Amazon twin; clones handle the same twin.
///
/// `{base_url}/auth/o2/token` stands in for `api.amazon.com`, `{base_url}/documents/...` for the report storage, and
/// everything else for `sellingpartnerapi-eu.amazon.com` or `sellingpartnerapi-na.amazon.com`.
#[derive(Clone, Debug)]
pub struct AmazonTwin {
    state: Arc<AmazonState>,
    refresh_token: String,
    seller_id: String,
}

impl AmazonTwin {
    pub(crate) fn start(world: &Arc<World>, region: Region, seed: u64, listener: Listener) -> Self {
        let rng = Rng::new(seed).fork(if region == Region::Uk { 41 } else { 42 });
        let mut tokens = TokenDesk::new(rng.fork(1));
        let refresh_token = tokens.authorize();
        let seller_id = world.read().amazon.of(region).seller_id.clone();
        let state = Arc::new(AmazonState {
            world: Arc::clone(world),
            region,
            base_url: listener.base_url(),
            tokens: Mutex::new(tokens),
            buckets: Mutex::default(),
            pages: Mutex::new(PageDesk::new(rng.fork(2))),
            reports: Mutex::new(ReportDesk::new(rng.fork(3))),
            settings: Mutex::default(),
            doors: Doors::default(),
            journal: Journal::default(),
            ids: Mutex::new(rng.fork(4)),
        });
        listener.serve(Router::new().fallback(server::answer).with_state(Arc::clone(&state)));
        Self { state, refresh_token, seller_id }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end: the API's host.
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// `{base_url}/auth/o2/token`.
    pub fn token_url(&self) -> String {
        format!("{}/auth/o2/token", self.state.base_url)
    }

    /// Which account this is.
    pub fn region(&self) -> Region {
        self.state.region
    }

    /// The seller's merchant token, which paths of the listings API hold.
    pub fn seller_id(&self) -> &str {
        &self.seller_id
    }

    /// The marketplaces the seller takes part in, the home first.
    pub fn marketplace_ids(&self) -> Vec<&'static str> {
        self.look(|account| account.markets.iter().map(|market| market.id).collect())
    }

    /// The application's client id.
    pub fn client_id(&self) -> String {
        lock(&self.state.tokens).client_id.clone()
    }

    /// The application's latest client secret.
    pub fn client_secret(&self) -> String {
        lock(&self.state.tokens).client_secret().to_owned()
    }

    /// The refresh token of an authorisation given when the sandbox started; it does not rotate.
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    /// The refresh token of a fresh authorisation.
    pub fn authorize(&self) -> String {
        lock(&self.state.tokens).authorize()
    }

    /// Ends all refresh tokens: the seller revoked the application.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.state.tokens).revoke_refresh();
    }

    /// Ends all access tokens, as if their hour were over.
    pub fn expire_access_tokens(&self) {
        lock(&self.state.tokens).expire_access(self.now());
    }

    /// Gives the application a new client secret; the old one goes on for seven days.
    pub fn rotate_client_secret(&self) -> String {
        lock(&self.state.tokens).rotate_secret(self.now())
    }

    /// The client secret was not rotated in 180 days: 401 `invalid_client` until it is.
    pub fn expire_client_secret(&self) {
        lock(&self.state.tokens).expire_secrets(self.now());
    }

    /// Whether limits hold (the default) or are lifted.
    pub fn set_pacing(&self, pacing: Pacing) {
        lock(&self.state.settings).pacing = pacing;
    }

    /// Fills all buckets.
    pub fn refill_buckets(&self) {
        lock(&self.state.buckets).refill();
    }

    /// Lets no page hold more rows than that, for lists whose page size no parameter sets.
    pub fn set_page_cap(&self, rows: Option<usize>) {
        lock(&self.state.settings).page_cap = rows;
    }

    /// Moves the wall of the listings search, 1,000 items unless set.
    pub fn set_search_wall(&self, items: usize) {
        lock(&self.state.settings).search_wall = items;
    }

    /// Whether the application has the restricted roles; without them (the default) asking for the buyer or the recipient
    /// of orders is a 403, and so is asking for a restricted data token.
    pub fn set_personal_data(&self, allowed: bool) {
        lock(&self.state.settings).personal_data = allowed;
    }

    /// Counts report types as restricted: a restricted data token for the document's own path opens their documents, and
    /// the seller's token does not. None unless set.
    pub fn set_restricted_reports<'a>(&self, types: impl IntoIterator<Item = &'a str>) {
        let types = types.into_iter().filter_map(report_kind::ReportKind::of).collect();
        lock(&self.state.settings).restricted = types;
    }

    /// Whether inventory summaries show skus of which there is nothing; by default they do not.
    pub fn set_zero_stock_rows(&self, shown: bool) {
        lock(&self.state.settings).zero_stock_rows = shown;
    }

    /// How long reports are queued (15 s unless set) and how long they are made (45 s).
    pub fn set_report_times(&self, queue: Duration, processing: Duration) {
        let mut settings = lock(&self.state.settings);
        settings.queue = TimeDelta::from_std(queue).unwrap_or_default();
        settings.processing = TimeDelta::from_std(processing).unwrap_or_default();
    }

    /// For how long an equal request for a report ends CANCELLED: 30 minutes unless set.
    pub fn set_report_repeat_interval(&self, interval: Duration) {
        lock(&self.state.settings).repeat_interval = TimeDelta::from_std(interval).unwrap_or_default();
    }

    /// Lets a fault strike by plan.
    pub fn inject(&self, fault: AmazonFault, plan: FaultPlan) {
        self.state.doors.at(fault.door()).inject(fault, plan);
    }

    /// Takes all faults away.
    pub fn clear_faults(&self) {
        for door in [Door::Token, Door::Call, Door::NewReport, Door::Download] {
            self.state.doors.at(door).clear();
        }
    }

    /// Runs `change` on the universe just before the `ordinal`-th call of the API from now is answered: the ground
    /// shifts between two pages. Tokens and downloads are not counted.
    pub fn on_request(&self, ordinal: u64, change: impl FnOnce(&mut Universe) + Send + 'static) {
        self.state.doors.call.on_request(ordinal, Box::new(change));
    }

    /// Everything the twin was asked so far.
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.state.journal.all()
    }

    /// Forgets what the twin was asked.
    pub fn clear_requests(&self) {
        self.state.journal.clear();
    }

    /// What is true of a stream, whether the API shows it already, or still, or not.
    pub fn truth(&self, stream: AmazonStream) -> Vec<TruthRecord> {
        self.look(|account| account.truth(stream, None, None))
    }

    /// As [`truth`](Self::truth), of one marketplace; nothing for one the seller is not in.
    pub fn truth_of(&self, stream: AmazonStream, marketplace_id: &str) -> Vec<TruthRecord> {
        self.look(|account| {
            let market = account.market_of(marketplace_id);
            market.map(|market| account.truth(stream, Some(market), None)).unwrap_or_default()
        })
    }

    /// What a complete copy can hold now: as [`truth`](Self::truth), without what the API does not show yet (orders
    /// of two minutes, transactions of 48 hours, returns of three days, settlements without report) or any more
    /// (settlements whose report is older than 90 days).
    pub fn visible_truth(&self, stream: AmazonStream) -> Vec<TruthRecord> {
        self.look(|account| account.truth(stream, None, Some(self.now())))
    }

    /// The notification that Amazon would send of a change, without the transport's wrapping; each call gives
    /// another `NotificationId`. None for what the account does not know, or a report that is not over.
    pub fn notification(&self, change: &AmazonChange) -> Option<Value> {
        notification::envelope(&self.state, change)
    }

    /// The same as a message of the seller's queue: the notification is text in `Body`.
    pub fn sqs_message(&self, change: &AmazonChange) -> Option<Value> {
        self.notification(change).map(|envelope| notification::sqs(&self.state, &envelope))
    }

    /// The same as an event of the seller's bus, the only way for listings: the notification is its `detail`.
    pub fn event_bridge_event(&self, change: &AmazonChange) -> Option<Value> {
        self.notification(change).map(|envelope| notification::event_bridge(&self.state, &envelope))
    }

    /// The present moment of the twin.
    pub fn now(&self) -> DateTime<Utc> {
        self.state.world.clock.now()
    }

    fn look<T>(&self, look: impl FnOnce(&SellerAccount) -> T) -> T {
        look(self.state.world.read().amazon.of(self.state.region))
    }
}
