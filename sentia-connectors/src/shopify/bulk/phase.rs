//! Where a read by a bulk operation stands, as the text of a page token.

use chrono::{DateTime, Utc};

pub(super) type Instant = DateTime<Utc>;

/// The form of tokens and of the file that places point into. Another number makes older tokens start over.
const LAYOUT: &str = "bulk1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// Look for the operation, or order it.
    Ask {
        /// How often that was tried.
        tries: u32,
        /// The vendor's time when the window was opened; an older operation is another window's.
        opened: Option<Instant>,
    },
    /// It is being made.
    Running {
        /// Its id.
        operation: String,
        /// How often it was asked after.
        polls: u32,
    },
    /// Its result is read.
    Rows {
        /// Its id.
        operation: String,
        /// How many records it holds.
        roots: u64,
        /// How many were read.
        row: u64,
        /// Where the next begins in the assembled file.
        byte: u64,
    },
}

/// A phase, and what could be seen when the operation was asked for: API version and scopes as
/// [`ReadScope::text`](super::ReadScope::text) writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) phase: Phase,
    pub(super) scope: String,
}

impl Place {
    pub(super) fn token(&self) -> String {
        let phase = match &self.phase {
            Phase::Ask { tries, opened } => {
                let opened = opened.map_or("-".to_owned(), |opened| opened.timestamp_micros().to_string());
                format!("ask {tries} {opened}")
            }
            Phase::Running { operation, polls } => format!("running {operation} {polls}"),
            Phase::Rows { operation, roots, row, byte } => format!("rows {operation} {roots} {row} {byte}"),
        };
        format!("{LAYOUT} {phase} {}", self.scope)
    }

    pub(super) fn parse(token: &str) -> Option<Self> {
        let (layout, rest) = token.split_once(' ')?;
        let (name, mut rest) = rest.split_once(' ').filter(|_| layout == LAYOUT)?;
        let mut word = || {
            let (word, behind) = rest.split_once(' ')?;
            rest = behind;
            Some(word).filter(|word| !word.is_empty())
        };
        let phase = match name {
            "ask" => {
                let tries = word()?.parse().ok()?;
                let opened = match word()? {
                    "-" => None,
                    micros => Some(DateTime::from_timestamp_micros(micros.parse().ok()?)?),
                };
                Phase::Ask { tries, opened }
            }
            "running" => Phase::Running { operation: word()?.to_owned(), polls: word()?.parse().ok()? },
            "rows" => Phase::Rows {
                operation: word()?.to_owned(),
                roots: word()?.parse().ok()?,
                row: word()?.parse().ok()?,
                byte: word()?.parse().ok()?,
            },
            _ => return None,
        };
        Some(Place { phase, scope: rest.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_reads_back(
            id in 1u64.., polls in 0u32.., roots in 0u64.., row in 0u64.., byte in 0u64..,
            micros in proptest::option::of(0i64..4_000_000_000_000_000),
            scope in "api=2026-07 scopes=[a-z_,]{0,40}",
        ) {
            let operation = format!("gid://shopify/BulkOperation/{id}");
            let opened = micros.and_then(DateTime::from_timestamp_micros);
            for phase in [
                Phase::Ask { tries: polls, opened },
                Phase::Running { operation: operation.clone(), polls },
                Phase::Rows { operation, roots, row, byte },
            ] {
                let place = Place { phase, scope: scope.clone() };
                prop_assert_eq!(Place::parse(&place.token()), Some(place));
            }
        }

        #[test]
        fn nothing_panics(token in "(bulk1 )?(ask|running|rows)? ?\\PC{0,30}") {
            let _ = Place::parse(&token);
        }
    }

    #[test]
    fn a_token_of_another_layout_or_of_pages_is_none() {
        for token in ["", "50 - eyJ", "bulk2 running x 1 api", "bulk1 running", "bulk1 rows x 1 1 api"] {
            assert_eq!(Place::parse(token), None, "{token}");
        }
    }
}
