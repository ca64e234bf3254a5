//! A connector of your own: exchange rates, from a small API that this program serves itself.
//!
//! ```text
//! cargo run --example custom_connector
//! ```

use async_trait::async_trait;
use axum::{Json, Router, extract::Query, routing::get};
use sentia::{
    ColumnKind, Connector, ConnectorInfo, Context, Exact, Fetch, Page, Pipeline, Result, Store, StreamInfo,
    Text,
};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::Row;

#[derive(Debug)]
struct Rates {
    base_url: String,
}

/// What a document must have to become a row.
#[derive(Deserialize)]
#[allow(dead_code, reason = "columns are filled by name; the struct says what must be there")]
struct Rate {
    date: Text,
    currency: Text,
    rate: Exact,
}

#[async_trait]
impl Connector for Rates {
    fn info(&self) -> ConnectorInfo {
        let daily = StreamInfo::new("daily")
            .key(&["date", "currency"])
            .incremental("date")
            .column("date", ColumnKind::Date)
            .column("currency", ColumnKind::Text)
            .column("rate", ColumnKind::Decimal);
        ConnectorInfo::new("rates").stream(daily)
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let get = cx.http().get(format!("{}/daily", self.base_url)).query_opt("since", request.since());
        Ok(Page::last(get.records::<Rate>("/rates").await?))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
    let base_url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/daily", get(daily))).await });

    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("rates.db").display());
    let store = Store::connect(&url).await?;
    let pipeline = Pipeline::new(Rates { base_url }, store.clone());
    for run in ["first", "second"] {
        let counts = pipeline.run().await?.counts();
        println!(
            "{run} run: {} read, {} inserted, {} unchanged",
            counts.read, counts.inserted, counts.unchanged
        );
    }

    let pool = sqlx::SqlitePool::connect(&url).await.expect("the database just written");
    let sql = "SELECT date, currency, rate FROM rates_daily WHERE deleted IS NULL ORDER BY date, currency";
    for row in sqlx::query(sql).fetch_all(&pool).await.expect("the table just written") {
        println!("{} {} {}", row.get::<String, _>(0), row.get::<String, _>(1), row.get::<String, _>(2));
    }
    assert!(store.verify().await?.holds());
    Ok(())
}

#[derive(Deserialize)]
struct Since {
    since: Option<String>,
}

/// The API: today's rates and those of some days ago. It compares days, which the bound's first ten characters name.
#[allow(clippy::disallowed_methods, reason = "a vendor reads its own clock")]
async fn daily(Query(Since { since }): Query<Since>) -> Json<Value> {
    let since = since.as_deref().and_then(|since| since.get(..10)).unwrap_or_default();
    let today = chrono::Utc::now().date_naive();
    let days = (0..3).map(|ago| (today - chrono::Duration::days(ago)).to_string());
    let rates = days.filter(|day| day.as_str() >= since).flat_map(|day| {
        [
            json!({ "date": day, "currency": "EUR", "rate": "1.0842" }),
            json!({ "date": day, "currency": "GBP", "rate": "0.83915" }),
        ]
    });
    Json(json!({ "rates": rates.collect::<Vec<_>>() }))
}
