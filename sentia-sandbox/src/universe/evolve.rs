//! How the universe moves on by itself.

use rust_decimal::Decimal;
use uuid::Uuid;

use super::books::{DocumentStatus, PaymentStatus, Side};
use super::warehouse::WarehouseChanges;
use super::{Region, Universe};

/// What one step of [`Universe::evolve`] changed, by the vendors' own ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evolution {
    /// Orders placed (GIDs).
    pub orders_placed: Vec<String>,
    /// Orders edited, shipped or refunded (GIDs).
    pub orders_changed: Vec<String>,
    /// Products that vanished (GIDs).
    pub products_deleted: Vec<String>,
    /// Inventory items whose stock changed (GIDs).
    pub stock_changed: Vec<String>,
    /// Invoices made, besides those of orders.
    pub invoices_added: Vec<Uuid>,
    /// Invoices edited or paid.
    pub invoices_changed: Vec<Uuid>,
    /// Invoices voided.
    pub invoices_voided: Vec<Uuid>,
    /// Invoices that changed without moving their updated-at.
    pub invoices_changed_silently: Vec<Uuid>,
    /// Payments taken back.
    pub payments_deleted: Vec<Uuid>,
    /// Contacts archived.
    pub contacts_archived: Vec<Uuid>,
    /// Items that vanished.
    pub items_deleted: Vec<Uuid>,
    /// What changed in the warehouses.
    pub warehouse: WarehouseChanges,
    /// Returns asked for, approved or closed (GIDs); their orders are among [`orders_changed`](Self::orders_changed).
    pub returns_changed: Vec<String>,
    /// Draft orders written or mailed (GIDs).
    pub drafts_changed: Vec<String>,
    /// Draft orders that vanished (GIDs).
    pub drafts_deleted: Vec<String>,
    /// What changed in the office.
    pub office: super::OfficeEvolution,
    /// Amazon orders placed, still pending (order ids).
    pub marketplace_orders_placed: Vec<String>,
    /// Amazon orders confirmed, shipped, cancelled or touched (order ids).
    pub marketplace_orders_changed: Vec<String>,
    /// Amazon offers with a new price (`marketplaceId/sku`).
    pub listings_changed: Vec<String>,
    /// Amazon offers that vanished (`marketplaceId/sku`).
    pub listings_deleted: Vec<String>,
    /// Stock at Amazon that changed (`marketplaceId/sku`).
    pub fba_stock_changed: Vec<String>,
    /// Amazon transactions that were held back until now (transaction ids).
    pub transactions_released: Vec<String>,
    /// Amazon settlements closed (settlement ids).
    pub settlements_closed: Vec<String>,
    /// The rest of the books. An invoice that an advance was used against is named in
    /// [`invoices_changed`](Self::invoices_changed).
    pub ledger: super::LedgerEvolution,
}

impl Universe {
    /// A day's worth of changes at the present moment: orders, edits, refunds, parcels, stock, deletions in the
    /// shops; invoices, payments, voids, archived contacts and deleted items in the books.
    ///
    /// Equal universes evolve equally. Move the present first with [`advance_to`](Self::advance_to);
    /// otherwise all changes share its second, which is a case worth testing too.
    pub fn evolve(&mut self) -> Evolution {
        let mut report = Evolution::default();
        for region in [Region::Uk, Region::Usa] {
            self.evolve_shop(region, &mut report);
        }
        self.evolve_books(&mut report);
        self.evolve_warehouses(&mut report.warehouse);
        for region in [Region::Uk, Region::Usa] {
            self.evolve_back_office(region, &mut report);
        }
        report.office = self.evolve_office();
        self.evolve_marketplaces(&mut report);
        self.evolve_ledger(&mut report);
        report
    }

    fn evolve_shop(&mut self, region: Region, report: &mut Evolution) {
        let gid = |id: u64| format!("gid://shopify/Order/{id}");
        let before = self.shop(region).orders.len();
        for _ in 0..3 {
            report.orders_placed.push(gid(self.place_order(region)));
        }
        if before > 0 {
            let positions: Vec<usize> = (0..3).map(|_| self.rng.index(before)).collect();
            let chosen: Vec<u64> = positions.into_iter().map(|at| self.shop(region).orders[at].id).collect();
            self.touch_order(region, chosen[0]);
            self.fulfil_order(region, chosen[1]);
            self.refund_order(region, chosen[2], 1);
            report.orders_changed.extend(chosen.into_iter().map(gid));
        }
        self.evolve_catalog(region, report);
    }

    fn evolve_catalog(&mut self, region: Region, report: &mut Evolution) {
        let products = self.shop(region).products.len();
        if products == 0 {
            return;
        }
        let at = self.rng.index(products);
        let (product, item) =
            (self.shop(region).products[at].id, self.shop(region).products[at].variants[0].item.id);
        self.change_stock(region, item, -2);
        report.stock_changed.push(format!("gid://shopify/InventoryItem/{item}"));
        let price = Decimal::new(self.rng.between(450, 45_000), 2);
        self.change_price(region, product, price);
        // The long product at position 2 stays, so that paging variants is always exercised.
        if products > 4 {
            let at = self.rng.between(3, products as i64 - 1) as usize;
            let gone = self.shop(region).products[at].id;
            self.delete_product(region, gone);
            report.products_deleted.push(format!("gid://shopify/Product/{gone}"));
        }
    }

    fn evolve_books(&mut self, report: &mut Evolution) {
        for side in [Side::Receivable, Side::Payable] {
            let at = self.add_invoice(side, self.size.lines_per_invoice);
            report.invoices_added.push(self.books.invoices[at].document.id);
        }
        self.evolve_invoices(report);
        let live = |status| status == PaymentStatus::Authorised;
        if let Some(at) = self.books.payments.iter().position(|p| live(p.status) && p.invoice.is_some()) {
            self.delete_payment(at);
            report.payments_deleted.push(self.books.payments[at].id);
        }
        if self.books.contacts.len() > 12 {
            let at = self.rng.between(12, self.books.contacts.len() as i64 - 1) as usize;
            self.archive_contact(at);
            report.contacts_archived.push(self.books.contacts[at].id);
        }
        if self.books.items.len() > 1 {
            let gone = self.books.items[self.rng.index(self.books.items.len())].id;
            self.delete_item(gone);
            report.items_deleted.push(gone);
        }
    }

    fn evolve_invoices(&mut self, report: &mut Evolution) {
        let at = self.rng.index(self.books.invoices.len());
        self.touch_invoice(at);
        report.invoices_changed.push(self.books.invoices[at].document.id);
        let is_open = |universe: &Self, at: usize| {
            let invoice = &universe.books.invoices[at];
            invoice.document.status == DocumentStatus::Authorised && invoice.amount_paid.is_zero()
        };
        let open: Vec<usize> =
            (0..self.books.invoices.len()).filter(|at| is_open(self, *at)).take(3).collect();
        if let Some(&at) = open.first() {
            self.pay_invoice(at, self.books.invoices[at].amount_due());
            report.invoices_changed.push(self.books.invoices[at].document.id);
        }
        if let Some(&at) = open.get(1)
            && self.void_invoice(at)
        {
            report.invoices_voided.push(self.books.invoices[at].document.id);
        }
        if let Some(&at) = open.get(2) {
            self.change_due_date_silently(at);
            report.invoices_changed_silently.push(self.books.invoices[at].document.id);
        }
    }
}
