//! Fulfillment orders: what a location is asked to ship. Each order has one, which follows from the order alone.

use super::{Order, OrderLine, Stamp};

/// The fulfillment order of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FulfillmentOrder {
    /// Numeric id, next to the order's.
    pub id: u64,
    /// OPEN, IN_PROGRESS, CLOSED or CANCELLED; the last two hide from plain lists.
    pub status: &'static str,
    /// Times of its own: parcels and refunds move it, other changes of the order do not.
    pub stamp: Stamp,
}

impl FulfillmentOrder {
    /// True when plain lists hide it.
    pub fn closed(&self) -> bool {
        matches!(self.status, "CLOSED" | "CANCELLED")
    }
}

impl OrderLine {
    /// The id of its line in the fulfillment order: its own with one added, as ids of the shop are odd.
    pub fn fulfillment_order_line_id(&self) -> u64 {
        self.id + 1
    }
}

impl Order {
    /// What a location is asked to ship of this order.
    pub fn fulfillment_order(&self) -> FulfillmentOrder {
        let open = (0..self.lines.len()).any(|line| self.open_quantity(line) > 0);
        let status = match (open, self.fulfillments.is_empty()) {
            (true, true) => "OPEN",
            (true, false) => "IN_PROGRESS",
            (false, true) => "CANCELLED",
            (false, false) => "CLOSED",
        };
        let created_at = self.stamp.created_at;
        let sent = self.fulfillments.iter().map(|sent| sent.stamp.created_at);
        let mut moments: Vec<_> = sent.chain(self.refunds.iter().map(|r| r.stamp.created_at)).collect();
        moments.sort_unstable();
        let updated_at = moments.pop().unwrap_or(created_at);
        let previous = (updated_at > created_at).then(|| moments.pop().unwrap_or(created_at));
        FulfillmentOrder { id: self.id + 1, status, stamp: Stamp { created_at, updated_at, previous } }
    }

    /// How many of a line are neither shipped nor given back.
    pub fn open_quantity(&self, line: usize) -> i64 {
        (self.lines[line].quantity - self.fulfilled_quantity(line) - self.refunded_quantity(line)).max(0)
    }
}
