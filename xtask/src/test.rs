//! `cargo xtask test`: every check the project has, in order, on a server of its own.

use std::collections::BTreeMap;

use crate::command::{self, Outcome, cargo, output};
use crate::runner::{self, Count};
use crate::steps::Steps;
use crate::{conformance, model, postgres, tidy, workspace};

const STEPS: [&str; 8] = ["fmt", "clippy", "tests", "model", "doctests", "docs", "features", "tidy"];

/// Lints of the group that would refuse what we do on purpose: doctests on private items.
const RUSTDOC: &str = "-D rustdoc::all -D warnings -A rustdoc::private_doc_tests";

pub(crate) fn run(words: &[String]) -> Outcome {
    match words {
        [] => all(),
        [flag, step] if flag == "--only" => only(step),
        selection => tests(selection, &mut Count::default()),
    }
}

pub(crate) fn only(step: &str) -> Outcome {
    perform(step, &mut Count::default())
}

pub(crate) fn lint() -> Outcome {
    for step in ["fmt", "clippy", "tidy"] {
        only(step)?;
    }
    if output(&mut cargo(["deny", "--version"])).is_err() {
        println!("cargo-deny is not installed: deny.toml was not checked");
        return Ok(());
    }
    command::run(&mut cargo(["deny", "check", "licenses", "bans", "sources"]))
}

fn all() -> Outcome {
    let mut steps = Steps::default();
    let mut count = Count::default();
    for name in STEPS {
        steps.step(name, || perform(name, &mut count))?;
    }
    steps.summarize();
    println!("\nall steps passed; unit, behavior and documentation tests together:");
    println!("test result: ok. {} passed; {} failed; {} ignored", count.passed, count.failed, count.skipped);
    Ok(())
}

fn perform(step: &str, count: &mut Count) -> Outcome {
    match step {
        "fmt" => command::run(&mut cargo(["fmt", "--all", "--check"])),
        "clippy" => {
            command::run(&mut cargo(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
        }
        "tests" => tests(&["--workspace".to_owned()], count),
        "model" => model::run(&[], count),
        "doctests" => runner::counted(&mut cargo(["test", "--workspace", "--doc"]), count),
        "docs" => command::run(cargo(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", RUSTDOC)),
        "features" => features(),
        "tidy" => tidy::run(),
        other => Err(format!("unknown step {other}; the steps are {}", STEPS.join(" "))),
    }
}

fn tests(selection: &[String], count: &mut Count) -> Outcome {
    let installed = conformance::install()?;
    let server = postgres::provide()?;
    let environment: BTreeMap<_, _> = server.environment().into_iter().chain(installed).collect();
    let mut command = if runner::has_nextest() {
        let mut command = runner::nextest("default");
        command.arg("--no-fail-fast").args(selection);
        command
    } else {
        println!("cargo-nextest is not installed: cargo's own runner takes longer");
        let mut command = cargo(["test", "--no-fail-fast"]);
        // Benchmarks are compiled by the clippy step and run by `cargo xtask bench`.
        if selection == ["--workspace"] {
            command.args(["--lib", "--bins", "--tests", "--examples"]);
        }
        command.args(selection);
        command
    };
    runner::counted(command.envs(environment), count)
}

/// A feature that builds only beside another one is found here. Dev-dependencies would switch all of them on, so
/// nothing but the library is checked.
fn features() -> Outcome {
    let base = ["check", "--package", "sentia", "--lib", "--no-default-features"];
    command::run(&mut cargo(base))?;
    for feature in workspace::features()? {
        command::run(cargo(base).args(["--features", &feature]))?;
    }
    Ok(())
}
