//! Xero's published accounting model, served by Prism: the documents are the vendor's own examples.

use reqwest::Client;
use sentia::{Evidence, Mode, Outcome, Pipeline, RunReport, Store, connectors::Xero, transport::Pacing};
use serde_json::Value;

use super::{
    documents::{amounts_are_true, listed, stored},
    operator::syncs_and_verifies,
    server::Server,
};
use crate::database::{Database, Kind};
use crate::programs::Programs;

pub(super) const ACCESS_TOKEN: &str = "a-ready-access-token";
pub(super) const TENANT_ID: &str = "45e4708e-d862-4111-ab3a-dd8cd03913e1";

const MODEL: [&str; 4] = ["--models", "xero/xero_accounting.yaml", "--prefix", "/api.xro/2.0"];

/// Each list with how many examples the model has of it, and how a read of it is proved: Xero counts what it pages.
const LISTS: [(&str, &str, &str, usize, Evidence); 7] = [
    ("Organisation", "Organisations", "organisations", 1, Evidence::Walked),
    ("Accounts", "Accounts", "accounts", 2, Evidence::Walked),
    ("Items", "Items", "items", 2, Evidence::Walked),
    ("Contacts", "Contacts", "contacts", 2, Evidence::Counted),
    ("Invoices", "Invoices", "invoices", 3, Evidence::Counted),
    ("CreditNotes", "CreditNotes", "credit_notes", 2, Evidence::Counted),
    ("Payments", "Payments", "payments", 2, Evidence::Counted),
];

/// All examples together.
pub(super) const EXAMPLES: u64 = 14;

/// One server for all of it: Prism needs long to read the model, and much memory to hold it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_books_that_xero_publishes() {
    let Some(server) = Server::start("serve-models.mjs", &MODEL).await else { return };
    let (answers, programs) = (answers(&server).await, Programs::up_to_date().await);
    for kind in [Kind::Sqlite, Kind::Postgres] {
        eprintln!("on {kind:?}");
        if let Some(database) = Database::fresh(kind).await {
            syncs_the_examples(&server, &answers, &database).await;
        }
        if let Some(database) = Database::fresh(kind).await {
            syncs_and_verifies(&programs, &server, &database).await;
        }
    }
}

/// What the server answers, asked without the engine.
async fn answers(server: &Server) -> Vec<String> {
    #[allow(clippy::disallowed_methods, reason = "a second opinion must not come through the transport")]
    let client = Client::new();
    let mut answers = Vec::new();
    for (path, ..) in LISTS {
        let request = client.get(format!("{}/api.xro/2.0/{path}", server.url));
        let request = request.bearer_auth(ACCESS_TOKEN).header("xero-tenant-id", TENANT_ID);
        let answer = request.header("accept", "application/json").send().await.expect("answers");
        answers.push(answer.error_for_status().expect("an answer").text().await.expect("a text"));
    }
    answers
}

fn books(server: &Server, store: &Store) -> Pipeline {
    let xero = Xero::builder().access_token(ACCESS_TOKEN).tenant_id(TENANT_ID).base_url(&server.url);
    let xero = xero.pacing(Pacing::Off).build().expect("valid settings");
    Pipeline::new(xero, store.clone())
}

async fn syncs_the_examples(server: &Server, answers: &[String], database: &Database) {
    let store = database.store().await;
    // The second asks with If-Modified-Since, in a form that the model takes; the server answers with all the same.
    // A full read replaces the certificates before it; two lists have no other.
    let runs = [(Mode::Incremental, true, 7), (Mode::Incremental, false, 12), (Mode::Full, false, 7)];
    for (mode, is_new, certificates) in runs {
        let report = books(server, &store).mode(mode).run().await.expect("reads");
        let expected = if is_new { (EXAMPLES, 0) } else { (0, EXAMPLES) };
        let counts = report.counts();
        assert_eq!(
            (counts.inserted, counts.unchanged, counts.read),
            (expected.0, expected.1, EXAMPLES),
            "{report:#?}"
        );
        assert!(is_proved(&report), "{report:#?}");
        holds_the_examples(answers, database).await;
        let verified = store.verify().await.expect("verifies");
        assert!(verified.holds(), "{verified:#?}");
        assert_eq!((verified.rows, verified.certificates), (EXAMPLES, certificates), "{verified:#?}");
    }
}

/// Whether every stream is complete, on the evidence that Xero gives for it.
fn is_proved(report: &RunReport) -> bool {
    assert_eq!(report.streams().len(), LISTS.len());
    let proved = LISTS.iter().all(|(_, _, name, rows, evidence)| {
        let stream = report.streams().iter().find(|stream| stream.name == *name).expect("a stream");
        let [certificate] = stream.certificates.as_slice() else { return false };
        (certificate.evidence, certificate.distinct, certificate.attempt) == (*evidence, *rows as u64, 1)
    });
    proved && report.outcome() == Outcome::Complete
}

async fn holds_the_examples(answers: &[String], database: &Database) {
    for ((_, array, name, rows, _), answer) in LISTS.iter().zip(answers) {
        let table = format!("xero_{name}");
        assert_eq!(database.count(&table).await, *rows as u64, "{table}");
        assert_eq!(stored(database, &table).await, listed(answer, array), "{table}");
    }
    for (column, member) in [("total", "/Total"), ("sub_total", "/SubTotal"), ("amount_due", "/AmountDue")] {
        amounts_are_true(database, "xero_invoices", column, member).await;
    }
    amounts_are_true(database, "xero_credit_notes", "remaining_credit", "/RemainingCredit").await;
    amounts_are_true(database, "xero_payments", "amount", "/Amount").await;
    for (table, lines) in
        [("xero_invoices", "xero_invoice_lines"), ("xero_credit_notes", "xero_credit_note_lines")]
    {
        let documents = stored(database, table).await;
        let of = |document: &String| {
            let document: Value = serde_json::from_str(document).expect("a document");
            document["LineItems"].as_array().map_or(0, Vec::len) as u64
        };
        assert_eq!(database.count(lines).await, documents.iter().map(of).sum::<u64>(), "{lines}");
    }
}
