//! What the connector is, and how it reads one page.

use async_trait::async_trait;
use secrecy::SecretString;
use sentia_core::{
    Connector, ConnectorInfo, Context, Fetch, Page, Result,
    push::{Hint, Pushed, Webhooks},
    transport::Pacing,
};

use super::{client::Client, operation::limits, streams::Catalog, webhook};

/// Reads one seller account in one region of Amazon.
///
/// ```
/// use sentia_connectors::amazon::Amazon;
/// use sentia_core::Connector;
///
/// let shop = Amazon::builder()
///     .marketplace("UK")
///     .client_id("amzn1.application-oa2-client.1")
///     .client_secret("amzn1.oa2-cs.v1.secret")
///     .refresh_token("Atzr|token")
///     .build()?;
/// assert_eq!(shop.info().vendor, "amazon");
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Amazon {
    client: Client,
    catalog: Catalog,
    pub(super) notification_token: Option<SecretString>,
    pacing: Pacing,
}

impl Amazon {
    pub(super) fn over(client: Client, notification_token: Option<SecretString>, pacing: Pacing) -> Self {
        Amazon { client, catalog: Catalog::new(), notification_token, pacing }
    }

    /// Reads a notification and says which records may have changed.
    ///
    /// Takes the body of an SQS message as Amazon puts it there, the same within an SNS notification, an EventBridge
    /// event, and what a Lambda function is given of a queue. Notifications of other sellers and marketplaces, and those
    /// that concern no stream, give no hints. Delete a message from its queue only after its hints are durable.
    ///
    /// ```
    /// # use sentia_connectors::amazon::Amazon;
    /// # let shop = Amazon::builder().marketplace("UK").client_id("i").client_secret("s").refresh_token("t").build()?;
    /// let body = br#"{"NotificationType":"ORDER_CHANGE","EventTime":"2026-11-22T19:00:00Z",
    ///     "Payload":{"OrderChangeNotification":{"AmazonOrderId":"203-1234567-1234567"}},
    ///     "NotificationMetadata":{"NotificationId":"n-1"}}"#;
    /// let hints = shop.ingest(body)?;
    /// assert_eq!((hints[0].stream, hints[0].key.as_deref()), ("orders", Some("203-1234567-1234567")));
    /// # Ok::<(), sentia_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidResponse` for what is no notification of Amazon's, or one that lacks what its schema requires.
    pub fn ingest(&self, body: &[u8]) -> Result<Vec<Hint>> {
        match self.pushed(body)? {
            Pushed::Hints(hints) => Ok(hints),
            Pushed::Unknown(name) => {
                tracing::info!(name, "amazon sent a notification of a type that no stream waits for");
                Ok(Vec::new())
            }
            Pushed::Notice(_) | Pushed::Handshake { .. } => Ok(Vec::new()),
        }
    }

    /// As [`ingest`](Self::ingest); a type that is not known is reported by its name.
    ///
    /// # Errors
    /// As [`ingest`](Self::ingest).
    pub fn pushed(&self, body: &[u8]) -> Result<Pushed> {
        webhook::read(&self.client.account, body)
    }
}

/// What the connector is, without credentials: streams, limits and roles, for documentation.
///
/// ```
/// let info = sentia_connectors::amazon::catalog();
/// assert_eq!(info.streams[0].name, "marketplaces");
/// ```
pub fn catalog() -> ConnectorInfo {
    described(&Catalog::new())
}

fn described(catalog: &Catalog) -> ConnectorInfo {
    catalog.describe(limits().fold(ConnectorInfo::new("amazon"), ConnectorInfo::limit))
}

#[async_trait]
impl Connector for Amazon {
    fn info(&self) -> ConnectorInfo {
        described(&self.catalog).pacing(self.pacing)
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        self.catalog.fetch(&self.client, cx, request).await.map_err(|error| error.operation("amazon.fetch"))
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        // Amazon signs nothing, so without a token of our own everybody could send notifications.
        self.notification_token.is_some().then_some(self as &dyn Webhooks)
    }
}
