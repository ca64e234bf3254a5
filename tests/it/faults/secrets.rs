//! No secret in any output: logs, errors, reports, the database's bytes.

use std::{
    io,
    sync::{Arc, Mutex},
};

use secrecy::ExposeSecret;
use sentia::{Mode, Pipeline, key_store::KeyName};
use sentia_sandbox::{FaultPlan, ShopifyFault, XeroFault};
use tracing_subscriber::fmt::MakeWriter;

use super::{Scene, Target, books::Rotating, shopify::Shop};
use crate::database::Kind;

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic while logging").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Captured;

    fn make_writer(&self) -> Captured {
        self.clone()
    }
}

/// What must not show. Minted access tokens are known by how they begin.
async fn secrets(scene: &Scene) -> Vec<String> {
    let (books, shop) = (scene.sandbox.xero(), scene.sandbox.shopify_uk());
    let name = KeyName {
        tenant: "default".to_owned(),
        connection: "xero".to_owned(),
        name: "refresh_token".to_owned(),
    };
    let (rotated, version) = scene.vault.get(&name).await.expect("opens").expect("stored");
    assert!(version > 1, "it rotated");
    vec![
        books.client_secret().to_owned(),
        books.refresh_token().to_owned(),
        rotated.expose_secret().to_owned(),
        // How a header begins that carries a secret, and Xero's access tokens: {"alg":"RS256", in Base64.
        "Basic ".to_owned(),
        "Bearer ".to_owned(),
        "eyJhbGciOiJSUzI1NiIs".to_owned(),
        shop.client_secret().to_owned(),
        shop.access_token().to_owned(),
        "shpat_".to_owned(),
        "shpss_".to_owned(),
    ]
}

async fn told(pipeline: Pipeline) -> String {
    let printed = format!("{pipeline:#?}");
    let outcome = pipeline.run().await;
    let report = outcome.as_ref().map(|report| serde_json::to_string(report).expect("serializes"));
    let sources = outcome.as_ref().err().map(|error| {
        let chain = std::iter::successors(std::error::Error::source(error), |error| error.source());
        chain.map(|error| format!("{error} {error:?}")).collect::<Vec<_>>()
    });
    format!("{printed}\n{outcome:#?}\n{outcome:?}\n{report:?}\n{sources:?}\n")
}

/// Healthy runs and runs under every fault that touches a token or quotes a body, with everything logged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_shows_anywhere() {
    let logged = Captured::default();
    let subscriber =
        tracing_subscriber::fmt().with_writer(logged.clone()).with_max_level(tracing::Level::TRACE);
    tracing::subscriber::set_global_default(subscriber.finish()).expect("the only one of this process");
    let scene = Scene::new(61, Kind::Sqlite).await.expect("SQLite needs nothing");
    let mut told_all = String::new();
    for _ in 0..2 {
        told_all += &told(Rotating::pipeline(&scene)).await;
        told_all += &told(Shop::pipeline(&scene)).await;
    }
    for fault in XeroFault::ALL {
        Rotating::inject(&scene, fault, FaultPlan::always());
        told_all += &told(Rotating::pipeline(&scene).streams(["organisations"]).mode(Mode::Full)).await;
        Rotating::clear(&scene);
    }
    for fault in ShopifyFault::ALL {
        Shop::inject(&scene, fault, FaultPlan::always());
        told_all += &told(Shop::pipeline(&scene).streams(["shop"])).await;
        Shop::clear(&scene);
    }

    let secrets = secrets(&scene).await;
    let logged = String::from_utf8_lossy(&logged.0.lock().expect("quiet now")).into_owned();
    assert!(logged.contains("answered") && logged.contains("TRACE"), "everything is logged");
    let url = scene.database.url.clone();
    let Scene { store, vault, database, .. } = scene;
    drop(vault);
    let mut bytes = Vec::new();
    let path = url.trim_start_matches("sqlite://").split('?').next().expect("a path");
    for suffix in ["", "-wal"] {
        bytes.extend(std::fs::read(format!("{path}{suffix}")).unwrap_or_default());
    }
    assert!(bytes.len() > 100_000, "the database's own bytes");
    store.close().await;
    drop(database);
    let stored = String::from_utf8_lossy(&bytes);
    for (place, text) in [("log", logged.as_str()), ("told", &told_all), ("database", &stored)] {
        for secret in &secrets {
            if let Some(at) = text.find(secret.as_str()) {
                let context: String =
                    text[..at].chars().rev().take(300).collect::<Vec<_>>().into_iter().rev().collect();
                panic!("{place} shows {}...: {context}", &secret[..6]);
            }
        }
    }
}
