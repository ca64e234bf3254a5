//! A SharePoint site with its lists, and drives with their folders and files.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::track::{Tombstone, Track};

/// A SharePoint site.
#[derive(Clone, Debug)]
pub struct Site {
    /// `host,guid,guid`.
    pub id: String,
    /// Host name.
    pub host: &'static str,
    /// Path below the host, without the first slash.
    pub path: &'static str,
    /// Display name.
    pub title: &'static str,
    /// Times.
    pub track: Track,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// One line of text.
    Text,
    /// A double.
    Number,
    /// A moment.
    DateTime,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// Yes or no.
    Boolean,
}

/// A column of a list.
#[derive(Clone, Debug)]
pub struct Column {
    /// Id.
    pub id: Uuid,
    /// Internal name, with `_x0020_` for a space; the name in `fields`.
    pub name: &'static str,
    /// What people see.
    pub display_name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A value of a list's column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldValue {
    /// Text or choice.
    Text(String),
    /// Number.
    Number(Decimal),
    /// Moment.
    Moment(DateTime<Utc>),
    /// Yes or no.
    Flag(bool),
}

/// A list.
#[derive(Clone, Debug)]
pub struct OfficeList {
    /// Id.
    pub id: Uuid,
    /// Name in URLs.
    pub name: &'static str,
    /// Display name.
    pub title: &'static str,
    /// Columns of its own.
    pub columns: Vec<Column>,
    /// Rows that exist.
    pub items: Vec<ListItem>,
    /// Ids of rows that went.
    pub removed: Vec<Tombstone<u32>>,
    /// Times.
    pub track: Track,
    pub(crate) next_item: u32,
}

/// A row of a list.
#[derive(Clone, Debug)]
pub struct ListItem {
    /// A small integer, unique in its list.
    pub id: u32,
    /// What its eTag holds besides the version.
    pub guid: Uuid,
    /// Version of the eTag.
    pub version: u32,
    /// Values by internal name; an empty column has none.
    pub fields: BTreeMap<&'static str, FieldValue>,
    /// Times and changes.
    pub track: Track,
}

/// A document library or a OneDrive.
#[derive(Clone, Debug)]
pub struct Drive {
    /// `b!...`.
    pub id: String,
    /// Display name.
    pub name: &'static str,
    /// Whose OneDrive; none for the site's library.
    pub owner: Option<Uuid>,
    /// Items that exist; the first one is the root.
    pub items: Vec<DriveItem>,
    /// Ids of items that went.
    pub removed: Vec<Tombstone<String>>,
    /// Times.
    pub track: Track,
}

impl Drive {
    /// The item of that id.
    pub fn item(&self, id: &str) -> Option<&DriveItem> {
        self.items.iter().find(|item| item.id == id)
    }
}

/// A folder or file.
#[derive(Clone, Debug)]
pub struct DriveItem {
    /// Id.
    pub id: String,
    /// The folder it lies in; none for the root.
    pub parent: Option<String>,
    /// Name.
    pub name: String,
    /// Media type of a file; none for a folder.
    pub mime: Option<&'static str>,
    /// Bytes of a file.
    pub size: u64,
    /// What its tags hold besides the versions.
    pub guid: Uuid,
    /// Version of the eTag: content or metadata.
    pub version: u32,
    /// Version of the cTag: content only.
    pub content_version: u32,
    /// Times and changes.
    pub track: Track,
}
