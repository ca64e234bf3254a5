//! From a result's lines to documents, in bounded memory.
//!
//! A child's line names its parent and may stand anywhere: before it, or a million lines behind. So the lines are first dealt
//! into buckets by their record's id, and then each bucket is put together on its own. Lines of a bucket keep the file's order,
//! and the buckets theirs, so the same file always makes the same documents.
//!
//! A document has the shape that a page gives it: the members of the record's line, each value as Shopify wrote it, and for
//! each nested connection its `edges`. A child's `__parentId`, which only says where it belongs, is left out.

use std::{
    borrow::Cow,
    collections::HashMap,
    fs::File,
    io::{BufRead, BufReader, Read},
};

use sentia_core::{
    Error, ErrorKind, Result,
    spool::{Spool, SpoolFile},
};
use serde::Deserialize;

use super::members::{Members, Writer};
use crate::shopify::rounding::lost_digits;

/// How much of the file one bucket should hold.
const BUCKET: u64 = 8 << 20;
/// Files open at a time.
const MOST_BUCKETS: u64 = 256;
/// The largest bucket that is read into memory; a spool's largest file in as many buckets is far below.
const LARGEST_BUCKET: u64 = 128 << 20;
/// The longest line.
const LONGEST_LINE: u64 = 16 << 20;

/// Set on the error of a file that is not what Shopify counted.
pub(super) const DAMAGED: &str = "damaged";

/// A connection within a record.
#[derive(Debug)]
pub(in crate::shopify) struct Child {
    /// The record's member.
    pub(in crate::shopify) member: &'static str,
    /// The type in its lines' ids: nothing else tells which connection they are of.
    pub(in crate::shopify) kind: &'static str,
}

/// What Shopify counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) objects: u64,
    pub(super) roots: u64,
}

/// What the work took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Effort {
    /// How many buckets there were.
    pub(super) buckets: u64,
    /// The largest of them, in bytes: the most that is in memory at a time.
    pub(super) largest_bucket: u64,
}

/// Writes the documents of `source` to `target`, a line each.
///
/// # Errors
/// `InvalidResponse` about [`DAMAGED`] where the file is not what Shopify counted.
pub(super) fn assemble(
    source: File,
    target: &mut SpoolFile,
    spool: &Spool,
    name: &str,
    counted: Counted,
    children: &[Child],
) -> Result<Effort> {
    let buckets = deal(source, spool, name, counted)?;
    let mut effort = Effort { buckets: buckets.len() as u64, largest_bucket: 0 };
    for bucket in &buckets {
        let mut text = Vec::new();
        let file = spool.open(bucket)?;
        let size = file.take(LARGEST_BUCKET + 1).read_to_end(&mut text).map_err(disk)? as u64;
        spool.remove(bucket)?;
        if size > LARGEST_BUCKET {
            let message = "one record of the export is larger than memory allows; read the stream by pages";
            return Err(Error::new(ErrorKind::Unsupported, message).context("bytes", size));
        }
        effort.largest_bucket = effort.largest_bucket.max(size);
        put_together(&text, target, children)?;
    }
    Ok(effort)
}

fn damaged(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse, what).context(DAMAGED, "export")
}

fn disk(error: std::io::Error) -> Error {
    let message = "the temporary folder failed; check its disk space and permissions";
    Error::new(ErrorKind::Store, message).source(error)
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default, rename = "__parentId")]
    parent: Option<Cow<'a, str>>,
}

impl<'a> Head<'a> {
    fn of(line: &'a [u8]) -> Result<Self> {
        serde_json::from_slice(line)
            .map_err(|error| damaged("a line of the export is no object with an id").source(error))
    }
}

/// Deals the lines into buckets and counts them. Gives the buckets' names.
fn deal(source: File, spool: &Spool, name: &str, counted: Counted) -> Result<Vec<String>> {
    let size = source.metadata().map_err(disk)?.len();
    let names: Vec<String> =
        (0..(size / BUCKET + 1).min(MOST_BUCKETS)).map(|at| format!("{name} bucket {at}")).collect();
    let mut files = names.iter().map(|name| spool.target(name).create()).collect::<Result<Vec<_>>>()?;
    let mut found = Counted { objects: 0, roots: 0 };
    let mut reader = BufReader::with_capacity(256 << 10, source);
    let mut line = Vec::new();
    while next_line(&mut reader, &mut line)? {
        let head = Head::of(&line)?;
        let record = head.parent.as_ref().unwrap_or(&head.id);
        found.objects += 1;
        found.roots += u64::from(head.parent.is_none());
        let file = &mut files[(hash(record) % names.len() as u64) as usize];
        file.append(&line)?;
        file.append(b"\n")?;
    }
    if found != counted {
        // A known connector dropped whole results under status COMPLETED (airbyte issue 85372).
        return Err(damaged("the export's file holds another number of rows than shopify counted")
            .context("objects_found", found.objects)
            .context("records_found", found.roots)
            .context("records", counted.roots));
    }
    files.into_iter().try_for_each(|file| file.finish().map(drop))?;
    Ok(names)
}

/// The next line that is not empty, without its line feed; false at the end.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool> {
    loop {
        line.clear();
        let read = reader.take(LONGEST_LINE).read_until(b'\n', line).map_err(disk)? as u64;
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if read == LONGEST_LINE {
            return Err(damaged("a line of the export is longer than any record can be"));
        }
        match (read, line.iter().all(u8::is_ascii_whitespace)) {
            (0, _) => return Ok(false),
            (_, true) => {}
            (_, false) => return Ok(true),
        }
    }
}

/// FNV-1a: the same on every machine and in every version, unlike the standard library's.
fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// Puts the records of one bucket together.
fn put_together(text: &[u8], target: &mut SpoolFile, children: &[Child]) -> Result<()> {
    if lost_digits(text) {
        return Err(damaged(
            "the ids lost their last digits on the way; look for a proxy that rewrites answers",
        ));
    }
    let lines = || text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut parts: HashMap<String, Vec<Vec<&[u8]>>> = HashMap::new();
    for line in lines() {
        let Head { id, parent: Some(parent) } = Head::of(line)? else { continue };
        let kind = id.strip_prefix("gid://shopify/").and_then(|rest| rest.split('/').next());
        let at = children.iter().position(|child| Some(child.kind) == kind).ok_or_else(|| {
            damaged("a line of the export is of a type that was not asked for").context("id", &*id)
        })?;
        let of_parent = parts.entry(parent.into_owned()).or_insert_with(|| vec![Vec::new(); children.len()]);
        of_parent[at].push(line);
    }
    let mut document = Vec::new();
    for line in lines() {
        let Head { id, parent: None } = Head::of(line)? else { continue };
        let own = parts.remove(&*id).unwrap_or_else(|| vec![Vec::new(); children.len()]);
        document.clear();
        write(line, children, &own, &mut document)?;
        document.push(b'\n');
        target.append(&document)?;
    }
    match parts.keys().next() {
        None => Ok(()),
        Some(parent) => {
            Err(damaged("a line of the export belongs to a record that is not there")
                .context("parent", parent))
        }
    }
}

fn write(record: &[u8], children: &[Child], own: &[Vec<&[u8]>], document: &mut Vec<u8>) -> Result<()> {
    let read =
        |line| Members::of(line).map_err(|error| damaged("a line of the export is no object").source(error));
    let mut writer = Writer::begin(document);
    for (name, value) in &read(record)?.0 {
        writer.member(name, value.get().as_bytes());
    }
    for (child, lines) in children.iter().zip(own) {
        let out = writer.name(child.member);
        out.extend_from_slice(br#"{"edges":["#);
        for (at, line) in lines.iter().enumerate() {
            out.extend_from_slice(if at == 0 { br#"{"node":"# } else { br#",{"node":"# });
            let mut node = Writer::begin(out);
            for (name, value) in read(line)?.0.iter().filter(|(name, _)| name != "__parentId") {
                node.member(name, value.get().as_bytes());
            }
            node.end();
            out.push(b'}');
        }
        out.extend_from_slice(br#"],"pageInfo":{"hasNextPage":false,"endCursor":null}}"#);
    }
    writer.end();
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    const LINES: &[Child] = &[Child { member: "lineItems", kind: "LineItem" }];

    /// Assembles `text` in a spool of its own.
    fn assembled(text: &str, objects: u64, roots: u64) -> Result<(Vec<String>, Effort)> {
        let spool = Spool::default();
        let mut raw = spool.target("raw").create()?;
        raw.append(text.as_bytes())?;
        raw.finish()?;
        let mut target = spool.target("documents").create()?;
        let counted = Counted { objects, roots };
        let effort = assemble(spool.open("raw")?, &mut target, &spool, "raw", counted, LINES)?;
        target.finish()?;
        assert!(!spool.contains("raw bucket 0"), "buckets are removed as they are read");
        let mut documents = String::new();
        spool.open("documents")?.read_to_string(&mut documents).map_err(disk)?;
        Ok((documents.lines().map(str::to_owned).collect(), effort))
    }

    fn order(id: u64) -> String {
        format!(r##"{{"id":"gid:\/\/shopify\/Order\/{id}","name":"#{id}","total": 1.50}}"##)
    }

    fn line(id: u64, order: u64) -> String {
        format!(
            r#"{{"id":"gid:\/\/shopify\/LineItem\/{id}","sku":"S{id}","__parentId":"gid:\/\/shopify\/Order\/{order}"}}"#
        )
    }

    #[test]
    fn a_document_has_the_shape_of_a_pages() {
        let text = [line(11, 1), order(2), order(1), line(12, 1), String::new()].join("\n");
        let (mut documents, _) = assembled(&text, 4, 2).expect("whole");
        documents.sort();
        let end = r#"],"pageInfo":{"hasNextPage":false,"endCursor":null}}}"#;
        let first = concat!(
            r##"{"id":"gid:\/\/shopify\/Order\/1","name":"#1","total":1.50,"lineItems":{"edges":["##,
            r#"{"node":{"id":"gid:\/\/shopify\/LineItem\/11","sku":"S11"}},"#,
            r#"{"node":{"id":"gid:\/\/shopify\/LineItem\/12","sku":"S12"}}"#
        );
        let second = r##"{"id":"gid:\/\/shopify\/Order\/2","name":"#2","total":1.50,"lineItems":{"edges":["##;
        assert_eq!(documents, [format!("{first}{end}"), format!("{second}{end}")]);
    }

    fn refusal(text: &str, objects: u64, roots: u64) -> Error {
        assembled(text, objects, roots).expect_err("refused")
    }

    #[test]
    fn a_file_that_is_not_what_was_counted_is_refused() {
        let text = [order(1), line(11, 1), String::new()].join("\n");
        for (text, objects, roots) in [
            (text.clone(), 3, 1),
            (text.clone(), 2, 2),
            (text[..text.len() - 20].to_owned(), 2, 1),
            (line(11, 7) + "\n" + &order(1), 2, 1),
            (
                order(1)
                    + "\n"
                    + &order(1)
                        .replace("Order", "Draft")
                        .replace('}', r#","__parentId":"gid://shopify/Order/1"}"#),
                2,
                1,
            ),
            ("not json\n".to_owned(), 1, 1),
            (r#"{"sku":"without id"}"#.to_owned(), 1, 1),
        ] {
            let error = refusal(&text, objects, roots);
            assert_eq!(
                (error.kind(), error.context_value(DAMAGED)),
                (ErrorKind::InvalidResponse, Some("export")),
                "{text}"
            );
        }
        let error = refusal(&text, 5, 1);
        assert_eq!(
            (error.context_value("objects_found"), error.context_value("records")),
            (Some("2"), Some("1"))
        );
    }

    #[test]
    fn rounded_ids_are_refused() {
        let ids = [820_982_911_946_154_496_u64, 820_982_911_969_619_200, 820_982_911_972_235_008];
        let text = ids.map(order).join("\n");
        assert!(refusal(&text, 3, 3).message().contains("lost their last digits"));
    }

    /// All children stand before all parents, in another order: the worst that may come.
    #[test]
    fn memory_is_a_bucket_however_long_the_file() {
        let (orders, lines) = (30_000_u64, 4_u64);
        let mut text = String::new();
        for nth in 0..lines {
            for order in (1..=orders).rev() {
                let _ = writeln!(
                    text,
                    "{}",
                    line(order * 10 + nth, order)
                        .replace("\"sku\":\"", &format!("\"sku\":\"{}", "x".repeat(200)))
                );
            }
        }
        (1..=orders).for_each(|id| _ = writeln!(text, "{}", order(id)));
        let (documents, effort) = assembled(&text, orders * (lines + 1), orders).expect("whole");
        assert_eq!(documents.len() as u64, orders);
        let first_children = |document: &String| {
            let order: serde_json::Value = serde_json::from_str(document).expect("JSON");
            let id: u64 = order["name"].as_str().expect("text")[1..].parse().expect("a number");
            let ids = order["lineItems"]["edges"].as_array().expect("edges").iter();
            let ids: Vec<_> =
                ids.map(|edge| edge["node"]["id"].as_str().expect("an id").to_owned()).collect();
            let expected: Vec<_> =
                (0..lines).map(|nth| format!("gid://shopify/LineItem/{}", id * 10 + nth)).collect();
            assert_eq!(ids, expected, "in the file's order");
            id
        };
        let seen: std::collections::BTreeSet<u64> = documents.iter().map(first_children).collect();
        assert_eq!(seen.len() as u64, orders);
        assert_eq!(effort.buckets, text.len() as u64 / BUCKET + 1);
        assert!(effort.buckets > 4, "{effort:?}");
        assert!(effort.largest_bucket < BUCKET + BUCKET / 4, "{effort:?}");
    }

    #[test]
    fn the_same_file_makes_the_same_documents() {
        let text: String = (1..200).map(|id| order(id) + "\n" + &line(id + 1000, id) + "\n").collect();
        assert_eq!(assembled(&text, 398, 199).expect("whole"), assembled(&text, 398, 199).expect("whole"));
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c, "FNV-1a of one byte, as published");
    }
}
