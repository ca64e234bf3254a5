//! Where a read stands, as a page token: `page=3`, or `page=1&before=1200&part=1`.
//!
//! Some streams are made of several lists, or of a list with another's rows in it. Their count is known at the end
//! only, so the token carries what was counted on the way.

use std::{fmt, str::FromStr};

use sentia_core::{Error, ErrorKind};
use url::form_urlencoded;

/// A place in a stream's lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The page, from 1.
    pub(super) page: u64,
    /// Which of the stream's lists, from 0.
    pub(super) part: u64,
    /// How many records this list held when its first page was read.
    pub(super) items: Option<u64>,
    /// How many records the lists before hold; none where one did not say.
    pub(super) before: Option<u64>,
    /// Rows of other warehouses that stood in this list so far.
    pub(super) others: u64,
    /// The warehouse's code.
    pub(super) warehouse: Option<String>,
}

impl Place {
    /// The first page of the first list.
    pub(super) fn first() -> Self {
        Place { page: 1, part: 0, items: None, before: Some(0), others: 0, warehouse: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut token = form_urlencoded::Serializer::new(String::new());
        token.append_pair("page", &self.page.to_string());
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                token.append_pair(name, &value);
            }
        };
        put("part", (self.part > 0).then(|| self.part.to_string()));
        put("items", self.items.map(|items| items.to_string()));
        let before = self.before.map_or("unknown".to_owned(), |before| before.to_string());
        put("before", (self.before != Some(0)).then_some(before));
        put("others", (self.others > 0).then(|| self.others.to_string()));
        put("warehouse", self.warehouse.clone());
        f.write_str(&token.finish())
    }
}

impl FromStr for Place {
    type Err = Error;

    /// # Errors
    /// `PositionExpired` for a token of another version: the window is read from its first page.
    fn from_str(token: &str) -> Result<Self, Error> {
        let unknown = || {
            Error::new(ErrorKind::PositionExpired, "the saved page token is not one of this connector")
                .context("token", token)
        };
        let number = |text: &str| text.parse::<u64>().map_err(|_| unknown());
        let mut place = Place { page: 0, ..Place::first() };
        for (name, value) in form_urlencoded::parse(token.as_bytes()) {
            match &*name {
                "page" => place.page = number(&value)?,
                "part" => place.part = number(&value)?,
                "items" => place.items = Some(number(&value)?),
                "before" if value == "unknown" => place.before = None,
                "before" => place.before = Some(number(&value)?),
                "others" => place.others = number(&value)?,
                "warehouse" => place.warehouse = Some(value.into_owned()),
                _ => return Err(unknown()),
            }
        }
        if place.page == 0 { Err(unknown()) } else { Ok(place) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokens_are_readable() {
        assert_eq!(Place::first().to_string(), "page=1");
        let place =
            Place { page: 3, items: Some(1200), warehouse: Some("A 1&é".to_owned()), ..Place::first() };
        assert_eq!(place.to_string(), "page=3&items=1200&warehouse=A+1%26%C3%A9");
        let second = Place { part: 1, before: Some(1200), others: 2, ..Place::first() };
        assert_eq!(second.to_string(), "page=1&part=1&before=1200&others=2");
    }

    #[test]
    fn a_foreign_token_has_expired() {
        for token in ["", "2", "page=0", "page=x", "page=1&since=2", "page=-1", "part=1"] {
            let error = token.parse::<Place>().expect_err(token);
            assert_eq!(error.kind(), ErrorKind::PositionExpired, "{token}");
        }
    }

    proptest! {
        #[test]
        fn every_place_comes_back(
            page in 1..u64::MAX,
            part in 0..3_u64,
            items: Option<u64>,
            before: Option<u64>,
            others: u64,
            warehouse: Option<String>,
        ) {
            let place = Place { page, part, items, before, others, warehouse };
            prop_assert_eq!(place.to_string().parse::<Place>().ok(), Some(place));
        }
    }
}
