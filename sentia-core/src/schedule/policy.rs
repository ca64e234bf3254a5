//! What happens to due times that passed unseen, and to those that come while a run goes on.

use serde::{Deserialize, Serialize};

/// What is done about due times that nobody was there for: the process was down, or the clock leapt.
///
/// In any case they are counted as missed. The newest due time is on time, and not missed, while it is at most the
/// [grace](super::Schedule::grace) late; it always runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CatchUp {
    /// Nothing: the next due time runs.
    Skip,
    /// One run stands for all that were missed and bears the oldest one's time; what is on time runs besides.
    Once,
    /// Each is run, the oldest first. Of more than `cap`, the newest `cap` are; what is on time runs besides.
    All {
        /// The most runs made up for at once, up to 10,000; zero is [`CatchUp::Skip`].
        cap: u32,
    },
    /// The newest due time runs, late or not, and stands for all before it. The default: a sync reads everything since the last
    /// one.
    Latest,
}

/// What is done when a run falls due while another of its schedule goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Overlap {
    /// The new run is left out. The default: the one that goes on reads what there is.
    Skip,
    /// The new run waits for the other's end. One waits at most; further ones are merged into it.
    Queue,
    /// Both go on beside each other. Their pipelines' leases still keep two from writing one stream.
    Allow,
}

/// Answer of [`Overlap::admit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Begin it now.
    Start,
    /// Begin it when the one that goes on has ended.
    Wait,
    /// Leave it out, and count it: another one goes on, or waits already.
    LeaveOut,
}

impl Overlap {
    /// Whether a run may begin, beside so many that go on and so many that wait.
    ///
    /// ```
    /// use sentia_core::schedule::{Admission, Overlap};
    ///
    /// assert_eq!(Overlap::Skip.admit(0, 0), Admission::Start);
    /// assert_eq!(Overlap::Skip.admit(1, 0), Admission::LeaveOut);
    /// assert_eq!(Overlap::Queue.admit(1, 0), Admission::Wait);
    /// assert_eq!(Overlap::Queue.admit(1, 1), Admission::LeaveOut);
    /// assert_eq!(Overlap::Queue.admit(0, 1), Admission::LeaveOut, "the waiting one is first");
    /// assert_eq!(Overlap::Allow.admit(3, 0), Admission::Start);
    /// ```
    pub fn admit(self, running: usize, waiting: usize) -> Admission {
        match self {
            Overlap::Allow => Admission::Start,
            _ if running == 0 && waiting == 0 => Admission::Start,
            Overlap::Queue if waiting == 0 => Admission::Wait,
            Overlap::Skip | Overlap::Queue => Admission::LeaveOut,
        }
    }
}
