//! Where the workspace is and what its manifest says.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::command::Outcome;

pub(crate) fn root() -> PathBuf {
    let own = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or(own.clone(), Path::to_path_buf)
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What is downloaded once and kept between runs.
pub(crate) fn cache() -> PathBuf {
    target().join("xtask")
}

/// The folders of the member crates; the facade itself is not among them.
pub(crate) fn members() -> Outcome<Vec<String>> {
    let manifest = manifest()?;
    let list = manifest
        .split_once("members = [")
        .and_then(|(_, rest)| rest.split_once(']'))
        .ok_or("the root manifest lists no members")?
        .0;
    Ok(list
        .split(',')
        .map(|name| name.trim().trim_matches('"').to_owned())
        .filter(|name| !name.is_empty())
        .collect())
}

/// The features of the facade, `default` apart, in the manifest's order.
pub(crate) fn features() -> Outcome<Vec<String>> {
    Ok(features_of(&manifest()?))
}

fn features_of(manifest: &str) -> Vec<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[features]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once(" = ["))
        .map(|(name, _)| name.trim().trim_matches('"').to_owned())
        .filter(|name| name != "default" && !name.starts_with('#'))
        .collect()
}

fn manifest() -> Outcome<String> {
    let path = root().join("Cargo.toml");
    fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_from_their_section_alone() {
        let manifest = "[lib]\nx = [\n\n[features]\ndefault = [\"a\"]\n# b = [\na = [\"dep:a\"]\nmicrosoft-graph = [\n]\n\n[dependencies]\nc = [\n";
        assert_eq!(features_of(manifest), ["a", "microsoft-graph"]);
    }

    #[test]
    fn the_facade_of_this_workspace_has_features_and_members() {
        assert!(features().unwrap().contains(&"sqlite".to_owned()));
        assert!(members().unwrap().contains(&"xtask".to_owned()));
    }
}
