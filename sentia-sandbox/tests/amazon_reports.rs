//! The Amazon twin against the sheet: reports from the request to the last row.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods)] // the twin is tested from outside, without Sentia's transport

mod amazon_client;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::time::Duration;

use amazon_client::*;
use flate2::read::GzDecoder;
use rust_decimal::Decimal;
use sentia_sandbox::universe::{AmazonStream, Region};
use sentia_sandbox::{AmazonChange, AmazonFault, AmazonTwin, FaultPlan, SandboxClock, Size};
use serde_json::{Value, json};

const RETURNS: &str = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA";
const SETTLEMENT: &str = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2";

async fn post(twin: &AmazonTwin, token: &str, body: &Value) -> (u16, Value) {
    let url = format!("{}/reports/2021-06-30/reports", twin.base_url());
    let answer = http().post(url).header("x-amz-access-token", token).json(body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

fn wish(kind: &str, market: &str) -> Value {
    json!({"reportType": kind, "marketplaceIds": [market], "dataStartTime": "2025-09-01T00:00:00Z"})
}

async fn create(twin: &AmazonTwin, token: &str, body: &Value) -> String {
    let (status, answer) = post(twin, token, body).await;
    assert_eq!(status, 202, "{answer}");
    answer["reportId"].as_str().unwrap().to_owned()
}

async fn report(twin: &AmazonTwin, token: &str, id: &str) -> Value {
    good(twin, token, &format!("/reports/2021-06-30/reports/{id}")).await
}

async fn url_of(twin: &AmazonTwin, token: &str, document: &Value) -> (String, bool) {
    let id = document.as_str().unwrap();
    let body = good(twin, token, &format!("/reports/2021-06-30/documents/{id}")).await;
    (body["url"].as_str().unwrap().to_owned(), body["compressionAlgorithm"] == "GZIP")
}

/// Downloads and unpacks; gives the charset and the bytes.
async fn bytes(twin: &AmazonTwin, token: &str, document: &Value) -> (String, Vec<u8>) {
    let (url, packed) = url_of(twin, token, document).await;
    let answer = http().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(answer.headers()["content-encoding"], "identity");
    let body = answer.bytes().await.unwrap();
    if !packed {
        return (kind, body.to_vec());
    }
    let mut plain = Vec::new();
    GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
    (kind, plain)
}

/// Rows as cells, header first; bytes above 7F are read as Latin 1, which is good enough for keys.
fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

/// Cells of the named columns.
fn columns(rows: &[Vec<String>], names: &[&str]) -> Vec<Vec<String>> {
    let at: Vec<usize> =
        names.iter().map(|name| rows[0].iter().position(|cell| cell == name).unwrap()).collect();
    rows[1..].iter().map(|row| at.iter().map(|at| row[*at].clone()).collect()).collect()
}

async fn finished(twin: &AmazonTwin, clock: &SandboxClock, token: &str, body: &Value) -> Value {
    let id = create(twin, token, body).await;
    clock.advance(Duration::from_secs(61));
    report(twin, token, &id).await
}

#[tokio::test]
async fn a_report_is_queued_made_and_downloaded_within_five_minutes() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let id = create(twin, &token, &wish(RETURNS, UK)).await;
    let status = async || report(twin, &token, &id).await["processingStatus"].as_str().unwrap().to_owned();
    assert_eq!(status().await, "IN_QUEUE");
    assert!(twin.notification(&AmazonChange::Report(id.clone())).is_none());
    clock.advance(Duration::from_secs(15));
    assert_eq!(status().await, "IN_PROGRESS");
    clock.advance(Duration::from_secs(45));
    let done = report(twin, &token, &id).await;
    assert_eq!((&done["processingStatus"], &done["reportType"]), (&json!("DONE"), &json!(RETURNS)));
    let notice = twin.notification(&AmazonChange::Report(id.clone())).unwrap();
    assert_eq!(
        notice["payload"]["reportProcessingFinishedNotification"]["reportDocumentId"],
        done["reportDocumentId"]
    );

    let (kind, file) = bytes(twin, &token, &done["reportDocumentId"]).await;
    assert_eq!(kind, "text/plain; charset=Cp1252");
    let rows = cells(&file);
    let keys: BTreeSet<String> = columns(&rows, &["order-id", "sku", "return-date", "license-plate-number"])
        .iter()
        .map(|row| row.join("/"))
        .collect();
    let truth: BTreeSet<String> = sandbox
        .look(|u| u.amazon.uk.truth(AmazonStream::FbaReturns, Some(0), Some(twin.now())))
        .into_iter()
        .map(|r| r.key)
        .collect();
    assert_eq!(keys, truth);
    // An apostrophe and a pound sign of code page 1252; inch marks are data.
    assert!(file.windows(12).any(|bytes| bytes == b"Didn\x92t fit \x96"));
    assert!(file.windows(2).any(|bytes| bytes == b"\xA35") && file.windows(4).any(|bytes| bytes == b" 1\" "));

    let (url, _) = url_of(twin, &token, &done["reportDocumentId"]).await;
    let with_token = http().get(&url).header("x-amz-access-token", &token).send().await.unwrap();
    assert_eq!(
        (with_token.status().as_u16(), &with_token.headers()["content-type"]),
        (403, &"application/xml".parse().unwrap())
    );
    assert_eq!(http().get(url.replace("Signature=", "Signature=0")).send().await.unwrap().status(), 403);
    clock.advance(Duration::from_secs(301));
    assert_eq!(http().get(&url).send().await.unwrap().status(), 403);
    let path = format!(
        "/reports/2021-06-30/documents/{}?enableContentEncodingUrlHeader=true",
        done["reportDocumentId"].as_str().unwrap()
    );
    let body = good(twin, &token, &path).await;
    let answer = http().get(body["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
}

#[tokio::test]
async fn requests_are_checked_and_equal_ones_end_cancelled() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_usa();
    let token = unpaced(twin).await;
    for (body, status) in [
        (wish(SETTLEMENT, US), 400),
        (wish("GET_NOTHING", US), 400),
        (wish(RETURNS, UK), 403),
        (json!({"reportType": RETURNS, "marketplaceIds": []}), 400),
        (
            json!({"reportType": RETURNS, "marketplaceIds": [US], "dataStartTime": "2027-01-01T00:00:00Z"}),
            400,
        ),
        (json!({"reportType": RETURNS, "marketplaceIds": [US], "dataStart": "2026-01-01T00:00:00Z"}), 400),
    ] {
        assert_eq!(post(twin, &token, &body).await.0, status, "{body}");
    }
    let ledger = wish("GET_LEDGER_DETAIL_VIEW_DATA", US);
    assert_eq!(finished(twin, &clock, &token, &ledger).await["processingStatus"], "DONE");
    let again = finished(twin, &clock, &token, &ledger).await;
    assert_eq!((&again["processingStatus"], again.get("reportDocumentId")), (&json!("CANCELLED"), None));
    clock.advance(Duration::from_secs(1_800));
    assert_eq!(finished(twin, &clock, &token, &ledger).await["processingStatus"], "DONE");
    // Nothing to tell: cancelled as well.
    let empty =
        json!({"reportType": RETURNS, "marketplaceIds": [US], "dataStartTime": "2026-11-01T12:00:00Z"});
    assert_eq!(finished(twin, &clock, &token, &empty).await["processingStatus"], "CANCELLED");
    // Called off in the queue, and not afterwards.
    let id = create(twin, &token, &wish("GET_MERCHANT_LISTINGS_ALL_DATA", US)).await;
    let cancel = async || {
        let url = format!("{}/reports/2021-06-30/reports/{id}", twin.base_url());
        http().delete(url).header("x-amz-access-token", &token).send().await.unwrap().status().as_u16()
    };
    assert_eq!(cancel().await, 200);
    assert_eq!(report(twin, &token, &id).await["processingStatus"], "CANCELLED");
    assert_eq!(cancel().await, 400);
    assert_eq!(ask(twin, &token, "/reports/2021-06-30/reports/1").await.0, 404);
    assert_eq!(ask(twin, &token, "/reports/2021-06-30/documents/1").await.0, 404);
}

#[tokio::test]
async fn settlements_are_found_and_add_up() {
    let (sandbox, _) = sandbox(Size::small()).await;
    for (twin, home) in [(sandbox.amazon_uk(), UK), (sandbox.amazon_usa(), US)] {
        let token = unpaced(twin).await;
        let first =
            good(twin, &token, &format!("/reports/2021-06-30/reports?reportTypes={SETTLEMENT}&pageSize=4"))
                .await;
        let mut reports = first["reports"].as_array().unwrap().clone();
        let mut next = first["nextToken"].as_str().map(str::to_owned);
        while let Some(token_text) = next {
            let alone = format!("/reports/2021-06-30/reports?nextToken={}", encoded(&token_text));
            assert_eq!(ask(twin, &token, &format!("{alone}&pageSize=4")).await.0, 400);
            let page = good(twin, &token, &alone).await;
            reports.extend(page["reports"].as_array().unwrap().iter().cloned());
            next = page["nextToken"].as_str().map(str::to_owned);
        }
        let truth = twin.visible_truth(AmazonStream::Settlements);
        assert!(reports.len() == truth.len() && truth.len() < twin.truth(AmazonStream::Settlements).len());
        let mut lines = BTreeSet::new();
        for report in &reports {
            let (kind, file) = bytes(twin, &token, &report["reportDocumentId"]).await;
            assert_eq!(kind.ends_with("Cp1252"), home == UK);
            let rows = cells(&file);
            let told =
                columns(&rows, &["settlement-id", "total-amount", "amount", "deposit-date", "currency"]);
            let amount = |text: &str| text.replace(',', ".").parse::<Decimal>().unwrap();
            let sum: Decimal = told[1..].iter().map(|row| amount(&row[2])).sum();
            assert_eq!(sum, amount(&told[0][1]));
            assert_eq!(told[0][3].as_bytes()[2] == b'.', home == UK, "{}", told[0][3]);
            assert_eq!(told[0][1].contains(','), told[0][4] == "EUR");
            lines.extend((1..told.len()).map(|number| format!("{}/{number}", told[0][0])));
        }
        assert_eq!(lines, visible(twin, AmazonStream::SettlementLines));
    }
    let token = unpaced(sandbox.amazon_uk()).await;
    let german = format!("/reports/2021-06-30/reports?reportTypes={SETTLEMENT}&marketplaceIds={DE}");
    let body = good(sandbox.amazon_uk(), &token, &german).await;
    assert!(body["reports"].as_array().unwrap().iter().all(|report| report["marketplaceIds"] == json!([DE])));
    assert_eq!(ask(sandbox.amazon_uk(), &token, "/reports/2021-06-30/reports?pageSize=4").await.0, 400);
}

#[tokio::test]
async fn ledger_orders_and_listings_agree_with_the_truth() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_usa();
    let token = unpaced(twin).await;
    let read = async |body: Value| {
        let done = finished(twin, &clock, &token, &body).await;
        let (kind, file) = bytes(twin, &token, &done["reportDocumentId"]).await;
        assert_eq!(kind, "text/plain; charset=UTF-8");
        cells(&file)
    };
    let iso = |day: &str| format!("{}-{}-{}", &day[6..], &day[..2], &day[3..5]);
    let detail = read(wish("GET_LEDGER_DETAIL_VIEW_DATA", US)).await;
    let keys = columns(&detail, &["Date", "FNSKU", "Event Type", "Reference ID"])
        .into_iter()
        .map(|row| format!("{}/{}", iso(&row[0]), row[1..].join("/")));
    assert_eq!(keys.collect::<BTreeSet<_>>(), visible(twin, AmazonStream::LedgerDetail));
    let mut body = wish("GET_LEDGER_SUMMARY_VIEW_DATA", US);
    body["reportOptions"] = json!({"aggregateByLocation": "COUNTRY", "aggregatedByTimePeriod": "DAILY"});
    let summary = read(body).await;
    let keys = columns(&summary, &["Date", "FNSKU", "Location", "Disposition"])
        .into_iter()
        .map(|row| format!("{}/{}", iso(&row[0]), row[1..].join("/")));
    assert_eq!(keys.collect::<BTreeSet<_>>(), visible(twin, AmazonStream::LedgerSummary));
    let listings = read(wish("GET_MERCHANT_LISTINGS_ALL_DATA", US)).await;
    assert_eq!(listings.len() - 1, visible(twin, AmazonStream::Listings).len());
    let orders = "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL";
    let failed = finished(twin, &clock, &token, &wish(orders, US)).await;
    assert_eq!(failed["processingStatus"], "FATAL", "a window of more than thirty days");
    assert!(
        String::from_utf8(bytes(twin, &token, &failed["reportDocumentId"]).await.1)
            .unwrap()
            .contains("could not")
    );
    sandbox.change(|universe| universe.place_marketplace_order(Region::Usa, 0));
    let body = json!({"reportType": orders, "marketplaceIds": [US], "dataStartTime": "2026-10-15T00:00:00Z"});
    let rows = read(body).await;
    let told = columns(&rows, &["amazon-order-id", "order-status", "item-price", "currency"]);
    assert!(told.iter().any(|row| row[1] == "Pending" && row[2].is_empty() && row[3].is_empty()));
}

#[tokio::test]
async fn documents_are_spoilt_as_planned() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let body = wish("GET_LEDGER_DETAIL_VIEW_DATA", UK);
    for (fault, status) in [
        (AmazonFault::ReportFatal, "FATAL"),
        (AmazonFault::ReportCancelled, "CANCELLED"),
        (AmazonFault::ReportStuck, "IN_PROGRESS"),
    ] {
        twin.inject(fault, FaultPlan::once());
        assert_eq!(finished(twin, &clock, &token, &body).await["processingStatus"], status);
        twin.set_report_repeat_interval(Duration::ZERO);
    }
    let done = finished(twin, &clock, &token, &body).await;
    let document = &done["reportDocumentId"];
    let (_, clean) = bytes(twin, &token, document).await;
    let width = cells(&clean)[0].len();
    let spoilt = async |fault: AmazonFault| {
        twin.inject(fault, FaultPlan::once());
        bytes(twin, &token, document).await
    };
    assert_eq!(cells(&spoilt(AmazonFault::NewColumn).await.1)[0].len(), width + 1);
    assert_eq!(cells(&spoilt(AmazonFault::MissingColumn).await.1)[0].len(), width - 1);
    assert_eq!(cells(&spoilt(AmazonFault::MissingLine).await.1).len(), cells(&clean).len() - 1);
    assert!(cells(&spoilt(AmazonFault::ShortRows).await.1)[1].len() < width);
    assert_eq!(spoilt(AmazonFault::MissingCharset).await.0, "text/plain");
    assert_eq!(
        spoilt(AmazonFault::WrongCharset).await,
        ("text/plain; charset=UTF-8".to_owned(), clean.clone())
    );
    assert!(spoilt(AmazonFault::ByteOrderMark).await.1.starts_with(b"\xEF\xBB\xBFDate"));
    for fault in [AmazonFault::DocumentExpired, AmazonFault::DocumentTruncated] {
        twin.inject(fault, FaultPlan::once());
        let (url, _) = url_of(twin, &token, document).await;
        let answer = http().get(url).send().await.unwrap();
        let unpacked = GzDecoder::new(&answer.bytes().await.unwrap()[..]).read_to_end(&mut vec![]);
        assert!(unpacked.is_err(), "{fault:?}");
    }
}
