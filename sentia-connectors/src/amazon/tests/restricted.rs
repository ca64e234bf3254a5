//! Restricted data tokens: asked for by configuration alone, one per document, never seen.

use sentia_core::ErrorKind;

use super::*;
use crate::amazon::DocumentAccess;

const LINK: &str = "https://tortuga-prod-eu.s3-eu-west-1.amazonaws.com/report";
const ROWS: &str = "return-date\torder-id\tsku\tquantity\n2026-11-01T10:00:00+00:00\t202-1\tBOLT\t1\n";
const PLACE: &str = "2026-11-01T00:00:00Z 2026-11-22T11:55:00Z 2026-11-22T11:55:00Z rows D/1 0 0";

fn returns(access: DocumentAccess) -> Reading {
    let amazon = ready().report_documents(access).build().expect("valid");
    Reading { amazon, ..reading("returns") }.since("2026-11-01T00:00:00Z")
}

fn amazon(granted: Answer) -> Double {
    Double::new(move |asked, _| match asked.operation {
        "createRestrictedDataToken" => granted.clone(),
        "getReportDocument" => ok(json!({"url": LINK})),
        _ => file("text/plain; charset=UTF-8", ROWS),
    })
}

fn granting() -> Double {
    amazon(ok(json!({"restrictedDataToken": "Atz.sprdt|canary", "expiresIn": 3600})))
}

#[tokio::test]
async fn none_is_asked_for_by_default() {
    let double = granting();
    drop(returns(DocumentAccess::Seller).page(&double, Some(PLACE)).await.expect("rows"));
    assert_eq!(double.operations(), ["getReportDocument", ""]);
    assert_eq!(double.seen()[0].header("x-amz-access-token"), "Atza|1");
}

#[tokio::test]
async fn a_document_is_opened_with_a_token_for_its_own_path() {
    let double = granting();
    let page = returns(DocumentAccess::Restricted).page(&double, Some(PLACE)).await.expect("rows");
    assert_eq!(page.records().len(), 1);
    assert_eq!(double.operations(), ["createRestrictedDataToken", "getReportDocument", ""]);
    let seen = double.seen();
    assert_eq!(
        (seen[0].method.as_str(), seen[0].path.as_str()),
        ("POST", "/tokens/2021-03-01/restrictedDataToken")
    );
    assert_eq!(seen[0].header("x-amz-access-token"), "Atza|1");
    let body: Value = serde_json::from_str(&seen[0].body).expect("JSON");
    let path = "/reports/2021-06-30/documents/D%2F1";
    assert_eq!(body, json!({"restrictedResources": [{"method": "GET", "path": path}]}));
    assert_eq!(seen[1].path, path);
    assert_eq!(seen[1].header("x-amz-access-token"), "Atz.sprdt|canary", "in place of the seller's");
    assert!(seen[1].headers["x-amz-access-token"].is_sensitive());
    assert!(seen[2].headers.is_empty(), "the storage sees no token");
}

#[tokio::test]
async fn a_missing_role_is_named() {
    let double = amazon(refused(403, ""));
    let error = returns(DocumentAccess::Restricted).page(&double, Some(PLACE)).await.expect_err("denied");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(error.message().contains("Direct-to-Consumer Delivery"), "{error}");
    assert_eq!(double.operations(), ["createRestrictedDataToken"]);
}

#[tokio::test]
async fn an_expired_access_token_is_renewed_for_it() {
    let double = Double::new(|asked, _| match (asked.operation, asked.header("x-amz-access-token")) {
        ("createRestrictedDataToken", "Atza|1") => refused(403, "The access token you provided has expired."),
        ("createRestrictedDataToken", _) => {
            ok(json!({"restrictedDataToken": "Atz.sprdt|2", "expiresIn": 3600}))
        }
        ("getReportDocument", _) => ok(json!({"url": LINK})),
        _ => file("text/plain; charset=UTF-8", ROWS),
    });
    drop(returns(DocumentAccess::Restricted).page(&double, Some(PLACE)).await.expect("rows"));
    assert_eq!(double.seen()[2].header("x-amz-access-token"), "Atz.sprdt|2");
}

#[tokio::test]
async fn a_token_never_shows_not_even_a_broken_one() {
    let cut = (200, vec![], r#"{"restrictedDataToken":"Atz.sprdt|canary","expiresI"#.into());
    for granted in [cut, ok(json!({"token": "Atz.sprdt|canary"})), (200, vec![], "Atz.sprdt|canary".into())] {
        let double = amazon(granted);
        let error = returns(DocumentAccess::Restricted).page(&double, Some(PLACE)).await.expect_err("broken");
        assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, true));
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}
