//! Users of the directory.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::track::Track;

/// One user.
#[derive(Clone, Debug)]
pub struct OfficeUser {
    /// Id.
    pub id: Uuid,
    /// Text members by the vendor's name; none is a cleared one, null on the wire.
    pub members: BTreeMap<&'static str, Option<String>>,
    /// Whether sign-in is allowed.
    pub account_enabled: bool,
    /// Times and changes.
    pub track: Track,
}

impl OfficeUser {
    /// A text member, empty when cleared.
    pub fn member(&self, name: &str) -> &str {
        self.members.get(name).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The address that is also the sign-in name.
    pub fn address(&self) -> &str {
        self.member("userPrincipalName")
    }
}
