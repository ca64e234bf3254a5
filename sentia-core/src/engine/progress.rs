//! Whether a read gets anywhere: a token that leads back, or the page before once more, would be read for ever.

use std::collections::HashSet;

use crate::{
    Error, ErrorKind, Page, Result, StreamInfo,
    page::{Next, PageToken},
    record::Digest,
    stream::Reading,
};

/// What one reading of a window has met so far.
#[derive(Debug)]
pub(super) struct Progress {
    tokens: HashSet<PageToken>,
    repeats: Repeats,
    last_page: Option<Digest>,
}

/// What a page that brings the one before once more, document by document, means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeats {
    /// The vendor did not go on.
    Refused,
    /// Nothing: a vendor that hands out changes by a token of its own may replay some, and its end mark ends the read.
    Allowed,
}

impl Progress {
    /// Nothing met yet of `stream`.
    pub(super) fn of(stream: &StreamInfo) -> Self {
        let repeats = if stream.reading == Reading::Resumable { Repeats::Allowed } else { Repeats::Refused };
        Progress { tokens: HashSet::new(), repeats, last_page: None }
    }

    /// Forgets what was met: the window is read from its first page.
    pub(super) fn clear(&mut self) {
        (self.tokens, self.last_page) = (HashSet::new(), None);
    }

    /// Refuses a page that leads nowhere; `asked` is the token it was asked for by.
    ///
    /// # Errors
    /// `InvalidResponse`.
    pub(super) fn check(&mut self, asked: Option<&PageToken>, page: &Page) -> Result<()> {
        if let Next::More(token) = page.next() {
            let circle = asked == Some(token) || !self.tokens.insert(token.clone());
            if circle {
                let message = "the vendor's page token leads back to a page already read";
                return Err(Error::new(ErrorKind::InvalidResponse, message));
            }
        }
        let this = (self.repeats == Repeats::Refused).then(|| contents(page)).flatten();
        if this.is_some() && this == self.last_page {
            return Err(Error::new(
                ErrorKind::InvalidResponse,
                "the vendor answered the page before once more",
            ));
        }
        self.last_page = this;
        Ok(())
    }
}

/// What a page holds, in any order. A page of one record is none: a vendor may well send one twice. Records that came
/// again with other documents changed meanwhile, which is no repetition.
fn contents(page: &Page) -> Option<Digest> {
    let mut lines: Vec<String> =
        page.records().iter().map(|record| format!("{} {}", record.key, record.digest())).collect();
    lines.sort_unstable();
    (lines.len() > 1).then(|| Digest::of(lines.join("\n").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Record, Version, record::Document};

    fn page(token: &str, documents: &[(&str, &str)]) -> Page {
        let record = |(key, document): &(&str, &str)| {
            let document = Document::new((*document).to_owned().into());
            Record::new((*key).into(), Version::none(), document, vec![], vec![])
        };
        Page::more(documents.iter().map(record).collect::<Vec<_>>(), token)
    }

    fn ends(reading: Reading, pages: &[Page]) -> Result<()> {
        let mut progress = Progress::of(&StreamInfo { reading, ..StreamInfo::new("things") });
        pages.iter().try_for_each(|page| progress.check(None, page))
    }

    #[test]
    fn a_page_once_more_is_refused_but_not_the_same_records_with_other_documents() {
        let incremental = Reading::Incremental { cursor: "updated_at" };
        let (first, changed) = ([("a", "1"), ("b", "1")], [("a", "2"), ("b", "1")]);
        let turned = [("b", "1"), ("a", "1")];
        for reading in [Reading::Full, incremental] {
            let error = ends(reading, &[page("2", &first), page("3", &turned)]).expect_err("once more");
            assert_eq!(error.kind(), ErrorKind::InvalidResponse);
            ends(reading, &[page("2", &first), page("3", &changed)]).expect("both changed meanwhile");
            ends(reading, &[page("2", &first[..1]), page("3", &first[..1])]).expect("one record is no page");
        }
    }

    #[test]
    fn a_vendors_own_stream_of_changes_may_replay_a_page_but_not_lead_back() {
        let same = [("a", "1"), ("b", "1")];
        ends(Reading::Resumable, &[page("2", &same), page("3", &same)]).expect("a replay");
        let error = ends(Reading::Resumable, &[page("2", &same), page("2", &same)]).expect_err("a circle");
        assert!(error.message().contains("leads back"), "{error}");
    }
}
