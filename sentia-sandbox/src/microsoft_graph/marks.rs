//! What a feed has at which step, and how it looks there.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::call::{Call, project};
use super::delta::{Feed, Round};
use super::{event_rows, file_rows, mail_rows, user_lists};
use crate::universe::Office;
use crate::universe::office::{EventKind, Mailbox, Removal, Track, folder_id, immutable_id, plain_id};

/// Something changed at a step: the thing at a place of its list, or the tombstone at a place of its.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub(crate) step: u64,
    pub(crate) place: usize,
    pub(crate) gone: bool,
}

fn here((place, step): (usize, u64)) -> Mark {
    Mark { step, place, gone: false }
}

fn gone((place, step): (usize, u64)) -> Mark {
    Mark { step, place, gone: true }
}

/// All marks of a feed that concern a round.
pub(crate) fn marks(office: &Office, round: &Round) -> Result<Vec<Mark>, Answer> {
    // A first round tells of removals only when they happened while it ran.
    let late = |step: u64| round.base > 0 || step > round.opened;
    let mut marks: Vec<Mark> = Vec::new();
    match &round.feed {
        Feed::Users => {
            let users = office.users.iter().map(|user| user.track.latest).enumerate();
            marks.extend(users.map(here));
            let removed = office.removed_users.iter().enumerate();
            // Those in the recycle bin show in first rounds as well.
            let told = removed.filter(|(_, tomb)| late(tomb.step) || tomb.removal == Removal::Soft);
            marks.extend(told.map(|(place, tomb)| gone((place, tomb.step))));
        }
        Feed::ListItems { list, .. } => {
            let list = &office.lists[*list];
            marks.extend(list.items.iter().map(|item| item.track.latest).enumerate().map(here));
            marks.extend(
                list.removed.iter().map(|tomb| tomb.step).enumerate().filter(|t| late(t.1)).map(gone),
            );
        }
        Feed::DriveItems { drive, .. } => {
            let drive = &office.drives[*drive];
            marks.extend(drive.items.iter().map(|item| item.track.latest).enumerate().map(here));
            marks.extend(
                drive.removed.iter().map(|tomb| tomb.step).enumerate().filter(|t| late(t.1)).map(gone),
            );
        }
        Feed::MailFolders { mailbox, .. } => {
            let mailbox = &office.mailboxes[*mailbox];
            let steps = mailbox.folders.iter().map(|folder| mail_rows::activity(mailbox, folder));
            marks.extend(steps.enumerate().map(here));
            let removed = mailbox.removed_folders.iter().map(|tomb| tomb.step).enumerate();
            marks.extend(removed.filter(|t| late(t.1)).map(gone));
        }
        Feed::Messages { mailbox, folder, .. } => {
            marks = message_marks(&office.mailboxes[*mailbox], *folder, round)?;
        }
        Feed::CalendarView { mailbox, .. } => {
            let mailbox = &office.mailboxes[*mailbox];
            marks.extend(mailbox.events.iter().map(|event| event.track.latest).enumerate().map(here));
            let removed = mailbox.removed_events.iter().map(|tomb| tomb.step).enumerate();
            marks.extend(removed.filter(|t| late(t.1)).map(gone));
        }
    }
    Ok(marks)
}

/// The marks of one mail folder: what lies in it, and what left it.
fn message_marks(mailbox: &Mailbox, folder: Uuid, round: &Round) -> Result<Vec<Mark>, Answer> {
    if !mailbox.folders.iter().any(|known| known.id == folder) {
        let words = "The specified folder was not found in the store.";
        return Err(Answer::error(404, "ErrorItemNotFound", words));
    }
    let late = |step: u64| round.base > 0 || step > round.opened;
    let wanted = |kind: &str| round.change_type.as_deref().is_none_or(|types| types == kind);
    let messages = mailbox.messages.iter().enumerate().filter(|(_, message)| message.folder == folder);
    let messages = messages.filter(|(_, message)| match round.received {
        Some((from, true)) => message.received_at >= from,
        Some((from, false)) => message.received_at > from,
        None => true,
    });
    let messages = messages
        .filter(|(_, message)| wanted(if message.entered > round.base { "created" } else { "updated" }));
    let messages = messages.map(|(place, message)| here((place, message.track.latest)));
    let left = mailbox.departures.iter().enumerate().filter(|(_, tomb)| tomb.key.folder == folder);
    let left = left.filter(|(_, tomb)| late(tomb.step) && wanted("deleted"));
    Ok(messages.chain(left.map(|(place, tomb)| gone((place, tomb.step)))).collect())
}

/// `id` and `@removed`.
fn removed(id: String, removal: Removal) -> Option<Map<String, Value>> {
    json!({"@removed": {"reason": removal.as_str()}, "id": id}).as_object().cloned()
}

/// One entry of a page; none when nothing of what was selected changed.
pub(crate) fn render(
    call: &Call<'_>,
    office: &Office,
    round: &Round,
    mark: Mark,
) -> Option<Map<String, Value>> {
    let select = round.select.as_deref();
    match &round.feed {
        Feed::Users if mark.gone => {
            let tomb = &office.removed_users[mark.place];
            removed(tomb.key.to_string(), tomb.removal)
        }
        Feed::Users => user_lists::change(&office.users[mark.place], round),
        Feed::ListItems { list, .. } => {
            let list = &office.lists[*list];
            if mark.gone {
                return file_rows::gone_item(call, office, list, &list.removed[mark.place]);
            }
            let item = &list.items[mark.place];
            let row = file_rows::list_item(call, office, list, item, round.expand.as_deref());
            Some(project(sparse(call, round, &item.track, row), with_fields(select).as_deref()))
        }
        Feed::DriveItems { drive, .. } => {
            let drive = &office.drives[*drive];
            if mark.gone {
                return file_rows::gone_drive_item(drive, &drive.removed[mark.place]);
            }
            let item = &drive.items[mark.place];
            let row = file_rows::drive_item(call, office, drive, item, false);
            Some(project(sparse(call, round, &item.track, row), select))
        }
        Feed::MailFolders { mailbox, .. } => {
            let mailbox = &office.mailboxes[*mailbox];
            if mark.gone {
                let tomb = &mailbox.removed_folders[mark.place];
                return removed(folder_id(tomb.key), tomb.removal);
            }
            mail_rows::folder_change(mailbox, &mailbox.folders[mark.place], round)
        }
        Feed::Messages { mailbox, .. } => {
            let mailbox = &office.mailboxes[*mailbox];
            if mark.gone {
                let tomb = &mailbox.departures[mark.place];
                let id = if call.immutable() {
                    immutable_id(tomb.key.message)
                } else {
                    plain_id(tomb.key.message, tomb.key.moves)
                };
                return removed(id, tomb.removal);
            }
            mail_rows::message_change(call, office, &mailbox.messages[mark.place], round)
        }
        Feed::CalendarView { mailbox, start, end, .. } => {
            event(call, office, &office.mailboxes[*mailbox], round, mark, (*start, *end))
        }
    }
}

/// An event in the window comes, one that was moved is said to be gone.
fn event(
    call: &Call<'_>,
    office: &Office,
    mailbox: &Mailbox,
    round: &Round,
    mark: Mark,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
) -> Option<Map<String, Value>> {
    let id = |id| if call.immutable() { immutable_id(id) } else { plain_id(id, 0) };
    if mark.gone {
        let tomb = &mailbox.removed_events[mark.place];
        return removed(id(tomb.key), tomb.removal);
    }
    let event = &mailbox.events[mark.place];
    let shown = match event.kind {
        EventKind::Master { .. } => {
            let mut instances = mailbox.events.iter();
            instances.any(|one| one.kind.master() == Some(event.id) && one.within(start, end))
        }
        _ => event.within(start, end),
    };
    if shown {
        return event_rows::change(call, office, mailbox, event, round);
    }
    // It may have been in the window: nobody remembers, so it is said to be gone.
    let known = round.base > 0 && event.track.born <= round.base;
    let moved = known && event.track.changed("start", round.base);
    moved.then(|| removed(id(event.id), Removal::Hard)).flatten()
}

/// Expanded fields are there whatever was selected.
fn with_fields(select: Option<&[String]>) -> Option<Vec<String>> {
    select.map(|names| names.iter().cloned().chain(["fields".to_owned()]).collect())
}

/// What changed and nothing else, where a twin is told to be that sparing.
fn sparse(call: &Call<'_>, round: &Round, track: &Track, row: Map<String, Value>) -> Map<String, Value> {
    if !call.settings.sparse_file_deltas || track.born > round.base {
        return row;
    }
    row.into_iter().filter(|(name, _)| name == "id" || track.changed(name, round.base)).collect()
}
