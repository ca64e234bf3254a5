//! Whether a read gets anywhere: a token that leads back, or the page before once more, would be read for ever.

use std::collections::HashSet;

use crate::{
    Error, ErrorKind, Page, Result,
    page::{Next, PageToken},
    record::Digest,
};

/// What one reading of a window has met so far.
#[derive(Debug, Default)]
pub(super) struct Progress {
    tokens: HashSet<PageToken>,
    last_page: Option<Digest>,
}

impl Progress {
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
        let mut keys: Vec<&str> = page.records().iter().map(|record| record.key.as_str()).collect();
        keys.sort_unstable();
        let this = (keys.len() > 1).then(|| Digest::of(keys.join("\n").as_bytes()));
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
