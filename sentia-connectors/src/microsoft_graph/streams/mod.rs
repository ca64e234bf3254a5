//! The catalog: one entry per stream, in the order they are read.

mod drive_items;
mod drives;
mod events;
mod list_items;
mod lists;
mod mail_folders;
mod mailboxes;
mod messages;
mod sites;
mod source;
mod users;
mod workbook_rows;
mod workbook_tables;

use sentia_core::{ConnectorInfo, Context, Error, ErrorKind, Fetch, Page, Result};

pub(super) use self::source::{Needs, Placed, Source};
use super::{
    client::Client,
    config::{Calendar, Mail, MicrosoftGraphConfig, Users},
    delta,
};
pub(super) use workbook_tables::Located;

/// Records on a page unless the caller asks for another number. Outlook's large pages time out.
const PAGE_SIZE: u32 = 200;

/// What is read.
#[derive(Debug)]
pub(super) struct Catalog {
    config: MicrosoftGraphConfig,
    sources: Vec<Source>,
    /// Where the configured workbooks are.
    located: Located,
}

impl Catalog {
    /// The streams of what `config` names.
    pub(super) fn new(config: MicrosoftGraphConfig) -> Self {
        let mut catalog = Catalog { config, ..Catalog::all() };
        let config = &catalog.config;
        let (sites, mailboxes) = (!config.sites.is_empty(), !config.mailboxes.is_empty());
        let drives = sites || !config.drives.is_empty();
        let calendars = mailboxes && config.calendar != Calendar::None;
        catalog.sources.retain(|source| match source.info().name {
            "users" => config.users == Users::All,
            "sites" | "lists" | "list_items" => sites,
            "drives" | "drive_items" => drives,
            "workbook_tables" | "workbook_rows" => !config.workbooks.is_empty(),
            "mailboxes" => mailboxes && (config.mail != Mail::None || calendars),
            "mail_folders" | "messages" => mailboxes && config.mail != Mail::None,
            _ => calendars,
        });
        catalog
    }

    /// Every stream there is.
    pub(super) fn all() -> Self {
        let sources = vec![
            users::source(),
            sites::source(),
            lists::source(),
            list_items::source(),
            drives::source(),
            drive_items::source(),
            workbook_tables::source(),
            workbook_rows::source(),
            mailboxes::source(),
            mail_folders::source(),
            messages::source(),
            events::source(),
        ];
        Catalog { config: MicrosoftGraphConfig::default(), sources, located: Located::default() }
    }

    /// Adds every stream to `info`, in the order they are read.
    pub(super) fn describe(&self, info: ConnectorInfo) -> ConnectorInfo {
        self.sources.iter().fold(info, |info, source| info.stream(source.info().clone()))
    }

    /// The permissions that `stream` needs.
    pub(super) fn needs(&self, stream: &str) -> Option<Needs> {
        match (stream, self.config.mail) {
            ("messages", Mail::Bodies) => Some(messages::NEEDS_BODIES),
            _ => self.source(stream).map(Source::needs).ok(),
        }
    }

    fn source(&self, stream: &str) -> Result<&Source> {
        self.sources.iter().find(|source| source.info().name == stream).ok_or_else(|| {
            let message = "this connection does not read that stream; name what it is read from";
            Error::new(ErrorKind::Unsupported, message).context("stream", stream)
        })
    }

    /// Reads a page of the stream that `request` names.
    pub(super) async fn fetch(&self, client: &Client, cx: &Context, request: &Fetch<'_>) -> Result<Page> {
        let source = self.source(request.stream().name)?;
        let (config, place) = (&self.config, request.partition());
        let size = request.page_size(PAGE_SIZE);
        let feed = match source.info().name {
            "sites" => return sites::page(client, cx, source, &config.sites, request).await,
            "lists" => return lists::page(client, cx, source, config, request).await,
            "drives" => return drives::page(client, cx, source, config, request).await,
            "mailboxes" => return mailboxes::page(client, cx, source, &config.mailboxes, request).await,
            "mail_folders" => return mail_folders::page(client, cx, source, config, request).await,
            "workbook_tables" => {
                return workbook_tables::page(client, cx, source, &config.workbooks, &self.located, request)
                    .await;
            }
            "workbook_rows" => {
                let reader = workbook_rows::Reader { client, cx, source, config, located: &self.located };
                return reader.page(request).await;
            }
            "users" => users::feed(size),
            "list_items" => list_items::feed(place, size)?,
            "drive_items" => drive_items::feed(place, size),
            "messages" => messages::feed(place, size, config.mail)?,
            _ => events::feed(place, size, config.calendar, cx.clock().now())?,
        };
        delta::page(client, cx, source, &feed, request).await
    }
}

/// A partition's name is not one of this connector's.
fn foreign_partition(partition: &str) -> Error {
    Error::new(ErrorKind::Unexpected, "not a partition of this stream").context("partition", partition)
}

#[cfg(test)]
mod tests;
