//! Connects an organisation in Xero: its user consents in a browser, and the vault keeps the refresh token.
//!
//! ```text
//! XERO_CLIENT_ID=... SENTIA_MASTER_KEY=$(openssl rand -base64 32) cargo run --example xero_consent
//! ```
//!
//! `XERO_CLIENT_SECRET` is for apps that have one. `http://localhost:8090/callback`, or `XERO_REDIRECT_URI`, stands in
//! the app's settings at Xero. Afterwards `XERO_CONSENTED=true` reads the books with the same database and key.

use std::error::Error;

use axum::{Router, extract::RawQuery, routing::get};
use sentia::{
    Connector, Store,
    connectors::Xero,
    engine::{CancellationToken, Reader},
    optional_from_env,
    security::{MasterKeyset, Vault},
};
use tokio::{net::TcpListener, sync::mpsc};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let redirect = optional_from_env("XERO_REDIRECT_URI");
    let redirect = redirect.unwrap_or_else(|| "http://localhost:8090/callback".to_owned());
    let (host, path) = redirect
        .strip_prefix("http://")
        .and_then(|url| url.split_once('/'))
        .ok_or("XERO_REDIRECT_URI is not http://HOST:PORT/PATH")?;
    let listener = TcpListener::bind(host).await?;
    let store = Store::connect("sqlite://acme.db?mode=rwc").await?;
    let vault = Vault::new(store, MasterKeyset::from_env("SENTIA_MASTER_KEY")?);
    let app = Xero::builder_from_env("XERO").consented();

    let consent = app.consent(&redirect)?;
    println!("Open this in a browser:\n{}", consent.link());
    let answer = callback(listener, path).await?;
    let cx = Reader::new(app.clone().build()?).vault(vault).connect()?.context()?;
    consent.redeem(&cx, &answer).await?;

    // One consent may be for several organisations; each is a connection of its own.
    for tenant in app.clone().build()?.tenants(&cx).await? {
        app.clone().tenant_id(&tenant.id).build()?.check(&cx).await?;
        println!("connected: {} (XERO_TENANT_ID={})", tenant.name, tenant.id);
    }
    Ok(())
}

/// Waits for the browser to come back, and gives what it brings: the query of the redirect.
async fn callback(listener: TcpListener, path: &str) -> Result<String, Box<dyn Error>> {
    let (bring, mut brought) = mpsc::channel(1);
    let page = get(|RawQuery(query): RawQuery| async move {
        // A second visit brings nothing new.
        let _ = bring.try_send(query.unwrap_or_default());
        "Thank you. You may close this page."
    });
    let done = CancellationToken::new();
    let server = axum::serve(listener, Router::new().route(&format!("/{path}"), page));
    let server = server.with_graceful_shutdown(done.clone().cancelled_owned());
    let query = async {
        let query = brought.recv().await;
        done.cancel();
        query
    };
    let (served, query) = tokio::join!(server.into_future(), query);
    served?;
    Ok(query.ok_or("nobody came back")?)
}
