//! Proof that a window was read completely, and the judgement that issues it.
//!
//! Every commit writes a manifest of the documents it saw. With a window's last page the sink adds its manifests up to a
//! [`Tally`], and [`settle`] judges by it, in the transaction that writes what follows. There is no other way to a
//! [`Certificate`], and without one no stream is complete.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    batch::{Batch, Closing, Counts, ManifestEntry, Seen, Settlement},
    cursor::{FullRead, Mode, RunId, Slot, Window},
    finding::{Effect, Finding},
    page::{Paging, Route},
    record::Digest,
    stream::StreamId,
    transport::Usage,
};

#[cfg(test)]
mod tests;

/// What a certificate rests on. Vendors differ.
///
/// `Counted` is the stronger: it needs a vendor that counts the same filter as it lists. `Walked` trusts the vendor's own
/// end mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// The vendor declared a count for exactly this window, and as many distinct keys were seen.
    Counted,
    /// A chain of pages led from the start to the vendor's own end mark.
    Walked,
}

/// How a stream or a run ended.
///
/// The order is from best to worst, so the worst of several is their maximum:
///
/// ```
/// use sentia_core::Outcome;
///
/// assert!(Outcome::Complete < Outcome::CompleteWithQuarantine);
/// assert_eq!(Outcome::Complete.max(Outcome::Incomplete).to_string(), "incomplete");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every record seen is stored.
    Complete,
    /// Every byte seen is held, some of it in quarantine.
    CompleteWithQuarantine,
    /// Something is missing or unexplained; the cursor stays.
    Incomplete,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Complete => "complete",
            Outcome::CompleteWithQuarantine => "complete_with_quarantine",
            Outcome::Incomplete => "incomplete",
        })
    }
}

/// An order-independent digest: the sum, modulo 2^128, of a hash of each entry.
///
/// Two sets of (key, version, document) have the same digest whatever the order and the pages they were read in; a
/// member that is missing, altered or there twice changes it.
///
/// ```
/// use sentia_core::{certificate::SetDigest, record::Digest};
///
/// let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
/// let mut forward = SetDigest::default();
/// forward.add("1", 10, &a);
/// forward.add("2", 20, &b);
///
/// let (mut left, mut right) = (SetDigest::default(), SetDigest::default());
/// left.add("2", 20, &b);
/// right.add("1", 10, &a);
/// left.join(right);
/// assert_eq!(forward, left);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct SetDigest(u128);

impl SetDigest {
    /// Adds one key with its version and document.
    pub fn add(&mut self, key: &str, version: i64, digest: &Digest) {
        let length = (key.len() as u64).to_le_bytes();
        let hash = Digest::of_parts(&[&length, key.as_bytes(), &version.to_le_bytes(), digest.as_bytes()]);
        let half: [u8; 16] = std::array::from_fn(|at| hash.as_bytes()[at]);
        self.0 = self.0.wrapping_add(u128::from_le_bytes(half));
    }

    /// Joins the digest of another part of the set.
    pub fn join(&mut self, other: SetDigest) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl fmt::Display for SetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SetDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What the manifests of one reading of a window add up to.
///
/// Tallies of disjoint sets of keys are [joined](Tally::join), so a sink can replay a long window in parts that fit its
/// memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Distinct keys seen, those in quarantine included.
    pub distinct: u64,
    /// Sightings of a key beyond its first.
    pub repeated: u64,
    /// Documents without a key, all in quarantine.
    pub keyless: u64,
    /// Distinct keys in quarantine.
    pub quarantined: u64,
    /// Over key, version and document of each distinct key's last sighting.
    pub digest: SetDigest,
}

impl Tally {
    /// Adds a key's last sighting and how often it was seen before.
    pub fn add(&mut self, last: &ManifestEntry, sightings: u64) {
        match last.seen {
            // Without a key nothing tells two equal documents apart from one seen twice: each counts.
            Seen::Keyless => self.keyless += sightings,
            seen => {
                self.distinct += 1;
                self.repeated += sightings - 1;
                self.quarantined += u64::from(seen == Seen::Quarantined);
            }
        }
        self.digest.add(&last.key, last.version, &last.digest);
    }

    /// Joins the tally of other keys.
    pub fn join(&mut self, other: Tally) {
        self.distinct += other.distinct;
        self.repeated += other.repeated;
        self.keyless += other.keyless;
        self.quarantined += other.quarantined;
        self.digest.join(other.digest);
    }
}

/// When missing keys may be marked deleted without asking.
///
/// ```
/// use sentia_core::certificate::SweepPolicy;
///
/// let policy = SweepPolicy::default();
/// assert!(policy.allows(100, 120), "few rows go, whatever their share");
/// assert!(policy.allows(500, 10_000), "so does a small share");
/// assert!(!policy.allows(101, 1_000), "beyond both bounds somebody must look");
/// assert!(SweepPolicy::confirmed().allows(1_000, 1_000));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SweepPolicy {
    /// The largest share of live rows. Default 5 %.
    pub max_share: f64,
    /// The largest number of rows. Default 100. A sweep is held only beyond both bounds.
    pub max_rows: u64,
}

impl Default for SweepPolicy {
    fn default() -> Self {
        SweepPolicy { max_share: 0.05, max_rows: 100 }
    }
}

impl SweepPolicy {
    /// The policy of somebody who looked at a held sweep and confirmed it.
    pub fn confirmed() -> Self {
        SweepPolicy { max_share: 1.0, max_rows: u64::MAX }
    }

    /// Whether `missing` of `live` rows may go without asking.
    pub fn allows(&self, missing: u64, live: u64) -> bool {
        missing <= self.max_rows || missing as f64 <= self.max_share * live as f64
    }
}

/// What became of the sweep.
///
/// A held or refused sweep does not change the outcome: every record seen is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "sweep")]
pub enum Sweep {
    /// Not due: an incremental read, or a stream whose rows do not vanish.
    NotDue,
    /// Done.
    Done {
        /// Rows marked deleted.
        deleted: u64,
    },
    /// More rows are missing than the policy lets go; confirm with [`SweepPolicy::confirmed`].
    Held {
        /// Rows missing.
        missing: u64,
        /// Rows live before.
        live: u64,
    },
    /// Not safe.
    /// Nothing was marked. The next full read tries again.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Proof that a window was read completely; written in the transaction of its last page.
///
/// It is stored as JSON with these names. Everything that `verify` needs to recompute it is in it: the manifests it
/// rests on, the number of distinct keys, and the digest over them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certificate {
    /// Its own name.
    pub id: Uuid,
    /// What was read.
    pub stream: StreamId,
    /// By which run.
    pub run: RunId,
    /// Incremental, full or backfill.
    pub mode: Mode,
    /// Which of the partition's windows it proves.
    #[serde(default)]
    pub slot: Slot,
    /// True where it reached back by the stream's `reread_window`: an increment, or a backfill of just that.
    #[serde(default)]
    pub rereading: bool,
    /// How the records came.
    #[serde(default)]
    pub route: Route,
    /// What it rests on.
    pub evidence: Evidence,
    /// Complete, with or without quarantine.
    pub outcome: Outcome,
    /// Lower bound, inclusive.
    pub since: Option<DateTime<Utc>>,
    /// Upper bound that was asked for; none for the present.
    #[serde(default)]
    pub until: Option<DateTime<Utc>>,
    /// Upper bound, by the vendor's clock, and at most `until`.
    pub bound: Option<DateTime<Utc>>,
    /// Where the next incremental read begins.
    pub cursor: Option<DateTime<Utc>>,
    /// Which reading of the window succeeded.
    pub attempt: u32,
    /// Pages walked.
    pub pages: u64,
    /// The count the vendor declared.
    pub declared: Option<u64>,
    /// Distinct keys seen.
    pub distinct: u64,
    /// Documents without a key.
    pub keyless: u64,
    /// Documents of the partition in quarantine once this was proved, those of earlier windows included.
    pub held: u64,
    /// What the commits did.
    pub counts: Counts,
    /// Over keys, versions and documents, in any order.
    pub digest: String,
    /// The first manifest it rests on.
    pub first_sequence: u64,
    /// The last manifest it rests on.
    pub last_sequence: u64,
    /// Calls and bytes spent.
    pub usage: Usage,
    /// Scopes, filters and API version in force.
    pub read_scope: Option<String>,
    /// What was noticed about the account while it was read.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The mapping in force: a digest of the stream's columns.
    pub schema: String,
    /// The writer's lease epoch.
    pub epoch: u64,
    /// What became of the sweep.
    pub sweep: Sweep,
    /// When the window was opened.
    pub opened: DateTime<Utc>,
    /// When it was proved.
    pub sealed: DateTime<Utc>,
}

/// Judges a window by its tally. A pure function: the sink supplies the facts and writes the result.
///
/// | found | judged |
/// | --- | --- |
/// | numbered pages, and a key seen twice or a declared count that moved | the ground shifted |
/// | a declared count, and another number of distinct keys and keyless documents | it does not add up |
/// | a declared count, and as many | proved, [`Evidence::Counted`] |
/// | no declared count, and fewer records than the vendor counted at the window's opening | something is missing |
/// | no declared count otherwise | proved, [`Evidence::Walked`] |
///
/// What is not proved is read again while `window.attempt` is below `closing.max_attempts`. `sequence` is the manifest
/// of the last page, which `tally` includes. Where the certificate says [`Sweep::Done`], the sweep is due and safe; the
/// sink then looks at the rows, and puts in what it did or that it held.
///
/// ```
/// use std::sync::Arc;
/// use chrono::{DateTime, Duration};
/// use sentia_core::{
///     Checkpoint, Evidence, Mode, StreamId, StreamInfo, StreamTable,
///     batch::{Batch, Closing, Settlement},
///     certificate::{Tally, settle},
///     cursor::{Slot, Window},
/// };
///
/// let now = DateTime::UNIX_EPOCH + Duration::days(1);
/// let open = Window::open(uuid::Uuid::nil(), Mode::Full, None, now, 1);
/// let window = Window { declared: Some(3), bound: Some(now), ..open };
/// let batch = Batch {
///     stream: StreamId { tenant: "t".into(), connection: "c".into(), stream: "s".into(), partition: "".into() },
///     table: StreamTable::new("vendor", Arc::new(StreamInfo::new("s").key(&["id"]))),
///     run: window.run,
///     epoch: 1,
///     checkpoint: Checkpoint::default(),
///     slot: Slot::Front,
///     records: Vec::new(),
///     rejected: Vec::new(),
///     fetched: now,
///     closing: None,
///     lease: None,
/// };
/// let closing = Closing { max_attempts: 2, overlap: Duration::minutes(2), sweep: None };
/// let seen = |distinct| Tally { distinct, ..Tally::default() };
///
/// let Settlement::Proved(certificate) = settle(&batch, &window, &closing, &seen(3), 1) else { panic!("it adds up") };
/// assert_eq!(certificate.evidence, Evidence::Counted);
/// assert_eq!(certificate.cursor, Some(now - Duration::minutes(2)));
///
/// let short = settle(&batch, &window, &closing, &seen(2), 1);
/// assert!(matches!(short, Settlement::Reread { .. }));
/// let last = Window { attempt: 2, ..window };
/// assert!(matches!(settle(&batch, &last, &closing, &seen(2), 1), Settlement::Unexplained { .. }));
/// ```
pub fn settle(batch: &Batch, window: &Window, closing: &Closing, tally: &Tally, sequence: u64) -> Settlement {
    let evidence = match judge(window, tally) {
        Ok(evidence) => evidence,
        Err(reason) if window.attempt < closing.max_attempts => return Settlement::Reread { reason },
        Err(reason) => return Settlement::Unexplained { reason },
    };
    let held = tally.quarantined + tally.keyless > 0;
    let proved = window.upper_bound().map(|bound| bound - closing.overlap);
    Settlement::Proved(Box::new(Certificate {
        id: Uuid::now_v7(),
        stream: batch.stream.clone(),
        run: window.run,
        mode: window.mode,
        slot: batch.slot,
        rereading: window.rereading,
        route: window.route,
        evidence,
        outcome: if held { Outcome::CompleteWithQuarantine } else { Outcome::Complete },
        since: window.since,
        until: window.until,
        bound: window.upper_bound(),
        cursor: cursor(batch, window, proved),
        attempt: window.attempt,
        pages: window.pages,
        declared: window.declared,
        distinct: tally.distinct,
        keyless: tally.keyless,
        held: tally.quarantined + tally.keyless,
        counts: window.counts,
        digest: tally.digest.to_string(),
        first_sequence: window.first_sequence,
        last_sequence: sequence,
        usage: window.usage,
        read_scope: window.read_scope.clone(),
        findings: findings(batch, window),
        schema: schema_of(batch),
        epoch: batch.epoch,
        sweep: sweep_due(batch, window, closing, tally),
        opened: window.opened,
        sealed: batch.fetched,
    }))
}

/// Where the next increment begins, `proved` being what this window could vouch for.
fn cursor(batch: &Batch, window: &Window, proved: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let stands = batch.checkpoint.cursor;
    match (window.mode, batch.slot) {
        // It says nothing about what changed before it began.
        (Mode::Backfill, _) => stands,
        // It has seen everything up to its own bound and mends a cursor that went astray.
        (Mode::Full, Slot::Front) => proved.or(stands),
        // An increment never moves it backwards, whatever a vendor's clock does; nor does a full pass that was overtaken
        // by the increments beside it.
        _ => proved.max(stands),
    }
}

fn judge(window: &Window, tally: &Tally) -> Result<Evidence, String> {
    if window.scope_moved {
        return Err("scopes, filters or API version changed between pages".to_owned());
    }
    let numbered = window.paging == Paging::Numbered;
    if numbered && tally.repeated > 0 {
        return Err(format!(
            "{} keys were seen twice on numbered pages, so others may be missing",
            tally.repeated
        ));
    }
    let seen = tally.distinct + tally.keyless;
    let Some(declared) = window.declared else {
        return match window.counted.filter(|counted| *counted > seen) {
            Some(counted) => {
                Err(format!("the vendor counted {counted} records, its list ended after {seen}"))
            }
            None => Ok(Evidence::Walked),
        };
    };
    if numbered && window.count_moved {
        return Err("the declared count moved between pages".to_owned());
    }
    if seen != declared {
        return Err(format!("the vendor declared {declared} records, {seen} distinct ones were seen"));
    }
    Ok(Evidence::Counted)
}

/// What the pages noticed, and whether an increment saw under another scope than the last full read: what became
/// visible since, an increment does not ask for.
fn findings(batch: &Batch, window: &Window) -> Vec<Finding> {
    let mut findings = window.findings.clone();
    let full = batch.checkpoint.full.as_ref();
    if window.mode != Mode::Full && full.is_some_and(|full| full.read_scope != window.read_scope) {
        let message = "scopes, filters or API version are not those of the last full read; records that they made \
                       visible come with the next full read";
        findings.push(Finding::notice("read_scope_changed", message));
    }
    findings
}

/// Whether a sweep is due and safe, before the sink looks at the rows.
fn sweep_due(batch: &Batch, window: &Window, closing: &Closing, tally: &Tally) -> Sweep {
    if closing.sweep.is_none() || window.mode != Mode::Full {
        return Sweep::NotDue;
    }
    let refused = |reason: &str| Sweep::Refused { reason: reason.to_owned() };
    let before = batch.checkpoint.full.as_ref();
    if tally.keyless > 0 {
        return refused("a record without a key is in quarantine: a missing key may be hiding there");
    }
    if window.findings.iter().any(|finding| finding.effect == Effect::Hides) {
        return refused(
            "the vendor hides records from this account, and what is hidden is not gone; see the findings",
        );
    }
    let confirmed = closing.sweep == Some(SweepPolicy::confirmed());
    if !confirmed && before.is_some_and(|full| full.read_scope != window.read_scope) {
        return refused(
            "scopes, filters or API version are not those of the last full read; confirm to sweep",
        );
    }
    if window.paging == Paging::Numbered && window.declared.is_none() && window.pages > 1 {
        return refused("numbered pages without a count may skip a record that moved between them");
    }
    Sweep::Done { deleted: 0 }
}

/// A short digest of the columns a record is mapped to.
fn schema_of(batch: &Batch) -> String {
    let info = batch.table.info();
    Digest::of(format!("{:?}{:?}", info.columns, info.children).as_bytes()).to_string()[..16].to_owned()
}

/// The full read that a proved window leaves behind; one that was opened later stands. A refused sweep keeps the scope it was refused for: otherwise
/// the next full read would find the narrower scope unchanged and delete what it hides.
pub fn full_read(window: &Window, before: Option<&FullRead>, sweep: &Sweep) -> Option<FullRead> {
    let read_scope = match (sweep, before) {
        (Sweep::Refused { .. }, Some(before)) => before.read_scope.clone(),
        _ => window.read_scope.clone(),
    };
    let is_latest = before.is_none_or(|before| before.at <= window.opened);
    (window.mode == Mode::Full && is_latest).then_some(FullRead {
        at: window.opened,
        read_scope,
        calls: window.usage.calls,
    })
}
