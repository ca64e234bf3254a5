//! `events`: the calendar of a mailbox, within a window of days that moves with the calendar.

use chrono::{DateTime, Days, NaiveDate, Utc};
use sentia_core::{Error, ErrorKind, Fields, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source};
use crate::microsoft_graph::{
    client::segment,
    config::Calendar,
    delta::{Feed, Members, has},
    place::Round,
    wire::{Recipient, Stamp, ZonedTime, joined},
};

/// A full read marks the events that the window has left behind.
const FULL_EVERY: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

const PREFER: &str = r#"IdType="ImmutableId", outlook.timezone="UTC""#;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    id: Text,
    subject: Option<Text>,
    r#type: Option<Text>,
    series_master_id: Option<Text>,
    start: Option<ZonedTime>,
    end: Option<ZonedTime>,
    original_start_time_zone: Option<Text>,
    is_all_day: Option<bool>,
    is_cancelled: Option<bool>,
    is_online_meeting: Option<bool>,
    show_as: Option<Text>,
    sensitivity: Option<Text>,
    importance: Option<Text>,
    organizer: Option<Recipient>,
    attendees: Option<Vec<Recipient>>,
    location: Option<Location>,
    categories: Option<Vec<Text>>,
    i_cal_u_id: Option<Text>,
    web_link: Option<Text>,
    last_modified_date_time: Option<Stamp>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    display_name: Option<Text>,
}

impl Placed for Event {}

pub(super) fn source() -> Source {
    let stream = Stream::new("events", "id", |event: &Event| event.id.clone())
        .version(|event| Stamp::version(&event.last_modified_date_time))
        .resumable()
        .swept()
        .full_every(FULL_EVERY)
        .partitioned_by("mailboxes")
        .max_page(500)
        .describe("an event of a calendar within the configured window; series come as occurrences and their master")
        .columns(
            Fields::<Event>::new()
                .text("subject", |event| event.subject.clone())
                .text("type", |event| event.r#type.clone())
                .text("series_master_id", |event| event.series_master_id.clone())
                .timestamp("start_at", |event| event.start.as_ref()?.instant())
                .timestamp("end_at", |event| event.end.as_ref()?.instant())
                .date("start_date", |event| event.start.as_ref()?.day())
                .date("end_date", |event| event.end.as_ref()?.day())
                .text("time_zone", |event| event.start.as_ref()?.zone())
                .text("original_time_zone", |event| event.original_start_time_zone.clone())
                .boolean("is_all_day", |event| event.is_all_day)
                .boolean("is_cancelled", |event| event.is_cancelled)
                .boolean("is_online_meeting", |event| event.is_online_meeting)
                .text("show_as", |event| event.show_as.clone())
                .text("sensitivity", |event| event.sensitivity.clone())
                .text("importance", |event| event.importance.clone())
                .text("organizer_address", |event| event.organizer.as_ref()?.address())
                .text("organizer_name", |event| event.organizer.as_ref()?.name())
                .integer("attendee_count", |event| i64::try_from(event.attendees.as_ref()?.len()).ok())
                .text("location", |event| event.location.as_ref()?.display_name.clone())
                .text("categories", |event| joined(&event.categories))
                .text("ical_uid", |event| event.i_cal_u_id.clone())
                .text("web_link", |event| event.web_link.clone())
                .timestamp("last_modified_at", |event| Stamp::of(&event.last_modified_date_time)),
        );
    Source::new(stream, Needs { application: "Calendars.Read", delegated: "Calendars.Read" })
}

/// The window is kept in Graph's links, so a round over another one is a new round. It begins and ends at midnight
/// UTC, which opens one a day. `$select` is not supported.
pub(super) fn feed(mailbox: &str, size: u32, calendar: Calendar, now: DateTime<Utc>) -> Result<Feed> {
    let (start, end) = window(calendar, now.date_naive())?;
    let user = format!("/users/{}", segment(mailbox));
    let instant = |day: NaiveDate| format!("{day}T00:00:00Z");
    Ok(Feed {
        path: format!("{user}/calendarView/delta"),
        query: vec![("startDateTime", instant(start)), ("endDateTime", instant(end))],
        prefer: format!("odata.maxpagesize={size}, {PREFER}"),
        asked: format!("{start}..{end}"),
        rolls: true,
        item: (format!("{user}/events"), String::new()),
        item_prefer: Some(PREFER),
        is_whole,
    })
}

fn window(calendar: Calendar, today: NaiveDate) -> Result<(NaiveDate, NaiveDate)> {
    let days = match calendar {
        Calendar::Window { days_back, days_ahead } => today
            .checked_sub_days(Days::new(days_back.into()))
            .zip(today.checked_add_days(Days::new(u64::from(days_ahead) + 1))),
        Calendar::None => None,
    };
    days.ok_or_else(|| {
        Error::new(ErrorKind::ConfigInvalid, "calendar has no window that could be read; correct it")
    })
}

/// Occurrences come short: the rest stands in their series' master, which comes too.
fn is_whole(members: &Members<'_>, round: Round) -> bool {
    let is_occurrence = members.get("type").is_some_and(|kind| kind.get() == "\"occurrence\"");
    let is_complete = is_occurrence || (round == Round::First && has(members, &["subject"]));
    is_complete && has(members, &["start", "end"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_moves_by_a_day() {
        let asked = |now: &str| {
            let now = now.parse().expect("a time");
            feed("m", 10, Calendar::Window { days_back: 90, days_ahead: 365 }, now).expect("a window").asked
        };
        assert_eq!(asked("2026-03-01T00:00:00Z"), "2025-12-01..2027-03-02");
        assert_eq!(asked("2026-03-01T23:59:59Z"), "2025-12-01..2027-03-02");
        assert_eq!(asked("2026-03-02T00:00:00Z"), "2025-12-02..2027-03-03");
    }
}
