//! How money moves on the payments account: charges and refunds come in, payouts take them to the bank.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::ordering::cents;
use super::payments::{BalanceTransaction, Payout};
use super::{Region, Shop, Stamp, Universe};

/// How many days after the day of its movements a payout is issued.
const DELAY_DAYS: i64 = 3;
/// How many days after its issue the money is in the bank.
const TRANSFER_DAYS: i64 = 2;

impl Universe {
    /// Books the latest transaction of an order into the payments account, if it went through it.
    pub(super) fn bank_latest(&mut self, region: Region, order: u64) {
        let shop = self.shop_mut(region);
        let Some(order) = shop.order(order) else { return };
        let Some(transaction) = order.transactions.last().filter(|t| t.gateway == "shopify_payments") else {
            return;
        };
        let charge = transaction.kind == "SALE";
        let amount = if charge { transaction.amount } else { -transaction.amount };
        let mut movement = BalanceTransaction {
            id: 0,
            kind: if charge { "CHARGE" } else { "REFUND" },
            source: if charge { "CHARGE" } else { "REFUND" },
            amount,
            fee: if charge { fee(region, amount) } else { Decimal::ZERO },
            order: Some((order.id, order.name())),
            transaction: Some(transaction.id),
            source_id: transaction.id + 1,
            reason: None,
            test: order.test,
            payout: None,
            at: transaction.processed_at,
        };
        let adjusted = charge && order.number % 7 == 0;
        movement.id = shop.back_office.fresh_id();
        let at = movement.at;
        shop.back_office.add(movement);
        if adjusted {
            shop.adjust(at);
        }
    }

    /// Issues the payouts that are due and moves the older ones on.
    pub fn settle_payouts(&mut self) {
        let now = self.now;
        self.shop_uk.settle(now);
        self.shop_usa.settle(now);
    }
}

impl super::BackOffice {
    fn add(&mut self, movement: BalanceTransaction) {
        if !movement.test && movement.payout.is_none() {
            self.unsettled.push(self.balance.len());
        }
        self.balance.push(movement);
    }
}

impl Shop {
    fn adjust(&mut self, at: DateTime<Utc>) {
        let id = self.back_office.fresh_id();
        self.back_office.add(BalanceTransaction {
            id,
            kind: "ADJUSTMENT",
            source: "ADJUSTMENT",
            amount: Decimal::new(-150, 2),
            fee: Decimal::ZERO,
            order: None,
            transaction: None,
            source_id: id + 1,
            reason: Some("Address verification"),
            test: false,
            payout: None,
            at,
        });
    }

    fn settle(&mut self, now: DateTime<Utc>) {
        let midnight = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc();
        while let Some(day) =
            self.back_office.unsettled.first().map(|at| self.back_office.balance[*at].at.date_naive())
        {
            let issued_at = midnight(day + TimeDelta::days(DELAY_DAYS));
            if issued_at > now {
                break;
            }
            self.issue(day, issued_at);
        }
        let transfer = TimeDelta::days(TRANSFER_DAYS);
        for (at, payout) in self.back_office.payouts.iter_mut().enumerate() {
            if payout.status == "SCHEDULED" && payout.issued_at + transfer <= now {
                payout.status = if at % 23 == 7 { "FAILED" } else { "PAID" };
            }
        }
    }

    /// One payout for what moved on a day, and the movement that takes it off the account.
    fn issue(&mut self, day: NaiveDate, issued_at: DateTime<Utc>) {
        let office = &mut self.back_office;
        let (held, later): (Vec<usize>, Vec<usize>) = std::mem::take(&mut office.unsettled)
            .into_iter()
            .partition(|at| office.balance[*at].at.date_naive() <= day);
        office.unsettled = later;
        let id = office.fresh_id();
        let sum = |kind: &str, part: fn(&BalanceTransaction) -> Decimal| -> Decimal {
            held.iter().map(|at| &office.balance[*at]).filter(|m| m.kind == kind).map(part).sum()
        };
        let payout = Payout {
            id,
            status: "SCHEDULED",
            issued_at,
            net: held.iter().map(|at| office.balance[*at].net()).sum(),
            charges: sum("CHARGE", |m| m.amount),
            charge_fees: sum("CHARGE", |m| m.fee),
            refunds: sum("REFUND", |m| m.amount),
            adjustments: sum("ADJUSTMENT", |m| m.amount),
        };
        for at in held {
            office.balance[at].payout = Some(id);
        }
        let transfer = BalanceTransaction {
            id: office.fresh_id(),
            kind: "TRANSFER",
            source: "TRANSFER",
            amount: -payout.net,
            fee: Decimal::ZERO,
            order: None,
            transaction: None,
            source_id: id,
            reason: None,
            test: false,
            payout: Some(id),
            at: Stamp::new(issued_at).created_at,
        };
        office.payouts.push(payout);
        office.add(transfer);
    }
}

/// What the service keeps of a charge.
fn fee(region: Region, amount: Decimal) -> Decimal {
    let (rate, fixed) = match region {
        Region::Uk => (Decimal::new(20, 3), Decimal::new(25, 2)),
        Region::Usa => (Decimal::new(29, 3), Decimal::new(30, 2)),
    };
    cents(amount * rate) + fixed
}
