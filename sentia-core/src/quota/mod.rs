//! Budgets: what a vendor grants an account, spent by all processes together and hardly ever refused.
//!
//! A [`Planner`] lets a call go when every limit of its account allows it, takes from all of them before the call, and corrects
//! them by what the answer says. Its state, the ledger, is one [`StateStore`](crate::StateStore) entry per account, so tasks,
//! processes and restarts share it.
//!
//! - **Windows** (calls per minute, day, month; bytes): rolling, in 120 slots, never fuller at the vendor than here.
//! - **Buckets** (Shopify's cost points, Amazon's operations): a level that answers correct.
//! - **Learned rates**: where no document tells a limit, or it moves, it is looked for by answers and refusals; `estimator` says
//!   for which vendors it is found.
//! - **Calls at once**: permits that processes hold by a lease.
//! - **Urgency**: the most urgent goes first, and one unit in fifty is kept for [`Urgency::Immediate`]; of points, one call's
//!   cost if that is no more than one in twenty. A minute's calls are spread once half of them are taken, so that who is urgent
//!   waits for seconds and not for the minute's end.
//! - **Refusals**: a refusal that says how long is known to all processes until then.
//! - **Hard stop**: a wait of more than five minutes is `QuotaExhausted` with its time, not a sleep.
//!
//! Times are read from the host's clock. Processes whose clocks differ by less than a slot (half a second of a minute) spend as
//! one; a larger difference makes windows look fuller or emptier by it, which the vendor's answers correct.
//!
//! # Who waits, and why
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//! use sentia_core::{
//!     clock::SystemClock,
//!     quota::{Claim, Planner, Seen, Urgency},
//!     testing::MemoryStateStore,
//!     transport::Limit,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> sentia_core::Result<()> {
//! let (store, clock) = (Arc::new(MemoryStateStore::default()), Arc::new(SystemClock));
//! let day = Limit::Calls { calls: 5, per: Duration::from_secs(86_400) };
//! let worker = Planner::shared(vec![day.clone()], clock.clone(), store.clone(), "quota/acme/xero");
//! for _ in 0..4 {
//!     worker.acquire(Claim::default()).await?.answered(Seen::default());
//! }
//! // Another process of the same account, which has the last call for what is immediate.
//! let other = Planner::shared(vec![day], clock, store, "quota/acme/xero");
//! let spent = other.acquire(Claim::default()).await.expect_err("a day is not slept");
//! assert_eq!(spent.context_value("limit"), Some("calls per day"));
//! let waiting = other.explain(Claim::default()).expect("it would wait");
//! assert_eq!(waiting.limit, "calls per day");
//! let push = Claim { urgency: Urgency::Immediate, ..Claim::default() };
//! other.acquire(push).await?.answered(Seen::default());
//! # Ok(())
//! # }
//! ```

mod booking;
mod bucket;
mod claim;
mod estimator;
mod exchange;
mod ledger;
mod level;
mod permits;
mod planner;
mod process;
mod queue;
mod spare;
mod turns;
mod window;

#[cfg(test)]
mod tests;

pub use self::{
    claim::{Claim, Refused, Seen, Urgency},
    level::{Level, Waiting},
    planner::{Decisions, Permit, Planner},
};
