//! What documents say about the things they name: product, warehouse, customer, supplier, currency.

use sentia_core::{Exact, Text};
use serde::Deserialize;

use crate::unleashed::wire::{Guid, Maybe};

/// The product of a line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Product {
    pub(super) guid: Maybe<Guid>,
    pub(super) product_code: Maybe<Text>,
    pub(super) product_description: Maybe<Text>,
}

/// The warehouse of a document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Warehouse {
    pub(super) guid: Maybe<Guid>,
    pub(super) warehouse_code: Maybe<Text>,
}

/// The customer of a document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Customer {
    pub(super) guid: Maybe<Guid>,
    pub(super) customer_code: Maybe<Text>,
    pub(super) customer_name: Maybe<Text>,
}

/// The supplier of a document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Supplier {
    pub(super) guid: Maybe<Guid>,
    pub(super) supplier_code: Maybe<Text>,
    pub(super) supplier_name: Maybe<Text>,
}

/// The currency of a document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Currency {
    pub(super) currency_code: Maybe<Text>,
}

/// The tax of a document.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Tax {
    pub(super) tax_code: Maybe<Text>,
    pub(super) tax_rate: Maybe<Exact>,
}

/// One address of a customer or supplier.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Address {
    address_type: Maybe<Text>,
    address_name: Maybe<Text>,
    street_address: Maybe<Text>,
    street_address2: Maybe<Text>,
    suburb: Maybe<Text>,
    city: Maybe<Text>,
    region: Maybe<Text>,
    country: Maybe<Text>,
    postal_code: Maybe<Text>,
    is_default: Maybe<bool>,
}

/// The columns of an address.
pub(super) fn addresses() -> sentia_core::Fields<Address> {
    sentia_core::Fields::new()
        .text("address_type", |a: &Address| a.address_type.get())
        .text("address_name", |a| a.address_name.get())
        .text("street_address", |a| a.street_address.get())
        .text("street_address_2", |a| a.street_address2.get())
        .text("suburb", |a| a.suburb.get())
        .text("city", |a| a.city.get())
        .text("region", |a| a.region.get())
        .text("country", |a| a.country.get())
        .text("postal_code", |a| a.postal_code.get())
        .boolean("is_default", |a| a.is_default.get())
}
