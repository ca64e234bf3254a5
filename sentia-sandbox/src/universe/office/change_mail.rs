//! What happens in mailboxes and calendars.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::calendar::{Event, EventKind};
use super::generate_mail::{message, series, single};
use super::mail::{Departed, MailFolder};
use super::track::{Removal, Tombstone, Track};
use crate::universe::Universe;

impl Universe {
    /// A mail comes into a folder; gives its id.
    pub fn receive_message(&mut self, mailbox: usize, folder: Uuid, subject: &str) -> Uuid {
        let (step, at) = self.office_step();
        let from = ("Brassworks".to_owned(), "sales@supplier.example".to_owned());
        let mut message = message(folder, subject, from, at, &mut self.office.rng);
        message.is_read = false;
        message.track.number(step);
        message.entered = step;
        let id = message.id;
        self.office.mailboxes[mailbox].messages.push(message);
        id
    }

    /// A mail is marked as read or unread.
    pub fn mark_message(&mut self, mailbox: usize, id: Uuid, is_read: bool) {
        let step = self.office_step();
        let messages = &mut self.office.mailboxes[mailbox].messages;
        if let Some(message) = messages.iter_mut().find(|message| message.id == id) {
            message.is_read = is_read;
            message.track.touch(step, &["isRead"]);
        }
    }

    /// A mail moves to another folder: gone from the one, new in the other, with another plain id.
    pub fn move_message(&mut self, mailbox: usize, id: Uuid, folder: Uuid) {
        let (left, _) = self.office_step();
        let (step, at) = self.office_step();
        let mailbox = &mut self.office.mailboxes[mailbox];
        if let Some(message) = mailbox.messages.iter_mut().find(|message| message.id == id) {
            let key = Departed { folder: message.folder, message: id, moves: message.moves, moved: true };
            mailbox.departures.push(Tombstone { key, at, removal: Removal::Hard, step: left });
            message.moves += 1;
            message.folder = folder;
            message.entered = step;
            message.track.touch((step, at), &["parentFolderId"]);
        }
    }

    /// A mail is deleted for good.
    pub fn delete_message(&mut self, mailbox: usize, id: Uuid) {
        let (step, at) = self.office_step();
        let mailbox = &mut self.office.mailboxes[mailbox];
        if let Some(place) = mailbox.messages.iter().position(|message| message.id == id) {
            let message = mailbox.messages.remove(place);
            let key = Departed { folder: message.folder, message: id, moves: message.moves, moved: false };
            mailbox.departures.push(Tombstone { key, at, removal: Removal::Hard, step });
        }
    }

    /// A folder is made; gives its id.
    pub fn add_mail_folder(&mut self, mailbox: usize, name: &str, parent: Option<Uuid>) -> Uuid {
        let (step, at) = self.office_step();
        let id = self.office.rng.guid();
        let mut track = Track::unnumbered(at);
        track.number(step);
        let folder = MailFolder { id, well_known: None, name: name.to_owned(), parent, track };
        self.office.mailboxes[mailbox].folders.push(folder);
        id
    }

    /// A folder gets another name.
    pub fn rename_mail_folder(&mut self, mailbox: usize, id: Uuid, name: &str) {
        let step = self.office_step();
        let folders = &mut self.office.mailboxes[mailbox].folders;
        if let Some(folder) = folders.iter_mut().find(|folder| folder.id == id) {
            name.clone_into(&mut folder.name);
            folder.track.touch(step, &["displayName"]);
        }
    }

    /// A folder is deleted with its messages; its own delta link is of no use afterwards.
    pub fn delete_mail_folder(&mut self, mailbox: usize, id: Uuid) {
        let inside = self.office.mailboxes[mailbox].messages.iter().filter(|message| message.folder == id);
        let inside: Vec<Uuid> = inside.map(|message| message.id).collect();
        for message in inside {
            self.delete_message(mailbox, message);
        }
        let (step, at) = self.office_step();
        let mailbox = &mut self.office.mailboxes[mailbox];
        let before = mailbox.folders.len();
        mailbox.folders.retain(|folder| folder.id != id);
        if mailbox.folders.len() < before {
            mailbox.removed_folders.push(Tombstone { key: id, at, removal: Removal::Hard, step });
        }
    }

    /// An event of one hour is put into a calendar; gives its id.
    pub fn add_event(&mut self, mailbox: usize, subject: &str, start: DateTime<Utc>) -> Uuid {
        let (step, at) = self.office_step();
        let mut event = single(subject, start, None, at, &mut self.office.rng);
        event.track.number(step);
        let id = event.id;
        self.office.mailboxes[mailbox].events.push(event);
        id
    }

    /// A weekly series is put into a calendar; gives the master's id.
    pub fn add_series(&mut self, mailbox: usize, subject: &str, start: DateTime<Utc>, times: u32) -> Uuid {
        let at = self.office_step().1;
        let events = series(subject, start, times, at, &mut self.office.rng);
        let id = events[0].id;
        for mut event in events {
            event.track.number(self.office_step().0);
            self.office.mailboxes[mailbox].events.push(event);
        }
        id
    }

    /// An event moves; an occurrence of a series becomes an exception.
    pub fn reschedule_event(&mut self, mailbox: usize, id: Uuid, start: DateTime<Utc>) {
        self.change_event(mailbox, id, &["start", "end", "type"], |event| {
            event.end = start + (event.end - event.start).max(TimeDelta::minutes(15));
            event.start = start;
            if let EventKind::Occurrence { master } = event.kind {
                event.kind = EventKind::Exception { master };
            }
        });
    }

    /// An event gets another place, or none.
    pub fn relocate_event(&mut self, mailbox: usize, id: Uuid, location: Option<&str>) {
        self.change_event(mailbox, id, &["location"], |event| event.location = location.map(str::to_owned));
    }

    fn change_event(
        &mut self,
        mailbox: usize,
        id: Uuid,
        members: &[&'static str],
        change: impl FnOnce(&mut Event),
    ) {
        let step = self.office_step();
        let events = &mut self.office.mailboxes[mailbox].events;
        if let Some(event) = events.iter_mut().find(|event| event.id == id) {
            change(event);
            event.track.touch(step, members);
        }
    }

    /// An event is deleted; a series goes with all its occurrences.
    pub fn delete_event(&mut self, mailbox: usize, id: Uuid) {
        let events = self.office.mailboxes[mailbox].events.iter();
        let doomed = events.filter(|event| event.id == id || event.kind.master() == Some(id));
        let doomed: Vec<Uuid> = doomed.map(|event| event.id).collect();
        for key in doomed {
            let (step, at) = self.office_step();
            let mailbox = &mut self.office.mailboxes[mailbox];
            mailbox.events.retain(|event| event.id != key);
            mailbox.removed_events.push(Tombstone { key, at, removal: Removal::Hard, step });
        }
    }
}
