//! Rows of settings, and of the vendor's own journals.

use rust_decimal::Decimal;

use super::rows::{Form, tracking};
use super::wire::Object;
use crate::universe::{Currency, Journal, TaxRate, TrackingCategory, Universe};

pub(crate) fn tracking_category(o: &mut Object<'_>, category: &TrackingCategory, form: Form) {
    let word = |archived: bool| if archived { "ARCHIVED" } else { "ACTIVE" };
    o.text("Name", category.name)
        .text("Status", word(category.archived))
        .id("TrackingCategoryID", category.id);
    let shown = category.options.iter().filter(|option| form.include_hidden || !option.archived);
    o.array("Options", shown, |o, option| {
        o.id("TrackingOptionID", option.id)
            .text("Name", option.name)
            .text("Status", word(option.archived))
            .flag("HasValidationErrors", false)
            .flag("IsDeleted", false)
            .flag("IsArchived", option.archived)
            .flag("IsActive", !option.archived);
    });
}

pub(crate) fn tax_rate(o: &mut Object<'_>, rate: &TaxRate) {
    o.text("Name", rate.name)
        .text("TaxType", rate.tax_type)
        .text("ReportTaxType", rate.report_type)
        .flag("CanApplyToAssets", true)
        .flag("CanApplyToEquity", true)
        .flag("CanApplyToExpenses", rate.for_expenses)
        .flag("CanApplyToLiabilities", true)
        .flag("CanApplyToRevenue", rate.for_revenue)
        .number("DisplayTaxRate", rate.percentage(), 4)
        .number("EffectiveRate", rate.percentage(), 4)
        .text("Status", rate.status);
    o.array("TaxComponents", &rate.components, |o, (name, percent)| {
        o.text("Name", name)
            .number("Rate", *percent, 4)
            .flag("IsCompound", false)
            .flag("IsNonRecoverable", false);
    });
}

pub(crate) fn currency(o: &mut Object<'_>, currency: Currency) {
    o.text("Code", currency.code).text("Description", currency.name);
}

pub(crate) fn journal(o: &mut Object<'_>, universe: &Universe, journal: &Journal) {
    let posting = universe.posting(journal.source);
    let sign = if journal.reversal { -Decimal::ONE } else { Decimal::ONE };
    o.id("JournalID", journal.id)
        .day_alone("JournalDate", journal.date)
        .integer("JournalNumber", usize::try_from(journal.number).unwrap_or(usize::MAX))
        .moment("CreatedDateUTC", journal.created_at)
        .text_if("Reference", Some(journal.reference.as_str()).filter(|text| !text.is_empty()))
        .id("SourceID", posting.id)
        .text("SourceType", posting.kind);
    o.array("JournalLines", posting.lines.iter().enumerate(), |o, (at, line)| {
        let account = &universe.books.accounts[line.account];
        o.id("JournalLineID", journal.line_id(at))
            .id("AccountID", account.id)
            .text_if("AccountCode", account.code)
            .text("AccountType", account.kind)
            .text("AccountName", account.name)
            .text("Description", &line.description)
            .money("NetAmount", sign * line.net)
            .money("GrossAmount", sign * (line.net + line.tax))
            .money("TaxAmount", sign * line.tax);
        if let Some(tax_type) = line.tax_type {
            let rate = universe.ledger.tax_rates.iter().find(|rate| rate.tax_type == tax_type);
            o.text("TaxType", tax_type).text("TaxName", rate.map_or("", |rate| rate.name));
        }
        tracking(o, "TrackingCategories", universe, line.tracking);
    });
}
