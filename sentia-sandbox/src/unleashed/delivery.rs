//! Deliveries of webhooks, signed as the vendor signs them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use uuid::Uuid;

use super::signature::unleashed_signature;

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
    pub(super) key: String,
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

/// The body of a delivery.
pub(crate) fn body(
    subscription: Uuid,
    notification: Uuid,
    event: &str,
    id: Uuid,
    now: DateTime<Utc>,
    form: DataForm,
) -> String {
    let (at, member) = (now.to_rfc3339_opts(SecondsFormat::Secs, true), member_of(event));
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
