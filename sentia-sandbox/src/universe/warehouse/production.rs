//! What happens in the works: goods are assembled, components ordered, stock counted, adjusted and moved.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use super::documents::{
    Adjustment, AdjustmentLine, Assembly, Count, CountLine, Part, PurchaseOrder, Transfer,
};
use super::{LEEDS, WORKS, Warehousing, london_day};
use crate::universe::Universe;
use crate::universe::ordering::cents;

impl Warehousing {
    /// The history of the works, in the order of time, and one order with its invoice that was entered twice and
    /// deleted, so that there is always something that plain lists hide.
    pub(super) fn history(&mut self, universe: &Universe, start: DateTime<Utc>) {
        let length = (universe.now - start).num_milliseconds() - 1;
        let (events, mut agenda) = (universe.size.products_per_shop * 3 + 12, vec![]);
        for ordinal in 0..events {
            agenda.push((start + TimeDelta::milliseconds(self.rng.between(0, length)), ordinal));
        }
        agenda.sort_unstable();
        for (at, ordinal) in agenda {
            match ordinal % 6 {
                0 | 1 => {
                    if let Some(assembly) = self.plan_assembly(at)
                        && ordinal % 12 > 1
                    {
                        self.complete_assembly(assembly, (at + TimeDelta::hours(5)).min(universe.now));
                    }
                }
                2 => {
                    if let Some(order) = self.order_components(at)
                        && ordinal % 12 > 2
                    {
                        self.place_purchase_order(order, (at + TimeDelta::hours(3)).min(universe.now));
                    }
                }
                3 => {
                    let product = self.any_component();
                    let level = Decimal::new(self.rng.between(0, 90_000_000), 4);
                    self.adjust_stock(product, WORKS, level, at);
                }
                4 => {
                    let product = self.any_component();
                    self.transfer_stock(product, Decimal::from(5), (WORKS, LEEDS), at);
                }
                _ => self.count_stock(WORKS, at),
            }
        }
        self.duplicate_and_delete(universe.now);
    }

    fn duplicate_and_delete(&mut self, now: DateTime<Utc>) {
        let Some(original) = self.invoices.first().cloned() else { return };
        let at = now - TimeDelta::hours(7);
        let mut order = self.sales_orders[original.order].clone();
        (order.record, order.number) = (self.record(at), self.number("SO-"));
        (order.status, order.source) = ("Deleted", None);
        order.lines.iter_mut().for_each(|line| line.id = self.rng.guid());
        self.sales_orders.push(order);
        let mut invoice = original;
        (invoice.record, invoice.number) = (self.record(at), format!("{}-2", invoice.number));
        (invoice.status, invoice.order) = ("Deleted", self.sales_orders.len() - 1);
        invoice.lines.iter_mut().for_each(|line| line.id = self.rng.guid());
        self.invoices.push(invoice);
    }

    pub(super) fn any_component(&mut self) -> usize {
        let components = self.products.iter().take_while(|product| product.component).count();
        self.rng.index(components.max(1))
    }

    pub(super) fn plan_assembly(&mut self, at: DateTime<Utc>) -> Option<usize> {
        let bills: Vec<usize> = (0..self.bills.len()).filter(|bill| !self.bills[*bill].obsolete).collect();
        if bills.is_empty() {
            return None;
        }
        let bill = self.bills[*self.rng.pick(&bills)].clone();
        let quantity = Decimal::from(self.rng.between(1, 40));
        let parts = bill.parts.iter().map(|part| Part {
            id: self.rng.guid(),
            product: part.product,
            quantity: part.quantity * quantity,
        });
        let parts: Vec<Part> = parts.collect();
        let cost = parts.iter().map(|part| part.quantity * self.products[part.product].cost).sum::<Decimal>();
        let (record, number, date) = (self.record(at), self.number("ASM-"), london_day(at));
        self.assemblies.push(Assembly {
            record,
            number,
            date,
            by: date + TimeDelta::days(2),
            status: "Parked",
            quantity,
            product: bill.product,
            parts,
            cost: cost.round_dp(14),
        });
        Some(self.assemblies.len() - 1)
    }

    /// Components leave the works' shelf, the goods come onto it.
    pub(super) fn complete_assembly(&mut self, assembly: usize, at: DateTime<Utc>) -> bool {
        let Some(known) = self.assemblies.get_mut(assembly) else { return false };
        if known.status != "Parked" || known.record.gone.is_some() {
            return false;
        }
        known.status = "Completed";
        known.record.touch(at);
        let (product, quantity, parts) = (known.product, known.quantity, known.parts.clone());
        for part in parts {
            self.move_stock(part.product, WORKS, -part.quantity, at);
        }
        self.move_stock(product, WORKS, quantity, at);
        true
    }

    pub(super) fn order_components(&mut self, at: DateTime<Utc>) -> Option<usize> {
        if self.suppliers.is_empty() {
            return None;
        }
        let count = self.rng.between(1, 4);
        let mut lines = Vec::new();
        for _ in 0..count {
            let product = self.any_component();
            let quantity = Decimal::new(self.rng.between(10_000, 5_000_000), 4);
            let price = self.products[product].last_cost.unwrap_or(Decimal::ONE);
            let total = cents(quantity * price);
            let tax = cents(total / Decimal::from(5));
            lines.push(self.line(product, quantity, price, Decimal::ZERO, (total, tax)));
        }
        let supplier = self.rng.index(self.suppliers.len());
        let (record, number, date) = (self.record(at), self.number("PO-"), london_day(at));
        self.purchase_orders.push(PurchaseOrder {
            record,
            number,
            date,
            completed: None,
            status: "Parked",
            supplier,
            warehouse: WORKS,
            comments: None,
            lines,
        });
        Some(self.purchase_orders.len() - 1)
    }

    pub(super) fn place_purchase_order(&mut self, order: usize, at: DateTime<Utc>) -> bool {
        let Some(known) = self.purchase_orders.get_mut(order) else { return false };
        if known.status != "Parked" || known.record.gone.is_some() {
            return false;
        }
        known.status = "Placed";
        known.record.touch(at);
        let lines: Vec<(usize, Decimal)> = known.lines.iter().map(|l| (l.product, l.quantity)).collect();
        for (product, quantity) in lines {
            let row = self.stock_mut(product, WORKS, at);
            row.on_purchase += quantity;
            row.record.touch(at);
        }
        true
    }

    pub(super) fn adjust_stock(
        &mut self,
        product: usize,
        warehouse: usize,
        level: Decimal,
        at: DateTime<Utc>,
    ) {
        let row = self.stock_mut(product, warehouse, at);
        row.on_hand = level;
        row.record.touch(at);
        let value = (level * self.products[product].cost)
            .round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero);
        let line = AdjustmentLine { id: self.rng.guid(), product, quantity: level, value };
        let (record, number, date) = (self.record(at), self.number("SA-"), london_day(at));
        let (reason, lines) = ("Stock count", vec![line]);
        self.adjustments.push(Adjustment { record, number, date, reason, warehouse, lines });
    }

    pub(super) fn transfer_stock(
        &mut self,
        product: usize,
        quantity: Decimal,
        (source, destination): (usize, usize),
        at: DateTime<Utc>,
    ) {
        self.move_stock(product, source, -quantity, at);
        self.move_stock(product, destination, quantity, at);
        let parts = vec![Part { id: self.rng.guid(), product, quantity }];
        let (record, number, date) = (self.record(at), self.number("WT-"), london_day(at));
        let status = "Completed";
        self.transfers.push(Transfer { record, number, date, status, source, destination, parts });
    }

    /// Counts the first few rows of a warehouse and finds them right.
    pub(super) fn count_stock(&mut self, warehouse: usize, at: DateTime<Utc>) {
        let rows: Vec<(usize, Decimal)> = self
            .stock
            .iter()
            .filter(|row| row.warehouse == warehouse)
            .take(5)
            .map(|row| (row.product, row.on_hand))
            .collect();
        let lines = rows.into_iter().map(|(product, on_hand)| CountLine {
            id: self.rng.guid(),
            product,
            on_hand,
            counted: on_hand,
        });
        let lines: Vec<CountLine> = lines.collect();
        let (record, code, date) = (self.record(at), self.number("ST-"), london_day(at));
        self.counts.push(Count { record, code, date, completed: Some(at), warehouse, lines });
    }
}
