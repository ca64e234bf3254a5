//! The ways in which the warehouses change by hand. Positions are those of the public lists.

use rust_decimal::Decimal;

use super::{Warehousing, mirror, orders, people};
use crate::universe::{Region, Universe};

impl Universe {
    /// What happened in the shops and the books since the last time is followed, stamped with the present: new and
    /// changed orders, invoices, parcels, refunds, contacts, prices and stock.
    pub fn follow_shops_and_books(&mut self) {
        self.in_warehouses(|w, universe| {
            people::contacts(w, universe, Some(universe.now));
            mirror::goods(w, universe);
            mirror::stock(w, universe, universe.now);
            orders::documents(w, universe, Some(universe.now));
        });
    }

    /// A product gets another code: its key stays, documents show the new code.
    pub fn rename_product(&mut self, product: usize, code: &str) {
        let now = self.now;
        if let Some(known) = self.warehouse.products.get_mut(product) {
            code.clone_into(&mut known.code);
            known.record.touch(now);
            // The old code stays known: the shops go on using it.
            self.warehouse.index.product_of_code.insert(code.to_owned(), product);
        }
    }

    /// Somebody edits a product: only its last change moves.
    pub fn touch_stocked_product(&mut self, product: usize) {
        let now = self.now;
        if let Some(known) = self.warehouse.products.get_mut(product) {
            known.record.touch(now);
        }
    }

    /// A product becomes obsolete or comes back.
    pub fn set_product_obsolete(&mut self, product: usize, obsolete: bool) {
        let now = self.now;
        if let Some(known) = self.warehouse.products.get_mut(product) {
            known.obsolete = obsolete;
            known.record.touch(now);
        }
    }

    /// A product is deleted for good; documents and stock go on showing it.
    pub fn delete_stocked_product(&mut self, product: usize) {
        let now = self.now;
        if let Some(known) = self.warehouse.products.get_mut(product) {
            known.record.gone = Some(now);
        }
    }

    /// The average cost of a product is worked out anew.
    pub fn recost_product(&mut self, product: usize, cost: Decimal) {
        let now = self.now;
        let Some(known) = self.warehouse.products.get_mut(product) else { return };
        known.cost = cost;
        known.record.touch(now);
        for row in self.warehouse.stock.iter_mut().filter(|row| row.product == product) {
            row.record.touch(now);
        }
    }

    /// A warehouse is closed or opened again.
    pub fn set_warehouse_obsolete(&mut self, warehouse: usize, obsolete: bool) {
        let now = self.now;
        if let Some(known) = self.warehouse.warehouses.get_mut(warehouse) {
            known.obsolete = obsolete;
            known.record.touch(now);
        }
    }

    /// A customer becomes obsolete or comes back.
    pub fn set_customer_obsolete(&mut self, customer: usize, obsolete: bool) {
        let now = self.now;
        if let Some(known) = self.warehouse.customers.get_mut(customer) {
            known.obsolete = obsolete;
            known.record.touch(now);
        }
    }

    /// A customer is deleted for good.
    pub fn delete_stocked_customer(&mut self, customer: usize) {
        let now = self.now;
        if let Some(known) = self.warehouse.customers.get_mut(customer) {
            known.record.gone = Some(now);
        }
    }

    /// Somebody edits a sales order: only its last change moves.
    pub fn touch_sales_order(&mut self, order: usize) {
        let now = self.now;
        if let Some(known) = self.warehouse.sales_orders.get_mut(order) {
            known.record.touch(now);
        }
    }

    /// A sales order is deleted: it stays, with the status Deleted, and hides from plain lists. Its invoice goes
    /// the same way. Gives whether it was there to delete.
    pub fn delete_sales_order(&mut self, order: usize) -> bool {
        let now = self.now;
        let Some(known) = self.warehouse.sales_orders.get_mut(order) else { return false };
        if known.status == "Deleted" {
            return false;
        }
        known.status = "Deleted";
        known.record.touch(now);
        for invoice in self.warehouse.invoices.iter_mut().filter(|invoice| invoice.order == order) {
            invoice.status = "Deleted";
            invoice.record.touch(now);
        }
        true
    }

    /// Components are ordered from a supplier; the order is Parked. Gives its position, none without suppliers.
    pub fn add_purchase_order(&mut self) -> Option<usize> {
        self.warehouse.order_components(self.now)
    }

    /// A Parked purchase order is sent to the supplier; gives whether it was.
    pub fn place_parked_purchase_order(&mut self, order: usize) -> bool {
        self.warehouse.place_purchase_order(order, self.now)
    }

    /// A Parked purchase order is deleted for good, without a trace; gives whether it was.
    pub fn delete_purchase_order(&mut self, order: usize) -> bool {
        let now = self.now;
        let known = self.warehouse.purchase_orders.get_mut(order);
        let parked = known.filter(|order| order.status == "Parked" && order.record.gone.is_none());
        parked.map(|order| order.record.gone = Some(now)).is_some()
    }

    /// An assembly of a random bill is Parked. Gives its position, none without bills.
    pub fn plan_assembly(&mut self) -> Option<usize> {
        self.warehouse.plan_assembly(self.now)
    }

    /// A Parked assembly is made: components leave the works, goods arrive there; gives whether it was.
    pub fn complete_assembly(&mut self, assembly: usize) -> bool {
        self.warehouse.complete_assembly(assembly, self.now)
    }

    /// A Parked assembly is deleted for good, without a trace; gives whether it was.
    pub fn delete_assembly(&mut self, assembly: usize) -> bool {
        let now = self.now;
        let known = self.warehouse.assemblies.get_mut(assembly);
        let parked = known.filter(|assembly| assembly.status == "Parked" && assembly.record.gone.is_none());
        parked.map(|assembly| assembly.record.gone = Some(now)).is_some()
    }

    /// The level of a product in a warehouse is set by hand. In the two main warehouses the shop's level moves with
    /// it when its item is tracked, by whole pieces.
    pub fn adjust_warehouse_stock(&mut self, product: usize, warehouse: usize, level: Decimal) {
        let before = self.warehouse.stock_of(product, warehouse).map_or(Decimal::ZERO, |row| row.on_hand);
        self.warehouse.adjust_stock(product, warehouse, level, self.now);
        let region = match warehouse {
            0 => Region::Uk,
            3 => Region::Usa,
            _ => return,
        };
        let code = &self.warehouse.products[product].code;
        let item = self.shop(region).variants().find(|(_, variant)| &variant.sku == code);
        let item = item.filter(|(_, variant)| variant.item.tracked).map(|(_, variant)| variant.item.id);
        if let (Some(item), Ok(by)) = (item, i64::try_from(level.round() - before.round())) {
            self.change_stock(region, item, by);
        }
    }

    /// Stock moves from one warehouse to another.
    pub fn transfer_warehouse_stock(
        &mut self,
        product: usize,
        quantity: Decimal,
        source: usize,
        destination: usize,
    ) {
        self.warehouse.transfer_stock(product, quantity, (source, destination), self.now);
    }

    /// The stock of a warehouse is counted.
    pub fn count_warehouse_stock(&mut self, warehouse: usize) {
        self.warehouse.count_stock(warehouse, self.now);
    }
}

impl Warehousing {
    /// Positions of the Parked purchase orders that exist.
    pub fn parked_purchase_orders(&self) -> Vec<usize> {
        let orders = self.purchase_orders.iter().enumerate();
        orders.filter(|(_, o)| o.status == "Parked" && o.record.gone.is_none()).map(|(at, _)| at).collect()
    }

    /// Positions of the Parked assemblies that exist.
    pub fn parked_assemblies(&self) -> Vec<usize> {
        let all = self.assemblies.iter().enumerate();
        all.filter(|(_, a)| a.status == "Parked" && a.record.gone.is_none()).map(|(at, _)| at).collect()
    }
}
