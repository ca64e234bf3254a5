//! Partitions: their list must be proved, and what they held goes with them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use sentia::{
    Connector, ConnectorInfo, Context, Fetch, Key, Outcome, Page, Pipeline, Record, Result, StreamInfo,
    Version, record::Document, stream::Deletes,
};

use crate::database::{Database, on_both};

/// Places, and the goods in each.
#[derive(Debug, Clone, Default)]
struct Warehouses(Arc<Mutex<BTreeMap<String, Vec<&'static str>>>>);

fn record(key: &str) -> Record {
    Record::new(
        Key::from(key),
        Version::none(),
        Document::new(format!("{{\"id\":\"{key}\"}}").into()),
        vec![],
        vec![],
    )
}

#[async_trait]
impl Connector for Warehouses {
    fn info(&self) -> ConnectorInfo {
        let swept = |name| StreamInfo::new(name).key(&["id"]).deletes(Deletes::Sweep);
        let mut goods = swept("goods");
        goods.partitioned_by = Some("places");
        ConnectorInfo::new("warehouses").stream(swept("places")).stream(goods)
    }

    async fn fetch(&self, _: &Context, request: Fetch<'_>) -> Result<Page> {
        let places = self.0.lock().expect("one test");
        let records: Vec<Record> = match request.stream().name {
            "places" => places.keys().map(|place| record(place)).collect(),
            _ => places[request.partition()].iter().map(|good| record(good)).collect(),
        };
        Ok(Page::last(records))
    }
}

async fn partitions(database: Database) {
    let warehouses = Warehouses::default();
    let store = database.store().await;
    let pipeline = || Pipeline::new(warehouses.clone(), store.clone());
    // The same good lies in both places: it is a record of each partition.
    warehouses
        .0
        .lock()
        .expect("one test")
        .extend([("north".to_owned(), vec!["bolt", "nut"]), ("south".to_owned(), vec!["bolt"])]);
    let report = pipeline().streams(["goods"]).run().await.expect("runs");
    assert_eq!(report.outcome(), Outcome::Incomplete, "no list of places was ever proved: {report:#?}");

    let report = pipeline().run().await.expect("runs");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let live =
        || database.rows("SELECT partition, key FROM warehouses_goods WHERE deleted IS NULL ORDER BY 1, 2");
    assert_eq!(live().await, [["north", "bolt"], ["north", "nut"], ["south", "bolt"]]);

    warehouses.0.lock().expect("one test").remove("south");
    let report = pipeline().run().await.expect("runs");
    assert_eq!((report.outcome(), report.counts().deleted), (Outcome::Complete, 2), "{report:#?}");
    assert_eq!(live().await, [["north", "bolt"], ["north", "nut"]]);
    let again = pipeline().run().await.expect("runs");
    assert_eq!(again.counts().deleted, 0, "it is retired once");
    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds(), "{verified:#?}");
}

on_both!(
    /// A stream read by a list that is not proved is never green, and the rows of a partition that is gone are marked.
    partitions_come_and_go,
    super::partitions
);
