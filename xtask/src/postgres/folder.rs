//! A folder of our own under the system's temporary one, open to the account the server runs as.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, process};

use super::account;
use crate::command::Outcome;

/// Removed when dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn create() -> Outcome<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Root's own temporary folder may be closed to the account that runs the server.
        let base = if account::is_root() { PathBuf::from("/tmp") } else { env::temp_dir() };
        let name = format!("sentia-postgres-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = base.join(name);
        fs::create_dir(&path)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .map_err(|error| format!("cannot create {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Its keeper may have been faster.
        let _ = fs::remove_dir_all(&self.0);
    }
}
