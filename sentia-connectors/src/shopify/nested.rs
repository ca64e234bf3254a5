//! Completes a record before it is made: the rest of its nested connections, by further calls.

use std::fmt;

use bytes::Bytes;
use sentia_core::{
    Context, Decoded, Error, Rejected, Result, Stream, Text,
    record::{Document, Record},
};
use serde::de::DeserializeOwned;

use super::{
    client::{Answer, Client, Variables, within},
    query::Query,
    wire::Connection,
};

/// Records asked for in a follow-up call: the most Shopify gives.
pub(super) const FOLLOW_UP: u32 = 250;

/// Follow-up calls for one nested connection. A hundred are 25,000 items, where Shopify ends every list.
const MOST_CALLS: usize = 100;

/// Why a record was not completed.
#[derive(Debug)]
pub(super) enum Stop {
    /// The whole page fails.
    Fail(Error),
    /// This record is held back, for this reason; the page goes on.
    Hold(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Fail(error)
    }
}

/// A record that is being completed.
#[derive(Debug)]
pub(super) struct Completion<'a> {
    client: &'a Client,
    cx: &'a Context,
    parts: Vec<Bytes>,
}

/// A wire struct with nested connections.
pub(super) trait Nested: DeserializeOwned + Send + 'static {
    /// Reads what the page left out.
    fn complete(&mut self, completion: &mut Completion<'_>) -> impl Future<Output = Result<(), Stop>> + Send;

    /// The record's id.
    fn id(&self) -> &Text;
}

/// A record as the page has it, with its bytes.
pub(super) type Found<W> = (Result<W, Rejected>, Bytes);

/// Completes the records of a page.
pub(super) async fn complete_all<W: Nested>(
    client: &Client,
    cx: &Context,
    stream: &Stream<W>,
    found: impl IntoIterator<Item = Found<W>, IntoIter: Send>,
) -> Result<Decoded> {
    let mut decoded = Decoded::default();
    for found in found {
        decoded.push(complete(client, cx, stream, found).await?);
    }
    Ok(decoded)
}

/// Completes one record.
pub(super) async fn complete<W: Nested>(
    client: &Client,
    cx: &Context,
    stream: &Stream<W>,
    (wire, document): Found<W>,
) -> Result<Result<Record, Rejected>> {
    let mut wire = match wire {
        Ok(wire) => wire,
        Err(rejected) => return Ok(Err(rejected)),
    };
    let mut completion = Completion::new(client, cx);
    match wire.complete(&mut completion).await {
        Ok(()) => {}
        Err(Stop::Fail(error)) => return Err(error.context("record", wire.id())),
        Err(Stop::Hold(reason)) => {
            let key = Some(wire.id().clone());
            return Ok(Err(Rejected { key, rule: "complete".into(), reason, document }));
        }
    }
    Ok(stream.record(&wire, Document::new(document).with_parts(&completion.parts)))
}

impl<'a> Completion<'a> {
    /// Nothing read yet.
    pub(super) fn new(client: &'a Client, cx: &'a Context) -> Self {
        Completion { client, cx, parts: Vec::new() }
    }

    /// Reads the rest of `connection`, a member of the object `id`.
    pub(super) async fn drain<T: DeserializeOwned>(
        &mut self,
        query: &'static Query,
        id: &Text,
        connection: &mut Connection<T>,
    ) -> Result<(), Stop> {
        let mut calls = 0;
        while connection.page.has_next_page {
            let after = connection.page.end_cursor.take();
            if after.is_none() || calls == MOST_CALLS {
                return Err(Stop::Hold(format!(
                    "{}: more items exist than shopify lists",
                    query.path.join(".")
                )));
            }
            let variables = Variables {
                id: Some(id),
                first: Some(FOLLOW_UP),
                after: after.as_deref(),
                ..Variables::default()
            };
            let (mut answer, _) = self.client.ask(self.cx, query, variables).await?;
            let rest: Connection<T> = self.take(&mut answer, query)?;
            if rest.page.has_next_page && rest.page.end_cursor == after {
                return Err(answer.invalid("the cursor of the next page is the one just used").into());
            }
            connection.nodes.extend(rest.nodes);
            connection.page = rest.page;
            calls += 1;
        }
        Ok(())
    }

    /// Reads the object `id` again, with lists of up to the returned length.
    pub(super) async fn reread<T: DeserializeOwned>(
        &mut self,
        query: &'static Query,
        id: &Text,
    ) -> Result<(T, usize), Stop> {
        let variables = Variables { id: Some(id), first: Some(FOLLOW_UP), ..Variables::default() };
        let (mut answer, size) = self.client.ask(self.cx, query, variables).await?;
        Ok((self.take(&mut answer, query)?, size.unwrap_or(FOLLOW_UP) as usize))
    }

    /// Decodes what the query was for, and keeps the bytes of the object around it: they name whose part it is.
    fn take<T: DeserializeOwned>(&mut self, answer: &mut Answer, query: &Query) -> Result<T, Stop> {
        let (root, rest) = query.path.split_at(1);
        let object = answer.walk(root, |walk| walk.document()).map_err(|error| answer.misshapen(error))?;
        let Some(object) = object else {
            return Err(Stop::Hold(format!("{}: it vanished while it was read", root.join("."))));
        };
        let hold = |why: &dyn fmt::Display| Stop::Hold(format!("{}: {why}", query.path.join(".")));
        let part = within(&object, rest, |walk| walk.read()).map_err(|error| hold(&error))?;
        let part = part.ok_or_else(|| hold(&"it is missing"))?;
        self.parts.push(object);
        Ok(part)
    }
}
