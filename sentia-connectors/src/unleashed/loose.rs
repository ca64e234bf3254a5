//! Objects whose members may be written in camelCase or PascalCase: webhooks and their subscriptions.

use std::{borrow::Cow, collections::HashMap};

use sentia_core::Text;
use serde_json::value::RawValue;

/// An object's members by their names in lower case.
#[derive(Debug, Default)]
pub(super) struct Loose<'a>(HashMap<String, &'a RawValue>);

impl<'a> Loose<'a> {
    /// Reads an object.
    pub(super) fn read(json: &'a [u8]) -> serde_json::Result<Self> {
        let members: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_slice(json)?;
        Ok(Loose(members.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect()))
    }

    /// A member that is there and not `null`.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.get()).filter(|raw| *raw != "null")
    }

    /// A member that is a string and not empty.
    pub(super) fn text(&self, name: &str) -> Option<Text> {
        let text: String = serde_json::from_str(self.raw(name)?).ok()?;
        Some(text).filter(|text| !text.is_empty()).map(Text::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_case_reads_alike() {
        for json in [r#"{"SubscriptionId":"s","Data":null}"#, r#"{"subscriptionId":"s","data":null}"#] {
            let loose = Loose::read(json.as_bytes()).expect("an object");
            assert_eq!(loose.text("subscriptionid").as_deref(), Some("s"));
            assert_eq!((loose.raw("data"), loose.text("data"), loose.raw("other")), (None, None, None));
        }
        assert!(Loose::read(b"[1]").is_err());
    }
}
