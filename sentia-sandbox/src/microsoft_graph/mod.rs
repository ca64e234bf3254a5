//! The Microsoft Graph twin: the login host and version 1.0 of Graph on one listener.

mod answer;
mod assertion;
mod batch;
mod call;
mod delta;
mod event_rows;
mod fault;
mod file_lists;
mod file_rows;
mod identity;
mod limit;
mod link;
mod mail_lists;
mod mail_rows;
mod marks;
mod notification;
mod pages;
mod permission;
mod post;
mod published;
mod range;
mod route;
mod server;
mod session;
mod settings;
mod subscription;
mod user_lists;
mod workbook;

use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use axum::Router;
use chrono::{DateTime, Utc};

pub use assertion::MicrosoftGraphCertificate;
pub use fault::MicrosoftGraphFault;
pub use notification::MicrosoftGraphNotification;
pub use settings::{AppOnlyWorkbook, MicrosoftGraphLimits, MicrosoftGraphSettings};

use crate::fault::{FaultPlan, Injector};
use crate::journal::{Journal, LoggedRequest};
use crate::listener::Listener;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::{MicrosoftGraphStream, TruthRecord, Universe};
use crate::world::World;
use identity::{Client, TokenDesk};
use link::Links;
use server::{GraphState, lock};

/// A handle on the Microsoft Graph twin; clones handle the same twin.
///
/// `{base_url}/{tenant}/oauth2/v2.0/token` stands in for `login.microsoftonline.com`, `{base_url}/v1.0/...` for
/// `graph.microsoft.com`. Scopes may name either Graph's own host or the twin's address.
#[derive(Clone, Debug)]
pub struct MicrosoftGraphTwin {
    state: Arc<GraphState>,
    client: Client,
    refresh_token: String,
    certificate: Arc<OnceLock<MicrosoftGraphCertificate>>,
}

impl MicrosoftGraphTwin {
    pub(crate) fn start(world: &Arc<World>, seed: u64, listener: Listener) -> Self {
        let rng = Rng::new(seed).fork(41);
        let (tenant, domain, user) = {
            let universe = world.read();
            let office = &universe.office;
            (office.tenant_id.to_string(), office.domain.to_owned(), office.users[0].id)
        };
        let client = Client {
            id: rng.fork(1).guid().to_string(),
            secret: format!("gs8Q~{}", rng.fork(2).guid().simple()),
            tenant,
            domain,
        };
        let certificate = Arc::new(OnceLock::new());
        let base_url = listener.base_url();
        let mut desk =
            TokenDesk::new(client.clone(), base_url.clone(), user, Arc::clone(&certificate), rng.fork(3));
        let refresh_token = desk.consent(world.clock.now());
        let state = Arc::new(GraphState {
            world: Arc::clone(world),
            base_url,
            tokens: Mutex::new(desk),
            limiter: Mutex::default(),
            pacing: Mutex::default(),
            settings: Mutex::default(),
            faults: Injector::default(),
            journal: Journal::default(),
            links: Mutex::new(Links::new(rng.fork(4))),
            sessions: Mutex::default(),
            subscriptions: Mutex::default(),
            ids: Mutex::new(rng.fork(5)),
        });
        listener.serve(Router::new().fallback(server::answer).with_state(Arc::clone(&state)));
        Self { state, client, refresh_token, certificate }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end: login host and Graph host in one.
    pub fn base_url(&self) -> &str {
        &self.state.base_url
    }

    /// `{base_url}/{tenant}/oauth2/v2.0/token`, also the audience of client assertions.
    pub fn token_url(&self) -> String {
        format!("{}/{}/oauth2/v2.0/token", self.state.base_url, self.client.tenant)
    }

    /// `{base_url}/v1.0`.
    pub fn api_url(&self) -> String {
        format!("{}/v1.0", self.state.base_url)
    }

    /// The id of the tenant.
    pub fn tenant_id(&self) -> &str {
        &self.client.tenant
    }

    /// The verified domain of the tenant, which stands for its id in token URLs.
    pub fn domain(&self) -> &str {
        &self.client.domain
    }

    /// The app's client id.
    pub fn client_id(&self) -> &str {
        &self.client.id
    }

    /// The app's client secret.
    pub fn client_secret(&self) -> &str {
        &self.client.secret
    }

    /// The app's certificate, made (and registered) when it is first asked for.
    ///
    /// # Panics
    ///
    /// When the machine gives no randomness for a key pair.
    pub fn certificate(&self) -> &MicrosoftGraphCertificate {
        self.certificate
            .get_or_init(|| MicrosoftGraphCertificate::generate().expect("an RSA key pair can be made"))
    }

    /// The refresh token of a sign-in of the first user when the sandbox started, for delegated access.
    pub fn refresh_token(&self) -> &str {
        &self.refresh_token
    }

    /// The refresh token of a fresh sign-in.
    pub fn consent(&self) -> String {
        lock(&self.state.tokens).consent(self.now())
    }

    /// Puts other application permissions in force, for tokens issued from now on.
    pub fn set_app_permissions(&self, permissions: &[&str]) {
        lock(&self.state.tokens).roles = permissions.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Puts other delegated permissions in force, for tokens issued from now on.
    pub fn set_user_permissions(&self, permissions: &[&str]) {
        lock(&self.state.tokens).scopes = permissions.iter().map(|name| (*name).to_owned()).collect();
    }

    /// Ends all access tokens, as if their hour were over.
    pub fn expire_access_tokens(&self) {
        let now = self.now();
        lock(&self.state.tokens).expire_access(now);
    }

    /// Ends all refresh tokens: the user's sessions were revoked.
    pub fn revoke_refresh_tokens(&self) {
        lock(&self.state.tokens).revoke_refresh();
    }

    /// Whether the client secret has expired.
    pub fn expire_client_secret(&self, expired: bool) {
        lock(&self.state.tokens).secret_expired = expired;
    }

    /// Ends all nextLinks and deltaLinks that are out, each service in its own words.
    pub fn expire_delta_links(&self) {
        lock(&self.state.links).generation += 1;
    }

    /// Ends all workbook sessions: they are not found afterwards.
    pub fn end_workbook_sessions(&self) {
        lock(&self.state.sessions).close_all();
    }

    /// How many workbook sessions are open; a tidy reader leaves none.
    pub fn workbook_sessions(&self) -> usize {
        lock(&self.state.sessions).count()
    }

    /// How the twin behaves where the vendor's behavior is not settled.
    pub fn settings(&self) -> MicrosoftGraphSettings {
        lock(&self.state.settings).clone()
    }

    /// Changes how the twin behaves where the vendor's behavior is not settled.
    pub fn set_settings(&self, settings: MicrosoftGraphSettings) {
        *lock(&self.state.settings) = settings;
    }

    /// Whether limits hold (the default) or are lifted.
    pub fn set_pacing(&self, pacing: Pacing) {
        *lock(&self.state.pacing) = pacing;
    }

    /// Puts other limits in force.
    pub fn set_limits(&self, limits: MicrosoftGraphLimits) {
        lock(&self.state.limiter).limits = limits;
    }

    /// The bodies of all change notifications that are due, by receiver. They are told once: post them yourself, late,
    /// twice or in disorder, as Graph does.
    pub fn take_notifications(&self) -> Vec<MicrosoftGraphNotification> {
        notification::take(&self.state)
    }

    /// A lifecycle notification: `reauthorizationRequired`, `subscriptionRemoved` (which removes it) or `missed`.
    pub fn lifecycle_notification(
        &self,
        subscription: &str,
        event: &str,
    ) -> Option<MicrosoftGraphNotification> {
        notification::lifecycle(&self.state, subscription, event)
    }

    /// Posts a notification to its receiver on loopback and gives the status of the answer.
    ///
    /// # Errors
    ///
    /// When the receiver is not on loopback, does not listen, or does not answer within ten seconds.
    pub async fn deliver(&self, notification: &MicrosoftGraphNotification) -> io::Result<u16> {
        let answer =
            post::post(&notification.url, "application/json; charset=utf-8", &notification.body).await?;
        Ok(answer.status)
    }

    /// Lets a fault strike by plan.
    pub fn inject(&self, fault: MicrosoftGraphFault, plan: FaultPlan) {
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
    pub fn truth(&self, stream: MicrosoftGraphStream) -> Vec<TruthRecord> {
        self.state.world.read().office.truth(stream)
    }

    /// What a window of one user's calendar must hold; nothing for a user without a mailbox.
    pub fn calendar_truth(&self, user: &str, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<TruthRecord> {
        let universe = self.state.world.read();
        let office = &universe.office;
        let at = office.mailboxes.iter().position(|mailbox| mailbox.user.to_string() == user);
        at.map_or_else(Vec::new, |at| office.events_between(at, start, end))
    }

    /// The present moment of the twin.
    pub fn now(&self) -> DateTime<Utc> {
        self.state.world.clock.now()
    }
}
