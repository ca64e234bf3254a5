//! What a test may set about a Shopify twin.

use chrono::TimeDelta;

use super::bulk::BulkPace;
use super::catalog_fields::VERSIONS;
use crate::pacing::Pacing;

/// In which form a twin says that the bucket is empty; the vendor's own sources disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ThrottleForm {
    /// Status 200 with a THROTTLED error and no `Retry-After`.
    #[default]
    Status200,
    /// Status 429 with the same body and `Retry-After: 2.0`.
    Status429,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) pacing: Pacing,
    pub(crate) throttle_form: ThrottleForm,
    pub(crate) index_lag: TimeDelta,
    pub(crate) pagination_wall: usize,
    pub(crate) scopes: Vec<String>,
    /// Whether the shop has Shopify Payments.
    pub(crate) payments: bool,
    /// Versions before this one have run out.
    pub(crate) oldest_version: &'static str,
    /// The version of webhook bodies, which the app's configuration sets.
    pub(crate) webhook_version: &'static str,
    pub(crate) bulk_pace: BulkPace,
    /// How many bulk queries may run at a time.
    pub(crate) bulk_limit: usize,
    /// Whether a retry of a delivery keeps its webhook id; the vendor's sources disagree.
    pub(crate) stable_webhook_ids: bool,
    /// How often the access token was sent to the storage host.
    pub(crate) leaked_tokens: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let scopes = [
            "read_all_orders",
            "read_assigned_fulfillment_orders",
            "read_customers",
            "read_draft_orders",
            "read_fulfillments",
            "read_inventory",
            "read_locations",
            "read_merchant_managed_fulfillment_orders",
            "read_orders",
            "read_products",
            "read_returns",
            "read_shopify_payments_accounts",
            "read_shopify_payments_payouts",
            "read_third_party_fulfillment_orders",
        ];
        Self {
            pacing: Pacing::Real,
            throttle_form: ThrottleForm::Status200,
            index_lag: TimeDelta::zero(),
            pagination_wall: 25_000,
            scopes: scopes.map(str::to_owned).to_vec(),
            payments: true,
            oldest_version: VERSIONS[0].0,
            webhook_version: "2026-07",
            bulk_pace: BulkPace::default(),
            bulk_limit: 5,
            stable_webhook_ids: true,
            leaked_tokens: 0,
        }
    }
}
