//! A day in the office.

use chrono::TimeDelta;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::calendar::EventKind;
use super::files::FieldValue;
use super::track::Removal;
use super::workbook::Cell;
use crate::universe::Universe;

/// What one step of [`Universe::evolve`] changed in the office.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfficeEvolution {
    /// Users that joined.
    pub users_added: Vec<Uuid>,
    /// Users that changed.
    pub users_changed: Vec<Uuid>,
    /// Users that left.
    pub users_removed: Vec<Uuid>,
    /// Rows of the production plan that are new.
    pub list_items_added: Vec<u32>,
    /// Rows of the production plan that changed.
    pub list_items_changed: Vec<u32>,
    /// Rows of the production plan that went.
    pub list_items_deleted: Vec<u32>,
    /// Items of the library that are new or changed; the workbook is among them.
    pub files_changed: Vec<String>,
    /// Items of the library that went.
    pub files_deleted: Vec<String>,
    /// Messages of the first mailbox that came.
    pub messages_received: Vec<Uuid>,
    /// Messages of the first mailbox that were read.
    pub messages_changed: Vec<Uuid>,
    /// Messages of the first mailbox that moved.
    pub messages_moved: Vec<Uuid>,
    /// Messages of the first mailbox that went.
    pub messages_deleted: Vec<Uuid>,
    /// Events of the first calendar that are new or changed.
    pub events_changed: Vec<Uuid>,
    /// Events of the first calendar that went.
    pub events_deleted: Vec<Uuid>,
}

impl Universe {
    pub(crate) fn evolve_office(&mut self) -> OfficeEvolution {
        let mut report = OfficeEvolution::default();
        self.evolve_people(&mut report);
        self.evolve_plan(&mut report);
        self.evolve_library(&mut report);
        self.evolve_mail(&mut report);
        self.evolve_calendar(&mut report);
        report
    }

    /// One of `len` things, not among the first `keep`.
    fn office_index(&mut self, keep: usize, len: usize) -> Option<usize> {
        (len > keep).then(|| keep + self.office.rng.index(len - keep))
    }

    fn evolve_people(&mut self, report: &mut OfficeEvolution) {
        report.users_added.push(self.add_office_user());
        // The first users have mailboxes and drives; they stay.
        for (member, value) in [("jobTitle", Some("Team lead")), ("department", None)] {
            if let Some(at) = self.office_index(1, self.office.users.len()) {
                let id = self.office.users[at].id;
                self.set_office_user(id, member, value);
                report.users_changed.push(id);
            }
        }
        if let Some(at) = self.office_index(4, self.office.users.len() - 1) {
            let id = self.office.users[at].id;
            self.remove_office_user(id, Removal::Soft);
            report.users_removed.push(id);
        }
    }

    fn evolve_plan(&mut self, report: &mut OfficeEvolution) {
        report.list_items_added.push(self.add_list_item(0));
        let done = || Some(FieldValue::Text("Done".to_owned()));
        for (column, value) in [("Status", done()), ("DueDate", None)] {
            if let Some(at) = self.office_index(0, self.office.lists[0].items.len()) {
                let id = self.office.lists[0].items[at].id;
                self.set_list_field(0, id, column, value);
                report.list_items_changed.push(id);
            }
        }
        if let Some(at) = self.office_index(3, self.office.lists[0].items.len()) {
            let id = self.office.lists[0].items[at].id;
            self.delete_list_item(0, id);
            report.list_items_deleted.push(id);
        }
    }

    fn evolve_library(&mut self, report: &mut OfficeEvolution) {
        // The root, the price folder, the workbook and the folder of drawings stay.
        let drawings = self.office.drives[0].items[3].id.clone();
        report.files_changed.push(self.add_drive_item(0, &drawings, "New 100% drawing #1.pdf", Some(7_000)));
        if let Some(at) = self.office_index(4, self.office.drives[0].items.len()) {
            let (id, name) =
                (self.office.drives[0].items[at].id.clone(), self.office.drives[0].items[at].name.clone());
            self.rename_drive_item(0, &id, &format!("Old {name}"));
            report.files_changed.push(id);
        }
        let price = Cell::number(Decimal::new(self.office.rng.between(450, 45_000), 2));
        self.set_cell(0, 0, 1, 2, price);
        report.files_changed.push(self.office.workbooks[0].item.clone());
        if let Some(at) = self.office_index(4, self.office.drives[0].items.len() - 1) {
            let id = self.office.drives[0].items[at].id.clone();
            let before: Vec<String> = self.office.drives[0].items.iter().map(|i| i.id.clone()).collect();
            self.delete_drive_item(0, &id);
            let gone = before.into_iter().filter(|id| self.office.drives[0].item(id).is_none());
            report.files_deleted.extend(gone);
        }
    }

    fn evolve_mail(&mut self, report: &mut OfficeEvolution) {
        let (inbox, archive) = {
            let folders = &self.office.mailboxes[0].folders;
            (folders[0].id, folders[4].id)
        };
        report.messages_received.push(self.receive_message(0, inbox, "Delivery on Thursday"));
        let old = self.office.mailboxes[0].messages.len() - 1;
        let pick = |universe: &mut Self| {
            let at = universe.office_index(0, old)?;
            universe.office.mailboxes[0].messages.get(at).map(|message| message.id)
        };
        if let Some(id) = pick(self) {
            self.mark_message(0, id, true);
            report.messages_changed.push(id);
        }
        if let Some(id) = pick(self) {
            let lies_in = self.office.mailboxes[0].messages.iter().find(|m| m.id == id).map(|m| m.folder);
            let target = if lies_in == Some(archive) { inbox } else { archive };
            self.move_message(0, id, target);
            report.messages_moved.push(id);
        }
        if let Some(id) = pick(self) {
            self.delete_message(0, id);
            report.messages_deleted.push(id);
        }
    }

    fn evolve_calendar(&mut self, report: &mut OfficeEvolution) {
        let now = self.now;
        report.events_changed.push(self.add_event(0, "Stock count", now + TimeDelta::days(2)));
        let of_kind = |universe: &mut Self, wanted: fn(&EventKind) -> bool| {
            let events = universe.office.mailboxes[0].events.iter();
            let ids: Vec<Uuid> = events.filter(|event| wanted(&event.kind)).map(|event| event.id).collect();
            (!ids.is_empty()).then(|| *universe.office.rng.pick(&ids))
        };
        if let Some(id) = of_kind(self, |kind| matches!(kind, EventKind::Occurrence { .. })) {
            self.reschedule_event(0, id, now + TimeDelta::days(1));
            report.events_changed.push(id);
        }
        if let Some(id) = of_kind(self, |kind| *kind == EventKind::Single) {
            self.relocate_event(0, id, None);
            report.events_changed.push(id);
        }
        if let Some(id) = of_kind(self, |kind| *kind == EventKind::Single) {
            self.delete_event(0, id);
            report.events_deleted.push(id);
        }
    }
}
