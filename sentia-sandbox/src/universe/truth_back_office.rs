//! The truth of what stands behind the orders.

use super::truth::{ShopifyStream, TruthRecord};
use super::{Order, Shop};

impl Shop {
    /// The live records of a stream of the back office; none for other streams.
    pub(super) fn office_truth(
        &self,
        stream: ShopifyStream,
        gid: impl Fn(u64) -> String,
    ) -> Vec<TruthRecord> {
        let office = &self.back_office;
        match stream {
            ShopifyStream::FulfillmentOrders => {
                self.orders.iter().map(|order| fulfillment_order(order, &gid)).collect()
            }
            ShopifyStream::Returns => self
                .returns()
                .map(|(order, r)| {
                    TruthRecord::live(gid(r.id), order.stamp.updated_at)
                        .status(r.status)
                        .amount("totalQuantity", r.total_quantity().into())
                })
                .collect(),
            ShopifyStream::DraftOrders => office
                .drafts
                .iter()
                .map(|draft| {
                    TruthRecord::live(gid(draft.id), draft.stamp.updated_at)
                        .status(draft.status)
                        .amount("subtotalPriceSet", draft.subtotal())
                        .amount("totalPriceSet", draft.total())
                        .amount("totalTaxSet", draft.total_tax())
                })
                .collect(),
            ShopifyStream::Payouts => office
                .payouts
                .iter()
                .map(|payout| {
                    TruthRecord::live(gid(payout.id), payout.issued_at)
                        .status(payout.status)
                        .amount("net", payout.net)
                        .amount("chargesGross", payout.charges)
                        .amount("chargesFee", payout.charge_fees)
                        .amount("refundsFeeGross", payout.refunds)
                        .amount("adjustmentsGross", payout.adjustments)
                })
                .collect(),
            ShopifyStream::BalanceTransactions => office
                .balance
                .iter()
                .map(|movement| {
                    TruthRecord::live(gid(movement.id), movement.at)
                        .amount("amount", movement.amount)
                        .amount("fee", movement.fee)
                        .amount("net", movement.net())
                })
                .collect(),
            _ => vec![],
        }
    }
}

fn fulfillment_order(order: &Order, gid: impl Fn(u64) -> String) -> TruthRecord {
    let fulfillment_order = order.fulfillment_order();
    let remaining: i64 = (0..order.lines.len()).map(|line| order.open_quantity(line)).sum();
    let total: i64 = order.lines.iter().map(|line| line.quantity).sum();
    TruthRecord::live(gid(fulfillment_order.id), fulfillment_order.stamp.updated_at)
        .status(fulfillment_order.status)
        .amount("totalQuantity", total.into())
        .amount("remainingQuantity", remaining.into())
}
