//! Two windows of one partition: one in front, one in the background, their commits by turns.

use chrono::Duration;
use uuid::Uuid;

use super::{Subject, Writer, instant, keyed, record, sweep_of};
use crate::{
    Mode, Record,
    batch::{Batch, Closing, Receipt, Settlement},
    certificate::{Certificate, Sweep, SweepPolicy},
    cursor::{Backfilled, Slot, Window},
};

impl<S: Subject> Writer<'_, S> {
    /// Opens a window in `slot` beside the one in the other; it is bounded by second `bound`.
    fn open_in(&mut self, slot: Slot, mode: Mode, bound: i64) {
        let first = self.checkpoint.sequence + 1;
        let window = Window::open(Uuid::from_u128(7), mode, Some(instant(-50)), self.at, first);
        let window = Window { bound: Some(instant(bound)), read_scope: Some("s".to_owned()), ..window };
        *self.checkpoint.slot_mut(slot) = Some(window);
    }

    fn page(&self, slot: Slot, records: Vec<Record>) -> Batch {
        let mut batch = Batch { slot, ..self.batch(records) };
        if let Some(window) = batch.checkpoint.slot_mut(slot) {
            window.pages += 1;
        }
        batch
    }

    async fn turn(&mut self, slot: Slot, records: Vec<Record>) -> Receipt {
        let batch = self.page(slot, records);
        self.commit(batch).await
    }

    /// The window's last page, with a sweep where one is due.
    async fn last(&mut self, slot: Slot, records: Vec<Record>) -> Receipt {
        let mut batch = self.page(slot, records);
        let sweep = Some(SweepPolicy::default());
        batch.closing = Some(Closing { max_attempts: 2, overlap: Duration::seconds(60), sweep });
        self.commit(batch).await
    }
}

fn proof(receipt: &Receipt) -> &Certificate {
    match &receipt.settlement {
        Some(Settlement::Proved(certificate)) => certificate,
        other => panic!("not proved: {other:?}"),
    }
}

/// A first full read in front, which sees `keys`, bounded by second 1000.
async fn proved<'a, S: Subject>(sink: &'a S, keys: &[&str]) -> Writer<'a, S> {
    let mut writer = Writer::new(sink);
    writer.full(keyed(keys), "s", |_| {}).await;
    writer
}

/// Pages of two windows interleave, each is proved by its own pages alone, and both read back with the checkpoint.
pub async fn two_windows_take_turns(sink: impl Subject) {
    let mut writer = proved(&sink, &["a", "b", "c", "d"]).await;
    writer.open_in(Slot::Background, Mode::Full, 1100);
    writer.turn(Slot::Background, keyed(&["a", "b"])).await;
    writer.open_in(Slot::Front, Mode::Incremental, 1200);
    writer.turn(Slot::Front, vec![record("c", 2)]).await;
    let stored = writer.turn(Slot::Background, keyed(&["c"])).await;
    assert_eq!(stored.counts.stale, 1, "c is newer already");
    assert!(stored.checkpoint.window.is_some() && stored.checkpoint.background.is_some());
    assert_eq!(sink.checkpoint(&writer.stream).await.expect("reads"), Some(stored.checkpoint));

    let front = writer.last(Slot::Front, vec![record("e", 1)]).await;
    let certificate = proof(&front);
    assert_eq!((certificate.slot, certificate.distinct, certificate.pages), (Slot::Front, 2, 2));
    assert_eq!((certificate.counts.inserted, certificate.counts.updated), (1, 1));
    assert!(front.checkpoint.window.is_none() && front.checkpoint.background.is_some());

    let background = writer.last(Slot::Background, keyed(&["d"])).await;
    let certificate = proof(&background);
    assert_eq!((certificate.slot, certificate.distinct, certificate.pages), (Slot::Background, 4, 3));
    assert_eq!((certificate.counts.unchanged, certificate.counts.stale), (3, 1));
    assert_eq!((background.checkpoint.window, background.checkpoint.background), (None, None));
    assert_eq!(writer.keys().await, ["a", "b", "c", "d", "e"]);
}

/// A backfill leaves cursor, full read and resume token as they are, sweeps nothing, and says what it was.
pub async fn a_backfill_moves_no_cursor(sink: impl Subject) {
    let mut writer = proved(&sink, &["a", "b"]).await;
    let before = writer.checkpoint.clone();
    writer.open_in(Slot::Background, Mode::Backfill, 5000);
    let until = Some(instant(2000));
    if let Some(window) = &mut writer.checkpoint.background {
        window.until = until;
    }
    let at = writer.at;
    let receipt = writer.last(Slot::Background, vec![record("b", 9)]).await;
    let certificate = proof(&receipt);
    assert_eq!((certificate.mode, certificate.until, certificate.bound), (Mode::Backfill, until, until));
    assert_eq!((certificate.cursor, &certificate.sweep), (before.cursor, &Sweep::NotDue));
    let after = &receipt.checkpoint;
    assert_eq!(
        (&after.cursor, &after.full, &after.reread, &after.resume),
        (&before.cursor, &before.full, &before.reread, &before.resume)
    );
    assert_eq!(after.backfilled, Some(Backfilled { at, since: Some(instant(-50)), until }));
    assert_eq!(writer.keys().await, ["a", "b"]);
    assert_eq!(sink.checkpoint(&writer.stream).await.expect("reads"), Some(receipt.checkpoint));
}

/// A background window of the re-read says so, and only it counts as one.
pub async fn a_reread_in_the_background_is_remembered(sink: impl Subject) {
    let mut writer = proved(&sink, &["a"]).await;
    let before = writer.checkpoint.clone();
    writer.open_in(Slot::Background, Mode::Backfill, 5000);
    if let Some(window) = &mut writer.checkpoint.background {
        window.rereading = true;
    }
    let at = writer.at;
    let receipt = writer.last(Slot::Background, keyed(&["a"])).await;
    assert!(proof(&receipt).rereading);
    let after = receipt.checkpoint;
    assert_eq!((after.reread, after.cursor, after.backfilled), (Some(at), before.cursor, None));
}

/// A full pass in the background moves the cursor forward where it has seen more, and never back.
pub async fn a_background_full_read_moves_the_cursor_forward_only(sink: impl Subject) {
    let mut writer = proved(&sink, &["a"]).await;
    for (bound, cursor) in [(500, 940), (1500, 1440), (1200, 1440)] {
        writer.open_in(Slot::Background, Mode::Full, bound);
        let at = writer.at;
        let receipt = writer.last(Slot::Background, keyed(&["a"])).await;
        assert_eq!(receipt.checkpoint.cursor, Some(instant(cursor)), "bounded by {bound}");
        assert_eq!(receipt.checkpoint.full.map(|full| full.at), Some(at));
    }
}

/// A full pass sweeps neither what an increment wrote nor what it only saw since the pass began.
pub async fn a_background_sweep_spares_what_increments_brought(sink: impl Subject) {
    let mut writer = proved(&sink, &["a", "b", "c", "gone"]).await;
    writer.open_in(Slot::Background, Mode::Full, 1100);
    writer.turn(Slot::Background, keyed(&["a"])).await;
    writer.open_in(Slot::Front, Mode::Incremental, 1200);
    let seen = vec![record("new", 1), record("b", 2), record("c", 1)];
    assert_eq!(writer.last(Slot::Front, seen).await.counts.unchanged, 1, "c is seen and not written");
    let receipt = writer.last(Slot::Background, Vec::new()).await;
    assert_eq!(sweep_of(&receipt), &Sweep::Done { deleted: 1 });
    assert_eq!(writer.keys().await, ["a", "b", "c", "new"]);

    // Nobody saw c this time.
    writer.open_in(Slot::Background, Mode::Full, 1300);
    let receipt = writer.last(Slot::Background, vec![record("a", 1), record("b", 2), record("new", 1)]).await;
    assert_eq!(sweep_of(&receipt), &Sweep::Done { deleted: 1 });
    assert_eq!(writer.keys().await, ["a", "b", "new"]);
}

/// What a window in progress in either slot rests on is still there after a full read was proved in the other.
pub async fn a_full_read_folds_nothing_of_the_other_window(sink: impl Subject) {
    let mut writer = proved(&sink, &["a", "b", "c"]).await;
    writer.open_in(Slot::Background, Mode::Full, 1100);
    writer.turn(Slot::Background, keyed(&["a", "b"])).await;
    // A full read in front begins and ends meanwhile.
    writer.open_in(Slot::Front, Mode::Full, 1200);
    assert_eq!(proof(&writer.last(Slot::Front, keyed(&["a", "b", "c"])).await).distinct, 3);
    writer.open_in(Slot::Front, Mode::Incremental, 1300);
    writer.turn(Slot::Front, vec![record("d", 1)]).await;
    // And the other way round: the front window is open while the pass ends.
    let receipt = writer.last(Slot::Background, keyed(&["c"])).await;
    assert_eq!((proof(&receipt).distinct, sweep_of(&receipt)), (3, &Sweep::Done { deleted: 0 }));
    let receipt = writer.last(Slot::Front, vec![record("e", 1)]).await;
    assert_eq!(proof(&receipt).distinct, 2);
    assert_eq!(writer.keys().await, ["a", "b", "c", "d", "e"]);
    // The later one of two full reads stands, whichever was proved last.
    let full = receipt.checkpoint.full.expect("proved");
    assert!(full.at > instant(1), "{full:?}");
}

/// A background window that does not add up is read again, then given up; the one in front goes on.
pub async fn a_background_window_that_does_not_add_up_is_its_own_matter(sink: impl Subject) {
    let mut writer = proved(&sink, &["a"]).await;
    writer.open_in(Slot::Front, Mode::Incremental, 1200);
    writer.turn(Slot::Front, keyed(&["a"])).await;
    writer.open_in(Slot::Background, Mode::Full, 1100);
    for attempt in [1, 2] {
        if let Some(window) = &mut writer.checkpoint.background {
            window.declared = Some(7);
        }
        let receipt = writer.last(Slot::Background, keyed(&["a"])).await;
        let again = receipt.checkpoint.background.as_ref().map(|window| window.attempt);
        assert_eq!(again, (attempt == 1).then_some(2), "{receipt:?}");
        assert!(receipt.checkpoint.window.is_some());
    }
    assert_eq!(proof(&writer.last(Slot::Front, vec![record("b", 1)]).await).distinct, 2);
    assert_eq!(writer.keys().await, ["a", "b"]);
}
