//! Returns: goods on their way back.

use chrono::{DateTime, Utc};

use super::{Order, Region, Shop, Stamp, Universe};

/// Goods that a buyer sends back. It has no updated-at of its own: its order's moves.
#[derive(Clone, Debug)]
pub struct Return {
    /// Numeric id.
    pub id: u64,
    /// Order id.
    pub order: u64,
    /// `#1001-R1`.
    pub name: String,
    /// REQUESTED, OPEN, CLOSED, DECLINED or CANCELED.
    pub status: &'static str,
    /// What comes back.
    pub lines: Vec<ReturnLine>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When the merchant agreed.
    pub approved_at: Option<DateTime<Utc>>,
    /// When it was done.
    pub closed_at: Option<DateTime<Utc>>,
}

impl Return {
    /// Pieces of all lines.
    pub fn total_quantity(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }
}

/// One line of a return.
#[derive(Clone, Debug)]
pub struct ReturnLine {
    /// Numeric id.
    pub id: u64,
    /// Id of the fulfillment line that comes back.
    pub fulfillment_line: u64,
    /// Position of the order line.
    pub line: usize,
    /// How many.
    pub quantity: i64,
    /// How many of them were given back in money.
    pub refunded: i64,
    /// DEFECTIVE, UNWANTED ...
    pub reason: &'static str,
}

impl Universe {
    /// The buyer of a shipped order asks to send one piece of each of the first `lines` shipped lines back. Gives the
    /// return's id; none when nothing was shipped.
    pub fn request_return(&mut self, region: Region, order: u64, lines: usize) -> Option<u64> {
        let now = self.now;
        let id = self.shop_mut(region).add_return(order, lines, "REQUESTED", now)?;
        self.touch_for_return(region, order);
        Some(id)
    }

    /// The merchant agrees: REQUESTED becomes OPEN.
    pub fn approve_return(&mut self, region: Region, id: u64) {
        self.move_return(region, id, "REQUESTED", "OPEN");
    }

    /// The merchant refuses: REQUESTED becomes DECLINED.
    pub fn decline_return(&mut self, region: Region, id: u64) {
        self.move_return(region, id, "REQUESTED", "DECLINED");
    }

    /// The goods are back: OPEN becomes CLOSED.
    pub fn close_return(&mut self, region: Region, id: u64) {
        self.move_return(region, id, "OPEN", "CLOSED");
    }

    fn move_return(&mut self, region: Region, id: u64, from: &str, to: &'static str) {
        let at = Stamp::new(self.now).created_at;
        let returns = &mut self.shop_mut(region).back_office.returns;
        let Some(target) = returns.iter_mut().find(|r| r.id == id && r.status == from) else { return };
        target.status = to;
        match to {
            "OPEN" => target.approved_at = Some(at),
            "CLOSED" => target.closed_at = Some(at),
            _ => {}
        }
        let order = target.order;
        self.touch_for_return(region, order);
    }

    fn touch_for_return(&mut self, region: Region, order: u64) {
        let now = self.now;
        if let Some(order) = self.shop_mut(region).order_mut(order) {
            order.stamp.touch(now);
        }
    }

    /// Refunded goods that were shipped came back as a return; of the other parcels some are on their way back. Every
    /// return stands at a moment at which its order changed anyway, so that the orders stay as they were.
    pub(super) fn history_of_returns(&mut self, region: Region) {
        let shop = self.shop_mut(region);
        let shipped: Vec<(u64, DateTime<Utc>, Option<DateTime<Utc>>)> = shop
            .orders
            .iter()
            .filter(|order| !order.fulfillments.is_empty())
            .map(|order| {
                (
                    order.id,
                    order.stamp.updated_at,
                    order.refunds.first().map(|refund| refund.stamp.created_at),
                )
            })
            .collect();
        for (ordinal, (order, updated_at, refunded_at)) in shipped.into_iter().enumerate() {
            match refunded_at {
                Some(at) => {
                    shop.add_return(order, usize::MAX, "CLOSED", at);
                }
                None if ordinal % 8 < 3 => {
                    let status = ["REQUESTED", "OPEN", "DECLINED"][ordinal % 8];
                    shop.add_return(order, 2, status, updated_at);
                }
                None => {}
            }
        }
    }
}

impl Shop {
    fn add_return(
        &mut self,
        order: u64,
        lines: usize,
        status: &'static str,
        at: DateTime<Utc>,
    ) -> Option<u64> {
        let at = Stamp::new(at).created_at;
        let before = self.back_office.returns_of(order).count();
        let order = self.order(order)?;
        let (order_id, name) = (order.id, format!("{}-R{}", order.name(), before + 1));
        let parts = returnable(order, status == "CLOSED");
        if parts.is_empty() {
            return None;
        }
        let closed = status == "CLOSED";
        let id = self.back_office.fresh_id();
        let lines = parts.into_iter().take(lines).map(|(fulfillment_line, line)| ReturnLine {
            id: self.back_office.fresh_id(),
            fulfillment_line,
            line,
            quantity: 1,
            refunded: i64::from(closed),
            reason: ["DEFECTIVE", "UNWANTED", "SIZE_TOO_SMALL"][line % 3],
        });
        let lines = lines.collect();
        let place = self.back_office.returns.len();
        self.back_office.returns.push(Return {
            id,
            order: order_id,
            name,
            status,
            lines,
            created_at: at,
            approved_at: (closed || status == "OPEN").then_some(at),
            closed_at: closed.then_some(at),
        });
        self.back_office.returns_of.entry(order_id).or_default().push(place);
        Some(id)
    }
}

/// Shipped lines with the position of their order line: those that were refunded, or all.
fn returnable(order: &Order, refunded: bool) -> Vec<(u64, usize)> {
    let lines = order.fulfillments.iter().flat_map(|sent| &sent.lines);
    lines
        .filter(|sent| !refunded || order.refunded_quantity(sent.line) > 0)
        .map(|sent| (sent.id, sent.line))
        .collect()
}
