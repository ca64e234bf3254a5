//! A run of named steps: stops at the first that fails, says how long each took.

use std::time::{Duration, Instant};

use crate::command::Outcome;

#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration)>,
}

impl Steps {
    /// Runs one step and records its duration.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        println!("\n=== {name}");
        let begun = Instant::now();
        let result = work();
        let took = begun.elapsed();
        println!(
            "=== {name}: {} in {:.1} s",
            if result.is_ok() { "ok" } else { "FAILED" },
            took.as_secs_f64()
        );
        self.done.push((name.to_owned(), took));
        result.map_err(|reason| {
            self.summarize();
            format!("step {name}: {reason}\nrepeat it alone with `cargo xtask test --only {name}`")
        })
    }

    pub(crate) fn summarize(&self) {
        println!("\n{:<12}{:>10}", "step", "seconds");
        for (name, took) in &self.done {
            println!("{name:<12}{:>10.1}", took.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, took)| *took).sum();
        println!("{:<12}{:>10.1}", "together", total.as_secs_f64());
    }
}
