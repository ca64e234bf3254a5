//! One call: its path and options, taken apart as OData has them.

use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::answer::Answer;
use super::fault::MicrosoftGraphFault;
use super::identity::Caller;
use super::limit::Service;
use super::published::is_published;
use super::server::GraphState;
use super::settings::MicrosoftGraphSettings;
use crate::universe::Office;

/// Collections that may be addressed with a key in parentheses.
const COLLECTIONS: [&str; 11] = [
    "users",
    "mailFolders",
    "messages",
    "events",
    "drives",
    "items",
    "sites",
    "lists",
    "tables",
    "worksheets",
    "columns",
];

/// A call that was admitted.
pub(crate) struct Call<'c> {
    pub(crate) state: &'c GraphState,
    pub(crate) method: &'c str,
    /// Path and query behind the version, as they were sent.
    pub(crate) target: &'c str,
    pub(crate) segments: Vec<String>,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: &'c HeaderMap,
    pub(crate) body: &'c [u8],
    pub(crate) caller: &'c Caller,
    pub(crate) now: DateTime<Utc>,
    pub(crate) fault: Option<MicrosoftGraphFault>,
    pub(crate) settings: &'c MicrosoftGraphSettings,
    /// Rows of a plain list that earlier pages gave.
    pub(crate) skip: usize,
}

/// Path segments and query options of a target.
pub(crate) fn parse(target: &str, office: &Office) -> (Vec<String>, Vec<(String, String)>) {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut segments = Vec::new();
    for raw in path.split('/').filter(|raw| !raw.is_empty()) {
        let segment = decode(raw);
        let segment = segment.strip_prefix("microsoft.graph.").unwrap_or(&segment);
        let called = segment.strip_suffix(')').and_then(|call| call.split_once('('));
        match called {
            Some((name, key)) if COLLECTIONS.contains(&name) => {
                segments.extend([name.to_owned(), key.trim_matches('\'').to_owned()]);
            }
            Some(("delta", argument)) => {
                segments.push("delta".to_owned());
                if let Some((name, value)) = argument.split_once('=') {
                    query.push((name.to_owned(), value.trim_matches('\'').to_owned()));
                }
            }
            _ => segments.push(segment.to_owned()),
        }
    }
    (site_by_path(segments, office), query)
}

/// `/sites/{host}:/{path}:/...` as `/sites/{id}/...`; an unknown path stays and is not found.
fn site_by_path(segments: Vec<String>, office: &Office) -> Vec<String> {
    let by_path = segments.len() > 1 && segments[0] == "sites" && segments[1].ends_with(':');
    if !by_path {
        return segments;
    }
    let rest = &segments[2..];
    let end = rest.iter().position(|segment| segment.ends_with(':')).map_or(rest.len(), |at| at + 1);
    let path = rest[..end].join("/");
    let site = &office.site;
    if segments[1] != format!("{}:", site.host) || !path.trim_end_matches(':').eq_ignore_ascii_case(site.path)
    {
        return segments;
    }
    let mut named = vec!["sites".to_owned(), site.id.clone()];
    named.extend_from_slice(&rest[end..]);
    named
}

fn decode(raw: &str) -> String {
    // A plus is a plus in a path; the decoder for forms would make a space of it.
    let raw = raw.replace('+', "%2B");
    form_urlencoded::parse(format!("v={raw}").replace('&', "%26").as_bytes())
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}

impl Call<'_> {
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A preference, without its quotes.
    pub(crate) fn prefer(&self, name: &str) -> Option<String> {
        preference(self.headers, name)
    }

    /// Whether ids must outlast a move.
    pub(crate) fn immutable(&self) -> bool {
        wants_immutable(self.headers) && self.fault != Some(MicrosoftGraphFault::PlainIds)
    }

    /// Refuses query options that the resource does not know.
    pub(crate) fn only(&self, allowed: &[&str]) -> Result<(), Answer> {
        let stranger =
            self.query.iter().find(|(name, _)| name.starts_with('$') && !allowed.contains(&name.as_str()));
        match stranger {
            None => Ok(()),
            Some((name, _)) if matches!(self.service(), Service::Outlook(_)) => {
                let words = format!("The query parameter '{name}' is not supported for this resource.");
                Err(Answer::error(400, "ErrorInvalidUrlQuery", &words))
            }
            Some((name, _)) => {
                let words = format!("The query parameter '{name}' is not supported for this resource.");
                Err(Answer::error(400, "Request_UnsupportedQuery", &words))
            }
        }
    }

    pub(crate) fn service(&self) -> Service {
        Service::of(&self.segments)
    }

    /// Refuses a caller without any of these permissions.
    pub(crate) fn require(&self, application: &[&str], delegated: &[&str]) -> Result<(), Answer> {
        let any = if self.caller.user.is_some() { delegated } else { application };
        if self.caller.may(any) {
            return Ok(());
        }
        Err(Answer::error(403, self.service().denial(), "Insufficient privileges to complete the operation."))
    }

    /// Members asked for by `$select`, all of which must be known.
    pub(crate) fn select(&self, known: &[&str], kind: &str) -> Result<Option<Vec<String>>, Answer> {
        let Some(list) = self.option("$select").filter(|list| !list.is_empty()) else { return Ok(None) };
        let names: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
        let stranger =
            |name: &&String| !known.contains(&name.as_str()) && !is_published(kind, name) && *name != "id";
        match names.iter().find(stranger) {
            None => Ok(Some(names)),
            Some(name) => {
                let words = format!(
                    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{kind}'."
                );
                Err(Answer::error(400, "BadRequest", &words))
            }
        }
    }

    /// How many rows a page may have: what is preferred, or `$top`, or the default.
    pub(crate) fn page_size(&self, default: usize, max: usize) -> Result<usize, Answer> {
        let preferred = self.prefer("odata.maxpagesize").and_then(|size| size.parse::<usize>().ok());
        if let Some(size) = preferred.filter(|size| *size > 0) {
            return Ok(size.min(max));
        }
        let Some(top) = self.option("$top") else {
            return Ok(self.settings.page_size.unwrap_or(default).clamp(1, max));
        };
        match top.parse::<usize>() {
            Ok(size) if (1..=max).contains(&size) => Ok(size),
            _ => {
                let words =
                    format!("Invalid page size specified: '{top}'. Must be between 1 and {max} inclusive.");
                Err(Answer::error(400, "Request_UnsupportedQuery", &words))
            }
        }
    }
}

/// Keeps the id, annotations, and what was selected.
pub(crate) fn project(row: Map<String, Value>, select: Option<&[String]>) -> Map<String, Value> {
    let Some(select) = select else { return row };
    let keep = |name: &String| name == "id" || name.starts_with('@') || select.contains(name);
    row.into_iter().filter(|(name, _)| keep(name)).collect()
}

/// A preference of a request, without its quotes.
fn preference(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut preferences = values.flat_map(|value| value.split(','));
    preferences.find_map(|preference| {
        let (known, value) = preference.split_once('=').unwrap_or((preference, ""));
        known.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// Whether a request asks for ids that outlast a move.
pub(crate) fn wants_immutable(headers: &HeaderMap) -> bool {
    preference(headers, "IdType").is_some_and(|kind| kind.eq_ignore_ascii_case("ImmutableId"))
}
