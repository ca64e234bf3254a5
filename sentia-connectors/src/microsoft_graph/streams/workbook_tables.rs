//! `workbook_tables`: the tables of the configured workbooks.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use sentia_core::{Context, Decoded, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source, lists::nested};
use crate::microsoft_graph::{
    client::{Ask, Client, Table, segment},
    config::Workbook,
    document::without_download_url,
    envelope::Listing,
    reference,
    walk::{self, Stop},
    wire::Parent,
};

const SELECT: &str = "id,name,showHeaders,showTotals,style";
/// Of the file. Named, so that Graph leaves out the pre-authenticated download address.
const FILE: &str = "id,name,size,webUrl,eTag,cTag,lastModifiedDateTime,lastModifiedBy,parentReference";

/// Microsoft documents no permission for an app by itself; these are what works where it works.
pub(super) const NEEDS: Needs = Needs { application: "Files.ReadWrite.All", delegated: "Files.ReadWrite" };

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExcelTable {
    #[serde(default)]
    id: Text,
    #[serde(skip)]
    workbook: Text,
    name: Option<Text>,
    show_headers: Option<bool>,
    show_totals: Option<bool>,
    style: Option<Text>,
}

impl Placed for ExcelTable {
    fn place(&mut self, workbook: &Text) {
        self.workbook = workbook.clone();
    }
}

impl ExcelTable {
    fn drive_id(&self) -> Option<Text> {
        self.workbook.split_once('/').map(|(drive, _)| drive.into())
    }

    fn item_id(&self) -> Option<Text> {
        self.workbook.split_once('/').map(|(_, item)| item.into())
    }
}

pub(super) fn source() -> Source {
    let stream =
        Stream::new("workbook_tables", "id", |table: &ExcelTable| nested(&table.workbook, &table.id))
            .swept()
            .describe("a table of a configured workbook; the file it stands in is the document's part")
            .columns(
                Fields::<ExcelTable>::new()
                    .text("drive_id", ExcelTable::drive_id)
                    .text("item_id", ExcelTable::item_id)
                    .text("table_id", |table| Some(table.id.clone()))
                    .text("name", |table| table.name.clone())
                    .boolean("show_headers", |table| table.show_headers)
                    .boolean("show_totals", |table| table.show_totals)
                    .text("style", |table| table.style.clone()),
            );
    Source::new(stream, NEEDS).nested(&["driveId", "itemId", "id"])
}

/// A workbook's file as Graph knows it.
pub(super) struct File {
    /// Its drive's id.
    pub(super) drive: Text,
    /// Its id.
    pub(super) item: Text,
    /// Its document.
    pub(super) document: Bytes,
}

/// Where the configured workbooks are, as far as was asked.
#[derive(Debug, Default)]
pub(in crate::microsoft_graph) struct Located(Mutex<HashMap<String, (Text, Text)>>);

impl Located {
    fn known(&self, workbook: &Workbook) -> Option<(Text, Text)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&workbook.reference()).cloned()
    }

    fn learn(&self, workbook: &Workbook, file: &File) {
        let place = (file.drive.clone(), file.item.clone());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(workbook.reference(), place);
    }

    /// The configured workbook that is the file `item` of `drive`.
    pub(super) async fn find<'w>(
        &self,
        client: &Client,
        cx: &Context,
        workbooks: &'w [Workbook],
        (drive, item): (&str, &str),
    ) -> Result<Option<&'w Workbook>> {
        for workbook in workbooks {
            if workbook.drive == drive && workbook.file == item {
                return Ok(Some(workbook));
            }
            let place = match self.known(workbook) {
                Some(place) => place,
                None => {
                    let file = file(client, cx, workbook).await?;
                    self.learn(workbook, &file);
                    (file.drive, file.item)
                }
            };
            if place.0 == drive && place.1 == item {
                return Ok(Some(workbook));
            }
        }
        Ok(None)
    }
}

/// Asks for a workbook's file.
async fn file(client: &Client, cx: &Context, workbook: &Workbook) -> Result<File> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Found {
        id: Text,
        parent_reference: Option<Parent>,
    }
    let drive = reference::drive(&workbook.drive);
    let path = match workbook.file.strip_prefix('/') {
        Some(path) => format!("{drive}/root:/{}", reference::file(path)),
        None => format!("{drive}/items/{}", segment(&workbook.file)),
    };
    let response =
        client.get(cx, &client.url(&path), Ask { query: &[("$select", FILE)], ..Ask::default() }).await;
    let response = response.map_err(|error| error.context("workbook", workbook.reference()))?;
    let found: Found = response.json()?;
    let is_id = workbook.drive != "me" && !workbook.drive.starts_with("users/");
    let configured = is_id.then(|| Text::from(workbook.drive.as_str()));
    let told = found.parent_reference.and_then(|parent| parent.drive_id);
    let drive =
        told.or(configured).ok_or_else(|| response.invalid("the file does not say in which drive it is"))?;
    Ok(File { drive, item: found.id, document: without_download_url(response.body) })
}

/// One page of one workbook's tables.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    workbooks: &[Workbook],
    located: &Located,
    request: &Fetch<'_>,
) -> Result<Page> {
    let references: Vec<String> = workbooks.iter().map(Workbook::reference).collect();
    let wanted: Vec<String> = workbooks
        .iter()
        .flat_map(|workbook| {
            workbook.tables.iter().map(|table| format!("{}: {}", workbook.reference(), table.name))
        })
        .collect();
    let Some(mut stop) = Stop::of(request, &references, &wanted)? else {
        return Ok(Page::last(Decoded::default()));
    };
    // The stop stands in the configuration: `of` saw to it.
    let Some(workbook) = workbooks.iter().find(|workbook| workbook.reference() == stop.at) else {
        return Ok(Page::last(Decoded::default()));
    };
    let file = file(client, cx, workbook).await?;
    located.learn(workbook, &file);
    let path = format!("/drives/{}/items/{}/workbook/tables", segment(&file.drive), segment(&file.item));
    let ask = Ask { table: Table::Workbook, ..Ask::default() };
    let response = match &stop.link {
        Some(link) => client.get(cx, link, ask).await,
        None => client.get(cx, &client.url(&path), Ask { query: &[("$select", SELECT)], ..ask }).await,
    };
    let listing = Listing::of(&response.map_err(|error| error.context("workbook", &stop.at))?)?;
    let place = nested(&file.drive, &file.item);
    let mut decoded = Decoded::default();
    for document in listing.documents {
        if is_wanted(&document, &mut stop, workbook, &wanted) {
            decoded.push(source.decode_at(document, &place, std::slice::from_ref(&file.document)));
        }
    }
    let page = stop.page(&references, listing.next, decoded)?;
    Ok(page.read_scope(walk::read_scope(client, cx, &references, &wanted).await?))
}

fn is_wanted(document: &[u8], stop: &mut Stop, workbook: &Workbook, wanted: &[String]) -> bool {
    if workbook.tables.is_empty() {
        return true;
    }
    let Ok(table) = serde_json::from_slice::<ExcelTable>(document) else { return true };
    let name = format!("{}: {}", stop.at, table.name.as_deref().unwrap_or_default());
    stop.takes(wanted, &[&name])
}
