//! The organisation itself: base currency, financial year, lock dates.

use chrono::NaiveDate;
use sentia_core::{Fields, Stream, Text};
use serde::Deserialize;

use crate::xero::wire::{Instant, Maybe};

/// Xero sends `APIKey` as well, a relic that opens nothing; it stays in the document.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Organisation {
    #[serde(rename = "OrganisationID")]
    organisation_id: Maybe<Text>,
    name: Maybe<Text>,
    legal_name: Maybe<Text>,
    short_code: Maybe<Text>,
    base_currency: Maybe<Text>,
    country_code: Maybe<Text>,
    timezone: Maybe<Text>,
    organisation_type: Maybe<Text>,
    organisation_entity_type: Maybe<Text>,
    organisation_status: Maybe<Text>,
    version: Maybe<Text>,
    class: Maybe<Text>,
    edition: Maybe<Text>,
    line_of_business: Maybe<Text>,
    is_demo_company: Maybe<bool>,
    pays_tax: Maybe<bool>,
    registration_number: Maybe<Text>,
    tax_number: Maybe<Text>,
    financial_year_end_day: Maybe<i64>,
    financial_year_end_month: Maybe<i64>,
    sales_tax_basis: Maybe<Text>,
    sales_tax_period: Maybe<Text>,
    default_sales_tax: Maybe<Text>,
    default_purchases_tax: Maybe<Text>,
    period_lock_date: Maybe<NaiveDate>,
    end_of_year_lock_date: Maybe<NaiveDate>,
    #[serde(rename = "CreatedDateUTC")]
    created: Maybe<Instant>,
}

/// The one row, read each time: it carries no date of change.
pub(super) fn stream() -> Stream<Organisation> {
    Stream::new("organisations", "OrganisationID", |o: &Organisation| o.organisation_id.key())
        .describe("the organisation itself")
        .scopes(&["accounting.settings.read"])
        .columns(
            Fields::new()
                .text("name", |o: &Organisation| o.name.get())
                .text("legal_name", |o| o.legal_name.get())
                .text("short_code", |o| o.short_code.get())
                .text("base_currency", |o| o.base_currency.get())
                .text("country_code", |o| o.country_code.get())
                .text("timezone", |o| o.timezone.get())
                .text("organisation_type", |o| o.organisation_type.get())
                .text("entity_type", |o| o.organisation_entity_type.get())
                .text("status", |o| o.organisation_status.get())
                .text("region_version", |o| o.version.get())
                .text("class", |o| o.class.get())
                .text("edition", |o| o.edition.get())
                .text("line_of_business", |o| o.line_of_business.get())
                .boolean("is_demo_company", |o| o.is_demo_company.get())
                .boolean("pays_tax", |o| o.pays_tax.get())
                .text("registration_number", |o| o.registration_number.get())
                .text("tax_number", |o| o.tax_number.get())
                .integer("financial_year_end_day", |o| o.financial_year_end_day.get())
                .integer("financial_year_end_month", |o| o.financial_year_end_month.get())
                .text("sales_tax_basis", |o| o.sales_tax_basis.get())
                .text("sales_tax_period", |o| o.sales_tax_period.get())
                .text("default_sales_tax", |o| o.default_sales_tax.get())
                .text("default_purchases_tax", |o| o.default_purchases_tax.get())
                .date("period_lock_date", |o| o.period_lock_date.get())
                .date("end_of_year_lock_date", |o| o.end_of_year_lock_date.get())
                .timestamp("created_at", |o| o.created.at()),
        )
}
