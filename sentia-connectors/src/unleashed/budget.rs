//! The month's calls: what the plan grants, and what the runs of this month spent.
//!
//! Unleashed tells neither in an answer. It counts every call of the account, also those of other programs; this counts
//! ours, by the reports of our runs, which name every attempt that was sent.

use chrono::{DateTime, Datelike, Utc};
use sentia_core::RunReport;

use super::error::next_month;

/// How near the end the month's calls are. Unleashed writes mails at the same three marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BudgetLevel {
    /// Less than 90 % are spent.
    Ample,
    /// At least 90 % are spent.
    Scarce,
    /// At least 95 % are spent.
    NearlySpent,
    /// All are spent: Unleashed refuses every call until the month is over.
    Spent,
}

/// What is left of the month's calls.
///
/// ```
/// use sentia_connectors::unleashed::{BudgetLevel, CallBudget};
///
/// let now = "2026-03-20T12:00:00Z".parse().expect("an instant");
/// let budget = CallBudget::new(125_000, 118_750, now);
/// assert_eq!((budget.left(), budget.level()), (6_250, BudgetLevel::NearlySpent));
/// assert_eq!(budget.resets.map(|at| at.to_string()).as_deref(), Some("2026-04-01 00:00:00 UTC"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallBudget {
    /// Calls that the plan grants for a month.
    pub granted: u32,
    /// Calls spent since the 1st, 00:00 UTC.
    pub spent: u64,
    /// When the next month's calls come.
    /// None at the end of the calendar alone.
    pub resets: Option<DateTime<Utc>>,
}

impl CallBudget {
    /// A budget of `granted` calls, of which `spent` are spent in the month of `now`.
    pub fn new(granted: u32, spent: u64, now: DateTime<Utc>) -> Self {
        CallBudget { granted, spent, resets: next_month(now) }
    }

    /// The calls that `runs` spent in the month of `now`.
    ///
    /// A run counts to the month in which it began. Give it the runs of one connection, or of all connections that
    /// share the account.
    pub fn of_runs<'a>(
        granted: u32,
        runs: impl IntoIterator<Item = &'a RunReport>,
        now: DateTime<Utc>,
    ) -> Self {
        let month = |at: DateTime<Utc>| (at.year(), at.month());
        let spent = runs.into_iter().filter(|run| month(run.started) == month(now));
        CallBudget::new(granted, spent.map(|run| run.usage().calls).sum(), now)
    }

    /// Calls that are left.
    pub fn left(&self) -> u64 {
        u64::from(self.granted).saturating_sub(self.spent)
    }

    /// How near the end it is.
    pub fn level(&self) -> BudgetLevel {
        let reached = |percent: u64| self.spent * 100 >= u64::from(self.granted) * percent;
        match (reached(100), reached(95), reached(90)) {
            (true, _, _) => BudgetLevel::Spent,
            (_, true, _) => BudgetLevel::NearlySpent,
            (_, _, true) => BudgetLevel::Scarce,
            _ => BudgetLevel::Ample,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(started: &str, calls: u64) -> RunReport {
        let stream = json!({
            "name": "products", "outcome": "complete", "read": 0, "upserted": 0, "deleted": 0,
            "counts": serde_json::to_value(sentia_core::batch::Counts::default()).expect("JSON"),
            "pages": 1, "usage": { "calls": calls, "bytes": 0 }, "certificates": [], "failure": null,
        });
        serde_json::from_value(json!({
            "run": "00000000-0000-0000-0000-000000000000", "tenant": "t", "connection": "c",
            "vendor": "unleashed", "mode": "incremental", "started": started, "finished": null,
            "streams": [stream],
        }))
        .expect("a report")
    }

    #[test]
    fn the_runs_of_this_month_count() {
        let runs = [
            run("2026-02-28T23:59:59Z", 1_000),
            run("2026-03-01T00:00:00Z", 20),
            run("2026-03-20T10:00:00Z", 3),
            run("2025-03-20T10:00:00Z", 1_000),
        ];
        let now = "2026-03-20T12:00:00Z".parse().expect("an instant");
        let budget = CallBudget::of_runs(25, &runs, now);
        assert_eq!((budget.spent, budget.left(), budget.level()), (23, 2, BudgetLevel::Scarce));
    }

    #[test]
    fn levels_are_those_of_the_vendors_mails() {
        let level = |spent| CallBudget::new(1000, spent, DateTime::UNIX_EPOCH).level();
        assert_eq!(level(899), BudgetLevel::Ample);
        assert_eq!(level(900), BudgetLevel::Scarce);
        assert_eq!(level(950), BudgetLevel::NearlySpent);
        assert_eq!((level(1000), level(5000)), (BudgetLevel::Spent, BudgetLevel::Spent));
        assert_eq!(CallBudget::new(10, 11, DateTime::UNIX_EPOCH).left(), 0);
    }
}
