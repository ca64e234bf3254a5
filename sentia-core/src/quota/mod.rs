//! Budgets: what a vendor grants an account, spent by all processes together and hardly ever refused.
//!
//! A [`Planner`] lets a call go when every limit of its account allows it, takes from all of them before the call, and corrects
//! them by what the answer says. Its state, the ledger, is one [`StateStore`](crate::StateStore) entry per account, so tasks,
//! processes and restarts share it.
//!
//! - **Windows** (calls per minute, day, month; bytes): rolling, in 120 slots, never fuller at the vendor than here.
//! - **Buckets** (Shopify's cost points, Amazon's operations): a level that answers correct.
//! - **Learned rates**: where no document tells a limit, or it moves, refusals and answers find it.
//! - **Calls at once**: permits that processes hold by a lease.
//! - **Urgency**: the most urgent goes first, and one unit in fifty is kept for [`Urgency::Immediate`]. A minute's calls are spread
//!   once half of them are taken, so that who is urgent waits for seconds and not for the minute's end.
//! - **Refusals**: a refusal that says how long is known to all processes until then.
//! - **Hard stop**: a wait of more than five minutes is `QuotaExhausted` with its time, not a sleep.

mod bucket;
mod claim;
mod estimator;
mod exchange;
mod ledger;
mod level;
mod permits;
mod planner;
mod queue;
mod window;

#[cfg(test)]
mod tests;

pub use self::{
    claim::{Claim, Refused, Seen, Urgency},
    level::{Level, Waiting},
    planner::{Decisions, Permit, Planner},
};
