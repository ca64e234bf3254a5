//! What differs between apps, subscriptions and organisations, or what the sources leave open.

/// How the twin behaves where the vendor behaves in more than one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XeroSwitches {
    /// Whether the app's tier opens `/Journals`; off, every read of it is a 403 and its scope an `invalid_scope`.
    pub journals: bool,
    /// Which scopes the app may ask for.
    pub scopes: XeroScopes,
    /// The status of a call whose token lacks the scope.
    pub missing_scope: XeroMissingScope,
    /// What a refresh token gives when it is used again within its grace.
    pub grace: XeroGrace,
    /// What the user does on the consent page.
    pub consent: XeroConsent,
    /// Whether the organisation's own report layout shows without `standardLayout=true`: other titles, and rows that
    /// gather several accounts and name none.
    pub user_layout: bool,
    /// The language of report names, titles and lines.
    pub wording: XeroWording,
    /// Whether the limit of the app over all organisations is spelled `app-minute` instead of `appminute`.
    pub hyphenated_app_minute: bool,
}

impl Default for XeroSwitches {
    fn default() -> Self {
        Self {
            journals: false,
            scopes: XeroScopes::Mixed,
            missing_scope: XeroMissingScope::Forbidden,
            grace: XeroGrace::FreshPair,
            consent: XeroConsent::Ask,
            user_layout: true,
            wording: XeroWording::English,
            hyphenated_app_minute: false,
        }
    }
}

/// The generation of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XeroScopes {
    /// Made before 2 March 2026: old and granular names together.
    Mixed,
    /// Made since: granular names only.
    GranularOnly,
    /// Never migrated: old names only.
    ClassicOnly,
}

/// The sources disagree about the status; the public reports all show 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XeroMissingScope {
    /// 403 Forbidden.
    Forbidden,
    /// 401 Unauthorized, with `AuthorizationUnsuccessful` where an expired token has `AuthenticationUnsuccessful`.
    Unauthorized,
}

/// The sources do not say which of the two pairs. The third is not Xero's: it lets the twin stand in for a vendor that
/// rotates by RFC 9700, section 4.14.2, and knows no grace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XeroGrace {
    /// A pair of its own for each use.
    FreshPair,
    /// The pair of the first use again.
    SamePair,
    /// Nothing: a second use is refused, and ends every refresh token of its consent.
    None,
}

/// What happens at the consent page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XeroConsent {
    /// The page is shown and its form is waited for.
    Ask,
    /// The user allows access at once.
    Allow,
    /// The user refuses at once.
    Deny,
}

/// The language of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum XeroWording {
    /// As in the model's examples.
    English,
    /// Any other: here German.
    German,
}
