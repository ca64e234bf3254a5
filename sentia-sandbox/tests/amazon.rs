//! The Amazon twin against the sheet: tokens, regions, limits, orders, faults of any call.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods)] // the twin is tested from outside, without Sentia's transport

mod amazon_client;

use std::time::Duration;

use amazon_client::*;
use chrono::TimeDelta;
use sentia_sandbox::universe::{AmazonStream, MarketOrderStatus, Region};
use sentia_sandbox::{AmazonFault, FaultPlan, Size};
use serde_json::{Value, json};

const SEARCH: &str = "/orders/2026-01-01/orders";
const ALL_DATA: &str = "FULFILLMENT,PROCEEDS,PROMOTION,CANCELLATION,PACKAGES,TAX";

#[tokio::test]
async fn the_token_host_speaks_oauth() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let (id, secret) = (twin.client_id(), twin.client_secret());
    let refresh = twin.refresh_token();
    let ask = async |grant: &str, secret: &str, third: (&str, &str)| {
        let form = [("grant_type", grant), ("client_id", &*id), ("client_secret", secret), third];
        let (status, body) = ask_token(twin, &form).await;
        (status, body["error"].as_str().unwrap_or_default().to_owned(), body)
    };
    let (status, _, body) = ask("refresh_token", &secret, ("refresh_token", refresh)).await;
    assert_eq!(
        (status, body["refresh_token"].as_str(), body["token_type"].as_str()),
        (200, Some(refresh), Some("bearer"))
    );
    assert!(body["access_token"].as_str().unwrap().starts_with("Atza|"));
    let (status, error, _) = ask("refresh_token", &secret, ("refresh_token", "Atzr|other")).await;
    assert_eq!((status, &*error), (400, "invalid_grant"));
    let (status, error, _) = ask("refresh_token", "wrong", ("refresh_token", refresh)).await;
    assert_eq!((status, &*error), (401, "invalid_client"));
    let (status, error, _) = ask("password", &secret, ("refresh_token", refresh)).await;
    assert_eq!((status, &*error), (400, "unsupported_grant_type"));
    let (status, error, _) = ask("client_credentials", &secret, ("scope", "all")).await;
    assert_eq!((status, &*error), (400, "invalid_scope"));
    let scope = ("scope", "sellingpartnerapi::notifications");
    let (status, _, body) = ask("client_credentials", &secret, scope).await;
    assert!(status == 200 && body.get("refresh_token").is_none());
    let (status, body) = amazon_client::ask(
        twin,
        body["access_token"].as_str().unwrap(),
        "/sellers/v1/marketplaceParticipations",
    )
    .await;
    assert_eq!((status, &body["errors"][0]["details"]), (403, &json!("")));

    // The old secret goes on for seven days.
    let fresh = twin.rotate_client_secret();
    assert_eq!(ask("refresh_token", &secret, ("refresh_token", refresh)).await.0, 200);
    clock.advance(Duration::from_secs(8 * 86_400));
    assert_eq!(ask("refresh_token", &secret, ("refresh_token", refresh)).await.0, 401);
    assert_eq!(ask("refresh_token", &fresh, ("refresh_token", refresh)).await.0, 200);
    twin.revoke_refresh_tokens();
    assert_eq!(ask("refresh_token", &fresh, ("refresh_token", refresh)).await.1, "invalid_grant");
}

#[tokio::test]
async fn an_expired_token_is_403_with_details() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_usa();
    let token = token(twin).await;
    let path = "/sellers/v1/marketplaceParticipations";
    let body = good(twin, &token, path).await;
    assert_eq!(body["payload"][0]["marketplace"]["id"], US);
    let (status, body) = ask(twin, "Atza|made-up", path).await;
    assert_eq!((status, &body["errors"][0]["code"]), (403, &json!("Unauthorized")));
    clock.advance(Duration::from_secs(3_600));
    let answer = get(twin, &token, path).await;
    assert_eq!(answer.status(), 403);
    assert_eq!(answer.headers()["x-amzn-errortype"], "AccessDeniedException");
    assert!(answer.headers().contains_key("x-amzn-requestid"));
    assert!(!answer.headers().contains_key("x-amzn-ratelimit-limit"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["errors"][0]["details"], "The access token you provided has expired.");
    // The other region's token is no token here, and a GET has no body.
    let other = amazon_client::token(sandbox.amazon_uk()).await;
    assert_eq!(ask(twin, &other, path).await.0, 403);
    let fresh = amazon_client::token(twin).await;
    let call = http().get(format!("{}{path}", twin.base_url())).header("x-amz-access-token", fresh);
    assert_eq!(call.body("{}").send().await.unwrap().status(), 400);
    assert!(twin.requests().iter().all(|request| !request.headers.contains_key("x-amz-access-token")));
}

#[tokio::test]
async fn restricted_tokens_open_their_paths_only() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = token(twin).await;
    let ask_for = async |body: Value| {
        let url = format!("{}/tokens/2021-03-01/restrictedDataToken", twin.base_url());
        let call = http().post(url).header("x-amz-access-token", &token).json(&body);
        call.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let resource = json!({"method": "GET", "path": "/orders/2026-01-01/orders/{orderId}"});
    let body = ask_for(json!({"restrictedResources": [resource]})).await;
    assert_eq!(body["errors"][0]["code"], "Unauthorized", "without a restricted role");
    twin.set_personal_data(true);
    let body = ask_for(json!({"restrictedResources": [resource]})).await;
    assert_eq!(body["expiresIn"], 3600);
    let restricted = body["restrictedDataToken"].as_str().unwrap();
    let order = twin.visible_truth(AmazonStream::Orders)[0].key.clone();
    assert_eq!(ask(twin, restricted, &format!("{SEARCH}/{order}")).await.0, 200);
    assert_eq!(ask(twin, restricted, &format!("{SEARCH}?createdAfter={LONG_AGO}")).await.0, 403);
    let any = json!({"method": "GET", "path": "/reports/2021-06-30/documents/{reportDocumentId}"});
    for resources in [json!([]), json!([any])] {
        let body = ask_for(json!({"restrictedResources": resources})).await;
        assert_eq!(body["errors"][0]["code"], "InvalidRequest");
    }
}

#[tokio::test]
async fn marketplaces_of_another_region_are_refused() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let seller = twin.seller_id();
    for path in [
        format!("{SEARCH}?createdAfter={LONG_AGO}&marketplaceIds="),
        "/catalog/2022-04-01/items?identifiers=B0&identifiersType=ASIN&marketplaceIds=".to_owned(),
        format!("/listings/2021-08-01/items/{seller}?marketplaceIds="),
        format!("/finances/2024-06-19/transactions?postedAfter={LONG_AGO}&marketplaceId="),
    ] {
        assert_eq!(ask(twin, &token, &format!("{path}{US}")).await.0, 403, "{path}");
        assert_eq!(ask(twin, &token, &format!("{path}GB")).await.0, 400, "{path}");
        assert_eq!(ask(twin, &token, &format!("{path}{DE}")).await.0, 200, "{path}");
    }
    assert_eq!(twin.marketplace_ids(), [UK, DE]);
}

#[tokio::test]
async fn buckets_follow_the_usage_plans() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = token(twin).await;
    let path = format!("{SEARCH}?createdAfter={LONG_AGO}");
    for _ in 0..20 {
        let answer = get(twin, &token, &path).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["x-amzn-ratelimit-limit"]),
            (200, &"0.0056".parse().unwrap())
        );
    }
    let refused = get(twin, &token, &path).await;
    assert_eq!(refused.status(), 429);
    assert!(
        !refused.headers().contains_key("retry-after")
            && !refused.headers().contains_key("x-amzn-ratelimit-limit")
    );
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["errors"][0]["code"], "QuotaExceeded");
    clock.advance(Duration::from_secs(178));
    assert_eq!(ask(twin, &token, &path).await.0, 429);
    clock.advance(Duration::from_secs(1));
    assert_eq!(ask(twin, &token, &path).await.0, 200);
    // Other operations and the other region have buckets of their own; a call in error costs a token as well.
    assert_eq!(ask(twin, &token, &format!("{SEARCH}/000-0000000-0000000")).await.0, 404);
    assert_eq!(
        ask(sandbox.amazon_usa(), &amazon_client::token(sandbox.amazon_usa()).await, &path).await.0,
        200
    );
    let bad = format!("/fba/inventory/v1/summaries?granularityType=Marketplace&granularityId={UK}");
    let statuses =
        [ask(twin, &token, &bad).await.0, ask(twin, &token, &bad).await.0, ask(twin, &token, &bad).await.0];
    assert_eq!(statuses, [400, 400, 429]);
}

#[tokio::test]
async fn paging_orders_gives_exactly_the_truth_in_both_markets() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let path = format!("{SEARCH}?lastUpdatedAfter={LONG_AGO}&includedData={ALL_DATA}");
    let read = pages(twin, &token, &path, ORDERS).await;
    assert!(read.len() > 2 && read[0].len() == 100);
    let orders: Vec<Value> = read.into_iter().flatten().collect();
    let truth = twin.visible_truth(AmazonStream::Orders);
    assert_eq!(orders.len(), truth.len());
    for record in &truth {
        let order = orders.iter().find(|order| order["orderId"] == *record.key).unwrap();
        assert_eq!(order["fulfillment"]["fulfillmentStatus"].as_str(), record.status.as_deref());
        let told = order["proceeds"]["grandTotal"]["amount"].as_str().map(|text| text.parse().unwrap());
        assert_eq!(told, record.amounts.get("grandTotal").copied(), "{order}");
    }
    let items = orders.iter().map(|order| order["orderItems"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(items, twin.visible_truth(AmazonStream::OrderItems).len());
    let german = pages(twin, &token, &format!("{path}&marketplaceIds={DE}"), ORDERS).await.concat();
    assert_eq!(german.len(), keys(&twin.truth_of(AmazonStream::Orders, DE)).len());
    let currencies =
        |order: &Value| order["proceeds"]["grandTotal"]["currencyCode"].as_str().is_none_or(|c| c == "EUR");
    assert!(german.iter().all(currencies));
    let statuses =
        |status: &str| orders.iter().filter(|o| o["fulfillment"]["fulfillmentStatus"] == status).count();
    assert!(statuses("SHIPPED") > 100 && statuses("CANCELLED") > 0);
    assert!(orders.iter().any(|order| order["salesChannel"]["channelName"] == "NON_AMAZON"));
    assert!(orders.iter().any(|order| order.get("associatedOrders").is_some()));
    assert!(orders.iter().any(|order| order["packages"].as_array().is_some_and(|parcels| parcels.len() > 1)));
}

#[tokio::test]
async fn exactly_one_kind_of_time_two_minutes_ago() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    for (query, status) in [
        ("", 400),
        ("createdAfter=2026-01-01T00:00:00Z&lastUpdatedAfter=2026-01-01T00:00:00Z", 400),
        ("createdAfter=2026-01-01T00:00:00Z&lastUpdatedBefore=2026-02-01T00:00:00Z", 400),
        ("createdBefore=2026-02-01T00:00:00Z", 400),
        ("createdAfter=yesterday", 400),
        ("createdAfter=2026-01-01T00:00:00", 400),
        ("createdAfter=2026-01-01T01:00:00+01:00", 400),
        ("createdAfter=2026-01-01T01:00:00%2B01:00", 200),
        ("createdAfter=2026-01-01T00:00:00Z&createdBefore=2026-11-01T11:58:01Z", 400),
        ("createdAfter=2026-01-01T00:00:00Z&createdBefore=2026-11-01T11:58:00Z", 200),
        ("createdAfter=2026-11-01T11:59:00Z", 400),
        ("createdAfter=2026-02-01T00:00:00Z&createdBefore=2026-01-01T00:00:00Z", 400),
        ("createdAfter=2026-01-01T00:00:00Z&maxResultsPerPage=0", 400),
        ("createdAfter=2026-01-01T00:00:00Z&maxResultsPerPage=101", 400),
        ("createdAfter=2026-01-01T00:00:00Z&includedData=STATUS", 400),
        ("createdAfter=2026-01-01T00:00:00Z&CreatedAfter=2026-01-01T00:00:00Z", 400),
        ("createdAfter=2026-01-01T00:00:00Z&fulfillmentStatuses=CANCELED", 400),
        ("createdAfter=2026-01-01T00:00:00Z&includedData=BUYER", 403),
    ] {
        assert_eq!(ask(twin, &token, &format!("{SEARCH}?{query}")).await.0, status, "{query}");
    }
    twin.set_personal_data(true);
    let body =
        good(twin, &token, &format!("{SEARCH}?createdAfter={LONG_AGO}&includedData=BUYER,RECIPIENT")).await;
    assert!(body["orders"][0]["buyer"]["buyerName"].is_string());
    assert_eq!(
        (&body["createdBefore"], body.get("lastUpdatedBefore")),
        (&json!("2026-11-01T11:58:00Z"), None)
    );
}

#[tokio::test]
async fn nothing_is_told_that_was_not_asked_for() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let body = good(twin, &token, &format!("{SEARCH}?createdAfter={LONG_AGO}")).await;
    for order in body["orders"].as_array().unwrap() {
        for absent in ["fulfillment", "proceeds", "buyer", "recipient", "packages", "tax", "payment"] {
            assert!(order.get(absent).is_none(), "{absent}");
        }
        let item = &order["orderItems"][0];
        assert!(item["product"].get("price").is_none() && item.get("fulfillment").is_none());
        assert!(item["product"]["sellerSku"].is_string() && item["quantityOrdered"].is_u64());
    }
}

#[tokio::test]
async fn a_new_order_shows_after_two_minutes_and_has_no_prices_while_pending() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let id = sandbox.change(|universe| universe.place_marketplace_order(Region::Uk, 0)).unwrap();
    let start = stamp(twin.now() - TimeDelta::minutes(10));
    let path = format!("{SEARCH}?lastUpdatedAfter={start}&includedData={ALL_DATA}");
    let seen = async || {
        let body = good(twin, &token, &path).await;
        body["orders"].as_array().unwrap().iter().find(|order| order["orderId"] == *id).cloned()
    };
    assert!(seen().await.is_none());
    assert_eq!(ask(twin, &token, &format!("{SEARCH}/{id}")).await.0, 404);
    clock.advance(Duration::from_secs(120));
    let order = seen().await.unwrap();
    assert_eq!(order["fulfillment"]["fulfillmentStatus"], "PENDING");
    assert!(order.get("proceeds").is_none() && order["orderItems"][0]["product"].get("price").is_none());
    sandbox.change(|universe| universe.confirm_marketplace_order(Region::Uk, &id));
    assert!(seen().await.is_none(), "what changed a moment ago is not in the window yet");
    clock.advance(Duration::from_secs(121));
    assert!(seen().await.unwrap()["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED");
    sandbox.change(|universe| universe.cancel_marketplace_order(Region::Uk, &id));
    let status = sandbox.look(|universe| universe.amazon.uk.order(&id).unwrap().status);
    assert_eq!(status, MarketOrderStatus::Cancelled);
}

#[tokio::test]
async fn page_tokens_want_the_same_filters_and_live_a_day() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let path = format!("{SEARCH}?lastUpdatedAfter={LONG_AGO}&maxResultsPerPage=5");
    let first = good(twin, &token, &path).await;
    let next = first["pagination"]["nextToken"].as_str().unwrap();
    assert!(next.contains('+') && next.ends_with('='));
    let with = |token: &str| format!("{path}&paginationToken={token}");
    assert_eq!(ask(twin, &token, &with(next)).await.0, 400, "a plus that is not encoded is a space");
    assert_eq!(ask(twin, &token, &with(&encoded(next)).replace("Page=5", "Page=6")).await.0, 400);
    let second = good(twin, &token, &with(&encoded(next))).await;
    assert_eq!(second["lastUpdatedBefore"], first["lastUpdatedBefore"]);
    assert_ne!(second["orders"][0], first["orders"][0]);
    clock.advance(Duration::from_secs(86_401));
    let token = amazon_client::token(twin).await;
    assert_eq!(ask(twin, &token, &with(&encoded(next))).await.0, 400);
}

#[tokio::test]
async fn the_ground_may_shift_between_pages_without_losing_rows() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let before = visible(twin, AmazonStream::Orders);
    let oldest = sandbox.look(|universe| universe.amazon.uk.orders[0].id.clone());
    twin.on_request(2, move |universe| universe.touch_marketplace_order(Region::Uk, &oldest));
    let path = format!("{SEARCH}?lastUpdatedAfter={LONG_AGO}&maxResultsPerPage=3");
    let mut seen = texts(&pages(twin, &token, &path, ORDERS).await.concat(), "/orderId");
    // What moved out of the window is in the next one.
    clock.advance(Duration::from_secs(121));
    let later = format!("{SEARCH}?lastUpdatedAfter=2026-11-01T11:58:00Z");
    seen.extend(texts(&pages(twin, &token, &later, ORDERS).await.concat(), "/orderId"));
    assert_eq!(seen.into_iter().collect::<std::collections::BTreeSet<_>>(), before);
}

#[tokio::test]
async fn faults_strike_as_planned() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.amazon_uk();
    let token = unpaced(twin).await;
    let path =
        format!("{SEARCH}?lastUpdatedAfter={LONG_AGO}&maxResultsPerPage=5&includedData=PROCEEDS,FULFILLMENT");
    let clean = good(twin, &token, &path).await;
    for (fault, status) in [
        (AmazonFault::HtmlUnavailable, 503),
        (AmazonFault::GatewayTimeout, 504),
        (AmazonFault::ServiceUnavailable, 503),
        (AmazonFault::InternalFailure, 500),
        (AmazonFault::ExpiredWave, 403),
        (AmazonFault::RoleMissing, 403),
        (AmazonFault::QuotaExceeded, 429),
        (AmazonFault::BareQuota, 429),
    ] {
        twin.inject(fault, FaultPlan::once());
        assert_eq!(get(twin, &token, &path).await.status(), status, "{fault:?}");
    }
    for (fault, change) in [
        (AmazonFault::EmptyPage, ("/orders", json!([]))),
        (AmazonFault::ErrorsInOk, ("/errors/0/code", json!("InternalFailure"))),
        (AmazonFault::NullKey, ("/orders/0/orderId", json!(null))),
    ] {
        twin.inject(fault, FaultPlan::once());
        assert_eq!(good(twin, &token, &path).await.pointer(change.0), Some(&change.1), "{fault:?}");
    }
    for (fault, rows) in
        [(AmazonFault::DroppedRow, 4), (AmazonFault::DuplicateRow, 6), (AmazonFault::EndsEarly, 5)]
    {
        twin.inject(fault, FaultPlan::once());
        let body = good(twin, &token, &path).await;
        assert_eq!(body["orders"].as_array().unwrap().len(), rows, "{fault:?}");
        assert_eq!(body.get("pagination").is_none(), fault == AmazonFault::EndsEarly);
    }
    for fault in [AmazonFault::TruncatedBody, AmazonFault::ConnectionCut] {
        twin.inject(fault, FaultPlan::once());
        let text = get(twin, &token, &path).await.text().await.unwrap_or_default();
        assert!(serde_json::from_str::<Value>(&text).is_err(), "{fault:?}");
    }
    twin.inject(AmazonFault::TooManyDigits, FaultPlan::once());
    let text = get(twin, &token, &path).await.text().await.unwrap();
    assert!(
        text.contains(":12345678901234567890123456789012345678.9012345678901234567890")
            || text.contains("12345678901234567890123456789012345678.9")
    );
    twin.inject(AmazonFault::PageRepeated, FaultPlan::nth(2));
    let repeated = pages(twin, &token, &path, ORDERS).await;
    assert_eq!(repeated[0], repeated[1]);
    twin.inject(AmazonFault::LateOrders, FaultPlan::always());
    let quiet = good(twin, &token, &format!("{SEARCH}?lastUpdatedAfter={LONG_AGO}")).await;
    assert_eq!(quiet["orders"].as_array().unwrap().len(), visible(twin, AmazonStream::Orders).len());
    twin.clear_faults();
    assert_eq!(good(twin, &token, &path).await["orders"], clean["orders"]);
    assert!(AmazonFault::ALL.iter().all(|fault| !fault.source().is_empty()));
    twin.inject(AmazonFault::InvalidGrant, FaultPlan::once());
    let form = [("grant_type", "refresh_token")];
    assert_eq!(ask_token(twin, &form).await.1["error"], "invalid_grant");
}
