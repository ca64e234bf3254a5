//! The United Kingdom and the USA side by side: two accounts of one vendor never mix.

use std::{collections::BTreeSet, sync::Arc};

use sentia::{
    ErrorKind, Mode,
    connectors::{Amazon, amazon::Region},
};

use super::{Scene, amazon, complete};
use crate::{
    database::{Database, on_both},
    truth::shop,
};

async fn column(database: &Database, sql: &str) -> BTreeSet<String> {
    database.rows(sql).await.into_iter().map(|mut row| row.remove(0)).collect()
}

async fn side_by_side(database: Database) {
    let (scene, store) = (Scene::new(54).await, database.store().await);
    let clock = Arc::clone(&scene.clock);
    let sandbox = &scene.sandbox;
    for twin in [sandbox.shopify_uk(), sandbox.shopify_usa()] {
        twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    }
    let lists = ["marketplaces", "orders", "fba_inventory", "listings"];
    for (twin, name) in [(sandbox.amazon_uk(), "amazon-uk"), (sandbox.amazon_usa(), "amazon-usa")] {
        let pipeline = amazon::account(twin, name, &store).streams(lists);
        let _ = complete(pipeline, &clock, Mode::Incremental).await;
    }
    for (twin, name) in [(sandbox.shopify_uk(), "shopify-uk"), (sandbox.shopify_usa(), "shopify-usa")] {
        let _ = complete(shop(twin, name, &store), &clock, Mode::Incremental).await;
    }
    for (connection, currencies, marketplaces) in [
        ("amazon-uk", &["EUR", "GBP"][..], &["A1F83G8C2ARO7P", "A1PA6795UKMFR9"][..]),
        ("amazon-usa", &["USD"], &["ATVPDKIKX0DER"]),
    ] {
        let of = |what: &str| format!("SELECT DISTINCT {what} WHERE connection = '{connection}'");
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(column(&database, &of("key FROM amazon_marketplaces")).await, set(marketplaces));
        assert_eq!(column(&database, &of("partition FROM amazon_listings")).await, set(marketplaces));
        let found =
            column(&database, &(of("currency_code FROM amazon_listings") + " AND currency_code IS NOT NULL"))
                .await;
        assert_eq!(found, set(currencies), "{connection}");
        let orders = of("currency_code FROM amazon_orders") + " AND currency_code IS NOT NULL";
        assert!(column(&database, &orders).await.is_subset(&set(currencies)), "{connection}");
    }
    for (connection, currency, zone) in
        [("shopify-uk", "GBP", "Europe/London"), ("shopify-usa", "USD", "America/New_York")]
    {
        let sql = format!("SELECT DISTINCT currency FROM shopify_orders WHERE connection = '{connection}'");
        assert_eq!(column(&database, &sql).await, BTreeSet::from([currency.to_owned()]));
        let sql = format!("SELECT document FROM shopify_shop WHERE connection = '{connection}'");
        assert!(column(&database, &sql).await.iter().all(|shop| shop.contains(zone)), "{connection}");
    }
    // The same SKU is a row of its own in each marketplace that offers it.
    let sql = "SELECT CAST(max(n) AS text) FROM (SELECT count(*) AS n FROM amazon_listings GROUP BY key) AS counted";
    assert_eq!(database.rows(sql).await, [["3"]]);
}

on_both!(
    /// Currency, time zone and marketplace stay with their connection; equal keys are rows of their own.
    regions_never_mix,
    super::side_by_side
);

#[test]
fn a_marketplace_of_the_other_region_is_refused_before_any_call() {
    let account = Amazon::builder().client_id("id").client_secret("s").refresh_token("r");
    let error = account.region(Region::Eu).marketplaces(["US"]).build().expect_err("another region's");
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert!(error.to_string().to_lowercase().contains("region"), "{error}");
}

#[tokio::test]
async fn a_marketplace_that_the_account_does_not_sell_in_is_named() {
    let scene = Scene::new(55).await;
    let twin = scene.sandbox.amazon_uk();
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("r.db").display());
    let store = sentia::Store::connect(&url).await.expect("opens");
    let account = Amazon::builder()
        .region(Region::Eu)
        .marketplaces(["UK", "FR"])
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .refresh_token(twin.refresh_token())
        .base_url(twin.base_url())
        .build()
        .expect("both are of the region");
    let pipeline = sentia::Pipeline::new(account, store).streams(["marketplaces"]).clock(scene.clock.clone());
    let error = pipeline.run().await.expect_err("it sells in one of them");
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error:?}");
    assert!(
        format!("{error:?}").contains("A13V1IB3VIYZZH") || format!("{error:?}").contains("FR"),
        "{error:?}"
    );
}
