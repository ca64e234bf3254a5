//! From a downloaded file to lines: unpacked, decoded, split, and each row a JSON object of its headers and cells.
//!
//! A row has no bytes of its own that could stand in a JSON column: its meaning hangs on the header line, and its
//! character set on the download's. So the document of a row is the object of header and cell, both as Amazon wrote
//! them: every column, those unknown to us too, in the file's order, cells untouched, nothing read as a number. A cell
//! that a short row lacks is not in the object; one too many is called `column 7`.

use std::{
    collections::HashMap,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use flate2::read::MultiGzDecoder;
use sentia_core::{Error, ErrorKind, Result, spool::SpoolFile};

use super::cells::plain;

/// The longest line that is read into memory.
const LONGEST_LINE: u64 = 4 << 20;

/// What a file of some type must have.
#[derive(Debug, Clone, Copy)]
pub(in crate::amazon) struct Layout {
    /// Headers, in their plain form, without which the file is another one.
    pub(in crate::amazon) required: &'static [&'static str],
    /// The headers whose cells identify a row, as far as anything does.
    pub(in crate::amazon) identity: &'static [&'static str],
}

/// Rewrites `source` into `target`: a line per row, `<row> <nth of its identity> <whole or damaged> <object>`.
///
/// Rows count from 1, the header not among them. The nth row of the same identity has its number because some rows have
/// nothing that tells them apart, and two returns of a day are two.
pub(super) fn rewrite(
    mut source: File,
    target: &mut SpoolFile,
    charset: Option<String>,
    layout: Layout,
) -> Result<()> {
    let encoding = encoding_of(&mut source, charset.as_deref())?;
    let mut reader = ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .flexible(true)
        .has_headers(false)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(Lines::new(unpacked(&mut source)?));
    let mut record = ByteRecord::new();
    if !reader.read_byte_record(&mut record).map_err(unreadable)? {
        return Err(Error::new(ErrorKind::InvalidResponse, "the report is empty, without even a header"));
    }
    let header = Header::of(&record, encoding, layout)?;
    let mut known: HashMap<u64, u32> = HashMap::new();
    let mut row = 0u64;
    let mut line = Vec::new();
    while reader.read_byte_record(&mut record).map_err(unreadable)? {
        let (cells, damaged) = header.cells(&record, encoding);
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        row += 1;
        let nth = known.entry(header.identity(&cells)).or_default();
        *nth += 1;
        line.clear();
        let state = if damaged { "damaged" } else { "whole" };
        write!(line, "{row} {nth} {state} ").map_err(unwritten)?;
        header.write(&cells, &mut line).map_err(unwritten)?;
        line.push(b'\n');
        target.append(&line)?;
    }
    Ok(())
}

/// The text of a file that is no table: the reason that came with a failed report.
pub(super) fn text(mut source: File, target: &mut SpoolFile, charset: Option<String>) -> Result<()> {
    let encoding = encoding_of(&mut source, charset.as_deref())?;
    let mut bytes = Vec::new();
    unpacked(&mut source)?
        .take(64 << 10)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(error.into()))?;
    target.append(encoding.decode(&bytes).0.as_bytes())
}

/// The columns of a file.
struct Header {
    names: Vec<String>,
    identity: Vec<usize>,
    /// Whether every header is enclosed in quotes; then cells are too, and lose theirs. In other files a quote is data:
    /// an inch mark.
    enclosed: bool,
}

impl Header {
    fn of(record: &ByteRecord, encoding: &'static Encoding, layout: Layout) -> Result<Self> {
        let (mut names, _) = decoded(record, encoding);
        if let Some(first) = names.first_mut() {
            *first = first.trim_start_matches('\u{feff}').to_owned();
        }
        let enclosed = !names.is_empty() && names.iter().all(|name| is_enclosed(name));
        let mut unique: Vec<String> = Vec::with_capacity(names.len());
        for (at, name) in names.iter().enumerate() {
            let name = if enclosed { &name[1..name.len() - 1] } else { name.as_str() }.trim();
            let repeated = name.is_empty() || unique.iter().any(|known| known == name);
            unique.push(if repeated { column(at) } else { name.to_owned() });
        }
        let plain: Vec<String> = unique.iter().map(|name| plain(name)).collect();
        let place = |name: &&str| plain.iter().position(|known| known == name);
        let missing: Vec<&str> =
            layout.required.iter().copied().filter(|name| place(name).is_none()).collect();
        if !missing.is_empty() {
            let message = "the report lacks columns; it may be of another type or in another language";
            return Err(Error::new(ErrorKind::InvalidResponse, message)
                .context("missing", missing.join(", "))
                .context("columns", plain.join(", ").chars().take(512).collect::<String>()));
        }
        let identity = layout.identity.iter().filter_map(place).collect();
        Ok(Header { names: unique, identity, enclosed })
    }

    /// The cells as text, and whether some bytes were none in the file's character set.
    fn cells(&self, record: &ByteRecord, encoding: &'static Encoding) -> (Vec<String>, bool) {
        let (mut cells, damaged) = decoded(record, encoding);
        if self.enclosed {
            for cell in cells.iter_mut().filter(|cell| is_enclosed(cell)) {
                *cell = cell[1..cell.len() - 1].to_owned();
            }
        }
        (cells, damaged)
    }

    fn identity(&self, cells: &[String]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.identity.iter().for_each(|at| cells.get(*at).hash(&mut hasher));
        hasher.finish()
    }

    fn write(&self, cells: &[String], line: &mut Vec<u8>) -> io::Result<()> {
        line.push(b'{');
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                line.push(b',');
            }
            match self.names.get(at) {
                Some(name) => serde_json::to_writer(&mut *line, name)?,
                None => serde_json::to_writer(&mut *line, &column(at))?,
            }
            line.push(b':');
            serde_json::to_writer(&mut *line, cell)?;
        }
        line.push(b'}');
        Ok(())
    }
}

fn column(at: usize) -> String {
    format!("column {}", at + 1)
}

fn is_enclosed(cell: &str) -> bool {
    cell.len() >= 2 && cell.starts_with('"') && cell.ends_with('"')
}

/// The cells of a line, whose end may be a line feed alone or with a carriage return.
fn decoded(record: &ByteRecord, encoding: &'static Encoding) -> (Vec<String>, bool) {
    let mut damaged = false;
    let last = record.len().saturating_sub(1);
    let cells = record.iter().enumerate().map(|(at, bytes)| {
        let bytes = if at == last { bytes.strip_suffix(b"\r").unwrap_or(bytes) } else { bytes };
        let (text, errors) = encoding.decode_without_bom_handling(bytes);
        damaged |= errors;
        text.into_owned()
    });
    (cells.collect(), damaged)
}

/// The character set that the download states, else UTF-8 where the whole file is that, else Windows-1252.
///
/// `Cp1252` is Windows-1252 and not ISO-8859-1, which has no curly quotes; the encoding standard reads both as the former.
fn encoding_of(source: &mut File, charset: Option<&str>) -> Result<&'static Encoding> {
    let Some(label) = charset.map(str::trim).filter(|label| !label.is_empty()) else {
        return Ok(if is_utf8(unpacked(source)?)? { UTF_8 } else { WINDOWS_1252 });
    };
    let known = Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible());
    known.ok_or_else(|| {
        Error::new(ErrorKind::InvalidResponse, "the report is in a character set that is not read")
            .context("charset", label.chars().take(64).collect::<String>())
    })
}

fn is_utf8(mut reader: impl Read) -> Result<bool> {
    let mut buffer = vec![0; 64 << 10];
    let mut kept = 0;
    loop {
        let read = reader.read(&mut buffer[kept..]).map_err(|error| unreadable(error.into()))?;
        if read == 0 {
            return Ok(kept == 0);
        }
        let filled = kept + read;
        kept = match std::str::from_utf8(&buffer[..filled]) {
            Ok(_) => 0,
            // A character may be cut by the buffer's end; anything else is none.
            Err(error) if error.error_len().is_none() => {
                buffer.copy_within(error.valid_up_to()..filled, 0);
                filled - error.valid_up_to()
            }
            Err(_) => return Ok(false),
        };
    }
}

/// The file from its beginning, unpacked where it is packed: by its first bytes, because what stands between may have
/// unpacked it already.
fn unpacked(source: &mut File) -> Result<Box<dyn Read + '_>> {
    let mut magic = [0; 2];
    source.seek(SeekFrom::Start(0)).map_err(|error| unreadable(error.into()))?;
    let packed = source.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    source.seek(SeekFrom::Start(0)).map_err(|error| unreadable(error.into()))?;
    let buffered = BufReader::with_capacity(64 << 10, source);
    Ok(if packed { Box::new(MultiGzDecoder::new(buffered)) } else { Box::new(buffered) })
}

/// Refuses a line that never ends, before it fills the memory.
struct Lines<R> {
    inner: R,
    since_break: u64,
}

impl<R> Lines<R> {
    fn new(inner: R) -> Self {
        Lines { inner, since_break: 0 }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.since_break = match buffer[..read].iter().rposition(|byte| *byte == b'\n') {
            Some(at) => (read - at - 1) as u64,
            None => self.since_break + read as u64,
        };
        if self.since_break > LONGEST_LINE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a line of more than 4 MiB"));
        }
        Ok(read)
    }
}

/// A file that ends in the middle is worth another download.
fn unreadable(error: csv::Error) -> Error {
    Error::new(
        ErrorKind::InvalidResponse,
        "the report is cut off or is no file of the kind that was promised",
    )
    .temporary()
    .source(error)
}

fn unwritten(error: impl Into<io::Error>) -> Error {
    Error::new(ErrorKind::Unexpected, "a row of the report does not serialize").source(error.into())
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};
    use sentia_core::spool::Spool;

    use super::*;

    const LAYOUT: Layout = Layout { required: &["sku", "quantity"], identity: &["sku"] };

    async fn lines(bytes: &[u8], charset: Option<&str>) -> Result<Vec<String>> {
        let spool = Spool::default();
        let mut file = spool.target("raw").create()?;
        file.append(bytes)?;
        file.finish()?;
        let charset = charset.map(str::to_owned);
        spool.convert("raw", "rows", move |from, to| rewrite(from, to, charset, LAYOUT)).await?;
        let text = spool.read_at("rows", 0, 1 << 20).await?;
        Ok(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    #[tokio::test]
    async fn quotes_are_data_rows_may_be_short_or_long_and_columns_unknown() {
        let file = b"\xEF\xBB\xBFsku\tquantity\ttitle\tnew\r\nA\t1\t5\" pipe\tx\r\nB\t2\r\n\r\nC\t3\t\"a\tx\ty\n\t\t\nD\t4";
        let rows = lines(file, Some("UTF-8")).await.expect("readable");
        assert_eq!(
            rows,
            [
                r#"1 1 whole {"sku":"A","quantity":"1","title":"5\" pipe","new":"x"}"#,
                r#"2 1 whole {"sku":"B","quantity":"2"}"#,
                r#"3 1 whole {"sku":"C","quantity":"3","title":"\"a","new":"x","column 5":"y"}"#,
                r#"4 1 whole {"sku":"D","quantity":"4"}"#,
            ]
        );
    }

    #[tokio::test]
    async fn every_character_set_is_read_as_stated() {
        let western = b"sku\tquantity\n\x93caf\xe9\x94 \xa35\t1\n";
        let expected = r#"1 1 whole {"sku":"“café” £5","quantity":"1"}"#;
        for charset in [Some("Cp1252"), Some("windows-1252"), Some("ISO-8859-1"), None] {
            assert_eq!(lines(western, charset).await.expect("readable"), [expected], "{charset:?}");
        }
        let utf8 = "sku\tquantity\n“café” £5\t1\n".as_bytes();
        for charset in [Some("utf8"), Some("UTF-8"), None] {
            assert_eq!(lines(utf8, charset).await.expect("readable"), [expected], "{charset:?}");
        }
        let (japanese, ..) = encoding_rs::SHIFT_JIS.encode("sku\tquantity\n表示ソ\t1\n");
        let rows = lines(&japanese, Some("Shift_JIS")).await.expect("readable");
        assert_eq!(rows, [r#"1 1 whole {"sku":"表示ソ","quantity":"1"}"#]);
        let error = lines(utf8, Some("UTF-16LE")).await.expect_err("not read");
        assert_eq!(error.context_value("charset"), Some("UTF-16LE"));
    }

    #[tokio::test]
    async fn bytes_outside_the_character_set_mark_their_row_alone() {
        let rows = lines(b"sku\tquantity\nA\xff\t1\nB\t2\n", Some("UTF-8")).await.expect("readable");
        assert!(rows[0].starts_with("1 1 damaged ") && rows[1].starts_with("2 1 whole "));
    }

    #[tokio::test]
    async fn a_file_enclosed_in_quotes_loses_them() {
        let rows = lines(b"\"sku\"\t\"Quantity\"\n\"A \"\"x\"\"\"\t\"1\"\n", None).await.expect("readable");
        assert_eq!(rows, [r#"1 1 whole {"sku":"A \"\"x\"\"","Quantity":"1"}"#]);
    }

    #[tokio::test]
    async fn rows_alike_are_numbered() {
        let rows = lines(b"sku\tquantity\nA\t1\nB\t1\nA\t1\nA\t2\n", None).await.expect("readable");
        let prefixes: Vec<&str> = rows.iter().filter_map(|row| row.split(" whole").next()).collect();
        assert_eq!(prefixes, ["1 1", "2 1", "3 2", "4 3"]);
    }

    #[tokio::test]
    async fn gzip_is_unpacked_and_a_truncated_one_is_an_error_worth_another_download() {
        let whole = gzip(b"sku\tquantity\nA\t1\n");
        assert_eq!(lines(&whole, Some("UTF-8")).await.expect("readable").len(), 1);
        let many: Vec<u8> = (0..5000u32).flat_map(|n| format!("A{}\t{n}\n", n * 7919).into_bytes()).collect();
        let packed = gzip(&[b"sku\tquantity\n", many.as_slice()].concat());
        for charset in [Some("UTF-8"), None] {
            for length in [packed.len() - 1, packed.len() - 9, packed.len() / 2, 30] {
                let error = lines(&packed[..length], charset).await.expect_err("cut off");
                assert_eq!(
                    (error.kind(), error.is_temporary()),
                    (ErrorKind::InvalidResponse, true),
                    "{length}"
                );
            }
        }
    }

    #[tokio::test]
    async fn another_file_is_refused() {
        let error = lines(b"asin\tquantity\nA\t1\n", None).await.expect_err("no sku");
        assert_eq!((error.context_value("missing"), error.is_temporary()), (Some("sku"), false));
        let error = lines(b"", Some("UTF-8")).await.expect_err("empty");
        assert!(error.message().contains("empty"), "{error}");
        let endless = [b"sku\tquantity\n".as_slice(), &vec![b'x'; 5 << 20]].concat();
        let error = lines(&endless, Some("UTF-8")).await.expect_err("endless");
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    }

    #[tokio::test]
    async fn a_header_alone_has_no_rows() {
        assert_eq!(lines(b"sku\tquantity\r\n", None).await.expect("readable"), Vec::<String>::new());
    }
}
