//! Paths of one machine, and hosts that a package client finds by itself.

use super::walk;
use crate::command::Outcome;

/// Written in two halves, so that this file passes its own check.
const STRAYS: [&str; 9] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("registry.", "npmjs"),
    concat!("registry.", "yarnpkg"),
    concat!("py", "pi.org"),
    concat!("python", "hosted"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("deb.", "debian.org"),
];

/// Paths of vendors' APIs that look alike: a drive's root in Microsoft Graph.
const OF_VENDORS: [&str; 2] = ["/root/delta", "/root/children"];

pub(crate) fn strays() -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for path in walk::files("")? {
        let Some(text) = walk::text(&path) else { continue };
        for (at, line) in text.lines().enumerate() {
            let text = OF_VENDORS.iter().fold(line.to_owned(), |text, path| text.replace(path, ""));
            let hits = STRAYS.iter().filter(|stray| text.contains(**stray));
            found.extend(
                hits.map(|stray| format!("{}:{}: {stray} does not belong here", path.display(), at + 1)),
            );
        }
    }
    Ok(found)
}
