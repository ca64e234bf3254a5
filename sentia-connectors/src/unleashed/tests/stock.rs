//! Stock by warehouse: its code, the codes that begin with it, and the lists that name no warehouse.

use sentia_core::{ErrorKind, page::Next};

use super::*;

const WAREHOUSE: &str = "e0000000-0000-4000-8000-0000000000a1";

fn warehouses() -> Vec<String> {
    [("E0000000-0000-4000-8000-0000000000A1", "A1"), ("w-10", "A10"), ("w-none", "")]
        .iter()
        .map(|(guid, code)| format!(r#"{{"Guid":"{guid}","WarehouseCode":"{code}"}}"#))
        .collect()
}

fn row(product: usize, code: &str) -> String {
    format!(r#"{{"ProductGuid":"P{product}","WarehouseCode":"{code}","QtyOnHand":1.5}}"#)
}

/// An account in which `A1` has three products, and a filter by it finds the two of `A10` too.
fn account(request: &Request) -> Answer {
    match request.url.path() {
        "/Warehouses/1" => paged(request, &warehouses()),
        _ => paged(request, &[row(0, "A10"), row(0, "A1"), row(1, "A10"), row(1, "a1"), row(2, "A1")]),
    }
}

async fn stock(double: &Double, partition: &str, token: Option<&str>, since: Option<&str>) -> Result<Page> {
    read(&ready(), double, partition, token, since).await
}

async fn read(
    unleashed: &Unleashed,
    double: &Double,
    partition: &str,
    token: Option<&str>,
    since: Option<&str>,
) -> Result<Page> {
    let (info, token) = (info(unleashed, "stock_on_hand"), token.map(PageToken::from));
    let since = since.map(|since| since.parse().expect("an instant"));
    let request = Fetch::new(&info).of_partition(partition).at(token.as_ref()).changed_since(since);
    unleashed.fetch(&double.context(), request.sized(Some(2))).await
}

#[tokio::test]
async fn a_code_that_others_begin_with_keeps_its_own_rows_and_its_own_count() {
    let double = Double::new(|request, _| account(request));
    let (mut token, mut keys, mut counts) = (None::<String>, Vec::new(), Vec::new());
    loop {
        let page = stock(&double, WAREHOUSE, token.as_deref(), None).await.expect("a page");
        keys.extend(page.records().iter().map(|record| record.key.to_string()));
        counts.push(page.count());
        match page.next() {
            Next::More(next) => token = Some(next.0.clone()),
            _ => break,
        }
    }
    assert_eq!(keys, ["p0/A1", "p1/a1", "p2/A1"]);
    assert_eq!(counts, [None, None, Some(3)], "five in the list, two of them of another warehouse");
    let asked = double.asked();
    assert_eq!(asked[0], "/Warehouses/1?pageSize=1000&includeObsolete=true");
    assert_eq!(asked[1], "/StockOnHand/1?pageSize=2&warehouseCode=A1");
    assert_eq!(asked[3], "/StockOnHand/3?pageSize=2&warehouseCode=A1", "one look-up for all pages");
    assert_eq!(token.as_deref(), Some("page=3&items=5&others=2&warehouse=A1"));
}

#[tokio::test]
async fn a_list_that_is_not_filtered_is_refused_and_not_taken_for_empty() {
    for code in ["", "HQ"] {
        let double = Double::new(move |request, _| match request.url.path() {
            "/Warehouses/1" => paged(request, &warehouses()),
            _ => paged(request, &[row(0, code)]),
        });
        let error = stock(&double, WAREHOUSE, None, None).await.expect_err("not filtered");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error:?}");
    }
}

#[tokio::test]
async fn a_warehouse_that_is_gone_holds_nothing() {
    let double = Double::new(|request, _| account(request));
    let page = stock(&double, "w-gone", None, None).await.expect("a page");
    assert_eq!((page.next(), page.count(), page.records().len()), (&Next::Last, Some(0), 0));
    assert_eq!(double.asked().len(), 1);
    let error = stock(&double, "w-none", None, None).await.expect_err("no code");
    assert_eq!(error.context_value("warehouse"), Some("w-none"));
}

#[tokio::test]
async fn a_code_renamed_between_two_pages_restarts_the_window() {
    let double = Double::new(|request, _| paged(request, &[]));
    let token = Some("page=2&items=5&warehouse=A1");
    let error = stock(&double, WAREHOUSE, token, None).await.expect_err("moved");
    assert_eq!(error.kind(), ErrorKind::PositionExpired);
}

#[tokio::test]
async fn the_increments_of_a_run_share_one_look_up() {
    let double = Double::new(|request, _| account(request));
    let unleashed = ready();
    let since = Some("2026-03-01T00:00:00Z");
    let looked_up = || double.asked().iter().filter(|asked| asked.starts_with("/Warehouses")).count();
    for partition in [WAREHOUSE, WAREHOUSE] {
        drop(read(&unleashed, &double, partition, None, since).await.expect("a page"));
    }
    assert_eq!(looked_up(), 1);
    drop(read(&unleashed, &double, WAREHOUSE, None, None).await.expect("a full read"));
    assert_eq!(looked_up(), 2, "a full read sweeps, so it looks anew");
    double.clock.advance(std::time::Duration::from_secs(600));
    drop(read(&unleashed, &double, WAREHOUSE, None, since).await.expect("a page"));
    assert_eq!(looked_up(), 3);
}

#[tokio::test]
async fn totals_name_no_warehouse_and_are_a_stream_of_their_own() {
    let double = Double::new(|request, _| paged(request, &[row(0, "")]));
    let page = fetch(&ready(), &double, "stock_totals", None).await.expect("a page");
    assert_eq!(page.records()[0].key.as_str(), "p0");
    assert_eq!(double.asked(), ["/StockOnHand/1?pageSize=500"]);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_held_and_not_dropped() {
    let double = Double::new(|request, _| match request.url.path() {
        "/Warehouses/1" => paged(request, &warehouses()),
        _ => {
            let broken = r#"{"ProductGuid":"P9","WarehouseCode":"A1","QtyOnHand":"many"}"#.to_owned();
            paged(request, &[row(0, "A1"), broken])
        }
    });
    let page = stock(&double, WAREHOUSE, None, None).await.expect("a page");
    assert_eq!((page.records().len(), page.count()), (1, Some(2)));
    assert_eq!(page.rejected()[0].key.as_deref(), Some("p9/A1"));
}
