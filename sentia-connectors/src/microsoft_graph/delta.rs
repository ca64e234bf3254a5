//! Rounds of changes: a round begins at everything or at the end of the round before, and ends where Graph hands out the
//! next beginning [D:delta-query-overview].

use std::{borrow::Cow, collections::HashMap, time::Duration};

use bytes::Bytes;
use sentia_core::{Context, Decoded, Error, ErrorKind, Fetch, Page, Result, Text, Version};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    batch::{self, Part},
    client::{Ask, Client, segment},
    document::without_download_url,
    envelope::Listing,
    place::{Place, Round},
    streams::Source,
};

/// How often records may be put off before the run ends; the next one goes on with them.
const TRIES: u32 = 8;

/// The members of an entry.
pub(super) type Members<'a> = HashMap<Cow<'a, str>, &'a RawValue>;

/// How the rounds of one stream and partition are asked for.
#[derive(Debug)]
pub(super) struct Feed {
    /// Where a round is opened, relative to the version.
    pub(super) path: String,
    /// Its query.
    pub(super) query: Vec<(&'static str, String)>,
    /// What stands in `Prefer`, with every call of the round.
    pub(super) prefer: String,
    /// What the round is opened with, as text: a saved place with another text needs a new round.
    pub(super) asked: String,
    /// Whether a place with another text is read to its end before a new round is opened. For windows that move: what
    /// was deleted meanwhile is only told there.
    pub(super) rolls: bool,
    /// Where one record is read, before and after its id.
    pub(super) item: (String, String),
    /// What stands in `Prefer` where one record is read.
    pub(super) item_prefer: Option<&'static str>,
    /// Whether an entry is the whole record. One that is not is read again, by its id.
    pub(super) is_whole: fn(&Members<'_>, Round) -> bool,
}

/// What an entry says besides its data. There are two ways to say "deleted".
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(default)]
    id: Text,
    #[serde(rename = "@removed", borrow, default)]
    removed: Option<&'a RawValue>,
    #[serde(borrow, default)]
    deleted: Option<&'a RawValue>,
}

/// An entry's fate.
enum Fate {
    Stored(Bytes),
    Gone,
    ReadAgain,
}

/// Reads one page of a round, with the records that have to be read again.
///
/// # Errors
/// As Graph's table says; `PositionExpired` where the saved place is no longer one.
pub(super) async fn page(
    client: &Client,
    cx: &Context,
    source: &Source,
    feed: &Feed,
    request: &Fetch<'_>,
) -> Result<Page> {
    let place = begin(feed, request)?;
    if let Some(pause) = place.pause() {
        return Ok(Page::wait(Place { wait: None, ..place }.token(), pause));
    }
    let reader = Reader { client, cx, source, feed };
    let mut decoded = Decoded::default();
    let after = if place.again.is_empty() {
        reader.advance(&place, &mut decoded).await?
    } else {
        let put_off = reader.read_again(&place.again, &mut decoded).await?;
        reader.after(&place, place.next.clone(), place.delta.clone(), put_off)?
    };
    let scope = format!("{}; {}; asked {}", client.read_scope(cx).await?, feed.path, feed.asked);
    Ok(end(feed, after, decoded).read_scope(scope))
}

/// The place that `request` asks for.
fn begin(feed: &Feed, request: &Fetch<'_>) -> Result<Place> {
    let place = match (request.page(), request.resume()) {
        (Some(token), _) => Place::of_page(token)?,
        (None, Some(token)) => Place::of_resume(token)?,
        (None, None) => Place::opening(&feed.asked),
    };
    if place.asked != feed.asked && !feed.rolls {
        let message = "the saved place was opened with other properties; reading anew";
        return Err(Error::new(ErrorKind::PositionExpired, message).context("asked", place.asked));
    }
    Ok(place)
}

/// The page that leads to `after`.
fn end(feed: &Feed, after: Place, decoded: Decoded) -> Page {
    match &after.delta {
        Some(delta) if after.again.is_empty() && after.asked == feed.asked => {
            let resume = after.resume(delta.clone());
            Page::last(decoded).resume_at(resume)
        }
        Some(_) if after.again.is_empty() => Page::more(decoded, Place::opening(&feed.asked).token()),
        _ => Page::more(decoded, after.token()),
    }
}

struct Reader<'a> {
    client: &'a Client,
    cx: &'a Context,
    source: &'a Source,
    feed: &'a Feed,
}

impl Reader<'_> {
    /// Reads the page at `place`; the answer is the place after it.
    async fn advance(&self, place: &Place, decoded: &mut Decoded) -> Result<Place> {
        let query: Vec<_> = self.feed.query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let prefer = Some(self.feed.prefer.as_str()).filter(|prefer| !prefer.is_empty());
        let response = match &place.next {
            // The link holds the query; to add to it would be to change it.
            Some(link) => self.client.get(self.cx, link, Ask { prefer, ..Ask::default() }).await?,
            None => {
                let url = self.client.url(&self.feed.path);
                self.client.get(self.cx, &url, Ask { query: &query, prefer, ..Ask::default() }).await?
            }
        };
        let listing = Listing::of(&response)?;
        if listing.next.is_none() && listing.delta.is_none() {
            return Err(response.invalid("the answer says neither where the round goes on nor that it ended"));
        }
        let unread = self.sort(listing.documents, place.round, decoded);
        let put_off = self.read_again(&unread, decoded).await?;
        let delta = listing.delta.filter(|_| listing.next.is_none());
        self.after(place, listing.next, delta, put_off)
    }

    /// Decodes what stands on the page and names what must be read again. Of several entries of one record the last
    /// counts.
    fn sort(&self, documents: Vec<Bytes>, round: Round, decoded: &mut Decoded) -> Vec<Text> {
        let mut order: Vec<(Text, Fate)> = Vec::with_capacity(documents.len());
        let mut known: HashMap<Text, usize> = HashMap::new();
        for document in documents {
            let (id, fate) = self.judge(document, round);
            match known.get(&id) {
                Some(at) if !id.is_empty() => order[*at].1 = fate,
                _ => {
                    known.insert(id.clone(), order.len());
                    order.push((id, fate));
                }
            }
        }
        let mut unread = Vec::new();
        for (id, fate) in order {
            match fate {
                Fate::Stored(document) => decoded.push(self.source.decode(document)),
                Fate::Gone => decoded.push_gone(self.source.info(), id, Version::none()),
                Fate::ReadAgain => unread.push(id),
            }
        }
        unread
    }

    fn judge(&self, document: Bytes, round: Round) -> (Text, Fate) {
        let Ok(entry) = serde_json::from_slice::<Entry<'_>>(&document) else {
            return (Text::default(), Fate::Stored(document));
        };
        let (id, is_gone) = (entry.id, entry.removed.is_some() || entry.deleted.is_some());
        if id.is_empty() {
            return (id, Fate::Stored(document));
        }
        if is_gone {
            return (id, Fate::Gone);
        }
        let is_whole = serde_json::from_slice(&document)
            .is_ok_and(|members: Members<'_>| (self.feed.is_whole)(&members, round));
        (id, if is_whole { Fate::Stored(without_download_url(document)) } else { Fate::ReadAgain })
    }

    /// Reads records by their ids. What was put off comes back, with the longest wait that was asked for.
    async fn read_again(&self, ids: &[Text], decoded: &mut Decoded) -> Result<Option<PutOff>> {
        let (mut put_off, mut wait) = (Vec::new(), Duration::ZERO);
        for ids in ids.chunks(batch::SIZE) {
            let (before, behind) = &self.feed.item;
            let paths: Vec<_> = ids.iter().map(|id| format!("{before}/{}{behind}", segment(id))).collect();
            let parts = batch::read(self.client, self.cx, &paths, self.feed.item_prefer).await?;
            for (id, part) in ids.iter().zip(parts) {
                match part {
                    Part::Found(document) => decoded.push(self.source.decode(without_download_url(document))),
                    Part::Gone => decoded.push_gone(self.source.info(), id.clone(), Version::none()),
                    Part::Later(told) => {
                        wait = wait.max(told);
                        put_off.push(id.clone());
                    }
                }
            }
        }
        Ok(Some(PutOff { ids: put_off, wait }).filter(|put_off| !put_off.ids.is_empty()))
    }

    /// The place with these links, after what was put off.
    fn after(
        &self,
        place: &Place,
        next: Option<String>,
        delta: Option<String>,
        put_off: Option<PutOff>,
    ) -> Result<Place> {
        let after = place.at(next, delta);
        let Some(PutOff { ids, wait }) = put_off else { return Ok(after) };
        if place.tries >= TRIES {
            return Err(batch::put_off(wait));
        }
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Ok(Place { again: ids, wait: Some(seconds), tries: place.tries + 1, ..after })
    }
}

/// Records that Graph did not want to give now.
struct PutOff {
    ids: Vec<Text>,
    wait: Duration,
}

/// True where all of `names` are members.
pub(super) fn has(members: &Members<'_>, names: &[&str]) -> bool {
    names.iter().all(|name| members.contains_key(*name))
}
