//! Quota and breaker under the model checker: `cargo xtask model`.
//!
//! Built with `--cfg shuttle` every lock, atomic and task of the shipping code is the checker's, which runs each scenario in
//! many orders of its steps: at random, and with few changes of priority, which finds what takes a rare order of few steps
//! (Burckhardt et al., ASPLOS 2010). A waiter that nobody wakes is a deadlock, which fails the run. What fails prints the order,
//! which `shuttle::replay` repeats.

#![cfg(shuttle)]

mod breaker;
mod limiter;
mod time;

use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};

/// Orders tried of each scenario and way, by the test command and at full length.
const ORDERS: (usize, usize) = (300, 5_000);
/// Changes of priority: what goes wrong by so many steps in an unlucky order is found.
const DEPTH: usize = 4;

/// Runs `scenario` in many orders.
fn check(scenario: impl AsyncFn() + Copy + Send + Sync + 'static) {
    let orders = if std::env::var_os("SENTIA_SOAK").is_some() { ORDERS.1 } else { ORDERS.0 };
    let seed = std::env::var("SENTIA_MODEL_SEED").map_or(2026, |seed| seed.parse().expect("a number"));
    let config = || {
        let mut config = Config::new();
        // A stack of asynchronous layers is deeper than the checker's own 32 KiB.
        config.stack_size = 1 << 20;
        config
    };
    let run = move || shuttle::future::block_on(scenario());
    Runner::new(RandomScheduler::new_from_seed(seed, orders), config()).run(run);
    Runner::new(PctScheduler::new_from_seed(seed, DEPTH, orders), config()).run(run);
}
