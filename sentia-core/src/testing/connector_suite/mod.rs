//! What every connector must do.
//! Each behavior is a public async function that takes a fake vendor of its own, in its first state.

mod pushing;
mod reader;

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

pub use self::pushing::{
    Proof, Push, Pushes, a_forged_delivery_is_refused, a_genuine_delivery_becomes_hints,
    a_replayed_delivery_is_the_same_event,
};
use self::reader::{Contents, Reader, assert_fits, poll_at_most};
use crate::{Connector, Error, ErrorKind, Status, security::Vault};

/// What a fake vendor answers instead of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The access token is refused, as good as it is: 401.
    Unauthenticated,
    /// Too many calls for now, with the time to wait: 429 and `Retry-After`, or the vendor's own form.
    RateLimited,
    /// The vendor is down: 503.
    Unavailable,
    /// A success whose JSON ends in the middle.
    BrokenJson,
}

/// How a vendor knows who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// By a token that ends and is granted anew.
    Tokens,
    /// By a signature or key that goes with every call: there is nothing to renew.
    Signatures,
}

/// A connector with the fake vendor that it reads, as its author supplies them.
#[async_trait]
pub trait ConnectorFixture: Send + Sync + 'static {
    /// A connector without memory of earlier calls, which obtains its access token from the vendor.
    fn connector(&self) -> Arc<dyn Connector>;

    /// The vault for credentials that rotate; none where they do not.
    fn vault(&self) -> Option<Vault> {
        None
    }

    /// How the vendor knows the caller; by tokens unless this says otherwise.
    fn access(&self) -> Access {
        Access::Tokens
    }

    /// The stream to read: without partitions, and either resumable or incremental with the instant of the cursor
    /// field as its version.
    fn stream(&self) -> &'static str;

    /// A page size at which the stream has at least three pages, each read by one call.
    fn page_size(&self) -> u32;

    /// The keys a whole read of the stream must bring, known without the connector.
    async fn truth(&self) -> BTreeSet<String>;

    /// Changes or adds a record so that it was last changed within the same second as the newest one; its key.
    async fn change_within_the_newest_second(&self) -> String;

    /// Ends every access token: the next call is refused, and a new token is granted.
    async fn expire_tokens(&self);

    /// Lets the next `calls` calls for data fail.
    async fn fail_next(&self, failure: Failure, calls: u32);

    /// How many calls for data the vendor received so far.
    async fn calls(&self) -> u64;

    /// How often the vendor granted a token so far.
    async fn grants(&self) -> u64;

    /// What the vendor pushes to the connector; none for a connector that receives nothing.
    async fn pushes(&self) -> Option<Pushes> {
        None
    }

    /// What must never show: passwords, client secrets, and how the vendor's tokens begin.
    fn secrets(&self) -> Vec<String>;
}

/// The description is valid: names can stand in SQL, every stream has a key.
pub async fn describes_itself(fixture: impl ConnectorFixture) {
    let info = fixture.connector().info();
    info.validate().expect("valid");
    let parents: BTreeSet<&str> = info.streams.iter().filter_map(|stream| stream.partitioned_by).collect();
    let names: Vec<&str> = info.streams.iter().map(|stream| stream.name).collect();
    assert!(
        parents.iter().all(|parent| names.contains(parent)),
        "parts of streams that are not there: {parents:?}"
    );
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "a name twice");
}

/// The pages lead to the end, bring each record of the vendor once, and are no larger than asked for.
pub async fn pages_lead_to_the_end(fixture: impl ConnectorFixture) {
    let pages = Reader::new(&fixture).walk().await;
    assert!(pages.len() >= 3, "the fixture's page size makes {} pages", pages.len());
    assert!(pages.iter().all(|(_, page)| page.records.len() <= fixture.page_size() as usize));
    let keys: Vec<String> =
        pages.iter().flat_map(|(_, page)| page.live()).map(|r| r.key.to_string()).collect();
    assert_eq!(keys.len(), keys.iter().collect::<BTreeSet<_>>().len(), "a record twice");
    assert_eq!(keys.into_iter().collect::<BTreeSet<_>>(), fixture.truth().await);
}

/// A connector that knows nothing of the pages before reads the same page at the same token.
pub async fn resumes_at_every_page_boundary(fixture: impl ConnectorFixture) {
    for (token, contents) in Reader::new(&fixture).walk().await {
        assert_eq!(Reader::new(&fixture).contents(token.as_ref()).await, contents, "at {token:?}");
    }
}

/// A record that changes within the second of the newest one arrives with the next incremental read.
pub async fn a_late_record_of_the_same_second_arrives(fixture: impl ConnectorFixture) {
    let reader = Reader::new(&fixture);
    let pages = reader.walk().await;
    let newest = pages.iter().flat_map(|(_, page)| &page.records).map(|r| r.version.order).max();
    let since: Option<DateTime<Utc>> = newest.and_then(DateTime::from_timestamp_micros);
    let resume = pages.last().and_then(|(_, page)| page.resume.clone());
    assert!(since.is_some() || resume.is_some(), "the stream has versions or a resume token");
    let late = fixture.change_within_the_newest_second().await;
    let request = match &resume {
        Some(token) => reader.request(None).resumed_from(Some(token)),
        None => reader.request(None).changed_since(since),
    };
    let page = reader.connector.fetch(&reader.cx, request).await.expect("an increment");
    let keys: Vec<&str> = page.records().iter().map(|record| record.key.as_str()).collect();
    assert!(keys.contains(&late.as_str()), "{late} is lost: {keys:?}");
    assert!(keys.len() < fixture.truth().await.len(), "an increment is not everything");
}

/// Fifty callers refused with one token are one refresh, and none of them notices.
pub async fn fifty_refused_callers_refresh_once(fixture: impl ConnectorFixture) {
    let reader = Arc::new(Reader::new(&fixture));
    let expected = reader.contents(None).await;
    let before = fixture.grants().await;
    fixture.expire_tokens().await;
    let callers = (0..50).map(|_| {
        let reader = reader.clone();
        tokio::spawn(async move { reader.contents(None).await })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert_eq!(caller.await.expect("no panic"), expected);
    }
    let expected = if fixture.access() == Access::Tokens { 1 } else { 0 };
    assert_eq!(fixture.grants().await - before, expected);
}

/// A vendor that refuses the new token too is not asked a third time: the user must act.
pub async fn a_refusal_is_final_after_one_refresh(fixture: impl ConnectorFixture) {
    let reader = Reader::new(&fixture);
    let expected = reader.contents(None).await;
    let (calls, grants) = (fixture.calls().await, fixture.grants().await);
    fixture.fail_next(Failure::Unauthenticated, 2).await;
    let error = reader.fetch(None).await.expect_err("refused twice");
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unauthenticated, Status::Permanent), "{error:?}");
    let spent = (fixture.calls().await - calls, fixture.grants().await - grants);
    match fixture.access() {
        Access::Tokens => assert_eq!(spent, (2, 1), "calls and refreshes"),
        Access::Signatures => {
            assert_eq!(spent, (1, 0), "the same signature would be refused again");
            let _ = reader.fetch(None).await.expect_err("the second refusal");
        }
    }
    assert_eq!(reader.contents(None).await, expected, "it recovers with the vendor");
}

async fn one_failure(fixture: &impl ConnectorFixture, failure: Failure) -> Error {
    let reader = Reader::new(fixture);
    let expected = reader.contents(None).await;
    fixture.fail_next(failure, 1).await;
    let error = reader.fetch(None).await.expect_err("it fails");
    assert_ne!(error.status(), Status::Permanent, "the next call may succeed: {error:?}");
    assert_eq!(reader.contents(None).await, expected, "and it does");
    error
}

/// A rate limit is worth waiting for, and the error says how long.
pub async fn a_rate_limit_keeps_its_wait(fixture: impl ConnectorFixture) {
    let error = one_failure(&fixture, Failure::RateLimited).await;
    assert_eq!(error.kind(), ErrorKind::RateLimited, "{error:?}");
    assert!(error.wait().is_some_and(|wait| !wait.is_zero()), "{error:?}");
}

/// A vendor that is down is temporary.
pub async fn an_outage_is_temporary(fixture: impl ConnectorFixture) {
    let error = one_failure(&fixture, Failure::Unavailable).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}

/// A body that is cut off is an invalid response, and temporary: the second reading tells.
pub async fn broken_json_is_temporary(fixture: impl ConnectorFixture) {
    let error = one_failure(&fixture, Failure::BrokenJson).await;
    assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{error:?}");
}

/// A fetch that is dropped at any of its awaits, the refresh of a token among them, loses nothing: the same fetch
/// reads the same page afterwards, by the same connector and by a new one.
pub async fn a_dropped_fetch_loses_nothing(fixture: impl ConnectorFixture) {
    let expected = Reader::new(&fixture).contents(None).await;
    for polls in 1.. {
        assert!(polls < 1000, "it never ends");
        // Alternately from nothing and from a token that has just ended.
        let reader = Reader::new(&fixture);
        if polls % 2 == 0 {
            reader.contents(None).await;
            fixture.expire_tokens().await;
        }
        let whole = poll_at_most(polls, reader.fetch(None)).await;
        assert_eq!(reader.contents(None).await, expected, "dropped after {polls} polls");
        if let Some(page) = whole
            && polls % 2 == 0
        {
            assert_eq!(Contents::from(&page.expect("a page")), expected);
            break;
        }
    }
    assert_eq!(Reader::new(&fixture).contents(None).await, expected);
}

/// Every document of every stream becomes a record with a key, and with the columns and children that the stream
/// declares.
pub async fn records_fit_their_stream(fixture: impl ConnectorFixture) {
    let connector = fixture.connector();
    for stream in connector.info().streams {
        let reader = |stream: &str| Reader::of(&fixture, connector.clone(), stream);
        let mut pages = Vec::new();
        match stream.partitioned_by {
            None => pages.extend(reader(stream.name).walk().await),
            Some(parent) => {
                let parents = reader(parent).walk().await;
                for parent in parents.iter().flat_map(|(_, page)| &page.records) {
                    pages.extend(reader(stream.name).of_partition(&*parent.key).walk().await);
                }
            }
        }
        for (_, page) in pages {
            assert!(page.rejected.is_empty(), "{}: {:?}", stream.name, page.rejected);
            page.records.iter().for_each(|record| assert_fits(record, &stream));
        }
    }
}

/// Neither the connector, its surroundings nor any error shows a secret, before and after tokens were granted.
pub async fn no_secret_shows(fixture: impl ConnectorFixture) {
    let reader = Reader::new(&fixture);
    let mut printed = format!("{:?} {:#?}", reader.connector, reader.cx);
    assert!(reader.walk().await.iter().any(|(_, page)| !page.records.is_empty()));
    printed += &format!("{:?} {:#?} {:?}", reader.connector, reader.cx, reader.connector.info());
    for failure in [Failure::Unauthenticated, Failure::RateLimited, Failure::Unavailable, Failure::BrokenJson]
    {
        fixture.fail_next(failure, 2).await;
        while let Err(error) = reader.fetch(None).await {
            let mut source: Option<&dyn std::error::Error> = Some(&error);
            while let Some(cause) = source {
                printed += &format!("{cause} {cause:?} {cause:#?}");
                source = cause.source();
            }
        }
    }
    for secret in fixture.secrets() {
        assert!(
            !secret.is_empty() && !printed.contains(&secret),
            "a secret shows: {}...",
            secret.get(..4).unwrap_or("")
        );
    }
}

/// Runs every behavior, one test each, against the fake vendors that the named async functions start. Each returns
/// an `Option` of a [`ConnectorFixture`](crate::testing::connector_suite::ConnectorFixture): `None` to skip, having
/// printed why.
///
/// ```
/// # use std::{collections::BTreeSet, sync::Arc};
/// use sentia_core::{Connector, testing::connector_suite::{ConnectorFixture, Failure}};
///
/// struct Rates { connector: Arc<dyn Connector> /* and the fake vendor it points at */ }
///
/// #[async_trait::async_trait]
/// impl ConnectorFixture for Rates {
///     fn connector(&self) -> Arc<dyn Connector> { self.connector.clone() }
///     fn stream(&self) -> &'static str { "daily" }
///     fn page_size(&self) -> u32 { 5 }
///     # async fn truth(&self) -> BTreeSet<String> { BTreeSet::new() }
///     # async fn change_within_the_newest_second(&self) -> String { String::new() }
///     # async fn expire_tokens(&self) {}
///     # async fn fail_next(&self, _: Failure, _: u32) {}
///     # async fn calls(&self) -> u64 { 0 }
///     # async fn grants(&self) -> u64 { 0 }
///     # fn secrets(&self) -> Vec<String> { Vec::new() }
///     // truth, change_within_the_newest_second, expire_tokens, fail_next, calls, grants, secrets
/// }
///
/// async fn rates() -> Option<Rates> {
///     // Start the fake vendor and a connector that points at it; `None` skips.
///     None
/// }
///
/// sentia_core::connector_suite!(rates);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! connector_suite {
    ($($vendor:ident),+ $(,)?) => {$(
        mod $vendor {
            $crate::suite_tests!(super::$vendor, connector_suite:
                describes_itself
                pages_lead_to_the_end
                resumes_at_every_page_boundary
                a_late_record_of_the_same_second_arrives
                fifty_refused_callers_refresh_once
                a_refusal_is_final_after_one_refresh
                a_rate_limit_keeps_its_wait
                an_outage_is_temporary
                broken_json_is_temporary
                a_dropped_fetch_loses_nothing
                records_fit_their_stream
                a_genuine_delivery_becomes_hints
                a_forged_delivery_is_refused
                a_replayed_delivery_is_the_same_event
                no_secret_shows);
        }
    )+};
}
