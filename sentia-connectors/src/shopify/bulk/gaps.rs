//! What a bulk operation cannot give: connections within lists, as the lines of an order's refunds. One call completes many
//! records.

use std::collections::HashMap;

use bytes::Bytes;
use sentia_core::{Context, Error, ErrorKind, Rejected, Result, Text};
use serde_json::value::RawValue;

use super::{
    members::{Members, Writer},
    rows::Rows,
};
use crate::shopify::{
    client::{Client, Variables},
    error::is_too_dear,
    query::Query,
};

/// Records asked after in one call.
const AT_ONCE: usize = 50;

/// Lists of a record that hold connections.
#[derive(Debug)]
pub(in crate::shopify) struct Gaps {
    /// The query that reads them for many ids, by `nodes`.
    pub(in crate::shopify) query: &'static Query,
    /// The members; a bulk operation brings the ids of their items.
    pub(in crate::shopify) members: &'static [&'static str],
}

/// The lists of one record, as the answer has them.
type Brought = Vec<(&'static str, Bytes)>;

impl Gaps {
    /// Puts the lists into the documents that have items in them. A record that vanished meanwhile is held back.
    pub(super) async fn fill(&self, client: &Client, cx: &Context, rows: &mut Rows) -> Result<()> {
        let mut wanted: Vec<Text> = Vec::new();
        for document in &rows.documents {
            wanted.extend(self.wanted(document));
        }
        let brought = self.bring(client, cx, &wanted).await?;
        let mut documents = Vec::with_capacity(rows.documents.len());
        for document in std::mem::take(&mut rows.documents) {
            match self.wanted(&document).map(|id| (brought.get(&id), id)) {
                None => documents.push(document),
                Some((Some(lists), _)) => documents.push(spliced(&document, lists)?),
                Some((None, id)) => {
                    let reason = "nodes: it vanished while it was read".to_owned();
                    rows.rejected.push(Rejected { key: Some(id), rule: "complete".into(), reason, document });
                }
            }
        }
        rows.documents = documents;
        Ok(())
    }

    /// The record's id, where its lists hold something.
    fn wanted(&self, document: &[u8]) -> Option<Text> {
        let members = Members::of(document).ok()?;
        let is_empty = |member: &&str| members.get(member).is_none_or(is_empty_list);
        if self.members.iter().all(is_empty) { None } else { members.text("id").map(Text::from) }
    }

    async fn bring(&self, client: &Client, cx: &Context, ids: &[Text]) -> Result<HashMap<Text, Brought>> {
        let (mut brought, mut rest, mut size) = (HashMap::new(), ids, AT_ONCE);
        while !rest.is_empty() {
            let (these, others) = rest.split_at(size.min(rest.len()));
            let variables = Variables { ids: Some(these), ..Variables::default() };
            let mut answer = match client.ask(cx, self.query, variables).await {
                Err(error) if is_too_dear(&error) && size > 1 => {
                    size /= 2;
                    continue;
                }
                outcome => outcome?.0,
            };
            let invalid = || {
                Error::new(ErrorKind::InvalidResponse, "the answer holds no lists of records")
                    .context("query", self.query.name)
            };
            let nodes = answer.walk(self.query.path, |walk| walk.documents());
            let nodes = nodes.map_err(|error| answer.misshapen(error))?.ok_or_else(invalid)?;
            for node in nodes.into_iter().filter(|node| node != "null") {
                let members = Members::of(&node).map_err(|error| answer.misshapen(error))?;
                let id = members.text("id").ok_or_else(invalid)?;
                let list = |member: &&'static str| {
                    let list = members.get(member).map(|list| node.slice_ref(list.get().as_bytes()));
                    list.map(|list| (*member, list)).ok_or_else(invalid)
                };
                let lists = self.members.iter().map(list).collect::<Result<_>>()?;
                brought.insert(Text::from(id), lists);
            }
            rest = others;
        }
        Ok(brought)
    }
}

fn is_empty_list(list: &RawValue) -> bool {
    list.get().trim_matches(|c: char| c.is_whitespace() || c == '[' || c == ']').is_empty()
}

/// The document with these lists in place of its own.
fn spliced(document: &[u8], lists: &Brought) -> Result<Bytes> {
    let members = Members::of(document).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "an assembled document is no object").source(error)
    })?;
    let mut out = Vec::with_capacity(document.len() * 2);
    let mut writer = Writer::begin(&mut out);
    for (name, value) in &members.0 {
        let list = lists.iter().find(|(member, _)| member == name);
        writer.member(name, list.map_or(value.get().as_bytes(), |(_, list)| list));
    }
    writer.end();
    Ok(out.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_take_the_place_of_their_ids() {
        let document = br#"{"id":"a","refunds":[{"id":"r"}],"fulfillments":[],"n":1}"#;
        let lists = vec![("refunds", Bytes::from_static(b"[{\"id\":\"r\",\"lines\":[ ]}]"))];
        let spliced = spliced(document, &lists).expect("an object");
        assert_eq!(spliced, br#"{"id":"a","refunds":[{"id":"r","lines":[ ]}],"fulfillments":[],"n":1}"#[..]);
    }
}
