//! A full pass and the increments take turns on one partition.

use std::time::Duration;

use sentia::{Background, Mode, certificate::Sweep, clock::Clock, cursor::Slot};

use super::ledger::{DAY, HOUR, Ledger, live, paused, proved, start};
use crate::database::{Database, on_both};

/// One page of a full pass.
async fn slice(ledger: &Ledger) -> sentia::RunReport {
    let pipeline = ledger.pipeline().streams(["entries"]).background(Background::Full);
    pipeline.pause_after(Duration::ZERO).run().await.expect("runs")
}

async fn a_full_pass(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.clock.advance(HOUR);
    ledger.asked();

    // a and b are read, then the ground moves: one read and one unread entry change, two unread ones vanish, one comes.
    let report = paused(slice(&ledger).await);
    assert_eq!((report.mode, report.streams()[0].pages, report.counts().read), (Mode::Full, 1, 2));
    assert_eq!(ledger.asked().len(), 1, "no page is fetched in vain");
    ledger.clock.advance(HOUR);
    for key in ["a", "d", "g"] {
        ledger.write(key);
    }
    ledger.remove("c");
    ledger.remove("f");
    let increment = ledger.increment().await;
    assert_eq!((increment.counts().inserted, increment.counts().updated), (1, 2));
    ledger.holds().await;
    let moved = ledger.checkpoint().await;
    assert!(moved.cursor > Some(start() + HOUR), "{moved:?}");
    assert_eq!(moved.background.as_ref().map(|window| window.pages), Some(1));
    assert_eq!(live(&database).await, "abcdefg", "what is missing is missing to a proved full read only");

    // It goes on behind b; an increment in the middle sees e once more.
    let _ = paused(slice(&ledger).await);
    ledger.clock.advance(HOUR);
    ledger.write("e");
    let _ = ledger.increment().await;
    ledger.holds().await;
    let report = proved(slice(&ledger).await);
    let certificate = &report.streams()[0].certificates[0];
    assert_eq!((certificate.slot, certificate.mode), (Slot::Background, Mode::Full));
    assert_eq!(certificate.sweep, Sweep::Done { deleted: 2 });
    assert_eq!((certificate.pages, certificate.distinct, certificate.attempt), (3, 5, 1));
    let pages: Vec<_> = ledger.asked().into_iter().filter(|asked| asked.since.is_none()).collect();
    let tokens: Vec<_> = pages.iter().map(|asked| asked.page.as_deref()).collect();
    assert_eq!(tokens, [Some("b"), Some("e")], "each page was asked for once");
    assert_eq!(live(&database).await, "abdeg");

    let after = ledger.checkpoint().await;
    assert!(after.cursor > moved.cursor && after.background.is_none());
    assert_eq!(after.full.map(|full| full.at), Some(start() + HOUR), "it counts from where it began");
    ledger.holds().await;
    let documents = database.rows("SELECT key FROM bank_entries WHERE sequence > 1 ORDER BY 1").await;
    assert_eq!(documents.concat().concat(), "acdefg", "only b was never written again");
}

async fn never_complete(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.remove("f");
    for _ in 0..4 {
        // Another page size each time opens the pass anew, so that it never ends.
        for size in [1, 2] {
            let pass = ledger.pipeline().streams(["entries"]).background(Background::Full).page_size(size);
            let report = paused(pass.pause_after(Duration::ZERO).run().await.expect("runs"));
            assert_eq!(report.counts().deleted, 0);
            assert_eq!(ledger.checkpoint().await.background.map(|window| window.pages), Some(1));
        }
        let _ = ledger.increment().await;
    }
    assert_eq!(live(&database).await, "abcdef");
    ledger.holds().await;
    let report = proved(ledger.pipeline().background(Background::Full).run().await.expect("runs"));
    assert_eq!((report.counts().deleted, live(&database).await.as_str()), (1, "abcde"));
    ledger.holds().await;
}

async fn two_full_reads(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.clock.advance(HOUR);
    let _ = paused(slice(&ledger).await);
    ledger.remove("d");
    let front = ledger.pipeline().streams(["entries"]).mode(Mode::Full);
    ledger.clock.advance(HOUR);
    assert_eq!(proved(front.run().await.expect("runs")).counts().deleted, 1);
    ledger.holds().await;
    let later = ledger.checkpoint().await;
    // An increment is open, too, when the pass ends.
    for key in ["a", "b", "c"] {
        ledger.write(key);
    }
    let increment = ledger.pipeline().streams(["entries"]).pause_after(Duration::ZERO);
    let _ = paused(increment.run().await.expect("runs"));
    let _ = paused(slice(&ledger).await);
    let report = proved(slice(&ledger).await);
    assert_eq!(report.streams()[0].certificates[0].distinct, 5);
    ledger.holds().await;
    let after = ledger.checkpoint().await;
    assert_eq!((after.full, after.cursor), (later.full, later.cursor), "the later full read stands");
    assert_eq!(proved(increment.run().await.expect("runs")).streams()[0].certificates[0].distinct, 3);
    ledger.holds().await;
}

async fn first_reads(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = paused(slice(&ledger).await);
    let begun = ledger.checkpoint().await;
    assert!(begun.background.is_none() && begun.window.is_some_and(|window| window.pages == 1));
    // The increments go on with it, and what they own a full pass goes on with in front.
    let report = proved(ledger.pipeline().streams(["entries"]).run().await.expect("runs"));
    assert_eq!((report.counts().read, report.streams()[0].pages), (4, 2));
    let full = ledger.pipeline().streams(["entries"]).mode(Mode::Full).pause_after(Duration::ZERO);
    let _ = paused(full.run().await.expect("runs"));
    let _ = paused(slice(&ledger).await);
    let report = proved(slice(&ledger).await);
    assert_eq!(report.streams()[0].certificates[0].slot, Slot::Front);
    assert_eq!(ledger.asked().len(), 6, "three pages each");
    ledger.holds().await;
}

async fn orders_end(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.clock.advance(DAY);
    let ordered = ledger.clock.now();
    let pass = || {
        let pass = ledger.pipeline().background(Background::Full).ordered(ordered);
        pass.pause_after(Duration::ZERO)
    };
    ledger.asked();
    let mut runs = 0;
    while pass().run().await.expect("runs").is_paused() {
        runs += 1;
        assert!(runs < 9, "it ends");
        ledger.clock.advance(HOUR);
    }
    // Entries take three pages and branches one, a page a run; the last run finds that nothing is left to read.
    assert_eq!((runs, ledger.asked().len()), (3, 3));
    let report = proved(pass().run().await.expect("runs"));
    assert_eq!((report.streams().len(), report.usage().calls, ledger.asked().len()), (2, 0, 0));
    let again = proved(ledger.pipeline().background(Background::Full).run().await.expect("runs"));
    assert_eq!(again.counts().read, 7, "without the order it is read anew");
}

async fn overdue(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.clock.advance(30 * DAY);
    ledger.asked();
    let _ = ledger.increment().await;
    let asked = ledger.asked();
    assert!(asked.iter().all(|asked| asked.since == Some(start() - Duration::from_secs(60))), "{asked:?}");
    let _ = proved(ledger.pipeline().run().await.expect("runs"));
    assert!(
        ledger.asked().iter().all(|asked| asked.since.is_none()),
        "by default it is read when its time has come"
    );
}

on_both!(
    /// Entries change, come and vanish while a full pass is paused between its pages and increments run: it is proved
    /// over its own pages, sweeps what vanished and nothing else, and every row is what the manifests say.
    a_full_pass_takes_turns_with_increments,
    super::a_full_pass
);
on_both!(
    /// A pass that is always begun anew deletes nothing, however often.
    a_pass_that_never_completes_never_sweeps,
    super::never_complete
);
on_both!(
    /// Each of two full reads folds what neither it nor a window in progress rests on: everything is verified throughout.
    two_full_reads_leave_each_other_their_manifests,
    super::two_full_reads
);
on_both!(
    /// A first read, and a full read that began in front, are read in front.
    a_first_read_is_owed_to_the_increments,
    super::first_reads
);
on_both!(
    /// An order that takes many runs reads each partition once, and then nothing.
    an_order_of_many_runs_ends,
    super::orders_end
);
on_both!(
    /// Where somebody orders full reads and re-reads, an increment stays one.
    increments_only_leaves_the_rest,
    super::overdue
);
