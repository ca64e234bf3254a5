//! What happens to a run from within: a rule that is broken, a rival, a cancellation.

use std::sync::{
    Arc, Barrier, Once,
    atomic::{AtomicU64, Ordering},
};

use rust_decimal::Decimal;
use sentia::{
    ErrorKind, Outcome, Record, RunReport,
    engine::CancellationToken,
    quality::Dimension,
    report::Event,
    rules::{Verdict, record_rule, required},
};
use sentia_sandbox::{FaultPlan, XeroFault, universe::XeroStream};

use super::{Scene, Target, books::Books, full_run, struck};
use crate::{
    database::{Database, on_both},
    truth::{Vanished, books, books_are_true},
};

fn codes(report: &RunReport) -> Vec<&str> {
    let failures = report.streams().iter().filter_map(|stream| stream.failure.as_ref());
    failures.map(|failure| failure.code.as_str()).collect()
}

async fn broken_rule(database: Database) {
    let scene = Scene::on(41, database).await;
    let truth = scene.sandbox.xero().truth(XeroStream::Invoices);
    let mut totals: Vec<Decimal> = truth.iter().map(|invoice| invoice.amounts["Total"]).collect();
    totals.sort_unstable();
    let middle = totals[totals.len() / 2];
    let is_small = move |record: &Record| {
        let total: Decimal = record.get("Total")?;
        Ok(if total < middle { Verdict::Pass } else { Verdict::violation("too large").field("Total") })
    };
    let ruled = Books::pipeline(&scene)
        .rule("invoices", record_rule("invoices.small", Dimension::Validity, is_small));
    let report = ruled.run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::CompleteWithQuarantine, "{report:#?}");

    let large = totals.iter().filter(|total| **total >= middle).count() as u64;
    assert!(large > 0 && large < truth.len() as u64, "the rule divides the universe");
    assert_eq!(struck::<Books>(&report).counts.quarantined, large);
    let held = scene.store.quarantined(&super::stream_id::<Books>()).await.expect("reads");
    assert_eq!(held.len() as u64, large);
    for entry in &held {
        assert_eq!((entry.rule.as_str(), entry.reason.as_str()), ("invoices.small", "Total: too large"));
        let document = String::from_utf8_lossy(&entry.document);
        let key = entry.key.as_ref().expect("held under its key");
        assert!(document.contains(&format!("\"InvoiceID\":\"{key}\"")), "{document}");
    }
    assert_eq!(
        scene.database.count("xero_invoices").await + large,
        truth.len() as u64,
        "a row or held, nothing between"
    );
    full_run::<Books>(&scene, Vanished::NeverSeen).await;
    assert!(scene.held::<Books>().await.is_empty(), "without the rule all are let go");
}

on_both!(
    /// What a rule refuses is held under its key with its bytes, and let go once the rule is gone.
    a_broken_rule_holds_the_document,
    super::broken_rule
);

/// A column that its vendor leaves empty is no fault by itself; it is for a rule to ask for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_total_of_no_value_is_for_a_rule_to_refuse() {
    let fault = FaultPlan::nth(1).mentioning("/Invoices");
    for is_ruled in [false, true] {
        let scene = Scene::new(42, crate::database::Kind::Sqlite).await.expect("SQLite needs nothing");
        scene.sandbox.xero().inject(XeroFault::WrongType, fault.clone());
        let pipeline = books(&scene.sandbox, &scene.store);
        let pipeline = if is_ruled { pipeline.rule("invoices", required("total")) } else { pipeline };
        let report = pipeline.run().await.expect("reads");
        let blank = "xero_invoices WHERE total IS NULL AND document LIKE '%\"Total\":{}%'";
        let expected = if is_ruled { Outcome::CompleteWithQuarantine } else { Outcome::Complete };
        assert_eq!(report.outcome(), expected, "{report:#?}");
        assert_eq!(
            scene.database.count(blank).await,
            u64::from(!is_ruled),
            "the row keeps the vendor's bytes"
        );
        assert_eq!(scene.held::<Books>().await.len(), usize::from(is_ruled));
    }
}

async fn rivals(database: Database) {
    let scene = Arc::new(Scene::on(43, database).await);
    let start = Arc::new(Barrier::new(2));
    let rival = || {
        let (scene, start, first) = (scene.clone(), start.clone(), Once::new());
        // Both know the same checkpoint before either reads a page. They meet by blocking, each on a thread of its own.
        let meet = move |event: &Event| {
            if matches!(event, Event::Began { .. }) {
                first.call_once(|| {
                    start.wait();
                });
            }
        };
        tokio::task::spawn_blocking(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let store = scene.database.store().await;
                let report = books(&scene.sandbox, &store).page_size(10).observe(meet).run().await;
                store.close().await;
                report.expect("a report")
            })
        })
    };
    let (left, right) = (rival(), rival());
    let reports = [left.await.expect("no panic"), right.await.expect("no panic")];
    let refused: Vec<&str> = reports.iter().flat_map(codes).collect();
    assert!(!refused.is_empty(), "one of two came second");
    assert!(refused.iter().all(|code| *code == ErrorKind::Conflict.code()), "{refused:?}");
    let organisations = reports.iter().map(|report| report.streams()[0].outcome);
    assert_eq!(
        organisations.filter(|outcome| *outcome == Outcome::Complete).count(),
        1,
        "exactly one wins a page"
    );

    scene.later();
    let report = Books::pipeline(&scene).run().await.expect("reads");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    books_are_true(&scene.database, &scene.sandbox, Vanished::NeverSeen).await;
    let verified = scene.store.verify().await.expect("verifies");
    assert!(verified.holds(), "{verified:#?}");
}

on_both!(
    /// Of two pipelines on one connection one commits a page and the other is told of a conflict; the data is true.
    of_two_rivals_one_is_refused,
    super::rivals
);

async fn cancelled(database: Database) {
    let scene = Scene::on(44, database).await;
    let token = CancellationToken::new();
    let (pages, stop) = (AtomicU64::new(0), token.clone());
    let after_three = move |event: &Event| {
        let is_page = matches!(event, Event::Committed { stream, .. } if stream == "invoices");
        if is_page && pages.fetch_add(1, Ordering::SeqCst) == 2 {
            stop.cancel();
        }
    };
    let report = Books::pipeline(&scene).cancel_on(token).observe(after_three).run().await.expect("a report");
    let stream = struck::<Books>(&report);
    assert_eq!((stream.outcome, stream.pages), (Outcome::Incomplete, 3), "{stream:#?}");
    assert!(codes(&report).iter().all(|code| *code == "cancelled"), "{report:#?}");
    assert_eq!(scene.checkpoint::<Books>().await.cursor, None);

    scene.later();
    Books::forget(&scene);
    let resumed = Books::pipeline(&scene).run().await.expect("reads");
    assert_eq!(resumed.outcome(), Outcome::Complete, "{resumed:#?}");
    assert!(Books::read_later_pages_only(&scene), "it resumes behind the third page");
    books_are_true(&scene.database, &scene.sandbox, Vanished::NeverSeen).await;

    let fresh = scene.sandbox.xero().truth(XeroStream::Invoices).len().div_ceil(10) as u64;
    let stream = struck::<Books>(&resumed);
    assert_eq!((stream.pages, stream.usage.calls), (fresh - 3, fresh - 3), "it reads the rest and no more");
    assert_eq!(stream.certificates[0].pages, fresh, "the proof covers both runs");
}

on_both!(
    /// A run cancelled between two pages goes on where it was, with fewer calls than a fresh one.
    a_cancelled_run_is_resumed,
    super::cancelled
);
