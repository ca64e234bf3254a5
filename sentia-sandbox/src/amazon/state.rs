//! What the twin knows besides the universe.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::bucket::Buckets;
use super::fault::{AmazonFault, Door};
use super::page::PageDesk;
use super::report_desk::ReportDesk;
use super::report_kind::ReportKind;
use super::token::TokenDesk;
use crate::fault::{Endpoint, Injector};
use crate::journal::Journal;
use crate::pacing::Pacing;
use crate::rng::Rng;
use crate::universe::Region;
use crate::world::World;

/// What tests may set.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) pacing: Pacing,
    pub(crate) page_cap: Option<usize>,
    pub(crate) search_wall: usize,
    pub(crate) personal_data: bool,
    pub(crate) restricted: Vec<ReportKind>,
    pub(crate) zero_stock_rows: bool,
    pub(crate) queue: TimeDelta,
    pub(crate) processing: TimeDelta,
    pub(crate) repeat_interval: TimeDelta,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pacing: Pacing::Real,
            page_cap: None,
            search_wall: 1_000,
            personal_data: false,
            restricted: Vec::new(),
            zero_stock_rows: false,
            queue: TimeDelta::seconds(15),
            processing: TimeDelta::seconds(45),
            repeat_interval: TimeDelta::minutes(30),
        }
    }
}

/// The faults of each door, counted apart.
#[derive(Debug, Default)]
pub(crate) struct Doors {
    pub(crate) token: Injector<AmazonFault>,
    pub(crate) call: Injector<AmazonFault>,
    pub(crate) new_report: Injector<AmazonFault>,
    pub(crate) download: Injector<AmazonFault>,
}

impl Doors {
    pub(crate) fn at(&self, door: Door) -> &Injector<AmazonFault> {
        match door {
            Door::Token => &self.token,
            Door::Call => &self.call,
            Door::NewReport => &self.new_report,
            Door::Download => &self.download,
        }
    }
}

/// What the twin knows besides the universe.
#[derive(Debug)]
pub(crate) struct AmazonState {
    pub(crate) world: Arc<World>,
    pub(crate) region: Region,
    pub(crate) base_url: String,
    pub(crate) tokens: Mutex<TokenDesk>,
    pub(crate) buckets: Mutex<Buckets>,
    pub(crate) pages: Mutex<PageDesk>,
    pub(crate) reports: Mutex<ReportDesk>,
    pub(crate) settings: Mutex<Settings>,
    pub(crate) doors: Doors,
    pub(crate) journal: Journal,
    pub(crate) ids: Mutex<Rng>,
}

impl AmazonState {
    /// The fault that strikes a request at a door.
    pub(crate) fn strike(&self, door: Door, request: &str) -> Option<AmazonFault> {
        let endpoint = if door == Door::Token { Endpoint::Token } else { Endpoint::Data };
        self.doors.at(door).strike(&self.world, endpoint, request)
    }

    /// A page size under the cap that a test may have set.
    pub(crate) fn page_size(&self, size: usize) -> usize {
        lock(&self.settings).page_cap.map_or(size, |cap| size.min(cap))
    }

    pub(crate) fn fresh_id(&self) -> String {
        lock(&self.ids).guid().hyphenated().to_string()
    }
}

/// Locks without fear of poison: nothing here is left half done by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
