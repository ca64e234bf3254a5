//! What a server of tests/conformance was asked and answered, with the model's judgement.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Client;
use sentia::ConnectorInfo;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::server::Server;

/// One request with its answer.
#[derive(Debug, Deserialize)]
pub(super) struct Exchange {
    /// Method and address.
    pub(super) request: String,
    /// The operation's name in the model; none where the model has no such path.
    pub(super) operation: Option<String>,
    /// What the model refuses of the request, and what it does not declare.
    pub(super) faults: Vec<String>,
    /// What the model refuses of the answer, where that is not the model's own.
    pub(super) strayed: Vec<String>,
    status: u16,
    answer: String,
}

/// The exchanges since the server was asked for them last.
pub(super) async fn exchanges(server: &Server) -> Vec<Exchange> {
    let answer = client().get(format!("{}/-/exchanges", server.url)).send().await.expect("answers");
    let text = answer.error_for_status().expect("an answer").text().await.expect("a text");
    serde_json::from_str(&text).expect("exchanges")
}

/// Puts the file that the server's report links lead to.
pub(super) async fn put_file(server: &Server, content_type: &'static str, file: &[u8]) {
    put(server, "file", content_type, file).await;
}

/// From now on a twin answers, and is judged.
pub(super) async fn put_upstream(server: &Server, twin: &str) {
    put(server, "upstream", "text/plain", twin.as_bytes()).await;
}

async fn put(server: &Server, what: &str, content_type: &'static str, body: &[u8]) {
    let put = client().put(format!("{}/-/{what}", server.url)).header("content-type", content_type);
    let answer = put.body(body.to_vec()).send().await.expect("answers");
    answer.error_for_status().expect("it is taken");
}

#[allow(clippy::disallowed_methods, reason = "what steers a test must not come through the transport")]
fn client() -> Client {
    Client::new()
}

/// What a model has against a request or an answer, and why that is as it should be.
pub(super) struct Excused {
    /// The operation; empty where the model has none.
    pub(super) operation: &'static str,
    /// A part of what the model says.
    pub(super) fault: &'static str,
    #[expect(dead_code, reason = "it is for whoever reads the table")]
    pub(super) why: &'static str,
}

/// Asserts that the model has nothing against any request and any answer but what is excused.
pub(super) fn are_valid(exchanges: &[Exchange], excused: &[Excused]) {
    // Each kind of fault once, with the first request that has it.
    let mut found = BTreeMap::new();
    for exchange in exchanges {
        let operation = exchange.operation.as_deref().unwrap_or_default();
        let is_excused = |fault: &String| {
            excused.iter().any(|one| one.operation == operation && fault.contains(one.fault))
        };
        for fault in exchange.faults.iter().chain(&exchange.strayed).filter(|fault| !is_excused(fault)) {
            let kind = fault.split('.').map(|part| if part.parse::<u32>().is_ok() { "N" } else { part });
            let kind = format!("{operation}: {}", kind.collect::<Vec<_>>().join("."));
            found.entry(kind).or_insert_with(|| exchange.request.clone());
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    for exchange in exchanges {
        assert!(exchange.status < 300, "{}: {:.3000}", exchange.request, exchange.answer);
    }
}

/// The operations of these exchanges.
pub(super) fn operations(exchanges: &[Exchange]) -> BTreeSet<&str> {
    exchanges.iter().filter_map(|one| one.operation.as_deref()).collect()
}

/// One stream, and what reading it must ask.
pub(super) struct Asks {
    pub(super) stream: &'static str,
    /// Every operation of a full read; the documents stand in the answers to the last one.
    pub(super) operations: &'static [&'static str],
    /// The members that lead to the list of documents; none where an answer is a document.
    pub(super) list: &'static [&'static str],
}

/// Asserts that a vendor's catalog has exactly these streams: a new one needs its requests here.
pub(super) fn are_all(info: &ConnectorInfo, asks: &[Asks], beyond: &[&'static str]) {
    let catalog: BTreeSet<_> = info.streams.iter().map(|stream| stream.name).collect();
    let known = asks.iter().map(|one| one.stream).chain(beyond.iter().copied());
    assert_eq!(known.collect::<BTreeSet<_>>(), catalog, "streams with their requests, and the catalog");
    assert_eq!(asks.len() + beyond.len(), catalog.len(), "each stream once");
}

impl Asks {
    /// Asserts that these exchanges are those of a full read, and gives the documents as they were served.
    pub(super) fn served(&self, exchanges: &[Exchange]) -> BTreeSet<String> {
        assert_eq!(operations(exchanges), self.operations.iter().copied().collect(), "{}", self.stream);
        let last = self.operations.last().expect("an operation");
        let answers = exchanges.iter().filter(|one| one.operation.as_deref() == Some(*last));
        answers.flat_map(|one| documents(&one.answer, self.list)).collect()
    }
}

/// The documents of an answer, byte for byte.
fn documents(answer: &str, list: &[&str]) -> Vec<String> {
    let Some((member, rest)) = list.split_first() else { return vec![answer.to_owned()] };
    let members: BTreeMap<&str, &RawValue> = serde_json::from_str(answer).expect("an object");
    let inner = members.get(member).unwrap_or_else(|| panic!("no {member} in {answer:.200}")).get();
    if !rest.is_empty() {
        return documents(inner, rest);
    }
    let documents: Vec<&RawValue> = serde_json::from_str(inner).expect("a list");
    documents.into_iter().map(|document| document.get().to_owned()).collect()
}
