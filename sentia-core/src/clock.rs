//! The only module that knows the time. Everything else is handed a [`Clock`].
//!
//! `clippy.toml` forbids `Utc::now` and `tokio::time::sleep` everywhere else. Timeouts and deadlines alone use the
//! runtime's own timer, because they must end a future that waits for a socket.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A source of time that tests can replace.
///
/// ```
/// use sentia_core::clock::{Clock, SystemClock};
///
/// let before = SystemClock.now();
/// assert!(SystemClock.now() >= before);
/// ```
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The current instant.
    ///
    /// It is compared with instants of this clock only. How far a vendor's records reach is told by the vendor's own
    /// clock, the `Date` header.
    fn now(&self) -> DateTime<Utc>;

    /// Waits for `duration`.
    ///
    /// # Cancel safety
    /// Dropping the future ends the wait; nothing is lost.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock.
///
/// The default of a [`Pipeline`](crate::Pipeline).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the module that owns the time")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the module that owns the time")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock that stands still until a test moves it; a sleep moves it by its own length and returns at once.
///
/// So a test of a day of retries takes no time, and [`now`](Clock::now) afterwards says how long was waited:
///
/// ```
/// use std::time::Duration;
/// use sentia_core::{clock::Clock, testing::ManualClock};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let clock = ManualClock::new(chrono::DateTime::UNIX_EPOCH);
/// clock.sleep(Duration::from_secs(90)).await;
/// clock.advance(Duration::from_secs(10));
/// assert_eq!(clock.now().timestamp(), 100);
/// # }
/// ```
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct ManualClock(std::sync::Mutex<DateTime<Utc>>);

#[cfg(any(test, feature = "testing"))]
impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: DateTime<Utc>) -> Self {
        ManualClock(std::sync::Mutex::new(start))
    }

    /// Moves the clock forward.
    pub fn advance(&self, duration: Duration) {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += duration;
    }
}

#[cfg(any(test, feature = "testing"))]
#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
        tokio::task::yield_now().await;
    }
}

/// The runtime's own time, for simulations under `tokio::time::pause`: it jumps ahead whenever all tasks wait, so many
/// tasks of many hours take as long as their computing does.
///
/// ```
/// use std::time::Duration;
/// use sentia_core::{clock::Clock, testing::RuntimeClock};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let clock = RuntimeClock::default();
/// clock.sleep(Duration::from_secs(3600)).await;
/// assert_eq!(clock.now().timestamp(), 3600);
/// # }
/// ```
#[cfg(any(test, feature = "testing"))]
#[derive(Debug)]
pub struct RuntimeClock(tokio::time::Instant);

#[cfg(any(test, feature = "testing"))]
impl Default for RuntimeClock {
    /// A clock that begins at 1970 now.
    fn default() -> Self {
        RuntimeClock(tokio::time::Instant::now())
    }
}

#[cfg(any(test, feature = "testing"))]
#[async_trait]
impl Clock for RuntimeClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.0.elapsed()
    }

    #[allow(clippy::disallowed_methods, reason = "this is the module that owns the time")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
