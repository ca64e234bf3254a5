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
            ShopifyStream::FulfillmentOrderLines
            | ShopifyStream::ReturnLines
            | ShopifyStream::DraftOrderLines => self.office_lines(stream, gid),
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

    /// What fulfillment orders, returns and drafts are made of; lines carry their parent's updated-at.
    fn office_lines(&self, stream: ShopifyStream, gid: impl Fn(u64) -> String) -> Vec<TruthRecord> {
        match stream {
            ShopifyStream::FulfillmentOrderLines => {
                let lines = self.orders.iter().flat_map(|o| (0..o.lines.len()).map(move |at| (o, at)));
                lines
                    .map(|(order, at)| {
                        let line = &order.lines[at];
                        let at_work = order.fulfillment_order().stamp.updated_at;
                        TruthRecord::live(gid(line.fulfillment_order_line_id()), at_work)
                            .amount("totalQuantity", line.quantity.into())
                            .amount("remainingQuantity", order.open_quantity(at).into())
                    })
                    .collect()
            }
            ShopifyStream::ReturnLines => {
                let lines = self.returns().flat_map(|(o, r)| r.lines.iter().map(move |line| (o, line)));
                lines
                    .map(|(order, line)| {
                        TruthRecord::live(gid(line.id), order.stamp.updated_at)
                            .amount("quantity", line.quantity.into())
                            .amount("refundedQuantity", line.refunded.into())
                    })
                    .collect()
            }
            _ => {
                let drafts = self.back_office.drafts.iter();
                let lines = drafts.flat_map(|draft| draft.lines.iter().map(move |line| (draft, line)));
                lines
                    .map(|(draft, line)| {
                        TruthRecord::live(gid(line.id), draft.stamp.updated_at)
                            .amount("quantity", line.quantity.into())
                            .amount("discountedTotalSet", line.discounted_total())
                    })
                    .collect()
            }
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
