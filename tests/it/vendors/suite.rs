//! The connector suite over the twins of Amazon, Unleashed and Microsoft 365.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use chrono::SubsecRound;
use sentia::{
    Connector,
    testing::connector_suite::{Access, ConnectorFixture, Failure},
};
use sentia_sandbox::{
    AmazonFault, FaultPlan, LoggedRequest, MicrosoftGraphFault, MicrosoftGraphSettings, Sandbox, Size,
    UnleashedFault,
    universe::{AmazonStream, TruthRecord, office::MicrosoftGraphStream, warehouse::UnleashedStream},
};

use super::{amazon, compare::live, microsoft_graph, unleashed};

fn keys(truth: Vec<TruthRecord>) -> BTreeSet<String> {
    truth.into_iter().filter(live).map(|record| record.key).collect()
}

fn count(requests: Vec<LoggedRequest>, is_grant: bool) -> u64 {
    let grants = |request: &&LoggedRequest| request.path.ends_with("/token") == is_grant;
    requests.iter().filter(grants).count() as u64
}

async fn sandbox() -> Sandbox {
    Sandbox::start(71, Size::tiny()).await.expect("the twins start")
}

/// The orders of an account.
struct Orders(Sandbox);

#[async_trait]
impl ConnectorFixture for Orders {
    fn connector(&self) -> Arc<dyn Connector> {
        let twin = self.0.amazon_uk();
        let connector = amazon::connector(twin);
        twin.set_report_times(std::time::Duration::ZERO, std::time::Duration::ZERO);
        twin.set_report_repeat_interval(std::time::Duration::ZERO);
        Arc::new(connector)
    }

    fn stream(&self) -> &'static str {
        "orders"
    }

    fn page_size(&self) -> u32 {
        5
    }

    async fn truth(&self) -> BTreeSet<String> {
        keys(self.0.amazon_uk().visible_truth(AmazonStream::Orders))
    }

    async fn change_within_the_newest_second(&self) -> String {
        self.0.change(|universe| {
            let orders = &mut universe.amazon.uk.orders;
            let newest = orders.iter().map(|order| order.updated_at).max().expect("orders");
            let late = orders.iter_mut().min_by_key(|order| order.updated_at).expect("orders");
            late.updated_at = newest;
            late.id.clone()
        })
    }

    async fn expire_tokens(&self) {
        self.0.amazon_uk().expire_access_tokens();
    }

    async fn fail_next(&self, failure: Failure, calls: u32) {
        let fault = match failure {
            Failure::Unauthenticated => AmazonFault::ExpiredWave,
            Failure::RateLimited => AmazonFault::QuotaExceeded,
            Failure::Unavailable => AmazonFault::ServiceUnavailable,
            Failure::BrokenJson => AmazonFault::TruncatedBody,
        };
        self.0.amazon_uk().inject(fault, FaultPlan::next(calls.into()));
    }

    async fn calls(&self) -> u64 {
        count(self.0.amazon_uk().requests(), false)
    }

    async fn grants(&self) -> u64 {
        count(self.0.amazon_uk().requests(), true)
    }

    fn secrets(&self) -> Vec<String> {
        let twin = self.0.amazon_uk();
        vec![twin.client_secret(), twin.refresh_token().to_owned(), "Atza|".to_owned()]
    }
}

async fn amazon_orders() -> Option<Orders> {
    Some(Orders(sandbox().await))
}

/// The products of the warehouses, by signed calls.
struct Products(Sandbox);

#[async_trait]
impl ConnectorFixture for Products {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(unleashed::connector(self.0.unleashed()))
    }

    fn access(&self) -> Access {
        Access::Signatures
    }

    fn stream(&self) -> &'static str {
        "products"
    }

    fn page_size(&self) -> u32 {
        10
    }

    async fn truth(&self) -> BTreeSet<String> {
        keys(self.0.unleashed().truth(UnleashedStream::Products))
    }

    async fn change_within_the_newest_second(&self) -> String {
        self.0.change(|universe| {
            let products = &mut universe.warehouse.products;
            let newest = products.iter().map(|product| product.record.stamp()).max().expect("products");
            let late = products.iter_mut().min_by_key(|product| product.record.stamp()).expect("products");
            late.record.modified = Some(newest.trunc_subsecs(0) + chrono::Duration::milliseconds(999));
            late.record.id.to_string()
        })
    }

    async fn expire_tokens(&self) {}

    async fn fail_next(&self, failure: Failure, calls: u32) {
        let fault = match failure {
            Failure::Unauthenticated => UnleashedFault::UnknownOrganization,
            Failure::RateLimited => UnleashedFault::Throttled,
            Failure::Unavailable => UnleashedFault::InternalError,
            Failure::BrokenJson => UnleashedFault::TruncatedBody,
        };
        self.0.unleashed().inject(fault, FaultPlan::next(calls.into()));
    }

    async fn calls(&self) -> u64 {
        self.0.unleashed().requests().len() as u64
    }

    async fn grants(&self) -> u64 {
        0
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.0.unleashed().api_key()]
    }
}

async fn unleashed_products() -> Option<Products> {
    Some(Products(sandbox().await))
}

/// The users of a tenant, by the vendor's own resume tokens.
struct Users(Sandbox);

#[async_trait]
impl ConnectorFixture for Users {
    fn connector(&self) -> Arc<dyn Connector> {
        let twin = self.0.microsoft_graph();
        let builder = microsoft_graph::everything(&self.0).client_secret(twin.client_secret());
        twin.set_settings(MicrosoftGraphSettings { page_size: Some(5), ..twin.settings() });
        Arc::new(builder.build().expect("valid settings"))
    }

    fn stream(&self) -> &'static str {
        "users"
    }

    fn page_size(&self) -> u32 {
        5
    }

    async fn truth(&self) -> BTreeSet<String> {
        keys(self.0.microsoft_graph().truth(MicrosoftGraphStream::Users))
    }

    async fn change_within_the_newest_second(&self) -> String {
        self.0.change(|universe| {
            let id = universe.office.users[0].id;
            universe.set_office_user(id, "jobTitle", Some("Head of late changes"));
            id.to_string()
        })
    }

    async fn expire_tokens(&self) {
        self.0.microsoft_graph().expire_access_tokens();
    }

    async fn fail_next(&self, failure: Failure, calls: u32) {
        let fault = match failure {
            Failure::Unauthenticated => MicrosoftGraphFault::Unauthorized,
            Failure::RateLimited => MicrosoftGraphFault::TooManyRequests,
            Failure::Unavailable => MicrosoftGraphFault::ServiceUnavailable,
            Failure::BrokenJson => MicrosoftGraphFault::TruncatedBody,
        };
        self.0.microsoft_graph().inject(fault, FaultPlan::next(calls.into()));
    }

    async fn calls(&self) -> u64 {
        count(self.0.microsoft_graph().requests(), false)
    }

    async fn grants(&self) -> u64 {
        count(self.0.microsoft_graph().requests(), true)
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.0.microsoft_graph().client_secret().to_owned()]
    }
}

async fn graph_users() -> Option<Users> {
    Some(Users(sandbox().await))
}

sentia::connector_suite!(amazon_orders, unleashed_products, graph_users);
