//! Events: windows of the calendar, single ones, and changes.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Utc, Weekday};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, project};
use super::delta::{Round, moment};
use super::fault::MicrosoftGraphFault as Fault;
use super::mail_rows::{self, change_key};
use super::{pages, permission};
use crate::universe::Office;
use crate::universe::office::{Event, EventKind, Mailbox, immutable_id, plain_id};

type Outcome = Result<Answer, Answer>;
const LONDON: [&str; 2] = ["GMT Standard Time", "Europe/London"];

/// Members of events that may be selected.
const MEMBERS: [&str; 28] = [
    "allowNewTimeProposals",
    "attendees",
    "body",
    "bodyPreview",
    "categories",
    "changeKey",
    "createdDateTime",
    "end",
    "hasAttachments",
    "iCalUId",
    "importance",
    "isAllDay",
    "isCancelled",
    "isOnlineMeeting",
    "isOrganizer",
    "isReminderOn",
    "lastModifiedDateTime",
    "location",
    "organizer",
    "originalEndTimeZone",
    "originalStartTimeZone",
    "recurrence",
    "responseStatus",
    "sensitivity",
    "seriesMasterId",
    "showAs",
    "start",
    "type",
];

/// The window that `startDateTime` and `endDateTime` name; without an offset they are UTC.
pub(crate) fn window(call: &Call<'_>) -> Result<(DateTime<Utc>, DateTime<Utc>), Answer> {
    let read = |name: &str| {
        let value = call.query.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, text) = value?;
        let zoned = DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc());
        zoned.or_else(|| text.parse::<NaiveDateTime>().ok().map(|at| at.and_utc()))
    };
    let words = "This request requires a time window specified by the query string parameters StartDateTime and EndDateTime.";
    match (read("startDateTime"), read("endDateTime")) {
        (Some(start), Some(end)) if end - start > TimeDelta::days(1_825) => Err(Answer::error(
            400,
            "ErrorInvalidParameter",
            "The calendar view range exceeds the maximum of 1825 days.",
        )),
        (Some(start), Some(end)) if start < end => Ok((start, end)),
        _ => Err(Answer::error(400, "ErrorInvalidParameter", words)),
    }
}

/// `{dateTime, timeZone}`: no offset, seven digits, in the zone that was preferred.
fn zoned(call: &Call<'_>, at: DateTime<Utc>) -> Value {
    let preferred = call.prefer("outlook.timezone");
    let forced = call.fault == Some(Fault::WindowsTimeZone);
    let london = forced || preferred.as_deref().is_some_and(|zone| LONDON.contains(&zone));
    let (local, zone) = if london {
        let name = preferred.filter(|zone| !forced && LONDON.contains(&zone.as_str()));
        let name = name.unwrap_or_else(|| LONDON[0].to_owned());
        (at + TimeDelta::hours(i64::from(is_summer(at))), name)
    } else {
        (at, "UTC".to_owned())
    };
    json!({"dateTime": format!("{}.0000000", local.format("%Y-%m-%dT%H:%M:%S")), "timeZone": zone})
}

/// British Summer Time: from the last Sunday of March to that of October, at one o'clock UTC.
fn is_summer(at: DateTime<Utc>) -> bool {
    let last_sunday = |month: u32| {
        let last = NaiveDate::from_ymd_opt(at.year(), month, 31).unwrap_or_default();
        let sunday =
            (0..7).map(|back| last - TimeDelta::days(back)).find(|day| day.weekday() == Weekday::Sun);
        sunday.unwrap_or(last).and_hms_opt(1, 0, 0).unwrap_or_default().and_utc()
    };
    last_sunday(3) <= at && at < last_sunday(10)
}

/// A zone that the twin does not know is refused rather than ignored.
fn known_zone(call: &Call<'_>) -> Result<(), Answer> {
    match call.prefer("outlook.timezone") {
        Some(zone) if zone != "UTC" && !LONDON.contains(&zone.as_str()) => {
            Err(Answer::error(400, "ErrorInvalidTimeZone", "The time zone is not known to the sandbox."))
        }
        _ => Ok(()),
    }
}

fn id_of(call: &Call<'_>, id: uuid::Uuid) -> String {
    if call.immutable() { immutable_id(id) } else { plain_id(id, 0) }
}

fn row(call: &Call<'_>, office: &Office, mailbox: &Mailbox, event: &Event) -> Map<String, Value> {
    let key = change_key(event.id, event.track.latest);
    let owner = office.user(mailbox.user);
    let (name, address) = owner.map_or(("", ""), |user| (user.member("displayName"), user.address()));
    let body = json!({
        "@odata.etag": format!("W/\"{key}\""),
        "allowNewTimeProposals": true,
        "attendees": [],
        "body": {"contentType": "text", "content": ""},
        "bodyPreview": "",
        "categories": [],
        "changeKey": key,
        "createdDateTime": moment(event.track.created_at),
        "end": zoned(call, event.end),
        "hasAttachments": false,
        "iCalUId": format!("040000008200E00074C5B7101A82E008{}", event.id.simple().to_string().to_uppercase()),
        "id": id_of(call, event.id),
        "importance": "normal",
        "isAllDay": false,
        "isCancelled": event.is_cancelled,
        "isOnlineMeeting": false,
        "isOrganizer": true,
        "isReminderOn": true,
        "lastModifiedDateTime": moment(event.track.updated_at),
        "location": location(event),
        "organizer": {"emailAddress": {"name": name, "address": address}},
        "originalEndTimeZone": LONDON[0],
        "originalStartTimeZone": LONDON[0],
        "recurrence": recurrence(event),
        "responseStatus": {"response": "organizer", "time": "0001-01-01T00:00:00Z"},
        "sensitivity": "normal",
        "seriesMasterId": event.kind.master().map(|id| id_of(call, id)),
        "showAs": "busy",
        "start": zoned(call, event.start),
        "subject": event.subject,
        "type": event.kind.as_str(),
    });
    match body {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn location(event: &Event) -> Value {
    match &event.location {
        Some(place) => json!({"displayName": place, "locationType": "default"}),
        // An event without a place has a location all the same.
        None => json!({"displayName": "", "locationType": "default"}),
    }
}

fn recurrence(event: &Event) -> Value {
    let EventKind::Master { occurrences } = event.kind else { return Value::Null };
    let day = event.start.format("%A").to_string().to_lowercase();
    json!({
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": [day], "firstDayOfWeek": "sunday", "index": "first", "month": 0, "dayOfMonth": 0},
        "range": {"type": "numbered", "startDate": event.start.date_naive().to_string(), "endDate": "0001-01-01",
            "numberOfOccurrences": occurrences, "recurrenceTimeZone": LONDON[0]},
    })
}

/// An entry of a page of changes. An occurrence says little more than when it is: the rest stands in its series.
pub(crate) fn change(
    call: &Call<'_>,
    office: &Office,
    mailbox: &Mailbox,
    event: &Event,
    round: &Round,
) -> Option<Map<String, Value>> {
    let mut row = row(call, office, mailbox, event);
    row.insert("@odata.type".to_owned(), "#microsoft.graph.event".into());
    if let EventKind::Occurrence { .. } = event.kind {
        let told = ["id", "seriesMasterId", "type", "start", "end"];
        row.retain(|name, _| name.starts_with('@') || told.contains(&name.as_str()));
    } else if event.track.born <= round.base && !event.track.changed("type", round.base) {
        // What moved may have come into the window just now; then nobody knows the rest of it.
        if !event.track.changed("start", round.base) {
            row.retain(|name, _| {
                name == "id" || name.starts_with('@') || event.track.changed(name, round.base)
            });
        }
    }
    Some(row)
}

/// `GET /users/{id}/calendarView`: instances, no series.
pub(crate) fn view(call: &Call<'_>, mailbox: usize) -> Outcome {
    permission::calendars(call)?;
    known_zone(call)?;
    let (start, end) = window(call)?;
    call.only(&["$select", "$top", "$skip", "$count", "$orderby"])?;
    list(call, mailbox, |event| !matches!(event.kind, EventKind::Master { .. }) && event.within(start, end))
}

/// `GET /users/{id}/events`: single ones and series, no instances.
pub(crate) fn events(call: &Call<'_>, mailbox: usize) -> Outcome {
    permission::calendars(call)?;
    known_zone(call)?;
    call.only(&["$select", "$top", "$skip", "$count", "$orderby"])?;
    list(call, mailbox, |event| matches!(event.kind, EventKind::Single | EventKind::Master { .. }))
}

fn list(call: &Call<'_>, mailbox: usize, wanted: impl Fn(&Event) -> bool) -> Outcome {
    let known: Vec<&str> = MEMBERS.into_iter().chain(["subject"]).collect();
    let select = call.select(&known, "microsoft.graph.event")?;
    let universe = call.state.world.read();
    let mailbox = &universe.office.mailboxes[mailbox];
    let mut events: Vec<&Event> = mailbox.events.iter().filter(|event| wanted(event)).collect();
    events.sort_by_key(|event| event.start);
    let rows =
        events.into_iter().map(|e| project(row(call, &universe.office, mailbox, e), select.as_deref()));
    let rows = rows.collect();
    drop(universe);
    Ok(mail_rows::applied(call, pages::page(call, rows, "events", (10, 1_000))?))
}

pub(crate) fn event(call: &Call<'_>, mailbox: usize, id: &str) -> Outcome {
    permission::calendars(call)?;
    known_zone(call)?;
    let universe = call.state.world.read();
    let mailbox = &universe.office.mailboxes[mailbox];
    let event = mailbox.events.iter().find(|e| immutable_id(e.id) == id || plain_id(e.id, 0) == id);
    let words = "The specified object was not found in the store.";
    let event = event.ok_or_else(|| Answer::error(404, "ErrorItemNotFound", words))?;
    Ok(mail_rows::applied(call, pages::single(call, row(call, &universe.office, mailbox, event), "events")))
}
