//! Bulk operations: submitted by a mutation, polled by id, downloaded as JSONL from a signed address.

mod export;
mod file;
mod operation;
mod rules;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub(crate) use file::{PREFIX, download};
pub(crate) use operation::BulkView;

use self::export::Export;
use self::operation::{Fate, Operation};
use super::desk::{Payload, UserError};
use super::fault::ShopifyFault;
use super::graphql::ast::Document;
use super::mutation::Call;
use super::node::Scene;
use super::server::{ShopifyState, lock};
use crate::rng::Rng;

/// How long the address of a result can be used.
const URL_LIFE: TimeDelta = TimeDelta::days(7);
/// How long an operation may run.
const LONGEST_RUN: TimeDelta = TimeDelta::days(10);

/// How long bulk operations take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkPace {
    /// From submission until it runs.
    pub queued: Duration,
    /// From then until it is done.
    pub running: Duration,
    /// From a cancellation until it has stopped.
    pub canceling: Duration,
}

impl Default for BulkPace {
    fn default() -> Self {
        let millis = Duration::from_millis;
        Self { queued: millis(500), running: millis(1_500), canceling: millis(500) }
    }
}

/// The operations of one app and shop, oldest first.
#[derive(Debug)]
pub(crate) struct BulkDesk {
    operations: Vec<Operation>,
    next_id: u64,
    rng: Rng,
}

impl BulkDesk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { operations: vec![], next_id: 7_933_223_797_042, rng }
    }

    pub(crate) fn views(&self, now: DateTime<Utc>, base_url: &str) -> Vec<BulkView> {
        self.operations.iter().map(|operation| operation.view(now, base_url)).collect()
    }

    fn by_token(&self, token: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.token == token)
    }

    fn open(&self, now: DateTime<Utc>) -> Vec<u64> {
        let open = self.operations.iter().filter(|operation| !operation.ended(now));
        open.map(|operation| operation.id).collect()
    }
}

/// `bulkOperationRunQuery`.
pub(crate) fn submit(state: &ShopifyState, call: &Call<'_>, query: &str, grouped: bool) -> Payload {
    let payload = Payload { type_name: "BulkOperationRunQueryPayload", ..Payload::default() };
    let document = match rules::check(&state.schema, query) {
        Ok(document) => document,
        Err(errors) => return Payload { errors, ..payload },
    };
    let now = call.now;
    let open = lock(&state.bulk).open(now);
    let busy = call.fault == Some(ShopifyFault::BulkBusy);
    if busy || open.len() >= call.settings.bulk_limit {
        // Of another process there is only the operation's name to see.
        let others = if open.is_empty() { vec![7_933_223_700_000] } else { open };
        return Payload { errors: vec![in_progress(&others)], ..payload };
    }
    let mut export = exported(state, call, &document, grouped);
    let fate = fate(call.fault, export.denied);
    bend(call.fault, &mut export);
    let mut desk = lock(&state.bulk);
    desk.next_id += 32_768 + desk.rng.next() % 32_768;
    let (id, token) = (desk.next_id, desk.rng.guid().simple().to_string());
    let signature = desk.rng.guid().simple().to_string();
    let overstated = if call.fault == Some(ShopifyFault::BulkCountDiffers) { 3 } else { 0 };
    let pace = call.settings.bulk_pace;
    let after =
        |from: DateTime<Utc>, pause: Duration| from + TimeDelta::from_std(pause).unwrap_or(LONGEST_RUN);
    let starts_at = after(now, pace.queued);
    desk.operations.push(Operation {
        id,
        query: query.to_owned(),
        token,
        signature,
        created_at: now,
        starts_at,
        ends_at: after(starts_at, pace.running),
        lines: export.lines,
        objects: export.objects + overstated,
        roots: export.roots,
        fate,
        stops_at: None,
    });
    Payload { bulk: Some(id), ..payload }
}

/// `bulkOperationCancel`.
pub(crate) fn cancel(state: &ShopifyState, call: &Call<'_>, gid: &str) -> Payload {
    let payload = Payload { type_name: "BulkOperationCancelPayload", ..Payload::default() };
    let id = gid.strip_prefix("gid://shopify/BulkOperation/").and_then(|id| id.parse::<u64>().ok());
    let mut desk = lock(&state.bulk);
    let Some(operation) = desk.operations.iter_mut().find(|operation| Some(operation.id) == id) else {
        return Payload { errors: vec![UserError::new(&["id"], "Bulk operation does not exist")], ..payload };
    };
    let payload = Payload { bulk: id, ..payload };
    if operation.ended(call.now) {
        let status = operation.view(call.now, "").status.to_lowercase();
        let message = format!("A bulk operation cannot be canceled when it is {status}");
        return Payload { errors: vec![UserError::new(&[], message)], ..payload };
    }
    let pause = TimeDelta::from_std(call.settings.bulk_pace.canceling).unwrap_or(LONGEST_RUN);
    operation.stops_at.get_or_insert((call.now, call.now + pause));
    payload
}

fn in_progress(open: &[u64]) -> UserError {
    let ids: Vec<String> = open.iter().map(|id| format!("gid://shopify/BulkOperation/{id}")).collect();
    let message =
        format!("A bulk query operation for this app and shop is already in progress: {}.", ids.join(", "));
    UserError::new(&[], message).code("OPERATION_IN_PROGRESS")
}

/// Reads everything at the moment of submission: what changes later is not in the file.
fn exported(state: &ShopifyState, call: &Call<'_>, document: &Document, grouped: bool) -> Export {
    let universe = state.world.read();
    let (warnings, desk) = Default::default();
    let scene: Scene<'_> = call.scene(state, &universe, &warnings, &desk);
    export::run(&state.schema, document, scene, grouped)
}

fn fate(fault: Option<ShopifyFault>, denied: bool) -> Fate {
    match fault {
        Some(ShopifyFault::BulkFailed) => Fate::Failed { code: "INTERNAL_SERVER_ERROR", partial_after: 60 },
        Some(ShopifyFault::BulkTimedOut) => Fate::Failed { code: "TIMEOUT", partial_after: 0 },
        Some(ShopifyFault::BulkAccessDenied) => Fate::Denied,
        Some(ShopifyFault::BulkExpiredEarly) => Fate::Expired,
        Some(ShopifyFault::BulkStuck) => Fate::Stuck,
        _ if denied => Fate::Denied,
        _ => Fate::Completed,
    }
}

/// The faults that sit in the file itself.
fn bend(fault: Option<ShopifyFault>, export: &mut Export) {
    match fault {
        Some(ShopifyFault::BulkRowsLost) => {
            let kept = export.lines.len() - export.lines.len().div_ceil(5);
            export.lines.truncate(kept);
        }
        Some(ShopifyFault::BulkChildrenFirst) => export.lines.reverse(),
        _ => {}
    }
}
