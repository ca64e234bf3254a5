//! Lists: which rows, in which order, on which page.

use std::cmp::Ordering;

use super::blemish;
use super::fault::UnleashedFault;
use super::habits::UnleashedHabits;
use super::query::Query;
use super::resource::{Resource, Test};
use super::rows::Scene;
use super::wire::Object;
use crate::universe::warehouse::Record;

/// One page as it is sent.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) number: usize,
    pub(crate) size: usize,
    /// How many rows there are on all pages.
    pub(crate) items: usize,
    pub(crate) rows: Vec<String>,
    /// Whether there is a `Pagination` object.
    pub(crate) counted: bool,
}

impl Page {
    /// `{"Pagination":{...},"Items":[...]}`.
    pub(crate) fn envelope(&self, habits: &UnleashedHabits, fault: Option<UnleashedFault>) -> String {
        let items = self.items + usize::from(fault == Some(UnleashedFault::LyingCount));
        let nothing = self.items == 0 || self.size == 0;
        let pages = if nothing { habits.pages_of_nothing } else { self.items.div_ceil(self.size) };
        let pages = pages.saturating_sub(usize::from(fault == Some(UnleashedFault::LyingPages)));
        let pagination = if self.counted {
            let (size, number) = (self.size, self.number);
            format!(
                "{{\"NumberOfItems\":{items},\"PageSize\":{size},\"PageNumber\":{number},\"NumberOfPages\":{pages}}}"
            )
        } else {
            "null".to_owned()
        };
        format!("{{\"Pagination\":{pagination},\"Items\":[{}]}}", self.rows.join(","))
    }
}

/// Whether a record was made or changed after the bound.
pub(crate) fn is_recent(query: &Query, habits: &UnleashedHabits, record: &Record) -> bool {
    query.since.is_none_or(|since| match record.stamp().cmp(&since) {
        Ordering::Greater => true,
        Ordering::Equal => habits.since_inclusive,
        Ordering::Less => false,
    })
}

/// Positions of the rows that a query asks for, in order.
pub(crate) fn select(
    scene: &Scene<'_>,
    resource: &Resource,
    query: &Query,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
) -> Result<Vec<usize>, String> {
    let w = scene.w;
    let hidden_anyway = fault == Some(UnleashedFault::HiddenRows);
    let obsolete_too = query.flag("includeObsolete", false)? && !hidden_anyway;
    let asked = |filter: &&super::resource::Filter| query.get(filter.name).is_some();
    let number = resource.filters.iter().filter(|filter| filter.test == Test::Overrides).find(asked);
    let mut chosen = vec![];
    for at in 0..(resource.len)(w) {
        let record = (resource.record)(w, at);
        if record.gone.is_some() {
            continue;
        }
        if let Some(filter) = number {
            if query.passes(filter, &(filter.of)(w, at))? {
                chosen.push(at);
            }
            continue;
        }
        let obsolete = resource.hides_obsolete.is_some_and(|obsolete| obsolete(w, at));
        let deleted = resource.hides_deleted.is_some_and(|(parameter, status)| {
            (hidden_anyway || query.get(parameter).is_none()) && status(w, at) == "Deleted"
        });
        let since = fault != Some(UnleashedFault::IgnoredSince) && resource.since;
        if (obsolete && !obsolete_too) || deleted || (since && !is_recent(query, habits, record)) {
            continue;
        }
        let mut passes = true;
        for filter in resource.filters.iter().filter(asked) {
            passes = passes && query.passes(filter, &(filter.of)(w, at))?;
        }
        if passes {
            chosen.push(at);
        }
    }
    let by_change =
        resource.ordered && query.get("orderBy").is_some_and(|by| by.eq_ignore_ascii_case("LastModifiedOn"));
    if by_change {
        chosen.sort_by_key(|at| ((resource.record)(w, *at).stamp(), *at));
    } else {
        chosen.sort_by(|a, b| (resource.code)(w, *a).cmp((resource.code)(w, *b)).then(a.cmp(b)));
    }
    Ok(chosen)
}

/// Cuts a page out of `rows`, writes it, and spoils it as the fault says.
pub(crate) fn page<T: Copy>(
    rows: &[T],
    number: usize,
    query: &Query,
    habits: &UnleashedHabits,
    fault: Option<UnleashedFault>,
    write: impl Fn(&mut Object<'_>, T),
) -> Page {
    let whole = fault == Some(UnleashedFault::NullPagination);
    let shown = match fault {
        Some(UnleashedFault::PageRepeated) if number > 1 => number - 1,
        _ => number,
    };
    let from = (shown - 1).saturating_mul(query.page_size).min(rows.len());
    let to = from.saturating_add(query.page_size).min(rows.len());
    let cut = match fault {
        Some(UnleashedFault::NullPagination) => rows,
        Some(UnleashedFault::EmptyPage) => &[],
        Some(UnleashedFault::DroppedRow) => &rows[from..to.saturating_sub(1).max(from)],
        _ => &rows[from..to],
    };
    let mut texts: Vec<String> = cut.iter().map(|row| text(habits, |o| write(o, *row))).collect();
    if let Some(fault) = fault {
        blemish::spoil(fault, &mut texts);
    }
    Page { number, size: query.page_size, items: rows.len(), rows: texts, counted: !whole }
}

/// One object as text.
pub(crate) fn text(habits: &UnleashedHabits, write: impl FnOnce(&mut Object<'_>)) -> String {
    let mut out = String::with_capacity(1_024);
    let mut object = Object::begin(&mut out, habits.zone);
    write(&mut object);
    object.end();
    out
}
