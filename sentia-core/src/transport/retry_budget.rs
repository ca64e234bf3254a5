//! How many retries a stack may spend: a bucket of tokens that successes refill.
//!
//! While most calls succeed, each may be tried again. In an outage the bucket runs dry, and what fails then is told at once
//! instead of being sent four more times. The numbers are those of the AWS SDKs' standard retry mode: 500 tokens, 5 for a
//! retry, 10 for one after a timeout, whose answer was expensive to wait for.

use std::sync::PoisonError;

use super::circuit_breaker::is_refusal;
use crate::{Error, ErrorKind, sync::Mutex};

/// The numbers of a retry budget.
///
/// ```
/// use sentia_core::transport::{RetryBudget, RetryPolicy};
///
/// // Twenty retries in a row, and one more for every five calls that succeed.
/// let budget = RetryBudget { capacity: 100, ..RetryBudget::default() };
/// let policy = RetryPolicy { budget, ..RetryPolicy::default() };
/// assert_eq!(policy.budget.retry, 5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    /// Tokens when full. Default 500.
    pub capacity: u32,
    /// What a retry costs. Default 5. A call that succeeds after retries gets the last one's cost back.
    pub retry: u32,
    /// What a retry after a timeout costs. Default 10.
    pub timeout: u32,
    /// What a call that succeeds at once brings. Default 1.
    pub success: u32,
}

impl Default for RetryBudget {
    fn default() -> Self {
        RetryBudget { capacity: 500, retry: 5, timeout: 10, success: 1 }
    }
}

/// The tokens left.
#[derive(Debug)]
pub(super) struct Tokens {
    budget: RetryBudget,
    left: Mutex<u32>,
}

impl Tokens {
    pub(super) fn new(budget: RetryBudget) -> Self {
        Tokens { budget, left: Mutex::new(budget.capacity) }
    }

    /// Pays for a retry after `error`; the cost, or none when too little is left. What a vendor refuses for its
    /// rate was counted and told by it, and what a breaker refuses was not sent: waiting for either costs nothing.
    pub(super) fn spend(&self, error: &Error) -> Option<u32> {
        let cost = match error.kind() {
            _ if is_refusal(error) => 0,
            ErrorKind::RateLimited | ErrorKind::QuotaExhausted => 0,
            ErrorKind::Timeout => self.budget.timeout,
            _ => self.budget.retry,
        };
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = left.checked_sub(cost)?;
        Some(cost)
    }

    /// How many are left.
    #[cfg(test)]
    pub(super) fn left(&self) -> u32 {
        *self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call succeeded, after a retry that cost `paid` or at once.
    pub(super) fn succeeded(&self, paid: Option<u32>) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        *left = (*left + paid.unwrap_or(self.budget.success)).min(self.budget.capacity);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "x")
    }

    #[test]
    fn timeouts_are_dearer_waits_are_free_and_successes_refill() {
        let tokens = Tokens::new(RetryBudget { capacity: 20, ..RetryBudget::default() });
        assert_eq!(tokens.spend(&error(ErrorKind::Timeout)), Some(10));
        assert_eq!(tokens.spend(&error(ErrorKind::Unavailable)), Some(5));
        assert_eq!(tokens.spend(&error(ErrorKind::Timeout)), None, "five are left");
        assert_eq!(tokens.spend(&error(ErrorKind::RateLimited)), Some(0));
        tokens.succeeded(Some(5));
        assert_eq!(tokens.spend(&error(ErrorKind::Timeout)), Some(10));
        (0..100).for_each(|_| tokens.succeeded(None));
        assert_eq!(tokens.left(), 20, "never fuller than full");
    }
}
