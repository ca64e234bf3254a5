//! `drives`: the configured drives, or the libraries of the configured sites.

use sentia_core::{Context, Decoded, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source, sites};
use crate::microsoft_graph::{
    client::{Ask, Client, segment},
    config::MicrosoftGraphConfig,
    envelope::Listing,
    reference,
    walk::{self, Stop},
    wire::{IdentitySet, Parent, Stamp},
};

const SELECT: &str =
    "id,name,description,driveType,webUrl,owner,quota,parentReference,createdDateTime,lastModifiedDateTime";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Drive {
    id: Text,
    #[serde(skip)]
    site: Text,
    name: Option<Text>,
    description: Option<Text>,
    drive_type: Option<Text>,
    web_url: Option<Text>,
    owner: Option<IdentitySet>,
    quota: Option<Quota>,
    parent_reference: Option<Parent>,
    created_date_time: Option<Stamp>,
    last_modified_date_time: Option<Stamp>,
}

#[derive(Debug, Deserialize)]
struct Quota {
    used: Option<i64>,
    total: Option<i64>,
}

impl Placed for Drive {
    fn place(&mut self, site: &Text) {
        self.site = site.clone();
    }
}

impl Drive {
    fn site_id(&self) -> Option<Text> {
        let told = self.parent_reference.as_ref().and_then(|parent| parent.site_id.clone());
        told.or_else(|| Some(self.site.clone()).filter(|site| !site.is_empty()))
    }
}

pub(super) fn source() -> Source {
    let stream = Stream::new("drives", "id", |drive: &Drive| drive.id.clone())
        .version(|drive| Stamp::version(&drive.last_modified_date_time))
        .swept()
        .describe("a document library or a OneDrive")
        .columns(
            Fields::<Drive>::new()
                .text("site_id", Drive::site_id)
                .text("name", |drive| drive.name.clone())
                .text("description", |drive| drive.description.clone())
                .text("drive_type", |drive| drive.drive_type.clone())
                .text("web_url", |drive| drive.web_url.clone())
                .text("owner", |drive| IdentitySet::who(&drive.owner))
                .integer("used_bytes", |drive| drive.quota.as_ref()?.used)
                .integer("total_bytes", |drive| drive.quota.as_ref()?.total)
                .timestamp("created_at", |drive| Stamp::of(&drive.created_date_time))
                .timestamp("last_modified_at", |drive| Stamp::of(&drive.last_modified_date_time)),
        );
    Source::new(stream, Needs { application: "Files.Read.All", delegated: "Files.Read" })
}

/// One drive a page, or one page of one site's libraries.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    config: &MicrosoftGraphConfig,
    request: &Fetch<'_>,
) -> Result<Page> {
    let named = !config.drives.is_empty();
    let references = if named { &config.drives } else { &config.sites };
    let Some(stop) = Stop::of(request, references, &[])? else {
        return Ok(Page::last(Decoded::default()));
    };
    let query = [("$select", SELECT)];
    let (mut decoded, mut next) = (Decoded::default(), None);
    if named {
        let url = client.url(&reference::drive(&stop.at));
        let response = client.get(cx, &url, Ask { query: &query, ..Ask::default() }).await;
        decoded.push(source.decode(response.map_err(|error| error.context("drive", &stop.at))?.body));
    } else {
        let site = sites::id(client, cx, &stop.at).await?;
        let response = match &stop.link {
            Some(link) => client.get(cx, link, Ask::default()).await,
            None => {
                let url = client.url(&format!("/sites/{}/drives", segment(&site)));
                client.get(cx, &url, Ask { query: &query, ..Ask::default() }).await
            }
        };
        let listing = Listing::of(&response.map_err(|error| error.context("site", &stop.at))?)?;
        next = listing.next;
        for document in listing.documents {
            decoded.push(source.decode_at(document, &site, &[]));
        }
    }
    let page = stop.page(references, next, decoded)?;
    Ok(page.read_scope(walk::read_scope(client, cx, references, &[]).await?))
}
