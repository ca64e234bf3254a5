//! The behaviors that every connector must have, against the API.

use std::{collections::BTreeSet, sync::Arc};

use sentia::{
    Connector,
    testing::connector_suite::{ConnectorFixture, Failure},
};

use super::{
    Parcels,
    api::{Api, CLIENT, TOKEN, Trouble},
};

struct Fixture {
    api: Api,
}

/// Starts an API of its own for each behavior.
async fn parcels() -> Option<Fixture> {
    Some(Fixture { api: Api::start().await })
}

#[async_trait::async_trait]
impl ConnectorFixture for Fixture {
    fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(Parcels::new(&self.api.base_url, CLIENT.0, CLIENT.1.into()))
    }

    fn stream(&self) -> &'static str {
        "shipments"
    }

    fn page_size(&self) -> u32 {
        5
    }

    async fn truth(&self) -> BTreeSet<String> {
        self.api.books().shipments.keys().cloned().collect()
    }

    async fn change_within_the_newest_second(&self) -> String {
        self.api.change_within_the_newest_second()
    }

    async fn expire_tokens(&self) {
        let mut books = self.api.books();
        books.ended = books.grants;
    }

    async fn fail_next(&self, failure: Failure, calls: u32) {
        let trouble = match failure {
            Failure::Unauthenticated => Trouble::Refused,
            Failure::RateLimited => Trouble::TooMany,
            Failure::Unavailable => Trouble::Down,
            Failure::BrokenJson => Trouble::CutOff,
        };
        self.api.books().troubles.extend(std::iter::repeat_n(trouble, calls as usize));
    }

    async fn calls(&self) -> u64 {
        self.api.books().calls
    }

    async fn grants(&self) -> u64 {
        self.api.books().grants
    }

    fn secrets(&self) -> Vec<String> {
        vec![CLIENT.1.to_owned(), TOKEN.to_owned()]
    }
}

sentia::connector_suite!(parcels);
