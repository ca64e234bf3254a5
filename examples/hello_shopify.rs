//! One Shopify store into SQLite.

use sentia::{Pipeline, Store, connectors::Shopify};

#[tokio::main]
async fn main() -> sentia::Result<()> {
    // SHOPIFY_SHOP and SHOPIFY_ACCESS_TOKEN, or SHOPIFY_CLIENT_ID and SHOPIFY_CLIENT_SECRET.
    let shop = Shopify::from_env()?;
    let store = Store::connect("sqlite://acme.db?mode=rwc").await?;

    let report = Pipeline::new(shop, store).run().await?;

    for stream in report.streams() {
        println!("{:<16}{:>8} upserted{:>6} deleted", stream.name, stream.upserted, stream.deleted);
    }
    Ok(())
}
