//! Small lists that other documents refer to: tax rates, tracking categories, currencies.

use std::borrow::Cow;

use sentia_core::{Exact, Fields, Stream, Text};
use serde::Deserialize;

use crate::xero::wire::{List, Maybe};

const SCOPES: [&str; 1] = ["accounting.settings.read"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct TaxRate {
    tax_type: Maybe<Text>,
    name: Maybe<Text>,
    status: Maybe<Text>,
    report_tax_type: Maybe<Text>,
    display_tax_rate: Maybe<Exact>,
    effective_rate: Maybe<Exact>,
    tax_components: List<TaxComponent>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TaxComponent {
    name: Maybe<Text>,
    rate: Maybe<Exact>,
    is_compound: Maybe<bool>,
    is_non_recoverable: Maybe<bool>,
}

/// A rate is known by its type, which lines name. Rates in percent.
pub(super) fn tax_rates() -> Stream<TaxRate> {
    Stream::new("tax_rates", "TaxType", |t: &TaxRate| t.tax_type.key())
        .describe("tax rates in percent, with their components")
        .scopes(&SCOPES)
        .swept()
        .deleted_when(|t| t.status.as_str() == "DELETED")
        .columns(
            Fields::new()
                .text("name", |t: &TaxRate| t.name.get())
                .text("status", |t| t.status.get())
                .text("report_tax_type", |t| t.report_tax_type.get())
                .decimal("display_tax_rate", |t| t.display_tax_rate.get())
                .decimal("effective_rate", |t| t.effective_rate.get()),
        )
        .children(
            "tax_rate_components",
            |t| Cow::Borrowed(&t.tax_components),
            Fields::new()
                .text("name", |c: &TaxComponent| c.name.get())
                .decimal("rate", |c| c.rate.get())
                .boolean("is_compound", |c| c.is_compound.get())
                .boolean("is_non_recoverable", |c| c.is_non_recoverable.get()),
        )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct TrackingCategory {
    #[serde(rename = "TrackingCategoryID")]
    tracking_category_id: Maybe<Text>,
    name: Maybe<Text>,
    status: Maybe<Text>,
    options: List<TrackingOption>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct TrackingOption {
    #[serde(rename = "TrackingOptionID")]
    tracking_option_id: Maybe<Text>,
    name: Maybe<Text>,
    status: Maybe<Text>,
}

/// At most two are active; those put away are `ARCHIVED`, and one that is deleted vanishes.
pub(super) fn tracking_categories() -> Stream<TrackingCategory> {
    Stream::new("tracking_categories", "TrackingCategoryID", |t: &TrackingCategory| {
        t.tracking_category_id.key()
    })
    .describe("what lines are tracked by, with the options")
    .scopes(&SCOPES)
    .swept()
    .columns(
        Fields::new().text("name", |t: &TrackingCategory| t.name.get()).text("status", |t| t.status.get()),
    )
    .children(
        "tracking_options",
        |t| Cow::Borrowed(&t.options),
        Fields::new()
            .text("tracking_option_id", |o: &TrackingOption| o.tracking_option_id.get())
            .text("name", |o| o.name.get())
            .text("status", |o| o.status.get()),
    )
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Currency {
    code: Maybe<Text>,
    description: Maybe<Text>,
}

/// The currencies that the organisation trades in.
pub(super) fn currencies() -> Stream<Currency> {
    Stream::new("currencies", "Code", |c: &Currency| c.code.key())
        .describe("currencies in use")
        .scopes(&SCOPES)
        .swept()
        .columns(Fields::new().text("description", |c: &Currency| c.description.get()))
}
