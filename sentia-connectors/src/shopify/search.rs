//! How a list is narrowed to what changed, and to what lies behind a cut.

use chrono::{DateTime, Duration, Utc};

/// How a list can be narrowed, and in which order it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// Not at all.
    Nothing,
    /// By second of this field, in its order.
    Seconds(&'static str),
    /// By whole day of this field, in its order.
    Days(&'static str),
    /// By second of this field, in the order of ids.
    Ids(&'static str),
    /// By second of this field, in no order that is known: such a list cannot be cut.
    Unordered(&'static str),
}

impl Search {
    /// The filter. It never narrows what was asked for by rounding, and always names the zone: times without one are the
    /// shop's.
    pub(super) fn text(
        self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
        first_id: Option<u64>,
    ) -> Option<String> {
        let (field, format, grain) = match self {
            Search::Nothing => return None,
            Search::Seconds(field) | Search::Ids(field) | Search::Unordered(field) => {
                (field, "'%Y-%m-%dT%H:%M:%SZ'", Duration::seconds(1))
            }
            Search::Days(field) => (field, "'%Y-%m-%dT00:00:00Z'", Duration::days(1)),
        };
        let since = since.map(|since| format!("{field}:>={}", since.format(format)));
        // The format cuts off, so all but the whole moves on to the next one.
        let until = until.and_then(|until| until.checked_add_signed(grain - Duration::nanoseconds(1)));
        let until = until.map(|until| format!("{field}:<={}", until.format(format)));
        let first_id = first_id.map(|id| format!("id:>={id}"));
        let terms: Vec<String> = since.into_iter().chain(until).chain(first_id).collect();
        (!terms.is_empty()).then(|| terms.join(" AND "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_quoted_zoned_and_never_rounded_up() {
        let since = "2026-11-01T23:59:59.999999Z".parse().ok();
        let second = Some("updated_at:>='2026-11-01T23:59:59Z'".to_owned());
        assert_eq!(Search::Seconds("updated_at").text(since, None, None), second);
        assert_eq!(Search::Unordered("updated_at").text(since, None, None), second);
        assert_eq!(Search::Ids("updated_at").text(since, None, None), second);
        let day = Some("updated_at:>='2026-11-01T00:00:00Z'".to_owned());
        assert_eq!(Search::Days("updated_at").text(since, None, None), day);
        assert_eq!(Search::Nothing.text(since, None, None), None);
        assert_eq!(Search::Seconds("issued_at").text(None, None, None), None);
    }

    #[test]
    fn the_upper_end_is_never_rounded_down() {
        let ends = |search: Search, until: &str| search.text(None, until.parse().ok(), None);
        let seconds = Search::Seconds("updated_at");
        assert_eq!(
            ends(seconds, "2026-11-01T10:00:00Z"),
            Some("updated_at:<='2026-11-01T10:00:00Z'".to_owned())
        );
        assert_eq!(
            ends(seconds, "2026-11-01T10:00:00.001Z"),
            Some("updated_at:<='2026-11-01T10:00:01Z'".to_owned())
        );
        let days = Search::Days("updated_at");
        assert_eq!(
            ends(days, "2026-11-01T00:00:00Z"),
            Some("updated_at:<='2026-11-01T00:00:00Z'".to_owned())
        );
        assert_eq!(
            ends(days, "2026-11-01T10:00:00Z"),
            Some("updated_at:<='2026-11-02T00:00:00Z'".to_owned())
        );
        let since = "2026-10-01T00:00:00Z".parse().ok();
        let span = "updated_at:>='2026-10-01T00:00:00Z' AND updated_at:<='2026-11-01T00:00:00Z'";
        let until = "2026-11-01T00:00:00Z".parse().ok();
        assert_eq!(seconds.text(since, until, None).as_deref(), Some(span));
    }

    #[test]
    fn a_cut_by_id_keeps_the_filter() {
        let since = "2026-11-01T00:00:00Z".parse().ok();
        let both = "updated_at:>='2026-11-01T00:00:00Z' AND id:>=820982911946154508";
        assert_eq!(
            Search::Ids("updated_at").text(since, None, Some(820_982_911_946_154_508)).as_deref(),
            Some(both)
        );
        assert_eq!(Search::Ids("updated_at").text(None, None, Some(7)).as_deref(), Some("id:>=7"));
    }
}
