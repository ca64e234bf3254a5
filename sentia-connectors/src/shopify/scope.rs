//! What an answer could see: API version and access scopes, and what it could not.

use sentia_core::finding::Finding;

/// What a list does not show where a scope is missing; nothing in the answer says so.
#[derive(Debug)]
pub(super) struct Hidden {
    /// The scope.
    pub(super) without: &'static str,
    /// The finding's code.
    pub(super) code: &'static str,
    /// What is hidden, and what can be done.
    pub(super) message: &'static str,
}

/// Orders, and what hangs on them, older than 60 days [Admin API schema, type Order].
pub(super) const OLD_ORDERS: Hidden = Hidden {
    without: "read_all_orders",
    code: "last_60_days_only",
    message: "without the scope read_all_orders shopify shows the last 60 days of orders; grant it, then read \
              everything once",
};

/// What an answer could see.
#[derive(Debug)]
pub(super) struct ReadScope {
    pub(super) pinned: String,
    pub(super) served: String,
    pub(super) scopes: Vec<String>,
}

impl ReadScope {
    /// As text that is equal exactly when what can be seen is equal.
    pub(super) fn text(&self) -> String {
        format!("api={} scopes={}", self.served, self.scopes.join(","))
    }

    /// What [`text`](Self::text) says, where `pinned` is asked for.
    pub(super) fn parse(text: &str, pinned: &str) -> Option<Self> {
        let (served, scopes) = text.strip_prefix("api=")?.split_once(" scopes=")?;
        let scopes = scopes.split(',').filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
        Some(ReadScope { pinned: pinned.to_owned(), served: served.to_owned(), scopes })
    }

    /// True where `scope` was granted.
    pub(super) fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }

    /// What somebody should know: what is hidden, and that another version answers than the pinned one. Shopify does
    /// not refuse a version that ran out: it serves a newer one [shopify.dev "About Shopify API versioning"].
    pub(super) fn findings(&self, hidden: &[Hidden]) -> Vec<Finding> {
        let hidden = hidden.iter().filter(|hidden| !self.has(hidden.without));
        let hidden = hidden.map(|hidden| Finding::hides(hidden.code, hidden.message));
        let forward = (self.served != self.pinned).then(|| {
            let (pinned, served) = (&self.pinned, &self.served);
            let message =
                format!("shopify answers with api version {served}, not {pinned}; pin one it still serves");
            Finding::notice("api_version_fell_forward", message)
        });
        hidden.chain(forward).collect()
    }
}

#[cfg(test)]
mod tests {
    use sentia_core::finding::Effect;

    use super::*;

    #[test]
    fn what_is_hidden_and_who_answers_is_found() {
        let scope = |served: &str, scopes: &[&str]| ReadScope {
            pinned: "2026-07".to_owned(),
            served: served.to_owned(),
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        };
        for scopes in [&[][..], &["read_orders"], &["read_all_orders", "read_orders"]] {
            let scope = scope("2026-10", scopes);
            let again = ReadScope::parse(&scope.text(), "2026-07").expect("reads back");
            assert_eq!(
                (again.text(), again.findings(&[OLD_ORDERS])),
                (scope.text(), scope.findings(&[OLD_ORDERS]))
            );
        }
        assert_eq!(scope("2026-07", &["read_all_orders"]).findings(&[OLD_ORDERS]), []);
        assert_eq!(scope("2026-07", &[]).findings(&[]), []);
        let found = scope("2026-10", &["read_orders"]).findings(&[OLD_ORDERS]);
        let found: Vec<_> = found.iter().map(|found| (found.code.as_str(), found.effect)).collect();
        assert_eq!(
            found,
            [("last_60_days_only", Effect::Hides), ("api_version_fell_forward", Effect::Notice)]
        );
    }
}
