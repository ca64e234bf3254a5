//! A quality rule of your own: an order's lines add up to its subtotal, or the order waits in quarantine.
//!
//! ```text
//! cargo run --example custom_rule
//! ```

use async_trait::async_trait;
use bytes::Bytes;
use rust_decimal::Decimal;
use sentia::{
    ColumnKind, Connector, ConnectorInfo, Context, Decoded, Exact, Fetch, Page, Pipeline, Record, Result,
    Store, StreamId, StreamInfo,
    json_record::json_record,
    quality::Dimension,
    rules::{Verdict, record_rule},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Line {
    quantity: Exact,
    unit_price: Exact,
}

fn lines_add_up(order: &Record) -> Result<Verdict> {
    let subtotal: Exact = order.get("subtotal")?;
    let lines: Vec<Line> = order.get("lines")?;
    let sum: Decimal = lines.iter().map(|line| *line.quantity * *line.unit_price).sum();
    if sum == *subtotal {
        return Ok(Verdict::Pass);
    }
    Ok(Verdict::violation(format!("lines sum to {sum}, subtotal is {}", *subtotal)).field("lines"))
}

/// Two orders, of which the second does not add up.
const ORDERS: [&str; 2] = [
    r#"{"id": "1001", "subtotal": "59.85", "lines": [{"quantity": 3, "unit_price": "19.95"}]}"#,
    r#"{"id": "1002", "subtotal": "24.00", "lines": [{"quantity": 2, "unit_price": "11.50"}]}"#,
];

/// A vendor without a network.
#[derive(Debug)]
struct Orders;

#[async_trait]
impl Connector for Orders {
    fn info(&self) -> ConnectorInfo {
        let orders = StreamInfo::new("orders").key(&["id"]).column("subtotal", ColumnKind::Amount);
        ConnectorInfo::new("paper").stream(orders)
    }

    async fn fetch(&self, _: &Context, request: Fetch<'_>) -> Result<Page> {
        let mut decoded = Decoded::default();
        for order in ORDERS {
            decoded.push(json_record::<serde_json::Value>(
                request.stream(),
                Bytes::from_static(order.as_bytes()),
            ));
        }
        Ok(Page::last(decoded))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let store = Store::connect("sqlite::memory:").await?;
    let report = Pipeline::new(Orders, store.clone())
        .rule("orders", record_rule("orders.lines_add_up", Dimension::Consistency, lines_add_up))
        .run()
        .await?;
    println!("{}: {:?}", report.outcome(), report.counts());

    let orders = StreamId {
        tenant: "default".to_owned(),
        connection: "paper".to_owned(),
        stream: "orders".to_owned(),
        partition: String::new(),
    };
    for held in store.quarantined(&orders).await? {
        println!("{} held by {}: {}", held.key.unwrap_or_default(), held.rule, held.reason);
    }
    Ok(())
}
