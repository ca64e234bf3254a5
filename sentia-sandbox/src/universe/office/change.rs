//! What happens in the office: people, lists, files and workbooks.

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use super::Office;
use super::files::{FieldValue, ListItem};
use super::generate::user;
use super::generate_files::{entry, plan_row, push_item};
use super::track::{Removal, Tombstone};
use super::workbook::Cell;
use crate::universe::Universe;

impl Universe {
    /// A step of the office at the present second.
    pub(super) fn office_step(&mut self) -> (u64, DateTime<Utc>) {
        let now = self.now.trunc_subsecs(0);
        self.office.step(now)
    }

    /// Somebody joins.
    pub fn add_office_user(&mut self) -> Uuid {
        let step = self.office_step();
        let ordinal = self.office.users.len() + self.office.removed_users.len();
        let mut rng = self.office.rng.clone();
        let mut user = user(ordinal, &mut self.office.rng, &mut rng, step.1);
        user.track = super::Track::unnumbered(step.1);
        user.track.number(step.0);
        let id = user.id;
        self.office.users.push(user);
        id
    }

    /// A text member of a user changes, or is cleared.
    pub fn set_office_user(&mut self, id: Uuid, member: &'static str, value: Option<&str>) {
        let step = self.office_step();
        if let Some(user) = self.office.users.iter_mut().find(|user| user.id == id) {
            user.members.insert(member, value.map(str::to_owned));
            user.track.touch(step, &[member]);
        }
    }

    /// Sign-in is allowed or forbidden.
    pub fn enable_office_user(&mut self, id: Uuid, enabled: bool) {
        let step = self.office_step();
        if let Some(user) = self.office.users.iter_mut().find(|user| user.id == id) {
            user.account_enabled = enabled;
            user.track.touch(step, &["accountEnabled"]);
        }
    }

    /// Somebody leaves: into the recycle bin first, or for good (from the bin as well).
    pub fn remove_office_user(&mut self, id: Uuid, removal: Removal) {
        let (step, at) = self.office_step();
        let before = self.office.users.len() + self.office.removed_users.len();
        self.office.users.retain(|user| user.id != id);
        self.office.removed_users.retain(|gone| gone.key != id);
        if self.office.users.len() + self.office.removed_users.len() < before {
            self.office.removed_users.push(Tombstone { key: id, at, removal, step });
        }
    }

    /// A row is added to the production plan; gives its id.
    pub fn add_list_item(&mut self, list: usize) -> u32 {
        let (step, at) = self.office_step();
        let nth = self.office.lists[list].items.len();
        let known = self.shop_uk.variants().nth(nth % self.shop_uk.variants().count().max(1));
        let (title, sku, cost) = known.map_or_else(
            || ("Sample".to_owned(), "HG-0000-000".to_owned(), None),
            |(product, variant)| (product.title.clone(), variant.sku.clone(), variant.item.unit_cost),
        );
        let Office { lists, rng, .. } = &mut self.office;
        let fields = plan_row(&title, &sku, cost, nth, at, rng);
        let fields =
            fields.into_iter().filter(|(name, _)| lists[list].columns.iter().any(|c| c.name == *name));
        let fields = fields.collect();
        let id = push_item(&mut lists[list], fields, rng, at);
        if let Some(item) = lists[list].items.last_mut() {
            item.track.number(step);
        }
        id
    }

    /// A value of a row changes, or is cleared.
    pub fn set_list_field(
        &mut self,
        list: usize,
        item: u32,
        column: &'static str,
        value: Option<FieldValue>,
    ) {
        let step = self.office_step();
        if let Some(item) = list_item(&mut self.office, list, item) {
            match value {
                Some(value) => item.fields.insert(column, value),
                None => item.fields.remove(column),
            };
            item.version += 1;
            item.track.touch(step, &["fields", "eTag", "lastModifiedDateTime"]);
        }
    }

    /// A row is deleted.
    pub fn delete_list_item(&mut self, list: usize, item: u32) {
        let (step, at) = self.office_step();
        let list = &mut self.office.lists[list];
        let before = list.items.len();
        list.items.retain(|row| row.id != item);
        if list.items.len() < before {
            list.removed.push(Tombstone { key: item, at, removal: Removal::Hard, step });
        }
    }

    /// A file (of so many bytes) or folder is added below `parent`; gives its id.
    pub fn add_drive_item(&mut self, drive: usize, parent: &str, name: &str, size: Option<u64>) -> String {
        let (step, at) = self.office_step();
        let file = size.map(|size| ("application/pdf", size));
        let mut item = entry(name, Some(parent.to_owned()), file, at, &mut self.office.rng);
        item.track.number(step);
        let id = item.id.clone();
        self.office.drives[drive].items.push(item);
        id
    }

    /// An item gets another name: metadata, so the eTag moves and the cTag does not.
    pub fn rename_drive_item(&mut self, drive: usize, id: &str, name: &str) {
        let step = self.office_step();
        if let Some(item) = self.office.drives[drive].items.iter_mut().find(|item| item.id == id) {
            name.clone_into(&mut item.name);
            item.version += 1;
            item.track.touch(step, &["name", "eTag", "webUrl", "lastModifiedDateTime", "fileSystemInfo"]);
        }
    }

    /// An item moves to another folder.
    pub fn move_drive_item(&mut self, drive: usize, id: &str, parent: &str) {
        let step = self.office_step();
        if let Some(item) = self.office.drives[drive].items.iter_mut().find(|item| item.id == id) {
            item.parent = Some(parent.to_owned());
            item.version += 1;
            item.track.touch(step, &["parentReference", "eTag", "webUrl"]);
        }
    }

    /// A file gets other content: both tags move.
    pub fn write_drive_item(&mut self, drive: usize, id: &str, size: u64) {
        let step = self.office_step();
        if let Some(item) = self.office.drives[drive].items.iter_mut().find(|item| item.id == id) {
            item.size = size;
            item.version += 1;
            item.content_version += 1;
            let members = ["size", "file", "eTag", "cTag", "lastModifiedDateTime", "fileSystemInfo"];
            item.track.touch(step, &members);
        }
    }

    /// An item is deleted with everything in it; the folder is told of first, its contents after it.
    pub fn delete_drive_item(&mut self, drive: usize, id: &str) {
        let mut doomed = vec![id.to_owned()];
        let mut next = 0;
        while let Some(parent) = doomed.get(next).cloned() {
            let inside = self.office.drives[drive].items.iter();
            doomed.extend(inside.filter(|i| i.parent.as_ref() == Some(&parent)).map(|item| item.id.clone()));
            next += 1;
        }
        for key in doomed {
            let (step, at) = self.office_step();
            let drive = &mut self.office.drives[drive];
            let before = drive.items.len();
            drive.items.retain(|item| item.id != key);
            if drive.items.len() < before {
                drive.removed.push(Tombstone { key, at, removal: Removal::Hard, step });
            }
        }
    }

    /// A cell changes, counted from the sheet's first one; the file's tags move.
    pub fn set_cell(&mut self, workbook: usize, sheet: usize, row: usize, column: usize, cell: Cell) {
        let workbook = &mut self.office.workbooks[workbook];
        if let Some(place) = workbook.sheets[sheet].cells.get_mut(row).and_then(|cells| cells.get_mut(column))
        {
            *place = cell;
        }
        self.workbook_saved();
    }

    /// A row is inserted into a sheet (and its table); rows behind it shift.
    pub fn insert_sheet_row(&mut self, workbook: usize, sheet: usize, row: usize, cells: Vec<Cell>) {
        let sheet = &mut self.office.workbooks[workbook].sheets[sheet];
        let width = sheet.cells.first().map_or(cells.len(), Vec::len);
        let mut cells = cells;
        cells.resize(width, Cell::empty());
        sheet.cells.insert(row.min(sheet.cells.len()), cells);
        self.workbook_saved();
    }

    /// A row of a sheet (and its table) is deleted; rows behind it shift.
    pub fn delete_sheet_row(&mut self, workbook: usize, sheet: usize, row: usize) {
        let sheet = &mut self.office.workbooks[workbook].sheets[sheet];
        if row < sheet.cells.len() {
            sheet.cells.remove(row);
        }
        self.workbook_saved();
    }

    fn workbook_saved(&mut self) {
        for at in 0..self.office.workbooks.len() {
            let id = self.office.workbooks[at].item.clone();
            let size = self.office.drives[0].item(&id).map_or(0, |item| item.size);
            self.write_drive_item(0, &id, size + 1);
        }
    }
}

fn list_item(office: &mut Office, list: usize, id: u32) -> Option<&mut ListItem> {
    office.lists.get_mut(list)?.items.iter_mut().find(|item| item.id == id)
}
