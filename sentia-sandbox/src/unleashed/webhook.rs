//! Webhooks: subscriptions, what changed since the last deliveries, and deliveries signed as the vendor signs them.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::signature::unleashed_signature;
use crate::rng::Rng;
use crate::universe::warehouse::{Record, Warehousing};

/// So many subscriptions an account may have.
pub(crate) const MOST: usize = 5;

/// The objects that have events, as the events spell them; sources differ in letter case, so these do too.
const OBJECTS: [&str; 7] =
    ["Customer", "Product", "salesorder", "purchaseorder", "supplier", "salesinvoice", "assembly"];

/// How the member `data` of a delivery travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataForm {
    /// JSON within a text: `"data":"{\"salesOrderGuid\":\"...\"}"`.
    #[default]
    Text,
    /// An object.
    Object,
    /// An object, and all members of the delivery in PascalCase.
    Pascal,
}

/// One signed delivery. Sending it twice is a duplicate; [`again`](Self::again) is the vendor's own retry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnleashedDelivery {
    /// Where the subscription wants it.
    pub notification_url: String,
    /// `salesorder.updated` and the like.
    pub event_type: String,
    /// Unique for each event and subscription; the same in a retry.
    pub event_notification_id: Uuid,
    /// Unix seconds, as in `X-Unleashed-Timestamp`.
    pub timestamp: i64,
    /// As in `X-Unleashed-Signature`.
    pub signature: String,
    /// The raw body.
    pub body: String,
    key: String,
}

impl UnleashedDelivery {
    /// Signs any body with any key.
    pub fn sign(key: &str, at: DateTime<Utc>, body: impl Into<String>) -> Self {
        let (timestamp, body) = (at.timestamp(), body.into());
        Self {
            notification_url: String::new(),
            event_type: String::new(),
            event_notification_id: Uuid::nil(),
            timestamp,
            signature: unleashed_signature(key, format!("{timestamp}.{body}").as_bytes()),
            body,
            key: key.to_owned(),
        }
    }

    /// The headers it is sent with.
    pub fn headers(&self) -> [(&'static str, String); 3] {
        [
            ("Content-Type", "application/json".to_owned()),
            ("X-Unleashed-Signature", self.signature.clone()),
            ("X-Unleashed-Timestamp", self.timestamp.to_string()),
        ]
    }

    /// The same event once more, with a new timestamp and signature.
    #[must_use]
    pub fn again(&self, at: DateTime<Utc>) -> Self {
        let Self { timestamp, signature, .. } = Self::sign(&self.key, at, self.body.clone());
        Self { timestamp, signature, ..self.clone() }
    }

    /// Posts it to a receiver on loopback, `http://127.0.0.1:<port>/path`; gives the status of the answer.
    ///
    /// # Errors
    ///
    /// When the receiver is not there, or does not answer in HTTP within ten seconds.
    pub async fn send_to(&self, url: &str) -> io::Result<u16> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidInput);
        let url = url::Url::parse(url).map_err(|_| invalid())?;
        let host = url.host_str().ok_or_else(invalid)?;
        let address = format!("{host}:{}", url.port_or_known_default().unwrap_or(80));
        let mut text = format!("POST {} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n", url.path());
        for (name, value) in self.headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body));
        let answer = tokio::task::spawn_blocking(move || post(&address, &text));
        answer.await.map_err(io::Error::other)?
    }
}

fn post(address: &str, request: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = vec![];
    stream.read_to_end(&mut answer)?;
    let head = String::from_utf8_lossy(&answer);
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

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
            let body = body(&subscription, notification, event, id, now, form);
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

/// `data` names the record as the vendor's object does: `salesOrderGuid`.
fn member_of(event: &str) -> &'static str {
    let object = event.split('.').next().unwrap_or_default().to_ascii_lowercase();
    match object.as_str() {
        "customer" => "customerGuid",
        "product" => "productGuid",
        "salesorder" => "salesOrderGuid",
        "purchaseorder" => "purchaseOrderGuid",
        "supplier" => "supplierGuid",
        "salesinvoice" => "salesInvoiceGuid",
        "assembly" => "assemblyGuid",
        _ => "guid",
    }
}

fn body(
    subscription: &Subscription,
    notification: Uuid,
    event: &str,
    id: Uuid,
    now: DateTime<Utc>,
    form: DataForm,
) -> String {
    let (at, member) = (now.to_rfc3339_opts(SecondsFormat::Secs, true), member_of(event));
    let subscription = subscription.id;
    match form {
        DataForm::Pascal => {
            let member = format!("{}{}", member[..1].to_ascii_uppercase(), &member[1..]);
            json!({"SubscriptionId": subscription, "EventNotificationId": notification, "EventType": event,
                   "CreatedOn": at, "Data": {member: id}})
        }
        DataForm::Object => {
            json!({"subscriptionId": subscription, "eventNotificationId": notification, "eventType": event,
                   "createdOn": at, "data": {member: id}})
        }
        DataForm::Text => {
            json!({"subscriptionId": subscription, "eventNotificationId": notification, "eventType": event,
                   "createdOn": at, "data": json!({member: id}).to_string()})
        }
    }
    .to_string()
}
