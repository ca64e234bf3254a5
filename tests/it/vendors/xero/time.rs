//! Days, instants and digits: a clock that is hours off, and numbers as long as Xero writes them.

use std::{sync::Arc, time::Duration};

use sentia::{Mode, Outcome, clock::Clock, testing::ManualClock};

use super::{Scene, everything, organisation, organisation_is_true};
use crate::{
    database::{Database, on_both},
    truth::Vanished,
};

/// Two runs with our clock so many hours off the vendor's, and changes between them within the vendor's minutes.
async fn off_by(hours: i64, database: Database) {
    let (scene, store) = (Scene::new(60).await, database.store().await);
    let ours = Arc::new(ManualClock::new(scene.clock.now() + chrono::Duration::hours(hours)));
    let run = async || {
        let pipeline = organisation(everything(&scene.sandbox), &store);
        let report = pipeline.clock(ours.clone()).mode(Mode::Incremental).run().await.expect("runs");
        assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    };
    run().await;
    organisation_is_true(&database, &scene.sandbox, Vanished::NeverSeen).await;
    for _ in 0..3 {
        scene.later(1);
        ours.advance(Duration::from_secs(3600));
        scene.sandbox.evolve();
        run().await;
        organisation_is_true(&database, &scene.sandbox, Vanished::Marked).await;
    }
}

async fn ahead(database: Database) {
    off_by(5, database).await;
}

async fn behind(database: Database) {
    off_by(-5, database).await;
}

on_both!(
    /// A clock that is hours ahead of the vendor's loses nothing: windows are bound by the vendor's own.
    a_clock_that_is_ahead_loses_nothing,
    super::ahead
);

on_both!(
    /// A clock that is hours behind reads some things again and loses nothing.
    a_clock_that_is_behind_loses_nothing,
    super::behind
);

async fn digits(database: Database) {
    let (scene, store) = (Scene::new(61).await, database.store().await);
    let rate = "1234.5678901234".parse().expect("fourteen digits");
    let total = "123456789012.34".parse().expect("fourteen digits");
    let key = scene.sandbox.change(|universe| {
        universe.touch_invoice(0);
        let document = &mut universe.books.invoices[0].document;
        (document.rate, document.total) = (rate, total);
        document.id.to_string()
    });
    let pipeline = organisation(everything(&scene.sandbox), &store).streams(["invoices"]);
    let report = pipeline.clock(scene.clock.clone()).run().await.expect("runs");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    let total = database.amount("total");
    let sql = format!("SELECT CAST(currency_rate AS text), {total} FROM xero_invoices WHERE key = '{key}'");
    assert_eq!(database.rows(&sql).await, [["1234.5678901234", "1234567890123400"]]);
}

on_both!(
    /// Fourteen digits come through as they are, before and behind the point.
    fourteen_digits_are_kept,
    super::digits
);
