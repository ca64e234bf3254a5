//! What happens in a seller account: orders come, ship, go; goods move; offers change.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::genesis::code;
use super::{
    FbaReturn, FbaStock, FulfilledBy, LedgerEvent, MarketBuyer, MarketOrder, MarketOrderItem,
    MarketOrderStatus, MarketPackage, MarketTransaction, SellerAccount,
};
use crate::universe::ordering::cents;

const CENTERS: [&str; 4] = ["LBA2", "BHX4", "DUS2", "ABE8"];

impl SellerAccount {
    /// A buyer orders one to three products that the same party ships; nothing where nothing is for sale.
    pub(super) fn place(&mut self, market: usize, at: DateTime<Utc>) -> Option<String> {
        let wanted = self.rng.between(1, 3) as usize;
        let chosen = self.choose_listings(market, wanted)?;
        let by = self.listings[chosen[0]].by;
        let on_amazon = by == FulfilledBy::Merchant || !self.rng.percent(4);
        let mut items = Vec::new();
        for listing in chosen {
            let item = self.new_item(listing);
            items.push(item);
        }
        let business = self.rng.percent(15);
        let mut programs = vec![];
        if by == FulfilledBy::Amazon && on_amazon {
            programs.push("PRIME");
        }
        if business {
            programs.push("AMAZON_BUSINESS");
        }
        let (id, mut buyer) = (self.new_order_id(market), self.pick_buyer(market));
        buyer.po_number =
            (business && self.rng.percent(50)).then(|| format!("PO-{}", self.rng.between(1_000, 9_999)));
        let at = at.trunc_subsecs(0);
        let order = MarketOrder {
            id: id.clone(),
            market,
            created_at: at,
            updated_at: at,
            status: MarketOrderStatus::Pending,
            by,
            on_amazon,
            programs,
            replaces: None,
            buyer,
            items,
            packages: vec![],
        };
        self.reserve(&order, at);
        self.orders.push(order);
        Some(id)
    }

    fn choose_listings(&mut self, market: usize, wanted: usize) -> Option<Vec<usize>> {
        let for_sale: Vec<usize> = (0..self.listings.len())
            .filter(|at| self.listings[*at].market == market && self.listings[*at].buyable)
            .collect();
        if for_sale.is_empty() {
            return None;
        }
        let first = *self.rng.pick(&for_sale);
        let mut chosen = vec![first];
        for _ in 1..wanted {
            let next = *self.rng.pick(&for_sale);
            if self.listings[next].by == self.listings[first].by && !chosen.contains(&next) {
                chosen.push(next);
            }
        }
        Some(chosen)
    }

    fn new_item(&mut self, listing: usize) -> MarketOrderItem {
        let id = format!("{:014}", 20_000_000_000_000 + self.fresh_id() * 1_013);
        let (quantity, discounted) = (self.rng.between(1, 3), self.rng.percent(20));
        let shipping = if self.rng.percent(30) { Decimal::new(399, 2) } else { Decimal::ZERO };
        let promotion = format!("PAWS-V2-{}", code(self.rng.next(), 12));
        let listing = &self.listings[listing];
        let mut item = MarketOrderItem {
            id,
            sku: listing.sku.clone(),
            asin: listing.asin.clone(),
            title: listing.title.clone(),
            quantity,
            shipped: 0,
            unit_price: listing.price,
            discount: Decimal::ZERO,
            shipping,
            tax: Decimal::ZERO,
            promotion: discounted.then_some(promotion),
        };
        if discounted {
            item.discount = cents(item.principal() * Decimal::new(1, 1));
        }
        item.tax = tax_of(self.markets[listing.market].country, item.total(true));
        item
    }

    fn new_order_id(&mut self, market: usize) -> String {
        let first = match self.markets[market].country {
            "GB" => 202,
            "DE" => 302,
            _ => 111,
        } + self.rng.between(0, 3);
        let middle = self.rng.between(0, 9_999_999);
        format!("{first}-{middle:07}-{:07}", self.fresh_id() % 10_000_000)
    }

    fn pick_buyer(&mut self, market: usize) -> MarketBuyer {
        let at = self.rng.index(self.buyers[market].len());
        self.buyers[market][at].clone()
    }

    /// The payment is authorised: prices are told from now on.
    pub(super) fn confirm(&mut self, id: &str, at: DateTime<Utc>) {
        let pending = |order: &&mut MarketOrder| order.status == MarketOrderStatus::Pending;
        if let Some(order) = self.order_mut(id).filter(pending) {
            order.status = MarketOrderStatus::Unshipped;
            order.updated_at = order.updated_at.max(at.trunc_subsecs(0));
        }
    }

    /// What is open leaves, or its first line only if the seller ships and `part` says so. False if nothing left.
    pub(super) fn ship(&mut self, id: &str, part: bool, at: DateTime<Utc>) -> bool {
        let open = |order: &MarketOrder| {
            matches!(order.status, MarketOrderStatus::Unshipped | MarketOrderStatus::PartiallyShipped)
        };
        let Some(place) = self.orders.iter().rposition(|order| order.id == id && open(order)) else {
            return false;
        };
        let mut order = self.orders[place].clone();
        let merchant = order.by == FulfilledBy::Merchant;
        let limit = if part && merchant { 1 } else { usize::MAX };
        let sent: Vec<(usize, i64)> = order
            .items
            .iter()
            .enumerate()
            .map(|(line, item)| (line, item.quantity - item.shipped))
            .filter(|(_, open)| *open > 0)
            .take(limit)
            .collect();
        for (line, quantity) in &sent {
            order.items[*line].shipped += quantity;
        }
        let all = order.items.iter().all(|item| item.shipped == item.quantity);
        order.status = if all { MarketOrderStatus::Shipped } else { MarketOrderStatus::PartiallyShipped };
        let second = at.trunc_subsecs(0);
        order.updated_at = order.updated_at.max(second);
        let shipment = code(self.rng.next(), 9);
        if merchant {
            order.packages.push(MarketPackage {
                id: format!("{}", order.packages.len() + 1),
                shipped_at: second,
                carrier: if order.buyer.country == "US" { "UPS" } else { "DPD" },
                tracking: format!("1597{:010}", self.rng.next() % 10_000_000_000),
                items: sent.clone(),
            });
        } else {
            self.deliver(&order, &sent, &shipment, second);
        }
        self.post_shipment(&order, &sent, shipment, second);
        self.orders[place] = order;
        true
    }

    /// An order that is not shipped is called off.
    pub(super) fn cancel(&mut self, id: &str, at: DateTime<Utc>) {
        let Some(order) = self.order_mut(id) else { return };
        if !matches!(order.status, MarketOrderStatus::Pending | MarketOrderStatus::Unshipped) {
            return;
        }
        order.status = MarketOrderStatus::Cancelled;
        order.updated_at = order.updated_at.max(at.trunc_subsecs(0));
        let order = order.clone();
        self.move_reserved(&order, at, |row, quantity| row.fulfillable += quantity);
    }

    /// One piece of the first line comes back and is paid back. False for what was not shipped.
    pub(super) fn refund(&mut self, id: &str, at: DateTime<Utc>) -> bool {
        let at = at.trunc_subsecs(0);
        let Some(order) = self.order(id).filter(|order| order.items[0].shipped > 0 && order.on_amazon) else {
            return false;
        };
        let is_refund = |t: &&MarketTransaction| t.kind == "Refund" && t.order.as_deref() == Some(id);
        // Newest first, and none is older than its order.
        let since = self.transactions.iter().rev().take_while(|t| t.posted_at >= order.created_at);
        if since.filter(is_refund).count() as i64 >= order.items[0].shipped {
            return false;
        }
        let order = order.clone();
        self.post_refund(&order, at);
        if order.by == FulfilledBy::Amazon {
            self.take_back(&order, at);
        }
        true
    }

    /// The same goods once more, free of charge.
    pub(super) fn replace(&mut self, id: &str, at: DateTime<Utc>) -> Option<String> {
        let original = self.order(id)?.clone();
        let at = at.trunc_subsecs(0);
        let mut order = MarketOrder {
            id: self.new_order_id(original.market),
            created_at: at,
            updated_at: at,
            status: MarketOrderStatus::Unshipped,
            replaces: Some(original.id),
            packages: vec![],
            ..original
        };
        for item in &mut order.items {
            item.id = format!("{:014}", 20_000_000_000_000 + self.fresh_id() * 1_013);
            item.shipped = 0;
            item.promotion = None;
            (item.unit_price, item.discount) = (Decimal::ZERO, Decimal::ZERO);
            (item.shipping, item.tax) = (Decimal::ZERO, Decimal::ZERO);
        }
        self.reserve(&order, at);
        let id = order.id.clone();
        self.orders.push(order);
        Some(id)
    }

    fn sellable(&self, market: usize, sku: &str) -> Option<usize> {
        let wanted = |row: &FbaStock| row.market == market && row.sku == sku && row.condition == "NewItem";
        self.stock.iter().position(wanted)
    }

    fn reserve(&mut self, order: &MarketOrder, at: DateTime<Utc>) {
        if order.by == FulfilledBy::Merchant {
            return;
        }
        for item in &order.items {
            let Some(row) = self.sellable(order.market, &item.sku) else { continue };
            if self.stock[row].fulfillable < item.quantity {
                self.receive_at(row, 300, at);
            }
            let row = &mut self.stock[row];
            row.fulfillable -= item.quantity;
            row.reserved_orders += item.quantity;
            row.updated_at = row.updated_at.max(at);
        }
    }

    fn move_reserved(&mut self, order: &MarketOrder, at: DateTime<Utc>, to: impl Fn(&mut FbaStock, i64)) {
        if order.by == FulfilledBy::Merchant {
            return;
        }
        for item in &order.items {
            if let Some(row) = self.sellable(order.market, &item.sku) {
                let row = &mut self.stock[row];
                row.reserved_orders -= item.quantity;
                to(row, item.quantity);
                row.updated_at = row.updated_at.max(at.trunc_subsecs(0));
            }
        }
    }

    fn deliver(&mut self, order: &MarketOrder, sent: &[(usize, i64)], shipment: &str, at: DateTime<Utc>) {
        self.move_reserved(order, at, |_, _| {});
        for (line, quantity) in sent {
            if let Some(row) = self.sellable(order.market, &order.items[*line].sku) {
                let reference = format!("{shipment}{line}");
                self.note_movement(row, "Shipments", reference, -quantity, "SELLABLE", at);
            }
        }
    }

    fn take_back(&mut self, order: &MarketOrder, at: DateTime<Utc>) {
        let Some(row) = self.sellable(order.market, &order.items[0].sku) else { return };
        let damaged = self.rng.percent(40);
        let disposition = if damaged { "CUSTOMER_DAMAGED" } else { "SELLABLE" };
        let plate = format!("LPNRR{}", code(self.fresh_id(), 9));
        let late = if self.rng.percent(40) { self.rng.between(3_600, 259_200) } else { 0 };
        let stock = &mut self.stock[row];
        if damaged {
            stock.unfulfillable += 1;
        } else {
            stock.fulfillable += 1;
        }
        stock.updated_at = stock.updated_at.max(at);
        let item = &order.items[0];
        self.returns.push(FbaReturn {
            market: order.market,
            returned_at: at,
            visible_at: at + TimeDelta::seconds(late),
            order: order.id.clone(),
            sku: item.sku.clone(),
            asin: item.asin.clone(),
            fn_sku: stock.fn_sku.clone(),
            title: item.title.clone(),
            quantity: 1,
            center: CENTERS[row % CENTERS.len()],
            disposition,
            reason: if damaged { "DEFECTIVE" } else { "UNWANTED_ITEM" },
            plate: plate.clone(),
            comment: if damaged { "Didn’t fit – leg 1\" short, cost me £5" } else { "" },
        });
        self.note_movement(row, "CustomerReturns", plate, 1, disposition, at);
    }

    /// Goods come in from the seller.
    pub(super) fn receive_at(&mut self, row: usize, quantity: i64, at: DateTime<Utc>) {
        self.stock[row].fulfillable += quantity;
        self.stock[row].updated_at = self.stock[row].updated_at.max(at.trunc_subsecs(0));
        let reference = format!("FBA15{}", code(self.fresh_id(), 7));
        self.note_movement(row, "Receipts", reference, quantity, "SELLABLE", at);
    }

    pub(super) fn note_movement(
        &mut self,
        row: usize,
        kind: &'static str,
        reference: String,
        quantity: i64,
        disposition: &'static str,
        at: DateTime<Utc>,
    ) {
        let stock = &self.stock[row];
        self.ledger.push(LedgerEvent {
            market: stock.market,
            at: at.trunc_subsecs(0),
            fn_sku: stock.fn_sku.clone(),
            asin: stock.asin.clone(),
            sku: stock.sku.clone(),
            title: stock.title.clone(),
            kind,
            reference,
            quantity,
            center: CENTERS[row % CENTERS.len()],
            disposition,
        });
    }
}

/// Tax on an amount: inside it in Europe, on top in the USA.
fn tax_of(country: &str, amount: Decimal) -> Decimal {
    match country {
        "GB" => cents(amount * Decimal::from(20) / Decimal::from(120)),
        "DE" => cents(amount * Decimal::from(19) / Decimal::from(119)),
        _ => cents(amount * Decimal::new(8_875, 5)),
    }
}
