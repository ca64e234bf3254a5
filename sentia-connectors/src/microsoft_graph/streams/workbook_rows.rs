//! `workbook_rows`: the rows of an Excel table, read anew when the file's content has changed.

use bytes::Bytes;
use sentia_core::{Context, Error, ErrorKind, Fetch, Fields, Page, Result, Stream, Text};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::{Located, Placed, Source, foreign_partition, workbook_tables::NEEDS};
use crate::microsoft_graph::{
    client::{Access, Ask, Client, Table, segment},
    config::{MicrosoftGraphConfig, Sessions},
    envelope::Listing,
    error::{is_lost_session, is_too_large},
    place,
    rows::{self, Block},
};

/// The most rows, and the most cells, that one call asks for.
const MAX_ROWS: u32 = 5_000;
const MAX_CELLS: u64 = 200_000;

#[derive(Debug, Deserialize)]
pub(super) struct Row {
    #[serde(skip)]
    key: Text,
    index: Option<i64>,
}

impl Placed for Row {
    fn place(&mut self, key: &Text) {
        self.key = key.clone();
    }
}

pub(super) fn source() -> Source {
    let stream = Stream::new("workbook_rows", "index", |row: &Row| row.key.clone())
        .resumable()
        .swept()
        .partitioned_by("workbook_tables")
        .max_page(MAX_ROWS)
        .describe(
            "a row of an Excel table; its cells are in the document's `values`, the headers in its part",
        )
        .columns(Fields::<Row>::new().integer("row_index", |row| row.index));
    Source::new(stream, NEEDS)
}

/// Where the read of a table stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    /// The table's name.
    table: String,
    /// The file's tag when the read began.
    tag: Option<String>,
    /// The configured key's header.
    key: Option<String>,
    /// Its column.
    column: Option<usize>,
    /// The headers as they came.
    header: String,
    /// The session that the rows are of one moment in.
    session: Option<String>,
    /// How many rows the table has.
    rows: u64,
    /// How many a call asks for.
    size: u32,
    /// How many were read.
    skip: u64,
}

/// Until when the rows are known: the tag of the file they were read from.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    tag: String,
    table: String,
    key: Option<String>,
}

/// What reads rows.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) client: &'a Client,
    pub(super) cx: &'a Context,
    pub(super) source: &'a Source,
    pub(super) config: &'a MicrosoftGraphConfig,
    pub(super) located: &'a Located,
}

/// One table of one file.
struct Target<'a> {
    drive: &'a str,
    item: &'a str,
    /// `/drives/{drive}/items/{item}`
    file: String,
    /// `.../workbook/tables/{table}`
    table: String,
}

impl<'a> Target<'a> {
    fn of(partition: &'a str) -> Result<Self> {
        let mut parts = partition.splitn(3, '/');
        let (Some(drive), Some(item), Some(table)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(foreign_partition(partition));
        };
        let file = format!("/drives/{}/items/{}", segment(drive), segment(item));
        let table = format!("{file}/workbook/tables/{}", segment(table));
        Ok(Target { drive, item, file, table })
    }
}

impl Reader<'_> {
    /// Reads a block of rows, or nothing where the file is what it was.
    pub(super) async fn page(&self, request: &Fetch<'_>) -> Result<Page> {
        let target = Target::of(request.partition())?;
        let scope = self.client.read_scope(self.cx).await?;
        let place = match (request.page(), request.resume()) {
            (Some(token), _) => place::read(token)?,
            (None, Some(token)) => {
                self.check_unchanged(&target, token).await?;
                return Ok(Page::last(Vec::new()).resume_at(token).read_scope(scope));
            }
            (None, None) => self.open(&target, request.page_size(MAX_ROWS)).await?,
        };
        let page = self.block(&target, place, request.page().is_some()).await?;
        Ok(page.read_scope(scope))
    }

    /// # Errors
    /// `PositionExpired` where the file's content, or what identifies its rows, is not what it was: then all rows are
    /// read, for what changed within a file is told by nobody.
    async fn check_unchanged(&self, target: &Target<'_>, token: &str) -> Result<()> {
        let known: Known = place::read(token)?;
        let tag = self.tag(target).await?;
        if tag.as_deref() == Some(&known.tag) && self.key(target, &known.table).await? == known.key {
            return Ok(());
        }
        Err(Error::new(ErrorKind::PositionExpired, "the workbook has changed; reading its rows anew"))
    }

    /// The tag of the file's content; of the whole file where there is no other.
    async fn tag(&self, target: &Target<'_>) -> Result<Option<String>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Tags {
            c_tag: Option<String>,
            e_tag: Option<String>,
        }
        let url = self.client.url(&target.file);
        let ask = Ask { query: &[("$select", "id,cTag,eTag")], ..Ask::default() };
        let tags: Tags = self.client.get(self.cx, &url, ask).await?.json()?;
        Ok(tags.c_tag.or(tags.e_tag))
    }

    /// The header of the column that identifies the rows of the table so called.
    async fn key(&self, target: &Target<'_>, table: &str) -> Result<Option<String>> {
        let workbooks = &self.config.workbooks;
        let workbook =
            self.located.find(self.client, self.cx, workbooks, (target.drive, target.item)).await?;
        let tables = workbook.map(|workbook| workbook.tables.as_slice()).unwrap_or_default();
        Ok(tables
            .iter()
            .find(|known| known.name.eq_ignore_ascii_case(table))
            .and_then(|known| known.key.clone()))
    }

    async fn read<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        select: &str,
        session: Option<&str>,
    ) -> Result<T> {
        let query = [("$select", select)];
        let ask = Ask { query: &query, session, table: Table::Workbook, ..Ask::default() };
        self.client.get(self.cx, &self.client.url(path), ask).await?.json()
    }

    /// Looks at the table before its rows are read.
    async fn open(&self, target: &Target<'_>, size: u32) -> Result<Place> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        #[derive(Deserialize)]
        struct Header {
            values: Box<RawValue>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            row_count: u64,
            #[serde(default)]
            column_count: u64,
        }
        let tag = self.tag(target).await?;
        let session = self.session(target).await?;
        let at = session.as_deref();
        let Named { name } = self.read(&target.table, "id,name", at).await?;
        let header: Header = self.read(&format!("{}/headerRowRange", target.table), "values", at).await?;
        let body: Body =
            self.read(&format!("{}/dataBodyRange", target.table), "rowCount,columnCount", at).await?;
        let header = first_row(&header.values)?;
        let key = self.key(target, &name).await?;
        let column = match &key {
            None => None,
            Some(key) => Some(rows::column(header.as_bytes(), key).map_err(|headers| {
                let message = "the table has no column of that header; correct the table's key";
                Error::new(ErrorKind::ConfigInvalid, message).context("key", key).context("headers", headers)
            })?),
        };
        let fits = u32::try_from(MAX_CELLS / body.column_count.max(1)).unwrap_or(MAX_ROWS);
        let size = size.min(fits).max(1);
        Ok(Place { table: name, tag, key, column, header, session, rows: body.row_count, size, skip: 0 })
    }

    /// Opens a session that keeps no changes, where sessions are used.
    async fn session(&self, target: &Target<'_>) -> Result<Option<String>> {
        #[derive(Deserialize)]
        struct Session {
            id: String,
        }
        let used = match self.config.sessions {
            Sessions::Auto => self.client.access() == Access::Delegated,
            Sessions::Always => true,
            Sessions::Never => false,
        };
        if !used {
            return Ok(None);
        }
        let path = format!("{}/workbook/createSession", target.file);
        let ask = Ask { table: Table::Workbook, ..Ask::default() };
        let (response, _) = self.client.post(self.cx, &path, &json!({"persistChanges": false}), ask).await?;
        Ok(Some(response.json::<Session>()?.id))
    }

    /// Ends a session. One that is left ends by itself within minutes, so a failure is no failure.
    async fn close(&self, target: &Target<'_>, session: Option<&str>) {
        let Some(session) = session else { return };
        let path = format!("{}/workbook/closeSession", target.file);
        let ask = Ask { session: Some(session), table: Table::Workbook, ..Ask::default() };
        if let Err(error) = self.client.act(self.cx, &path, ask).await {
            tracing::debug!(%error, "a workbook session was left open");
        }
    }

    /// Reads the rows at `place`, fewer of them for as long as Excel finds them too many. A session that ended is
    /// opened anew, once, where the file is what it was.
    async fn rows(&self, target: &Target<'_>, place: &mut Place) -> Result<Listing> {
        let mut renewed = false;
        loop {
            let (top, skip) = (place.size.to_string(), place.skip.to_string());
            let query = [("$top", top.as_str()), ("$skip", skip.as_str())];
            let ask = Ask {
                query: &query,
                session: place.session.as_deref(),
                table: Table::Workbook,
                ..Ask::default()
            };
            let url = self.client.url(&format!("{}/rows", target.table));
            match self.client.get(self.cx, &url, ask).await {
                Ok(response) => return self.client.listing(&response),
                Err(error) if is_too_large(&error) && place.size > 1 => place.size /= 2,
                Err(error) if is_lost_session(&error) && !renewed => {
                    renewed = true;
                    self.check_still(target, place).await?;
                    place.session = self.session(target).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// # Errors
    /// `PositionExpired` where the file has changed since the read began: its rows are read from the first.
    async fn check_still(&self, target: &Target<'_>, place: &Place) -> Result<()> {
        if self.tag(target).await? == place.tag {
            return Ok(());
        }
        Err(Error::new(ErrorKind::PositionExpired, "the workbook changed while it was read; reading anew"))
    }

    async fn block(&self, target: &Target<'_>, mut place: Place, follows: bool) -> Result<Page> {
        let listing = self.rows(target, &mut place).await?;
        let received = listing.documents.len() as u64;
        let blank = place.rows == 1 && listing.documents.iter().all(|row| rows::is_blank(row));
        let read = place.skip + received;
        let shifted = read > place.rows || (received == 0 && read < place.rows && !blank);
        let ends = read >= place.rows || blank;
        // Without a session the pages are not of one moment: what changed meanwhile shows in the file's tag.
        let unchanged = match ends && !shifted && place.session.is_none() {
            true => self.check_still(target, &place).await,
            false => Ok(()),
        };
        if shifted || unchanged.is_err() {
            unchanged.or_else(|error| {
                if error.kind() == ErrorKind::PositionExpired { Ok(()) } else { Err(error) }
            })?;
            return Err(moved(follows));
        }
        let header = Bytes::from(place.header.clone());
        let block = Block { first: place.skip, key: place.column, header: &header };
        let documents = if blank { Vec::new() } else { listing.documents };
        let decoded = block.decode(self.source, documents);
        if !ends {
            return Ok(Page::more(decoded, place::written(&Place { skip: read, ..place })).numbered());
        }
        self.close(target, place.session.as_deref()).await;
        let page = Page::last(decoded).numbered().declared((!blank).then_some(place.rows));
        Ok(match place.tag {
            Some(tag) => page.resume_at(place::written(&Known { tag, table: place.table, key: place.key })),
            None => page,
        })
    }
}

/// The ground moved under the reader. A first page is simply asked for again; a later one needs the first.
fn moved(follows: bool) -> Error {
    let message = "the table changed while it was read; reading anew";
    if follows {
        Error::new(ErrorKind::PositionExpired, message)
    } else {
        Error::new(ErrorKind::InvalidResponse, message).temporary()
    }
}

/// The headers, exactly as they came: the one list in a list of lists.
fn first_row(values: &RawValue) -> Result<String> {
    let rows: Vec<&RawValue> = serde_json::from_str(values.get())
        .map_err(|e| Error::new(ErrorKind::InvalidResponse, "the header is not a row of cells").source(e))?;
    let row =
        rows.first().ok_or_else(|| Error::new(ErrorKind::InvalidResponse, "the table has no header row"))?;
    Ok(row.get().to_owned())
}
