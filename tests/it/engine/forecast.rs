//! What schedules will take of a vendor's daily limit.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use sentia::{
    Connector, ConnectorInfo, Context, Engine, Fetch, Page, Result, StreamInfo,
    connectors::Xero,
    engine::{Connection, SyncOrder},
    job::{JobFilter, JobState},
};
use sentia_sandbox::{Sandbox, Size};

use crate::{
    database::{Database, on_both},
    truth::{impatient, vault},
};

/// Books whose contacts are read whole four times a day.
#[derive(Debug)]
struct Often(Xero);

#[async_trait]
impl Connector for Often {
    fn info(&self) -> ConnectorInfo {
        let mut info = self.0.info();
        for stream in info.streams.iter_mut().filter(|stream| stream.name == "contacts") {
            let often = StreamInfo::clone(stream).full_every(Duration::from_secs(6 * 60 * 60));
            *stream = Arc::new(often);
        }
        info
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.0.fetch(cx, request).await
    }
}

async fn is_forecast(database: Database) {
    let sandbox = Sandbox::start(56, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.xero();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let xero = Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .base_url(twin.base_url())
        .build()
        .expect("valid settings");
    let store = database.store().await;
    let connection =
        Connection::new("xero", Often(xero)).streams(["contacts"]).page_size(5).transport(impatient());
    let engine =
        Engine::builder(store.clone()).vault(vault(&store)).connection(connection).start().expect("starts");
    let done =
        JobFilter { state: Some(JobState::Done), kind: Some(SyncOrder::KIND.into()), ..JobFilter::default() };
    while engine.jobs().list(&done).await.expect("list").is_empty() {
        pause().await;
    }
    let forecasts = engine.forecast("default", "xero").await.expect("forecast");
    let day =
        forecasts.iter().find(|forecast| forecast.level.limit == "calls per day").expect("Xero has one");
    assert!((3..=4).contains(&day.reads.len()), "due every six hours: {:?}", day.reads);
    let first_read = day.reads[0].calls;
    assert!(first_read > 1, "several pages of five");
    assert_eq!(day.planned(), first_read * day.reads.len() as u64);
    assert!(day.level.used >= first_read as f64 && day.fits(), "{day:?}");
    let mut spent = day.clone();
    spent.level.used = spent.level.of - 1.0;
    assert!(!spent.fits());
    let _ = engine.stop(Duration::from_secs(20)).await;
    drop(engine);
    store.close().await;
}

#[allow(clippy::disallowed_methods, reason = "the engine works in real time")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

on_both!(
    /// The full passes that fall due within a day are counted as what the last one took.
    full_passes_are_counted_in_the_forecast,
    super::is_forecast
);
