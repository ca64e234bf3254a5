//! The Xero twin's rows against the published model, which is read where it lies.
// Whether the test may be skipped is told by the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod client;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use client::{sandbox, xero_json, xero_token};
use sentia_sandbox::{Pacing, Size, XeroSwitches};
use serde_json::Value;

/// The property names of each schema, told by indentation: the model is printed by a machine, four spaces for a
/// schema's name and eight for its properties.
fn properties(yaml: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut schemas: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut inside, mut schema, mut in_properties) = (false, String::new(), false);
    for line in yaml.lines() {
        let (indent, text) = (line.len() - line.trim_start().len(), line.trim());
        match indent {
            0 => inside = false,
            2 => inside = text == "schemas:",
            4 if inside => schema = text.trim_end_matches(':').to_owned(),
            6 if inside => in_properties = text == "properties:",
            8 if inside && in_properties => {
                let name = text.split(':').next().unwrap_or_default().trim_matches('"').to_owned();
                schemas.entry(schema.clone()).or_default().insert(name);
            }
            _ => {}
        }
    }
    schemas
}

/// Members that real answers carry and the model does not list: the `...String` twins of dates (the sheet, section
/// 3), and what the model's own examples show.
fn beyond_the_model(name: &str) -> bool {
    const SHOWN: [&str; 15] = [
        "DateString",
        "DueDateString",
        "DeliveryDateString",
        "ExpiryDateString",
        "CreatedDateUTCString",
        "UpdatedDateUTCString",
        "HasErrors",
        "HasValidationErrors",
        "IsDiscounted",
        "CurrencyCode",
        "ID",
        "Type",
        "IsDeleted",
        "IsArchived",
        "IsActive",
    ];
    SHOWN.contains(&name)
}

fn check(known: &BTreeMap<String, BTreeSet<String>>, schema: &str, row: &Value) {
    for (name, value) in row.as_object().unwrap() {
        assert!(
            known[schema].contains(name) || beyond_the_model(name),
            "{schema}.{name} is not in the model"
        );
        let nested = match name.as_str() {
            "LineItems" => "LineItem",
            "Payments" => "Payment",
            "CreditNotes" | "CreditNote" => "CreditNote",
            "Allocations" => "Allocation",
            "Contact" => "Contact",
            "Invoice" => "Invoice",
            "Account" => "Account",
            "SalesDetails" | "PurchaseDetails" => "Purchase",
            "Tracking" => "LineItemTracking",
            "Prepayments" => "Prepayment",
            "Overpayments" => "Overpayment",
            "BankAccount" | "FromBankAccount" | "ToBankAccount" => "Account",
            "Options" => "TrackingOption",
            "TaxComponents" => "TaxComponent",
            "TrackingCategories" => "TrackingCategory",
            "Cells" => "ReportCell",
            "Attributes" => "ReportAttribute",
            "Rows" => "ReportRows",
            "JournalLines" if schema == "Journal" => "JournalLine",
            "JournalLines" => "ManualJournalLine",
            "Addresses" => "Address",
            _ => continue,
        };
        match value {
            Value::Array(rows) => rows.iter().for_each(|row| check(known, nested, row)),
            row => check(known, nested, row),
        }
    }
}

fn model() -> Option<(BTreeMap<String, BTreeSet<String>>, String)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/xero/xero_accounting.yaml");
    let Ok(yaml) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
        return None;
    };
    Some((properties(&yaml), yaml))
}

#[tokio::test]
async fn every_member_of_every_row_is_in_the_model() {
    let Some((known, _)) = model() else { return };
    let (sandbox, _) = sandbox(Size::small()).await;
    // A day's changes use advances against invoices, so that those parts of rows are there as well.
    sandbox.evolve();
    let twin = sandbox.xero();
    twin.set_pacing(Pacing::Lifted);
    twin.set_switches(XeroSwitches { journals: true, ..XeroSwitches::default() });
    let token = xero_token(twin).await;
    for (path, list, schema) in [
        ("Organisation", "Organisations", "Organisation"),
        ("Contacts?page=1&pageSize=1000&includeArchived=true", "Contacts", "Contact"),
        ("Accounts", "Accounts", "Account"),
        ("Items?unitdp=4", "Items", "Item"),
        ("Invoices?page=1&pageSize=1000", "Invoices", "Invoice"),
        ("CreditNotes?page=1&pageSize=1000", "CreditNotes", "CreditNote"),
        ("Payments?page=1&pageSize=1000", "Payments", "Payment"),
        ("PurchaseOrders?page=1&pageSize=1000", "PurchaseOrders", "PurchaseOrder"),
        ("Quotes", "Quotes", "Quote"),
        ("BankTransactions?page=1&pageSize=1000", "BankTransactions", "BankTransaction"),
        ("BankTransfers?includeDeleted=true", "BankTransfers", "BankTransfer"),
        ("ManualJournals?page=1", "ManualJournals", "ManualJournal"),
        ("Overpayments?page=1", "Overpayments", "Overpayment"),
        ("Prepayments?page=1", "Prepayments", "Prepayment"),
        ("Journals", "Journals", "Journal"),
        ("TrackingCategories?includeArchived=true", "TrackingCategories", "TrackingCategory"),
        ("TaxRates", "TaxRates", "TaxRate"),
        ("Currencies", "Currencies", "Currency"),
    ] {
        let answer = xero_json(twin, &token, path).await;
        let rows = answer[list].as_array().unwrap();
        assert!(!rows.is_empty(), "{list}");
        rows.iter().for_each(|row| check(&known, schema, row));
        let first = rows[0].get(format!("{schema}ID")).and_then(Value::as_str);
        if let Some(id) = first.filter(|_| list != "Organisations") {
            let alone = xero_json(twin, &token, &format!("{list}/{id}")).await;
            assert_eq!(alone[list].as_array().unwrap().len(), 1, "{list}");
            check(&known, schema, &alone[list][0]);
        }
    }
}

#[tokio::test]
async fn every_member_of_every_report_is_in_the_model() {
    let Some((known, yaml)) = model() else { return };
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    twin.set_pacing(Pacing::Lifted);
    let token = xero_token(twin).await;
    let contact = sandbox.look(|universe| universe.books.contacts[3].id);
    let row_types = yaml.split("\n    RowType:").nth(1).unwrap();
    let row_types: Vec<&str> = row_types.lines().skip(1).take(9).map(str::trim).collect();
    for name in ["BalanceSheet", "ProfitAndLoss", "TrialBalance", "BankSummary", "AgedReceivablesByContact"] {
        let answer = xero_json(twin, &token, &format!("Reports/{name}?contactId={contact}")).await;
        let report = &answer["Reports"][0];
        check(&known, "ReportWithRow", report);
        assert_eq!(report["ReportType"], name);
        let rows = report["Rows"].as_array().unwrap();
        assert_eq!(rows[0]["RowType"], "Header");
        for row in rows {
            let kind = format!("- {}", row["RowType"].as_str().unwrap());
            assert!(row_types.contains(&kind.as_str()), "{kind} in {row_types:?}");
            assert!(yaml.contains(&kind));
        }
    }
}
