//! Reads a spooled file line by line, from any byte on and a piece at a time.

use bytes::{Bytes, BytesMut};
use sentia_core::{Error, ErrorKind, Result, spool::Spool};

/// How much of the file is read at once.
const PIECE: u64 = 1 << 20;

/// The lines of a spooled file behind a place in it.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    spool: &'a Spool,
    name: &'a str,
    byte: u64,
    rest: BytesMut,
}

/// A line without its line feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Its bytes.
    pub(crate) bytes: Bytes,
    /// Where it begins.
    pub(crate) begins: u64,
}

impl<'a> Lines<'a> {
    /// The lines of the file `name` that begin at `byte` or behind it.
    pub(crate) fn at(spool: &'a Spool, name: &'a str, byte: u64) -> Self {
        Lines { spool, name, byte, rest: BytesMut::new() }
    }

    /// The next line; none at the end.
    ///
    /// # Errors
    /// `Unexpected` when the file ends within a line: whoever wrote it ends each.
    pub(crate) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let mut bytes = self.rest.split_to(end + 1).freeze();
                bytes.truncate(end);
                let begins = self.byte;
                self.byte += end as u64 + 1;
                return Ok(Some(Line { bytes, begins }));
            }
            let piece = self.spool.read_at(self.name, self.byte + self.rest.len() as u64, PIECE).await?;
            match (piece.is_empty(), self.rest.is_empty()) {
                (true, true) => return Ok(None),
                (true, false) => {
                    return Err(Error::new(ErrorKind::Unexpected, "a spooled file ends within a line"));
                }
                (false, _) => self.rest.extend_from_slice(&piece),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spooled(text: &[u8]) -> Spool {
        let spool = Spool::default();
        let mut file = spool.target("file").create().expect("disk");
        file.append(text).expect("fits");
        file.finish().expect("disk");
        spool
    }

    #[tokio::test]
    async fn lines_longer_than_a_piece_are_whole() {
        let long = vec![b'x'; 3 * PIECE as usize];
        let spool = spooled(&[b"a\n\n", long.as_slice(), b"\nb\n"].concat());
        let mut lines = Lines::at(&spool, "file", 0);
        let mut found = Vec::new();
        while let Some(line) = lines.next().await.expect("whole lines") {
            found.push((line.begins, line.bytes.len()));
        }
        assert_eq!(found, [(0, 1), (2, 0), (3, long.len()), (4 + long.len() as u64, 1)]);
        let mut later = Lines::at(&spool, "file", 4 + long.len() as u64);
        assert_eq!(later.next().await.expect("whole").expect("one more").bytes, "b");
    }

    #[tokio::test]
    async fn half_a_line_is_none() {
        let spool = spooled(b"a\nb");
        let mut lines = Lines::at(&spool, "file", 0);
        assert!(lines.next().await.is_ok());
        assert_eq!(lines.next().await.map_err(|e| e.kind()), Err(ErrorKind::Unexpected));
    }
}
