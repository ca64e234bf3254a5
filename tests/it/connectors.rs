//! The connector suite over the twins.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use chrono::SubsecRound;
use sentia::{
    Connector,
    connectors::{Shopify, Xero},
    security::{MasterKey, MasterKeyset, Vault},
    testing::{
        MemoryKeyStore,
        connector_suite::{ConnectorFixture, Failure, Proof, Pushes},
    },
    transport,
};
use sentia_sandbox::{
    FaultPlan, LoggedRequest, Pacing, Sandbox, ShopifyFault, ShopifyTwin, Size, WebhookDelivery,
    XeroDelivery, XeroFault,
    universe::{Region, ShopifyStream, TruthRecord, XeroStream},
};

use crate::vendors::suite::push;

fn keys(truth: Vec<TruthRecord>) -> BTreeSet<String> {
    truth.into_iter().map(|record| record.key).collect()
}

fn count(requests: Vec<LoggedRequest>, is_grant: bool) -> u64 {
    let grants = |request: &&LoggedRequest| request.path.ends_with("token") == is_grant;
    requests.iter().filter(grants).count() as u64
}

async fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(71, Size::tiny()).await.expect("the twins start");
    sandbox.xero().set_pacing(Pacing::Lifted);
    sandbox.shopify_uk().set_pacing(Pacing::Lifted);
    sandbox
}

/// The orders of a shop, by client credentials.
struct Orders(Sandbox);

#[async_trait]
impl ConnectorFixture for Orders {
    fn connector(&self) -> Arc<dyn Connector> {
        let twin = self.0.shopify_uk();
        let shop = Shopify::builder()
            .shop(twin.shop_domain())
            .client_id(twin.client_id())
            .client_secret(twin.client_secret())
            .base_url(twin.base_url())
            .pacing(transport::Pacing::Off);
        Arc::new(shop.build().expect("valid settings"))
    }

    fn stream(&self) -> &'static str {
        "orders"
    }

    fn page_size(&self) -> u32 {
        5
    }

    async fn truth(&self) -> BTreeSet<String> {
        keys(self.0.shopify_uk().truth(ShopifyStream::Orders))
    }

    async fn change_within_the_newest_second(&self) -> String {
        self.0.change(|universe| {
            let orders = &mut universe.shop_uk.orders;
            let newest = orders.iter().map(|order| order.stamp.updated_at).max().expect("orders");
            let late = orders.iter_mut().min_by_key(|order| order.stamp.updated_at).expect("orders");
            late.stamp.touch(newest);
            format!("gid://shopify/Order/{}", late.id)
        })
    }

    async fn expire_tokens(&self) {
        self.0.shopify_uk().expire_access_tokens();
    }

    async fn fail_next(&self, failure: Failure, calls: u32) {
        let fault = match failure {
            Failure::Unauthenticated => ShopifyFault::Unauthorized,
            Failure::RateLimited => ShopifyFault::Throttled429,
            Failure::Unavailable => ShopifyFault::ServiceUnavailable,
            Failure::BrokenJson => ShopifyFault::TruncatedBody,
        };
        self.0.shopify_uk().inject(fault, FaultPlan::next(calls.into()));
    }

    async fn calls(&self) -> u64 {
        count(self.0.shopify_uk().requests(), false)
    }

    async fn grants(&self) -> u64 {
        count(self.0.shopify_uk().requests(), true)
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.0.shopify_uk().client_secret().to_owned(), "shpat_".to_owned(), "shpss_".to_owned()]
    }

    async fn pushes(&self) -> Option<Pushes> {
        let twin = self.0.shopify_uk();
        twin.configure_webhooks(["orders/create"], "https://ops.acme.example/hooks");
        let [first, second] = [(), ()].map(|()| {
            self.0.change(|universe| universe.place_order(Region::Uk));
            twin.take_deliveries().remove(0)
        });
        let signed = |delivery: &WebhookDelivery, secret: &str| {
            let signature = ShopifyTwin::webhook_signature(secret, &delivery.body);
            let headers = delivery.headers.iter().map(|(name, value)| match name.as_str() {
                "X-Shopify-Hmac-Sha256" => (name.as_str(), signature.as_str()),
                _ => (name.as_str(), value.as_str()),
            });
            push(headers, delivery.body.clone(), twin.now())
        };
        Some(Pushes {
            proof: Proof::Signature,
            genuine: signed(&first, twin.client_secret()),
            other: signed(&second, twin.client_secret()),
            forged: vec![signed(&first, "another"), signed(&first, "")],
        })
    }
}

async fn shopify() -> Option<Orders> {
    Some(Orders(sandbox().await))
}

/// The invoices of the books, by a refresh token that rotates.
struct Invoices {
    sandbox: Sandbox,
    vault: Vault,
}

#[async_trait]
impl ConnectorFixture for Invoices {
    fn connector(&self) -> Arc<dyn Connector> {
        let twin = self.sandbox.xero();
        let books = Xero::builder()
            .client_id(twin.client_id())
            .client_secret(twin.client_secret())
            .refresh_token(twin.refresh_token())
            .tenant_id(twin.tenant_id())
            .webhook_key(twin.webhook_key())
            .base_url(twin.base_url())
            .pacing(transport::Pacing::Off);
        Arc::new(books.build().expect("valid settings"))
    }

    fn vault(&self) -> Option<Vault> {
        Some(self.vault.clone())
    }

    fn stream(&self) -> &'static str {
        "invoices"
    }

    fn page_size(&self) -> u32 {
        10
    }

    async fn truth(&self) -> BTreeSet<String> {
        keys(self.sandbox.xero().truth(XeroStream::Invoices))
    }

    async fn change_within_the_newest_second(&self) -> String {
        self.sandbox.change(|universe| {
            let invoices = &mut universe.books.invoices;
            let newest = invoices.iter().map(|invoice| invoice.document.updated_at).max().expect("invoices");
            let late =
                invoices.iter_mut().min_by_key(|invoice| invoice.document.updated_at).expect("invoices");
            // Earlier than the newest one, and within its second.
            late.document.updated_at = newest.trunc_subsecs(0);
            late.document.id.to_string()
        })
    }

    async fn expire_tokens(&self) {
        self.sandbox.xero().expire_access_tokens();
    }

    async fn fail_next(&self, failure: Failure, calls: u32) {
        let fault = match failure {
            Failure::Unauthenticated => XeroFault::Unauthorized,
            Failure::RateLimited => XeroFault::MinuteLimit,
            Failure::Unavailable => XeroFault::OrganisationOffline,
            Failure::BrokenJson => XeroFault::TruncatedBody,
        };
        self.sandbox.xero().inject(fault, FaultPlan::next(calls.into()));
    }

    async fn calls(&self) -> u64 {
        count(self.sandbox.xero().requests(), false)
    }

    async fn grants(&self) -> u64 {
        count(self.sandbox.xero().requests(), true)
    }

    fn secrets(&self) -> Vec<String> {
        let twin = self.sandbox.xero();
        // Access tokens begin with {"alg":"RS256", in Base64.
        vec![
            twin.client_secret().to_owned(),
            twin.refresh_token().to_owned(),
            twin.webhook_key(),
            "eyJhbGciOiJSUzI1NiIs".to_owned(),
        ]
    }

    async fn pushes(&self) -> Option<Pushes> {
        let twin = self.sandbox.xero();
        // The validation's wrong signatures, one character from the right ones.
        let intent = twin.enable_webhook();
        let [first, second] = [0, 1].map(|invoice| {
            self.sandbox.change(|universe| universe.touch_invoice(invoice));
            twin.webhook_deliveries().remove(0)
        });
        let of = |delivery: &XeroDelivery| {
            push([("x-xero-signature", delivery.signature.as_str())], delivery.body.clone(), twin.now())
        };
        Some(Pushes {
            proof: Proof::Signature,
            genuine: of(&first),
            other: of(&second),
            forged: intent.iter().filter(|delivery| !delivery.genuine).map(of).collect(),
        })
    }
}

async fn xero() -> Option<Invoices> {
    let master = MasterKeyset::new(MasterKey::ephemeral().expect("random"), Vec::new());
    Some(Invoices { sandbox: sandbox().await, vault: Vault::new(MemoryKeyStore::default(), master) })
}

sentia::connector_suite!(shopify, xero);
