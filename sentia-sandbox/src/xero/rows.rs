//! How each kind of row looks on the wire.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::wire::Object;
use crate::universe::{
    Account, AdvanceKind, Contact, ContactStatus, CreditNote, Document, DocumentLine, Invoice, Item, Payment,
    PaymentStatus, Side, Universe,
};

/// How much of a row is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// False for lists without `page`: no lines, a reduced contact.
    pub(crate) full: bool,
    /// Places of prices: 4 with `unitdp=4`, else 2.
    pub(crate) unit_places: u32,
    /// True for a row asked for by its id, which shows a little more.
    pub(crate) alone: bool,
    /// True when parts that were put away show too.
    pub(crate) include_hidden: bool,
}

pub(crate) fn organisation(o: &mut Object<'_>, universe: &Universe) {
    let books = &universe.books;
    organisation_named(o, books.name, books.organisation_id, books.created_at);
}

pub(crate) fn organisation_named(o: &mut Object<'_>, name: &str, id: Uuid, created_at: DateTime<Utc>) {
    o.text("Name", name)
        .text("LegalName", name)
        .flag("PaysTax", true)
        .text("Version", "UK")
        .text("OrganisationType", "COMPANY")
        .text("BaseCurrency", "GBP")
        .text("CountryCode", "GB")
        .flag("IsDemoCompany", false)
        .text("OrganisationStatus", "ACTIVE")
        .text("RegistrationNumber", "09876543")
        .text("TaxNumber", "GB123456789")
        .integer("FinancialYearEndDay", 31)
        .integer("FinancialYearEndMonth", 3)
        .text("SalesTaxBasis", "ACCRUALS")
        .text("SalesTaxPeriod", "QUARTERLY1")
        .text("DefaultSalesTax", "Tax Inclusive")
        .text("DefaultPurchasesTax", "Tax Inclusive")
        .moment("CreatedDateUTC", created_at)
        .text("OrganisationEntityType", "COMPANY")
        .text("Timezone", "GMTSTANDARDTIME")
        .text("ShortCode", "!hG7r2")
        .id("OrganisationID", id)
        .text("Edition", "BUSINESS")
        .text("Class", "PREMIUM");
    o.raw("Addresses", "[]").raw("Phones", "[]").raw("ExternalLinks", "[]").raw("PaymentTerms", "{}");
}

pub(crate) fn contact(o: &mut Object<'_>, contact: &Contact) {
    let archived = contact.status == ContactStatus::Archived;
    o.id("ContactID", contact.id)
        .text_if("ContactNumber", contact.number.as_deref())
        .text("ContactStatus", if archived { "ARCHIVED" } else { "ACTIVE" })
        .text("Name", &contact.name)
        .text("EmailAddress", &contact.email)
        .text("BankAccountDetails", "");
    if let Some(other) = contact.merged_to {
        o.id("MergedToContactID", other);
    }
    o.array("Addresses", ["STREET", "POBOX"], |o, kind| {
        o.text("AddressType", kind)
            .text("City", "")
            .text("Region", "")
            .text("PostalCode", "")
            .text("Country", "");
    });
    o.raw("Phones", "[]");
    o.updated(contact.updated_at)
        .raw("ContactGroups", "[]")
        .flag("IsSupplier", contact.is_supplier)
        .flag("IsCustomer", contact.is_customer)
        .text("DefaultCurrency", contact.currency)
        .raw("SalesTrackingCategories", "[]")
        .raw("PurchasesTrackingCategories", "[]")
        .raw("ContactPersons", "[]")
        .flag("HasAttachments", false)
        .flag("HasValidationErrors", false);
}

pub(crate) fn account(o: &mut Object<'_>, account: &Account) {
    o.id("AccountID", account.id)
        .text_if("Code", account.code)
        .text("Name", account.name)
        .text("Status", if account.archived { "ARCHIVED" } else { "ACTIVE" })
        .text("Type", account.kind)
        .text("TaxType", account.tax_type)
        .text("Class", account.class)
        .flag("EnablePaymentsToAccount", account.kind == "BANK")
        .flag("ShowInExpenseClaims", false);
    if let Some(currency) = account.currency {
        let number = if account.code.is_none() { "20-20-20 12345678" } else { "20-20-20 87654321" };
        o.text("BankAccountNumber", number).text("BankAccountType", "BANK").text("CurrencyCode", currency);
    }
    if let Some(system) = system_account(account) {
        o.text("SystemAccount", system);
    }
    o.text("ReportingCode", account.class)
        .flag("HasAttachments", false)
        .moment("UpdatedDateUTC", account.updated_at);
    o.flag("AddToWatchlist", false);
}

/// The vendor's word for an account that it posts to itself.
fn system_account(account: &Account) -> Option<&'static str> {
    Some(match account.code? {
        "610" => "DEBTORS",
        "800" => "CREDITORS",
        "820" => "GST",
        "860" => "ROUNDING",
        "960" => "RETAINEDEARNINGS",
        _ => return None,
    })
}

pub(crate) fn item(o: &mut Object<'_>, item: &Item, form: Form) {
    o.id("ItemID", item.id)
        .text("Code", &item.code)
        .text("Description", &item.name)
        .text("PurchaseDescription", &item.name)
        .moment("UpdatedDateUTC", item.updated_at);
    o.object("PurchaseDetails", |o| {
        if let Some(price) = item.purchase_price {
            o.number("UnitPrice", price, form.unit_places)
                .text("COGSAccountCode", "310")
                .text("TaxType", "INPUT2");
        }
    });
    o.object("SalesDetails", |o| {
        if let Some(price) = item.sale_price {
            o.number("UnitPrice", price, form.unit_places)
                .text("AccountCode", "200")
                .text("TaxType", "OUTPUT2");
        }
    });
    o.text("Name", &item.name).flag("IsTrackedAsInventory", item.quantity_on_hand.is_some());
    if let Some(quantity) = item.quantity_on_hand {
        let cost = item.purchase_price.unwrap_or(Decimal::ONE) * quantity;
        o.text("InventoryAssetAccountCode", "630").money("TotalCostPool", cost).number(
            "QuantityOnHand",
            quantity,
            4,
        );
    }
    o.flag("IsSold", item.sale_price.is_some()).flag("IsPurchased", item.purchase_price.is_some());
}

pub(crate) fn invoice(o: &mut Object<'_>, universe: &Universe, invoice: &Invoice, form: Form) {
    let document = &invoice.document;
    let receivable = document.side == Side::Receivable;
    o.text("Type", if receivable { "ACCREC" } else { "ACCPAY" })
        .id("InvoiceID", document.id)
        .text("InvoiceNumber", &document.number)
        .text("Reference", &document.reference);
    let live = invoice.payments.iter().map(|at| &universe.books.payments[*at]);
    o.array("Payments", live.filter(|p| p.status == PaymentStatus::Authorised), |o, payment| {
        o.id("PaymentID", payment.id)
            .day_alone("Date", payment.date)
            .money("Amount", payment.amount)
            .text("Reference", &payment.reference)
            .number("CurrencyRate", payment.rate, 10)
            .flag("HasAccount", false)
            .flag("HasValidationErrors", false);
    });
    o.array("CreditNotes", &invoice.credits, |o, link| {
        let note = &universe.books.credit_notes[link.credit_note].document;
        o.id("CreditNoteID", note.id)
            .text("CreditNoteNumber", &note.number)
            .money("AppliedAmount", link.amount);
        o.day("Date", note.date).money("Total", note.total);
    });
    for (kind, name, key) in [
        (AdvanceKind::Prepayment, "Prepayments", "PrepaymentID"),
        (AdvanceKind::Overpayment, "Overpayments", "OverpaymentID"),
    ] {
        let used = universe.ledger.used_against(document.id).iter().filter(|link| link.kind == kind);
        o.array(name, used, |o, link| {
            let credit = &universe.ledger.advances(kind)[link.advance];
            o.id(key, credit.id).day_alone("Date", link.date).money("AppliedAmount", link.amount);
            o.money("Total", credit.body.total);
        });
    }
    o.money("AmountDue", invoice.amount_due())
        .money("AmountPaid", invoice.amount_paid)
        .money("AmountCredited", invoice.amount_credited)
        .flag("SentToContact", document.sent)
        .number("CurrencyRate", document.rate, 10)
        .flag("IsDiscounted", false)
        .flag("HasAttachments", false)
        .flag("HasErrors", false)
        .raw("BrandingThemeID", "null");
    head(o, universe, document, form);
    o.day("DueDate", document.due_date);
    body(o, universe, document, form);
    if form.full {
        o.raw("InvoiceAddresses", "[]");
    }
}

pub(crate) fn credit_note(o: &mut Object<'_>, universe: &Universe, note: &CreditNote, form: Form) {
    let document = &note.document;
    let receivable = document.side == Side::Receivable;
    o.id("CreditNoteID", document.id)
        .text("CreditNoteNumber", &document.number)
        .text("Type", if receivable { "ACCRECCREDIT" } else { "ACCPAYCREDIT" })
        .text("Reference", &document.reference);
    o.array("Payments", note.payments.iter().map(|at| &universe.books.payments[*at]), |o, payment| {
        o.id("PaymentID", payment.id).day_alone("Date", payment.date).money("Amount", payment.amount);
    });
    o.money("RemainingCredit", note.remaining);
    o.array("Allocations", &note.allocations, |o, allocation| {
        let invoice = &universe.books.invoices[allocation.invoice].document;
        o.id("AllocationID", allocation.id)
            .money("Amount", allocation.amount)
            .day_alone("Date", allocation.date);
        o.object("Invoice", |o| {
            o.id("InvoiceID", invoice.id).text("InvoiceNumber", &invoice.number);
        });
        o.flag("IsDeleted", false);
    });
    o.flag("HasAttachments", false).flag("HasErrors", false).number("CurrencyRate", document.rate, 10);
    head(o, universe, document, form);
    body(o, universe, document, form);
}

pub(crate) fn payment(o: &mut Object<'_>, universe: &Universe, payment: &Payment) {
    let books = &universe.books;
    o.id("PaymentID", payment.id)
        .day_alone("Date", payment.date)
        .money(
            "BankAmount",
            if payment.rate.is_zero() { payment.amount } else { payment.amount / payment.rate },
        )
        .money("Amount", payment.amount)
        .text("Reference", &payment.reference)
        .number("CurrencyRate", payment.rate, 10);
    let (kind, document, name) = match (payment.invoice, payment.credit_note) {
        (Some(at), _) => (["ACCRECPAYMENT", "ACCPAYPAYMENT"], &books.invoices[at].document, "Invoice"),
        (None, Some(at)) => {
            (["ARCREDITPAYMENT", "APCREDITPAYMENT"], &books.credit_notes[at].document, "CreditNote")
        }
        (None, None) => return,
    };
    let deleted = payment.status == PaymentStatus::Deleted;
    o.text("PaymentType", kind[usize::from(document.side == Side::Payable)])
        .text("Status", if deleted { "DELETED" } else { "AUTHORISED" })
        .updated(payment.updated_at)
        .flag("HasAccount", true)
        .flag("IsReconciled", payment.reconciled);
    let account = &books.accounts[payment.account];
    o.object("Account", |o| {
        o.id("AccountID", account.id).text_if("Code", account.code).text("Name", account.name);
    });
    let contact = &books.contacts[document.contact];
    o.object(name, |o| {
        o.id(&format!("{name}ID"), document.id).text(&format!("{name}Number"), &document.number);
        o.raw("Payments", "[]").flag("HasErrors", false);
        o.object("Contact", |o| {
            o.id("ContactID", contact.id).text("Name", &contact.name).flag("HasValidationErrors", false);
        });
        o.text("CurrencyCode", document.currency);
    });
    o.flag("HasValidationErrors", false);
}

/// Contact, day and status, which invoices and credit notes share.
fn head(o: &mut Object<'_>, universe: &Universe, document: &Document, form: Form) {
    contact_of(o, &universe.books.contacts[document.contact], form);
    o.day("Date", document.date);
}

/// Lines and totals, which invoices and credit notes share.
fn body(o: &mut Object<'_>, universe: &Universe, document: &Document, form: Form) {
    o.text("Status", document.status.as_str()).text("LineAmountTypes", document.line_amounts.as_str());
    if form.full {
        o.array("LineItems", &document.lines, |o, line| line_item(o, universe, line, form));
    }
    o.money("SubTotal", document.sub_total)
        .money("TotalTax", document.total_tax)
        .money("Total", document.total);
    o.updated(document.updated_at).text("CurrencyCode", document.currency);
    if let Some(day) = document.fully_paid_on {
        o.day_alone("FullyPaidOnDate", day);
    }
}

pub(crate) fn line_item(o: &mut Object<'_>, universe: &Universe, line: &DocumentLine, form: Form) {
    o.text_if("ItemCode", line.item_code.as_deref())
        .text("Description", &line.description)
        .number("UnitAmount", line.unit_amount, form.unit_places)
        .text("TaxType", line.tax_type)
        .money("TaxAmount", line.tax_amount)
        .money("LineAmount", line.line_amount)
        .text("AccountCode", line.account_code);
    tracking(o, "Tracking", universe, line.tracking);
    o.number("Quantity", line.quantity, 4).id("LineItemID", line.id);
}

/// The tracking option of a line, with its category; empty for none.
pub(crate) fn tracking(o: &mut Object<'_>, name: &str, universe: &Universe, option: Option<&'static str>) {
    let known = option.and_then(|option| Some((option, universe.ledger.tracking(option)?)));
    o.array(name, known, |o, (option, (category, id))| {
        o.text("Name", category.name).text("Option", option);
        o.id("TrackingCategoryID", category.id).id("TrackingOptionID", id);
    });
}

/// The contact as documents show it.
pub(crate) fn contact_of(o: &mut Object<'_>, contact: &Contact, form: Form) {
    o.object("Contact", |o| {
        o.id("ContactID", contact.id).text("Name", &contact.name);
        if form.full {
            o.raw("Addresses", "[]")
                .raw("Phones", "[]")
                .raw("ContactGroups", "[]")
                .raw("ContactPersons", "[]");
        }
        o.flag("HasValidationErrors", false);
    });
}
