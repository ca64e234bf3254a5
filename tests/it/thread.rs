//! The thread: two shops and one set of books, from the twins into a database, with proof.

use sentia::{Evidence, Mode, Outcome, RunReport, certificate::Sweep};
use sentia_sandbox::{Sandbox, Size};

use crate::{
    database::{Database, on_both},
    truth::{Vanished, books, books_are_true, shop, shop_is_true},
};

/// Asserts it and hands it on.
fn complete(report: RunReport) -> RunReport {
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    report
}

async fn everything(database: Database) {
    let sandbox = Sandbox::start(11, Size::small()).await.expect("the twins start");
    let store = database.store().await;
    let (uk, usa) = (sandbox.shopify_uk(), sandbox.shopify_usa());
    for twin in [uk, usa] {
        twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    }

    for _ in 0..2 {
        let report = complete(books(&sandbox, &store).page_size(100).run().await.expect("reads"));
        let invoices = report.streams().iter().find(|stream| stream.name == "invoices").expect("a stream");
        assert_eq!(invoices.certificates[0].evidence, Evidence::Counted);
        let _ = complete(shop(uk, "shopify-uk", &store).run().await.expect("reads"));
        let _ = complete(shop(usa, "shopify-usa", &store).run().await.expect("reads"));
        books_are_true(&database, &sandbox, Vanished::NeverSeen).await;
        shop_is_true(&database, uk, "shopify-uk", Vanished::NeverSeen).await;
        shop_is_true(&database, usa, "shopify-usa", Vanished::NeverSeen).await;
    }

    // The universe moves on: an increment brings what changed, a full read what vanished.
    sandbox.evolve();
    let _ = complete(books(&sandbox, &store).run().await.expect("reads"));
    let _ = complete(shop(uk, "shopify-uk", &store).run().await.expect("reads"));
    shop_is_true(&database, uk, "shopify-uk", Vanished::NotYetKnown).await;
    let report = complete(shop(uk, "shopify-uk", &store).mode(Mode::Full).run().await.expect("reads"));
    let products = report.streams().iter().find(|stream| stream.name == "products").expect("a stream");
    assert!(matches!(products.certificates[0].sweep, Sweep::Done { deleted: 1.. }), "{products:#?}");
    books_are_true(&database, &sandbox, Vanished::Marked).await;
    shop_is_true(&database, uk, "shopify-uk", Vanished::Marked).await;

    let verified = store.verify().await.expect("verifies");
    assert!(verified.holds() && verified.rows > 500 && verified.certificates > 20, "{verified:#?}");
}

on_both!(
    /// Full, incremental and full again: each equals the universe's own truth.
    syncs_what_the_universe_holds,
    super::everything
);

async fn an_increment_is_small(database: Database) {
    let sandbox = Sandbox::start(12, Size::small()).await.expect("the twins start");
    let store = database.store().await;
    let first = complete(books(&sandbox, &store).run().await.expect("reads"));
    let second = complete(books(&sandbox, &store).run().await.expect("reads"));
    // Each report says when it was made, so each reading of one is another document.
    let written = |report: &RunReport| {
        let lists = report.streams().iter().filter(|stream| !stream.name.starts_with("report_"));
        lists.map(|stream| stream.counts.inserted + stream.counts.updated).sum::<u64>()
    };
    assert!(written(&first) > 500);
    assert_eq!(written(&second), 0, "nothing changed, nothing is written");
    assert!(second.usage().bytes < first.usage().bytes / 4, "{:?} {:?}", first.usage(), second.usage());
}

on_both!(
    /// Nothing changed: a second run reads little and writes nothing.
    an_unchanged_vendor_costs_little,
    super::an_increment_is_small
);

async fn ground_shifts(database: Database) {
    let sandbox = Sandbox::start(13, Size::small()).await.expect("the twins start");
    let store = database.store().await;
    // Between two numbered pages an invoice of the first page changes: it moves to the end, the others move up by
    // one, and the first of the second page is on no page at all.
    sandbox.xero().on_request(4, |universe| {
        let invoices = universe.books.invoices.iter().enumerate();
        let (first, _) = invoices.min_by_key(|(_, invoice)| invoice.document.updated_at).expect("invoices");
        universe.touch_invoice(first);
    });
    let pipeline = books(&sandbox, &store).streams(["invoices"]).page_size(100);
    let report = complete(pipeline.run().await.expect("reads"));
    let certificate = &report.streams()[0].certificates[0];
    assert!(certificate.attempt > 1, "the window was read again: {certificate:#?}");
    let truth = sandbox.xero().truth(sentia_sandbox::universe::XeroStream::Invoices).len() as u64;
    assert_eq!((certificate.distinct, database.count("xero_invoices").await), (truth, truth));
}

on_both!(
    /// Records updated while numbered pages are read: the window is read again until it is proved.
    shifting_ground_is_read_again,
    super::ground_shifts
);

async fn tampering(database: Database) {
    let sandbox = Sandbox::start(14, Size::tiny()).await.expect("the twins start");
    let store = database.store().await;
    let _ = complete(books(&sandbox, &store).run().await.expect("reads"));
    assert!(store.verify().await.expect("verifies").holds());

    let victims = database.rows("SELECT key FROM xero_invoices ORDER BY key LIMIT 5").await;
    let victim = |at: usize| victims[at][0].clone();
    let row = |key: &str| format!("xero_invoices WHERE key = '{key}'");
    database.execute(&format!("DELETE FROM {}", row(&victim(0)))).await;
    let forged = format!(
        "UPDATE xero_invoices SET document = replace(document, '{0}', '{0} ') WHERE key = '{1}'",
        "Total",
        victim(1)
    );
    database.execute(&forged).await;
    database
        .execute(&format!("UPDATE xero_invoices SET total = total + 1 WHERE key = '{}'", victim(2)))
        .await;
    database.execute(&format!("DELETE FROM xero_invoice_lines WHERE parent_key = '{}'", victim(3))).await;
    let columns = "tenant, connection, partition, version, version_order, digest, row_check, run, sequence, first_seen, \
                   changed, document";
    let slipped = format!(
        "INSERT INTO xero_invoices (key, {columns}) SELECT 'slipped-in', {columns} FROM {}",
        row(&victim(4))
    );
    assert_eq!(database.execute(&slipped).await, 1);

    let report = store.verify().await.expect("verifies");
    let named = |key: &str, what: &str| {
        let found = report
            .differences
            .iter()
            .any(|d| d.table == "xero_invoices" && d.key == key && d.what.contains(what));
        assert!(found, "{key} {what}: {:#?}", report.differences);
    };
    named(&victim(0), "missing");
    named(&victim(1), "document was altered");
    named(&victim(2), "column or child row was altered");
    named(&victim(3), "column or child row was altered");
    named("slipped-in", "slipped in");
    assert!(
        report.differences.iter().any(|d| d.table == "sentia_certificates"),
        "the certificate no longer holds"
    );
    assert!(!report.differences.iter().any(|d| d.key == victim(4)), "what was left alone is not named");
}

on_both!(
    /// A row deleted, altered or slipped in by hand is named, and so is the certificate that no longer holds.
    verify_names_what_was_done_by_hand,
    super::tampering
);
