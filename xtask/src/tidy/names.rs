//! Modules that hold what nobody placed.

use super::walk;
use crate::command::Outcome;

const DRAWERS: [&str; 8] = ["util", "utils", "common", "helper", "helpers", "misc", "manager", "managers"];

pub(crate) fn drawers() -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for path in walk::rust_files("")? {
        let own = path.with_extension("");
        let folders = own.iter().filter_map(|part| part.to_str());
        if let Some(name) = folders.into_iter().find(|part| DRAWERS.contains(part)) {
            found.push(format!("{}: `{name}` says nothing of what it holds", path.display()));
        }
        let text = walk::text(&path).unwrap_or_default();
        found.extend(text.lines().enumerate().filter_map(|(at, line)| {
            let name = inline_module(line).filter(|name| DRAWERS.contains(name))?;
            Some(format!("{}:{}: `{name}` says nothing of what it holds", path.display(), at + 1))
        }));
    }
    Ok(found)
}

fn inline_module(line: &str) -> Option<&str> {
    let (start, rest) = line.split_once("mod ")?;
    let is_item = start.trim().is_empty() || start.trim().starts_with("pub");
    let name = rest.split_once(" {")?.0;
    is_item.then_some(name)
}
