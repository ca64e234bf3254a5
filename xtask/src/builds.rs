//! What a host pays for each connector: a program that uses it alone, built in release mode.
//!
//! The first build is cold and has no connector; each of the others adds its feature to what is built already, so its
//! CPU seconds are those of the feature. CPU time is of all compilers together, and does not depend on how busy the
//! machine is.

use std::{collections::BTreeSet, fs, path::Path};

use crate::{
    command::{Outcome, cargo, output},
    workspace,
};

/// Each feature with the connector it brings.
const CONNECTORS: [(&str, &str); 5] = [
    ("shopify", "Shopify"),
    ("xero", "Xero"),
    ("amazon", "Amazon"),
    ("unleashed", "Unleashed"),
    ("microsoft-graph", "MicrosoftGraph"),
];

pub(crate) fn run() -> Outcome {
    let folder = workspace::root().join("target/builds");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot empty {}: {error}", folder.display()))?;
    }
    println!("| features | crates | program, stripped | CPU seconds to build |");
    println!("| --- | --- | --- | --- |");
    let mut before = BTreeSet::new();
    build(&folder, &[], &mut before)?;
    for connector in &CONNECTORS {
        build(&folder, &[*connector], &mut before.clone())?;
    }
    build(&folder, &CONNECTORS, &mut before)
}

fn build(folder: &Path, connectors: &[(&str, &str)], known: &mut BTreeSet<String>) -> Outcome {
    let name = match connectors {
        [] => "none".to_owned(),
        [(feature, _)] => (*feature).to_owned(),
        _ => "all".to_owned(),
    };
    let host = folder.join(&name);
    write(&host, connectors).map_err(|error| format!("cannot write {}: {error}", host.display()))?;
    let manifest = host.join("Cargo.toml");
    let manifest = manifest.to_str().ok_or("the workspace's path is not UTF-8")?;
    let cache = folder.join("cache");
    let cache = cache.to_str().ok_or("the workspace's path is not UTF-8")?;
    let tree = ["tree", "--manifest-path", manifest, "-e", "normal", "--prefix", "none", "--format", "{p}"];
    let crates: BTreeSet<String> = output(&mut cargo(tree))?.lines().map(str::to_owned).collect();
    let started = children_seconds();
    output(&mut cargo(["build", "--release", "--manifest-path", manifest, "--target-dir", cache]))?;
    let seconds = children_seconds() - started;
    let program = folder.join("cache/release").join(format!("host-{name}"));
    let size =
        fs::metadata(&program).map_err(|error| format!("no program {}: {error}", program.display()))?;
    let more = if known.is_empty() { "" } else { "+" };
    println!(
        "| {} | {} | {:.1} MB | {more}{seconds:.0} |",
        if connectors.is_empty() { "`sqlite` alone".to_owned() } else { format!("`sqlite`, `{name}`") },
        crates.len(),
        size.len() as f64 / 1e6,
    );
    known.extend(crates);
    Ok(())
}

/// A host application that runs what it names.
fn write(host: &Path, connectors: &[(&str, &str)]) -> std::io::Result<()> {
    let name = host.file_name().unwrap_or_default().to_string_lossy();
    let features = ["sqlite"].into_iter().chain(connectors.iter().map(|(feature, _)| *feature));
    let features: Vec<_> = features.map(|feature| format!("\"{feature}\"")).collect();
    let manifest = format!(
        "[package]\nname = \"host-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\nsentia = {{ path = \"{}\", default-features = false, features = [{}] }}\n\
         tokio = {{ version = \"1\", default-features = false, features = [\"rt-multi-thread\", \"macros\"] }}\n\n\
         [profile.release]\nstrip = true\n",
        workspace::root().display(),
        features.join(", ")
    );
    let runs = connectors.iter().map(|(_, connector)| {
        format!(
            "    Pipeline::new(sentia::connectors::{connector}::from_env()?, store.clone()).run().await?;\n"
        )
    });
    let runs: String = runs.collect();
    let import = if connectors.is_empty() { "" } else { "use sentia::Pipeline;\n\n" };
    let main = format!(
        "{import}#[tokio::main]\nasync fn main() -> sentia::Result<()> {{\n    \
         let store = sentia::Store::connect(\"sqlite://host.db?mode=rwc\").await?;\n{runs}    \
         store.close().await;\n    Ok(())\n}}\n"
    );
    fs::create_dir_all(host.join("src"))?;
    fs::write(host.join("Cargo.toml"), manifest)?;
    fs::write(host.join("src/main.rs"), main)?;
    fs::copy(workspace::root().join("Cargo.lock"), host.join("Cargo.lock"))?;
    Ok(())
}

/// CPU seconds of all processes that ended below this one; zero where the system does not tell.
fn children_seconds() -> f64 {
    // proc(5): cutime and cstime are fields 16 and 17, in ticks of a hundredth of a second; the name before them
    // may hold spaces, so counting begins behind its closing bracket.
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / 100.0
}
