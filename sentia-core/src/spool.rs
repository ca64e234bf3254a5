//! Temporary files for downloads that are too large for memory.
//!
//! A report or a bulk result is downloaded once, and then read page by page. The files belong to the run and go with it;
//! a page token names what to download, so a restart fetches the file again and reads on.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;

use crate::{Error, ErrorKind, Result, record::Digest};

/// How large one file may be unless the host says otherwise: 4 GiB.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// A folder of temporary files. Clones share it; it is removed with the last of them.
///
/// ```
/// use sentia_core::spool::Spool;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> sentia_core::Result<()> {
/// let spool = Spool::default();
/// let mut file = spool.target("report-17").create()?;
/// file.append(b"sku\tquantity\n")?;
/// assert!(!spool.contains("report-17"), "it appears when it is whole");
/// file.finish()?;
/// assert_eq!(spool.read_at("report-17", 4, 100).await?, "quantity\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Spool {
    folder: Arc<OnceLock<tempfile::TempDir>>,
    max_file_bytes: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Spool { folder: Arc::default(), max_file_bytes: MAX_FILE_BYTES }
    }
}

/// A file to be, in a [`Spool`].
#[derive(Debug, Clone)]
pub struct SpoolTo {
    spool: Spool,
    name: String,
}

/// A file under way; it appears in its spool when it is [finished](SpoolFile::finish), and vanishes otherwise.
#[derive(Debug)]
pub struct SpoolFile {
    file: std::io::BufWriter<tempfile::NamedTempFile>,
    written: u64,
    limit: u64,
    path: PathBuf,
}

impl Spool {
    /// A spool whose files may be so large.
    ///
    /// A larger download is refused with `InvalidResponse`, and nothing of it stays.
    pub fn with_max_file_bytes(bytes: u64) -> Self {
        Spool { max_file_bytes: bytes, ..Spool::default() }
    }

    /// The folder, made when the first file is.
    fn folder(&self) -> Result<&tempfile::TempDir> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder);
        }
        let folder = tempfile::Builder::new().prefix("sentia-").tempdir().map_err(|e| failed("make", e))?;
        // Where two made one at the same time, the second goes again.
        Ok(self.folder.get_or_init(|| folder))
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        // A vendor's id is no file name.
        Ok(self.folder()?.path().join(Digest::of(name.as_bytes()).to_string()))
    }

    /// Whether a finished file of this name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.path(name).is_ok_and(|path| path.exists())
    }

    /// Names a file to be written.
    pub fn target(&self, name: &str) -> SpoolTo {
        SpoolTo { spool: self.clone(), name: name.to_owned() }
    }

    /// Opens a finished file.
    ///
    /// # Errors
    /// `NotFound` when it is not there (any more): fetch it again. `Store` when the disk fails.
    pub fn open(&self, name: &str) -> Result<File> {
        File::open(self.path(name)?).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => {
                Error::new(ErrorKind::NotFound, "the spooled file is gone; fetch it again")
                    .context("name", name)
            }
            _ => failed("open", e),
        })
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    /// `Store` when the disk fails.
    pub fn remove(&self, name: &str) -> Result<()> {
        match std::fs::remove_file(self.path(name)?) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", e)),
            _ => Ok(()),
        }
    }

    /// Reads up to `length` bytes from `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn read_at(&self, name: &str, offset: u64, length: u64) -> Result<Bytes> {
        let mut file = self.open(name)?;
        blocking(move || {
            file.seek(SeekFrom::Start(offset)).map_err(|e| failed("read", e))?;
            let mut bytes = Vec::new();
            file.take(length).read_to_end(&mut bytes).map_err(|e| failed("read", e))?;
            Ok(bytes.into())
        })
        .await
    }

    /// Makes the file `to` out of the file `from` on a thread that may block: decompressed, or in another character
    /// set.
    ///
    /// # Errors
    /// What `convert` says; then there is no file `to`.
    ///
    /// # Cancel safety
    /// A dropped future leaves no half file; the work may still end.
    pub async fn convert(
        &self,
        from: &str,
        to: &str,
        convert: impl FnOnce(File, &mut SpoolFile) -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let (source, mut target) = (self.open(from)?, self.target(to).create()?);
        blocking(move || {
            convert(source, &mut target)?;
            target.finish().map(drop)
        })
        .await
    }
}

impl SpoolTo {
    /// Begins the file.
    ///
    /// # Errors
    /// `Store` when the disk fails.
    pub fn create(&self) -> Result<SpoolFile> {
        let folder = self.spool.folder()?;
        let file = tempfile::NamedTempFile::new_in(folder.path()).map_err(|e| failed("make", e))?;
        Ok(SpoolFile {
            file: std::io::BufWriter::with_capacity(64 << 10, file),
            written: 0,
            limit: self.spool.max_file_bytes,
            path: self.spool.path(&self.name)?,
        })
    }
}

impl SpoolFile {
    /// Adds bytes.
    ///
    /// # Errors
    /// `InvalidResponse` beyond the spool's bound, `Store` when the disk fails.
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        if self.written > self.limit {
            let message = "the download is larger than the spool allows; raise its bound or ask for less";
            return Err(Error::new(ErrorKind::InvalidResponse, message).context("max_file_bytes", self.limit));
        }
        self.file.write_all(bytes).map_err(|e| failed("write", e))
    }

    /// Makes it appear under its name, in place of an older one, and says how long it is, in bytes.
    ///
    /// # Errors
    /// `Store` when the disk fails.
    pub fn finish(self) -> Result<u64> {
        let file = self.file.into_inner().map_err(|e| failed("write", e.into_error()))?;
        file.persist(&self.path).map_err(|e| failed("write", e.error))?;
        Ok(self.written)
    }
}

/// So that decoders can write into it; what goes wrong comes out as an I/O error.
impl Write for SpoolFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.append(bytes).map(|()| bytes.len()).map_err(std::io::Error::other)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| Error::new(ErrorKind::Unexpected, "work on a spooled file was lost").source(e))?
}

fn failed(what: &'static str, error: std::io::Error) -> Error {
    let message = "the temporary folder failed; check its disk space and permissions";
    Error::new(ErrorKind::Store, message).context("spool", what).source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_is_not_finished_never_appears() {
        let spool = Spool::with_max_file_bytes(8);
        let mut file = spool.target("a").create().expect("disk");
        assert_eq!(file.append(b"more than eight").map_err(|e| e.kind()), Err(ErrorKind::InvalidResponse));
        drop(file);
        assert!(!spool.contains("a"));
        assert_eq!(spool.open("a").map(drop).map_err(|e| e.kind()), Err(ErrorKind::NotFound));
    }

    #[tokio::test]
    async fn a_conversion_makes_another_file() {
        let spool = Spool::default();
        let mut file = spool.target("../raw").create().expect("disk");
        file.append(b"abc").expect("fits");
        file.finish().expect("disk");
        spool
            .convert("../raw", "upper", |mut from, to| {
                let mut text = String::new();
                from.read_to_string(&mut text).map_err(|e| failed("read", e))?;
                to.append(text.to_uppercase().as_bytes())
            })
            .await
            .expect("converts");
        assert_eq!(spool.read_at("upper", 1, 9).await.expect("there"), "BC");
        assert!(spool.remove("upper").is_ok() && !spool.contains("upper"));
        assert!(spool.remove("upper").is_ok(), "twice does no harm");
    }
}
