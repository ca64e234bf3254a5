//! Re-reads and backfills: what they ask for, what they leave alone, and waits.

use std::time::Duration;

use sentia::{Background, ErrorKind, Mode, Outcome, certificate::Sweep, cursor::Slot};

use super::ledger::{Asked, DAY, HOUR, Ledger, live, paused, proved, start};
use crate::database::{Database, on_both};

async fn backfill(database: Database) {
    let ledger = Ledger::open(&database).await;
    ledger.clock.advance(DAY);
    ledger.write("b");
    ledger.clock.advance(DAY);
    ledger.write("c");
    let _ = ledger.increment().await;
    ledger.clock.advance(DAY);
    ledger.remove("f");
    for key in ["b", "c"] {
        database.execute(&format!("DELETE FROM bank_entries WHERE key = '{key}'")).await;
    }
    assert!(!ledger.store.verify().await.expect("verifies").holds());
    let before = ledger.checkpoint().await;
    ledger.asked();

    let (since, until) = (start() + HOUR, start() + DAY + HOUR);
    let order = Background::Backfill { since, until: Some(until) };
    let run = || ledger.pipeline().streams(["entries"]).background(order).ordered(start() + 3 * DAY);
    let report = proved(run().run().await.expect("runs"));
    assert_eq!((report.mode, report.background, report.counts().inserted), (Mode::Backfill, Some(order), 1));
    let certificate = &report.streams()[0].certificates[0];
    assert_eq!((certificate.slot, certificate.mode), (Slot::Background, Mode::Backfill));
    assert_eq!(
        (certificate.since, certificate.until, certificate.bound),
        (Some(since), Some(until), Some(until))
    );
    assert_eq!((&certificate.sweep, certificate.rereading), (&Sweep::NotDue, false));
    assert_eq!(ledger.asked(), [Asked { since: Some(since), until: Some(until), page: None }]);
    assert_eq!(
        live(&database).await,
        "abdef",
        "b is back; c lies behind the end, and f is no matter of a backfill"
    );

    let after = ledger.checkpoint().await;
    assert_eq!(
        (after.cursor, &after.full, after.reread, &after.window),
        (before.cursor, &before.full, before.reread, &before.window)
    );
    let done = proved(run().run().await.expect("runs"));
    assert_eq!((done.counts().read, ledger.asked().len()), (0, 0), "it was done since it was ordered");
    let rest = Background::Backfill { since: until, until: None };
    let report = proved(ledger.pipeline().streams(["entries"]).background(rest).run().await.expect("runs"));
    assert_eq!(report.streams()[0].certificates[0].bound, Some(start() + 3 * DAY));
    assert_eq!(live(&database).await, "abcdef");
    ledger.holds().await;
}

async fn refusals(database: Database) {
    let ledger = Ledger::open(&database).await;
    let backfill = |since, until| Background::Backfill { since, until };
    let everywhere = ledger.pipeline().background(backfill(start(), None));
    let backwards = ledger.pipeline().streams(["entries"]).background(backfill(start(), Some(start())));
    for refused in [everywhere, backwards, ledger.pipeline().mode(Mode::Backfill)] {
        let error = refused.run().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::ConfigInvalid, "{error}");
    }
    assert_eq!(ledger.asked().len(), 0);
}

async fn rereads(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.clock.advance(2 * DAY);
    let slice = |background| {
        let pass = ledger.pipeline().background(background);
        pass.pause_after(Duration::ZERO)
    };
    let _ = paused(slice(Background::Full).streams(["entries"]).run().await.expect("runs"));
    ledger.asked();
    // Its re-read falls due while the full pass is under way: that comes first, and is not given up.
    let report = proved(ledger.pipeline().background(Background::Reread).run().await.expect("runs"));
    assert_eq!(report.streams().len(), 1, "branches declare no window");
    let kinds: Vec<_> =
        report.streams()[0].certificates.iter().map(|proof| (proof.mode, proof.rereading)).collect();
    assert_eq!(kinds, [(Mode::Full, false), (Mode::Backfill, true)]);
    let asked = ledger.asked();
    let since: Vec<_> = asked.iter().map(|asked| asked.since).collect();
    let back = Some(start() + 2 * DAY - 10 * DAY);
    assert_eq!(since, [None, None, back, back, back]);
    assert_eq!(asked[0].page.as_deref(), Some("b"), "it went on behind its first page");

    // A backfill is somebody's wish and takes the place of what is in progress.
    let before = ledger.checkpoint().await;
    ledger.clock.advance(DAY);
    let _ = paused(slice(Background::Reread).run().await.expect("runs"));
    let order = Background::Backfill { since: start(), until: None };
    let _ = paused(slice(order).streams(["entries"]).run().await.expect("runs"));
    let begun = ledger.checkpoint().await.background.expect("a window");
    assert_eq!((begun.since, begun.rereading, begun.pages), (Some(start()), false, 1));
    assert_eq!(ledger.checkpoint().await.cursor, before.cursor);
    ledger.holds().await;
}

async fn patience(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.clock.advance(DAY);
    ledger.book().waits = 2;
    ledger.asked();
    let run = || ledger.pipeline().background(Background::Full).patience(HOUR / 2);
    let report = run().run().await.expect("runs");
    let [entries, branches] = report.streams() else { panic!("{report:#?}") };
    assert_eq!((entries.outcome, branches.outcome), (Outcome::Incomplete, Outcome::Complete));
    let until = Some(start() + DAY + HOUR);
    assert_eq!(
        (entries.waiting, report.waiting(), &entries.failure, entries.paused),
        (until, until, &None, false)
    );
    assert_eq!(ledger.asked().len(), 1);
    assert_eq!(sentia::clock::Clock::now(&*ledger.clock), start() + DAY, "nobody slept");

    ledger.clock.advance(HOUR);
    let report = ledger.pipeline().background(Background::Full).patience(HOUR).run().await.expect("runs");
    assert_eq!(proved(report).waiting(), None);
    let tokens: Vec<_> = ledger.asked().into_iter().map(|asked| asked.page).collect();
    assert_eq!(
        tokens[..2],
        [Some("w".to_owned()), Some("w".to_owned())],
        "by the token, and after a wait it could bear"
    );
    ledger.holds().await;
}

async fn no_time_to_wait(database: Database) {
    let ledger = Ledger::open(&database).await;
    let _ = ledger.increment().await;
    ledger.book().waits = 1;
    let report =
        ledger.pipeline().background(Background::Full).pause_after(HOUR / 2).run().await.expect("runs");
    assert_eq!(report.waiting(), Some(start() + HOUR), "the wait is longer than the run's time");
    assert_eq!(report.streams()[1].outcome, Outcome::Complete, "which others use");
}

on_both!(
    /// A backfill asks for its span, brings back what is missing there, and leaves cursor and deletions alone.
    a_backfill_reads_its_span_and_moves_nothing,
    super::backfill
);
on_both!(
    /// What cannot be read as a backfill is refused before the first call.
    a_backfill_that_makes_no_sense_is_refused,
    super::refusals
);
on_both!(
    /// A re-read ends a full pass in progress first; a backfill takes its place.
    a_reread_never_costs_a_full_pass,
    super::rereads
);
on_both!(
    /// A vendor's long wait is left to a later run, and the other streams go on.
    a_run_without_patience_goes_on_elsewhere,
    super::patience
);
on_both!(
    /// A run whose time ends before the wait does not sit it out.
    a_wait_beyond_the_runs_time_is_not_sat_out,
    super::no_time_to_wait
);
