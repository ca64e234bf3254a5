//! The Xero twin against the sheet: tokens, paging, increments, limits, faults.
#![allow(clippy::unwrap_used)]

mod client;

use std::collections::BTreeMap;
use std::time::Duration;

use client::{http, sandbox, xero_get, xero_json, xero_token};
use sentia_sandbox::universe::{ContactStatus, XeroStream};
use sentia_sandbox::{FaultPlan, Pacing, Size, XeroFault, XeroLimits, XeroTwin};
use serde_json::Value;

async fn pages(twin: &XeroTwin, token: &str, list: &str, size: usize) -> Vec<Value> {
    let mut rows = vec![];
    for page in 1.. {
        let path = format!(
            "{list}?page={page}&pageSize={size}&includeArchived=true&order=UpdatedDateUTC%20ASC&unitdp=4"
        );
        let answer = xero_json(twin, token, &path).await;
        rows.extend(answer[list].as_array().unwrap().iter().cloned());
        if page >= answer["pagination"]["pageCount"].as_u64().unwrap() {
            assert_eq!(answer["pagination"]["itemCount"], rows.len());
            return rows;
        }
    }
    unreachable!("the loop only ends by returning")
}

fn keys(rows: &[Value], key: &str) -> Vec<String> {
    let mut keys: Vec<String> = rows.iter().map(|row| row[key].as_str().unwrap().to_owned()).collect();
    keys.sort();
    keys
}

fn truth(twin: &XeroTwin, stream: XeroStream) -> Vec<String> {
    let mut keys: Vec<String> = twin.truth(stream).into_iter().map(|record| record.key).collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn paging_to_the_end_gives_exactly_the_truth() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    for (list, key, stream) in [
        ("Invoices", "InvoiceID", XeroStream::Invoices),
        ("Contacts", "ContactID", XeroStream::Contacts),
        ("Payments", "PaymentID", XeroStream::Payments),
        ("CreditNotes", "CreditNoteID", XeroStream::CreditNotes),
    ] {
        assert_eq!(keys(&pages(twin, &token, list, 7).await, key), truth(twin, stream), "{list}");
    }
    for (list, key, stream) in
        [("Accounts", "AccountID", XeroStream::Accounts), ("Items", "ItemID", XeroStream::Items)]
    {
        // Lists that do not page ignore the parameter and say nothing of pagination.
        let answer = xero_json(twin, &token, &format!("{list}?page=3")).await;
        assert!(answer.get("pagination").is_none());
        assert_eq!(keys(answer[list].as_array().unwrap(), key), truth(twin, stream), "{list}");
    }
}

#[tokio::test]
async fn amounts_add_up_and_agree_with_the_truth() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let truth: BTreeMap<String, _> =
        twin.truth(XeroStream::Invoices).into_iter().map(|r| (r.key.clone(), r)).collect();
    for invoice in pages(twin, &token, "Invoices", 1000).await {
        let known = &truth[invoice["InvoiceID"].as_str().unwrap()];
        let total = invoice["Total"].to_string().parse::<f64>().unwrap();
        assert!((total - known.amounts["Total"].to_string().parse::<f64>().unwrap()).abs() < 0.001);
        assert_eq!(Some(invoice["Status"].as_str().unwrap()), known.status.as_deref());
        assert!(!invoice["LineItems"].as_array().unwrap().is_empty());
    }
}

#[tokio::test]
async fn lists_without_page_are_summaries_and_dates_have_escaped_slashes() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let text = xero_get(twin, &token, "Invoices?pageSize=5", None).await.text().await.unwrap();
    assert!(
        text.starts_with("{\"Id\":\"")
            && text.contains(r#""UpdatedDateUTC":"\/Date("#)
            && text.contains("+0000)\\/")
    );
    assert!(!text.contains("LineItems") && !text.contains("pagination"));
    let two = xero_json(twin, &token, "Items").await["Items"].to_string();
    let four = xero_get(twin, &token, "Items?unitdp=4", None).await.text().await.unwrap();
    assert_ne!(two.len(), four.len());
}

#[tokio::test]
async fn increments_are_inclusive_to_the_second_and_have_blind_spots() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    clock.advance(Duration::from_millis(600_400));
    let changes = sandbox.evolve();
    for since in ["2026-11-01T12:10:00", "2026-11-01T12:10:00Z"] {
        let answer = xero_get(twin, &token, "Invoices?page=1&pageSize=1000", Some(since)).await;
        let seen = keys(answer.json::<Value>().await.unwrap()["Invoices"].as_array().unwrap(), "InvoiceID");
        assert!(changes.invoices_changed.iter().all(|id| seen.contains(&id.to_string())));
        assert!(changes.invoices_voided.iter().all(|id| seen.contains(&id.to_string())));
        let silent = &changes.invoices_changed_silently;
        assert!(
            silent.iter().all(|id| changes.invoices_changed.contains(id) || !seen.contains(&id.to_string()))
        );
    }
    let later = xero_get(twin, &token, "Invoices?page=1", Some("2026-11-01T12:10:01Z")).await;
    let json: Value = later.json().await.unwrap();
    assert_eq!(json["Invoices"], Value::Array(vec![]));
}

#[tokio::test]
async fn archived_contacts_hide_and_deleted_items_vanish() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let item = sandbox.look(|universe| universe.books.items[0].id);
    sandbox.change(|universe| {
        universe.archive_contact(5);
        universe.delete_item(item);
    });
    let archived = sandbox.look(|universe| {
        assert_eq!(universe.books.contacts[5].status, ContactStatus::Archived);
        universe.books.contacts[5].id.to_string()
    });
    let plain = xero_json(twin, &token, "Contacts").await;
    assert!(!keys(plain["Contacts"].as_array().unwrap(), "ContactID").contains(&archived));
    let all = xero_json(twin, &token, "Contacts?includeArchived=true").await;
    assert!(keys(all["Contacts"].as_array().unwrap(), "ContactID").contains(&archived));
    let items = xero_json(twin, &token, "Items").await;
    assert!(!keys(items["Items"].as_array().unwrap(), "ItemID").contains(&item.to_string()));
    assert!(
        twin.truth(XeroStream::Items).iter().any(|record| record.key == item.to_string() && record.deleted())
    );
}

async fn refresh(twin: &XeroTwin, token: &str) -> (u16, Value) {
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let call =
        http().post(twin.token_url()).basic_auth(twin.client_id(), Some(twin.client_secret())).form(&form);
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn refresh_tokens_rotate_with_thirty_minutes_of_grace() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let first = twin.refresh_token();
    let (status, one) = refresh(twin, first).await;
    assert_eq!(status, 200);
    assert_ne!(one["refresh_token"], first);
    clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(refresh(twin, first).await.0, 200);
    clock.advance(Duration::from_secs(1));
    assert_eq!(refresh(twin, first).await, (400, serde_json::json!({"error": "invalid_grant"})));
    assert_eq!(refresh(twin, one["refresh_token"].as_str().unwrap()).await.0, 200);
    let access = one["access_token"].as_str().unwrap();
    assert_eq!(xero_get(twin, access, "Organisation", None).await.status(), 401);
}

#[tokio::test]
async fn connections_match_without_case_and_wrong_tenants_are_refused() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let list =
        http().get(format!("{}/Connections", twin.base_url())).bearer_auth(&token).send().await.unwrap();
    assert_eq!(list.json::<Value>().await.unwrap()[0]["tenantId"], twin.tenant_id());
    let call = http()
        .get(format!("{}/Organisation", twin.api_url()))
        .bearer_auth(&token)
        .header("xero-tenant-id", "x");
    assert_eq!(call.send().await.unwrap().status(), 403);
    let call = http().get(format!("{}/Organisation", twin.api_url())).bearer_auth(&token);
    let xml = call.send().await.unwrap();
    assert!(xml.headers()["content-type"].to_str().unwrap().starts_with("text/xml"));
}

#[tokio::test]
async fn the_sixty_first_call_of_a_minute_is_refused_until_the_next() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    for left in (0..60).rev() {
        let answer = xero_get(twin, &token, "Organisation", None).await;
        assert_eq!(answer.headers()["x-minlimit-remaining"], left.to_string().as_str());
    }
    let refused = xero_get(twin, &token, "Organisation", None).await;
    assert_eq!((refused.status().as_u16(), &refused.headers()["retry-after"]), (429, &"60".parse().unwrap()));
    assert_eq!(refused.headers()["x-rate-limit-problem"], "minute");
    assert_eq!(refused.headers()["date"], "Sun, 01 Nov 2026 12:00:00 GMT");
    clock.advance(Duration::from_secs(60));
    assert_eq!(xero_get(twin, &token, "Organisation", None).await.status(), 200);
}

#[tokio::test]
async fn the_day_has_a_limit_of_its_own_that_ends_at_midnight() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_limits(XeroLimits { day: 2, ..XeroLimits::default() });
    let token = xero_token(twin).await;
    for left in ["1", "0"] {
        let answer = xero_get(twin, &token, "Organisation", None).await;
        assert_eq!(answer.headers()["x-daylimit-remaining"], left);
        assert!(answer.headers().contains_key("x-appminlimit-remaining"));
    }
    let refused = xero_get(twin, &token, "Organisation", None).await;
    assert_eq!(refused.headers()["x-rate-limit-problem"], "day");
    assert_eq!(refused.headers()["retry-after"], "43200");
    clock.advance(Duration::from_secs(43_200));
    let token = xero_token(twin).await;
    assert_eq!(xero_get(twin, &token, "Organisation", None).await.status(), 200);
}

#[tokio::test]
async fn the_sixth_call_at_once_is_refused_without_retry_after() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    twin.inject(XeroFault::StalledBody, FaultPlan::next(5));
    let mut held = vec![];
    for _ in 0..5 {
        held.push(xero_get(twin, &token, "Invoices?page=1", None).await);
    }
    let refused = xero_get(twin, &token, "Invoices?page=1", None).await;
    assert_eq!(refused.headers()["x-rate-limit-problem"], "concurrent");
    assert!(refused.headers().get("retry-after").is_none());
}

#[tokio::test]
async fn the_ground_can_shift_between_two_pages() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    let path = |page: u32| format!("Invoices?page={page}&pageSize=5&order=UpdatedDateUTC%20ASC");
    clock.advance(Duration::from_secs(5));
    let first = xero_json(twin, &token, &path(1)).await;
    let moved = first["Invoices"][0]["InvoiceID"].as_str().unwrap().to_owned();
    let target = moved.clone();
    twin.on_request(1, move |universe| {
        let at = universe.books.invoices.iter().position(|i| i.document.id.to_string() == target);
        universe.touch_invoice(at.unwrap());
    });
    let before = sandbox.look(|universe| universe.books.invoices.len()).div_ceil(5);
    let last = xero_json(twin, &token, &path(before as u32)).await;
    assert!(keys(last["Invoices"].as_array().unwrap(), "InvoiceID").contains(&moved));
}

/// What a reader of one page could notice: status, headers that matter, and the text if it all arrives.
async fn observe(twin: &XeroTwin, token: &str) -> String {
    let path = "Invoices?page=2&pageSize=5&order=UpdatedDateUTC%20ASC";
    let answer = xero_get(twin, token, path, Some("2020-01-01T00:00:00Z")).await;
    let head = format!(
        "{} {:?} {:?}",
        answer.status(),
        answer.headers().get("retry-after"),
        answer.headers().get("content-type")
    );
    let text = answer.text().await.map_or_else(
        |error| error.to_string(),
        |text| {
            let mut json: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
            if let Some(object) = json.as_object_mut() {
                object.remove("Id");
                object.remove("Instance");
            }
            json.to_string()
        },
    );
    format!("{head} {text}")
}

#[tokio::test]
async fn every_fault_can_be_observed() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_pacing(Pacing::Lifted);
    let token = xero_token(twin).await;
    let sound = observe(twin, &token).await;
    for fault in XeroFault::ALL {
        assert!(!fault.source().is_empty());
        twin.inject(fault, FaultPlan::once());
        match fault {
            // Seen in xero_faults.rs: they strike other calls, or another header.
            XeroFault::EmptyTenantList
            | XeroFault::UnknownRowType
            | XeroFault::ReportsBroken
            | XeroFault::JournalsGate
            | XeroFault::ClockSkew => {}
            // Seen in the next tests: the first hangs, the second needs a bound that excludes something.
            XeroFault::StalledBody | XeroFault::IgnoredSince => {}
            XeroFault::InvalidGrant
            | XeroFault::LostTokenResponse
            | XeroFault::TokenUnavailable
            | XeroFault::RefreshTokenReused
            | XeroFault::InvalidScope => {
                let form = [("grant_type", "client_credentials")];
                let call =
                    http().post(twin.token_url()).basic_auth(twin.client_id(), Some(twin.client_secret()));
                let answer = call.form(&form).send().await.unwrap();
                assert!(!answer.status().is_success() || answer.text().await.is_err(), "{fault:?}");
            }
            _ => assert_ne!(observe(twin, &token).await, sound, "{fault:?}"),
        }
        twin.clear_faults();
    }
    assert_eq!(observe(twin, &token).await, sound);
}

#[tokio::test]
async fn ignored_since_and_plans() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    twin.inject(XeroFault::IgnoredSince, FaultPlan::nth(2).mentioning("/Invoices"));
    let mut seen = vec![];
    for list in ["Contacts", "Invoices", "Invoices", "Invoices"] {
        let answer = xero_get(twin, &token, &format!("{list}?page=1"), Some("2027-01-01T00:00:00Z")).await;
        seen.push(answer.json::<Value>().await.unwrap()[list] != Value::Array(vec![]));
    }
    assert_eq!(seen, [false, false, true, false]);
    let log = twin.requests();
    assert_eq!(log.last().unwrap().headers["if-modified-since"], "2027-01-01T00:00:00Z");
    assert_eq!(log.iter().filter(|entry| entry.fault.is_some()).count(), 1);
}
