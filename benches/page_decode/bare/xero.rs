//! Xero's invoices.

#![allow(dead_code, reason = "decoding them is what is measured")]

use sentia::Exact;
use serde::Deserialize;

use super::NetDate;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page {
    pub(crate) invoices: Vec<Invoice>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Invoice {
    #[serde(rename = "InvoiceID")]
    invoice_id: String,
    r#type: Option<String>,
    invoice_number: Option<String>,
    reference: Option<String>,
    contact: Option<Contact>,
    date: Option<NetDate>,
    due_date: Option<NetDate>,
    expected_payment_date: Option<NetDate>,
    planned_payment_date: Option<NetDate>,
    fully_paid_on_date: Option<NetDate>,
    status: Option<String>,
    line_amount_types: Option<String>,
    sub_total: Option<Exact>,
    total_tax: Option<Exact>,
    total: Option<Exact>,
    total_discount: Option<Exact>,
    amount_due: Option<Exact>,
    amount_paid: Option<Exact>,
    amount_credited: Option<Exact>,
    #[serde(rename = "CISDeduction")]
    cis_deduction: Option<Exact>,
    currency_code: Option<String>,
    currency_rate: Option<Exact>,
    #[serde(rename = "BrandingThemeID")]
    branding_theme_id: Option<String>,
    #[serde(rename = "RepeatingInvoiceID")]
    repeating_invoice_id: Option<String>,
    sent_to_contact: Option<bool>,
    is_discounted: Option<bool>,
    has_attachments: Option<bool>,
    #[serde(default)]
    line_items: Vec<Line>,
    #[serde(rename = "UpdatedDateUTC")]
    updated: Option<NetDate>,
}

#[derive(Deserialize)]
struct Contact {
    #[serde(rename = "ContactID")]
    contact_id: Option<String>,
    #[serde(rename = "Name")]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Line {
    #[serde(rename = "LineItemID")]
    line_item_id: Option<String>,
    item_code: Option<String>,
    item: Option<Item>,
    description: Option<String>,
    quantity: Option<Exact>,
    unit_amount: Option<Exact>,
    discount_rate: Option<Exact>,
    discount_amount: Option<Exact>,
    line_amount: Option<Exact>,
    tax_amount: Option<Exact>,
    tax_type: Option<String>,
    account_code: Option<String>,
    #[serde(rename = "AccountID")]
    account_id: Option<String>,
    #[serde(default)]
    tracking: Vec<Tracking>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(rename = "ItemID")]
    item_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tracking {
    name: Option<String>,
    option: Option<String>,
}
