//! Runs scenarios under the model checker; only in builds with `--cfg shuttle` (decision 0017).

use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler},
};

/// Changes of priority: what goes wrong by so many steps in an unlucky order is found.
const DEPTH: usize = 4;

/// Runs `scenario` in many orders of its steps, at random and with few changes of priority.
///
/// `orders` says how many of each: as a share, and with `SENTIA_SOAK` set. `SENTIA_MODEL_SEED` begins elsewhere.
///
/// # Panics
/// When the scenario does, or when all of its tasks wait. The order is printed, for `shuttle::replay`.
pub fn check(orders: (usize, usize), scenario: impl AsyncFn() + Copy + Send + Sync + 'static) {
    let orders = if std::env::var_os("SENTIA_SOAK").is_some() { orders.1 } else { orders.0 };
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
