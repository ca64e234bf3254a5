//! Ways in which things vanish from a shop, besides whole products and orders.

use super::back_office::Redaction;
use super::ordering::level_gid;
use super::{Region, Universe};

impl Universe {
    /// A customer vanishes without a tombstone. The orders stay, name nobody any more, and do not say so.
    pub fn delete_customer(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        let Some(at) = shop.customers.iter().position(|customer| customer.id == id) else { return };
        shop.customers.remove(at);
        shop.deleted.push((format!("gid://shopify/Customer/{id}"), now));
        for order in shop.orders.iter_mut().filter(|order| order.customer == Some(id)) {
            order.customer = None;
        }
        for draft in shop.back_office.drafts.iter_mut().filter(|draft| draft.customer == Some(id)) {
            draft.customer = None;
        }
    }

    /// A customer's personal data is erased; country and currency of the orders stay.
    pub fn redact_customer(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        let Some(customer) = shop.customers.iter_mut().find(|customer| customer.id == id) else { return };
        let email = std::mem::take(&mut customer.email);
        customer.first_name = "";
        customer.last_name = "";
        customer.zip = String::new();
        customer.stamp.touch(now);
        let orders = shop.orders.iter().filter(|order| order.customer == Some(id)).map(|o| o.id).collect();
        shop.back_office.redactions.push(Redaction { customer: id, email, orders, requested_at: now });
    }

    /// One variant of a product with several vanishes: the product moves, nothing else tells of it.
    pub fn delete_variant(&mut self, region: Region, id: u64) {
        let now = self.now;
        let shop = self.shop_mut(region);
        let holds = |product: &&mut super::Product| product.variants.iter().any(|variant| variant.id == id);
        let Some(product) = shop.products.iter_mut().find(holds).filter(|p| p.variants.len() > 1) else {
            return;
        };
        let Some(at) = product.variants.iter().position(|variant| variant.id == id) else { return };
        let variant = product.variants.remove(at);
        product.stamp.touch(now);
        shop.deleted.push((format!("gid://shopify/ProductVariant/{id}"), now));
        shop.deleted.push((format!("gid://shopify/InventoryItem/{}", variant.item.id), now));
        for level in &variant.item.levels {
            shop.deleted.push((level_gid(level.id, variant.item.id), now));
        }
        for line in shop.orders.iter_mut().flat_map(|order| &mut order.lines) {
            line.variant = line.variant.filter(|variant| *variant != id);
        }
    }
}
