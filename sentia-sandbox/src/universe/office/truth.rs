//! What a complete copy of the office must hold.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::calendar::EventKind;
use super::files::FieldValue;
use super::mail::{folder_id, immutable_id};
use super::workbook::{Cell, CellValue};
use super::{Mailbox, Office, Removal};
use crate::universe::{Presence, TruthRecord};

/// The collections of the office.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are the vendor's
pub enum MicrosoftGraphStream {
    Users,
    Sites,
    Lists,
    Columns,
    ListItems,
    Drives,
    DriveItems,
    Worksheets,
    WorkbookTables,
    WorkbookRows,
    MailFolders,
    Messages,
    Events,
}

impl MicrosoftGraphStream {
    /// Every one.
    pub const ALL: [Self; 13] = [
        Self::Users,
        Self::Sites,
        Self::Lists,
        Self::Columns,
        Self::ListItems,
        Self::Drives,
        Self::DriveItems,
        Self::Worksheets,
        Self::WorkbookTables,
        Self::WorkbookRows,
        Self::MailFolders,
        Self::Messages,
        Self::Events,
    ];
}

fn live(key: impl Into<String>, updated_at: DateTime<Utc>) -> TruthRecord {
    TruthRecord {
        key: key.into(),
        updated_at,
        presence: Presence::Live,
        status: None,
        amounts: BTreeMap::new(),
    }
}

fn gone(key: impl Into<String>, at: DateTime<Utc>, removal: Removal) -> TruthRecord {
    TruthRecord { presence: Presence::Gone, status: Some(removal.as_str().to_owned()), ..live(key, at) }
}

impl Office {
    /// The whole truth of one stream, gone records included. Keys of parts name their whole first, with slashes
    /// between; messages and events carry their immutable ids.
    pub fn truth(&self, stream: MicrosoftGraphStream) -> Vec<TruthRecord> {
        match stream {
            MicrosoftGraphStream::Users => self.users_truth(),
            MicrosoftGraphStream::Sites => vec![live(self.site.id.as_str(), self.site.track.updated_at)],
            MicrosoftGraphStream::Lists => {
                self.lists.iter().map(|list| live(list.id.to_string(), list.track.updated_at)).collect()
            }
            MicrosoftGraphStream::Columns => {
                let columns = self.lists.iter().flat_map(|list| list.columns.iter().map(move |c| (list, c)));
                columns
                    .map(|(list, column)| live(format!("{}/{}", list.id, column.id), list.track.created_at))
                    .collect()
            }
            MicrosoftGraphStream::ListItems => self.list_items_truth(),
            MicrosoftGraphStream::Drives => {
                self.drives.iter().map(|drive| live(drive.id.as_str(), drive.track.updated_at)).collect()
            }
            MicrosoftGraphStream::DriveItems => self.drive_items_truth(),
            MicrosoftGraphStream::Worksheets
            | MicrosoftGraphStream::WorkbookTables
            | MicrosoftGraphStream::WorkbookRows => self.workbooks_truth(stream),
            MicrosoftGraphStream::MailFolders => self.mailboxes.iter().flat_map(folders_truth).collect(),
            MicrosoftGraphStream::Messages => self.mailboxes.iter().flat_map(messages_truth).collect(),
            MicrosoftGraphStream::Events => {
                let all = DateTime::<Utc>::MIN_UTC..DateTime::<Utc>::MAX_UTC;
                self.mailboxes.iter().flat_map(|mailbox| events_truth(mailbox, all.start, all.end)).collect()
            }
        }
    }

    /// The events of one mailbox that a window shows: what overlaps it, and the series of which something does.
    pub fn events_between(
        &self,
        mailbox: usize,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
    ) -> Vec<TruthRecord> {
        self.mailboxes.get(mailbox).map_or_else(Vec::new, |mailbox| events_truth(mailbox, start, end))
    }

    fn users_truth(&self) -> Vec<TruthRecord> {
        let users = self.users.iter().map(|user| {
            let word = if user.account_enabled { "enabled" } else { "disabled" };
            TruthRecord { status: Some(word.to_owned()), ..live(user.id.to_string(), user.track.updated_at) }
        });
        let removed = self.removed_users.iter();
        users.chain(removed.map(|tomb| gone(tomb.key.to_string(), tomb.at, tomb.removal))).collect()
    }

    fn list_items_truth(&self) -> Vec<TruthRecord> {
        let rows = self.lists.iter().flat_map(|list| {
            let rows = list.items.iter().map(|item| {
                let mut record = live(format!("{}/{}", list.id, item.id), item.track.updated_at);
                for (name, value) in &item.fields {
                    match value {
                        FieldValue::Number(number) => {
                            record.amounts.insert(name, *number);
                        }
                        FieldValue::Text(word) if *name == "Status" => record.status = Some(word.clone()),
                        _ => {}
                    }
                }
                record
            });
            let removed = list.removed.iter();
            rows.chain(removed.map(|tomb| gone(format!("{}/{}", list.id, tomb.key), tomb.at, tomb.removal)))
        });
        rows.collect()
    }

    fn drive_items_truth(&self) -> Vec<TruthRecord> {
        let items = self.drives.iter().flat_map(|drive| {
            let items = drive.items.iter().map(|item| {
                let mut record = live(format!("{}/{}", drive.id, item.id), item.track.updated_at);
                record.status = Some(if item.mime.is_some() { "file" } else { "folder" }.to_owned());
                if item.mime.is_some() {
                    record.amounts.insert("size", Decimal::from(item.size));
                }
                record
            });
            let removed = drive.removed.iter();
            items.chain(removed.map(|tomb| gone(format!("{}/{}", drive.id, tomb.key), tomb.at, tomb.removal)))
        });
        items.collect()
    }

    fn workbooks_truth(&self, stream: MicrosoftGraphStream) -> Vec<TruthRecord> {
        let mut records = Vec::new();
        for workbook in &self.workbooks {
            let saved = self.drives.iter().find_map(|drive| drive.item(&workbook.item));
            let at = saved.map_or(self.site.track.created_at, |item| item.track.updated_at);
            if stream == MicrosoftGraphStream::Worksheets {
                let sheets = workbook.sheets.iter();
                records.extend(sheets.map(|sheet| live(format!("{}/{}", workbook.item, sheet.id), at)));
                continue;
            }
            for table in &workbook.tables {
                if stream == MicrosoftGraphStream::WorkbookTables {
                    records.push(live(format!("{}/{}", workbook.item, table.name), at));
                    continue;
                }
                for row in workbook.sheets[table.sheet].cells.iter().skip(1) {
                    let key = format!("{}/{}/{}", workbook.item, table.name, row.first().map_or("", text));
                    let mut record = live(key, at);
                    // The third and fourth columns of the price list are its money.
                    for (name, cell) in [("Price GBP", row.get(2)), ("Cost", row.get(3))] {
                        if let (0, Some(CellValue::Number(number))) = (table.sheet, cell.map(|c| &c.value)) {
                            record.amounts.insert(name, *number);
                        }
                    }
                    records.push(record);
                }
            }
        }
        records
    }
}

fn text(cell: &Cell) -> &str {
    match &cell.value {
        CellValue::Text(text) => text,
        _ => "",
    }
}

fn folders_truth(mailbox: &Mailbox) -> Vec<TruthRecord> {
    let folders = mailbox.folders.iter().map(|folder| live(folder_id(folder.id), folder.track.updated_at));
    let removed = mailbox.removed_folders.iter();
    folders.chain(removed.map(|tomb| gone(folder_id(tomb.key), tomb.at, tomb.removal))).collect()
}

fn messages_truth(mailbox: &Mailbox) -> Vec<TruthRecord> {
    let messages = mailbox.messages.iter().map(|message| TruthRecord {
        status: Some(if message.is_read { "read" } else { "unread" }.to_owned()),
        ..live(immutable_id(message.id), message.track.updated_at)
    });
    // A message that only moved is still there.
    let removed = mailbox.departures.iter().filter(|tomb| !tomb.key.moved);
    messages.chain(removed.map(|tomb| gone(immutable_id(tomb.key.message), tomb.at, tomb.removal))).collect()
}

fn events_truth(mailbox: &Mailbox, start: DateTime<Utc>, end: DateTime<Utc>) -> Vec<TruthRecord> {
    let shown = |event: &&super::Event| match event.kind {
        EventKind::Master { .. } => {
            let mut instances = mailbox.events.iter();
            instances.any(|instance| instance.kind.master() == Some(event.id) && instance.within(start, end))
        }
        _ => event.within(start, end),
    };
    let events = mailbox.events.iter().filter(shown).map(|event| TruthRecord {
        status: Some(event.kind.as_str().to_owned()),
        ..live(immutable_id(event.id), event.track.updated_at)
    });
    let removed = mailbox.removed_events.iter();
    events.chain(removed.map(|tomb| gone(immutable_id(tomb.key), tomb.at, tomb.removal))).collect()
}
