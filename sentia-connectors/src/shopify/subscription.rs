//! Webhook subscriptions of the app in one shop: what is missing is made, what is stale is ended.
//!
//! Shopify ends a subscription made here after eight failed deliveries in a row, without a word; so a host asks for the
//! same subscriptions again every day. Those of the app's configuration are not listed and not touched.

use sentia_core::{Context, Error, ErrorKind, Result, Text};
use serde::{Deserialize, Serialize};

use super::{
    Shopify,
    client::{Answer, Variables},
    query::{Query, WEBHOOK_SUBSCRIPTION_CREATE, WEBHOOK_SUBSCRIPTION_DELETE, WEBHOOK_SUBSCRIPTIONS},
    wire::Connection,
};

/// What tells of every stream that tells at all, once where Shopify would tell twice.
pub(super) const USUAL: [&str; 21] = [
    "app/scopes_update",
    "app/uninstalled",
    "bulk_operations/finish",
    "customers/create",
    "customers/delete",
    "customers/update",
    "inventory_levels/connect",
    "inventory_levels/disconnect",
    "inventory_levels/update",
    "locations/activate",
    "locations/create",
    "locations/deactivate",
    "locations/delete",
    "locations/update",
    "orders/create",
    "orders/delete",
    "orders/updated",
    "products/create",
    "products/delete",
    "products/update",
    "shop/update",
];

/// Subscriptions a page, and pages at most: more than there are topics.
const PAGE: u32 = 100;
const MOST_PAGES: usize = 20;

/// The subscriptions that one address should have.
///
/// ```
/// use sentia_connectors::shopify::NewSubscriptions;
///
/// let usual = NewSubscriptions::new("https://ops.acme.example/webhooks/shopify-uk");
/// let some = usual.clone().topics(["orders/create", "orders/updated"]);
/// ```
#[derive(Debug, Clone)]
pub struct NewSubscriptions {
    uri: String,
    topics: Vec<String>,
}

impl NewSubscriptions {
    /// Subscriptions that are delivered to `uri`: an HTTPS address, `pubsub://...` or the ARN of an event bus. Their
    /// topics are those that tell of the streams, of the end of a bulk operation, and of the app's own fate.
    pub fn new(uri: impl Into<String>) -> Self {
        NewSubscriptions { uri: uri.into(), topics: USUAL.map(str::to_owned).to_vec() }
    }

    /// Names the topics instead, as `orders/create`. The three topics of privacy law cannot be subscribed to here: they
    /// stand in the app's configuration.
    #[must_use]
    pub fn topics(self, topics: impl IntoIterator<Item = impl Into<String>>) -> Self {
        NewSubscriptions { topics: topics.into_iter().map(Into::into).collect(), ..self }
    }

    fn check(&self) -> Result<()> {
        let invalid = |setting: &'static str, message: &'static str| {
            Err(Error::new(ErrorKind::ConfigInvalid, message).context("setting", setting))
        };
        if !["https://", "pubsub://", "arn:aws:events:"].iter().any(|start| self.uri.starts_with(start)) {
            return invalid(
                "uri",
                "uri must begin with https://, pubsub:// or arn:aws:events:; Shopify demands it",
            );
        }
        if self.topics.is_empty() {
            return invalid("topics", "subscriptions need topics; name some, such as orders/create");
        }
        if let Some(topic) = self.topics.iter().find(|topic| COMPLIANCE.contains(&topic.as_str())) {
            let message = "the topics of privacy law stand in the app's configuration; leave them out here";
            return Err(Error::new(ErrorKind::ConfigInvalid, message)
                .context("setting", "topics")
                .context("topic", topic));
        }
        Ok(())
    }
}

const COMPLIANCE: [&str; 3] = ["customers/data_request", "customers/redact", "shop/redact"];

/// A subscription as Shopify lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Subscription {
    /// Shopify's id of it.
    pub id: Text,
    /// Its topic as the API writes it: `ORDERS_CREATE` for `orders/create`.
    pub topic: Text,
    /// Where it is delivered to.
    pub uri: Text,
    /// `JSON` or `XML`.
    pub format: Text,
    /// A search that holds deliveries back.
    #[serde(default)]
    pub filter: Option<Text>,
}

impl Subscription {
    /// Whether it delivers everything, in a form that is read.
    fn is_whole(&self) -> bool {
        self.format == "JSON" && self.filter.as_deref().is_none_or(str::is_empty)
    }

    fn is_of(&self, topic: &str) -> bool {
        self.topic == constant(topic).as_str()
    }
}

/// A topic that Shopify does not grant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The topic as it was asked for.
    pub topic: String,
    /// Shopify's reason; mostly a missing access scope.
    pub reason: String,
}

/// What became of the subscriptions that were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscriptions {
    /// Those that stood already.
    pub kept: Vec<Subscription>,
    /// Those that were made.
    pub made: Vec<Subscription>,
    /// Those of this address that were ended: no longer asked for, filtered, or not in JSON.
    pub ended: Vec<Subscription>,
    /// What Shopify refused.
    pub refused: Vec<Refused>,
}

/// `orders/create` as the API writes it.
fn constant(topic: &str) -> String {
    topic.to_ascii_uppercase().replace('/', "_")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(default)]
    webhook_subscription: Option<Subscription>,
    user_errors: Vec<UserError>,
}

#[derive(Deserialize)]
struct UserError {
    message: String,
}

impl Payload {
    fn of(answer: &mut Answer, query: &Query) -> Result<Self> {
        let done = answer.read(query.path)?;
        done.ok_or_else(|| answer.invalid("the answer does not say what was done"))
    }

    fn reasons(&self) -> String {
        let reasons: Vec<&str> = self.user_errors.iter().map(|error| error.message.as_str()).collect();
        reasons.join("; ")
    }
}

impl Shopify {
    /// Lists the app's webhook subscriptions in this shop, those of other addresses too.
    ///
    /// # Errors
    /// As the vendor's table.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn subscriptions(&self, cx: &Context) -> Result<Vec<Subscription>> {
        let (mut all, mut after) = (Vec::new(), None);
        for _ in 0..MOST_PAGES {
            let variables = Variables { first: Some(PAGE), after: after.as_deref(), ..Variables::default() };
            let mut answer = self.client.attempt(cx, &WEBHOOK_SUBSCRIPTIONS, variables).await?;
            let page: Option<Connection<Subscription>> = answer.read(WEBHOOK_SUBSCRIPTIONS.path)?;
            let page = page.ok_or_else(|| answer.invalid("the answer holds no list of subscriptions"))?;
            all.extend(page.nodes);
            match page.page.end_cursor.filter(|_| page.page.has_next_page) {
                Some(cursor) => after = Some(cursor),
                None => return Ok(all),
            }
        }
        let message = "the list of subscriptions does not end; look for a loop that makes them";
        Err(Error::new(ErrorKind::InvalidResponse, message).context("subscriptions", all.len()))
    }

    /// Makes the subscriptions of one address what `wanted` says: those that are missing are made, also when Shopify ended
    /// them, and those that are not wanted there any more are ended. Other addresses are left alone. Asking again changes
    /// nothing.
    ///
    /// After a gap in deliveries run the pipeline: what was not delivered is not delivered later.
    ///
    /// # Errors
    /// `ConfigInvalid` for an address or topics that Shopify does not take, before any call; otherwise as the vendor's
    /// table. A topic that is refused is no error: it stands in [`Subscriptions::refused`].
    ///
    /// # Cancel safety
    /// A dropped future may have made some of them; the next call makes the rest.
    pub async fn subscribe(&self, cx: &Context, wanted: &NewSubscriptions) -> Result<Subscriptions> {
        wanted.check()?;
        let named = |error: Error| error.operation("shopify.subscribe");
        let standing = self.subscriptions(cx).await.map_err(named)?;
        let mut outcome = Subscriptions::default();
        for subscription in standing.into_iter().filter(|standing| standing.uri == wanted.uri.as_str()) {
            let is_wanted = wanted.topics.iter().any(|topic| subscription.is_of(topic));
            if is_wanted && subscription.is_whole() {
                outcome.kept.push(subscription);
            } else {
                self.end(cx, subscription, &mut outcome).await.map_err(named)?;
            }
        }
        for topic in &wanted.topics {
            let stands = |known: &Subscription| known.is_of(topic);
            if !outcome.kept.iter().chain(&outcome.made).any(stands) {
                self.make(cx, wanted, topic, &mut outcome).await.map_err(named)?;
            }
        }
        Ok(outcome)
    }

    async fn make(
        &self,
        cx: &Context,
        wanted: &NewSubscriptions,
        topic: &str,
        outcome: &mut Subscriptions,
    ) -> Result<()> {
        #[derive(Clone, Copy, Serialize)]
        struct Input<'a> {
            uri: &'a str,
            format: &'a str,
        }
        #[derive(Clone, Copy, Serialize)]
        struct New<'a> {
            topic: &'a str,
            subscription: Input<'a>,
        }
        let name = constant(topic);
        let new = New { topic: &name, subscription: Input { uri: &wanted.uri, format: "JSON" } };
        let mut answer = self.client.attempt(cx, &WEBHOOK_SUBSCRIPTION_CREATE, new).await?;
        let payload = Payload::of(&mut answer, &WEBHOOK_SUBSCRIPTION_CREATE)?;
        let reason = payload.reasons();
        if let Some(subscription) = payload.webhook_subscription {
            outcome.made.push(subscription);
            return Ok(());
        }
        // Somebody may have made it meanwhile: Shopify takes an address once for each topic.
        let standing = self.subscriptions(cx).await?;
        match standing.into_iter().find(|known| known.is_of(topic) && known.uri == wanted.uri.as_str()) {
            Some(known) => outcome.kept.push(known),
            None => outcome.refused.push(Refused { topic: topic.to_owned(), reason }),
        }
        Ok(())
    }

    /// One that is gone already is as good as ended.
    async fn end(&self, cx: &Context, subscription: Subscription, outcome: &mut Subscriptions) -> Result<()> {
        #[derive(Clone, Copy, Serialize)]
        struct Old<'a> {
            id: &'a str,
        }
        let old = Old { id: &subscription.id };
        let mut answer = self.client.attempt(cx, &WEBHOOK_SUBSCRIPTION_DELETE, old).await?;
        let reason = Payload::of(&mut answer, &WEBHOOK_SUBSCRIPTION_DELETE)?.reasons();
        let stands = |known: &Subscription| known.id == subscription.id;
        if reason.is_empty() || !self.subscriptions(cx).await?.iter().any(stands) {
            outcome.ended.push(subscription);
        } else {
            outcome.refused.push(Refused { topic: subscription.topic.to_string(), reason });
        }
        Ok(())
    }
}
