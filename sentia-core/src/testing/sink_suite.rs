//! What every sink must do.
//!
//! Each behavior is a public async function that takes a sink of its own, fresh and empty, and panics where the sink
//! does otherwise. [`sink_suite!`](crate::sink_suite) makes a test of each.

mod windows;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

pub use self::windows::*;
use crate::{
    Checkpoint, ColumnKind, ErrorKind, Mode, Record, RecordReader, Rejected, StreamId, StreamInfo,
    StreamTable, SyncSink, Value, Version,
    batch::{Batch, Closing, Receipt, Settlement},
    certificate::{Sweep, SweepPolicy},
    cursor::{Slot, Window},
    page::Paging,
    record::Document,
    stream::ChildInfo,
};

/// What the behaviors need of a sink.
pub trait Subject: SyncSink + RecordReader {}

impl<T: SyncSink + RecordReader> Subject for T {}

/// A stream with one column and one child table, and a place in it from which batches follow each other.
struct Writer<'a, S> {
    sink: &'a S,
    table: StreamTable,
    stream: StreamId,
    checkpoint: Checkpoint,
    epoch: u64,
    at: DateTime<Utc>,
}

fn table() -> StreamTable {
    let mut info = StreamInfo::new("things").key(&["id"]).column("total", ColumnKind::Amount);
    info.children.push(ChildInfo {
        name: "thing_lines",
        columns: StreamInfo::new("x").column("quantity", ColumnKind::Decimal).columns,
    });
    StreamTable::new("suite", Arc::new(info))
}

fn instant(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_770_000_000 + seconds, 0).expect("in range")
}

/// A record whose version, document, column and lines follow from `version`.
fn record(key: &str, version: i64) -> Record {
    let document = format!(r#"{{"id":"{key}","version":{version},"note":"tab\tline\nback\\slash ü"}}"#);
    let values = vec![Value::Amount(rust_decimal::Decimal::new(version, 2))];
    let line = |n: i64| vec![Value::Decimal(rust_decimal::Decimal::new(n, 1))];
    let children = vec![(0..version % 3).map(line).collect()];
    let version = Version { raw: version.to_string().into(), order: version };
    Record::new(key.into(), version, Document::new(document.into()), values, children)
}

impl<'a, S: Subject> Writer<'a, S> {
    fn new(sink: &'a S) -> Self {
        let stream = StreamId {
            tenant: "t".to_owned(),
            connection: "c".to_owned(),
            stream: "things".to_owned(),
            partition: String::new(),
        };
        Writer { sink, table: table(), stream, checkpoint: Checkpoint::default(), epoch: 1, at: instant(0) }
    }

    fn open(&mut self, mode: Mode) {
        let window = Window::open(Uuid::from_u128(7), mode, None, self.at, self.checkpoint.sequence + 1);
        self.checkpoint.window = Some(Window { bound: Some(instant(1000)), pages: 1, ..window });
    }

    fn batch(&self, records: Vec<Record>) -> Batch {
        Batch {
            stream: self.stream.clone(),
            table: self.table.clone(),
            run: Uuid::from_u128(7),
            epoch: self.epoch,
            checkpoint: Checkpoint { version: self.checkpoint.version + 1, ..self.checkpoint.clone() },
            slot: Slot::Front,
            records,
            rejected: Vec::new(),
            fetched: self.at,
            closing: None,
            lease: None,
        }
    }

    async fn commit(&mut self, batch: Batch) -> Receipt {
        let receipt = self.sink.commit(batch).await.expect("commit");
        self.checkpoint = receipt.checkpoint.clone();
        self.at += Duration::seconds(1);
        receipt
    }

    async fn write(&mut self, records: Vec<Record>) -> Receipt {
        self.commit(self.batch(records)).await
    }

    /// Reads the whole stream in one page and closes the window.
    async fn full(&mut self, records: Vec<Record>, scope: &str, change: impl FnOnce(&mut Batch)) -> Receipt {
        self.open(Mode::Full);
        let mut batch = self.batch(records);
        if let Some(window) = &mut batch.checkpoint.window {
            window.read_scope = Some(scope.to_owned());
        }
        let sweep = Some(SweepPolicy { max_share: 0.5, max_rows: 1 });
        batch.closing = Some(Closing { max_attempts: 2, overlap: Duration::seconds(60), sweep });
        change(&mut batch);
        self.commit(batch).await
    }

    async fn keys(&self) -> Vec<String> {
        let keys = self.sink.live_keys(&self.stream, &self.table).await.expect("keys");
        keys.iter().map(|key| key.to_string()).collect()
    }
}

fn sweep_of(receipt: &Receipt) -> &Sweep {
    match &receipt.settlement {
        Some(Settlement::Proved(certificate)) => &certificate.sweep,
        other => panic!("not proved: {other:?}"),
    }
}

fn keyed(keys: &[&str]) -> Vec<Record> {
    keys.iter().map(|key| record(key, 1)).collect()
}

/// Records and checkpoint are there after a commit, and the checkpoint reads back as the receipt says.
pub async fn commits_records_and_checkpoint_together(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    assert_eq!(sink.checkpoint(&writer.stream).await.expect("none yet"), None);
    writer.open(Mode::Full);
    let receipt = writer.write(keyed(&["b", "a"])).await;
    assert_eq!((receipt.counts.read, receipt.counts.inserted), (2, 2));
    assert_eq!(sink.checkpoint(&writer.stream).await.expect("stored"), Some(receipt.checkpoint));
    assert_eq!(writer.keys().await, ["a", "b"]);
}

/// A batch sent twice is refused the second time and changes nothing.
pub async fn refuses_a_batch_sent_twice(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    let again = writer.batch(keyed(&["a"]));
    let receipt = writer.write(keyed(&["a"])).await;
    assert_eq!(sink.commit(again).await.expect_err("replayed").kind(), ErrorKind::Conflict);
    assert_eq!(sink.checkpoint(&writer.stream).await.expect("stored"), Some(receipt.checkpoint));
}

/// An unchanged record writes nothing; a newer one replaces row and lines; an older one is kept out.
pub async fn the_newest_version_wins(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.write(vec![record("a", 5)]).await;
    assert_eq!(writer.write(vec![record("a", 5)]).await.counts.unchanged, 1);
    assert_eq!(writer.write(vec![record("a", 8)]).await.counts.updated, 1);
    assert_eq!(writer.write(vec![record("a", 6)]).await.counts.stale, 1);
    assert_eq!(writer.write(vec![record("a", 8)]).await.counts.unchanged, 1, "8 stayed");
}

/// Between equal versions with different documents the later fetch wins.
pub async fn the_later_fetch_wins_between_equal_versions(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    let other = |note: &'static str| {
        let version = Version { raw: "5".into(), order: 5 };
        Record::new("a".into(), version, Document::new(note.into()), vec![Value::Null], vec![vec![]])
    };
    writer.write(vec![other("1")]).await;
    assert_eq!(writer.write(vec![other("2")]).await.counts.updated, 1);
    writer.at -= Duration::hours(1);
    assert_eq!(writer.write(vec![other("3")]).await.counts.stale, 1);
}

/// A key twice in one batch counts once, by its newest version.
pub async fn a_key_twice_in_a_batch_counts_once(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    let receipt = writer.write(vec![record("a", 5), record("b", 1), record("a", 4)]).await;
    assert_eq!((receipt.counts.read, receipt.counts.inserted), (3, 2));
    assert_eq!(writer.write(vec![record("a", 5)]).await.counts.unchanged, 1);
}

/// A tombstone takes the key out of the live ones; the same record afterwards brings it back.
pub async fn a_tombstone_hides_and_an_upsert_revives(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.write(keyed(&["a", "b"])).await;
    let bare = Record::new("a".into(), Version::none(), Document::default(), vec![Value::Null], vec![vec![]]);
    assert_eq!(writer.write(vec![bare.clone().tombstone()]).await.counts.deleted, 1);
    assert_eq!(writer.keys().await, ["b"]);
    assert_eq!(writer.write(vec![bare.tombstone()]).await.counts.unchanged, 1);
    writer.write(vec![record("a", 2)]).await;
    assert_eq!(writer.keys().await, ["a", "b"]);
}

/// The deletion of a key that is not there writes no row, and the window is proved with it.
pub async fn a_tombstone_of_the_unknown_writes_nothing(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    let gone = |key: &str| {
        let bare =
            Record::new(key.into(), Version::none(), Document::default(), vec![Value::Null], vec![vec![]]);
        bare.tombstone()
    };
    let receipt = writer.full(vec![gone("x"), record("a", 1), gone("y")], "s", |_| {}).await;
    assert_eq!((receipt.counts.inserted, receipt.counts.deleted, receipt.counts.unchanged), (1, 0, 2));
    assert_eq!(sweep_of(&receipt), &Sweep::Done { deleted: 0 });
    assert_eq!(writer.keys().await, ["a"]);
    let receipt = writer.full(keyed(&["a", "x"]), "s", |_| {}).await;
    assert_eq!(receipt.counts.inserted, 1, "x comes as what was never here");
    assert_eq!(writer.keys().await, ["a", "x"]);
}

/// A lower epoch is refused: its holder has been taken over.
pub async fn a_stale_leaseholder_is_refused(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.epoch = 2;
    writer.write(keyed(&["a"])).await;
    writer.epoch = 1;
    let late = sink.commit(writer.batch(keyed(&["b"]))).await.expect_err("stale");
    assert_eq!(late.kind(), ErrorKind::Conflict);
    assert_eq!(writer.keys().await, ["a"]);
}

/// Of two commits that follow the same checkpoint one succeeds.
pub async fn two_leaseholders_never_both_commit(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.write(keyed(&["a"])).await;
    let (left, right) =
        tokio::join!(sink.commit(writer.batch(keyed(&["l"]))), sink.commit(writer.batch(keyed(&["r"]))));
    assert_eq!(u8::from(left.is_ok()) + u8::from(right.is_ok()), 1);
    assert_eq!(writer.keys().await.len(), 2);
}

/// A proved window moves the cursor to its bound minus the overlap and leaves a certificate with the counts.
pub async fn a_proved_window_moves_the_cursor(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.open(Mode::Full);
    writer.write(keyed(&["a", "b"])).await;
    let mut batch = writer.batch(keyed(&["c"]));
    batch.closing = Some(Closing { max_attempts: 1, overlap: Duration::seconds(60), sweep: None });
    let receipt = writer.commit(batch).await;
    let Some(Settlement::Proved(certificate)) = receipt.settlement else { panic!("{receipt:?}") };
    assert_eq!((certificate.distinct, certificate.counts.inserted), (3, 3));
    assert_eq!(receipt.checkpoint.cursor, Some(instant(940)));
    assert_eq!(receipt.checkpoint.window, None);
}

/// A count that does not match is read again and, if it stays so, left open with the cursor where it was.
pub async fn a_lying_count_is_never_proved(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    let lie = |batch: &mut Batch| {
        if let Some(window) = &mut batch.checkpoint.window {
            window.declared = Some(3);
        }
    };
    let receipt = writer.full(keyed(&["a", "b"]), "s", lie).await;
    assert!(matches!(receipt.settlement, Some(Settlement::Reread { .. })), "{receipt:?}");
    assert_eq!(receipt.checkpoint.window.as_ref().map(|window| window.attempt), Some(2));
    let mut batch = writer.batch(keyed(&["a", "b"]));
    lie(&mut batch);
    batch.closing = Some(Closing { max_attempts: 2, overlap: Duration::zero(), sweep: None });
    let receipt = writer.commit(batch).await;
    assert!(matches!(receipt.settlement, Some(Settlement::Unexplained { .. })), "{receipt:?}");
    assert_eq!((receipt.checkpoint.cursor, receipt.checkpoint.window), (None, None));
}

/// A key seen twice on numbered pages means that one may be missing.
pub async fn a_repeat_on_numbered_pages_is_read_again(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.open(Mode::Full);
    writer.write(keyed(&["a", "b"])).await;
    let mut batch = writer.batch(keyed(&["b", "c"]));
    if let Some(window) = &mut batch.checkpoint.window {
        window.paging = Paging::Numbered;
    }
    batch.closing = Some(Closing { max_attempts: 2, overlap: Duration::zero(), sweep: None });
    let receipt = writer.commit(batch).await;
    assert!(matches!(receipt.settlement, Some(Settlement::Reread { .. })), "{receipt:?}");
}

/// A proved full read marks the rows it did not see; an incremental one marks none.
pub async fn a_full_read_sweeps(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.full(keyed(&["a", "b", "c"]), "s", |_| {}).await;
    let receipt = writer.full(keyed(&["a", "c"]), "s", |_| {}).await;
    assert_eq!(sweep_of(&receipt), &Sweep::Done { deleted: 1 });
    assert_eq!(receipt.counts.deleted, 1);
    assert_eq!(writer.keys().await, ["a", "c"]);
    let receipt = writer.full(keyed(&["a"]), "s", |batch| {
        if let Some(window) = &mut batch.checkpoint.window {
            window.mode = Mode::Incremental;
        }
    });
    assert_eq!(sweep_of(&receipt.await), &Sweep::NotDue);
    assert_eq!(writer.keys().await, ["a", "c"]);
}

/// Too many missing rows are held for confirmation, and confirmed they go.
pub async fn a_large_sweep_is_held(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.full(keyed(&["a", "b", "c", "d"]), "s", |_| {}).await;
    let receipt = writer.full(keyed(&["a"]), "s", |_| {}).await;
    assert_eq!(sweep_of(&receipt), &Sweep::Held { missing: 3, live: 4 });
    assert_eq!(writer.keys().await.len(), 4);
    let confirm = |batch: &mut Batch| {
        batch.closing =
            batch.closing.take().map(|closing| Closing { sweep: Some(SweepPolicy::confirmed()), ..closing });
    };
    let receipt = writer.full(keyed(&["a"]), "s", confirm).await;
    assert_eq!(sweep_of(&receipt), &Sweep::Done { deleted: 3 });
    assert_eq!(writer.keys().await, ["a"]);
}

/// A sweep is refused when the scope changed, and when a document without a key hides in quarantine; a key in
/// quarantine was seen.
pub async fn a_sweep_never_deletes_on_doubt(sink: impl Subject) {
    let mut writer = Writer::new(&sink);
    writer.full(keyed(&["a", "b"]), "all", |_| {}).await;
    let receipt = writer.full(keyed(&["a"]), "less", |_| {}).await;
    assert!(matches!(sweep_of(&receipt), Sweep::Refused { .. }), "{receipt:?}");
    let reject = |key: Option<&str>| {
        let key = key.map(Into::into);
        Rejected { key, rule: "decode".into(), reason: "broken".to_owned(), document: "{".into() }
    };
    let receipt = writer.full(keyed(&["a"]), "less", |_| {}).await;
    assert!(
        matches!(sweep_of(&receipt), Sweep::Refused { .. }),
        "a second read under less is no better: {receipt:?}"
    );
    let receipt = writer.full(keyed(&["a"]), "all", |batch| batch.rejected.push(reject(None))).await;
    assert!(matches!(sweep_of(&receipt), Sweep::Refused { .. }), "{receipt:?}");
    let receipt = writer.full(keyed(&["a"]), "all", |batch| batch.rejected.push(reject(Some("b")))).await;
    assert_eq!(sweep_of(&receipt), &Sweep::Done { deleted: 0 });
    assert_eq!(receipt.counts.quarantined, 1);
    assert_eq!(writer.keys().await, ["a", "b"]);
}

/// What is in quarantine is counted by every certificate until the vendor sends it readable or no longer at all.
pub async fn what_is_held_is_counted_until_it_is_gone(sink: impl Subject) {
    let held = |receipt: &Receipt| match &receipt.settlement {
        Some(Settlement::Proved(certificate)) => certificate.held,
        other => panic!("not proved: {other:?}"),
    };
    let reject = |batch: &mut Batch| {
        for (key, document) in [(Some("x"), "{1"), (Some("y"), "{2"), (None, "{3")] {
            let (key, document) = (key.map(Into::into), document.into());
            batch.rejected.push(Rejected {
                key,
                rule: "decode".into(),
                reason: "broken".to_owned(),
                document,
            });
        }
    };
    let mut writer = Writer::new(&sink);
    assert_eq!(held(&writer.full(keyed(&["a"]), "s", reject).await), 3);
    let incremental = |batch: &mut Batch| {
        if let Some(window) = &mut batch.checkpoint.window {
            window.mode = Mode::Incremental;
        }
    };
    assert_eq!(held(&writer.full(keyed(&["x"]), "s", incremental).await), 2, "x became readable");
    assert_eq!(held(&writer.full(keyed(&["a", "x"]), "s", |_| {}).await), 0, "a full read brought no other");
}

/// Runs every behavior, one test each, against the sinks that the named async functions open.
///
/// A function returns `None` to skip, having printed why.
///
/// In a test file of the crate that has the sink:
///
/// ```text
/// async fn my_sink() -> Option<MySink> {
///     Some(MySink::in_memory())
/// }
///
/// sentia_core::sink_suite!(my_sink);
/// ```
#[macro_export]
macro_rules! sink_suite {
    ($($backend:ident),+ $(,)?) => {$(
        mod $backend {
            $crate::suite_tests!(super::$backend, sink_suite:
                commits_records_and_checkpoint_together
                refuses_a_batch_sent_twice
                the_newest_version_wins
                the_later_fetch_wins_between_equal_versions
                a_key_twice_in_a_batch_counts_once
                a_tombstone_hides_and_an_upsert_revives
                a_tombstone_of_the_unknown_writes_nothing
                a_stale_leaseholder_is_refused
                two_leaseholders_never_both_commit
                a_proved_window_moves_the_cursor
                a_lying_count_is_never_proved
                a_repeat_on_numbered_pages_is_read_again
                a_full_read_sweeps
                a_large_sweep_is_held
                a_sweep_never_deletes_on_doubt
                what_is_held_is_counted_until_it_is_gone
                two_windows_take_turns
                a_backfill_moves_no_cursor
                a_reread_in_the_background_is_remembered
                a_background_full_read_moves_the_cursor_forward_only
                a_background_sweep_spares_what_increments_brought
                a_full_read_folds_nothing_of_the_other_window
                a_background_window_that_does_not_add_up_is_its_own_matter);
        }
    )+};
}
