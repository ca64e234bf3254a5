//! Links that were given out. A link is only good as it was given: byte by byte.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::delta::{Feed, Round};
use crate::rng::Rng;

/// What a link leads to.
#[derive(Clone, Debug)]
pub(crate) enum Link {
    /// On with a round of change tracking, or a new one from where the last ended.
    Round { round: Box<Round>, issued_at: DateTime<Utc>, generation: u64 },
    /// On with a plain list.
    List { target: String, skip: usize },
}

/// All links.
#[derive(Debug)]
pub(crate) struct Links {
    given: HashMap<String, Link>,
    /// Links of earlier generations have expired.
    pub(crate) generation: u64,
    rng: Rng,
}

impl Links {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { given: HashMap::new(), generation: 0, rng }
    }

    pub(crate) fn find(&self, target: &str) -> Option<Link> {
        self.given.get(target).cloned()
    }

    /// A token of the usual length, with characters that must stay escaped.
    fn token(&mut self, lower: bool) -> String {
        let (one, two) = (URL_SAFE_NO_PAD.encode(self.rng.guid()), URL_SAFE_NO_PAD.encode(self.rng.guid()));
        let token = format!("{one}%2B{two}%3D%3D");
        if lower { token.replace("%2B", "%2b").replace("%3D", "%3d") } else { token }
    }

    /// Gives a link for a round; `last` is true for the deltaLink.
    pub(crate) fn round(&mut self, round: Round, last: bool, issued_at: DateTime<Utc>) -> String {
        let word = if last { "$deltatoken" } else { "$skiptoken" };
        let target = match &round.feed {
            Feed::DriveItems { id, .. } if last => {
                format!("/drives/{id}/root/delta(token='{}')", self.token(true))
            }
            Feed::DriveItems { id, .. } => format!("/drives('{id}')/root/delta?token={}", self.token(true)),
            Feed::ListItems { path, .. } if last => format!("{path}/delta?token={}", self.token(false)),
            feed => format!("{}/delta?{word}={}", feed.path(), self.token(false)),
        };
        let link = Link::Round { round: Box::new(round), issued_at, generation: self.generation };
        self.given.insert(target.clone(), link);
        target
    }

    /// Gives a link for the next page of a plain list.
    pub(crate) fn list(&mut self, target: &str, skip: usize) -> String {
        let joint = if target.contains('?') { '&' } else { '?' };
        let link = format!("{target}{joint}$skiptoken={}", self.token(false));
        self.given.insert(link.clone(), Link::List { target: target.to_owned(), skip });
        link
    }
}
