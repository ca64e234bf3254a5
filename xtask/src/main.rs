//! What a contributor types: `cargo xtask test`, and the verbs that `cargo xtask help` lists.
#![allow(clippy::print_stdout, reason = "a command-line program prints")]
#![allow(
    clippy::disallowed_methods,
    reason = "clock, environment and sleep rules are for the product's crates"
)]

mod bench;
mod builds;
mod command;
mod conformance;
mod model;
mod postgres;
mod runner;
mod soak;
mod steps;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use command::Outcome;

const HELP: &str = "\
cargo xtask VERB

  test                 every check, in order, on a throwaway PostgreSQL
  test ARGS            a selection of tests, as the test runner names it: test -p sentia-core cursor
  test --only STEP     one step: fmt clippy tests model doctests docs features tidy
  lint                 fmt, clippy, tidy, and cargo-deny where it is installed
  docs                 rustdoc with every warning an error
  features             the facade with each feature alone, and with none
  tidy                 file and function sizes, module names, stray paths
  bench [ARGS]         the benchmarks
  builds               size, crates and compile time of a host with each connector alone
  model [ARGS]         quota, breaker and token refresh under a model checker, many orders of their steps
  soak [ARGS]          crash, kill and property tests at full length, in release mode
  postgres -- COMMAND  a command with SENTIA_TEST_POSTGRES_URL set to a throwaway server
  help                 this text

SENTIA_TEST_POSTGRES_URL, when set, is used instead of a throwaway server.
SENTIA_REQUIRE_SPECS=1 turns every reason to skip a conformance check into a failure.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let verb = words.next().unwrap_or_else(|| "help".to_owned());
    match run(&verb, &words.collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask {verb}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(verb: &str, words: &[String]) -> Outcome {
    match verb {
        "test" => test::run(words),
        "lint" => test::lint(),
        "docs" => test::only("docs"),
        "features" => test::only("features"),
        "tidy" => test::only("tidy"),
        "bench" => bench::run(words),
        "builds" => builds::run(),
        "model" => model::run(words, &mut runner::Count::default()),
        "soak" => soak::run(words),
        "postgres" => postgres::run(words),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown verb {other}; `cargo xtask help` lists them")),
    }
}
