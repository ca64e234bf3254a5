//! Connectors' folders: who knows one knows all.

use std::{collections::BTreeSet, fs};

use crate::{command::Outcome, workspace};

/// What every connector has. A folder beside a file of its name holds the file's parts.
const SAME: [&str; 12] = [
    "README.md",
    "client.rs",
    "config.rs",
    "connector.rs",
    "envelope.rs",
    "error.rs",
    "fixtures",
    "mod.rs",
    "streams",
    "tests",
    "webhook.rs",
    "wire.rs",
];

/// Files that a connector lacks, and files of its own that ARCHITECTURE.md does not name.
pub(crate) fn differences() -> Outcome<Vec<String>> {
    let root = workspace::root();
    let read = |path: &str| {
        fs::read_to_string(root.join(path)).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let architecture = read("ARCHITECTURE.md")?;
    let mut found = Vec::new();
    let all = entries("sentia-connectors/src")?;
    // A folder beside a file of its name holds that file's parts, and is no connector's.
    let is_vendor = |name: &&String| !name.contains('.') && !all.contains(&format!("{name}.rs"));
    for vendor in all.iter().filter(is_vendor) {
        let folder = format!("sentia-connectors/src/{vendor}");
        let files = entries(&folder)?;
        let lacking = SAME.iter().filter(|file| !files.contains(**file));
        found.extend(lacking.map(|file| format!("{folder} lacks {file}, which every connector has")));
        let is_part = |file: &str| files.contains(&format!("{file}.rs"));
        let own = files.iter().filter(|file| !SAME.contains(&file.as_str()) && !is_part(file));
        let unnamed = own.filter(|file| !architecture.contains(&format!("`{vendor}/{file}`")));
        found.extend(
            unnamed.map(|file| format!("{folder}/{file}: ARCHITECTURE.md does not say what it holds")),
        );
    }
    Ok(found)
}

fn entries(folder: &str) -> Outcome<BTreeSet<String>> {
    let failed = |error| format!("cannot list {folder}: {error}");
    let listed = fs::read_dir(workspace::root().join(folder)).map_err(failed)?;
    let name = |entry: std::io::Result<fs::DirEntry>| {
        Ok(entry.map_err(failed)?.file_name().to_string_lossy().into_owned())
    };
    listed.map(name).collect()
}
