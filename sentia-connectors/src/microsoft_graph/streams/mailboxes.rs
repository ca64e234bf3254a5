//! `mailboxes`: the users whose mail and calendar are read.

use sentia_core::{Context, Decoded, Fetch, Fields, Page, Result, Stream, Text};
use serde::Deserialize;

use super::{Needs, Placed, Source};
use crate::microsoft_graph::{
    client::{Ask, Client},
    reference,
    walk::{self, Stop},
};

const SELECT: &str = "id,displayName,mail,userPrincipalName";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Mailbox {
    id: Text,
    display_name: Option<Text>,
    mail: Option<Text>,
    user_principal_name: Option<Text>,
}

impl Placed for Mailbox {}

pub(super) fn source() -> Source {
    let stream = Stream::new("mailboxes", "id", |mailbox: &Mailbox| mailbox.id.clone())
        .swept()
        .describe("a user whose mail and calendar are read")
        .columns(
            Fields::<Mailbox>::new()
                .text("display_name", |mailbox| mailbox.display_name.clone())
                .text("mail", |mailbox| mailbox.mail.clone())
                .text("user_principal_name", |mailbox| mailbox.user_principal_name.clone()),
        );
    Source::new(stream, Needs { application: "User.ReadBasic.All", delegated: "User.ReadBasic.All" })
}

/// One mailbox a page.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    mailboxes: &[String],
    request: &Fetch<'_>,
) -> Result<Page> {
    let Some(stop) = Stop::of(request, mailboxes, &[])? else { return Ok(Page::last(Decoded::default())) };
    let url = client.url(&reference::user(&stop.at));
    let response = client.get(cx, &url, Ask { query: &[("$select", SELECT)], ..Ask::default() }).await;
    let response = response.map_err(|error| error.context("mailbox", &stop.at))?;
    let mut decoded = Decoded::default();
    decoded.push(source.decode(response.body));
    Ok(stop.page(mailboxes, None, decoded)?.read_scope(walk::read_scope(client, cx, mailboxes, &[]).await?))
}

/// The id of a configured mailbox's user, which keys need.
pub(super) async fn id(client: &Client, cx: &Context, mailbox: &str) -> Result<Text> {
    #[derive(Deserialize)]
    struct Found {
        id: Text,
    }
    if uuid::Uuid::try_parse(mailbox).is_ok() {
        return Ok(Text::from(mailbox));
    }
    let url = client.url(&reference::user(mailbox));
    let response = client.get(cx, &url, Ask { query: &[("$select", "id")], ..Ask::default() }).await;
    Ok(response.map_err(|error| error.context("mailbox", mailbox))?.json::<Found>()?.id)
}
