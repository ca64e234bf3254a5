//! Asks a connector and stores nothing: for a host that wants an answer and not a sync.

mod health;

use std::{collections::HashMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use uuid::Uuid;

pub use self::health::{ConnectionHealth, VendorHealth};
use super::{fetching::Fetcher, progress::Progress, rules::Rules};
use crate::{
    Connector, Context, Error, ErrorKind, Key, Record, Rejected, Result, StateStore,
    clock::{Clock, SystemClock},
    cursor::{Mode, Window},
    finding::{self, Effect, Finding},
    page::Next,
    quota::{Planner, Urgency},
    record::Operation,
    security::Vault,
    stream::{StreamInfo, identifier},
    transport::{Breakers, Stack, TransportPolicy, Usage},
};

/// How often an expired page token may cost another reading.
const MAX_READINGS: u32 = 3;

/// Reads a connection's streams without a store, through the same transport, limits and breaker as a sync.
///
/// The stack is made once and kept: calls of one reader, and of the pipelines that run
/// [through](crate::Pipeline::through) it, share the connection's budgets and its breaker.
///
/// ```no_run
/// # // A vendor is needed to ask.
/// # async fn example(books: impl sentia_core::Connector) -> sentia_core::Result<()> {
/// use sentia_core::engine::{Question, Reader};
///
/// #[derive(serde::Deserialize)]
/// struct Contact { key: String, name: Option<String> }
///
/// let books = Reader::new(books).connect()?;
/// let contacts = books.ask(&Question::of("contacts")).await?;
/// for contact in contacts.rows::<Contact>()? {
///     println!("{} {}", contact.key, contact.name.unwrap_or_default());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    connector: Arc<dyn Connector>,
    tenant: String,
    connection: Option<String>,
    clock: Arc<dyn Clock>,
    vault: Option<Vault>,
    states: Option<Arc<dyn StateStore>>,
    policy: TransportPolicy,
    urgency: Urgency,
    stack: Option<Stack>,
}

/// What is asked.
#[derive(Debug, Clone)]
#[must_use]
pub struct Question {
    stream: String,
    since: Option<DateTime<Utc>>,
    partition: Option<Key>,
    at_most: Option<usize>,
}

impl Question {
    /// Everything in `stream`, over all its partitions.
    pub fn of(stream: impl Into<String>) -> Self {
        Question { stream: stream.into(), since: None, partition: None, at_most: None }
    }

    /// What changed since `bound`, inclusive, where the stream can tell; everything elsewhere, and for none.
    pub fn since(self, bound: impl Into<Option<DateTime<Utc>>>) -> Self {
        Question { since: bound.into(), ..self }
    }

    /// One partition only.
    pub fn partition(self, partition: impl Into<Key>) -> Self {
        Question { partition: Some(partition.into()), ..self }
    }

    /// Stops behind the page that makes it so many records; the answer then says it is not all.
    pub fn at_most(self, records: usize) -> Self {
        Question { at_most: Some(records), ..self }
    }
}

/// What a vendor answered, and how far it goes.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The stream's entry.
    pub stream: Arc<StreamInfo>,
    /// The records by key, in the vendor's order; deleted ones are left out.
    pub records: Vec<Record>,
    /// Documents that could not become records.
    pub rejected: Vec<Rejected>,
    /// When it was asked, by our clock.
    pub as_of: DateTime<Utc>,
    /// What was noticed about the account; each thing once.
    pub findings: Vec<Finding>,
    /// True when the vendor's end mark was reached, every document could be read, and nothing was found hidden.
    pub whole: bool,
}

impl Answer {
    /// The records as structs; see [`Record::read`].
    ///
    /// # Errors
    /// `ConfigInvalid` when the struct does not fit the stream's columns.
    pub fn rows<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        self.records.iter().map(|record| record.read(&self.stream)).collect()
    }
}

impl Reader {
    /// A reader of `connector` for the tenant `default`; [`connect`](Self::connect) makes it ready.
    pub fn new(connector: impl Connector) -> Self {
        Reader {
            connector: Arc::new(connector),
            tenant: "default".to_owned(),
            connection: None,
            clock: Arc::new(SystemClock),
            vault: None,
            states: None,
            policy: TransportPolicy::default(),
            urgency: Urgency::default(),
            stack: None,
        }
    }

    /// Names whose account it is; secrets in the vault are kept by this name.
    #[must_use]
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Reader { tenant: tenant.into(), ..self }
    }

    /// Names the connection. Default: the vendor's name.
    #[must_use]
    pub fn connection(self, connection: impl Into<String>) -> Self {
        Reader { connection: Some(connection.into()), ..self }
    }

    /// Replaces the clock.
    #[must_use]
    pub fn clock(self, clock: Arc<dyn Clock>) -> Self {
        Reader { clock, ..self }
    }

    /// What its account's budgets have left, what waits for them, and why.
    ///
    /// # Errors
    /// `ConfigInvalid` before [`connect`](Self::connect).
    pub fn planner(&self) -> Result<Planner> {
        self.connected().map(|stack| stack.planner)
    }

    /// Gives the connector a vault for credentials that rotate.
    #[must_use]
    pub fn vault(self, vault: Vault) -> Self {
        Reader { vault: Some(vault), ..self }
    }

    /// Gives it the states that all processes share: budgets and breakers are then those of the pipelines into the same
    /// store, and one refresh of a token serves them all. Without them it has budgets of its own.
    #[must_use]
    pub fn states(self, states: Arc<dyn StateStore>) -> Self {
        Reader { states: Some(states), ..self }
    }

    /// Says how soon its calls are wanted, among those that wait for the same budgets. Default: routine.
    #[must_use]
    pub fn urgency(self, urgency: Urgency) -> Self {
        Reader { urgency, ..self }
    }

    /// Replaces the policies of the transport's layers; the vendor's limits are the connector's.
    #[must_use]
    pub fn transport(self, policy: TransportPolicy) -> Self {
        Reader { policy, ..self }
    }

    /// Makes the stack of layers that all calls from now on share.
    ///
    /// # Errors
    /// `ConfigInvalid` for a connection's name or a catalog that cannot be, or when the TLS roots cannot be loaded.
    pub fn connect(self) -> Result<Self> {
        let info = self.connector.info();
        info.validate()?;
        identifier(&self.connection_name().replace('-', "_"))?;
        let policy = self.policy.clone().limited_by(&info);
        let stack = match &self.states {
            None => Stack::new(policy, self.clock.clone())?,
            Some(states) => {
                let account = format!("{}/{}", self.tenant, self.connection_name());
                Stack::shared(policy, self.clock.clone(), states.clone(), &account)?
            }
        };
        Ok(Reader { stack: Some(stack), ..self })
    }

    /// Calls and bytes since it was connected, those of pipelines that run [through](crate::Pipeline::through) it included.
    /// Nothing before.
    pub fn usage(&self) -> Usage {
        self.stack.as_ref().map(|stack| stack.meter.usage()).unwrap_or_default()
    }

    /// Which classes of its calls pass, and the means to decide that by hand.
    ///
    /// # Errors
    /// `ConfigInvalid` before [`connect`](Self::connect).
    pub fn breakers(&self) -> Result<Breakers> {
        self.connected().map(|stack| stack.breakers)
    }

    /// The stack that pipelines may share.
    pub(super) fn stack(&self) -> Option<Stack> {
        self.stack.clone()
    }

    fn connection_name(&self) -> String {
        self.connection.clone().unwrap_or_else(|| self.connector.info().vendor.to_owned())
    }

    /// Asks, and waits for the whole answer.
    ///
    /// Every page of every partition is held in memory: this is for what a screen shows, not for a copy of the account.
    ///
    /// # Errors
    /// As the vendor's table says; `ConfigInvalid` for a stream the connector does not have.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn ask(&self, question: &Question) -> Result<Answer> {
        let info = self.connector.info();
        let stream = info.streams.iter().find(|stream| stream.name == question.stream).cloned();
        let stream = stream.ok_or_else(|| {
            let names: Vec<_> = info.streams.iter().map(|stream| stream.name).collect();
            let message = format!("{} has no such stream; it has {}", info.vendor, names.join(", "));
            Error::new(ErrorKind::ConfigInvalid, message).context("stream", &question.stream)
        })?;
        let mut answer = Answer {
            stream: stream.clone(),
            records: Vec::new(),
            rejected: Vec::new(),
            as_of: self.clock.now(),
            findings: Vec::new(),
            whole: true,
        };
        for partition in self.partitions(&stream, question).await? {
            if question.at_most.is_some_and(|most| answer.records.len() >= most) {
                answer.whole = false;
                break;
            }
            self.partition(info.vendor, &stream, &partition, question, &mut answer).await?;
        }
        answer.whole &= answer.rejected.is_empty();
        answer.whole &= answer.findings.iter().all(|found| found.effect == Effect::Notice);
        Ok(answer)
    }

    async fn partitions(&self, stream: &StreamInfo, question: &Question) -> Result<Vec<Key>> {
        match (stream.partitioned_by, &question.partition) {
            (None, _) => Ok(vec!["".into()]),
            (Some(_), Some(partition)) => Ok(vec![partition.clone()]),
            (Some(parent), None) => {
                let parents = Box::pin(self.ask(&Question::of(parent))).await?;
                Ok(parents.records.into_iter().map(|record| record.key).collect())
            }
        }
    }

    async fn partition(
        &self,
        vendor: &'static str,
        stream: &Arc<StreamInfo>,
        partition: &str,
        question: &Question,
        answer: &mut Answer,
    ) -> Result<()> {
        let fetcher = self.fetcher(vendor, stream, partition)?;
        let since = question.since.filter(|_| stream.cursor_field().is_some());
        let open = || Window::open(Uuid::nil(), Mode::Incremental, since, answer.as_of, 0);
        let (mut window, mut found, mut progress) = (open(), Found::default(), Progress::of(stream));
        loop {
            let fetched = match fetcher.begin(&window).await {
                Ok(Err(error))
                    if error.kind() == ErrorKind::PositionExpired && window.attempt < MAX_READINGS =>
                {
                    window = window.reread(0);
                    found = Found::default();
                    progress.clear();
                    continue;
                }
                joined => joined.map_err(|panic| {
                    Error::new(ErrorKind::Unexpected, "the fetch panicked").source(panic)
                })??,
            };
            progress.check(window.token.as_ref(), &fetched.page)?;
            finding::add(&mut answer.findings, fetched.page.found());
            let next = fetched.page.next().clone();
            found.add(fetched.page.decoded.records, fetched.page.decoded.rejected);
            window.pages += 1;
            let enough = question.at_most.is_some_and(|most| answer.records.len() + found.live() >= most);
            match next {
                Next::Last => break,
                _ if enough => {
                    answer.whole = false;
                    break;
                }
                Next::More(token) => window.token = Some(token),
                Next::Wait(token, wait) => {
                    self.clock.sleep(wait.max(Duration::from_secs(1))).await;
                    window.token = Some(token);
                }
            }
        }
        found.move_into(answer);
        Ok(())
    }

    /// What a connector's own calls need that read no stream: a consent, a subscription. They go through this reader's
    /// stack, and secrets are kept under its tenant and connection.
    ///
    /// # Errors
    /// `ConfigInvalid` before [`connect`](Self::connect).
    pub fn context(&self) -> Result<Context> {
        let stack = self.connected()?;
        let cx = Context::new(
            stack.http().urgency(self.urgency),
            self.clock.clone(),
            &self.tenant,
            &self.connection_name(),
        );
        Ok(cx.with_vault(self.vault.clone()).with_states(self.states.clone()))
    }

    fn connected(&self) -> Result<Stack> {
        self.stack.clone().ok_or_else(|| {
            Error::new(ErrorKind::ConfigInvalid, "the reader is not connected; call `connect` first")
        })
    }

    fn fetcher(&self, vendor: &'static str, stream: &Arc<StreamInfo>, partition: &str) -> Result<Fetcher> {
        Ok(Fetcher {
            connector: self.connector.clone(),
            vendor,
            cx: self.context()?,
            info: stream.clone(),
            partition: partition.into(),
            rules: Arc::new(Rules::default()),
            meter: self.connected()?.meter,
            page_size: None,
        })
    }
}

/// The records of one reading; the last sighting of a key counts.
#[derive(Default)]
struct Found {
    records: Vec<Option<Record>>,
    places: HashMap<Key, usize>,
    rejected: Vec<Rejected>,
}

impl Found {
    fn add(&mut self, records: Vec<Record>, rejected: Vec<Rejected>) {
        self.rejected.extend(rejected);
        for record in records {
            let place = *self.places.entry(record.key.clone()).or_insert_with(|| {
                self.records.push(None);
                self.records.len() - 1
            });
            self.records[place] = (record.operation == Operation::Upsert).then_some(record);
        }
    }

    fn live(&self) -> usize {
        self.records.iter().flatten().count()
    }

    fn move_into(self, answer: &mut Answer) {
        answer.records.extend(self.records.into_iter().flatten());
        answer.rejected.extend(self.rejected);
    }
}
