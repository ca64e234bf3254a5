//! Named stages at which a test can have the process killed, as by SIGKILL.
//!
//! The points compile to nothing without the feature `testing`. With it they act only when the variable
//! `SENTIA_CRASH_AT` names their stage, as `stage` or `stage:3` for the third time it is reached.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

/// The stages, in the order a window passes them. A kill test fails if one of its stages was never hit.
pub const STAGES: [&str; 7] = [
    "fetch.before",
    "commit.begun",
    "commit.rows_written",
    "commit.before_seal",
    "commit.swept",
    "commit.before_commit",
    "commit.after",
];

/// The stages that a worker passes with a job, and an engine with a schedule.
pub const JOB_STAGES: [&str; 4] = ["schedule.stepped", "job.claimed", "job.handled", "job.finished"];

/// The stage of a secret's write in which it is written and not committed. Stores hit it; no window passes it.
pub const SECRET_WRITTEN: &str = "secret.written";

static TARGET: LazyLock<Option<(String, u64)>> = LazyLock::new(|| {
    let target = crate::config::optional_from_env("SENTIA_CRASH_AT")?;
    let (stage, nth) = target.split_once(':').unwrap_or((&target, "1"));
    Some((stage.to_owned(), nth.parse().unwrap_or(1)))
});

static REACHED: LazyLock<Mutex<HashMap<String, u64>>> = LazyLock::new(Mutex::default);

/// Kills the process without unwinding or flushing if this is the stage it was told to die at.
///
/// Everywhere else it is a look at a variable that was read once.
pub fn point(stage: &str) {
    let Some((target, nth)) = &*TARGET else { return };
    if target != stage {
        return;
    }
    let mut reached = REACHED.lock().unwrap_or_else(PoisonError::into_inner);
    let times = reached.entry(stage.to_owned()).or_default();
    *times += 1;
    if *times == *nth {
        kill_self();
    }
}

/// SIGKILL where there is one: no destructor, no buffer and no database driver gets a last word.
fn kill_self() -> ! {
    let pid = std::process::id().to_string();
    let _ = std::process::Command::new("kill").args(["-KILL", &pid]).status();
    std::process::abort();
}
