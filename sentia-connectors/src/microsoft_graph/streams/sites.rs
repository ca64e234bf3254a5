//! `sites`: the configured SharePoint sites.

use sentia_core::{Context, Decoded, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source};
use crate::microsoft_graph::{
    client::{Ask, Client},
    reference,
    walk::{self, Stop},
    wire::Stamp,
};

const SELECT: &str = "id,name,displayName,description,webUrl,createdDateTime,lastModifiedDateTime";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Site {
    id: Text,
    name: Option<Text>,
    display_name: Option<Text>,
    description: Option<Text>,
    web_url: Option<Text>,
    created_date_time: Option<Stamp>,
    last_modified_date_time: Option<Stamp>,
}

impl Placed for Site {}

pub(super) fn source() -> Source {
    let stream = Stream::new("sites", "id", |site: &Site| site.id.clone())
        .version(|site| Stamp::version(&site.last_modified_date_time))
        .swept()
        .describe("a configured SharePoint site")
        .columns(
            Fields::<Site>::new()
                .text("name", |site| site.name.clone())
                .text("display_name", |site| site.display_name.clone())
                .text("description", |site| site.description.clone())
                .text("web_url", |site| site.web_url.clone())
                .timestamp("created_at", |site| Stamp::of(&site.created_date_time))
                .timestamp("last_modified_at", |site| Stamp::of(&site.last_modified_date_time)),
        );
    Source::new(stream, Needs { application: "Sites.Read.All", delegated: "Sites.Read.All" })
}

/// One site a page.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    sites: &[String],
    request: &Fetch<'_>,
) -> Result<Page> {
    let Some(stop) = Stop::of(request, sites, &[])? else { return Ok(Page::last(Decoded::default())) };
    let url = client.url(&reference::site(&stop.at));
    let response = client.get(cx, &url, Ask { query: &[("$select", SELECT)], ..Ask::default() }).await;
    let response = response.map_err(|error| error.context("site", &stop.at))?;
    let mut decoded = Decoded::default();
    decoded.push(source.decode(response.body));
    Ok(stop.page(sites, None, decoded)?.read_scope(walk::read_scope(client, cx, sites, &[]).await?))
}

/// The id of a configured site, which keys and deltas need.
pub(super) async fn id(client: &Client, cx: &Context, site: &str) -> Result<Text> {
    #[derive(Deserialize)]
    struct Found {
        id: Text,
    }
    // An id names itself: host, collection and site.
    if site.split(',').count() == 3 {
        return Ok(Text::from(site));
    }
    let url = client.url(&reference::site(site));
    let response = client.get(cx, &url, Ask { query: &[("$select", "id")], ..Ask::default() }).await;
    Ok(response.map_err(|error| error.context("site", site))?.json::<Found>()?.id)
}
