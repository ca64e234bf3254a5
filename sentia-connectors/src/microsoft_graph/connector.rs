//! What the connector is, and how it reads one page.

use async_trait::async_trait;
use sentia_core::{
    Connector, ConnectorInfo, Context, ErrorKind, Fetch, Page, Result,
    push::Webhooks,
    transport::{Limit, Pacing},
};

use super::{
    client::{Access, Client},
    config::MicrosoftGraphConfig,
    streams::Catalog,
    webhook::Notifications,
};

/// The vendor, as tables are named.
const VENDOR: &str = "microsoft_graph";
/// The operation that reads several records at once.
pub(super) const BATCH: &str = "$batch";

/// The limits of one app in one tenant [L:throttling-limits].
///
/// Outlook runs four calls at once on a mailbox. SharePoint's smallest plan grants 1200 units a minute, and a list costs
/// two: that is where learning begins, because what a larger plan grants, and what load takes away from it, nobody tells.
/// A batch counts each of its twenty parts: 8 a second keep below Outlook's 10,000 in ten minutes.
const LIMITS: [Limit; 3] = [
    Limit::Concurrent(4),
    Limit::Learned { per_second: 10.0, floor: 0.5, ceiling: 100.0 },
    Limit::Operation { operation: BATCH, per_second: 0.4, burst: 250 },
];

/// Reads users, SharePoint lists, drives, Excel tables, mail and calendars of one tenant.
///
/// ```
/// use sentia_connectors::microsoft_graph::MicrosoftGraph;
/// use sentia_core::Connector;
///
/// let office = MicrosoftGraph::builder()
///     .tenant("contoso.onmicrosoft.com")
///     .client_id("app")
///     .client_secret("secret")
///     .sites(["contoso.sharepoint.com:/sites/operations"])
///     .build()?;
/// assert_eq!(office.info().vendor, "microsoft_graph");
/// # Ok::<(), sentia_core::Error>(())
/// ```
#[derive(Debug)]
pub struct MicrosoftGraph {
    client: Client,
    catalog: Catalog,
    notifications: Option<Notifications>,
    pacing: Pacing,
}

impl MicrosoftGraph {
    pub(super) fn over(client: Client, config: MicrosoftGraphConfig, pacing: Pacing) -> Self {
        let notifications = config
            .client_state()
            .map(|state| Notifications::new(state.clone(), config.tenant.as_deref().unwrap_or_default()));
        MicrosoftGraph { client, catalog: Catalog::new(config), notifications, pacing }
    }
}

/// Every stream, limit and permission, for a documentation that needs no credentials. A connection has the streams of
/// what it is told to read.
pub fn catalog() -> ConnectorInfo {
    let info = LIMITS.into_iter().fold(ConnectorInfo::new(VENDOR), ConnectorInfo::limit);
    Catalog::all().describe(info)
}

#[async_trait]
impl Connector for MicrosoftGraph {
    fn info(&self) -> ConnectorInfo {
        let info = LIMITS.into_iter().fold(ConnectorInfo::new(VENDOR), ConnectorInfo::limit);
        self.catalog.describe(info.pacing(self.pacing))
    }

    async fn fetch(&self, cx: &Context, request: Fetch<'_>) -> Result<Page> {
        let page = self.catalog.fetch(&self.client, cx, &request).await;
        page.map_err(|error| {
            let error = error.operation("microsoft_graph.fetch");
            match self.catalog.needs(request.stream().name) {
                Some(needs) if error.kind() == ErrorKind::PermissionDenied => {
                    let needed = match self.client.access() {
                        Access::Application => format!("{} (application)", needs.application),
                        Access::Delegated => format!("{} (delegated)", needs.delegated),
                        Access::Unstated => {
                            format!("{} (application) or {} (delegated)", needs.application, needs.delegated)
                        }
                    };
                    error.context("needs", needed)
                }
                _ => error,
            }
        })
    }

    fn webhooks(&self) -> Option<&dyn Webhooks> {
        self.notifications.as_ref().map(|notifications| notifications as &dyn Webhooks)
    }
}
