//! What a host reads of a stack: every counter and level under its stable name, and why a call would be held.
//!
//! Layers count where they decide: calls, retries and deadlines in the [`Meter`](super::Meter), refusals and probes in the
//! [`Breakers`], grants and waits in the [`Planner`]. Here they are only named. A name that hosts alert on is an
//! interface: it is never renamed, and a counter that would mean something else gets a name of its own.

use super::{BreakerCounts, Breakers, Forced, Outage, Phase, Request, Stack, circuit_breaker::class_of};
use crate::{
    metric::{Family, Metric, MetricKind},
    quota::{Claim, Planner, Waiting},
};

/// What holds a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// The breaker of its class: it would be refused.
    Breaker(Outage),
    /// A budget: it would wait, or be told to come back.
    Budget(Waiting),
}

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: MetricKind::Counter, help }
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: MetricKind::Gauge, help }
}

/// Every family that [`Stack::metrics`] has samples of, in the order of docs/operations.md.
pub static METRICS: [Family; 25] = [
    counter("sentia_calls_total", "Calls that connectors asked for."),
    counter("sentia_calls_answered_total", "Calls that ended in an answer the vendor's table accepts."),
    counter("sentia_requests_sent_total", "Requests sent to the vendor, retries included."),
    counter(
        "sentia_response_bytes_total",
        "Bytes of response bodies, decompressed; spooled ones as they came.",
    ),
    counter("sentia_retries_total", "Attempts after a call's first, those that a breaker refused included."),
    counter(
        "sentia_retries_exhausted_total",
        "Calls that failed with their attempts spent or a wait too long.",
    ),
    counter("sentia_retries_denied_total", "Calls that failed because the budget of retries was spent."),
    counter("sentia_deadlines_total", "Calls that were ended by their deadline."),
    gauge("sentia_breaker_state", "1 for the state that a class's breaker is in, 0 for the others."),
    gauge(
        "sentia_breaker_down_since_seconds",
        "Since when a class's calls do not pass, in seconds since 1970.",
    ),
    counter("sentia_breaker_opened_total", "Times a breaker opened, also after a failed probe."),
    counter("sentia_breaker_half_opened_total", "Times a breaker began to let probes through."),
    counter("sentia_breaker_closed_total", "Times a breaker closed."),
    counter("sentia_breaker_probes_total", "Probes sent."),
    counter("sentia_breaker_probes_lost_total", "Probes that ended without a verdict."),
    counter("sentia_breaker_refused_total", "Calls that a breaker refused without sending them."),
    counter("sentia_quota_granted_total", "Calls that the budgets let go."),
    counter("sentia_quota_waited_total", "Calls that waited for the budgets."),
    counter(
        "sentia_quota_refused_total",
        "Calls told to come back, because their wait is longer than five minutes.",
    ),
    counter("sentia_quota_exchanges_total", "Round trips to the shared state of the budgets."),
    gauge("sentia_quota_waiting", "Calls that wait for the budgets now."),
    gauge("sentia_quota_level_used", "Units of a limit that are taken: calls, points or bytes."),
    gauge("sentia_quota_level_of", "Units of a limit in all."),
    gauge(
        "sentia_quota_next_seconds",
        "When a routine call may take a limit's next unit, in seconds since 1970.",
    ),
    gauge(
        "sentia_quota_spent_by_seconds",
        "When a limit will be spent at the pace so far, in seconds since 1970.",
    ),
];

/// A sample of the family of this name.
fn sample(name: &str, value: f64) -> Option<Metric> {
    METRICS.iter().find(|family| family.name == name).map(|family| Metric::new(family, value))
}

/// Samples without labels.
fn samples<const N: usize>(values: [(&str, u64); N]) -> impl Iterator<Item = Metric> {
    values.into_iter().filter_map(|(name, value)| sample(name, value as f64))
}

impl Stack {
    /// Every counter and level of this stack, under the names of [`METRICS`].
    ///
    /// Counters begin at zero with the stack. Levels of shared budgets and states of shared breakers are what this process
    /// knows of them; a class of calls appears with its first call, a limit at once. Nothing is asked of the store or the
    /// vendor, so a scrape costs neither.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use sentia_core::{clock::SystemClock, transport::{Limit, Stack, TransportPolicy}};
    ///
    /// let minute = Limit::Calls { calls: 60, per: Duration::from_secs(60) };
    /// let policy = TransportPolicy { limits: vec![minute], ..TransportPolicy::default() };
    /// let metrics = Stack::new(policy, Arc::new(SystemClock))?.metrics();
    /// let level = metrics.iter().find(|metric| metric.family.name == "sentia_quota_level_of");
    /// let level = level.expect("each limit has a level");
    /// assert_eq!((level.value, level.labels[0].1.as_str()), (60.0, "calls per minute"));
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    pub fn metrics(&self) -> Vec<Metric> {
        let (usage, counts) = (self.meter.usage(), self.meter.counts());
        let calls = samples([
            ("sentia_calls_total", counts.asked),
            ("sentia_calls_answered_total", counts.answered),
            ("sentia_requests_sent_total", usage.calls),
            ("sentia_response_bytes_total", usage.bytes),
            ("sentia_retries_total", counts.retries),
            ("sentia_retries_exhausted_total", counts.gave_up),
            ("sentia_retries_denied_total", counts.retries_denied),
            ("sentia_deadlines_total", counts.deadlines),
        ]);
        let of_app = self.app.iter().flat_map(of_budgets).map(|metric| metric.label("of", "app"));
        calls.chain(of_breakers(&self.breakers)).chain(of_budgets(&self.planner)).chain(of_app).collect()
    }

    /// What this request would be held by, were it sent now, and until when; none when it would go.
    ///
    /// The breaker is asked first, as it is when a request is sent. Asking takes nothing and sends nothing.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use sentia_core::{clock::SystemClock, transport::{Forced, Held, Request, Stack, TransportPolicy}};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> sentia_core::Result<()> {
    /// let stack = Stack::new(TransportPolicy::default(), Arc::new(SystemClock))?;
    /// let request = Request::new(http::Method::GET, "https://api.example/orders".parse().expect("a URL"));
    /// assert_eq!(stack.explain(&request), None);
    /// stack.breakers.force("api.example", Forced::Open).await?;
    /// let Some(Held::Breaker(outage)) = stack.explain(&request) else { unreachable!("it was forced") };
    /// assert_eq!(outage.why, "an operator holds it open");
    /// # Ok(())
    /// # }
    /// ```
    pub fn explain(&self, request: &Request) -> Option<Held> {
        if let Some(outage) = self.breakers.explain(&class_of(request)) {
            return Some(Held::Breaker(outage));
        }
        let claim = Claim { cost: request.cost, operation: request.operation, urgency: request.urgency };
        let of_app = || self.app.as_ref()?.explain(claim);
        self.planner.explain(claim).or_else(of_app).map(Held::Budget)
    }
}

fn of_breakers(breakers: &Breakers) -> Vec<Metric> {
    let mut metrics = Vec::new();
    for (class, counts) in breakers.counts_by_class() {
        let BreakerCounts { opened, half_opened, closed, probed, lost_probes, refused } = counts;
        let counted = samples([
            ("sentia_breaker_opened_total", opened),
            ("sentia_breaker_half_opened_total", half_opened),
            ("sentia_breaker_closed_total", closed),
            ("sentia_breaker_probes_total", probed),
            ("sentia_breaker_probes_lost_total", lost_probes),
            ("sentia_breaker_refused_total", refused),
        ]);
        metrics.extend(counted.map(|metric| metric.label("class", class.clone())));
    }
    for (class, state) in breakers.states() {
        let is = [
            ("closed", matches!(state.phase, Phase::Closed)),
            ("open", matches!(state.phase, Phase::Open { .. })),
            ("half_open", matches!(state.phase, Phase::HalfOpen { .. })),
            ("forced_open", state.phase == Phase::Forced(Forced::Open)),
            ("forced_closed", state.phase == Phase::Forced(Forced::Closed)),
        ];
        metrics.extend(is.into_iter().filter_map(|(name, is)| {
            let metric = sample("sentia_breaker_state", f64::from(u8::from(is)))?;
            Some(metric.label("class", class.clone()).label("state", name))
        }));
    }
    metrics.extend(breakers.down().into_iter().filter_map(|outage| {
        let since = seconds(outage.since?);
        Some(sample("sentia_breaker_down_since_seconds", since)?.label("class", outage.class))
    }));
    metrics
}

fn of_budgets(planner: &Planner) -> Vec<Metric> {
    let decisions = planner.decisions();
    let mut metrics: Vec<_> = samples([
        ("sentia_quota_granted_total", decisions.granted),
        ("sentia_quota_waited_total", decisions.waited),
        ("sentia_quota_refused_total", decisions.refused),
        ("sentia_quota_exchanges_total", decisions.exchanges),
        ("sentia_quota_waiting", planner.waiting().len() as u64),
    ])
    .collect();
    for level in planner.levels() {
        let values = [
            ("sentia_quota_level_used", Some(level.used)),
            ("sentia_quota_level_of", Some(level.of)),
            ("sentia_quota_next_seconds", Some(seconds(level.next))),
            ("sentia_quota_spent_by_seconds", level.spent_by.map(seconds)),
        ];
        let told = values.into_iter().filter_map(|(name, value)| sample(name, value?));
        metrics.extend(told.map(|metric| metric.label("limit", level.limit.clone())));
    }
    metrics
}

fn seconds(at: chrono::DateTime<chrono::Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, sync::Arc, time::Duration};

    use chrono::{DateTime, Utc};

    use super::*;
    use crate::{
        Error, ErrorKind,
        clock::ManualClock,
        metric::{exposition, tests::Parsed},
        transport::{
            BreakerPolicy, Jitter, Limit, RetryPolicy, TransportPolicy,
            scripted::{Scripted, ok, request},
        },
    };

    fn stack(
        answers: impl IntoIterator<Item = crate::Result<crate::transport::Response>>,
    ) -> (Stack, Arc<ManualClock>) {
        let policy = TransportPolicy {
            limits: vec![Limit::Calls { calls: 100, per: Duration::from_secs(86_400) }],
            retry: RetryPolicy { max_attempts: 2, jitter: Jitter::None, ..RetryPolicy::default() },
            breaker: BreakerPolicy { minimum_calls: 2, failure_rate: 0.6, ..BreakerPolicy::default() },
            ..TransportPolicy::default()
        };
        let clock = Arc::new(ManualClock::new(DateTime::<Utc>::UNIX_EPOCH + Duration::from_secs(86_400)));
        (Stack::around(Scripted::new(answers), policy, clock.clone()), clock)
    }

    fn down() -> crate::Result<crate::transport::Response> {
        Err(Error::new(ErrorKind::Unavailable, "down"))
    }

    #[tokio::test]
    async fn each_decision_is_counted_under_its_name() {
        let (stack, _) = stack([ok(), down(), down(), ok()]);
        stack.transport.call(request()).await.expect("answered");
        // Two of three calls failed when its retry fails: it opens.
        stack.transport.call(request()).await.expect_err("down");
        let parsed = Parsed::of(&exposition(stack.metrics())).expect("well formed");
        let class = ("class", "127.0.0.1");
        let state = |name| parsed.value("sentia_breaker_state", &[class, ("state", name)]);
        assert_eq!((state("open"), state("closed"), state("half_open")), (Some(1.0), Some(0.0), Some(0.0)));
        assert_eq!(parsed.value("sentia_breaker_down_since_seconds", &[class]), Some(86_400.5));

        // Refused, it waits for what the breaker says, and is the probe.
        stack.transport.call(request()).await.expect("answered");
        let text = exposition(stack.metrics());
        let parsed = Parsed::of(&text).expect("well formed");
        let expected = [
            ("sentia_calls_total", 3.0),
            ("sentia_calls_answered_total", 2.0),
            ("sentia_requests_sent_total", 4.0),
            ("sentia_retries_total", 2.0),
            ("sentia_retries_exhausted_total", 1.0),
            ("sentia_retries_denied_total", 0.0),
            ("sentia_deadlines_total", 0.0),
            ("sentia_quota_granted_total", 4.0),
            ("sentia_quota_refused_total", 0.0),
            ("sentia_quota_waiting", 0.0),
        ];
        for (name, value) in expected {
            assert_eq!(parsed.value(name, &[]), Some(value), "{name} in\n{text}");
        }
        let of_class = [
            ("sentia_breaker_opened_total", 1.0),
            ("sentia_breaker_half_opened_total", 1.0),
            ("sentia_breaker_closed_total", 1.0),
            ("sentia_breaker_probes_total", 1.0),
            ("sentia_breaker_probes_lost_total", 0.0),
            ("sentia_breaker_refused_total", 1.0),
        ];
        for (name, value) in of_class {
            assert_eq!(parsed.value(name, &[class]), Some(value), "{name} in\n{text}");
        }
        let level = ("limit", "calls per day");
        assert_eq!(parsed.value("sentia_quota_level_used", &[level]), Some(4.0), "{text}");
        assert_eq!(parsed.value("sentia_quota_level_of", &[level]), Some(100.0), "{text}");
        assert_eq!(parsed.value("sentia_breaker_down_since_seconds", &[class]), None, "it is up");
    }

    #[tokio::test]
    async fn every_family_has_a_name_of_its_own_and_samples_have_no_other() {
        let names: BTreeSet<_> = METRICS.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for family in &METRICS {
            assert_eq!(family.name.ends_with("_total"), family.kind == MetricKind::Counter, "{family:?}");
        }
        let (stack, clock) = stack([ok(), down(), down()]);
        stack.transport.call(request()).await.expect("answered");
        stack.transport.call(request()).await.expect_err("down");
        // At three calls a quarter of an hour, a day's hundred are forecast to end.
        clock.advance(Duration::from_secs(900));
        let seen: BTreeSet<_> = stack.metrics().iter().map(|metric| metric.family.name).collect();
        assert_eq!(seen, names, "each has a sample");
    }

    #[test]
    fn the_document_lists_every_family() {
        let mut table = "| metric | kind | what |\n| --- | --- | --- |\n".to_owned();
        for Family { name, kind, help } in &METRICS {
            table += &format!("| `{name}` | {kind} | {help} |\n");
        }
        let document = include_str!("../../../docs/operations.md");
        assert!(document.contains(&table), "docs/operations.md differs from:\n{table}");
    }

    #[tokio::test]
    async fn a_held_call_is_told_by_what_and_until_when() {
        let (stack, _) = stack([ok(), down(), down()]);
        assert_eq!(stack.explain(&request()), None);
        stack.transport.call(request()).await.expect("answered");
        stack.transport.call(request()).await.expect_err("down");
        let Some(Held::Breaker(outage)) = stack.explain(&request()) else { panic!("{:?}", stack.breakers) };
        assert_eq!(outage.why, "67 % of its calls failed");
        assert_eq!(outage.next.map(|next| next.timestamp_millis()), Some(86_400_500 + 30_000));

        let (spent, _) = self::stack((0..98).map(|_| ok()));
        for _ in 0..98 {
            spent.transport.call(request()).await.expect("within the day's calls");
        }
        let Some(Held::Budget(waiting)) = spent.explain(&request()) else {
            panic!("{:?}", spent.planner.levels())
        };
        assert_eq!(waiting.limit, "calls per day");
    }
}
