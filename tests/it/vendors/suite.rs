//! The connector suite over the twins of Amazon, Unleashed and Microsoft 365.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use axum::http::{HeaderMap, HeaderName};
use chrono::{DateTime, SubsecRound, Utc};
use sentia::{
    Connector, Context,
    clock::SystemClock,
    connectors::unleashed::NewSubscription,
    security::{MasterKey, MasterKeyset, Vault},
    testing::MemoryKeyStore,
    testing::connector_suite::{Access, ConnectorFixture, Failure, Proof, Push, Pushes},
};
use sentia_sandbox::{
    AmazonChange, AmazonFault, DataForm, FaultPlan, LoggedRequest, MicrosoftGraphFault,
    MicrosoftGraphSettings, Sandbox, Size, UnleashedDelivery, UnleashedFault,
    universe::{AmazonStream, TruthRecord, office::MicrosoftGraphStream, warehouse::UnleashedStream},
};

use super::{amazon, compare::live, microsoft_graph, unleashed, webhooks::microsoft_graph as notifications};

/// A delivery with these headers.
pub(crate) fn push<'h>(
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    body: impl Into<Vec<u8>>,
    received: DateTime<Utc>,
) -> Push {
    let header = |(name, value): (&str, &str)| {
        (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
    };
    let headers: HeaderMap = headers.into_iter().map(header).collect();
    Push { headers, query: String::new(), body: body.into().into(), received }
}

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

const TOKEN: &str = "a-token-of-the-hosts-own";

/// The orders of an account.
struct Orders(Sandbox);

#[async_trait]
impl ConnectorFixture for Orders {
    fn connector(&self) -> Arc<dyn Connector> {
        let twin = self.0.amazon_uk();
        let connector = amazon::settings(twin).notification_token(TOKEN).build().expect("valid settings");
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
        vec![twin.client_secret(), twin.refresh_token().to_owned(), "Atza|".to_owned(), TOKEN.to_owned()]
    }

    async fn pushes(&self) -> Option<Pushes> {
        let twin = self.0.amazon_uk();
        let orders = self.0.look(|universe| {
            let orders = &universe.amazon.uk.orders;
            [orders[0].id.clone(), orders[1].id.clone()]
        });
        let [first, second] =
            orders.map(|id| twin.sqs_message(&AmazonChange::Order(id)).expect("it is told"));
        let with = |token: &str, message: &serde_json::Value| {
            push([("authorization", format!("Bearer {token}").as_str())], message.to_string(), twin.now())
        };
        Some(Pushes {
            proof: Proof::HeaderSecret,
            genuine: with(TOKEN, &first),
            other: with(TOKEN, &second),
            forged: vec![with("another", &first), with("", &first)],
        })
    }
}

async fn amazon_orders() -> Option<Orders> {
    Some(Orders(sandbox().await))
}

/// The products of the warehouses, by signed calls.
struct Products(Sandbox, Vault);

#[async_trait]
impl ConnectorFixture for Products {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(unleashed::connector(self.0.unleashed()))
    }

    fn vault(&self) -> Option<Vault> {
        Some(self.1.clone())
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
        vec![self.0.unleashed().api_key(), "whsec-".to_owned()]
    }

    async fn pushes(&self) -> Option<Pushes> {
        let twin = self.0.unleashed();
        let stack = sentia::transport::Stack::new(crate::truth::impatient(), Arc::new(SystemClock));
        let cx = Context::new(stack.expect("TLS roots").http(), Arc::new(SystemClock), "suite", "suite")
            .with_vault(self.vault());
        let new = NewSubscription::new("https://ops.acme.example/hooks").events(["product.updated"]);
        unleashed::connector(twin).subscribe(&cx, &new).await.expect("it subscribes");
        let ids = self.0.look(|universe| {
            let products = &universe.warehouse.products;
            [products[0].record.id, products[1].record.id]
        });
        let [first, second] = ids.map(|id| twin.delivery("product.updated", id, DataForm::Text).remove(0));
        let of = |delivery: &UnleashedDelivery| {
            let headers = delivery.headers();
            push(
                headers.iter().map(|(name, value)| (*name, value.as_str())),
                delivery.body.clone(),
                twin.now(),
            )
        };
        let stranger = UnleashedDelivery::sign("another key", twin.now(), first.body.clone());
        let old = UnleashedDelivery::sign(
            "another key",
            twin.now() - chrono::Duration::hours(1),
            first.body.clone(),
        );
        Some(Pushes {
            proof: Proof::Signature,
            genuine: of(&first),
            other: of(&second),
            forged: vec![of(&stranger), of(&old)],
        })
    }
}

async fn unleashed_products() -> Option<Products> {
    let master = MasterKeyset::new(MasterKey::ephemeral().expect("random"), Vec::new());
    Some(Products(sandbox().await, Vault::new(MemoryKeyStore::default(), master)))
}

/// The users of a tenant, by the vendor's own resume tokens.
struct Users(Sandbox);

#[async_trait]
impl ConnectorFixture for Users {
    fn connector(&self) -> Arc<dyn Connector> {
        let twin = self.0.microsoft_graph();
        let builder = microsoft_graph::everything(&self.0).client_secret(twin.client_secret());
        twin.set_settings(MicrosoftGraphSettings { page_size: Some(5), ..twin.settings() });
        Arc::new(builder.client_state(notifications::STATE).build().expect("valid settings"))
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
        vec![self.0.microsoft_graph().client_secret().to_owned(), notifications::STATE.to_owned()]
    }

    async fn pushes(&self) -> Option<Pushes> {
        use sentia::connectors::microsoft_graph::subscription::{Resource, Subscription};
        let twin = self.0.microsoft_graph();
        let (state, url) = (notifications::STATE, "https://ops.acme.example/hooks");
        let wanted = Subscription::new(Resource::Users, url, &state.into(), twin.now());
        assert_eq!(notifications::subscribe(twin, &wanted).await.0, 201);
        let users = self.0.look(|universe| [universe.office.users[0].id, universe.office.users[1].id]);
        let [first, second] = users.map(|user| {
            self.0.change(|universe| universe.set_office_user(user, "jobTitle", Some("Head of hints")));
            twin.take_notifications().remove(0).body
        });
        let of = |body: String| push([("content-type", "application/json")], body, twin.now());
        Some(Pushes {
            proof: Proof::BodySecret,
            forged: vec![of(first.replace(state, "another")), of(first.replace(twin.tenant_id(), "0"))],
            genuine: of(first),
            other: of(second),
        })
    }
}

async fn graph_users() -> Option<Users> {
    Some(Users(sandbox().await))
}

sentia::connector_suite!(amazon_orders, unleashed_products, graph_users);
