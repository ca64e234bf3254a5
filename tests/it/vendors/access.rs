//! Credentials, roles, regions and tenants, end to end: what opens, what is refused, and what the refusal says.

use std::{collections::BTreeSet, sync::Arc};

use secrecy::ExposeSecret;
use sentia::{
    ErrorKind, Outcome, Pipeline, RunReport, Store,
    connectors::{
        Amazon, MicrosoftGraph, Unleashed,
        amazon::{AmazonBuilder, DocumentAccess, Personal, Region},
        microsoft_graph::{Assertion, MicrosoftGraphBuilder},
    },
    key_store::KeyName,
    security::{MasterKey, MasterKeyset, Vault},
    transport::Pacing,
};
use sentia_sandbox::{
    AmazonTwin, FaultPlan, MicrosoftGraphTwin, UnleashedFault,
    universe::{AmazonStream, office::MicrosoftGraphStream},
};

use super::{OneClock, Scene, compare::live, microsoft_graph, unleashed};
use crate::{
    database::{Database, Kind},
    truth::impatient,
};

/// A scene with a database of its own.
struct Stage {
    scene: Scene,
    database: Database,
    store: Store,
}

impl Stage {
    async fn new(seed: u64) -> Self {
        let database = Database::fresh(Kind::Sqlite).await.expect("a file");
        let store = database.store().await;
        Stage { scene: Scene::new(seed).await, database, store }
    }

    fn pipeline(&self, connector: impl sentia::Connector, streams: &[&str]) -> Pipeline {
        let clock: Arc<OneClock> = self.scene.clock.clone();
        let pipeline = Pipeline::new(connector, self.store.clone()).connection("account").clock(clock);
        pipeline.transport(impatient()).streams(streams.iter().copied())
    }

    async fn run(&self, connector: impl sentia::Connector, streams: &[&str]) -> RunReport {
        self.pipeline(connector, streams).run().await.expect("runs")
    }

    async fn keys(&self, table: &str) -> BTreeSet<String> {
        let rows = self.database.rows(&format!("SELECT key FROM {table} WHERE deleted IS NULL")).await;
        rows.into_iter().map(|mut row| row.remove(0)).collect()
    }
}

/// Why the only stream of a run was not read.
fn failure(report: &RunReport) -> (String, String) {
    assert_eq!(report.outcome(), Outcome::Incomplete, "{report:#?}");
    let failure = report.streams()[0].failure.clone().expect("a reason");
    (failure.code, failure.message)
}

fn seller(twin: &AmazonTwin) -> AmazonBuilder {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let seller = Amazon::builder().client_id(twin.client_id()).client_secret(twin.client_secret());
    seller.refresh_token(twin.refresh_token()).base_url(twin.base_url()).pacing(Pacing::Off)
}

const RETURNS: &str = "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA";

#[tokio::test]
async fn restricted_reports_open_with_a_token_for_their_document_alone() {
    let stage = Stage::new(81).await;
    let twin = stage.scene.sandbox.amazon_uk();
    twin.set_restricted_reports([RETURNS]);
    let account = |access| {
        let account = seller(twin).region(Region::Eu).marketplaces(twin.marketplace_ids());
        account.report_documents(access).build().expect("valid settings")
    };
    let (code, message) = failure(&stage.run(account(DocumentAccess::Seller), &["returns"]).await);
    assert_eq!(code, "permission_denied");
    assert!(message.contains("getReportDocument"), "{message}");

    let (code, message) = failure(&stage.run(account(DocumentAccess::Restricted), &["returns"]).await);
    assert_eq!(code, "permission_denied");
    assert!(message.contains("Direct-to-Consumer Delivery"), "the role is named: {message}");

    twin.set_personal_data(true);
    let report = stage.run(account(DocumentAccess::Restricted), &["returns"]).await;
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let truth = twin.visible_truth(AmazonStream::FbaReturns).into_iter().map(|row| row.key).collect();
    assert_eq!(stage.keys("amazon_returns").await, truth);
    let asked = twin.requests();
    let granted =
        asked.iter().filter(|asked| asked.path.ends_with("/restrictedDataToken") && asked.status == 200);
    let opened = asked
        .iter()
        .filter(|asked| asked.path.starts_with("/reports/2021-06-30/documents/") && asked.status == 200);
    let (granted, opened): (Vec<_>, Vec<_>) = (granted.collect(), opened.collect());
    assert!(!granted.is_empty());
    let of_its_path =
        granted.iter().zip(&opened).all(|(token, document)| token.body.contains(&document.path));
    assert!(of_its_path && granted.len() == opened.len(), "one token for each document");
}

#[tokio::test]
async fn personal_data_comes_to_who_asks_and_may() {
    let stage = Stage::new(82).await;
    let twin = stage.scene.sandbox.amazon_uk();
    let account = |personal: &[Personal]| {
        let account = seller(twin).region(Region::Eu).marketplaces(twin.marketplace_ids());
        account.personal(personal.iter().copied()).build().expect("valid settings")
    };
    let both = [Personal::Buyer, Personal::Recipient];
    let (code, message) = failure(&stage.run(account(&both), &["orders"]).await);
    assert_eq!(code, "permission_denied");
    assert!(
        message.contains("Tax Invoicing") && message.contains("Inventory and Order Tracking"),
        "{message}"
    );

    let documents = async || stage.database.rows("SELECT document FROM amazon_orders").await.concat();
    let report = stage.run(account(&[]), &["orders"]).await;
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    assert!(!documents().await.iter().any(|order| order.contains("buyerName")), "nobody asked");

    twin.set_personal_data(true);
    let full =
        stage.pipeline(account(&both), &["orders"]).mode(sentia::Mode::Full).run().await.expect("runs");
    assert_eq!(full.outcome(), Outcome::Complete, "{full:#?}");
    let documents = documents().await;
    assert!(documents.iter().all(|order| order.contains("buyerName") && order.contains("deliveryAddress")));
}

#[tokio::test]
async fn a_seller_of_another_region_is_told_so() {
    let stage = Stage::new(83).await;
    let (uk, usa) = (stage.scene.sandbox.amazon_uk(), stage.scene.sandbox.amazon_usa());
    // The authorisation is Europe's, what is asked for is America's.
    let mixed =
        seller(uk).region(Region::Na).marketplaces(usa.marketplace_ids()).build().expect("one region");
    let (code, message) = failure(&stage.run(mixed, &["orders"]).await);
    assert_eq!(code, "permission_denied");
    assert!(message.contains("another region's"), "{message}");
    // Europe's refresh token for America's application.
    let other = seller(usa).region(Region::Na).marketplaces(usa.marketplace_ids());
    let other = other.refresh_token(uk.refresh_token()).build().expect("valid settings");
    let error = stage.pipeline(other, &["orders"]).run().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("refresh_token"), "{error}");
}

#[tokio::test]
async fn revoked_and_lapsed_credentials_name_what_to_set() {
    let stage = Stage::new(84).await;
    let twin = stage.scene.sandbox.amazon_uk();
    let account = || {
        seller(twin).region(Region::Eu).marketplaces(twin.marketplace_ids()).build().expect("valid settings")
    };
    let refused = async |connector: Amazon| {
        let error = stage.pipeline(connector, &["marketplaces"]).run().await.expect_err("refused");
        assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unauthenticated, false));
        error.message().to_owned()
    };
    twin.expire_client_secret();
    assert!(refused(account()).await.contains("set client_secret"));
    drop(twin.rotate_client_secret());
    let report = stage.run(account(), &["marketplaces"]).await;
    assert_eq!(report.outcome(), Outcome::Complete, "the refresh token survives a new secret");
    twin.revoke_refresh_tokens();
    assert!(refused(account()).await.contains("set refresh_token"));

    let unleashed = stage.scene.sandbox.unleashed();
    let wrong = Unleashed::builder().api_id(unleashed.api_id()).api_key("not the key");
    let wrong = wrong.base_url(unleashed.base_url()).pacing(Pacing::Off).build().expect("valid settings");
    let error = stage.pipeline(wrong, &["products"]).run().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(error.message().contains("api_key"), "{error}");
}

/// The tenant's people, by an app that is yet to prove itself.
fn people(twin: &MicrosoftGraphTwin) -> MicrosoftGraphBuilder {
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let app = MicrosoftGraph::builder().tenant(twin.tenant_id()).client_id(twin.client_id());
    app.base_url(twin.base_url()).pacing(Pacing::Off)
}

fn users(twin: &MicrosoftGraphTwin) -> BTreeSet<String> {
    twin.truth(MicrosoftGraphStream::Users).into_iter().filter(live).map(|user| user.key).collect()
}

#[tokio::test]
async fn a_certificate_opens_the_tenant_in_both_forms() {
    let stage = Stage::new(85).await;
    let twin = stage.scene.sandbox.microsoft_graph();
    let pair = twin.certificate();
    for (assertion, tenant) in [(Assertion::Ps256, twin.tenant_id()), (Assertion::Rs256, twin.domain())] {
        let app = people(twin).tenant(tenant).assertion(assertion);
        let app =
            app.certificate(&*pair.certificate_pem, pair.private_key_pem.as_str()).build().expect("a pair");
        let report = stage.run(app, &["users"]).await;
        assert_eq!(report.outcome(), Outcome::Complete, "{assertion:?}: {report:#?}");
        assert_eq!(stage.keys("microsoft_graph_users").await, users(twin), "{assertion:?}");
    }
    let grants = twin.requests().into_iter().filter(|asked| asked.path.ends_with("/token"));
    assert!(grants.count() >= 2);
}

#[tokio::test]
async fn a_wrong_tenant_and_a_missing_permission_are_named() {
    let stage = Stage::new(86).await;
    let twin = stage.scene.sandbox.microsoft_graph();
    let secret = || people(twin).client_secret(twin.client_secret());
    for (app, kind, named) in [
        (secret().tenant("11111111-2222-4333-8444-555555555555"), ErrorKind::ConfigInvalid, "tenant"),
        (secret().client_id("11111111-2222-4333-8444-555555555555"), ErrorKind::Unauthenticated, "client_id"),
        (secret().client_secret("another"), ErrorKind::Unauthenticated, "client secret"),
    ] {
        let app = app.build().expect("valid settings");
        let error = stage.pipeline(app, &["users"]).run().await.expect_err("refused");
        assert_eq!(error.kind(), kind, "{error:?}");
        assert!(error.message().contains(named), "{error}");
    }
    twin.set_app_permissions(&["User.Read.All"]);
    let app = microsoft_graph::everything(&stage.scene.sandbox).client_secret(twin.client_secret());
    let report = stage.run(app.build().expect("valid settings"), &["users", "sites", "mail_folders"]).await;
    let failures: Vec<_> = report.streams().iter().map(|stream| stream.failure.clone()).collect();
    assert!(failures[0].is_none(), "what is permitted is read: {failures:#?}");
    for (failure, needs) in failures[1..].iter().zip(["Sites.Read.All", "Mail.Read"]) {
        let failure = failure.as_ref().expect("not permitted");
        assert_eq!(failure.code, "permission_denied");
        assert!(failure.message.contains(needs) && failure.message.contains("(application)"), "{failure:?}");
    }
}

fn refresh_name() -> KeyName {
    KeyName { tenant: "default".into(), connection: "account".into(), name: "refresh_token".into() }
}

#[tokio::test]
async fn a_users_refresh_token_rotates_durably_until_it_is_revoked() {
    let stage = Stage::new(87).await;
    let twin = stage.scene.sandbox.microsoft_graph();
    let keys = || MasterKeyset::new(MasterKey::ephemeral().expect("random"), Vec::new());
    let vault = Vault::new(stage.store.clone(), keys());
    // Each run is another process: a connector that knows the token of the first sign-in alone.
    let app = || {
        let app = people(twin).client_secret(twin.client_secret()).refresh_token(twin.refresh_token());
        app.build().expect("valid settings")
    };
    let sign_in = || stage.pipeline(app(), &["users"]).vault(vault.clone());
    let stored = async || {
        let (token, version) = vault.get(&refresh_name()).await.expect("opens").expect("stored");
        (token.expose_secret().to_owned(), version)
    };
    let mut seen = BTreeSet::from([twin.refresh_token().to_owned()]);
    for _ in 0..3 {
        let report = sign_in().run().await.expect("runs");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        assert!(seen.insert(stored().await.0), "another token after each use");
        // Within the life of the access token the next process needs no refresh.
        let report = sign_in().run().await.expect("runs");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        assert!(seen.contains(&stored().await.0));
        stage.scene.later(2);
    }
    assert_eq!(stage.keys("microsoft_graph_users").await, users(twin));
    let sent = |token: &str| twin.requests().iter().any(|asked| asked.body.contains(token));
    assert!(!seen.iter().any(|token| sent(token)), "the twin's journal holds no token either");

    let before = stored().await;
    twin.revoke_refresh_tokens();
    let error = sign_in().run().await.expect_err("revoked");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unauthenticated, false));
    assert_eq!(stored().await, before, "a refusal writes nothing");

    // The user signs in again: the configured token is a new one.
    let fresh = twin.consent();
    let app = people(twin).client_secret(twin.client_secret()).refresh_token(fresh.as_str());
    let report = stage.pipeline(app.build().expect("valid settings"), &["users"]).vault(vault.clone());
    assert_eq!(report.run().await.expect("runs").outcome(), Outcome::Complete);
    assert!(stored().await.1 > before.1);
    let bytes = stage.database.bytes();
    for token in seen.iter().chain([&fresh]) {
        let shows = bytes.windows(token.len()).any(|window| window == token.as_bytes());
        assert!(!shows, "a token stands in the database as it is");
    }
}

#[tokio::test]
async fn the_months_calls_are_counted_over_runs_and_restarts() {
    let stage = Stage::new(88).await;
    let twin = stage.scene.sandbox.unleashed();
    let streams = ["warehouses", "products", "stock_on_hand", "sales_orders"];
    for _ in 0..2 {
        let report = stage.run(unleashed::connector(twin), &streams).await;
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
        stage.scene.later(1);
    }
    // A wrong answer costs a call as well.
    twin.inject(UnleashedFault::InternalError, FaultPlan::once());
    drop(stage.run(unleashed::connector(twin), &streams[..2]).await);

    let now = twin.now();
    let month = now - chrono::Duration::days(31);
    let restarted = stage.database.store().await;
    let runs = restarted.runs("default", "account", month).await.expect("the sync log");
    assert_eq!(runs.len(), 3);
    let budget = unleashed::connector(twin).call_budget(&runs, now);
    assert_eq!(budget.spent, u64::from(twin.calls_this_month()), "every call that the vendor counted");
    assert_eq!(budget.left(), u64::from(budget.granted) - budget.spent);
    assert!(restarted.runs("default", "another", month).await.expect("the sync log").is_empty());
    assert!(
        restarted
            .runs("default", "account", now + chrono::Duration::hours(1))
            .await
            .expect("read")
            .is_empty()
    );
}
