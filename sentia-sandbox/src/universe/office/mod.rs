//! The office: people, lists, files, workbooks, mail and calendars, telling the story of shops and books.

mod calendar;
mod change;
mod change_mail;
mod evolve;
mod files;
mod generate;
mod generate_files;
mod generate_mail;
mod mail;
mod people;
mod track;
mod truth;
mod workbook;

pub use calendar::{Event, EventKind};
pub use evolve::OfficeEvolution;
pub use files::{Column, ColumnKind, Drive, DriveItem, FieldValue, ListItem, OfficeList, Site};
pub use mail::{Departed, MailFolder, Mailbox, Message, folder_id, immutable_id, plain_id};
pub use people::OfficeUser;
pub use track::{Removal, Tombstone, Track};
pub use truth::MicrosoftGraphStream;
pub use workbook::{Cell, CellValue, DAY_FORMAT, MOMENT_FORMAT, Sheet, Table, Workbook};

pub(super) use generate::office;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::rng::Rng;
use track::Ledger;

/// One Microsoft 365 tenant.
#[derive(Clone, Debug)]
pub struct Office {
    /// Id of the tenant.
    pub tenant_id: Uuid,
    /// Its verified domain.
    pub domain: &'static str,
    /// Users that exist.
    pub users: Vec<OfficeUser>,
    /// Users that went; those in the recycle bin are [`Removal::Soft`].
    pub removed_users: Vec<Tombstone<Uuid>>,
    /// The one site.
    pub site: Site,
    /// Its lists.
    pub lists: Vec<OfficeList>,
    /// Its document library, then people's own drives.
    pub drives: Vec<Drive>,
    /// Workbooks among the files.
    pub workbooks: Vec<Workbook>,
    /// Mailboxes, for some of the users.
    pub mailboxes: Vec<Mailbox>,
    pub(crate) ledger: Ledger,
    pub(crate) rng: Rng,
}

impl Office {
    /// A step at `at`: everything that changes in it carries its number.
    pub(crate) fn step(&mut self, at: DateTime<Utc>) -> (u64, DateTime<Utc>) {
        self.ledger.note(at)
    }

    /// The workbook in that file.
    pub fn workbook(&self, item: &str) -> Option<&Workbook> {
        self.workbooks.iter().find(|workbook| workbook.item == item)
    }

    /// The user of that id.
    pub fn user(&self, id: Uuid) -> Option<&OfficeUser> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Numbers all that was made so far, in the order of creation.
    pub(crate) fn number(&mut self) {
        let mut tracks: Vec<&mut Track> = vec![&mut self.site.track];
        tracks.extend(self.users.iter_mut().map(|user| &mut user.track));
        for list in &mut self.lists {
            tracks.push(&mut list.track);
            tracks.extend(list.items.iter_mut().map(|item| &mut item.track));
        }
        for drive in &mut self.drives {
            tracks.push(&mut drive.track);
            tracks.extend(drive.items.iter_mut().map(|item| &mut item.track));
        }
        for mailbox in &mut self.mailboxes {
            tracks.extend(mailbox.folders.iter_mut().map(|folder| &mut folder.track));
            tracks.extend(mailbox.messages.iter_mut().map(|message| &mut message.track));
            tracks.extend(mailbox.events.iter_mut().map(|event| &mut event.track));
        }
        tracks.sort_by_key(|track| track.created_at);
        for track in tracks {
            track.number(self.ledger.note(track.created_at).0);
        }
        for message in self.mailboxes.iter_mut().flat_map(|mailbox| &mut mailbox.messages) {
            message.entered = message.track.born;
        }
    }
}
