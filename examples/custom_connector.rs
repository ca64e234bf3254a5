//! A connector of your own, with the API it reads and its tests; docs/writing-a-connector.md walks through it.
//!
//! ```text
//! cargo run --example custom_connector
//! cargo test --example custom_connector
//! ```

mod parcels;

use parcels::{
    Parcels,
    api::{Api, CLIENT},
};
use sentia::{Pipeline, Result, Store};
use sqlx::Row;

#[tokio::main]
async fn main() -> Result<()> {
    let api = Api::start().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("parcels.db").display());

    let store = Store::connect(&url).await?;
    let connector = Parcels::new(&api.base_url, CLIENT.0, CLIENT.1.into());
    let pipeline = Pipeline::new(connector, store.clone());
    for run in ["first", "second", "third"] {
        let report = pipeline.run().await?;
        let counts = report.counts();
        println!(
            "{run} run: {} read, {} inserted, {} updated, {} deleted, {}",
            counts.read,
            counts.inserted,
            counts.updated,
            counts.deleted,
            report.outcome()
        );
        if run == "second" {
            api.cancel_the_first();
        }
    }

    let pool = sqlx::SqlitePool::connect(&url).await.expect("the database just written");
    let sql = "SELECT s.key, s.deleted IS NOT NULL, count(*) FROM parcels_shipments s
               JOIN parcels_shipment_items i ON i.parent_row_id = s.row_id GROUP BY s.key ORDER BY s.key LIMIT 3";
    for row in sqlx::query(sql).fetch_all(&pool).await.expect("the tables just written") {
        let (id, cancelled, items): (String, bool, i64) = (row.get(0), row.get(1), row.get(2));
        println!("{id} {} with {items} lines", if cancelled { "cancelled" } else { "on its way" });
    }
    assert!(store.verify().await?.holds());
    Ok(())
}
