//! Shapes that Shopify's documents share.

use chrono::{DateTime, Utc};
use sentia_core::{Exact, Text, Version, decode::Walk};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

/// One page of a connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Edges<T>", bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Connection<T> {
    /// Whether there is more.
    pub(super) page: PageInfo,
    /// Its items.
    pub(super) nodes: Vec<T>,
    /// Whether items are missing at its end: `endCursor` is the cursor of the last edge
    /// [shopify.dev "PageInfo"], and here it is another one's. Never where the query asks for no cursors.
    pub(super) is_short: bool,
}

/// Where a connection goes on.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    #[serde(default)]
    pub(super) end_cursor: Option<String>,
}

impl PageInfo {
    /// Nothing more.
    pub(super) fn end() -> Self {
        PageInfo { has_next_page: false, end_cursor: None }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
struct Edges<T> {
    page_info: PageInfo,
    edges: Vec<Edge<T>>,
}

#[derive(Deserialize)]
struct Edge<T> {
    #[serde(default)]
    cursor: Option<String>,
    node: T,
}

impl<T> From<Edges<T>> for Connection<T> {
    fn from(Edges { page_info, mut edges }: Edges<T>) -> Self {
        let last = edges.last_mut().map(|edge| edge.cursor.take());
        let nodes = edges.into_iter().map(|edge| edge.node).collect();
        Connection::of(page_info, nodes, last)
    }
}

impl<T> Connection<T> {
    /// A connection whose last edge, if it has one, has the cursor `last`, if it has one.
    fn of(page: PageInfo, nodes: Vec<T>, last: Option<Option<String>>) -> Self {
        let end = page.end_cursor.as_ref();
        let is_short = match &last {
            Some(last) => last.is_some() && end.is_some() && last.as_ref() != end,
            None => end.is_some() && !page.has_next_page,
        };
        Connection { page, nodes, is_short }
    }

    /// Takes a connection, each of its items by `item`.
    pub(super) fn walk(
        walk: &mut Walk<'_>,
        mut item: impl FnMut(&mut Walk<'_>) -> serde_json::Result<T>,
    ) -> serde_json::Result<Self> {
        let missing = serde_json::Error::missing_field;
        let (mut page, mut edges, mut last) = (None, None, None);
        walk.object(|walk, name| {
            match name {
                "pageInfo" => page = Some(walk.read()?),
                "edges" => {
                    let mut nodes = Vec::new();
                    walk.list(|walk| {
                        let (mut cursor, mut node) = (None, None);
                        walk.object(|walk, name| {
                            match name {
                                "cursor" => cursor = walk.read()?,
                                "node" => node = Some(item(walk)?),
                                _ => {}
                            }
                            Ok(())
                        })?;
                        last = Some(cursor);
                        nodes.push(node.ok_or_else(|| missing("node"))?);
                        Ok(())
                    })?;
                    edges = Some(nodes);
                }
                _ => {}
            }
            Ok(())
        })?;
        let (page, nodes) =
            (page.ok_or_else(|| missing("pageInfo"))?, edges.ok_or_else(|| missing("edges"))?);
        Ok(Connection::of(page, nodes, last))
    }
}

/// An object of which only the id is read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ref {
    pub(super) id: Text,
}

/// The id of an object that may be gone.
pub(super) fn id_of(object: &Option<Ref>) -> Option<Text> {
    object.as_ref().map(|object| object.id.clone())
}

/// An amount with its currency. Currencies are text: Shopify knows some that ISO 4217 does not.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Money {
    pub(super) amount: Exact,
    pub(super) currency_code: Text,
}

/// The same sum in the shop's currency and in the buyer's.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyBag {
    pub(super) shop_money: Money,
    #[serde(default)]
    pub(super) presentment_money: Option<Money>,
}

/// The sum in the shop's currency, where there is one.
pub(super) fn shop_amount(bag: &Option<MoneyBag>) -> Option<Exact> {
    bag.as_ref().map(|bag| bag.shop_money.amount)
}

/// The shop's currency, where there is a sum.
pub(super) fn shop_currency(bag: &Option<MoneyBag>) -> Option<Text> {
    bag.as_ref().map(|bag| bag.shop_money.currency_code.clone())
}

/// The sum in the buyer's currency, where there is one.
pub(super) fn presentment_amount(bag: &Option<MoneyBag>) -> Option<Exact> {
    bag.as_ref()?.presentment_money.as_ref().map(|money| money.amount)
}

/// What a stocked thing measures.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Measurement {
    pub(super) weight: Option<Weight>,
}

/// A weight in its own unit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Weight {
    pub(super) unit: Option<Text>,
    pub(super) value: Option<Exact>,
}

/// A country with its province or state; the rest of an address is personal and not asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    #[serde(default)]
    pub(super) country_code_v2: Option<Text>,
    #[serde(default)]
    pub(super) province_code: Option<Text>,
}

/// A whole number of up to 64 bits, quoted (`UnsignedInt64`) or not, never through a float.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let token = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        let refused = |_| D::Error::custom(format!("{:?} is not a whole number of 64 bits", excerpt(token)));
        token.parse().map(Whole).map_err(refused)
    }
}

fn excerpt(token: &str) -> String {
    token.chars().take(32).collect()
}

/// An updated-at: the vendor's text and the instant it names.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    raw: Text,
    pub(super) at: DateTime<Utc>,
}

impl Stamp {
    /// The version it stands for.
    pub(super) fn version(&self) -> Version {
        Version::at(self.raw.clone(), self.at)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Text::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&raw).map_err(D::Error::custom)?.with_timezone(&Utc);
        Ok(Stamp { raw, at })
    }
}

/// A list of words as one text.
pub(super) fn joined(words: &[Text]) -> Option<Text> {
    let words: Vec<&str> = words.iter().map(Text::as_str).collect();
    Some(Text::from(words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_keep_every_digit() {
        let whole = |json: &str| serde_json::from_str::<Whole>(json).map(|whole| whole.0).ok();
        assert_eq!(whole("\"820982911946154508\""), Some(820_982_911_946_154_508));
        assert_eq!(whole("820982911946154508"), Some(820_982_911_946_154_508));
        assert_eq!(whole("\"18446744073709551615\""), None);
        assert_eq!(whole("1.5"), None);
        assert_eq!(whole("null"), None);
        assert_eq!(whole("\"ü\""), None);
    }

    #[test]
    fn a_stamp_keeps_the_vendors_text() {
        let stamp: Stamp = serde_json::from_str("\"2026-11-01T01:00:00+01:00\"").expect("a time");
        assert_eq!(stamp.version().raw, "2026-11-01T01:00:00+01:00");
        assert_eq!(stamp.at.to_rfc3339(), "2026-11-01T00:00:00+00:00");
        assert!(serde_json::from_str::<Stamp>("\"yesterday\"").is_err());
    }
}
