//! The rest of the Xero books: their lists against the truth, each with its own way of paging and hiding.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::BTreeSet;
use std::time::Duration;

use client::{sandbox, xero_get, xero_json, xero_token};
use rust_decimal::Decimal;
use sentia_sandbox::universe::{AdvanceKind, Presence, Side, XeroStream};
use sentia_sandbox::{Pacing, Size, XeroSwitches, XeroTwin};
use serde_json::Value;

fn keys(rows: &[Value], key: &str) -> BTreeSet<String> {
    rows.iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

fn truth(twin: &XeroTwin, stream: XeroStream) -> BTreeSet<String> {
    twin.truth(stream).into_iter().map(|record| record.key).collect()
}

fn rows(answer: &Value, list: &str) -> Vec<Value> {
    answer[list].as_array().unwrap().clone()
}

#[tokio::test]
async fn paged_lists_give_exactly_the_truth_with_their_lines() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_pacing(Pacing::Lifted);
    let token = xero_token(twin).await;
    for (list, key, stream, lines, line_stream) in [
        (
            "PurchaseOrders",
            "PurchaseOrderID",
            XeroStream::PurchaseOrders,
            "LineItems",
            Some(XeroStream::PurchaseOrderLines),
        ),
        (
            "BankTransactions",
            "BankTransactionID",
            XeroStream::BankTransactions,
            "LineItems",
            Some(XeroStream::BankTransactionLines),
        ),
        ("ManualJournals", "ManualJournalID", XeroStream::ManualJournals, "JournalLines", None),
        ("Overpayments", "OverpaymentID", XeroStream::Overpayments, "LineItems", None),
        ("Prepayments", "PrepaymentID", XeroStream::Prepayments, "LineItems", None),
    ] {
        let (mut seen, mut page) = (vec![], 1);
        loop {
            let answer = xero_json(twin, &token, &format!("{list}?page={page}&pageSize=2&unitdp=4")).await;
            seen.extend(rows(&answer, list));
            if page >= answer["pagination"]["pageCount"].as_u64().unwrap() {
                break;
            }
            page += 1;
        }
        assert!(page > 1, "{list} has one page only");
        assert_eq!(keys(&seen, key), truth(twin, stream), "{list}");
        let lines: Vec<Value> = seen.iter().flat_map(|row| rows(row, lines)).collect();
        assert!(!lines.is_empty(), "{list}");
        if let Some(stream) = line_stream {
            assert_eq!(keys(&lines, "LineItemID"), truth(twin, stream), "{list}");
        }
    }
}

#[tokio::test]
async fn whole_lists_give_exactly_the_truth_and_hide_what_was_put_away() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    for (path, list, key, stream) in [
        ("BankTransfers?includeDeleted=true", "BankTransfers", "BankTransferID", XeroStream::BankTransfers),
        (
            "TrackingCategories?includeArchived=true&page=4",
            "TrackingCategories",
            "TrackingCategoryID",
            XeroStream::TrackingCategories,
        ),
        ("TaxRates", "TaxRates", "TaxType", XeroStream::TaxRates),
        ("Currencies", "Currencies", "Code", XeroStream::Currencies),
    ] {
        let answer = xero_json(twin, &token, path).await;
        assert!(answer.get("pagination").is_none());
        assert_eq!(keys(&rows(&answer, list), key), truth(twin, stream), "{list}");
    }
    let gone: BTreeSet<String> = twin
        .truth(XeroStream::BankTransfers)
        .into_iter()
        .filter(|record| record.presence == Presence::Voided)
        .map(|record| record.key)
        .collect();
    assert!(!gone.is_empty());
    let plain = rows(&xero_json(twin, &token, "BankTransfers").await, "BankTransfers");
    assert!(keys(&plain, "BankTransferID").is_disjoint(&gone));
    let one = gone.first().unwrap();
    let alone = xero_json(twin, &token, &format!("BankTransfers/{one}")).await;
    assert_eq!(alone["BankTransfers"][0]["Status"], "DELETED");
    let plain = rows(&xero_json(twin, &token, "TrackingCategories").await, "TrackingCategories");
    assert_eq!(plain.len(), 2);
    assert!(!plain[0]["Options"].to_string().contains("Ireland"));
    let all = xero_json(twin, &token, "TrackingCategories?includeArchived=true").await;
    assert!(all.to_string().contains("Ireland"));
}

#[tokio::test]
async fn orders_and_quotes_page_unasked_and_know_no_where() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let all = truth(twin, XeroStream::PurchaseOrders).len();
    let first = xero_json(twin, &token, "PurchaseOrders?pageSize=1000").await;
    assert!(all > 100 && rows(&first, "PurchaseOrders").len() == 100);
    assert_eq!(first["pagination"]["itemCount"], all);
    let wide = xero_json(twin, &token, "PurchaseOrders?page=1&pageSize=1000&where=nonsense").await;
    assert_eq!(rows(&wide, "PurchaseOrders").len(), all);
    let past = xero_json(twin, &token, "PurchaseOrders?page=99").await;
    assert!(rows(&past, "PurchaseOrders").is_empty());
    let billed =
        xero_json(twin, &token, "PurchaseOrders?Status=BILLED&DateFrom=2026-06-01&DateTo=2026-06-30").await;
    assert!(!rows(&billed, "PurchaseOrders").is_empty());
    for row in rows(&billed, "PurchaseOrders") {
        assert_eq!(row["Status"], "BILLED");
        assert!(row["DateString"].as_str().unwrap().starts_with("2026-06"));
    }
    let refused = xero_get(twin, &token, "PurchaseOrders?DateFrom=yesterday", None).await;
    assert_eq!(refused.status(), 400);

    let (mut seen, mut page) = (vec![], 1);
    loop {
        let answer = xero_json(twin, &token, &format!("Quotes?page={page}&pageSize=1000")).await;
        assert!(answer.get("pagination").is_none());
        let quotes = rows(&answer, "Quotes");
        let full = quotes.len() == 100;
        seen.extend(quotes);
        if !full {
            break;
        }
        page += 1;
    }
    assert!(page > 1);
    assert_eq!(keys(&seen, "QuoteID"), truth(twin, XeroStream::Quotes));
}

#[tokio::test]
async fn summaries_look_like_papers_without_lines() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    for (list, lines) in [
        ("BankTransactions", "LineItems"),
        ("Overpayments", "LineItems"),
        ("Prepayments", "LineItems"),
        ("ManualJournals", "JournalLines"),
    ] {
        let answer = xero_json(twin, &token, list).await;
        assert!(answer.get("pagination").is_none());
        assert!(rows(&answer, list).iter().all(|row| row[lines] == Value::Array(vec![])), "{list}");
    }
    // Asked for an order, this one list is never cut into pages.
    let path = "ManualJournals?page=2&pageSize=2&order=UpdatedDateUTC%20ASC";
    let answer = xero_json(twin, &token, path).await;
    assert_eq!(rows(&answer, "ManualJournals").len(), truth(twin, XeroStream::ManualJournals).len());
    let entry = &rows(&answer, "ManualJournals")[0]["JournalLines"];
    assert!(entry[0].get("JournalLineID").is_none() && entry[1]["LineAmount"].as_f64().unwrap() < 0.0);
}

#[tokio::test]
async fn increments_see_changes_but_not_a_transfer_taken_back() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    clock.advance(Duration::from_secs(600));
    let changes = sandbox.evolve().ledger;
    let ids = |ids: &[uuid::Uuid]| ids.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
    for (list, key, changed) in [
        ("PurchaseOrders", "PurchaseOrderID", &changes.purchase_orders_changed),
        ("Quotes", "QuoteID", &changes.quotes_changed),
        ("BankTransactions", "BankTransactionID", &changes.bank_transactions_deleted),
        ("BankTransactions", "BankTransactionID", &changes.bank_transactions_added),
        ("ManualJournals", "ManualJournalID", &changes.manual_journals_voided),
        ("BankTransfers", "BankTransferID", &changes.bank_transfers_added),
    ] {
        let answer = xero_get(twin, &token, &format!("{list}?page=1"), Some("2026-11-01T12:10:00Z")).await;
        let seen = keys(&rows(&answer.json().await.unwrap(), list), key);
        assert!(!changed.is_empty() && ids(changed).is_subset(&seen), "{list}");
    }
    let path = "BankTransfers?includeDeleted=true";
    let answer = xero_get(twin, &token, path, Some("2026-11-01T12:10:00Z")).await;
    let seen = keys(&rows(&answer.json().await.unwrap(), "BankTransfers"), "BankTransferID");
    assert!(!changes.bank_transfers_deleted.is_empty());
    assert!(ids(&changes.bank_transfers_deleted).is_disjoint(&seen));
    // Lists that know no bound overlook the header.
    let rates = xero_get(twin, &token, "TaxRates", Some("2027-01-01T00:00:00Z")).await;
    assert!(!rows(&rates.json().await.unwrap(), "TaxRates").is_empty());
}

#[tokio::test]
async fn journals_are_gated_numbered_and_only_ever_appended_to() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_pacing(Pacing::Lifted);
    let token = xero_token(twin).await;
    assert_eq!(xero_get(twin, &token, "Journals", None).await.status(), 403);
    twin.set_switches(XeroSwitches { journals: true, ..XeroSwitches::default() });
    // The old token still lacks the scope: a consent is never widened.
    assert_eq!(xero_get(twin, &token, "Journals", None).await.status(), 403);
    let token = xero_token(twin).await;
    let read = async || {
        let (mut seen, mut offset) = (vec![], 0);
        loop {
            let answer = xero_json(twin, &token, &format!("Journals?offset={offset}")).await;
            let journals = rows(&answer, "Journals");
            assert!(journals.len() <= 100 && answer.get("pagination").is_none());
            let Some(last) = journals.last() else { return seen };
            offset = last["JournalNumber"].as_u64().unwrap();
            seen.extend(journals);
        }
    };
    let before = read().await;
    assert!(before.len() > 100);
    assert_eq!(keys(&before, "JournalID"), truth(twin, XeroStream::Journals));
    let lines: Vec<Value> = before.iter().flat_map(|row| rows(row, "JournalLines")).collect();
    assert_eq!(keys(&lines, "JournalLineID"), truth(twin, XeroStream::JournalLines));
    for journal in &before {
        let lines = rows(journal, "JournalLines");
        let cents = |line: &Value| (line["NetAmount"].as_f64().unwrap() * 100.0).round() as i64;
        assert_eq!(lines.iter().map(cents).sum::<i64>(), 0, "{journal}");
    }
    clock.advance(Duration::from_secs(60));
    sandbox.evolve();
    let after = read().await;
    assert!(after.len() > before.len() && after[..before.len()] == before[..]);
    let by_number = xero_json(twin, &token, &format!("Journals/{}", after[3]["JournalNumber"])).await;
    assert_eq!(by_number["Journals"][0]["JournalID"], after[3]["JournalID"]);
}

#[tokio::test]
async fn an_advance_is_used_against_an_invoice_on_both_sides() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let (invoice, advance) = sandbox.change(|universe| {
        let at = universe.add_invoice(Side::Receivable, 1);
        let made = universe.add_advance(AdvanceKind::Prepayment, Side::Receivable, Decimal::new(500, 2));
        assert!(universe.allocate_advance(AdvanceKind::Prepayment, made, at, Decimal::new(500, 2)));
        assert!(!universe.allocate_advance(AdvanceKind::Prepayment, made, at, Decimal::ONE));
        (universe.books.invoices[at].document.id, universe.ledger.prepayments[made].id)
    });
    let shown = xero_json(twin, &token, &format!("Invoices/{invoice}")).await;
    assert_eq!(shown["Invoices"][0]["Prepayments"][0]["PrepaymentID"], advance.to_string());
    assert_eq!(shown["Invoices"][0]["AmountCredited"].as_f64(), Some(5.0));
    let shown = xero_json(twin, &token, &format!("Prepayments/{advance}")).await;
    let row = &shown["Prepayments"][0];
    assert_eq!(row["Allocations"][0]["Invoice"]["InvoiceID"], invoice.to_string());
    assert_eq!((row["Status"].as_str(), row["RemainingCredit"].as_f64()), (Some("PAID"), Some(0.0)));
}

#[tokio::test]
async fn where_compares_days_and_ids() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let october = "where=Date%3E%3DDateTime(2026,10,01)%20AND%20Date%3CDateTime(2026,11,01)";
    let answer = xero_json(twin, &token, &format!("BankTransactions?page=1&{october}")).await;
    let seen = rows(&answer, "BankTransactions");
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|row| row["DateString"].as_str().unwrap().starts_with("2026-10")));
    let contact = seen.iter().find_map(|row| row["Contact"]["ContactID"].as_str()).unwrap().to_owned();
    let path = format!("BankTransactions?page=1&where=Contact.ContactID%3DGuid(%22{contact}%22)");
    let answer = xero_json(twin, &token, &path).await;
    assert!(rows(&answer, "BankTransactions").iter().all(|row| row["Contact"]["ContactID"] == *contact));
    for bad in ["where=Foo==%22a%22", "where=Date==%22a%22", "where=Status", "order=Total"] {
        assert_eq!(xero_get(twin, &token, &format!("BankTransactions?{bad}"), None).await.status(), 400);
    }
}
