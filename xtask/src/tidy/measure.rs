//! Sizes of files and functions, and how much of the text is documentation.

use std::path::Path;

use super::{functions, mask, walk};
use crate::command::Outcome;
use crate::workspace;

const FILE_MEDIAN: usize = 150;
const FILE_P90: usize = 400;
const FILE_MAX: usize = 800;
const FUNCTION_P90: usize = 30;
const FUNCTION_MAX: usize = 80;

/// Least documentation lines for each line of code.
const DOCS: [(&str, f64); 2] = [("sentia-core", 0.4), ("sentia-connectors", 0.15)];

#[derive(Debug, Default)]
struct Sizes {
    files: Vec<usize>,
    functions: Vec<usize>,
    code: usize,
    docs: usize,
}

/// Prints the table, one row for each crate, and answers what is out of bounds.
pub(crate) fn sizes() -> Outcome<Vec<String>> {
    println!(
        "{:<20}{:>6}{:>22}{:>6}{:>22}{:>12}",
        "sources", "files", "lines med/p90/max", "fns", "lines med/p90/max", "docs/code"
    );
    let mut violations = Vec::new();
    let crates = [("sentia".to_owned(), "src".to_owned())].into_iter();
    let members = workspace::members()?.into_iter().map(|name| (name.clone(), format!("{name}/src")));
    for (name, folder) in crates.chain(members) {
        let sizes = read(&folder, &mut violations)?;
        sizes.print(&name);
        violations.extend(sizes.judge(&name));
    }
    for folder in ["tests", "examples", "benches"] {
        read(folder, &mut violations)?.print(folder);
    }
    Ok(violations)
}

fn read(folder: &str, violations: &mut Vec<String>) -> Outcome<Sizes> {
    let mut sizes = Sizes::default();
    for path in walk::rust_files(folder)? {
        let text = walk::text(&path).ok_or_else(|| format!("{} is not text", path.display()))?;
        sizes.add(&path, &text, violations);
    }
    sizes.files.sort_unstable();
    sizes.functions.sort_unstable();
    Ok(sizes)
}

impl Sizes {
    fn add(&mut self, path: &Path, text: &str, violations: &mut Vec<String>) {
        let masked = mask::code(text);
        let tests = functions::test_modules(&masked);
        let all_test =
            path.ends_with("tests.rs") || path.parent().is_some_and(|folder| folder.ends_with("tests"));
        let is_test = |line: usize| all_test || tests.iter().any(|range| range.contains(&line));
        let length = text.lines().count();
        self.files.push(length);
        if length > FILE_MAX {
            violations.push(format!("{}: {length} lines; {FILE_MAX} are allowed", path.display()));
        }
        for function in functions::functions(&masked).into_iter().filter(|function| !is_test(function.line)) {
            self.functions.push(function.length);
            if function.length > FUNCTION_MAX {
                let place = format!("{}:{}", path.display(), function.line + 1);
                violations.push(format!(
                    "{place}: a function of {} lines; {FUNCTION_MAX} are allowed",
                    function.length
                ));
            }
        }
        let is_doc =
            |line: &&str| line.trim_start().starts_with("///") || line.trim_start().starts_with("//!");
        self.docs += text.lines().filter(is_doc).count() + included_prose(path, text);
        // Behavior suites and stores in memory are compiled for tests alone, too.
        let is_support = path.components().any(|folder| folder.as_os_str() == "testing");
        let is_code = |(at, line): &(usize, &str)| !line.trim().is_empty() && !is_test(*at) && !is_support;
        self.code += masked.lines().enumerate().filter(is_code).count();
    }

    fn docs_per_code(&self) -> f64 {
        if self.code == 0 { 0.0 } else { self.docs as f64 / self.code as f64 }
    }

    fn print(&self, name: &str) {
        println!(
            "{name:<20}{:>6}{:>22}{:>6}{:>22}{:>12.2}",
            self.files.len(),
            spread(&self.files),
            self.functions.len(),
            spread(&self.functions),
            self.docs_per_code()
        );
    }

    fn judge(&self, name: &str) -> Vec<String> {
        let bounds = [
            ("median file", at(&self.files, 50), FILE_MEDIAN),
            ("90th percentile of files", at(&self.files, 90), FILE_P90),
            ("90th percentile of functions", at(&self.functions, 90), FUNCTION_P90),
        ];
        let sizes = bounds.into_iter().filter(|(_, lines, limit)| lines > limit);
        let mut found: Vec<String> = sizes
            .map(|(what, lines, limit)| format!("{name}: the {what} has {lines} lines; {limit} are allowed"))
            .collect();
        let least = DOCS.iter().filter(|(subject, least)| *subject == name && self.docs_per_code() < *least);
        found.extend(least.map(|(_, least)| {
            format!(
                "{name}: {:.2} lines of documentation for a line of code; {least} is the least",
                self.docs_per_code()
            )
        }));
        found
    }
}

/// Lines of the Markdown files that stand in the source by `#![doc = include_str!("...")]`.
fn included_prose(path: &Path, text: &str) -> usize {
    let names =
        text.lines().filter_map(|line| line.strip_prefix("#![doc = include_str!(\"")?.strip_suffix("\")]"));
    let prose = names.filter_map(|name| walk::text(&path.with_file_name(name)));
    prose.map(|prose| prose.lines().count()).sum()
}

fn spread(sorted: &[usize]) -> String {
    format!("{} · {} · {}", at(sorted, 50), at(sorted, 90), sorted.last().unwrap_or(&0))
}

/// The percentile by nearest rank.
fn at(sorted: &[usize], percent: usize) -> usize {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let sorted: Vec<usize> = (1..=10).collect();
        assert_eq!((at(&sorted, 50), at(&sorted, 90), at(&[], 50), at(&[7], 90)), (5, 9, 0, 7));
    }
}
