//! The yardstick: what one writes by hand to have the same fields in memory, with serde_json and nothing else.
//!
//! One pass over the page into owned structs: strings, exact decimals ([`Exact`]), days and instants, nested as the
//! vendor nests them, a field for each column that a table of ours has. It leaves out the documents' own bytes, both
//! digests, rows in the columns' order, keys and versions, the check of every value against what both databases can
//! hold, and the care for values that come in another spelling than they should; one document that does not fit fails
//! the whole page.

pub(crate) mod amazon;
pub(crate) mod shopify;
pub(crate) mod unleashed;
pub(crate) mod xero;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Visitor};

/// Reads a whole page.
pub(crate) fn page<T: DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).expect("the page fits the yardstick")
}

/// An instant as .NET services write it: `/Date(1541176290160+0000)/`.
#[derive(Debug)]
pub(crate) struct NetDate(#[allow(dead_code, reason = "reading it is what is measured")] DateTime<Utc>);

impl<'de> Deserialize<'de> for NetDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Milliseconds;
        impl Visitor<'_> for Milliseconds {
            type Value = NetDate;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<NetDate, E> {
                let inside = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
                let number = inside.map(|inside| inside.strip_suffix("+0000").unwrap_or(inside));
                let at =
                    number.and_then(|number| number.parse().ok()).and_then(DateTime::from_timestamp_millis);
                at.map(NetDate).ok_or_else(|| E::custom("not a date"))
            }
        }
        deserializer.deserialize_str(Milliseconds)
    }
}
