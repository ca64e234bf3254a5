//! `lists`: the lists of the configured sites.

use sentia_core::{Context, Decoded, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source, sites};
use crate::microsoft_graph::{
    client::{Ask, Client, segment},
    config::MicrosoftGraphConfig,
    envelope::Listing,
    walk::{self, Stop},
    wire::Stamp,
};

const SELECT: &str = "id,name,displayName,description,webUrl,eTag,createdDateTime,lastModifiedDateTime,list";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    id: Text,
    #[serde(skip)]
    site: Text,
    name: Option<Text>,
    display_name: Option<Text>,
    description: Option<Text>,
    web_url: Option<Text>,
    created_date_time: Option<Stamp>,
    last_modified_date_time: Option<Stamp>,
    list: Option<Facet>,
}

#[derive(Debug, Clone, Deserialize)]
struct Facet {
    template: Option<Text>,
    hidden: Option<bool>,
}

impl Placed for List {
    fn place(&mut self, site: &Text) {
        self.site = site.clone();
    }
}

pub(super) fn source() -> Source {
    let stream = Stream::new("lists", "id", |list: &List| nested(&list.site, &list.id))
        .version(|list| Stamp::version(&list.last_modified_date_time))
        .swept()
        .describe("a SharePoint list of a configured site")
        .columns(
            Fields::<List>::new()
                .text("site_id", |list| Some(list.site.clone()))
                .text("list_id", |list| Some(list.id.clone()))
                .text("name", |list| list.name.clone())
                .text("display_name", |list| list.display_name.clone())
                .text("description", |list| list.description.clone())
                .text("web_url", |list| list.web_url.clone())
                .text("template", |list| list.list.as_ref()?.template.clone())
                .timestamp("created_at", |list| Stamp::of(&list.created_date_time))
                .timestamp("last_modified_at", |list| Stamp::of(&list.last_modified_date_time)),
        );
    let source = Source::new(stream, Needs { application: "Sites.Read.All", delegated: "Sites.Read.All" });
    source.nested(&["siteId", "id"])
}

/// A key of place and id; empty where the id is.
pub(super) fn nested(place: &Text, id: &Text) -> Text {
    if id.is_empty() { Text::default() } else { Text::from(format!("{place}/{id}")) }
}

/// One page of one site's lists.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    config: &MicrosoftGraphConfig,
    request: &Fetch<'_>,
) -> Result<Page> {
    let (sites, wanted) = (&config.sites, &config.lists);
    let Some(mut stop) = Stop::of(request, sites, wanted)? else {
        return Ok(Page::last(Decoded::default()));
    };
    let site = sites::id(client, cx, &stop.at).await?;
    let top = request.page_size(super::PAGE_SIZE).to_string();
    let query = [("$select", SELECT), ("$top", top.as_str())];
    let response = match &stop.link {
        Some(link) => client.get(cx, link, Ask::default()).await,
        None => {
            let url = client.url(&format!("/sites/{}/lists", segment(&site)));
            client.get(cx, &url, Ask { query: &query, ..Ask::default() }).await
        }
    };
    let listing = Listing::of(&response.map_err(|error| error.context("site", &stop.at))?)?;
    let mut decoded = Decoded::default();
    for document in listing.documents {
        if is_wanted(&document, &mut stop, wanted) {
            decoded.push(source.decode_at(document, &site, &[]));
        }
    }
    let page = stop.page(sites, listing.next, decoded)?;
    Ok(page.read_scope(walk::read_scope(client, cx, sites, wanted).await?))
}

/// Whether a list is read. Without names: every list that is shown and is no library, for a library's items are read
/// as drive items. What does not read as a list is kept, to be quarantined.
fn is_wanted(document: &[u8], stop: &mut Stop, wanted: &[String]) -> bool {
    let Ok(list) = serde_json::from_slice::<List>(document) else { return true };
    let names = [Some(&list.id), list.name.as_ref(), list.display_name.as_ref()];
    let names: Vec<&str> = names.into_iter().flatten().map(Text::as_str).collect();
    if !wanted.is_empty() {
        return stop.takes(wanted, &names);
    }
    let facet = list.list.as_ref();
    let is_hidden = facet.and_then(|facet| facet.hidden).unwrap_or(false);
    let template = facet.and_then(|facet| facet.template.as_deref()).unwrap_or_default();
    !is_hidden && !template.to_ascii_lowercase().ends_with("library")
}
