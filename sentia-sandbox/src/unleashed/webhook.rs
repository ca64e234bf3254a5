//! Webhooks: subscriptions, and what changed since the last deliveries.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::delivery::{DataForm, UnleashedDelivery, body};
use crate::rng::Rng;
use crate::universe::warehouse::{Record, Warehousing};

/// So many subscriptions an account may have.
pub(crate) const MOST: usize = 5;

/// The objects that have events, as the events spell them; sources differ in letter case, so these do too.
const OBJECTS: [&str; 7] =
    ["Customer", "Product", "salesorder", "purchaseorder", "supplier", "salesinvoice", "assembly"];

/// A subscription; its key is shown once.
#[derive(Clone, Debug)]
struct Subscription {
    id: Uuid,
    key: String,
    url: String,
    description: String,
    events: Vec<String>,
}

impl Subscription {
    fn public(&self) -> Value {
        json!({
            "subscriptionId": self.id,
            "description": self.description,
            "notificationUrl": self.url,
            "eventTypes": self.events,
        })
    }
}

/// Subscriptions, and the state of the world that they have been told of.
#[derive(Debug)]
pub(crate) struct Desk {
    subscriptions: Vec<Subscription>,
    told: BTreeMap<(usize, Uuid), (DateTime<Utc>, bool)>,
    rng: Rng,
}

/// Whether a text names an event, in any letter case.
fn is_event(text: &str) -> bool {
    let Some((object, event)) = text.split_once('.') else { return false };
    OBJECTS.iter().any(|known| known.eq_ignore_ascii_case(object))
        && ["created", "updated", "deleted"].iter().any(|known| known.eq_ignore_ascii_case(event))
}

fn records(w: &Warehousing) -> [Vec<&Record>; 7] {
    [
        w.customers.iter().map(|row| &row.record).collect(),
        w.products.iter().map(|row| &row.record).collect(),
        w.sales_orders.iter().map(|row| &row.record).collect(),
        w.purchase_orders.iter().map(|row| &row.record).collect(),
        w.suppliers.iter().map(|row| &row.record).collect(),
        w.invoices.iter().map(|row| &row.record).collect(),
        w.assemblies.iter().map(|row| &row.record).collect(),
    ]
}

impl Desk {
    pub(crate) fn new(rng: Rng) -> Self {
        Self { subscriptions: vec![], told: BTreeMap::new(), rng }
    }

    pub(crate) fn list(&self) -> Value {
        self.subscriptions.iter().map(Subscription::public).collect()
    }

    /// Makes a subscription of a request's body; its key is in the answer and nowhere else.
    pub(crate) fn subscribe(&mut self, body: &[u8], w: &Warehousing) -> Result<Value, String> {
        let body: Value = serde_json::from_slice(body).map_err(|_| "The body is not JSON.".to_owned())?;
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let url = text("notificationUrl");
        let secure = url::Url::parse(&url).is_ok_and(|url| url.scheme() == "https");
        let events: Vec<String> = body["eventTypes"].as_array().map_or_else(Vec::new, |events| {
            events.iter().map(|event| event.as_str().unwrap_or_default().to_owned()).collect()
        });
        if !secure {
            return Err("notificationUrl must be a HTTPS address.".to_owned());
        }
        if events.is_empty() || !events.iter().all(|event| is_event(event)) {
            return Err("eventTypes holds an unknown event.".to_owned());
        }
        if self.subscriptions.len() >= MOST {
            return Err(format!("An account has at most {MOST} subscriptions."));
        }
        if self.subscriptions.is_empty() {
            // From here on the account notes what changes.
            self.news(w);
        }
        let (id, key) = (self.rng.guid(), format!("whsec-{}", self.rng.guid().simple()));
        let subscription =
            Subscription { id, key: key.clone(), url, description: text("description"), events };
        let mut answer = subscription.public();
        answer["signatureKey"] = Value::String(key);
        self.subscriptions.push(subscription);
        Ok(answer)
    }

    /// What was made, changed or deleted since the last look: object, event, id.
    fn news(&mut self, w: &Warehousing) -> Vec<(usize, &'static str, Uuid)> {
        let mut news = vec![];
        for (object, records) in records(w).into_iter().enumerate() {
            for record in records {
                let state = (record.stamp(), record.gone.is_some());
                let event = match self.told.insert((object, record.id), state) {
                    None if record.gone.is_none() => "created",
                    Some((_, false)) if record.gone.is_some() => "deleted",
                    Some(before) if before != state => "updated",
                    _ => continue,
                };
                news.push((object, event, record.id));
            }
        }
        news
    }

    /// Deliveries for everything that changed since the last call, or since the first subscription.
    pub(crate) fn deliveries(
        &mut self,
        w: &Warehousing,
        now: DateTime<Utc>,
        form: DataForm,
    ) -> Vec<UnleashedDelivery> {
        if self.subscriptions.is_empty() {
            return vec![];
        }
        let news = self.news(w);
        news.into_iter()
            .flat_map(|(object, event, id)| {
                self.delivery(&format!("{}.{event}", OBJECTS[object]), id, now, form)
            })
            .collect()
    }

    /// One delivery of an event to each subscription that wants it.
    pub(crate) fn delivery(
        &mut self,
        event: &str,
        id: Uuid,
        now: DateTime<Utc>,
        form: DataForm,
    ) -> Vec<UnleashedDelivery> {
        let wants = |subscription: &&Subscription| {
            subscription.events.iter().any(|wanted| wanted.eq_ignore_ascii_case(event))
        };
        let wanting: Vec<Subscription> = self.subscriptions.iter().filter(wants).cloned().collect();
        let deliveries = wanting.into_iter().map(|subscription| {
            let notification = self.rng.guid();
            let body = body(subscription.id, notification, event, id, now, form);
            UnleashedDelivery {
                notification_url: subscription.url,
                event_type: event.to_owned(),
                event_notification_id: notification,
                ..UnleashedDelivery::sign(&subscription.key, now, body)
            }
        });
        deliveries.collect()
    }
}
