//! How often each vendor is read unless the host says otherwise.

use std::time::Duration;

use super::{
    cron::CronLine,
    definition::{Schedule, ScheduleBuilder},
    policy::CatchUp,
    trigger::Trigger,
};
use crate::Result;

/// Minutes between two runs, by the connector's id.
///
/// Our choice and not the vendors': often enough to be useful, and within their budgets.
const EVERY_MINUTES: [(&str, u64); 5] =
    [("shopify", 15), ("xero", 30), ("unleashed", 20), ("amazon", 60), ("microsoft_graph", 15)];

/// Minutes between two runs of a connector that is not in the table.
const OTHERS: u64 = 60;

/// When the clean-up runs, in the host's zone.
const CLEAN_UP: &str = "0 2 * * *";

/// A schedule of this name for a connection, as often as its connector's default: Shopify and Microsoft 365 every 15 minutes,
/// Unleashed 20, Xero 30, Amazon and any other 60.
///
/// It is a builder, so each connection may set policies of its own; another interval is another
/// [`builder`](Schedule::builder).
///
/// ```
/// use sentia_core::schedule::{Trigger, defaults};
///
/// let shop = defaults::connection("shopify", "acme/shop")?.build()?;
/// assert_eq!(shop.to_string(), "acme/shop: every 900s");
/// # Ok::<(), sentia_core::Error>(())
/// ```
///
/// # Errors
/// None at present: every interval of the table is valid.
pub fn connection(connector: &str, name: impl Into<String>) -> Result<ScheduleBuilder> {
    let minutes =
        EVERY_MINUTES.iter().find(|(known, _)| *known == connector).map_or(OTHERS, |(_, every)| *every);
    Ok(Schedule::builder(name, Trigger::every(Duration::from_secs(minutes * 60))?))
}

/// The daily clean-up, at 02:00 on the wall clock of this zone. One that was missed is made up for.
///
/// # Errors
/// `ConfigInvalid` when the zone is not in the time zone database.
pub fn clean_up(zone: &str) -> Result<ScheduleBuilder> {
    let line = CronLine::new(CLEAN_UP, zone)?;
    Ok(Schedule::builder("clean-up", Trigger::Cron(line)).catch_up(CatchUp::Latest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendor_has_its_interval() {
        let every = |connector| {
            let schedule = connection(connector, "acme").and_then(ScheduleBuilder::build).expect("valid");
            match schedule.trigger() {
                Trigger::Every(interval) => interval.every().as_secs() / 60,
                Trigger::Cron(_) => panic!("{connector} has a cron line"),
            }
        };
        let vendors = ["shopify", "xero", "unleashed", "amazon", "microsoft_graph", "rates"];
        assert_eq!(vendors.map(every), [15, 30, 20, 60, 15, 60]);
    }

    #[test]
    fn the_clean_up_is_at_two_by_the_hosts_clock() {
        let shown = |zone, from: &str| {
            let schedule = clean_up(zone).and_then(ScheduleBuilder::build).expect("a known zone");
            schedule.next_runs(from.parse().expect("an instant"), 1)[0].due_at.to_rfc3339()
        };
        assert_eq!(shown("UTC", "2026-07-01T00:00:00Z"), "2026-07-01T02:00:00+00:00");
        assert_eq!(shown("Pacific/Auckland", "2026-07-01T00:00:00Z"), "2026-07-01T14:00:00+00:00");
        let unknown = clean_up("Europe/Atlantis").expect_err("it sank");
        assert_eq!(unknown.context_value("zone"), None);
        assert_eq!(unknown.context_value("value"), Some("Europe/Atlantis"));
    }
}
