//! A JSON object as its members in their order, each value as the vendor wrote it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of an object.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// # Errors
    /// Where `json` is not one object.
    pub(super) fn of(json: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// The value of a member.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The value of a member that is text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<'a>(std::marker::PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for Object<'a> {
            type Value = Members<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'a>, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object(std::marker::PhantomData))
    }
}

/// Writes an object, member by member.
#[derive(Debug)]
pub(super) struct Writer<'w> {
    out: &'w mut Vec<u8>,
    next: u8,
}

impl<'w> Writer<'w> {
    pub(super) fn begin(out: &'w mut Vec<u8>) -> Self {
        Writer { out, next: b'{' }
    }

    /// Writes a member's name; the caller writes its value behind it.
    pub(super) fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.out.push(std::mem::replace(&mut self.next, b','));
        self.out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
        self.out.push(b':');
        self.out
    }

    pub(super) fn member(&mut self, name: &str, value: &[u8]) {
        self.name(name).extend_from_slice(value);
    }

    pub(super) fn end(self) {
        if self.next == b'{' {
            self.out.push(b'{');
        }
        self.out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_they_were_read() {
        let json = br#"{"id":"gid:\/\/x\/1", "n": 1.50,"a\"b":{"x": []},"last":null}"#;
        let members = Members::of(json).expect("an object");
        assert_eq!(members.text("id").as_deref(), Some("gid://x/1"));
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out);
        members.0.iter().for_each(|(name, value)| writer.member(name, value.get().as_bytes()));
        writer.end();
        assert_eq!(out, br#"{"id":"gid:\/\/x\/1","n":1.50,"a\"b":{"x": []},"last":null}"#);
        let mut empty = Vec::new();
        Writer::begin(&mut empty).end();
        assert_eq!(empty, b"{}");
        assert!(Members::of(b"[]").is_err() && Members::of(b"{\"a\":1").is_err());
    }
}
