//! When a fault strikes: plans, and the injector that each twin asks before it answers.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::universe::Universe;
use crate::world::World;

/// Which requests of a twin a fault strikes.
///
/// Requests are counted from the moment of injection, and only those that the fault can strike: a fault of the
/// token endpoint does not count reads of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    skip: u64,
    times: Option<u64>,
    mention: Option<String>,
}

impl FaultPlan {
    /// Every request, until the faults are cleared.
    pub fn always() -> Self {
        Self { skip: 0, times: None, mention: None }
    }

    /// The next `count` requests.
    pub fn next(count: u64) -> Self {
        Self { times: Some(count), ..Self::always() }
    }

    /// The next request only.
    pub fn once() -> Self {
        Self::next(1)
    }

    /// Only the `ordinal`-th request from now, counted from one.
    pub fn nth(ordinal: u64) -> Self {
        Self { skip: ordinal.saturating_sub(1), times: Some(1), mention: None }
    }

    /// Leaves the first `count` requests alone.
    pub fn after(self, count: u64) -> Self {
        Self { skip: count, ..self }
    }

    /// Counts and strikes only requests whose path, query string or body contains `text`: `/Invoices`, `page=2`,
    /// the name of a GraphQL operation.
    pub fn mentioning(self, text: impl Into<String>) -> Self {
        Self { mention: Some(text.into()), ..self }
    }
}

/// The door that a fault stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The token endpoint.
    Token,
    /// Everything that needs a token.
    Data,
}

/// What all fault catalogs have in common.
pub(crate) trait CatalogFault: Copy + fmt::Debug + Send + 'static {
    fn endpoint(self) -> Endpoint;

    /// Whether it can strike this request of its endpoint at all.
    fn concerns(self, _request: &str) -> bool {
        true
    }
}

type Hook = Box<dyn FnOnce(&mut Universe) + Send>;

struct Armed<F> {
    fault: F,
    plan: FaultPlan,
    seen: u64,
    struck: u64,
}

struct State<F> {
    armed: Vec<Armed<F>>,
    hooks: Vec<(u64, Hook)>,
    requests: u64,
}

/// The faults and hooks of one twin.
pub(crate) struct Injector<F> {
    state: Mutex<State<F>>,
}

impl<F> fmt::Debug for Injector<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Injector").finish_non_exhaustive()
    }
}

impl<F> Default for Injector<F> {
    fn default() -> Self {
        Self { state: Mutex::new(State { armed: vec![], hooks: vec![], requests: 0 }) }
    }
}

impl<F: CatalogFault> Injector<F> {
    pub(crate) fn inject(&self, fault: F, plan: FaultPlan) {
        self.lock().armed.push(Armed { fault, plan, seen: 0, struck: 0 });
    }

    pub(crate) fn clear(&self) {
        self.lock().armed.clear();
    }

    /// Runs `hook` on the universe just before the `ordinal`-th data request from now is answered.
    pub(crate) fn on_request(&self, ordinal: u64, hook: Hook) {
        let mut state = self.lock();
        let at = state.requests + ordinal.max(1);
        state.hooks.push((at, hook));
    }

    /// Counts a request, runs the hooks that are due, and says which fault strikes it. When several would, the
    /// earliest injected one does; all of them count the request.
    pub(crate) fn strike(&self, world: &World, endpoint: Endpoint, request: &str) -> Option<F> {
        let due = {
            let mut state = self.lock();
            state.requests += u64::from(endpoint == Endpoint::Data);
            let now = state.requests;
            let (due, later) = std::mem::take(&mut state.hooks)
                .into_iter()
                .partition::<Vec<_>, _>(|(at, _)| endpoint == Endpoint::Data && *at <= now);
            state.hooks = later;
            due
        };
        for (_, hook) in due {
            world.change(hook);
        }
        let mut state = self.lock();
        let mut striking = None;
        for armed in &mut state.armed {
            let concerned = armed.fault.endpoint() == endpoint
                && armed.fault.concerns(request)
                && armed.plan.mention.as_ref().is_none_or(|text| request.contains(text.as_str()));
            if !concerned {
                continue;
            }
            armed.seen += 1;
            let spent = armed.plan.times.is_some_and(|times| armed.struck >= times);
            if armed.seen > armed.plan.skip && !spent && striking.is_none() {
                armed.struck += 1;
                striking = Some(armed.fault);
            }
        }
        striking
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
