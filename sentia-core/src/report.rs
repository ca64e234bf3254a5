//! What a run did, and the events on the way.
//!
//! Reports are serializable: the store keeps them as the sync log, and a host can show them as they are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    Error, Status,
    background::Background,
    batch::Counts,
    certificate::{Certificate, Outcome, Sweep},
    cursor::{Mode, RunId},
    finding::{self, Finding},
    page::Route,
    transport::Usage,
};

/// What went wrong with a stream, in a form that survives the process.
///
/// ```
/// use sentia_core::{Error, ErrorKind, report::Failure};
///
/// let refused = std::io::Error::other("refused");
/// let error = Error::new(ErrorKind::Unavailable, "no connection to the vendor").source(refused);
/// let failure = Failure::from(&error);
/// assert_eq!(failure.code, "unavailable");
/// assert_eq!(failure.message, "unavailable: no connection to the vendor; caused by: refused");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The error's stable code.
    pub code: String,
    /// What, where and why.
    pub message: String,
    /// What can be done.
    pub remedy: String,
    /// True when it fails the same way until somebody changes something.
    #[serde(default)]
    pub is_permanent: bool,
    /// How long the vendor asked to be left alone, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let mut message = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            message.push_str(&format!("; caused by: {cause}"));
            source = cause.source();
        }
        Failure {
            code: error.kind().code().to_owned(),
            message,
            remedy: error.kind().remedy().to_owned(),
            is_permanent: error.status() == Status::Permanent,
            wait_ms: error.wait().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

/// What a run did to one stream, over all its partitions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StreamReport {
    /// The stream's name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Documents received.
    pub read: u64,
    /// Rows inserted or updated.
    pub upserted: u64,
    /// Rows marked deleted.
    pub deleted: u64,
    /// All that the commits did.
    pub counts: Counts,
    /// Pages committed.
    pub pages: u64,
    /// How the records came; by export where those of any partition did.
    #[serde(default)]
    pub route: Route,
    /// Calls and bytes.
    pub usage: Usage,
    /// The proofs, one per partition.
    pub certificates: Vec<Certificate>,
    /// What was noticed about the account, over all partitions; each thing once.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// True where the run's time was over before it was read to its proof: it is incomplete, nothing failed, and the next
    /// run goes on behind its last committed page.
    #[serde(default)]
    pub paused: bool,
    /// When the vendor wants to be asked again, the earliest over its partitions, where that was longer than the run
    /// had patience for: it is incomplete, nothing failed, and a run from then on goes on.
    #[serde(default)]
    pub waiting: Option<DateTime<Utc>>,
    /// Why it is incomplete.
    /// Also for streams that were not tried because another one's error concerns the whole connection.
    pub failure: Option<Failure>,
}

impl StreamReport {
    pub(crate) fn new(name: &str) -> Self {
        StreamReport {
            name: name.to_owned(),
            outcome: Outcome::Complete,
            read: 0,
            upserted: 0,
            deleted: 0,
            counts: Counts::default(),
            pages: 0,
            route: Route::Pages,
            usage: Usage::default(),
            certificates: Vec::new(),
            findings: Vec::new(),
            paused: false,
            waiting: None,
            failure: None,
        }
    }

    pub(crate) fn add(&mut self, counts: Counts) {
        self.counts += counts;
        self.read = self.counts.read;
        self.upserted = self.counts.inserted + self.counts.updated;
        self.deleted = self.counts.deleted;
    }

    pub(crate) fn certify(&mut self, certificate: Certificate) {
        self.outcome = self.outcome.max(certificate.outcome);
        self.find(&certificate.findings);
        self.certificates.push(certificate);
    }

    pub(crate) fn find(&mut self, findings: &[Finding]) {
        finding::add(&mut self.findings, findings);
    }

    pub(crate) fn pause(&mut self) {
        self.outcome = Outcome::Incomplete;
        self.paused = true;
    }

    pub(crate) fn wait(&mut self, until: DateTime<Utc>) {
        self.outcome = Outcome::Incomplete;
        self.waiting = Some(self.waiting.map_or(until, |earlier| earlier.min(until)));
    }

    pub(crate) fn fail(&mut self, error: &Error) {
        self.outcome = Outcome::Incomplete;
        self.failure = Some(Failure::from(error));
    }
}

/// What a run did.
///
/// It is `must_use` because a run that is incomplete is not an error: look at [`outcome`](RunReport::outcome).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[must_use]
pub struct RunReport {
    /// The run's name.
    pub run: RunId,
    /// Whose data.
    pub tenant: String,
    /// Which connection.
    pub connection: String,
    /// Which vendor.
    pub vendor: String,
    /// What was asked for.
    pub mode: Mode,
    /// What was asked for in the background; none for a run of the increments.
    #[serde(default)]
    pub background: Option<Background>,
    /// When it began.
    pub started: DateTime<Utc>,
    /// When it ended; none while it runs.
    pub finished: Option<DateTime<Utc>>,
    pub(crate) streams: Vec<StreamReport>,
}

impl RunReport {
    /// The streams, in the order they were read.
    pub fn streams(&self) -> &[StreamReport] {
        &self.streams
    }

    /// The worst outcome among the streams.
    ///
    /// `complete` where no stream was selected.
    pub fn outcome(&self) -> Outcome {
        self.streams.iter().map(|stream| stream.outcome).max().unwrap_or(Outcome::Complete)
    }

    /// Whether it stopped because its time was over; see [`Pipeline::pause_after`](crate::Pipeline::pause_after).
    ///
    /// It is then `incomplete` without having failed: the same run again goes on where it stopped.
    pub fn is_paused(&self) -> bool {
        self.streams.iter().any(|stream| stream.paused)
    }

    /// When the first of the streams that wait for their vendor can go on; see
    /// [`Pipeline::patience`](crate::Pipeline::patience).
    pub fn waiting(&self) -> Option<DateTime<Utc>> {
        self.streams.iter().filter_map(|stream| stream.waiting).min()
    }

    /// The sum over the streams.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.streams.iter().for_each(|stream| sum += stream.counts);
        sum
    }

    /// Documents in quarantine, those of earlier runs included.
    pub fn held(&self) -> u64 {
        self.certificates().map(|certificate| certificate.held).sum()
    }

    /// What was noticed about the account, over the streams; each thing once.
    pub fn findings(&self) -> Vec<&Finding> {
        let mut found: Vec<&Finding> = Vec::new();
        for finding in self.streams.iter().flat_map(|stream| &stream.findings) {
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
        found
    }

    /// How many sweeps wait for somebody to confirm them.
    pub fn held_sweeps(&self) -> usize {
        self.certificates().filter(|certificate| matches!(certificate.sweep, Sweep::Held { .. })).count()
    }

    fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.streams.iter().flat_map(|stream| &stream.certificates)
    }

    /// Calls and bytes over the streams.
    pub fn usage(&self) -> Usage {
        self.streams.iter().fold(Usage::default(), |sum, stream| Usage {
            calls: sum.calls + stream.usage.calls,
            bytes: sum.bytes + stream.usage.bytes,
        })
    }
}

/// What happens during a run.
///
/// More events may come, so a `match` needs a wildcard.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A partition's read begins or resumes.
    Began {
        /// Its stream.
        stream: String,
        /// Its partition.
        partition: String,
        /// The page it resumes behind; 0 for a fresh window.
        pages: u64,
    },
    /// A window opens for a stream that the vendor also exports, and its route is chosen.
    Routed {
        /// Its stream.
        stream: String,
        /// How its records come.
        route: Route,
        /// How many there are, at least; none where the vendor was not asked or did not say.
        records: Option<u64>,
    },
    /// A page is durable.
    Committed {
        /// Its stream.
        stream: String,
        /// What the commit did.
        counts: Counts,
        /// Documents read in this window so far.
        read: u64,
        /// How many the vendor declared.
        declared: Option<u64>,
    },
    /// The ground shifted; the window is read again.
    Reread {
        /// Its stream.
        stream: String,
        /// What did not add up.
        reason: String,
    },
    /// The vendor asked to wait.
    Waiting {
        /// Its stream.
        stream: String,
        /// For how long.
        wait: std::time::Duration,
    },
    /// A stream is done.
    Finished(Box<StreamReport>),
}
