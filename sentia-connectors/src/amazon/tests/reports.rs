//! Ordered reports: order, wait, adopt, download, read, and every way to fail.

use std::sync::atomic::{AtomicUsize, Ordering};

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

const LINK: &str = "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/report?X-Amz-Signature=canary";
const RETURNS: &str = "return-date\torder-id\tsku\tasin\tfnsku\tproduct-name\tquantity\tfulfillment-center-id\t\
    detailed-disposition\treason\tstatus\tlicense-plate-number\tcustomer-comments\r\n";

fn row(order: &str, plate: &str) -> String {
    format!(
        "2026-11-01T10:00:00+00:00\t{order}\tBOLT\tB0\tX0\t5\" bolt\t1\tLTN4\tSELLABLE\tUNWANTED\tok\t{plate}\t\r\n"
    )
}

/// A double that makes a report at once, from `body`; `poll` answers `getReport`.
fn made(body: impl Into<Bytes>, poll: impl Fn(usize) -> Value + Send + Sync + 'static) -> Double {
    let body: Bytes = body.into();
    let polls = AtomicUsize::new(0);
    Double::new(move |asked, _| match asked.operation {
        "getReports" => ok(json!({"reports": []})),
        "createReport" => status(202, json!({"reportId": "54517018502"})),
        "getReport" => ok(poll(polls.fetch_add(1, Ordering::SeqCst))),
        "getReportDocument" => ok(
            json!({"reportDocumentId": "amzn1.spdoc.1.eu.D1", "url": LINK, "compressionAlgorithm": "GZIP"}),
        ),
        _ => file("text/plain; charset=Cp1252", body.clone()),
    })
}

fn state(state: &str) -> Value {
    let document = (state == "DONE").then_some("amzn1.spdoc.1.eu.D1");
    json!({"reportId": "54517018502", "reportType": "T", "processingStatus": state,
        "createdTime": "2026-11-22T11:59:00Z", "reportDocumentId": document})
}

fn returns() -> Reading {
    reading("returns").since("2026-11-01T00:00:00Z")
}

#[tokio::test]
async fn a_report_is_ordered_waited_for_and_read_in_pages() {
    let body = RETURNS.to_owned() + &(0..5).map(|n| row(&format!("202-{n}"), "LPN")).collect::<String>();
    let double = made(body, |nth| state(["IN_QUEUE", "IN_PROGRESS", "DONE"][nth.min(2)]));
    let pages = returns().sized(2).all(&double).await.expect("pages");
    assert_eq!(
        double.operations(),
        ["getReports", "createReport", "getReport", "getReport", "getReport", "getReportDocument", ""]
    );
    assert_eq!(keys(&pages).len(), 5);
    let waits: Vec<_> = pages
        .iter()
        .filter_map(|page| match page.next() {
            Next::Wait(_, wait) => Some(wait.as_secs()),
            _ => None,
        })
        .collect();
    assert_eq!(waits, [1, 5, 5, 10]);
    let order: Value = serde_json::from_str(&double.seen()[1].body).expect("JSON");
    assert_eq!(
        order,
        json!({"reportType": "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA", "marketplaceIds": [UK],
            "dataStartTime": "2026-11-01T00:00:00Z", "dataEndTime": "2026-11-22T11:55:00Z"})
    );
    assert_eq!(pages.last().and_then(Page::bound), "2026-11-22T11:55:00Z".parse().ok(), "what was asked for");
    let download = &double.seen()[6];
    assert!(download.headers.is_empty(), "the link is signed: nothing goes with it");
    assert_eq!(pages.iter().map(|page| page.records().len()).collect::<Vec<_>>(), [0, 0, 0, 0, 2, 2, 1]);
}

#[tokio::test]
async fn a_row_is_its_headers_and_cells() {
    let double = made(RETURNS.to_owned() + &row("202-1", "LPN1"), |_| state("DONE"));
    let reading = returns();
    let pages = reading.all(&double).await.expect("pages");
    let page = pages.last().expect("rows");
    let document = String::from_utf8_lossy(page.records()[0].document.body()).into_owned();
    assert_eq!(
        document,
        r#"{"return-date":"2026-11-01T10:00:00+00:00","order-id":"202-1","sku":"BOLT","asin":"B0","fnsku":"X0","product-name":"5\" bolt","quantity":"1","fulfillment-center-id":"LTN4","detailed-disposition":"SELLABLE","reason":"UNWANTED","status":"ok","license-plate-number":"LPN1","customer-comments":""}"#
    );
    let info = info(&reading.amazon, "returns");
    assert_eq!(page.records()[0].key, "202-1/BOLT/2026-11-01T10:00:00+00:00/LPN1");
    assert_eq!(value(page, &info, 0, "quantity"), Cell::Integer(1));
    assert_eq!(value(page, &info, 0, "product_name"), Cell::Text("5\" bolt".into()));
}

#[tokio::test]
async fn rows_that_nothing_tells_apart_are_still_several() {
    let body = RETURNS.to_owned() + &row("202-1", "") + &row("202-2", "") + &row("202-1", "");
    let pages = returns().sized(1).all(&made(body, |_| state("DONE"))).await.expect("pages");
    let at = "2026-11-01T10:00:00+00:00";
    let expected = [format!("202-1/BOLT/{at}/"), format!("202-2/BOLT/{at}/"), format!("202-1/BOLT/{at}/#2")];
    assert_eq!(keys(&pages), expected);
}

#[tokio::test]
async fn a_restart_adopts_the_running_report_and_reads_on() {
    let body = RETURNS.to_owned() + &row("202-1", "a") + &row("202-2", "b") + &row("202-3", "c");
    let double = made(body, |_| state("DONE"));
    let reading = returns().sized(2);
    let asked = reading.page(&double, None).await.expect("durable first");
    assert!(double.seen().is_empty(), "nothing is ordered before the slice is durable");
    let running = reading.page(&double, Some(&token(&asked))).await.expect("ordered");
    assert!(token(&running).contains(" running 54517018502 "), "{}", token(&running));
    let first = reading.page(&double.restarted(), Some(&token(&running))).await.expect("adopted");
    let second = reading.page(&double.restarted(), Some(&token(&first))).await.expect("downloaded again");
    assert_eq!(keys(&[first, second]), keys(&reading.all(&double).await.expect("the same")));
    assert_eq!(double.operations().iter().filter(|name| **name == "createReport").count(), 2, "once a read");
}

#[tokio::test]
async fn an_order_whose_answer_was_lost_is_found_by_its_span() {
    let listed = |changes: Value| {
        let mut report = json!({"reportId": "7", "processingStatus": "IN_PROGRESS", "marketplaceIds": [UK],
            "createdTime": "2026-11-22T11:59:00+00:00", "dataStartTime": "2026-11-01T00:00:00+00:00",
            "dataEndTime": "2026-11-22T11:55:00+00:00"});
        for (name, value) in changes.as_object().expect("an object") {
            report[name] = value.clone();
        }
        report
    };
    for (changes, adopted) in [
        (json!({}), true),
        (json!({"processingStatus": "DONE"}), true),
        (json!({"processingStatus": "FATAL"}), false),
        (json!({"dataEndTime": "2026-11-22T11:54:00Z"}), false),
        (json!({"marketplaceIds": ["A1PA6795UKMFR9"]}), false),
    ] {
        let report = listed(changes.clone());
        let double = Double::new(move |asked, _| match asked.operation {
            "getReports" => ok(json!({"reports": [report]})),
            _ => status(202, json!({"reportId": "8"})),
        });
        let token = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z ask 0";
        let page = returns().page(&double, Some(token)).await.expect("running");
        let expected = if adopted { "running 7 0 0" } else { "running 8 0 0" };
        assert!(self::token(&page).ends_with(expected), "{changes}");
        assert_eq!(double.seen()[0].query("reportTypes"), "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA");
    }
}

#[tokio::test]
async fn a_cancelled_report_is_an_empty_one() {
    let double = made("", |_| state("CANCELLED"));
    let pages = returns().all(&double).await.expect("pages");
    assert_eq!(keys(&pages), Vec::<String>::new());
    assert!(!double.operations().contains(&"getReportDocument"));
}

#[tokio::test]
async fn a_failed_report_is_an_error_with_amazons_reason_and_is_ordered_again_later() {
    let fatal = || {
        let mut fatal = state("FATAL");
        fatal["reportDocumentId"] = json!("amzn1.spdoc.1.eu.D1");
        fatal
    };
    let double = made("Report dates are too far apart", move |_| fatal());
    let token = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z running 9 3 0";
    let error = returns().page(&double, Some(token)).await.expect_err("failed");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, false));
    let reason = error.context_value("reason").unwrap_or_default();
    assert!(reason.starts_with("Report dates are too far"), "{reason}");
    assert_eq!(error.wait().map(|wait| wait.as_secs()), Some(29 * 60), "half an hour between equal orders");
    double.clock.advance(std::time::Duration::from_secs(30 * 60));
    let page = returns().page(&double, Some(token)).await.expect("ordered again");
    assert!(self::token(&page).ends_with(" ask 1"), "{}", self::token(&page));
    let spent = token.replace("9 3 0", "9 3 3");
    returns().page(&double, Some(&spent)).await.expect_err("three orders failed");
    double.clock.advance(std::time::Duration::from_secs(4 * 3600));
    let page = returns().page(&double, Some(&spent)).await.expect("after hours it may be another matter");
    assert!(self::token(&page).ends_with(" ask 0"));
}

#[tokio::test]
async fn a_report_that_is_never_made_is_ordered_anew_and_then_given_up_until_later() {
    let progress = |created: &str| {
        let mut report = state("IN_PROGRESS");
        report["createdTime"] = json!(created);
        report
    };
    let ends = async |created: &'static str, failed: u32| {
        let double = made("", move |_| progress(created));
        let place = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z running 9 40";
        returns().page(&double, Some(&format!("{place} {failed}"))).await.map(|page| token(&page))
    };
    let place = |token: sentia_core::Result<String>| {
        let token = token.expect("it goes on");
        token.rsplit("Z ").next().unwrap_or_default().to_owned()
    };
    assert_eq!(place(ends("2026-11-22T06:01:00Z", 0).await), "running 9 41 0", "not six hours old");
    assert_eq!(place(ends("2026-11-22T06:00:00Z", 0).await), "ask 1", "ordered anew");
    assert_eq!(place(ends("2026-11-22T06:00:00Z", 2).await), "ask 3");
    let error = ends("2026-11-22T06:00:00Z", 3).await.expect_err("the run gives up");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Timeout, false));
    assert_eq!(error.context_value("report"), Some("9"));
    assert_eq!(place(ends("2026-11-22T05:29:00Z", 3).await), "ask 0", "a later run begins anew");
}

#[tokio::test]
async fn a_stuck_report_is_not_adopted_again() {
    let double = made("", |_| state("IN_QUEUE"));
    let place = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z ask 1";
    drop(returns().page(&double, Some(place)).await.expect("ordered"));
    assert_eq!(double.seen()[0].query("createdSince"), "2026-11-22T06:00:00Z", "no older one is looked at");
}

#[tokio::test]
async fn a_report_that_amazon_no_longer_keeps_restarts_the_window() {
    for operation in ["getReport", "getReportDocument"] {
        let double = Double::new(move |asked, _| match asked.operation {
            missing if missing == operation => status(404, json!({"errors": [{"code": "NotFound"}]})),
            _ => ok(state("DONE")),
        });
        let token = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z running 9 3 0";
        let error = returns().page(&double, Some(token)).await.expect_err("gone");
        assert_eq!(error.kind(), ErrorKind::PositionExpired, "{operation}");
    }
}

#[tokio::test]
async fn a_link_that_expired_is_asked_for_once_more() {
    let downloads = AtomicUsize::new(0);
    let body = RETURNS.to_owned() + &row("202-1", "a");
    let double = Double::new(move |asked, _| match asked.operation {
        "getReportDocument" => ok(json!({"url": LINK})),
        "" if downloads.fetch_add(1, Ordering::SeqCst) == 0 => {
            (403, Vec::new(), "<Error><Code>AccessDenied</Code></Error>".into())
        }
        _ => file("text/plain; charset=UTF-8", body.clone()),
    });
    let token = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z rows D1 0 0";
    let page = returns().page(&double, Some(token)).await.expect("the second link");
    assert_eq!((page.records().len(), double.seen().len()), (1, 4));
}

#[tokio::test]
async fn a_link_to_elsewhere_is_not_followed() {
    for link in
        ["http://169.254.169.254/latest/", "https://evil.example/", "http://tortuga.s3.amazonaws.com/", "x"]
    {
        let double = Double::new(move |_, _| ok(json!({"url": link})));
        let token = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z rows D1 0 0";
        let error = returns().page(&double, Some(token)).await.expect_err(link);
        assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, false), "{error:?}");
        assert_eq!(double.operations(), ["getReportDocument"]);
    }
}

#[tokio::test]
async fn a_truncated_download_is_downloaded_again() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all((RETURNS.to_owned() + &row("202-1", "a")).as_bytes()).expect("memory");
    let packed = encoder.finish().expect("memory");
    let downloads = AtomicUsize::new(0);
    let double = Double::new(move |asked, _| match asked.operation {
        "getReportDocument" => ok(json!({"url": LINK, "compressionAlgorithm": "GZIP"})),
        _ if downloads.fetch_add(1, Ordering::SeqCst) == 0 => {
            file("text/plain", packed[..packed.len() - 12].to_vec())
        }
        _ => file("text/plain", packed.clone()),
    });
    let token = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z rows D1 0 0";
    let error = returns().page(&double, Some(token)).await.expect_err("cut off");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, true));
    let page = returns().page(&double, Some(token)).await.expect("whole");
    assert_eq!(page.records().len(), 1);
}

#[tokio::test]
async fn a_place_of_another_version_is_found_by_its_row() {
    let body = RETURNS.to_owned() + &(0..9).map(|n| row(&format!("202-{n}"), "p")).collect::<String>();
    let double = made(body, |_| state("DONE"));
    for byte in [0, 7, 300, 1_000_000] {
        let token = format!(
            "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z rows amzn1.spdoc.1.eu.D1 6 {byte}"
        );
        let page = returns().page(&double, Some(&token)).await.expect("rows");
        let orders: Vec<_> = page.records().iter().map(|record| record.key[..5].to_owned()).collect();
        assert_eq!(orders, ["202-6", "202-7", "202-8"], "{byte}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_held_back_and_stops_nothing() {
    let bad = row("202-2", "b").replace("\t1\tLTN4", "\tmany\tLTN4");
    let double = made(RETURNS.to_owned() + &row("202-1", "a") + &bad, |_| state("DONE"));
    let pages = returns().all(&double).await.expect("pages");
    let held: Vec<_> = pages.iter().flat_map(Page::rejected).map(|held| held.reason.clone()).collect();
    assert_eq!(keys(&pages).len(), 1);
    assert!(held.len() == 1 && held[0].contains("quantity: \"many\""), "{held:?}");
}

#[tokio::test]
async fn the_ledger_ends_with_yesterday_and_restated_days_keep_their_key() {
    let header = "\"Date\"\t\"FNSKU\"\t\"ASIN\"\t\"MSKU\"\t\"Title\"\t\"Disposition\"\t\"Starting Warehouse Balance\"\t\
        \"Customer Shipments\"\t\"Ending Warehouse Balance\"\t\"Location\"\n";
    let day = |date: &str| {
        format!(
            "\"{date}\"\t\"X0\"\t\"B0\"\t\"BOLT\"\t\"5\" bolt\"\t\"SELLABLE\"\t\"10\"\t\"-2\"\t\"8\"\t\"GB\"\n"
        )
    };
    let mut found = Vec::new();
    for date in ["11/14/2026", "2026-11-14"] {
        let double = made(header.to_owned() + &day(date), |_| state("DONE"));
        let ledger = reading("inventory_ledger").since("2026-11-01T00:00:00Z");
        let pages = ledger.all(&double).await.expect("pages");
        let order: Value = serde_json::from_str(&double.seen()[1].body).expect("JSON");
        assert_eq!(order["dataEndTime"], "2026-11-22T00:00:00Z");
        let backfill =
            reading("inventory_ledger").since("2026-11-01T00:00:00Z").until("2026-11-14T10:00:00Z");
        let double = made(header.to_owned() + &day(date), |_| state("DONE"));
        let _ = backfill.all(&double).await.expect("pages");
        let order: Value = serde_json::from_str(&double.seen()[1].body).expect("JSON");
        assert_eq!(order["dataEndTime"], "2026-11-15T00:00:00Z", "a whole day, and no more of them");
        assert_eq!(
            order["reportOptions"],
            json!({"aggregatedByTimePeriod": "DAILY", "aggregateByLocation": "COUNTRY"})
        );
        let info = info(&ledger.amazon, "inventory_ledger");
        let page = pages.last().expect("rows");
        assert_eq!(value(page, &info, 0, "customer_shipments"), Cell::Integer(-2));
        assert_eq!(value(page, &info, 0, "title"), Cell::Text("5\" bolt".into()));
        found.extend(keys(&pages));
    }
    assert_eq!(found, ["2026-11-14/X0/BOLT/SELLABLE/GB", "2026-11-14/X0/BOLT/SELLABLE/GB"]);
}

#[tokio::test]
async fn history_is_one_report_per_slice() {
    let double = made("", |_| state("CANCELLED"));
    drop(reading("returns").all(&double).await.expect("pages"));
    let orders: Vec<Value> = double
        .seen()
        .iter()
        .filter(|asked| asked.operation == "createReport")
        .map(|asked| serde_json::from_str(&asked.body).expect("JSON"))
        .collect();
    assert_eq!(orders.len(), 9, "540 days by 60");
    assert!(orders.windows(2).all(|pair| pair[0]["dataEndTime"] == pair[1]["dataStartTime"]));
}
