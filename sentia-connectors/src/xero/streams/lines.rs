//! The lines of invoices and credit notes.

use sentia_core::{Exact, Fields, Text};
use serde::Deserialize;

use crate::xero::wire::{List, Maybe, Nested};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Line {
    #[serde(rename = "LineItemID")]
    line_item_id: Maybe<Text>,
    item_code: Maybe<Text>,
    item: Nested<LineItem>,
    description: Maybe<Text>,
    quantity: Maybe<Exact>,
    unit_amount: Maybe<Exact>,
    discount_rate: Maybe<Exact>,
    discount_amount: Maybe<Exact>,
    line_amount: Maybe<Exact>,
    tax_amount: Maybe<Exact>,
    tax_type: Maybe<Text>,
    account_code: Maybe<Text>,
    #[serde(rename = "AccountID")]
    account_id: Maybe<Text>,
    tracking: List<Tracking>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct LineItem {
    #[serde(rename = "ItemID")]
    item_id: Maybe<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Tracking {
    name: Maybe<Text>,
    option: Maybe<Text>,
}

impl Line {
    /// The category and option at `place`. An organisation has at most two active categories.
    fn tracked(&self, place: usize) -> (Option<Text>, Option<Text>) {
        self.tracking
            .get(place)
            .map(|tracking| (tracking.name.get(), tracking.option.get()))
            .unwrap_or_default()
    }
}

/// The columns of a line. Amounts are positive on credit notes too: the direction is in the parent's type.
pub(super) fn columns() -> Fields<Line> {
    Fields::new()
        .text("line_item_id", |l: &Line| l.line_item_id.get())
        .text("item_code", |l| l.item_code.get())
        .text("item_id", |l| l.item.item_id.get())
        .text("description", |l| l.description.get())
        .decimal("quantity", |l| l.quantity.get())
        .decimal("unit_amount", |l| l.unit_amount.get())
        .decimal("discount_rate", |l| l.discount_rate.get())
        .amount("discount_amount", |l| l.discount_amount.get())
        .amount("line_amount", |l| l.line_amount.get())
        .amount("tax_amount", |l| l.tax_amount.get())
        .text("tax_type", |l| l.tax_type.get())
        .text("account_code", |l| l.account_code.get())
        .text("account_id", |l| l.account_id.get())
        .text("tracking_category_1", |l| l.tracked(0).0)
        .text("tracking_option_1", |l| l.tracked(0).1)
        .text("tracking_category_2", |l| l.tracked(1).0)
        .text("tracking_option_2", |l| l.tracked(1).1)
}
