//! `cargo xtask tidy`: sizes, names and paths that reviews should not have to look for.

mod folders;
mod functions;
mod mask;
mod measure;
mod names;
mod paths;
mod walk;

use crate::command::Outcome;

pub(crate) fn run() -> Outcome {
    let mut violations = measure::sizes()?;
    violations.extend(names::drawers()?);
    violations.extend(paths::strays()?);
    violations.extend(folders::differences()?);
    if violations.is_empty() {
        println!("tidy: nothing to complain about");
        return Ok(());
    }
    for violation in &violations {
        println!("tidy: {violation}");
    }
    Err(format!("{} violations", violations.len()))
}
