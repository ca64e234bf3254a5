//! What a test may set about a Shopify twin.

use chrono::TimeDelta;

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
}

impl Default for Settings {
    fn default() -> Self {
        let scopes = [
            "read_all_orders",
            "read_customers",
            "read_fulfillments",
            "read_inventory",
            "read_locations",
            "read_orders",
            "read_products",
            "read_returns",
        ];
        Self {
            pacing: Pacing::Real,
            throttle_form: ThrottleForm::Status200,
            index_lag: TimeDelta::zero(),
            pagination_wall: 25_000,
            scopes: scopes.map(str::to_owned).to_vec(),
        }
    }
}
