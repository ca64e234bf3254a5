//! `payouts`: what Shopify Payments sent to the bank, or took from it.

use std::time::Duration;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::shopify::{
    query::PAYOUTS,
    search::Search,
    walk::{Absent, List},
    wire::{Money, Stamp, Whole},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A payout's status changes for days after its issue, and no time says so.
pub(super) const SETTLING: Duration = DAY.saturating_mul(30);

/// A payout is found by the time of its issue, which may be a day's beginning while it appears in the course of the
/// day; two days are enough in every time zone.
pub(super) const LATE: Duration = DAY.saturating_mul(2);

/// What is read of the payments account needs both.
pub(super) const SCOPES: [&str; 2] = ["read_shopify_payments_payouts", "read_shopify_payments_accounts"];

/// A shop without Shopify Payments has no account, and no payouts.
pub(super) static LIST: List =
    List { absent: Absent::Nothing, ..List::new(&PAYOUTS, 250, Search::Seconds("issued_at")) };

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payout {
    id: Text,
    legacy_resource_id: Option<Whole>,
    issued_at: Stamp,
    status: Option<Text>,
    transaction_type: Option<Text>,
    external_trace_id: Option<Text>,
    net: Option<Money>,
    summary: Option<Summary>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    charges_gross: Option<Money>,
    charges_fee: Option<Money>,
    /// Refunds before fees, despite its name (schema, `ShopifyPaymentsPayoutSummary`).
    refunds_fee_gross: Option<Money>,
    refunds_fee: Option<Money>,
    adjustments_gross: Option<Money>,
    adjustments_fee: Option<Money>,
    advance_gross: Option<Money>,
    advance_fees: Option<Money>,
    reserved_funds_gross: Option<Money>,
    reserved_funds_fee: Option<Money>,
    retried_payouts_gross: Option<Money>,
    retried_payouts_fee: Option<Money>,
}

/// The amount alone: a payout has one currency.
fn amount(money: &Option<Money>) -> Option<Exact> {
    money.as_ref().map(|money| money.amount)
}

pub(super) fn stream() -> Stream<Payout> {
    Stream::new("payouts", "id", |payout: &Payout| payout.id.clone())
        .describe("money that Shopify Payments sent to the bank")
        .scopes(&SCOPES)
        .reread_window(SETTLING)
        .version(|payout| Some(payout.issued_at.version()))
        .incremental("issuedAt", LATE)
        .max_page(250)
        .columns(
            Fields::<Payout>::new()
                .integer("legacy_id", |payout| payout.legacy_resource_id.map(|id| id.0))
                .timestamp("issued_at", |payout| Some(payout.issued_at.at))
                .text("status", |payout| payout.status.clone())
                .text("direction", |payout| payout.transaction_type.clone())
                .text("trace_id", |payout| payout.external_trace_id.clone())
                .amount("net", |payout| amount(&payout.net))
                .text("currency", |payout| payout.net.as_ref().map(|money| money.currency_code.clone()))
                .amount("charges_gross", |payout| amount(&payout.summary.as_ref()?.charges_gross))
                .amount("charges_fee", |payout| amount(&payout.summary.as_ref()?.charges_fee))
                .amount("refunds_gross", |payout| amount(&payout.summary.as_ref()?.refunds_fee_gross))
                .amount("refunds_fee", |payout| amount(&payout.summary.as_ref()?.refunds_fee))
                .amount("adjustments_gross", |payout| amount(&payout.summary.as_ref()?.adjustments_gross))
                .amount("adjustments_fee", |payout| amount(&payout.summary.as_ref()?.adjustments_fee))
                .amount("advances_gross", |payout| amount(&payout.summary.as_ref()?.advance_gross))
                .amount("advances_fee", |payout| amount(&payout.summary.as_ref()?.advance_fees))
                .amount("reserved_gross", |payout| amount(&payout.summary.as_ref()?.reserved_funds_gross))
                .amount("reserved_fee", |payout| amount(&payout.summary.as_ref()?.reserved_funds_fee))
                .amount("retried_gross", |payout| amount(&payout.summary.as_ref()?.retried_payouts_gross))
                .amount("retried_fee", |payout| amount(&payout.summary.as_ref()?.retried_payouts_fee)),
        )
}

#[cfg(test)]
mod tests {
    use sentia_core::Value;

    use super::*;

    #[test]
    fn a_withdrawal_is_negative_and_the_summary_is_taken_apart() {
        let record = stream().decode(include_str!("../fixtures/payout.json").into()).expect("readable");
        let amount = |text: &str| Value::Amount(text.parse().expect("decimal"));
        assert_eq!(record.key, "gid://shopify/ShopifyPaymentsPayout/623721858146154508");
        assert_eq!(record.values[3], Value::Text("WITHDRAWAL".into()));
        assert_eq!((&record.values[5], &record.values[6]), (&amount("-12.5"), &Value::Text("GBP".into())));
        let summary: Vec<_> = record.values[7..].iter().collect();
        let expected = ["10.0", "0.59", "-20.0", "0", "-1.91", "0", "0", "0", "0", "0", "0", "0"].map(amount);
        assert_eq!(summary, expected.iter().collect::<Vec<_>>());
    }
}
