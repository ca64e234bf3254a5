//! The project's own files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::Outcome;
use crate::workspace;

const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "Cargo.lock"];

/// Every file below `folder`, as a path relative to the workspace, in order.
pub(crate) fn files(folder: &str) -> Outcome<Vec<PathBuf>> {
    let root = workspace::root();
    let mut found = Vec::new();
    visit(&root.join(folder), &mut found)?;
    found.sort();
    Ok(found.into_iter().filter_map(|path| path.strip_prefix(&root).ok().map(Path::to_path_buf)).collect())
}

pub(crate) fn rust_files(folder: &str) -> Outcome<Vec<PathBuf>> {
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "rs");
    Ok(files(folder)?.into_iter().filter(is_rust).collect())
}

/// The text of a file; nothing for one that is not text.
pub(crate) fn text(path: &Path) -> Option<String> {
    fs::read_to_string(workspace::root().join(path)).ok()
}

fn visit(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(|error| format!("cannot list {}: {error}", folder.display()))?;
        if SKIPPED.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => visit(&entry.path(), found)?,
            Ok(kind) if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    Ok(())
}
