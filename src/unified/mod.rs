//! Typed answers from several accounts at once, for a host that wants to know something now and not a copy.
//!
//! The rows' members are named like the columns they are read from, and hold what a dashboard shows. For other columns
//! write a struct of your own and use [`UnifiedClient::ask`].

#[cfg(feature = "amazon")]
mod amazon;
#[cfg(feature = "microsoft-graph")]
mod microsoft_graph;
mod rows;
#[cfg(feature = "shopify")]
mod shopify;
#[cfg(feature = "unleashed")]
mod unleashed;
#[cfg(feature = "xero")]
mod xero;

use std::{collections::BTreeMap, fmt, sync::Arc};

use chrono::{DateTime, Utc};
use sentia_core::{
    Connector, Error, ErrorKind, Result, StateStore,
    clock::Clock,
    engine::{Answer, Question, Reader},
    finding::Finding,
    security::Vault,
    transport::TransportPolicy,
};
use serde::de::DeserializeOwned;

#[cfg(any(
    feature = "amazon",
    feature = "microsoft-graph",
    feature = "shopify",
    feature = "unleashed",
    feature = "xero"
))]
pub use self::rows::*;

/// Where a shop or a marketplace account sells.
///
/// It names the connection: `shopify-uk`, `amazon-usa`. Accounts of two regions are two connections, with credentials,
/// currency, limits and breaker of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Region {
    /// The United Kingdom.
    Uk,
    /// The United States of America.
    Usa,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Region::Uk => "uk",
            Region::Usa => "usa",
        })
    }
}

/// What was asked, typed, and how far the answer goes.
///
/// `rows` are all there is only where `whole` is true. Anything that adds them up should show `as_of` and `whole` too.
#[derive(Debug, Clone)]
pub struct Answered<T> {
    /// The rows, in the vendor's order.
    pub rows: Vec<T>,
    /// When it was asked, by our clock.
    pub as_of: DateTime<Utc>,
    /// True when the vendor's end mark was reached, every document could be read, and nothing was found hidden.
    pub whole: bool,
    /// How many documents could not be read.
    pub rejected: usize,
    /// What was noticed about the account: what the vendor hides, what answers otherwise than asked.
    pub findings: Vec<Finding>,
}

/// One client for all connected accounts; each method is one question that a dashboard asks.
///
/// Calls go through the same transport as a sync: retries, limits and breaker of each connection. A pipeline that runs
/// [through](crate::Pipeline::through) [`reader`](Self::reader) shares them, so that a screen and a sync together stay
/// below the vendor's limits. Nothing is stored, and every answer is held in memory: for what a screen shows.
///
/// ```no_run
/// # // Accounts are needed to ask.
/// # #[cfg(all(feature = "xero", feature = "shopify"))]
/// # async fn example() -> sentia::Result<()> {
/// use sentia::{UnifiedClient, connectors::{Shopify, Xero}, unified::Region};
///
/// let client = UnifiedClient::new()
///     .shopify(Region::Uk, Shopify::from_env_prefixed("SHOPIFY_UK")?)?
///     .shopify(Region::Usa, Shopify::from_env_prefixed("SHOPIFY_USA")?)?
///     .xero(Xero::from_env()?)?;
///
/// let today = chrono::Utc::now() - chrono::Duration::days(1);
/// let orders = client.shopify_orders(Region::Usa, Some(today)).await?;
/// println!("{} orders as of {}, all of them: {}", orders.rows.len(), orders.as_of, orders.whole);
/// for contact in client.xero_contacts(None).await?.rows {
///     println!("{}", contact.name.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct UnifiedClient {
    readers: BTreeMap<String, Reader>,
    vault: Option<Vault>,
    states: Option<Arc<dyn StateStore>>,
    policy: TransportPolicy,
    clock: Option<Arc<dyn Clock>>,
}

impl UnifiedClient {
    /// A client without accounts yet.
    pub fn new() -> Self {
        UnifiedClient::default()
    }

    /// Gives the accounts connected after this a vault for credentials that rotate.
    pub fn vault(self, vault: Vault) -> Self {
        UnifiedClient { vault: Some(vault), ..self }
    }

    /// Gives the accounts connected after this the states that all processes share.
    pub fn states(self, states: Arc<dyn StateStore>) -> Self {
        UnifiedClient { states: Some(states), ..self }
    }

    /// Replaces the transport's policies for the accounts connected after this.
    pub fn transport(self, policy: TransportPolicy) -> Self {
        UnifiedClient { policy, ..self }
    }

    /// Replaces the clock for the accounts connected after this.
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        UnifiedClient { clock: Some(clock), ..self }
    }

    /// Connects an account under a name of its own; [`ask`](Self::ask) reads any stream of it.
    ///
    /// # Errors
    /// `ConfigInvalid` when the name cannot be a connection's, or is taken.
    pub fn connect(mut self, name: impl Into<String>, connector: impl Connector) -> Result<Self> {
        let name = name.into();
        let reader = Reader::new(connector).connection(&name).transport(self.policy.clone());
        let reader = self.vault.iter().fold(reader, |reader, vault| reader.vault(vault.clone()));
        let reader = self.states.iter().fold(reader, |reader, states| reader.states(states.clone()));
        let reader = self.clock.iter().fold(reader, |reader, clock| reader.clock(clock.clone()));
        if self.readers.insert(name.clone(), reader.connect()?).is_some() {
            let message = "two accounts have one name; give each its own";
            return Err(Error::new(ErrorKind::ConfigInvalid, message).context("connection", name));
        }
        Ok(self)
    }

    /// The reader of a connection.
    ///
    /// # Errors
    /// `ConfigInvalid` when there is none of that name.
    pub fn reader(&self, connection: &str) -> Result<&Reader> {
        self.readers.get(connection).ok_or_else(|| {
            let names: Vec<_> = self.readers.keys().map(String::as_str).collect();
            let message = format!("no such account is connected; there are {}", names.join(", "));
            Error::new(ErrorKind::ConfigInvalid, message).context("connection", connection)
        })
    }

    /// Asks one connection; `T` has the members it wants of the stream's columns, and `key`.
    ///
    /// # Errors
    /// As the vendor's table says; `ConfigInvalid` for a connection, stream or member that is not there.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        connection: &str,
        question: &Question,
    ) -> Result<Answered<T>> {
        let answer = self.reader(connection)?.ask(question).await?;
        Ok(Answered::of(&answer, answer.rows()?))
    }
}

impl<T> Answered<T> {
    /// `rows`, which were made of the records of `answer`.
    fn of(answer: &Answer, rows: Vec<T>) -> Self {
        Answered {
            rows,
            as_of: answer.as_of,
            whole: answer.whole,
            rejected: answer.rejected.len(),
            findings: answer.findings.clone(),
        }
    }
}
