//! How the warehouses move on by themselves.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::{LEEDS, WORKS, mirror, orders, people};
use crate::universe::Universe;

/// What one step changed in the warehouses, by the vendor's ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WarehouseChanges {
    /// Products whose price or details changed.
    pub products_changed: Vec<Uuid>,
    /// Products that became obsolete.
    pub products_obsoleted: Vec<Uuid>,
    /// Products whose stock changed, each with the code of the warehouse.
    pub stock_changed: Vec<(Uuid, &'static str)>,
    /// Sales orders added.
    pub sales_orders_added: Vec<Uuid>,
    /// Sales orders that turned to Deleted.
    pub sales_orders_deleted: Vec<Uuid>,
    /// Purchase orders added.
    pub purchase_orders_added: Vec<Uuid>,
    /// Parked purchase orders deleted for good.
    pub purchase_orders_deleted: Vec<Uuid>,
    /// Assemblies added.
    pub assemblies_added: Vec<Uuid>,
    /// Parked assemblies deleted for good.
    pub assemblies_deleted: Vec<Uuid>,
    /// Customers that became obsolete.
    pub customers_obsoleted: Vec<Uuid>,
}

impl Universe {
    /// A day's worth of changes in the warehouses, after the shops and the books have had theirs.
    pub(crate) fn evolve_warehouses(&mut self, report: &mut WarehouseChanges) {
        let (sales, purchases, assemblies) = (
            self.warehouse.sales_orders.len(),
            self.warehouse.purchase_orders.len(),
            self.warehouse.assemblies.len(),
        );
        let before: Vec<bool> = self.warehouse.customers.iter().map(|customer| customer.obsolete).collect();
        let (changed, obsolete, stock) = self.in_warehouses(|w, universe| {
            people::contacts(w, universe, Some(universe.now));
            let (changed, obsolete) = mirror::goods(w, universe);
            let stock = mirror::stock(w, universe, universe.now);
            orders::documents(w, universe, Some(universe.now));
            (changed, obsolete, stock)
        });
        self.evolve_works(report);
        self.evolve_desk(report, sales);
        let w = &self.warehouse;
        report.products_changed.extend(changed.into_iter().map(|at| w.products[at].record.id));
        report.products_obsoleted.extend(obsolete.into_iter().map(|at| w.products[at].record.id));
        let place = |at: usize| {
            let row = &w.stock[at];
            (w.products[row.product].record.id, w.warehouses[row.warehouse].code)
        };
        report.stock_changed.extend(stock.into_iter().map(place));
        report.sales_orders_added.extend(w.sales_orders[sales..].iter().map(|o| o.record.id));
        report.purchase_orders_added.extend(w.purchase_orders[purchases..].iter().map(|o| o.record.id));
        report.assemblies_added.extend(w.assemblies[assemblies..].iter().map(|a| a.record.id));
        let newly = |(at, customer): &(usize, &super::Customer)| customer.obsolete && !before[*at];
        let known = w.customers.iter().take(before.len()).enumerate().filter(newly);
        report.customers_obsoleted.extend(known.map(|(_, customer)| customer.record.id));
    }

    /// One assembly is made, one planned, one forgotten; components are ordered, adjusted and moved.
    fn evolve_works(&mut self, report: &mut WarehouseChanges) {
        let parked = self.warehouse.parked_assemblies();
        if let Some(&done) = parked.first() {
            self.complete_assembly(done);
        }
        if let Some(&gone) = parked.get(1)
            && self.delete_assembly(gone)
        {
            report.assemblies_deleted.push(self.warehouse.assemblies[gone].record.id);
        }
        self.plan_assembly();
        self.plan_assembly();
        let parked = self.warehouse.parked_purchase_orders();
        if let Some(&gone) = parked.first()
            && self.delete_purchase_order(gone)
        {
            report.purchase_orders_deleted.push(self.warehouse.purchase_orders[gone].record.id);
        }
        if let Some(&placed) = parked.get(1) {
            self.place_parked_purchase_order(placed);
        }
        self.add_purchase_order();
        self.add_purchase_order();
        let (adjusted, moved) = (self.warehouse.any_component(), self.warehouse.any_component());
        let level = Decimal::new(self.warehouse.rng.between(0, 90_000_000), 4);
        self.adjust_warehouse_stock(adjusted, WORKS, level);
        self.transfer_warehouse_stock(moved, Decimal::from(3), WORKS, LEEDS);
        let w = &self.warehouse;
        for (product, warehouse) in [(adjusted, WORKS), (moved, WORKS), (moved, LEEDS)] {
            report.stock_changed.push((w.products[product].record.id, w.warehouses[warehouse].code));
        }
    }

    /// Somebody deletes an order that is not complete, edits a product and puts another away.
    fn evolve_desk(&mut self, report: &mut WarehouseChanges, sales: usize) {
        let w = &self.warehouse;
        let open: Vec<usize> = (0..sales)
            .filter(|at| matches!(w.sales_orders[*at].status, "Parked" | "Placed" | "Backordered"))
            .collect();
        if let Some(&order) = open.last()
            && self.delete_sales_order(order)
        {
            report.sales_orders_deleted.push(self.warehouse.sales_orders[order].record.id);
        }
        let product = self.warehouse.any_component();
        self.touch_stocked_product(product);
        report.products_changed.push(self.warehouse.products[product].record.id);
        let sold = |product: &super::Product| product.sell_price.is_some() && !product.obsolete;
        if let Some(product) = self.warehouse.products.iter().rposition(sold) {
            self.set_product_obsolete(product, true);
            report.products_obsoleted.push(self.warehouse.products[product].record.id);
        }
    }
}
