//! Mailboxes: bills that suppliers mail, orders that people talk about, and the meetings of the week.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::calendar::{Event, EventKind};
use super::generate::Story;
use super::generate_files::is_bill;
use super::mail::{MailFolder, Mailbox, Message};
use super::people::OfficeUser;
use super::track::Track;
use crate::rng::Rng;

const FOLDERS: [(Option<&str>, &str); 6] = [
    (Some("inbox"), "Inbox"),
    (Some("drafts"), "Drafts"),
    (Some("sentitems"), "Sent Items"),
    (Some("deleteditems"), "Deleted Items"),
    (Some("archive"), "Archive"),
    (None, "Suppliers"),
];

/// The mailbox of the `nth` user: the first one gets the bills, the second the orders, the third little.
pub(crate) fn mailbox(story: &Story<'_>, users: &[OfficeUser], nth: usize, rng: &mut Rng) -> Mailbox {
    let mut folders: Vec<MailFolder> = Vec::new();
    for (ordinal, (well_known, name)) in FOLDERS.into_iter().enumerate() {
        let parent = well_known.is_none().then(|| folders[0].id);
        let track = Track::unnumbered(story.start + TimeDelta::seconds(ordinal as i64));
        folders.push(MailFolder { id: rng.guid(), well_known, name: name.to_owned(), parent, track });
    }
    let mut mailbox = Mailbox {
        user: users[nth].id,
        folders,
        messages: vec![],
        events: vec![],
        removed_folders: vec![],
        departures: vec![],
        removed_events: vec![],
    };
    match nth {
        0 => bills(story, &mut mailbox, rng),
        1 => orders(story, &mut mailbox, rng),
        _ => {
            let folder = mailbox.folders[0].id;
            let from = ("Ada".to_owned(), "ada@example.com".to_owned());
            mailbox.messages.push(message(folder, "Hello", from, story.start, rng));
        }
    }
    calendar(story, nth, &mut mailbox, rng);
    mailbox
}

fn bills(story: &Story<'_>, mailbox: &mut Mailbox, rng: &mut Rng) {
    for invoice in story.books.invoices.iter().filter(|invoice| is_bill(invoice)) {
        let supplier = story.books.contacts[invoice.document.contact].name.clone();
        // Most lie in the inbox, some in the supplier's folder, a few in the archive.
        let folder = mailbox.folders[[0, 0, 0, 5, 4][rng.index(5)]].id;
        let subject = format!("Invoice {} from {supplier}", invoice.document.number);
        let at = invoice.document.date.and_time(chrono::NaiveTime::MIN).and_utc();
        let at = (at + TimeDelta::seconds(rng.between(0, 80_000))).clamp(story.start, story.as_of);
        let from = (supplier, "accounts@supplier.example".to_owned());
        let mut message = message(folder, &subject, from, at, rng);
        message.body = format!("Total {} {}", invoice.document.total, invoice.document.currency);
        message.has_attachments = true;
        mailbox.messages.push(message);
    }
}

fn orders(story: &Story<'_>, mailbox: &mut Mailbox, rng: &mut Rng) {
    for order in &story.shop.orders {
        let folder = mailbox.folders[[0, 0, 4, 3][rng.index(4)]].id;
        let from = ("Shop".to_owned(), "orders@hearthgrain.example".to_owned());
        let mut message =
            message(folder, &format!("Order {}", order.name()), from, order.stamp.created_at, rng);
        message.body = format!("{} line(s), total {} GBP", order.lines.len(), order.total());
        mailbox.messages.push(message);
    }
}

/// A message that came at `at`.
pub(crate) fn message(
    folder: Uuid,
    subject: &str,
    from: (String, String),
    at: DateTime<Utc>,
    rng: &mut Rng,
) -> Message {
    Message {
        id: rng.guid(),
        moves: 0,
        folder,
        subject: subject.to_owned(),
        from,
        body: String::new(),
        received_at: at,
        is_read: rng.percent(60),
        has_attachments: false,
        categories: if rng.percent(20) { vec!["Blue category"] } else { vec![] },
        track: Track::unnumbered(at),
        entered: 0,
    }
}

fn calendar(story: &Story<'_>, nth: usize, mailbox: &mut Mailbox, rng: &mut Rng) {
    let days = story.size.history_days;
    let monday = story.start.date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let weeks = u32::try_from(days / 7 + 8).unwrap_or(8);
    for event in series("Production meeting", monday + TimeDelta::hours(9), weeks, story.start, rng) {
        mailbox.events.push(event);
    }
    let singles = if nth == 2 { 1 } else { 5 + story.size.bills / 2 };
    for ordinal in 0..singles {
        let day = rng.between(0, days + 30);
        let start = monday + TimeDelta::days(day) + TimeDelta::minutes(rng.between(14, 34) * 30);
        let subject = format!("Supplier visit {}", ordinal + 1);
        let location = rng.percent(70).then(|| "Leeds, meeting room 2".to_owned());
        mailbox.events.push(single(&subject, start, location, story.start, rng));
    }
}

/// An event of one hour.
pub(crate) fn single(
    subject: &str,
    start: DateTime<Utc>,
    location: Option<String>,
    made: DateTime<Utc>,
    rng: &mut Rng,
) -> Event {
    Event {
        id: rng.guid(),
        kind: EventKind::Single,
        subject: subject.to_owned(),
        start,
        end: start + TimeDelta::hours(1),
        location,
        is_cancelled: false,
        track: Track::unnumbered(made),
    }
}

/// A weekly series and all its occurrences.
pub(crate) fn series(
    subject: &str,
    start: DateTime<Utc>,
    occurrences: u32,
    made: DateTime<Utc>,
    rng: &mut Rng,
) -> Vec<Event> {
    let first = single(subject, start, Some("Hall".to_owned()), made, rng);
    let master = Event { kind: EventKind::Master { occurrences }, ..first };
    let mut events = vec![master];
    for week in 0..occurrences {
        let start = start + TimeDelta::weeks(i64::from(week));
        let kind = EventKind::Occurrence { master: events[0].id };
        events.push(Event { kind, ..single(subject, start, Some("Hall".to_owned()), made, rng) });
    }
    events
}
