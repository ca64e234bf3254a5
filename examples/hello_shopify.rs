//! One Shopify store into SQLite.

use sentia::{Pipeline, Store, connectors::Shopify, secret_from_env};

#[tokio::main]
async fn main() -> sentia::Result<()> {
    let shop = Shopify::builder()
        .shop("acme.myshopify.com")
        .access_token(secret_from_env("SHOPIFY_ACCESS_TOKEN")?)
        .base_url_opt(sentia::optional_from_env("SHOPIFY_BASE_URL"))
        .build()?;
    let store = Store::connect("sqlite://acme.db?mode=rwc").await?;

    let report = Pipeline::new(shop, store).run().await?;

    for stream in report.streams() {
        println!("{:<16}{:>8} upserted{:>6} deleted", stream.name, stream.upserted, stream.deleted);
    }
    Ok(())
}
