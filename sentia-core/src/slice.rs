//! Cuts a long window into spans that a vendor answers for.
//!
//! Some vendors refuse a long span, and some answer it with nothing at all (Amazon's finances beyond 180 days). A window
//! is still proved as a whole: its slices follow each other in the page tokens, and the last page is that of the last one.

use chrono::{DateTime, Duration, SecondsFormat, Utc};

use crate::{
    Error, ErrorKind, Result,
    page::{Fetch, PageToken},
};

/// One span of a window, and the vendor's place in it.
///
/// ```
/// use std::time::Duration;
/// use chrono::{DateTime, Utc};
/// use sentia_core::{Fetch, StreamInfo, slice::Slice};
///
/// let day = Duration::from_secs(86_400);
/// let stream = StreamInfo::new("transactions").key(&["id"]).incremental("posted").max_window(180 * day);
/// let now: DateTime<Utc> = "2026-11-01T00:00:00Z".parse().expect("an instant");
///
/// let first = Slice::of(&Fetch::new(&stream), now, 300 * day)?;
/// assert_eq!(first.from.to_string(), "2026-01-05 00:00:00 UTC");
/// assert_eq!(first.to.to_string(), "2026-07-04 00:00:00 UTC");
///
/// let next = first.next(Some("page-2")).expect("the slice goes on");
/// let again = Slice::of(&Fetch::new(&stream).at(Some(&next)), now, 300 * day)?;
/// assert_eq!((again.from, again.page.as_deref()), (first.from, Some("page-2")));
///
/// let last = Slice::of(&Fetch::new(&stream).at(first.next(None).as_ref()), now, 300 * day)?;
/// assert_eq!((last.from, last.to, last.next(None)), (first.to, now, None));
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Where it begins, inclusive.
    pub from: DateTime<Utc>,
    /// Where it ends.
    /// The next slice begins here, so a record of this very instant may be read twice and is never missed.
    pub to: DateTime<Utc>,
    /// Where the window ends, fixed with its first page.
    pub until: DateTime<Utc>,
    /// The vendor's token within it; none on its first page.
    pub page: Option<String>,
    longest: Duration,
}

impl Slice {
    /// The slice that `request` asks for.
    ///
    /// `until`, or what the request asks for where that is earlier, ends the window when this is its first page;
    /// afterwards the token says where it ends. A read of everything begins `history` before that.
    ///
    /// # Errors
    /// `InvalidResponse` when the token is not of this form.
    pub fn of(request: &Fetch<'_>, until: DateTime<Utc>, history: std::time::Duration) -> Result<Self> {
        let whole = Duration::from_std(history).unwrap_or(Duration::MAX);
        let longest = request.stream().max_window.and_then(|longest| Duration::from_std(longest).ok());
        let Some(token) = request.page() else {
            let until = request.until().map_or(until, |asked| asked.min(until));
            let from = request.since().unwrap_or(until - whole).min(until);
            return Ok(Slice::from(from, until, longest.unwrap_or(whole)));
        };
        let invalid = || {
            Error::new(ErrorKind::InvalidResponse, "the stored page token is not a slice; run a full read")
                .context("token", token)
        };
        let mut parts = token.splitn(4, ' ');
        let mut instant = || -> Option<DateTime<Utc>> { parts.next()?.parse().ok() };
        let (from, to, until) =
            instant().zip(instant()).zip(instant()).map(|((a, b), c)| (a, b, c)).ok_or_else(invalid)?;
        let page = parts.next().filter(|page| !page.is_empty()).map(str::to_owned);
        Ok(Slice { from, to, until, page, longest: longest.unwrap_or(whole) })
    }

    fn from(from: DateTime<Utc>, until: DateTime<Utc>, longest: Duration) -> Self {
        let to = from.checked_add_signed(longest).unwrap_or(until).min(until);
        Slice { from, to, until, page: None, longest }
    }

    /// Where the read goes on: at the vendor's `page` within this slice, at the next slice where there is none, or
    /// nowhere after the last.
    pub fn next(&self, page: Option<&str>) -> Option<PageToken> {
        match page {
            Some(page) => Some(Slice { page: Some(page.to_owned()), ..self.clone() }.token()),
            None if self.to >= self.until => None,
            None => Some(Slice::from(self.to, self.until, self.longest).token()),
        }
    }

    fn token(&self) -> PageToken {
        let text = |instant: DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        let page = self.page.as_deref().unwrap_or_default();
        PageToken(format!("{} {} {} {page}", text(self.from), text(self.to), text(self.until)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::StreamInfo;

    proptest! {
        #[test]
        fn slices_cover_the_window_without_a_gap(length in 1i64..2_000, longest in 1u64..400) {
            let stream = StreamInfo::new("s").key(&["id"]).max_window(std::time::Duration::from_secs(longest * 3600));
            let until = DateTime::UNIX_EPOCH + Duration::hours(10_000);
            let since = until - Duration::hours(length);
            let mut slice = Slice::of(&Fetch::new(&stream).changed_since(Some(since)), until, Default::default())?;
            prop_assert_eq!(slice.from, since);
            while let Some(token) = slice.next(None) {
                let later = until + Duration::hours(1);
                let next = Slice::of(&Fetch::new(&stream).at(Some(&token)), later, Default::default())?;
                prop_assert_eq!(next.from, slice.to);
                prop_assert!(next.to > next.from && next.to - next.from <= Duration::hours(longest as i64));
                slice = next;
            }
            prop_assert_eq!(slice.to, until);
        }
    }

    #[test]
    fn a_backfill_ends_where_it_was_asked_to() {
        let stream = StreamInfo::new("s").key(&["id"]);
        let day = |days| DateTime::UNIX_EPOCH + Duration::days(days);
        let of = |until| {
            let request = Fetch::new(&stream).changed_since(Some(day(1))).changed_until(until);
            let history = std::time::Duration::from_secs(30 * 86_400);
            let slice = Slice::of(&request, day(9), history).expect("the first");
            (slice.from, slice.to, slice.until)
        };
        assert_eq!(of(Some(day(4))), (day(1), day(4), day(4)));
        assert_eq!(of(Some(day(12))), (day(1), day(9), day(9)), "nobody answers for the future");
    }

    #[test]
    fn a_token_of_the_vendor_may_hold_anything() {
        let stream = StreamInfo::new("s").key(&["id"]);
        let until = DateTime::UNIX_EPOCH + Duration::days(1);
        let slice =
            Slice::of(&Fetch::new(&stream), until, std::time::Duration::from_secs(60)).expect("first");
        let token = slice.next(Some("a b+c/= %2B")).expect("goes on");
        let again =
            Slice::of(&Fetch::new(&stream).at(Some(&token)), until, Default::default()).expect("reads back");
        assert_eq!(again.page.as_deref(), Some("a b+c/= %2B"));
        let nonsense = PageToken::from("7");
        assert!(Slice::of(&Fetch::new(&stream).at(Some(&nonsense)), until, Default::default()).is_err());
    }
}
