//! Settlements: listed, never ordered; one download for both streams.

use sentia_core::{ErrorKind, Value as Cell};

use super::*;

const LINK: &str = "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/report";
const HEADER: &str = "settlement-id\tsettlement-start-date\tsettlement-end-date\tdeposit-date\ttotal-amount\tcurrency\t\
    transaction-type\torder-id\tmerchant-order-id\tadjustment-id\tshipment-id\tmarketplace-name\tamount-type\t\
    amount-description\tamount\tfulfillment-id\tposted-date\tposted-date-time\torder-item-code\tmerchant-order-item-id\t\
    merchant-adjustment-item-id\tsku\tquantity-purchased\tpromotion-id\n";

fn european() -> String {
    let totals =
        "77\t01.11.2026 00:00:00 UTC\t15.11.2026 00:00:00 UTC\t17.11.2026 00:00:00 UTC\t1.008,10\tGBP\n";
    let line = |amount: &str| {
        format!(
            "77\t\t\t\t\t\tOrder\t202-1\t\t\tS1\tAmazon.co.uk\tItemPrice\tPrincipal\t{amount}\tAFN\t02.11.2026\t\
             02.11.2026 10:00:00 UTC\tOI1\t\t\tBOLT\t1\n"
        )
    };
    HEADER.to_owned() + totals + &line("1.010,00") + &line("-1,90")
}

fn american() -> String {
    let totals = "78\t2026-11-01 00:00:00 UTC\t2026-11-15 00:00:00 UTC\t2026-11-17 00:00:00 UTC\t5.00\tUSD\n";
    HEADER.to_owned()
        + totals
        + "78\t\t\t\t\t\tRefund\t113-1\t\tA1\t\tAmazon.com\tItemPrice\tTax\t5.00\tMFN\t2026-11-02\n"
}

fn listed() -> Double {
    Double::new(|asked, _| match asked.operation {
        "getReports" if asked.query("nextToken").is_empty() => ok(json!({
            "reports": [{"reportId": "1", "reportDocumentId": "D77", "createdTime": "2026-11-18T00:00:00Z"},
                {"reportId": "0", "createdTime": "2026-11-18T00:00:00Z"}],
            "nextToken": "more",
        })),
        "getReports" => {
            ok(json!({"reports": [{"reportId": "2", "reportDocumentId": "D78"}], "nextToken": ""}))
        }
        "getReportDocument" => ok(json!({"url": format!("{LINK}{}", asked.path)})),
        _ if asked.path.ends_with("D77") => file("text/plain;charset=Cp1252", european()),
        _ => file("text/plain; charset=UTF-8", american()),
    })
}

#[tokio::test]
async fn settlements_are_listed_and_their_totals_read_in_both_regions_forms() {
    let double = listed();
    let reading = reading("settlements").since("2026-11-10T00:00:00Z");
    let pages = reading.all(&double).await.expect("pages");
    assert_eq!(keys(&pages), ["77", "78"]);
    let info = info(&reading.amazon, "settlements");
    let amount = |text: &str| Cell::Amount(text.parse().expect("decimal"));
    let of_uk = pages.iter().find(|page| !page.records().is_empty()).expect("totals");
    assert_eq!(value(of_uk, &info, 0, "total"), amount("1008.10"));
    assert_eq!(
        value(of_uk, &info, 0, "ended_at"),
        Cell::Timestamp("2026-11-15T00:00:00Z".parse().expect("at"))
    );
    let asked = double.seen();
    let lists: Vec<_> = asked.iter().filter(|asked| asked.operation == "getReports").collect();
    assert_eq!(lists[0].query("createdSince"), "2026-11-10T00:00:00Z");
    assert_eq!(lists[0].query("processingStatuses"), "DONE");
    assert_eq!(lists[0].query("reportTypes"), "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2");
    let only: Vec<_> = lists[1].query.iter().collect();
    assert_eq!(only, [(&"nextToken".to_owned(), &"more".to_owned())], "the only parameter");
    assert!(!double.operations().contains(&"createReport"), "they cannot be ordered");
}

#[tokio::test]
async fn lines_add_up_to_the_total_and_use_the_same_download() {
    let double = listed();
    let since = "2026-11-10T00:00:00Z";
    drop(reading("settlements").since(since).all(&double).await.expect("totals"));
    let lines = reading("settlement_lines").since(since).sized(1);
    let pages = lines.all(&double).await.expect("lines");
    assert_eq!(keys(&pages), ["77/2", "77/3", "78/2"]);
    let info = info(&lines.amazon, "settlement_lines");
    let amounts = pages.iter().filter(|page| !page.records().is_empty()).take(2);
    let sum: rust_decimal::Decimal = amounts
        .map(|page| match value(page, &info, 0, "amount") {
            Cell::Amount(amount) => amount,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(sum.to_string(), "1008.10");
    assert_eq!(
        double.operations().iter().filter(|name| **name == "getReportDocument").count(),
        2,
        "two files"
    );
}

/// A storage that gives `first`, and `then` to whoever comes again.
fn downloads(first: String, then: String) -> Double {
    let given = std::sync::atomic::AtomicUsize::new(0);
    Double::new(move |asked, _| match asked.operation {
        "getReportDocument" => ok(json!({"url": LINK})),
        _ if given.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => {
            file("text/plain; charset=UTF-8", first.clone())
        }
        _ => file("text/plain; charset=UTF-8", then.clone()),
    })
}

const FIRST: &str = r#"{"documents":["D77"],"next":null,"row":0,"byte":0}"#;

fn short() -> String {
    let whole = european();
    whole.split_inclusive('\n').take(3).collect()
}

#[tokio::test]
async fn a_file_short_of_a_line_is_downloaded_once_more() {
    for stream in ["settlements", "settlement_lines"] {
        let double = downloads(short(), european());
        let page = reading(stream).page(&double, Some(FIRST)).await.expect("a page");
        assert!(page.rejected().is_empty(), "{stream}: {page:?}");
        assert_eq!(page.records().len(), if stream == "settlements" { 1 } else { 2 });
        assert_eq!(double.operations().iter().filter(|name| **name == "getReportDocument").count(), 2);
    }
}

#[tokio::test]
async fn a_file_that_never_adds_up_is_held_back_in_both_streams() {
    let double = downloads(short(), short());
    let page = reading("settlements").page(&double, Some(FIRST)).await.expect("a page");
    let held = &page.rejected()[0];
    assert_eq!((page.records().len(), held.key.as_deref(), &*held.rule), (0, Some("77"), "sum"));
    assert_eq!(held.reason, "amount: the lines add up to 1010.00, the total is 1008.10; a line is missing");
    let page = reading("settlement_lines").page(&double, Some(FIRST)).await.expect("a page");
    assert_eq!((page.records().len(), page.rejected()[0].key.as_deref()), (1, Some("77/sum")));
}

#[tokio::test]
async fn a_line_that_cannot_be_read_is_the_doubt_itself() {
    let broken = european().replace("-1,90", "much");
    let double = downloads(broken.clone(), broken);
    let page = reading("settlements").page(&double, Some(FIRST)).await.expect("a page");
    assert_eq!((page.records().len(), page.rejected().len()), (1, 0));
    let page = reading("settlement_lines").page(&double, Some(FIRST)).await.expect("a page");
    assert_eq!((page.records().len(), page.rejected().len()), (1, 1), "the line itself is held");
}

#[tokio::test]
async fn a_page_token_says_what_is_left_to_another_process() {
    let double = listed();
    let reading = reading("settlement_lines").since("2026-11-10T00:00:00Z").sized(1);
    let first = reading.page(&double, None).await.expect("a list");
    assert_eq!(token(&first), r#"{"documents":["D77"],"next":"more","row":0,"byte":0}"#);
    let mut place = token(&first);
    let mut found = Vec::new();
    for _ in 0..20 {
        let page = reading.page(&double.restarted(), Some(&place)).await.expect("a page");
        found.extend(keys(std::slice::from_ref(&page)));
        match page.next() {
            Next::More(next) => place = next.0.clone(),
            _ => break,
        }
    }
    assert_eq!(found, ["77/2", "77/3", "78/2"]);
}

#[tokio::test]
async fn the_list_reaches_back_as_far_as_amazon_keeps_reports() {
    let double = Double::new(|_, _| ok(json!({"reports": []})));
    let pages = reading("settlements").all(&double).await.expect("none");
    assert_eq!(pages.len(), 1);
    assert_eq!(double.seen()[0].query("createdSince"), "2026-08-25T12:00:00Z", "89 days");
}

#[tokio::test]
async fn a_list_token_that_is_refused_expired() {
    let double = Double::new(|_, _| status(400, json!({"errors": [{"code": "InvalidInput"}]})));
    let token = r#"{"documents":[],"next":"old","row":0,"byte":0}"#;
    let error = reading("settlements").page(&double, Some(token)).await.expect_err("expired");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
}

#[tokio::test]
async fn a_settlement_without_totals_is_held_back() {
    let double = Double::new(|asked, _| match asked.operation {
        "getReportDocument" => ok(json!({"url": LINK})),
        _ => file("text/plain; charset=UTF-8", HEADER),
    });
    let token = r#"{"documents":["D1"],"next":null,"row":0,"byte":0}"#;
    let page = reading("settlements").page(&double, Some(token)).await.expect("a page");
    assert_eq!(page.rejected()[0].key.as_deref(), Some("D1"));
    assert_eq!(page.next(), &Next::Last);
}
