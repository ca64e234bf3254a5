//! What the last calls came to: as many as the policy names, or as many as fell into its span.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::policy::{BreakerPolicy, Over};

/// A span may hold this many calls; older ones are forgotten, which makes its rates those of the newest.
const MOST_CALLS: usize = 1_000;

/// One call, as far as health goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) at: DateTime<Utc>,
    pub(super) failed: bool,
    pub(super) slow: bool,
}

/// Recent calls with their sums.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    calls: VecDeque<Call>,
    failed: usize,
    slow: usize,
}

/// Why a window is unhealthy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unhealthy {
    Failing { share: f64 },
    Slow { share: f64 },
}

impl Window {
    /// Adds a call, and says whether that makes the rates too bad.
    pub(super) fn add(&mut self, call: Call, policy: &BreakerPolicy) -> Option<Unhealthy> {
        self.calls.push_back(call);
        self.failed += usize::from(call.failed);
        self.slow += usize::from(call.slow);
        self.forget(call.at, policy);
        self.judge(policy)
    }

    fn forget(&mut self, now: DateTime<Utc>, policy: &BreakerPolicy) {
        let most = match policy.over {
            Over::Calls(calls) => (calls.max(1) as usize).min(MOST_CALLS),
            Over::Span(_) => MOST_CALLS,
        };
        let begins = match policy.over {
            Over::Calls(_) => None,
            Over::Span(span) => {
                chrono::Duration::from_std(span).ok().and_then(|span| now.checked_sub_signed(span))
            }
        };
        while let Some(first) = self.calls.front() {
            if self.calls.len() <= most && begins.is_none_or(|begins| first.at >= begins) {
                break;
            }
            self.failed -= usize::from(first.failed);
            self.slow -= usize::from(first.slow);
            self.calls.pop_front();
        }
    }

    fn judge(&self, policy: &BreakerPolicy) -> Option<Unhealthy> {
        let calls = self.calls.len();
        if calls < policy.minimum_calls.max(1) as usize {
            return None;
        }
        let share = |part: usize| part as f64 / calls as f64;
        if share(self.failed) >= policy.failure_rate {
            return Some(Unhealthy::Failing { share: share(self.failed) });
        }
        (share(self.slow) >= policy.slow_rate).then(|| Unhealthy::Slow { share: share(self.slow) })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(second: i64, failed: bool) -> Call {
        Call { at: DateTime::UNIX_EPOCH + chrono::Duration::seconds(second), failed, slow: false }
    }

    #[test]
    fn few_calls_say_nothing_and_old_ones_are_forgotten() {
        let policy = BreakerPolicy {
            over: Over::Calls(4),
            minimum_calls: 3,
            failure_rate: 0.75,
            ..BreakerPolicy::default()
        };
        let mut window = Window::default();
        assert_eq!(window.add(call(0, true), &policy), None);
        assert_eq!(window.add(call(1, true), &policy), None);
        assert_eq!(window.add(call(2, false), &policy), None, "two of three");
        assert_eq!(window.add(call(3, true), &policy), Some(Unhealthy::Failing { share: 0.75 }));
        assert_eq!(window.add(call(4, false), &policy), None, "the first is forgotten");
    }

    #[test]
    fn a_span_forgets_by_time() {
        let policy = BreakerPolicy {
            over: Over::Span(Duration::from_secs(10)),
            minimum_calls: 2,
            failure_rate: 0.5,
            ..BreakerPolicy::default()
        };
        let mut window = Window::default();
        window.add(call(0, true), &policy);
        assert_eq!(window.add(call(11, false), &policy), None, "one call is left");
        assert_eq!(window.add(call(12, true), &policy), Some(Unhealthy::Failing { share: 0.5 }));
    }

    #[test]
    fn slow_answers_count_by_a_rate_of_their_own() {
        let policy = BreakerPolicy { minimum_calls: 2, slow_rate: 1.0, ..BreakerPolicy::default() };
        let slow = Call { slow: true, ..call(0, false) };
        let mut window = Window::default();
        window.add(slow, &policy);
        assert_eq!(window.add(slow, &policy), Some(Unhealthy::Slow { share: 1.0 }));
    }

    proptest::proptest! {
        #[test]
        fn the_sums_are_those_of_the_calls(calls in proptest::collection::vec((0i64..60, proptest::bool::ANY, proptest::bool::ANY), 0..200)) {
            let policy = BreakerPolicy { over: Over::Span(Duration::from_secs(30)), ..BreakerPolicy::default() };
            let mut window = Window::default();
            let mut second = 0;
            for (step, failed, slow) in calls {
                second += step / 10;
                window.add(Call { slow, ..call(second, failed) }, &policy);
                proptest::prop_assert_eq!(window.failed, window.calls.iter().filter(|call| call.failed).count());
                proptest::prop_assert_eq!(window.slow, window.calls.iter().filter(|call| call.slow).count());
            }
        }
    }
}
