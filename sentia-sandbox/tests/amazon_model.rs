//! The Amazon twin's answers against the published models, which are read where they lie.
// Whether the test may be skipped is told by the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod amazon_client;

use std::path::PathBuf;
use std::time::Duration;

use amazon_client::*;
use chrono::TimeDelta;
use jsonschema::{Draft, Validator};
use sentia_sandbox::{AmazonChange, AmazonTwin, Size};
use serde_json::{Value, json};

/// A file of the published models, or none where they are not at hand and need not be.
fn published(folder: &str, name: &str) -> Option<Value> {
    let specs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/amazon");
    let path = specs.join(folder).join(name);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

/// A definition of a Swagger model as a schema of its own that knows no other members than the listed ones.
fn strict(model: &Value, definition: &str) -> Validator {
    let mut definitions = model["definitions"].clone();
    let members = definitions.as_object_mut().unwrap();
    // Parts of an `allOf` cannot be closed one by one.
    let parts: Vec<String> = members
        .values()
        .flat_map(|schema| schema["allOf"].as_array().cloned().unwrap_or_default())
        .filter_map(|part| part["$ref"].as_str().and_then(|at| at.rsplit('/').next()).map(str::to_owned))
        .collect();
    for (name, schema) in members {
        let open = schema.get("additionalProperties").is_none() && schema.get("properties").is_some();
        if open && !parts.contains(name) {
            schema["additionalProperties"] = json!(false);
        }
    }
    let schema = json!({"$ref": format!("#/definitions/{definition}"), "definitions": definitions});
    jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(true).build(&schema).unwrap()
}

fn hold(validator: &Validator, what: &str, answer: &Value) {
    let errors: Vec<String> = validator
        .iter_errors(answer)
        .take(5)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}");
}

/// The paths of each model's definition that an answer must be.
fn reads(
    twin: &AmazonTwin,
    home: &str,
    order: &str,
    asin: &str,
    sku: &str,
) -> Vec<(&'static str, &'static str, String)> {
    let sets = "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,FULFILLMENT_ORDERS";
    let (seller, since) = (twin.seller_id(), stamp(twin.now() - TimeDelta::days(170)));
    let data = "attributes,classifications,dimensions,identifiers,images,productTypes,relationships,salesRanks,summaries";
    let catalog = "catalogItems_2022-04-01.json";
    let offers =
        "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,productTypes";
    let listings = "listingsItems_2021-08-01.json";
    vec![
        (
            "orders_2026-01-01.json",
            "SearchOrdersResponse",
            format!("/orders/2026-01-01/orders?createdAfter={LONG_AGO}&includedData={sets}"),
        ),
        (
            "orders_2026-01-01.json",
            "SearchOrdersResponse",
            format!("/orders/2026-01-01/orders?lastUpdatedAfter={LONG_AGO}&maxResultsPerPage=2"),
        ),
        (
            "orders_2026-01-01.json",
            "GetOrderResponse",
            format!("/orders/2026-01-01/orders/{order}?includedData={sets}"),
        ),
        ("orders_2026-01-01.json", "ErrorList", "/orders/2026-01-01/orders".to_owned()),
        (
            "fbaInventory.json",
            "GetInventorySummariesResponse",
            format!(
                "/fba/inventory/v1/summaries?granularityType=Marketplace&granularityId={home}&marketplaceIds={home}&details=true"
            ),
        ),
        (
            catalog,
            "ItemSearchResults",
            format!(
                "/catalog/2022-04-01/items?identifiers={asin}&identifiersType=ASIN&marketplaceIds={home}&includedData={data}"
            ),
        ),
        (
            catalog,
            "Item",
            format!("/catalog/2022-04-01/items/{asin}?marketplaceIds={home}&includedData={data}"),
        ),
        (
            listings,
            "ItemSearchResults",
            format!(
                "/listings/2021-08-01/items/{seller}?marketplaceIds={home}&includedData={offers}&pageSize=20"
            ),
        ),
        (
            listings,
            "Item",
            format!("/listings/2021-08-01/items/{seller}/{sku}?marketplaceIds={home}&includedData={offers}"),
        ),
        (
            "finances_2024-06-19.json",
            "ListTransactionsResponse",
            format!("/finances/2024-06-19/transactions?postedAfter={since}"),
        ),
        (
            "reports_2021-06-30.json",
            "GetReportsResponse",
            "/reports/2021-06-30/reports?reportTypes=GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2&pageSize=2"
                .to_owned(),
        ),
        (
            "sellers.json",
            "GetMarketplaceParticipationsResponse",
            "/sellers/v1/marketplaceParticipations".to_owned(),
        ),
    ]
}

#[tokio::test]
async fn answers_are_what_the_models_say() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    for twin in [sandbox.amazon_uk(), sandbox.amazon_usa()] {
        twin.set_personal_data(true);
        let token = unpaced(twin).await;
        let home = twin.marketplace_ids()[0];
        let (order, asin, sku) = sandbox.look(|universe| {
            let account = universe.amazon.of(twin.region());
            (account.orders[0].id.clone(), account.catalog[0].asin.clone(), account.catalog[0].sku.clone())
        });
        for (file, definition, path) in reads(twin, home, &order, &asin, &sku) {
            let Some(model) = published("models", file) else { return };
            let (_, answer) = ask(twin, &token, &path).await;
            let validator = strict(&model, definition);
            hold(&validator, &path, &answer);
            let mut worse = answer.clone();
            worse["unheardOf"] = json!(1);
            assert!(!validator.is_valid(&worse), "{definition} is not closed");
        }
        let Some(model) = published("models", "reports_2021-06-30.json") else { return };
        let url = format!("{}/reports/2021-06-30/reports", twin.base_url());
        let body = json!({"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplaceIds": [home]});
        hold(&strict(&model, "CreateReportSpecification"), "request", &body);
        let answer = http().post(url).header("x-amz-access-token", &token).json(&body).send().await.unwrap();
        let created: Value = answer.json().await.unwrap();
        hold(&strict(&model, "CreateReportResponse"), "createReport", &created);
        clock.advance(Duration::from_secs(60));
        let report = good(
            twin,
            &token,
            &format!("/reports/2021-06-30/reports/{}", created["reportId"].as_str().unwrap()),
        )
        .await;
        hold(&strict(&model, "Report"), "getReport", &report);
        let path = format!("/reports/2021-06-30/documents/{}", report["reportDocumentId"].as_str().unwrap());
        hold(&strict(&model, "ReportDocument"), "getReportDocument", &good(twin, &token, &path).await);
    }
}

#[tokio::test]
async fn notifications_are_what_the_schemas_say() {
    let (sandbox, clock) = sandbox(Size::small()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let url = format!("{}/reports/2021-06-30/reports", twin.base_url());
    let body = json!({"reportType": "GET_MERCHANT_LISTINGS_ALL_DATA", "marketplaceIds": [UK]});
    let answer = http().post(url).header("x-amz-access-token", &token).json(&body).send().await.unwrap();
    let report: Value = answer.json().await.unwrap();
    clock.advance(Duration::from_secs(60));
    let changes = sandbox.look(|universe| {
        let account = &universe.amazon.uk;
        let sku = account.stock[0].sku.clone();
        [
            ("OrderChangeNotification.json", AmazonChange::Order(account.orders[0].id.clone())),
            ("FBAInventoryAvailabilityChangeNotification.json", AmazonChange::Inventory(sku.clone())),
            ("ListingsItemStatusChangeNotification.json", AmazonChange::Listing(UK.to_owned(), sku)),
            (
                "TransactionUpdateNotification.json",
                AmazonChange::Transaction(account.transactions[0].id.clone()),
            ),
            (
                "ReportProcessingFinishedNotification.json",
                AmazonChange::Report(report["reportId"].as_str().unwrap().to_owned()),
            ),
        ]
    });
    for (file, change) in changes {
        let Some(mut schema) = published("notification-schemas", file) else { return };
        // The schema's list has LISTINGS_ITEM_STATUS_CHANGED where its example, and the sheet, have no final D.
        if file.starts_with("ListingsItemStatus") {
            schema["properties"]["NotificationType"] = json!({"type": "string"});
        }
        let validator = jsonschema::options().with_draft(Draft::Draft7).build(&schema).unwrap();
        hold(&validator, file, &twin.notification(&change).unwrap());
    }
}
