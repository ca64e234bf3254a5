//! What Unleashed wraps around a list, and where a page stands in it.
//!
//! The number of pages is not believed: it is 0 or 1 for an empty list and may be wrong. The number of items is, because
//! the engine holds it against what was seen.

use sentia_core::{Result, decode::Walk, transport::Response};
use serde::Deserialize;

use super::wire::Maybe;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Pagination {
    number_of_items: Maybe<i64>,
    page_size: Maybe<i64>,
    page_number: Maybe<i64>,
    number_of_pages: Maybe<i64>,
}

/// Which page was asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Its number, from 1.
    pub(super) page: u64,
    /// How many records a page should hold.
    pub(super) size: u32,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Listing<T> {
    /// What was made of its records.
    pub(super) records: T,
    /// How many records the list holds, where Unleashed says so.
    pub(super) items: Option<u64>,
    /// Whether a page follows.
    pub(super) goes_on: bool,
}

impl<T: Default> Listing<T> {
    /// Opens the envelope; `take` takes the list, and says how many records it has.
    ///
    /// # Errors
    /// `InvalidResponse` for an answer that is no list, is another page, or is a full page that does not say how many
    /// follow.
    pub(super) fn open(
        response: &Response,
        asked: Asked,
        mut take: impl FnMut(&mut Walk<'_>) -> serde_json::Result<(T, usize)>,
    ) -> Result<Self> {
        let (mut list, mut pagination) = (None, None::<Pagination>);
        let mut member = |walk: &mut Walk<'_>, name: &str| {
            match name {
                "Items" => list = if walk.take_null() { None } else { Some(take(walk)?) },
                "Pagination" => pagination = walk.read()?,
                _ => {}
            }
            Ok(())
        };
        Walk::whole(&response.body, |walk| walk.object(&mut member))
            .map_err(|e| response.invalid("the answer is not an envelope with a list").source(e))?;
        let pagination = pagination.filter(Pagination::is_told);
        let empty = pagination.as_ref().is_some_and(|pagination| pagination.number_of_items.get() == Some(0));
        let (records, seen) = match list {
            Some(list) => list,
            None if empty => (T::default(), 0),
            None => return Err(response.invalid("the answer does not hold the list asked for")),
        };
        let (items, goes_on) = match pagination {
            Some(pagination) => pagination.place(response, seen, asked)?,
            None => unpaged(response, seen, asked)?,
        };
        Ok(Listing { records, items, goes_on })
    }
}

/// A list without pagination is whole: so do the older texts describe BillOfMaterials.
fn unpaged(response: &Response, seen: usize, asked: Asked) -> Result<(Option<u64>, bool)> {
    if asked.page > 1 {
        return Err(response.invalid("unleashed stopped saying how many pages there are"));
    }
    if seen == asked.size as usize {
        let full = "a full page does not say how many follow; ask for another page size";
        return Err(response.invalid(full).context("page_size", asked.size).permanent());
    }
    Ok((None, false))
}

impl Pagination {
    fn is_told(&self) -> bool {
        self.number_of_items.get().is_some() || self.number_of_pages.get().is_some()
    }

    /// The records on all pages, and whether a page follows this one with its `seen`.
    fn place(&self, response: &Response, seen: usize, asked: Asked) -> Result<(Option<u64>, bool)> {
        if let Some(answered) = count(&self.page_number).filter(|page| *page != 0 && *page != asked.page) {
            let other = "unleashed answered with another page than the one asked for";
            return Err(response.invalid(other).context("asked", asked.page).context("answered", answered));
        }
        // The size in force may be smaller than the one asked for.
        let size = count(&self.page_size).filter(|size| *size > 0).unwrap_or(asked.size.into());
        let items = count(&self.number_of_items);
        let reached = asked.page.saturating_mul(size);
        let is_full = seen as u64 >= size;
        let more_pages = count(&self.number_of_pages).is_some_and(|pages| asked.page < pages);
        let goes_on = match items {
            // An empty page is no end while the count says that records are missing.
            Some(items) => reached < items || (is_full && more_pages),
            None => more_pages && seen > 0,
        };
        Ok((items, goes_on))
    }
}

fn count(number: &Maybe<i64>) -> Option<u64> {
    number.get().and_then(|number| u64::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(page: u64, size: u32, body: &str) -> Result<(usize, Option<u64>, bool)> {
        let response =
            Response::new(http::StatusCode::OK, http::HeaderMap::new(), body.as_bytes().to_vec().into());
        let count =
            |walk: &mut Walk<'_>| walk.documents().map(|documents| (documents.len(), documents.len()));
        let listing = Listing::open(&response, Asked { page, size }, count)?;
        Ok((listing.records, listing.items, listing.goes_on))
    }

    fn body(items: usize, pagination: &str) -> String {
        format!(r#"{{"Pagination":{pagination},"Items":[{}]}}"#, vec!["{}"; items].join(","))
    }

    /// Items, page size, page number and pages, as Unleashed names them.
    fn told(items: i64, size: u32, page: u64, pages: u64) -> String {
        format!(
            r#"{{"NumberOfItems":{items},"PageSize":{size},"PageNumber":{page},"NumberOfPages":{pages}}}"#
        )
    }

    #[test]
    fn pages_lead_to_the_count() {
        assert_eq!(open(1, 2, &body(2, &told(5, 2, 1, 3))).ok(), Some((2, Some(5), true)));
        assert_eq!(open(2, 2, &body(2, &told(5, 2, 2, 3))).ok(), Some((2, Some(5), true)));
        assert_eq!(open(3, 2, &body(1, &told(5, 2, 3, 3))).ok(), Some((1, Some(5), false)));
        assert_eq!(open(2, 2, &body(2, &told(4, 2, 2, 2))).ok(), Some((2, Some(4), false)));
    }

    #[test]
    fn an_empty_list_ends_whatever_it_calls_its_pages() {
        for pages in [0, 1] {
            assert_eq!(open(1, 200, &body(0, &told(0, 200, 1, pages))).ok(), Some((0, Some(0), false)));
        }
        let null = format!(r#"{{"Pagination":{},"Items":null}}"#, told(0, 200, 1, 0));
        assert_eq!(open(1, 200, &null).ok(), Some((0, Some(0), false)));
    }

    #[test]
    fn the_number_of_pages_is_not_believed() {
        assert_eq!(open(1, 2, &body(2, &told(5, 2, 1, 1))).ok(), Some((2, Some(5), true)), "too few");
        assert_eq!(open(3, 2, &body(1, &told(5, 2, 3, 9))).ok(), Some((1, Some(5), false)), "too many");
        assert_eq!(open(2, 2, &body(2, &told(4, 2, 2, 3))).ok(), Some((2, Some(4), true)), "one more look");
        assert_eq!(open(3, 2, &body(0, &told(4, 2, 3, 3))).ok(), Some((0, Some(4), false)), "and no more");
    }

    #[test]
    fn an_empty_page_is_no_end_before_the_count_is_reached() {
        assert_eq!(open(2, 2, &body(0, &told(5, 2, 2, 3))).ok(), Some((0, Some(5), true)));
        assert_eq!(open(3, 2, &body(0, &told(5, 2, 3, 3))).ok(), Some((0, Some(5), false)));
    }

    #[test]
    fn a_smaller_page_than_asked_for_is_counted_as_it_is() {
        assert_eq!(open(2, 500, &body(2, &told(500, 200, 2, 3))).ok(), Some((2, Some(500), true)));
    }

    #[test]
    fn a_list_without_pagination_is_whole() {
        for pagination in ["null", "{}"] {
            assert_eq!(open(1, 200, &body(3, pagination)).ok(), Some((3, None, false)));
            assert_eq!(open(1, 200, &body(201, pagination)).ok(), Some((201, None, false)));
        }
        assert_eq!(open(1, 200, r#"{"Items":[{}]}"#).ok(), Some((1, None, false)));
        assert!(open(1, 3, &body(3, "null")).expect_err("full").message().contains("another page size"));
        assert!(open(2, 3, &body(1, "null")).is_err());
    }

    #[test]
    fn what_is_not_the_page_asked_for_is_refused() {
        for body in [
            body(2, &told(5, 2, 1, 3)),
            "[]".to_owned(),
            r#"{"Guid":"a record"}"#.to_owned(),
            r#"{"Items":{}}"#.to_owned(),
            r#"{"Items":[{}"#.to_owned(),
            format!(r#"{{"Pagination":{},"Items":null}}"#, told(5, 2, 2, 3)),
        ] {
            let error = open(2, 2, &body).expect_err(&body);
            assert_eq!(error.kind(), sentia_core::ErrorKind::InvalidResponse, "{body}");
        }
    }
}
