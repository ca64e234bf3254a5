//! An admitted call, from its admission to its verdict.

use std::time::Duration;

use super::{Breakers, Ticket, Verdict, is_refusal, sharing::Change};
use crate::{ErrorKind, Result, transport::Response};

/// An admitted call. Dropped without a verdict it gives its place back: a caller that went away says nothing of the vendor.
pub(super) struct Pass {
    pub(super) breakers: Breakers,
    pub(super) class: String,
    pub(super) ticket: Option<Ticket>,
    verdict: Verdict,
    took: Duration,
}

impl Pass {
    pub(super) fn new(breakers: Breakers, class: String, ticket: Ticket) -> Self {
        Pass { breakers, class, ticket: Some(ticket), verdict: Verdict::None, took: Duration::ZERO }
    }

    pub(super) async fn settle(mut self, outcome: &Result<Response>) {
        let (verdict, took) = match outcome {
            Ok(response) => (Verdict::Good, response.took),
            // It still waited for its turn when the breaker opened: nothing was sent.
            Err(error) if is_refusal(error) => (Verdict::None, Duration::ZERO),
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable) => {
                (Verdict::Failed, Duration::ZERO)
            }
            // Waiting for a budget, or stopping: nothing was sent.
            Err(error) if matches!(error.kind(), ErrorKind::QuotaExhausted | ErrorKind::Cancelled) => {
                (Verdict::None, Duration::ZERO)
            }
            // The vendor answered, if only to refuse.
            Err(_) => (Verdict::Good, Duration::ZERO),
        };
        (self.verdict, self.took) = (verdict, took);
        if let (Some(sharing), Some(ticket)) = (&self.breakers.sharing, self.ticket) {
            // A caller that goes away here is settled by the drop, for this process; the next change tells the others.
            let change = Change::Settle(ticket, verdict, took);
            self.breakers.change_shared(sharing, &self.class, change).await;
            self.ticket = None;
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.breakers.change(&self.class, Change::Settle(ticket, self.verdict, self.took));
        }
    }
}
