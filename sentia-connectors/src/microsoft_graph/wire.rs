//! Shapes that Graph's documents share. Every property but `id` may be missing on the wire.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use sentia_core::{Text, Version};
use serde::{Deserialize, Deserializer, de::Error as _};

/// An instant with the text it was read from.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    raw: Text,
    at: DateTime<Utc>,
}

impl Stamp {
    /// The instant, as a column wants it.
    pub(super) fn of(stamp: &Option<Stamp>) -> Option<DateTime<Utc>> {
        stamp.as_ref().map(|stamp| stamp.at)
    }

    /// The vendor's text as a version without an order: Graph's times go back when a file's older version is restored,
    /// so the later answer counts, not the later time.
    pub(super) fn version(stamp: &Option<Stamp>) -> Option<Version> {
        stamp.as_ref().map(|stamp| Version { raw: stamp.raw.clone(), order: 0 })
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Text::deserialize(deserializer)?;
        let at = DateTime::parse_from_rfc3339(&raw).map_err(D::Error::custom)?.with_timezone(&Utc);
        Ok(Stamp { raw, at })
    }
}

/// Who did something.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct IdentitySet {
    user: Option<Identity>,
    group: Option<Identity>,
    application: Option<Identity>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    display_name: Option<Text>,
    email: Option<Text>,
}

impl IdentitySet {
    /// The user, or else the group or the app, by mail address where there is one, by name otherwise.
    pub(super) fn who(set: &Option<IdentitySet>) -> Option<Text> {
        let set = set.as_ref()?;
        let identity = set.user.as_ref().or(set.group.as_ref()).or(set.application.as_ref())?;
        identity.email.clone().or_else(|| identity.display_name.clone())
    }
}

/// Somebody with a mail address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Recipient {
    email_address: Option<EmailAddress>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct EmailAddress {
    name: Option<Text>,
    address: Option<Text>,
}

impl Recipient {
    /// The address.
    pub(super) fn address(&self) -> Option<Text> {
        self.email_address.as_ref()?.address.clone()
    }

    /// The name shown.
    pub(super) fn name(&self) -> Option<Text> {
        self.email_address.as_ref()?.name.clone()
    }
}

/// `parentReference`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parent {
    pub(super) id: Option<Text>,
    pub(super) path: Option<Text>,
    pub(super) site_id: Option<Text>,
    pub(super) drive_id: Option<Text>,
}

/// A wall clock's time with the name of its zone: no offset, seven digits after the point, and the zone may be one of
/// Windows' names.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ZonedTime {
    date_time: Option<Text>,
    time_zone: Option<Text>,
}

impl ZonedTime {
    fn local(&self) -> Option<NaiveDateTime> {
        self.date_time.as_ref()?.trim_end_matches('Z').parse().ok()
    }

    /// The instant, where the zone is UTC: every request asks for that.
    pub(super) fn instant(&self) -> Option<DateTime<Utc>> {
        let zone = self.time_zone.as_deref().unwrap_or_default();
        let is_utc =
            ["utc", "etc/utc", "gmt", "etc/gmt", "tzone://microsoft/utc", "coordinated universal time"]
                .iter()
                .any(|name| zone.eq_ignore_ascii_case(name));
        self.local().filter(|_| is_utc).map(|local| local.and_utc())
    }

    /// The calendar day on its own clock.
    pub(super) fn day(&self) -> Option<NaiveDate> {
        Some(self.local()?.date())
    }

    /// The zone's name.
    pub(super) fn zone(&self) -> Option<Text> {
        self.time_zone.clone()
    }
}

/// A list of words as one text.
pub(super) fn joined(words: &Option<Vec<Text>>) -> Option<Text> {
    let words = words.as_ref()?;
    let words: Vec<&str> = words.iter().map(Text::as_str).collect();
    Some(Text::from(words.join(", "))).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clocks_time_is_an_instant_in_utc_alone() {
        let time = |json: &str| serde_json::from_str::<ZonedTime>(json).expect("readable");
        let utc = time(r#"{"dateTime":"2016-12-09T20:30:00.0000000","timeZone":"UTC"}"#);
        assert_eq!(utc.instant().map(|at| at.to_rfc3339()).as_deref(), Some("2016-12-09T20:30:00+00:00"));
        let windows =
            time(r#"{"dateTime":"2016-12-09T20:30:00.0000000","timeZone":"Pacific Standard Time"}"#);
        assert_eq!((windows.instant(), windows.day()), (None, NaiveDate::from_ymd_opt(2016, 12, 9)));
        assert_eq!(time("{}").day(), None);
        assert_eq!(time(r#"{"dateTime":"soon","timeZone":"UTC"}"#).instant(), None);
    }

    #[test]
    fn a_stamp_keeps_the_vendors_text() {
        let stamp: Option<Stamp> = serde_json::from_str("\"2026-03-01T10:00:00.123Z\"").expect("a time");
        let version = Stamp::version(&stamp).expect("a version");
        assert_eq!((version.raw.as_str(), version.order), ("2026-03-01T10:00:00.123Z", 0));
        assert!(serde_json::from_str::<Stamp>("\"yesterday\"").is_err());
    }

    proptest::proptest! {
        #[test]
        fn no_wall_clock_panics(text in "\\PC{0,40}", zone in "\\PC{0,10}") {
            let time = ZonedTime { date_time: Some(text.into()), time_zone: Some(zone.into()) };
            let _ = (time.instant(), time.day());
        }
    }
}
