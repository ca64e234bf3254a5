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

use sentia_core::testing::model;

/// Orders tried of each scenario and way, by the test command and at full length.
const ORDERS: (usize, usize) = (300, 5_000);

fn check(scenario: impl AsyncFn() + Copy + Send + Sync + 'static) {
    model::check(ORDERS, scenario);
}
