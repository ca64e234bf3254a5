//! Unleashed's JSON, written member by member into one string.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::habits::AccountZone;
use crate::universe::warehouse::london_midnight;

/// Writes one object member by member.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    zone: AccountZone,
    first: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn begin(out: &'o mut String, zone: AccountZone) -> Self {
        out.push('{');
        Self { out, zone, first: true }
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        let _ = write!(self.out, "\"{name}\":");
        self.out
    }

    pub(crate) fn null(&mut self, name: &str) -> &mut Self {
        self.name(name).push_str("null");
        self
    }

    /// Members that the twin has nothing to say about.
    pub(crate) fn nulls(&mut self, names: &[&str]) -> &mut Self {
        for name in names {
            self.null(name);
        }
        self
    }

    pub(crate) fn text<'t>(&mut self, name: &str, value: impl Into<Option<&'t str>>) -> &mut Self {
        match value.into() {
            Some(value) => {
                let text = serde_json::Value::from(value).to_string();
                self.name(name).push_str(&text);
                self
            }
            None => self.null(name),
        }
    }

    /// An id in lower case, as of a record itself.
    pub(crate) fn id(&mut self, name: &str, value: Uuid) -> &mut Self {
        let _ = write!(self.name(name), "\"{}\"", value.hyphenated());
        self
    }

    /// An id in upper case, as where another record is meant.
    pub(crate) fn reference(&mut self, name: &str, value: Uuid) -> &mut Self {
        let _ = write!(self.name(name), "\"{:X}\"", value.hyphenated());
        self
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name).push_str(if value { "true" } else { "false" });
        self
    }

    pub(crate) fn integer(&mut self, name: &str, value: impl Into<i64>) -> &mut Self {
        let _ = write!(self.name(name), "{}", value.into());
        self
    }

    /// A number with all the digits it has.
    pub(crate) fn number(&mut self, name: &str, value: impl Into<Option<Decimal>>) -> &mut Self {
        match value.into() {
            Some(value) => {
                let _ = write!(self.name(name), "{value}");
                self
            }
            None => self.null(name),
        }
    }

    /// A quantity, padded to four places.
    pub(crate) fn quantity(&mut self, name: &str, value: Decimal) -> &mut Self {
        let mut value = value;
        if value.scale() < 4 {
            value.rescale(4);
        }
        self.number(name, value)
    }

    /// An instant: `/Date(1583240449473)/`, without offset.
    pub(crate) fn moment(&mut self, name: &str, at: impl Into<Option<DateTime<Utc>>>) -> &mut Self {
        match at.into() {
            Some(at) => {
                let _ = write!(self.name(name), "\"/Date({})/\"", at.timestamp_millis());
                self
            }
            None => self.null(name),
        }
    }

    /// A calendar day as the instant at which it begins in the account's zone.
    pub(crate) fn day(&mut self, name: &str, day: impl Into<Option<NaiveDate>>) -> &mut Self {
        let zone = self.zone;
        self.moment(
            name,
            day.into().map(|day| match zone {
                AccountZone::London => london_midnight(day),
                AccountZone::Utc => day.and_time(NaiveTime::MIN).and_utc(),
            }),
        )
    }

    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        let zone = self.zone;
        let mut inner = Object::begin(self.name(name), zone);
        fill(&mut inner);
        inner.end();
        self
    }

    pub(crate) fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut fill: impl FnMut(&mut Object<'_>, T),
    ) -> &mut Self {
        let zone = self.zone;
        let out = self.name(name);
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            let mut inner = Object::begin(out, zone);
            fill(&mut inner, item);
            inner.end();
        }
        out.push(']');
        self
    }
}
