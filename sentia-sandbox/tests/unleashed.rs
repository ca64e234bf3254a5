//! The Unleashed twin against the sheet: signatures, paging, increments, hidden rows, stock.
#![allow(clippy::unwrap_used)]

mod unleashed_client;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rust_decimal::Decimal;
use sentia_sandbox::universe::{Presence, UnleashedStream};
use sentia_sandbox::{AccountZone, Pacing, Size, UnleashedHabits, UnleashedTwin, unleashed_signature};
use serde_json::Value;
use unleashed_client::{all, column, get, items, json, sandbox, signed, unsigned};

/// Where a stream is read whole: path, query, stream.
const WHOLE: [(&str, &str, UnleashedStream); 15] = [
    ("Products", "includeObsolete=true", UnleashedStream::Products),
    ("Warehouses", "includeObsolete=true", UnleashedStream::Warehouses),
    ("Customers", "includeObsolete=true", UnleashedStream::Customers),
    ("Suppliers", "", UnleashedStream::Suppliers),
    ("SalesOrders", "orderStatus=Parked,Placed,Backordered,Completed,Deleted", UnleashedStream::SalesOrders),
    ("Invoices", "invoiceStatus=Completed,Deleted", UnleashedStream::SalesInvoices),
    ("PurchaseOrders", "", UnleashedStream::PurchaseOrders),
    ("BillOfMaterials", "includeObsolete=true", UnleashedStream::BillsOfMaterials),
    ("Assemblies", "", UnleashedStream::Assemblies),
    ("StockAdjustments", "", UnleashedStream::StockAdjustments),
    ("CreditNotes", "", UnleashedStream::CreditNotes),
    ("WarehouseStockTransfers", "", UnleashedStream::WarehouseTransfers),
    ("StockCounts", "", UnleashedStream::StockCounts),
    ("SalesShipments", "", UnleashedStream::SalesShipments),
    ("BatchNumbers", "", UnleashedStream::BatchNumbers),
];

/// Keys that a complete reader finds.
fn readable(twin: &UnleashedTwin, stream: UnleashedStream) -> Vec<String> {
    let found = twin.truth(stream).into_iter().filter(|record| record.presence != Presence::Gone);
    let mut keys: Vec<String> = found.map(|record| record.key).collect();
    keys.sort();
    keys
}

fn decimal(row: &Value, name: &str) -> Decimal {
    row[name].to_string().parse().unwrap()
}

#[tokio::test]
async fn known_answers_of_the_signature() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let key = "sentia-test-key-0123456789abcdefghijklmnopqrstuvwxyz==";
    twin.set_api_key(key);
    for (query, signature) in [
        ("", "UAcU8Ff1n2xzCRmvdWYkmAY4Fj4TVLZYbLFz6xRIeaw="),
        ("pageSize=200", "7vbSEdrAWNv8y2tni7SU+LWd3zJ9rXJnJj24I1yiXgs="),
        ("customerCode=ACME", "sPZLp+EMttXTQ0gKNct2y8MFxMUNxrviA8ezQsejpK8="),
        (
            "modifiedSince=2026-03-01T00:00:00.000&pageSize=500",
            "0zvoPLAAQBxvslVy3CbtK1YZ1pweOrbsJFwbJGbjDqg=",
        ),
        (
            "pageSize=500&modifiedSince=2026-03-01T00:00:00.000",
            "wxl5DfG3KYAIp00GWxsjxTs/Fpp9wXZ9BBbINn/vARA=",
        ),
        (
            "modifiedSince=2026-03-01T00%3A00%3A00.000&pageSize=500",
            "lzUiB+C6urMtEdd7QCldvW++NyC12bgrSK5qUtrs6NQ=",
        ),
        ("customerName=Caf%C3%A9%20Ltd", "5XR122hg09RD4wNEQWn1S6qZDzJtBTDJnrsT6SY92/Q="),
        ("orderStatus=Completed,Backordered", "8POmKWJDJQOLb2q7509DOo1FvYT5VvZNxyr8e2zYgYk="),
    ] {
        assert_eq!(unleashed_signature(key, query.as_bytes()), signature, "{query}");
        // The page number is in the path, so that one signature serves all pages.
        for page in ["SalesOrders", "SalesOrders/2"] {
            let path = if query.is_empty() { page.to_owned() } else { format!("{page}?{query}") };
            let answer = unsigned(twin, "GET", &path).header("api-auth-signature", signature).send().await;
            assert_eq!(answer.unwrap().status(), 200, "{path}");
        }
    }
}

#[tokio::test]
async fn a_wrong_signature_is_an_unknown_organization() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let key = twin.api_key();
    let of = |text: &str| unleashed_signature(&key, text.as_bytes());
    for (path, signature) in [
        ("Products?pageSize=200", of("?pageSize=200")),
        ("Products?pageSize=200", of("")),
        ("Products?pageSize=200", of("Products?pageSize=200")),
        ("Products?modifiedSince=2026-03-01T00%3A00%3A00", of("modifiedSince=2026-03-01T00:00:00")),
        ("Products?orderBy=a&pageSize=1", of("pageSize=1&orderBy=a")),
        ("Products", unleashed_signature("another", b"")),
    ] {
        let answer =
            unsigned(twin, "GET", path).header("api-auth-signature", signature).send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
        let text = answer.text().await.unwrap();
        let wanted = format!(
            "{{\"description\":\"(403) Forbidden.: The organization with Api Id '{}' is not found.\"}}",
            twin.api_id()
        );
        assert_eq!(text, wanted);
    }
    assert_eq!(unsigned(twin, "GET", "Products").send().await.unwrap().status(), 403);
    assert_eq!(twin.calls_this_month(), 0);
    assert!(
        twin.requests().iter().all(|entry| !entry.headers.keys().any(|name| name.starts_with("api-auth")))
    );
}

#[tokio::test]
async fn the_other_headers_are_wanted_too() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let signature = unleashed_signature(&twin.api_key(), b"");
    let plain = |client: &'static str, accept: &'static str| {
        unleashed_client::http()
            .get(format!("{}/Warehouses", twin.base_url()))
            .header("accept", accept)
            .header("client-type", client)
            .header("api-auth-id", twin.api_id().to_uppercase())
            .header("api-auth-signature", &signature)
    };
    let typed = |call: reqwest::RequestBuilder| call.header("content-type", "application/json");
    assert_eq!(plain("a/b", "application/json").send().await.unwrap().status(), 400);
    assert_eq!(typed(plain("Sentia", "application/json")).send().await.unwrap().status(), 400);
    assert_eq!(typed(plain("a/b", "application/json")).send().await.unwrap().status(), 200);
    let xml = typed(plain("a/b", "*/*")).send().await.unwrap();
    assert!(xml.headers()["content-type"].to_str().unwrap().starts_with("application/xml"));
    twin.set_habits(UnleashedHabits { headers_enforced: false, ..twin.habits() });
    assert_eq!(plain("", "application/json").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn paging_to_the_end_gives_exactly_the_truth() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    twin.set_pacing(Pacing::Lifted);
    sandbox.evolve();
    for (list, query, stream) in WHOLE {
        let rows = all(twin, list, &format!("{query}&pageSize=7")).await;
        assert!(!rows.is_empty(), "{list}");
        assert_eq!(column(&rows, "Guid"), readable(twin, stream), "{list}");
    }
}

#[tokio::test]
async fn stock_is_whole_with_and_without_a_warehouse() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    twin.set_pacing(Pacing::Lifted);
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    for place in all(twin, "Warehouses", "includeObsolete=true").await {
        let code = place["WarehouseCode"].as_str().unwrap();
        let rows = all(twin, "StockOnHand", &format!("warehouseCode={code}&pageSize=50")).await;
        // The filter is a prefix: LDS also gives LDS-2.
        let longer = rows.iter().any(|row| row["WarehouseCode"] != code);
        assert_eq!(longer, ["LDS", "NYC"].contains(&code), "{code}");
        for row in rows.into_iter().filter(|row| row["WarehouseCode"] == code) {
            assert!(row["Guid"].as_str().unwrap().eq_ignore_ascii_case(row["ProductGuid"].as_str().unwrap()));
            seen.insert(format!("{}/{code}", row["Guid"].as_str().unwrap()), row);
        }
    }
    let totals = all(twin, "StockOnHand", "pageSize=50").await;
    for row in totals {
        for member in ["WarehouseId", "Warehouse", "WarehouseCode"] {
            assert_eq!(row[member], "");
        }
        seen.insert(format!("{}/all", row["Guid"].as_str().unwrap()), row);
    }
    let mut truth = twin.truth(UnleashedStream::StockOnHand);
    truth.extend(twin.truth(UnleashedStream::StockTotals));
    assert_eq!(truth.len(), seen.len());
    for record in &truth {
        for name in ["QtyOnHand", "AvailableQty", "AllocatedQty", "OnPurchase"] {
            assert_eq!(decimal(&seen[&record.key], name), record.amounts[name], "{} {name}", record.key);
        }
    }
    assert!(truth.iter().any(|r| r.amounts["AvailableQty"] > r.amounts["QtyOnHand"]));
    // Products without a transaction never appear.
    let totals = truth.iter().filter(|record| record.key.ends_with("/all")).count();
    assert!(totals < twin.truth(UnleashedStream::Products).len());
}

#[tokio::test]
async fn costs_have_fourteen_places_on_the_wire() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let text = get(twin, "StockOnHand?pageSize=1000").await.text().await.unwrap();
    let cost = twin.truth(UnleashedStream::StockTotals)[0].amounts["AvgCost"];
    assert_eq!(cost.scale(), 14);
    assert!(text.contains(&format!("\"AvgCost\":{cost},")), "{cost}");
    let one = json(twin, "StockOnHand/1?pageSize=1").await["Items"][0].clone();
    let id = one["Guid"].as_str().unwrap();
    assert_eq!(json(twin, &format!("StockOnHand/{id}")).await, one);
    let places = json(twin, &format!("StockOnHand/{id}/AllWarehouses")).await;
    assert!(places["Pagination"].is_null() && !places["Items"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn pages_are_in_the_path_and_records_are_bare() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let first = json(twin, "Products?pageSize=10").await;
    assert_eq!(first["Pagination"]["PageSize"], 10);
    for same in ["Products/1?pageSize=10", "Products/Page/1?pageSize=10", "Products?pageSize=10&page=2"] {
        assert_eq!(json(twin, same).await, first, "{same}");
    }
    assert_ne!(json(twin, "Products/2?pageSize=10").await["Items"], first["Items"]);
    let id = first["Items"][0]["Guid"].as_str().unwrap();
    for form in [id.to_owned(), id.to_uppercase()] {
        assert_eq!(json(twin, &format!("Products/{form}")).await, first["Items"][0]);
    }
    let count = json(twin, "Products?pageSize=0").await;
    assert_eq!(count["Items"], Value::Array(vec![]));
    assert_eq!(count["Pagination"]["NumberOfItems"], first["Pagination"]["NumberOfItems"]);
    assert_eq!(json(twin, "Products").await["Pagination"]["PageSize"], 200);
    let beyond = json(twin, "Products/999").await;
    assert_eq!(beyond["Items"], Value::Array(vec![]));
    for (path, status) in [
        ("Products?pageSize=1001", 400),
        ("Products?pageSize=-1", 400),
        ("Products/0", 404),
        ("Products/7f7d1b6e-0000-4000-8000-000000000000", 404),
        ("Products/none", 404),
        ("SalesInvoices", 404),
        ("Products?modifiedSince=2026-03-01T00:00:00Z", 400),
        ("Products?includeObsolete=yes", 400),
    ] {
        assert_eq!(get(twin, path).await.status(), status, "{path}");
    }
    assert_eq!(signed(twin, "DELETE", "Products").send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn empty_lists_have_no_page_or_one() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let path = "Products?modifiedSince=2030-01-01";
    assert_eq!(json(twin, path).await["Pagination"]["NumberOfPages"], 0);
    twin.set_habits(UnleashedHabits { pages_of_nothing: 1, bills_paged: false, ..twin.habits() });
    assert_eq!(json(twin, path).await["Pagination"]["NumberOfPages"], 1);
    let bills = json(twin, "BillOfMaterials?pageSize=5&includeObsolete=true").await;
    assert!(bills["Pagination"].is_null());
    assert_eq!(
        bills["Items"].as_array().unwrap().len(),
        readable(twin, UnleashedStream::BillsOfMaterials).len()
    );
}

#[tokio::test]
async fn plain_lists_hide_obsolete_and_deleted_rows() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let size = "pageSize=1000";
    for (list, whole, stream) in
        [WHOLE[0], WHOLE[1], WHOLE[7]].map(|(list, query, stream)| (list, query, stream))
    {
        let (some, every) = (
            items(twin, &format!("{list}?{size}")).await,
            items(twin, &format!("{list}?{whole}&{size}")).await,
        );
        let shelved = twin.truth(stream).iter().filter(|r| r.presence == Presence::Archived).count();
        assert!(shelved > 0 && some.len() + shelved == every.len(), "{list}");
        assert!(some.iter().all(|row| row["Obsolete"] == false));
    }
    for (list, status, stream) in [
        ("SalesOrders", "OrderStatus", UnleashedStream::SalesOrders),
        ("Invoices", "InvoiceStatus", UnleashedStream::SalesInvoices),
    ] {
        let plain = items(twin, &format!("{list}?{size}")).await;
        let deleted = items(twin, &format!("{list}?{status}=Deleted&{size}")).await;
        let voided = twin.truth(stream).iter().filter(|r| r.presence == Presence::Voided).count();
        assert!(voided > 0 && deleted.len() == voided, "{list}");
        assert!(plain.iter().all(|row| row[status] != "Deleted"));
        // A number overrides every other filter, the hiding of deleted rows included.
        let member = if list == "Invoices" { "InvoiceNumber" } else { "OrderNumber" };
        let number = deleted[0][member].as_str().unwrap();
        let found = items(twin, &format!("{list}?{member}={number}&modifiedSince=2030-01-01")).await;
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn increments_show_what_changed_after_the_bound() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    clock.advance(Duration::from_millis(600_400));
    let changes = sandbox.evolve().warehouse;
    let since = |text: &str, list: &str| format!("{list}?pageSize=1000&modifiedSince={text}");
    let ids = |ids: &[uuid::Uuid]| ids.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
    let seen = |rows: Vec<Value>| column(&rows, "Guid").into_iter().collect::<BTreeSet<_>>();
    let orders = seen(items(twin, &since("2026-11-01T12:10:00.399", "SalesOrders")).await);
    assert!(orders.is_superset(&(&ids(&changes.sales_orders_added) - &ids(&changes.sales_orders_deleted))));
    assert!(!changes.sales_orders_deleted.is_empty());
    assert!(orders.is_disjoint(&ids(&changes.sales_orders_deleted)));
    let path = format!("{}&orderStatus=Deleted", since("2026-11-01T12:10:00.399", "SalesOrders"));
    assert!(seen(items(twin, &path).await).is_superset(&ids(&changes.sales_orders_deleted)));
    assert!(!changes.products_obsoleted.is_empty());
    // Obsolete products vanish from increments unless they are asked for.
    let products = since("2026-11-01T12:10:00.399", "Products");
    let hidden = ids(&changes.products_obsoleted);
    let whole = seen(items(twin, &format!("{products}&includeObsolete=true")).await);
    assert!(seen(items(twin, &products).await).is_disjoint(&hidden) && whole.is_superset(&hidden));
    assert!(whole.is_superset(&ids(&changes.products_changed)));
    // The bound itself is excluded unless the habit says otherwise.
    let exact = since("2026-11-01T12:10:00.400", "SalesOrders");
    assert!(items(twin, &exact).await.is_empty());
    twin.set_habits(UnleashedHabits { since_inclusive: true, ..twin.habits() });
    assert_eq!(seen(items(twin, &exact).await), orders);
    // Bills of materials know no increments.
    assert!(!items(twin, &since("2030-01-01", "BillOfMaterials")).await.is_empty());
    // What was deleted for good is not told of.
    let gone = changes.assemblies_deleted[0];
    assert_eq!(get(twin, &format!("Assemblies/{gone}")).await.status(), 404);
    let truth = twin.truth(UnleashedStream::Assemblies);
    let record = truth.iter().find(|record| record.key == gone.to_string()).unwrap();
    assert_eq!((record.presence, record.updated_at), (Presence::Gone, clock.now()));
}

#[tokio::test]
async fn some_rows_never_changed() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.unleashed();
    for list in ["Products", "SalesOrders"] {
        let rows = items(twin, &format!("{list}?pageSize=1000")).await;
        let never = rows.iter().filter(|row| row["LastModifiedOn"].is_null()).count();
        assert!(never > 0 && never < rows.len() / 2, "{list}: {never}");
        assert!(rows.iter().all(|row| row["CreatedOn"].is_string()));
    }
}

#[tokio::test]
async fn codes_match_by_prefix() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let codes = |rows: Vec<Value>, name: &str| column(&rows, name);
    let screws = codes(items(twin, "Products?productCode=CMP-SCREW-M6").await, "ProductCode");
    assert_eq!(screws, ["cmp-screw-m6", "cmp-screw-m60"]);
    let places = codes(items(twin, "Warehouses?warehouseCode=lds").await, "WarehouseCode");
    assert_eq!(places, ["lds", "lds-2"]);
    let buyers = codes(items(twin, "Customers?customerCode=CUST1").await, "CustomerCode");
    assert!(buyers.len() > 1 && buyers[0] == "cust1");
    let none = items(twin, "Products?productBrand=Acme").await;
    assert!(none.is_empty());
    let bare = items(twin, "Products?excludeAssembled=true&excludeComponents=true&pageSize=1000").await;
    assert!(bare.iter().all(|row| row["IsComponent"] == false && row["IsAssembledProduct"] == false));
}

#[tokio::test]
async fn purchase_orders_are_brief_by_default() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let product = |rows: Vec<Value>| rows[0]["PurchaseOrderLines"][0]["Product"].as_object().unwrap().len();
    assert_eq!(product(items(twin, "PurchaseOrders").await), 3);
    assert!(product(items(twin, "PurchaseOrders?brief=false").await) > 40);
    let brief = items(twin, "Products?brief=true").await;
    assert_eq!(brief[0].as_object().unwrap().len(), 3);
    assert!(items(twin, "Products").await[0].as_object().unwrap().len() > 40);
}

#[tokio::test]
async fn calendar_days_begin_in_london() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.unleashed();
    let hours = |rows: &[Value]| {
        let date =
            |row: &Value| row["OrderDate"].as_str().unwrap()[6..].trim_end_matches(")/").parse::<i64>();
        rows.iter().map(|row| date(row).unwrap().rem_euclid(86_400_000) / 3_600_000).collect::<BTreeSet<_>>()
    };
    let rows = items(twin, "SalesOrders?pageSize=1000").await;
    assert_eq!(hours(&rows), BTreeSet::from([0, 23]));
    twin.set_habits(UnleashedHabits { zone: AccountZone::Utc, ..twin.habits() });
    assert_eq!(hours(&items(twin, "SalesOrders?pageSize=1000").await), BTreeSet::from([0]));
}

#[tokio::test]
async fn ids_of_other_records_come_in_upper_case() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let order = &items(twin, "SalesOrders").await[0];
    let product = order["SalesOrderLines"][0]["Product"]["Guid"].as_str().unwrap();
    assert_eq!(product, product.to_uppercase());
    let read = json(twin, &format!("Products/{product}")).await;
    assert_eq!(read["Guid"].as_str().unwrap(), product.to_lowercase());
}
