//! The payments account: what buyers paid, what the service kept, and what reached the bank.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// A movement of the payments account.
#[derive(Clone, Debug, PartialEq)]
pub struct BalanceTransaction {
    /// Numeric id.
    pub id: u64,
    /// CHARGE, REFUND, ADJUSTMENT or TRANSFER.
    pub kind: &'static str,
    /// CHARGE, REFUND, ADJUSTMENT or TRANSFER, as the source is called.
    pub source: &'static str,
    /// Before fees; negative for money that leaves.
    pub amount: Decimal,
    /// What the service keeps, never negative.
    pub fee: Decimal,
    /// The order and its name, where one is behind it.
    pub order: Option<(u64, String)>,
    /// The order's transaction, where one is behind it.
    pub transaction: Option<u64>,
    /// The numeric id of what caused it.
    pub source_id: u64,
    /// Why, for adjustments.
    pub reason: Option<&'static str>,
    /// Whether it was made in test mode; such money is never paid out.
    pub test: bool,
    /// The payout that holds it; none while it waits.
    pub payout: Option<u64>,
    /// When it was processed.
    pub at: DateTime<Utc>,
}

impl BalanceTransaction {
    /// The amount less the fee.
    pub fn net(&self) -> Decimal {
        self.amount - self.fee
    }
}

/// Money sent to the bank.
#[derive(Clone, Debug, PartialEq)]
pub struct Payout {
    /// Numeric id.
    pub id: u64,
    /// SCHEDULED, PAID or FAILED; it changes days after the issue, and no time says so.
    pub status: &'static str,
    /// When it was issued, at midnight UTC.
    pub issued_at: DateTime<Utc>,
    /// Sum of what it holds, fees taken off; negative for a withdrawal.
    pub net: Decimal,
    /// Charges before fees.
    pub charges: Decimal,
    /// Fees of the charges.
    pub charge_fees: Decimal,
    /// Refunds, negative.
    pub refunds: Decimal,
    /// Adjustments, negative where the service takes.
    pub adjustments: Decimal,
}

impl Payout {
    /// DEPOSIT or WITHDRAWAL.
    pub fn direction(&self) -> &'static str {
        if self.net < Decimal::ZERO { "WITHDRAWAL" } else { "DEPOSIT" }
    }
}
