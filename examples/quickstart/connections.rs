//! Seven connections to the twins, as a host would write them for the vendors but for the addresses.

use std::sync::Arc;

use sentia::{
    Connector, Result,
    connectors::{
        Amazon, MicrosoftGraph, Shopify, Unleashed, Xero, amazon,
        microsoft_graph::{Sessions, Workbook},
    },
    transport,
};
use sentia_sandbox::{AmazonTwin, AppOnlyWorkbook, MicrosoftGraphSettings, Pacing, Sandbox, ShopifyTwin};

/// Every account by the name of its connection.
pub(crate) fn all(sandbox: &Sandbox) -> Result<Vec<(&'static str, Arc<dyn Connector>)>> {
    Ok(vec![
        ("shopify-uk", Arc::new(shop(sandbox.shopify_uk())?)),
        ("shopify-usa", Arc::new(shop(sandbox.shopify_usa())?)),
        ("amazon-uk", Arc::new(marketplaces(sandbox.amazon_uk(), amazon::Region::Eu)?)),
        ("amazon-usa", Arc::new(marketplaces(sandbox.amazon_usa(), amazon::Region::Na)?)),
        ("unleashed", Arc::new(warehouses(sandbox)?)),
        ("xero", Arc::new(books(sandbox)?)),
        ("microsoft-graph", Arc::new(office(sandbox)?)),
    ])
}

fn shop(twin: &ShopifyTwin) -> Result<Shopify> {
    Shopify::builder()
        .shop(twin.shop_domain())
        .access_token(twin.access_token())
        .base_url(twin.base_url())
        .build()
}

fn marketplaces(twin: &AmazonTwin, region: amazon::Region) -> Result<Amazon> {
    // Amazon grants a report a minute and takes minutes to make one; who tries this out should not have to wait.
    twin.set_pacing(Pacing::Lifted);
    twin.set_report_times(std::time::Duration::ZERO, std::time::Duration::ZERO);
    Amazon::builder()
        .region(region)
        .marketplaces(twin.marketplace_ids())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .refresh_token(twin.refresh_token())
        .seller_id(twin.seller_id())
        // Reports are asked for month by month, seconds each.
        .history_days(30)
        .base_url(twin.base_url())
        .pacing(transport::Pacing::Off)
        .build()
}

fn warehouses(sandbox: &Sandbox) -> Result<Unleashed> {
    let twin = sandbox.unleashed();
    twin.set_pacing(Pacing::Lifted);
    Unleashed::builder()
        .api_id(twin.api_id())
        .api_key(twin.api_key())
        .time_zone("Europe/London")
        .base_url(twin.base_url())
        .pacing(transport::Pacing::Off)
        .build()
}

fn books(sandbox: &Sandbox) -> Result<Xero> {
    let twin = sandbox.xero();
    Xero::builder()
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .tenant_id(twin.tenant_id())
        .base_url(twin.base_url())
        .build()
}

fn office(sandbox: &Sandbox) -> Result<MicrosoftGraph> {
    let twin = sandbox.microsoft_graph();
    // Whether an app may read workbooks without a user differs from tenant to tenant; here it may.
    let settings = twin.settings();
    twin.set_settings(MicrosoftGraphSettings { app_only_workbook: AppOnlyWorkbook::Allowed, ..settings });
    let (site, drives, workbook, mailboxes) = sandbox.look(|universe| {
        let office = &universe.office;
        let drives: Vec<String> = office.drives.iter().map(|drive| drive.id.clone()).collect();
        let workbook = Workbook::new(drives[0].clone(), office.workbooks[0].item.clone());
        let mailboxes: Vec<String> =
            office.mailboxes.iter().map(|mailbox| mailbox.user.to_string()).collect();
        (office.site.id.clone(), drives, workbook, mailboxes)
    });
    MicrosoftGraph::builder()
        .tenant(twin.tenant_id())
        .client_id(twin.client_id())
        .client_secret(twin.client_secret())
        .sites([site])
        .drives(drives)
        .workbook(workbook.table("PriceList", "SKU"))
        .sessions(Sessions::Never)
        .mailboxes(mailboxes)
        .base_url(twin.base_url())
        .build()
}
