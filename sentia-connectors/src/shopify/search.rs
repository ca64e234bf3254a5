//! How a list is narrowed to what changed, and to what lies behind a cut.

use chrono::{DateTime, Utc};

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
    /// The filter. It never rounds up, and always names the zone: times without one are the shop's.
    pub(super) fn text(self, since: Option<DateTime<Utc>>, first_id: Option<u64>) -> Option<String> {
        let (field, format) = match self {
            Search::Nothing => return None,
            Search::Seconds(field) | Search::Ids(field) | Search::Unordered(field) => {
                (field, "'%Y-%m-%dT%H:%M:%SZ'")
            }
            Search::Days(field) => (field, "'%Y-%m-%dT00:00:00Z'"),
        };
        let since = since.map(|since| format!("{field}:>={}", since.format(format)));
        let first_id = first_id.map(|id| format!("id:>={id}"));
        let terms: Vec<String> = since.into_iter().chain(first_id).collect();
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
        assert_eq!(Search::Seconds("updated_at").text(since, None), second);
        assert_eq!(Search::Unordered("updated_at").text(since, None), second);
        assert_eq!(Search::Ids("updated_at").text(since, None), second);
        let day = Some("updated_at:>='2026-11-01T00:00:00Z'".to_owned());
        assert_eq!(Search::Days("updated_at").text(since, None), day);
        assert_eq!(Search::Nothing.text(since, None), None);
        assert_eq!(Search::Seconds("issued_at").text(None, None), None);
    }

    #[test]
    fn a_cut_by_id_keeps_the_filter() {
        let since = "2026-11-01T00:00:00Z".parse().ok();
        let both = "updated_at:>='2026-11-01T00:00:00Z' AND id:>=820982911946154508";
        assert_eq!(
            Search::Ids("updated_at").text(since, Some(820_982_911_946_154_508)).as_deref(),
            Some(both)
        );
        assert_eq!(Search::Ids("updated_at").text(None, Some(7)).as_deref(), Some("id:>=7"));
    }
}
