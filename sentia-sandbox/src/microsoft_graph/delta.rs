//! Change tracking: rounds of pages over the steps of the office.
//!
//! A page goes on behind the last step it gave, so what changes while somebody pages comes again later in the same
//! round; a round ends when no step is left.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::answer::Answer;
use super::call::Call;
use super::fault::MicrosoftGraphFault as Fault;
use super::marks::{Mark, marks, render};
use super::server::lock;
use super::{file_rows, mail_rows, permission, user_lists};
use crate::universe::Office;
use crate::universe::office::folder_id;

/// What is tracked; positions never change while a sandbox lives.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Feed {
    Users,
    ListItems { list: usize, path: String },
    DriveItems { drive: usize, id: String },
    MailFolders { mailbox: usize, path: String },
    Messages { mailbox: usize, folder: Uuid, path: String },
    CalendarView { mailbox: usize, start: DateTime<Utc>, end: DateTime<Utc>, path: String },
}

/// How far somebody is in a round, and what was asked for at its beginning.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) feed: Feed,
    pub(crate) select: Option<Vec<String>>,
    /// Members of `fields` for list items; none when they were not expanded.
    pub(crate) expand: Option<Vec<String>>,
    pub(crate) change_type: Option<String>,
    pub(crate) received: Option<(DateTime<Utc>, bool)>,
    /// What the caller knew when the round began; zero for nothing.
    pub(crate) base: u64,
    /// The last step that was given.
    pub(crate) at: u64,
    /// The present when the round began.
    pub(crate) opened: u64,
    pub(crate) top: Option<usize>,
}

impl Feed {
    /// The start of its links.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Users => "/users".to_owned(),
            Self::DriveItems { id, .. } => format!("/drives/{id}/root"),
            Self::ListItems { path, .. }
            | Self::MailFolders { path, .. }
            | Self::Messages { path, .. }
            | Self::CalendarView { path, .. } => path.clone(),
        }
    }

    /// Fills in the path of its links, which is not the one that was called.
    fn named(self, office: &Office) -> Self {
        let user = |mailbox: usize| format!("/users('{}')", office.mailboxes[mailbox].user);
        match self {
            Self::Users => Self::Users,
            Self::DriveItems { drive, .. } => Self::DriveItems { drive, id: office.drives[drive].id.clone() },
            Self::ListItems { list, .. } => {
                let site = office.site.id.replace(',', "%2C");
                let path = format!("/sites('{site}')/lists('{}')/items", office.lists[list].id);
                Self::ListItems { list, path }
            }
            Self::MailFolders { mailbox, .. } => {
                Self::MailFolders { mailbox, path: format!("{}/mailFolders", user(mailbox)) }
            }
            Self::Messages { mailbox, folder, .. } => {
                let path = format!("{}/mailFolders('{}')/messages", user(mailbox), folder_id(folder));
                Self::Messages { mailbox, folder, path }
            }
            Self::CalendarView { mailbox, start, end, .. } => {
                Self::CalendarView { mailbox, start, end, path: format!("{}/calendarView", user(mailbox)) }
            }
        }
    }

    fn is_outlook(&self) -> bool {
        matches!(self, Self::MailFolders { .. } | Self::Messages { .. } | Self::CalendarView { .. })
    }

    /// Options that the first call may carry.
    fn options(&self) -> &'static [&'static str] {
        match self {
            Self::Users => &["$select", "$deltatoken", "$deltaToken"],
            Self::ListItems { .. } => &["$select", "$expand", "$top"],
            Self::DriveItems { .. } => &["$select", "$top"],
            Self::MailFolders { .. } => &["$select", "$deltatoken", "$deltaToken"],
            Self::Messages { .. } => {
                &["$select", "$top", "$filter", "$orderby", "$deltatoken", "$deltaToken"]
            }
            Self::CalendarView { .. } => &["$deltatoken", "$deltaToken"],
        }
    }

    fn default_size(&self) -> usize {
        match self {
            Self::Users => 100,
            Self::ListItems { .. } | Self::DriveItems { .. } => 200,
            _ => 10,
        }
    }
}

/// The first call of a first round.
pub(crate) fn begin(call: &Call<'_>, feed: Feed) -> Result<Answer, Answer> {
    call.only(feed.options())?;
    permission::delta(call, &feed)?;
    let select = match &feed {
        Feed::Users => call.select(&user_lists::MEMBERS, "microsoft.graph.user")?,
        Feed::ListItems { .. } => call.select(&file_rows::ITEM_MEMBERS, "microsoft.graph.listItem")?,
        Feed::DriveItems { .. } => {
            call.select(&file_rows::DRIVE_ITEM_MEMBERS, "microsoft.graph.driveItem")?
        }
        Feed::MailFolders { .. } => call.select(&mail_rows::FOLDER_MEMBERS, "microsoft.graph.mailFolder")?,
        Feed::Messages { .. } => call.select(&mail_rows::MESSAGE_MEMBERS, "microsoft.graph.message")?,
        Feed::CalendarView { .. } => None,
    };
    let expand = match feed {
        Feed::ListItems { .. } => file_rows::expansion(call)?,
        _ => None,
    };
    let universe = call.state.world.read();
    let latest = universe.office.ledger.latest();
    let known = starting_point(call, &feed, &universe.office)?;
    let round = Round {
        select,
        expand,
        change_type: call.option("changeType").map(str::to_owned),
        received: mail_rows::received_filter(call)?,
        base: known,
        at: known,
        opened: latest,
        top: if feed == Feed::Users { None } else { top(call)? },
        feed: feed.named(&universe.office),
    };
    drop(universe);
    serve(call, round)
}

fn top(call: &Call<'_>) -> Result<Option<usize>, Answer> {
    call.option("$top").map(|_| call.page_size(200, 1_000)).transpose()
}

/// Zero for a whole round; the present for `latest`; the past for a timestamp.
fn starting_point(call: &Call<'_>, feed: &Feed, office: &Office) -> Result<u64, Answer> {
    let files = matches!(feed, Feed::DriveItems { .. } | Feed::ListItems { .. });
    let token = if files {
        call.option("token")
    } else {
        call.option("$deltatoken").or_else(|| call.option("$deltaToken"))
    };
    match token {
        None | Some("") => Ok(0),
        Some("latest") if !feed.is_outlook() => Ok(office.ledger.latest()),
        Some(text) => {
            let moment = DateTime::parse_from_rfc3339(text).ok().filter(|_| files);
            let moment = moment.ok_or_else(|| bad_token(feed))?;
            // A step needs to be known, or the round would be a whole one.
            Ok(office.ledger.as_of(moment.to_utc()).max(1))
        }
    }
}

fn bad_token(feed: &Feed) -> Answer {
    match feed {
        Feed::Users => Answer::error(400, "Directory_InvalidDeltaToken", "Badly formed token."),
        Feed::DriveItems { .. } | Feed::ListItems { .. } => {
            Answer::error(400, "invalidRequest", "The token in the request is malformed.")
        }
        _ => Answer::error(400, "ErrorInvalidUrlQuery", "Badly formed token."),
    }
}

/// A call of a link that was given.
pub(crate) fn resume(
    call: &Call<'_>,
    round: Round,
    issued_at: DateTime<Utc>,
    generation: u64,
) -> Result<Answer, Answer> {
    permission::delta(call, &round.feed)?;
    let days = match &round.feed {
        Feed::Users => call.settings.directory_token_days,
        feed if feed.is_outlook() => call.settings.outlook_token_days,
        _ => call.settings.file_token_days,
    };
    let stale = call.now - issued_at > TimeDelta::days(days);
    if stale || generation != lock(&call.state.links).generation {
        return Err(expired(call, round, call.settings.outlook_expiry_status));
    }
    let latest = call.state.world.read().office.ledger.latest();
    let opened = if round.base == round.at && round.base > 0 { latest } else { round.opened };
    serve(call, Round { opened, ..round })
}

/// The refusal of a token that is too old, in the words of its service.
fn expired(call: &Call<'_>, round: Round, outlook_status: u16) -> Answer {
    let words = "Resync required. Replace any local items with the server's version.";
    let odd = round.at % 2 == 1;
    match &round.feed {
        Feed::Users => {
            let words = "Sync state generation is not found. Please perform a full sync.";
            Answer::error(410, "SyncStateNotFound", words).header("location", fresh(call, round))
        }
        feed if feed.is_outlook() => sync_state_not_found(outlook_status, odd),
        _ => {
            let inner = if odd { "resyncChangesApplyDifferences" } else { "resyncChangesUploadDifferences" };
            Answer::nested(410, "resyncRequired", inner, words).header("location", fresh(call, round))
        }
    }
}

fn sync_state_not_found(status: u16, lower: bool) -> Answer {
    let code = if lower { "syncStateNotFound" } else { "SyncStateNotFound" };
    Answer::error(status, code, "The sync state generation is not found; a full synchronization is required.")
}

/// The URL of a whole new round with the same options.
fn fresh(call: &Call<'_>, round: Round) -> String {
    if round.feed == Feed::Users {
        let select = round.select.map_or_else(String::new, |names| format!("&$select={}", names.join(",")));
        return call.state.absolute(&format!("/users/delta?$deltatoken={select}"));
    }
    let opened = call.state.world.read().office.ledger.latest();
    let round = Round { base: 0, at: 0, opened, ..round };
    let link = lock(&call.state.links).round(round, false, call.now);
    call.state.absolute(&link)
}

/// The faults that end a round before its page.
fn broken_round(call: &Call<'_>, round: &Round) -> Option<Answer> {
    let words = "Resync required.";
    Some(match call.fault? {
        Fault::ResyncWithLocation => Answer::nested(410, "resyncRequired", "resyncApplyDifferences", words)
            .header("location", fresh(call, round.clone())),
        Fault::ResyncWithoutLocation => Answer::error(410, "resyncRequired", words),
        Fault::SyncStateNotFound400 => sync_state_not_found(400, true),
        Fault::SyncStateNotFound404 => sync_state_not_found(404, false),
        _ => return None,
    })
}

fn serve(call: &Call<'_>, round: Round) -> Result<Answer, Answer> {
    if let Some(answer) = broken_round(call, &round) {
        return Err(answer);
    }
    let size = match round.top {
        Some(top) if call.prefer("odata.maxpagesize").is_none() => top,
        _ if round.feed == Feed::Users => call.settings.page_size.unwrap_or(100),
        _ => {
            let preferred = call.prefer("odata.maxpagesize").and_then(|size| size.parse().ok());
            let default = call.settings.page_size.unwrap_or(round.feed.default_size());
            preferred.filter(|size| *size > 0).unwrap_or(default).clamp(1, 1_000)
        }
    };
    let universe = call.state.world.read();
    let office = &universe.office;
    let horizon = horizon(call, office, &round);
    let mut ahead: Vec<Mark> = marks(office, &round)?;
    let behind: Vec<Mark> =
        ahead.iter().filter(|mark| !mark.gone && mark.step <= round.at).copied().collect();
    ahead.retain(|mark| mark.step > round.at && mark.step <= horizon);
    ahead.sort_by_key(|mark| mark.step);
    if call.fault == Some(Fault::EmptyPage) {
        ahead.clear();
    }
    let more = ahead.len() > size || call.fault == Some(Fault::EmptyPage);
    ahead.truncate(size);
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    for mark in &ahead {
        file_rows::ancestors(call, office, &round, *mark, &mut rows);
        rows.extend(render(call, office, &round, *mark));
    }
    if call.fault == Some(Fault::Replay) {
        let whole = Round { base: 0, at: 0, ..round.clone() };
        rows.extend(behind.into_iter().take(3).filter_map(|mark| render(call, office, &whole, mark)));
    }
    let context = context(&round.feed);
    drop(universe);
    let at = if more { ahead.last().map_or(round.at, |mark| mark.step) } else { horizon };
    spoil(call, &round, &mut rows);
    Ok(page(call, round, rows, (at, more), context))
}

/// The last step that may be seen.
fn horizon(call: &Call<'_>, office: &Office, round: &Round) -> u64 {
    let latest = office.ledger.latest();
    match call.fault {
        Some(Fault::LateVisibility) => office.ledger.as_of(call.now - TimeDelta::seconds(60)).max(round.at),
        _ => latest.max(round.at),
    }
}

fn page(
    call: &Call<'_>,
    round: Round,
    rows: Vec<Map<String, Value>>,
    (at, more): (u64, bool),
    context: &str,
) -> Answer {
    let base = if more { round.base } else { at };
    // A deltaLink of an office in which nothing ever happened would look like a first call.
    let (at, base) = if more { (at, base) } else { (at.max(1), base.max(1)) };
    let next = Round { at, base, ..round };
    let link = lock(&call.state.links).round(next, !more, call.now);
    let mut body =
        json!({"@odata.context": call.state.absolute(&format!("/$metadata#{context}")), "value": rows});
    match call.fault {
        Some(Fault::MissingLinks) => {}
        Some(Fault::RepeatedNextLink) => body["@odata.nextLink"] = call.state.absolute(call.target).into(),
        Some(Fault::ForeignNextLink) => {
            body["@odata.nextLink"] = format!("https://graph.attacker.example/v1.0{link}").into();
        }
        _ if more => body["@odata.nextLink"] = call.state.absolute(&link).into(),
        _ => body["@odata.deltaLink"] = call.state.absolute(&link).into(),
    }
    mail_rows::applied(call, Answer::json(200, body))
}

fn context(feed: &Feed) -> &'static str {
    match feed {
        Feed::Users => "users",
        Feed::ListItems { .. } => "Collection(listItem)",
        Feed::DriveItems { .. } => "Collection(driveItem)",
        Feed::MailFolders { .. } => "Collection(mailFolder)",
        Feed::Messages { .. } => "Collection(message)",
        Feed::CalendarView { .. } => "Collection(event)",
    }
}

/// Does to the rows of a page what a fault says.
fn spoil(call: &Call<'_>, round: &Round, rows: &mut Vec<Map<String, Value>>) {
    let removal = |id: Value| match &round.feed {
        Feed::DriveItems { .. } | Feed::ListItems { .. } => {
            json!({"id": id, "deleted": {"state": "deleted"}})
        }
        _ => json!({"id": id, "@removed": {"reason": "deleted"}}),
    };
    let insert = |rows: &mut Vec<Map<String, Value>>, row: Value| {
        if let Value::Object(row) = row {
            rows.insert(0, row);
        }
    };
    match call.fault {
        Some(Fault::DuplicateInPage) => rows.extend(rows.first().cloned()),
        Some(Fault::UnknownRemoval) => insert(rows, removal("00000000-0000-4000-8000-000000000000".into())),
        Some(Fault::RemovedThenBack) => {
            let alive = rows.iter().find(|row| !row.contains_key("@removed") && !row.contains_key("deleted"));
            if let Some(id) = alive.and_then(|row| row.get("id")).cloned() {
                insert(rows, removal(id));
            }
        }
        Some(Fault::DroppedEntry) => {
            rows.pop();
        }
        Some(Fault::NullId) => {
            if let Some(row) = rows.first_mut() {
                row.insert("id".to_owned(), Value::Null);
            }
        }
        Some(Fault::MissingFields) => rows.iter_mut().for_each(|row| {
            row.remove("fields");
        }),
        _ => {}
    }
}

/// A moment as Graph writes it.
pub(crate) fn moment(at: DateTime<Utc>) -> Value {
    at.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}
