//! Where a round of changes stands, as text that another process can go on from days later.
//!
//! A place is JSON that a person can read: `{"round":"changes","asked":"id,mail","next":"https://..."}`. Links are Graph's
//! own, byte for byte; they hold no credentials.

use std::time::Duration;

use sentia_core::{Error, ErrorKind, Result, Text};
use serde::{Deserialize, Serialize};

/// What a round brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Round {
    /// Everything there is.
    First,
    /// What changed since the round before.
    Changes,
}

/// A place within a round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Which round.
    pub(super) round: Round,
    /// What the round was opened with: links keep it, so that a change of it needs a new round.
    pub(super) asked: String,
    /// The page that follows. With neither link the round is yet to be opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
    /// The round is read to its end; this is where the next one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) delta: Option<String>,
    /// Records that were put off, to be read before going on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) again: Vec<Text>,
    /// How long to leave them alone first, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wait: Option<u64>,
    /// How often they were put off.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) tries: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Place {
    /// Where a round over `asked` is opened.
    pub(super) fn opening(asked: &str) -> Self {
        let (next, delta, again) = (None, None, Vec::new());
        Place { round: Round::First, asked: asked.to_owned(), next, delta, again, wait: None, tries: 0 }
    }

    /// The place with other links, with nothing left to read again.
    pub(super) fn at(&self, next: Option<String>, delta: Option<String>) -> Self {
        Place { next, delta, again: Vec::new(), wait: None, tries: 0, ..self.clone() }
    }

    /// As a page token.
    pub(super) fn token(&self) -> String {
        written(self)
    }

    /// Reads a page token.
    pub(super) fn of_page(token: &str) -> Result<Self> {
        read(token)
    }

    /// Reads a resume token: the round of changes that it begins.
    pub(super) fn of_resume(token: &str) -> Result<Self> {
        let Resume { asked, delta } = read(token)?;
        Ok(Place { round: Round::Changes, next: Some(delta), ..Place::opening(&asked) })
    }

    /// The resume token of a round read to its end at `delta`.
    pub(super) fn resume(&self, delta: String) -> String {
        written(&Resume { asked: self.asked.clone(), delta })
    }

    /// How long to wait before the next call.
    pub(super) fn pause(&self) -> Option<Duration> {
        self.wait.map(Duration::from_secs)
    }
}

#[derive(Serialize, Deserialize)]
struct Resume {
    asked: String,
    delta: String,
}

/// Writes a token.
pub(super) fn written(place: &impl Serialize) -> String {
    serde_json::to_string(place).expect("strings and numbers always serialize")
}

/// Reads a token of this connector.
///
/// # Errors
/// `PositionExpired` for one of another version: what it stood for is read from its start.
pub(super) fn read<T: for<'de> Deserialize<'de>>(token: &str) -> Result<T> {
    let message = "the saved place is not one of this version of the connector; reading anew";
    serde_json::from_str(token).map_err(|e| Error::new(ErrorKind::PositionExpired, message).source(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_readable_and_keep_links_byte_for_byte() {
        let link = r"https://graph.microsoft.com/v1.0/d(token='a%2B')?$skipToken=x%3d\u".to_owned();
        let place = Place::opening("id,mail").at(Some(link.clone()), None);
        let token = place.token();
        assert!(token.starts_with(r#"{"round":"first","asked":"id,mail","next":"https://graph"#), "{token}");
        assert_eq!(Place::of_page(&token).expect("ours"), place);
        let resume = place.resume(link.clone());
        let resumed = Place::of_resume(&resume).expect("ours");
        assert_eq!((resumed.round, resumed.next), (Round::Changes, Some(link)));
    }

    #[test]
    fn a_foreign_token_is_a_lost_place() {
        for token in ["", "7", "{}", r#"{"round":"later","asked":""}"#] {
            assert_eq!(Place::of_page(token).map_err(|e| e.kind()), Err(ErrorKind::PositionExpired));
        }
        assert_eq!(Place::of_resume("https://x").map_err(|e| e.kind()), Err(ErrorKind::PositionExpired));
    }

    proptest::proptest! {
        #[test]
        fn every_link_survives(link in "\\PC{0,80}", ids in proptest::collection::vec("\\PC{1,10}", 0..3)) {
            let again = ids.into_iter().map(Text::from).collect();
            let place = Place { again, wait: Some(3), tries: 1, ..Place::opening("x").at(None, Some(link)) };
            proptest::prop_assert_eq!(Place::of_page(&place.token()).expect("ours"), place);
        }
    }
}
