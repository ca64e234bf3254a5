//! Xero's JSON, written straight into one string: a page of a thousand invoices in a few milliseconds.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

/// Writes one object member by member.
pub(crate) struct Object<'o> {
    out: &'o mut String,
    first: bool,
}

impl<'o> Object<'o> {
    pub(crate) fn begin(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, first: true }
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) -> &mut String {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        let out = self.name(name);
        write_text(out, value);
        self
    }

    /// `null`, an empty string and an absent member all mean "no value" at Xero; this is the absent one.
    pub(crate) fn text_if(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.text(name, value);
        }
        self
    }

    pub(crate) fn id(&mut self, name: &str, value: Uuid) -> &mut Self {
        let out = self.name(name);
        let _ = write!(out, "\"{}\"", value.hyphenated());
        self
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name).push_str(if value { "true" } else { "false" });
        self
    }

    /// A number of exactly `places` decimal places, as Xero pads them.
    pub(crate) fn number(&mut self, name: &str, value: Decimal, places: u32) -> &mut Self {
        let out = self.name(name);
        let mut value = value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
        value.rescale(places);
        let _ = write!(out, "{value}");
        self
    }

    pub(crate) fn money(&mut self, name: &str, value: Decimal) -> &mut Self {
        self.number(name, value, 2)
    }

    pub(crate) fn integer(&mut self, name: &str, value: usize) -> &mut Self {
        let out = self.name(name);
        let _ = write!(out, "{value}");
        self
    }

    /// A calendar day, with its `...String` twin before it.
    pub(crate) fn day(&mut self, name: &str, day: NaiveDate) -> &mut Self {
        let out = self.name(&format!("{name}String"));
        let _ = write!(out, "\"{day}T00:00:00\"");
        self.day_alone(name, day)
    }

    /// A calendar day without a twin.
    pub(crate) fn day_alone(&mut self, name: &str, day: NaiveDate) -> &mut Self {
        self.moment(name, day.and_time(NaiveTime::MIN).and_utc())
    }

    /// An instant: `\/Date(1541176290160+0000)\/`, slashes escaped.
    pub(crate) fn moment(&mut self, name: &str, at: DateTime<Utc>) -> &mut Self {
        let out = self.name(name);
        let _ = write!(out, "\"\\/Date({}+0000)\\/\"", at.timestamp_millis());
        self
    }

    /// An instant with its `UpdatedDateUTCString` twin behind it.
    pub(crate) fn updated(&mut self, at: DateTime<Utc>) -> &mut Self {
        self.moment("UpdatedDateUTC", at);
        let text = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        self.text("UpdatedDateUTCString", &text)
    }

    pub(crate) fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name).push_str(json);
        self
    }

    pub(crate) fn texts(&mut self, name: &str, values: &[String]) -> &mut Self {
        let out = self.name(name);
        out.push('[');
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_text(out, value);
        }
        out.push(']');
        self
    }

    pub(crate) fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) -> &mut Self {
        let out = self.name(name);
        let mut inner = Object::begin(out);
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
        let out = self.name(name);
        out.push('[');
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            let mut inner = Object::begin(out);
            fill(&mut inner, item);
            inner.end();
        }
        out.push(']');
        self
    }
}

fn write_text(out: &mut String, value: &str) {
    out.push('"');
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
