//! Server binaries that are already on this machine.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Debian and Ubuntu keep one folder for each major version here, out of PATH.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Folders that hold a server, those in PATH first, then the newest.
pub(crate) fn bins() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    env::split_paths(&path)
        .chain(versions.into_iter().map(|(_, bin)| bin))
        .filter(|bin| is_server(bin))
        .collect()
}

fn is_server(bin: &Path) -> bool {
    ["postgres", "initdb", "createdb"].iter().all(|program| bin.join(program).is_file())
}
