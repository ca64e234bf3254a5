//! The Unleashed twin when it holds callers back, when the ground shifts, and when things go wrong.
#![allow(clippy::unwrap_used)]

mod unleashed_client;

use std::time::Duration;

use sentia_sandbox::{
    FaultPlan, Pacing, Size, UnleashedFault, UnleashedHabits, UnleashedLimits, UnleashedTwin,
};
use unleashed_client::{column, get, items, sandbox};

#[tokio::test]
async fn the_month_is_used_up_until_the_first() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    twin.set_calls_this_month(124_999);
    assert_eq!(get(twin, "Warehouses").await.status(), 200);
    assert_eq!(get(twin, "Warehouses").await.status(), 403);
    twin.set_habits(UnleashedHabits { quota_status: 429, ..twin.habits() });
    let blocked = get(twin, "Warehouses").await;
    assert_eq!(blocked.status(), 429);
    assert!(blocked.headers().get("retry-after").is_none());
    clock.advance(Duration::from_secs(29 * 86_400));
    assert_eq!(get(twin, "Warehouses").await.status(), 429);
    clock.advance(Duration::from_secs(86_400));
    assert_eq!(get(twin, "Warehouses").await.status(), 200);
    assert_eq!(twin.calls_this_month(), 1);
}

#[tokio::test]
async fn callers_in_a_hurry_are_throttled() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    twin.set_limits(UnleashedLimits { minute: 2, ..UnleashedLimits::default() });
    clock.advance(Duration::from_secs(20));
    let mut seen = vec![];
    for _ in 0..3 {
        seen.push(get(twin, "Warehouses").await.status().as_u16());
    }
    assert_eq!(seen, [200, 200, 429]);
    assert_eq!(get(twin, "Warehouses").await.headers()["retry-after"], "40");
    clock.advance(Duration::from_secs(40));
    assert_eq!(get(twin, "Warehouses").await.status(), 200);
    twin.set_limits(UnleashedLimits { minute: 0, month: 0 });
    twin.set_pacing(Pacing::Lifted);
    assert_eq!(get(twin, "Warehouses").await.status(), 200);
}

#[tokio::test]
async fn the_ground_can_shift_between_two_pages() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    let second = column(&items(twin, "Products/2?pageSize=10").await, "Guid");
    let moved = sandbox.look(|universe| universe.warehouse.product_of_code("RAW-WALNUT").unwrap());
    twin.on_request(1, move |universe| universe.rename_product(moved, "AAA-WALNUT"));
    let after = column(&items(twin, "Products/2?pageSize=10").await, "Guid");
    assert_ne!(second, after);
    assert_eq!(items(twin, "Products?productCode=AAA-WALNUT").await.len(), 1);
}

/// What a reader of one page could notice: status, headers that matter, and the text if it all arrives.
async fn observe(twin: &UnleashedTwin, path: &str) -> String {
    let answer = get(twin, path).await;
    let head = format!("{} {:?}", answer.status(), answer.headers().get("retry-after"));
    format!("{head} {}", answer.text().await.unwrap_or_else(|error| error.to_string()))
}

#[tokio::test]
async fn every_fault_can_be_observed() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.unleashed();
    twin.set_pacing(Pacing::Lifted);
    let page = "SalesOrders/2?pageSize=5&orderStatus=Parked,Placed,Backordered,Completed,Deleted";
    let bare = items(twin, "SalesOrders?pageSize=1").await[0]["Guid"].as_str().unwrap().to_owned();
    for fault in UnleashedFault::ALL {
        assert!(!fault.source().is_empty());
        let path = match fault {
            // Hangs, and is told apart by a reader's own patience.
            UnleashedFault::StalledBody => continue,
            UnleashedFault::NotYetReadable => format!("SalesOrders/{bare}"),
            UnleashedFault::IgnoredSince => "SalesOrders?modifiedSince=2030-01-01".to_owned(),
            UnleashedFault::HiddenRows => "SalesOrders?orderStatus=Deleted".to_owned(),
            _ => page.to_owned(),
        };
        let sound = observe(twin, &path).await;
        twin.inject(fault, FaultPlan::once());
        assert_ne!(observe(twin, &path).await, sound, "{fault:?}");
        assert_eq!(observe(twin, &path).await, sound, "{fault:?}");
        twin.clear_faults();
    }
    let struck = twin.requests().iter().filter(|entry| entry.fault.is_some()).count();
    assert_eq!(struck, UnleashedFault::ALL.len() - 1);
}
