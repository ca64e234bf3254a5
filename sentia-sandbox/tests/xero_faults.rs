//! Faults of the Xero twin that strike other calls than reads of documents.
#![allow(clippy::unwrap_used)]

mod client;

use client::{http, sandbox, xero_get, xero_json, xero_token};
use sentia_sandbox::{FaultPlan, Size, XeroFault, XeroSwitches, XeroTwin};
use serde_json::Value;

async fn connections(twin: &XeroTwin, token: &str) -> usize {
    let answer = http().get(twin.connections_url()).bearer_auth(token).send().await.unwrap();
    answer.json::<Value>().await.unwrap().as_array().unwrap().len()
}

#[tokio::test]
async fn the_tenant_list_may_be_empty_without_counting_reads() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    twin.inject(XeroFault::EmptyTenantList, FaultPlan::nth(2));
    for _ in 0..3 {
        assert_eq!(xero_get(twin, &token, "Organisation", None).await.status(), 200);
    }
    assert_eq!([connections(twin, &token).await, connections(twin, &token).await], [1, 0]);
    assert_eq!(connections(twin, &token).await, 1);
    assert!(twin.requests().iter().any(|entry| entry.fault.as_deref() == Some("EmptyTenantList")));
}

#[tokio::test]
async fn reports_may_break_or_speak_of_unknown_rows_alone() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    twin.inject(XeroFault::ReportsBroken, FaultPlan::once());
    twin.inject(XeroFault::UnknownRowType, FaultPlan::nth(2));
    assert_eq!(xero_get(twin, &token, "Invoices?page=1", None).await.status(), 200);
    assert_eq!(xero_get(twin, &token, "Reports/TrialBalance", None).await.status(), 500);
    let spoilt = xero_json(twin, &token, "Reports/TrialBalance").await.to_string();
    assert!(spoilt.contains("\"GroupRow\""));
    let sound = xero_json(twin, &token, "Reports/TrialBalance").await.to_string();
    assert!(!sound.contains("GroupRow"));
}

#[tokio::test]
async fn journals_may_close_and_the_clock_may_be_wrong() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    twin.set_switches(XeroSwitches { journals: true, ..XeroSwitches::default() });
    let token = xero_token(twin).await;
    twin.inject(XeroFault::JournalsGate, FaultPlan::once());
    twin.inject(XeroFault::ClockSkew, FaultPlan::nth(1).mentioning("/Contacts"));
    let contacts = xero_get(twin, &token, "Contacts", None).await;
    assert_eq!(
        (contacts.status().as_u16(), contacts.headers()["date"].to_str().unwrap()),
        (200, "Sun, 01 Nov 2026 12:03:49 GMT")
    );
    assert_eq!(xero_get(twin, &token, "Journals", None).await.status(), 403);
    assert_eq!(xero_get(twin, &token, "Journals", None).await.status(), 200);
}

#[tokio::test]
async fn a_missing_scope_strikes_in_both_forms() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let token = xero_token(twin).await;
    for (fault, status) in
        [(XeroFault::MissingScopeForbidden, 403), (XeroFault::MissingScopeUnauthorized, 401)]
    {
        twin.inject(fault, FaultPlan::once());
        let answer = xero_get(twin, &token, "Invoices", None).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.json::<Value>().await.unwrap()["Detail"], "AuthorizationUnsuccessful");
    }
}

#[tokio::test]
async fn a_reused_refresh_token_stays_dead() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.xero();
    let refresh = async || {
        let form = [("grant_type", "refresh_token"), ("refresh_token", twin.refresh_token())];
        let call = http().post(twin.token_url()).basic_auth(twin.client_id(), Some(twin.client_secret()));
        call.form(&form).send().await.unwrap().status().as_u16()
    };
    assert_eq!(refresh().await, 200);
    twin.inject(XeroFault::RefreshTokenReused, FaultPlan::once());
    assert_eq!([refresh().await, refresh().await], [400, 400]);
    assert_eq!(xero_get(twin, &xero_token(twin).await, "Organisation", None).await.status(), 200);
}
