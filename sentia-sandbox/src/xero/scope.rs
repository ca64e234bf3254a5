//! Scopes: which exist, which an app may ask for, and what each opens.

use super::switches::{XeroScopes, XeroSwitches};

/// Scopes that every app may ask for.
const COMMON: [&str; 11] = [
    "openid",
    "profile",
    "email",
    "offline_access",
    "accounting.settings",
    "accounting.settings.read",
    "accounting.contacts",
    "accounting.contacts.read",
    "accounting.attachments",
    "accounting.attachments.read",
    "accounting.budgets.read",
];

/// The names before the split of 2026.
const CLASSIC: [&str; 3] =
    ["accounting.transactions", "accounting.transactions.read", "accounting.reports.read"];

/// The names since.
const GRANULAR: [&str; 16] = [
    "accounting.invoices",
    "accounting.invoices.read",
    "accounting.payments",
    "accounting.payments.read",
    "accounting.banktransactions",
    "accounting.banktransactions.read",
    "accounting.manualjournals",
    "accounting.manualjournals.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.trialbalance.read",
    "accounting.reports.aged.read",
    "accounting.reports.banksummary.read",
    "accounting.reports.budgetsummary.read",
    "accounting.reports.executivesummary.read",
    "accounting.reports.taxreports.read",
];

/// The scope of the gated tier.
const JOURNALS: &str = "accounting.journals.read";

/// Everything the app may ask for.
pub(crate) fn allowed(switches: XeroSwitches) -> Vec<&'static str> {
    let classic = switches.scopes != XeroScopes::GranularOnly;
    let granular = switches.scopes != XeroScopes::ClassicOnly;
    let mut scopes = COMMON.to_vec();
    scopes.extend(CLASSIC.into_iter().filter(|_| classic));
    scopes.extend(GRANULAR.into_iter().filter(|_| granular));
    scopes.extend(switches.journals.then_some(JOURNALS));
    scopes
}

/// The scopes asked for, or none when one of them is out of reach; the vendor does not say which.
pub(crate) fn grant(asked: &str, switches: XeroSwitches) -> Option<String> {
    let allowed = allowed(switches);
    let known = asked.split_whitespace().all(|scope| allowed.contains(&scope));
    known.then(|| asked.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether a token's scopes open one of the families, by the plain or the `.read` form.
pub(crate) fn opens(scopes: &str, families: &[&str]) -> bool {
    let of_family = |scope: &str| families.contains(&scope.strip_suffix(".read").unwrap_or(scope));
    scopes.split(' ').any(of_family)
}

#[cfg(test)]
mod tests {
    use super::{allowed, grant, opens};
    use crate::xero::{XeroScopes, XeroSwitches};

    #[test]
    fn one_unknown_scope_refuses_all() {
        let switches = XeroSwitches { scopes: XeroScopes::GranularOnly, ..XeroSwitches::default() };
        assert_eq!(grant("openid accounting.invoices.read", switches).unwrap().split(' ').count(), 2);
        assert_eq!(grant("openid accounting.transactions", switches), None);
        assert_eq!(grant("accounting.journals.read", switches), None);
        assert!(allowed(XeroSwitches { journals: true, ..switches }).contains(&"accounting.journals.read"));
    }

    #[test]
    fn the_read_form_opens_the_family_and_nothing_else() {
        assert!(opens("openid accounting.invoices.read", &["accounting.invoices"]));
        assert!(!opens("accounting.reports.aged.read", &["accounting.reports"]));
        assert!(opens("accounting.reports.aged.read", &["accounting.reports", "accounting.reports.aged"]));
    }
}
