//! Lines that nobody has written yet.

use proptest::prelude::*;

use super::{LINES, ZONES};
use crate::{
    ErrorKind,
    schedule::{CatchUp, CronLine, Schedule, ScheduleState, Trigger},
};

/// One field: what people write, and what they mistype.
fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just("*".to_owned()),
        4 => (0_u32..70).prop_map(|number| number.to_string()),
        2 => (0_u32..40, 0_u32..70).prop_map(|(from, to)| format!("{from}-{to}")),
        2 => (0_u32..70).prop_map(|step| format!("*/{step}")),
        1 => (0_u32..40, 0_u32..70, 0_u32..9).prop_map(|(from, to, step)| format!("{from}-{to}/{step}")),
        1 => prop::sample::select(vec!["L", "LW", "15W", "31W", "5L", "1#5", "0#6", "+1", "MON-FRI", "FEB", "?", "1,2,", "-"])
            .prop_map(str::to_owned),
    ]
}

fn check(line: &str, zone: &str, after: i64, length: i64) -> Result<(), TestCaseError> {
    let cron = match CronLine::new(line, zone) {
        Ok(cron) => cron,
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
            return Ok(());
        }
    };
    let next = cron.next(after);
    prop_assert!(next.is_none_or(|next| next > after), "{} in {}", line, zone);
    if let Some(next) = next {
        prop_assert_eq!(cron.count(after, next), 1, "{} in {} after {}", line, zone, after);
        prop_assert_eq!(cron.count(after, next - 1), 0, "{} in {} after {}", line, zone, after);
    }
    let schedule = Schedule::builder("any", Trigger::Cron(cron)).catch_up(CatchUp::All { cap: 2 });
    let schedule = schedule.build().map_err(|error| TestCaseError::fail(error.to_string()))?;
    let instant = |at| chrono::DateTime::from_timestamp(at, 0).expect("in the calendar");
    let due = schedule.due(&ScheduleState::new(instant(after)), instant(after + length));
    let Trigger::Cron(cron) = schedule.trigger() else { unreachable!("as built") };
    let passed = cron.count(after, after + length);
    prop_assert!(
        due.missed == passed || due.missed + 1 == passed,
        "{} of {}: {} in {}",
        due.missed,
        passed,
        line,
        zone
    );
    Ok(())
}

proptest! {
    #[test]
    fn random_lines_do_not_panic(
        fields in prop::collection::vec(field(), 4..8),
        zone in prop::sample::select(ZONES.to_vec()),
        after in 0_i64..4_000_000_000,
        length in 0_i64..40_000_000,
    ) {
        check(&fields.join(" "), zone, after, length)?;
    }

    #[test]
    fn random_text_does_not_panic(line in "\\PC{0,40}", zone in "\\PC{0,20}") {
        if let Err(error) = CronLine::new(&line, "UTC") {
            prop_assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
        }
        if let Err(error) = CronLine::new("0 2 * * *", &zone) {
            prop_assert_eq!(error.context_value("setting"), Some("zone"));
        }
    }

    #[test]
    fn any_instant_of_the_calendar_does_not_panic(
        line in prop::sample::select(LINES.to_vec()),
        zone in prop::sample::select(ZONES.to_vec()),
        after in prop::sample::select(vec![-8_334_601_228_800, -62_135_596_801, -1, 0, 253_402_300_799, 8_210_266_876_799]),
    ) {
        check(line, zone, after, 0)?;
    }
}
