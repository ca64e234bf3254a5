//! Reports that were asked for, and how lists show them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::report_file::Table;
use super::report_kind::ReportKind;
use super::state::Settings;
use crate::rng::Rng;
use crate::universe::{SellerAccount, Settlement};

/// How a report ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Done,
    Cancelled,
    Fatal,
    Stuck,
}

/// What makes two requests the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Wish {
    pub(crate) kind: ReportKind,
    pub(crate) markets: Vec<usize>,
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: Option<DateTime<Utc>>,
    pub(crate) options: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Requested {
    pub(crate) id: String,
    pub(crate) wish: Wish,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) fate: Fate,
    pub(crate) called_off: bool,
    pub(crate) table: Table,
}

/// A pre-signed URL that is out.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) document: String,
    pub(crate) issued_at: DateTime<Utc>,
    pub(crate) says_gzip: bool,
}

/// All reports that were asked for. Settlements are not among them: they come by themselves.
#[derive(Debug)]
pub(crate) struct ReportDesk {
    pub(crate) reports: Vec<Requested>,
    pub(crate) links: HashMap<String, Link>,
    pub(crate) rng: Rng,
}

impl ReportDesk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { reports: vec![], links: HashMap::new(), rng }
    }

    pub(crate) fn link(&self, signature: &str) -> Option<&Link> {
        self.links.get(signature)
    }
}

/// A report as lists show it, whoever asked for it.
pub(crate) struct Shown {
    pub(crate) id: String,
    pub(crate) kind: ReportKind,
    pub(crate) markets: Vec<usize>,
    pub(crate) window: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
    pub(crate) status: &'static str,
    pub(crate) document: bool,
}

impl Requested {
    pub(crate) fn shown(&self, now: DateTime<Utc>, settings: &Settings) -> Shown {
        let started_at = self.created_at + settings.queue;
        let finished_at = started_at + settings.processing;
        let status = match self.fate {
            _ if self.called_off => "CANCELLED",
            _ if now < started_at => "IN_QUEUE",
            Fate::Stuck => "IN_PROGRESS",
            _ if now < finished_at => "IN_PROGRESS",
            Fate::Done => "DONE",
            Fate::Cancelled => "CANCELLED",
            Fate::Fatal => "FATAL",
        };
        let over = ["DONE", "FATAL", "CANCELLED"].contains(&status) && !self.called_off;
        let default = self.created_at;
        Shown {
            id: self.id.clone(),
            kind: self.wish.kind,
            markets: self.wish.markets.clone(),
            window: Some((self.wish.start.unwrap_or(default), self.wish.end.unwrap_or(default))),
            created_at: self.created_at,
            started_at: (status != "IN_QUEUE" && !self.called_off).then_some(started_at),
            finished_at: over.then_some(finished_at),
            status,
            document: ["DONE", "FATAL"].contains(&status),
        }
    }
}

pub(crate) fn shown_settlement(settlement: &Settlement) -> Shown {
    Shown {
        id: settlement.report_id.clone(),
        kind: ReportKind::Settlement,
        markets: vec![settlement.market],
        window: Some((settlement.start, settlement.end)),
        created_at: settlement.reported_at,
        started_at: Some(settlement.reported_at),
        finished_at: Some(settlement.reported_at),
        status: "DONE",
        document: true,
    }
}

impl Shown {
    pub(crate) fn json(&self, account: &SellerAccount) -> Value {
        let moment = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, false);
        let ids: Vec<&str> = self.markets.iter().map(|market| account.markets[*market].id).collect();
        let mut out = json!({
            "reportId": self.id,
            "reportType": self.kind.name(),
            "marketplaceIds": ids,
            "createdTime": moment(self.created_at),
            "processingStatus": self.status,
        });
        if let Some((start, end)) = self.window {
            out["dataStartTime"] = json!(moment(start));
            out["dataEndTime"] = json!(moment(end));
        }
        if let Some(at) = self.started_at {
            out["processingStartTime"] = json!(moment(at));
        }
        if let Some(at) = self.finished_at {
            out["processingEndTime"] = json!(moment(at));
        }
        if self.document {
            out["reportDocumentId"] = json!(document_id(&self.id));
        }
        out
    }
}

pub(crate) fn document_id(report: &str) -> String {
    format!("amzn1.spdoc.1.4.eu.{report}.T3K9DOCUMENT")
}

pub(crate) fn report_of(document: &str) -> Option<&str> {
    document.strip_prefix("amzn1.spdoc.1.4.eu.")?.strip_suffix(".T3K9DOCUMENT")
}
