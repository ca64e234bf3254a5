//! What happens to a run when its database fails: a full disk, sessions that are ended.

use std::{process::Command, time::Duration};

use sentia::{ErrorKind, Outcome, Pipeline, RunReport, connectors::Xero, transport::Pacing};
use sentia_sandbox::{Sandbox, Size};
use sqlx::{Connection, Executor, PgConnection};

use crate::{
    database::{Database, Kind, variable},
    truth::{Vanished, books, books_are_true, impatient},
};

/// Files of the child may not grow beyond this: the tables are begun and do not fit.
const ROOM: u64 = 1 << 20;

/// Not a test by itself: the body of the child process, which does nothing where it is not one. It ends as a host
/// would: well only when the run is green.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(task) = variable("SENTIA_FULL_DISK_TASK") else { return };
    let [base_url, id, secret, tenant, database] =
        serde_json::from_str::<[String; 5]>(&task).expect("the parent's");
    let xero = Xero::builder().client_id(id).client_secret(secret).tenant_id(tenant).base_url(base_url);
    let xero = xero.pacing(Pacing::Off).build().expect("valid settings");
    let outcome = match sentia::Store::connect(&database).await {
        Ok(store) => {
            Pipeline::new(xero, store).connection("xero").page_size(100).transport(impatient()).run().await
        }
        Err(error) => Err(error),
    };
    let (code, remedy) = told(&outcome);
    #[allow(clippy::print_stdout, reason = "the parent reads it")]
    {
        println!("told {code}: {remedy}");
    }
    assert!(outcome.is_ok_and(|report| report.outcome() == Outcome::Complete));
}

/// The reason that a run is not green, however it says so.
fn told(outcome: &sentia::Result<RunReport>) -> (String, String) {
    match outcome {
        Err(error) => (error.kind().code().to_owned(), error.kind().remedy().to_owned()),
        Ok(report) => {
            let failure = report.streams().iter().find_map(|stream| stream.failure.clone());
            failure.map_or_else(Default::default, |failure| (failure.code, failure.remedy))
        }
    }
}

/// A disk that fills up is an error of the store that names its remedy; with room again the data is true.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_survived() {
    let sandbox = Sandbox::start(51, Size::small()).await.expect("the twins start");
    sandbox.xero().set_pacing(sentia_sandbox::Pacing::Lifted);
    let database = Database::fresh(Kind::Sqlite).await.expect("SQLite needs nothing");
    // The tables of the engine are there before the disk is full.
    database.store().await.close().await;
    let twin = sandbox.xero();
    let task = [twin.base_url(), twin.client_id(), twin.client_secret(), twin.tenant_id(), &database.url];
    // A write beyond the limit fails instead of killing the process, as on a disk that is full.
    let limited = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", ROOM / 512);
    let mut command = Command::new("sh");
    command.args(["-c", &limited]).arg(std::env::current_exe().expect("this test binary"));
    command.args(["faults::database::child", "--exact", "--nocapture"]);
    command.env("SENTIA_FULL_DISK_TASK", serde_json::to_string(&task).expect("plain text"));
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("a shell");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success(), "not green: {printed}");
    let told = format!("told store: {}", ErrorKind::Store.remedy());
    assert!(printed.contains(&told), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let truth = twin.truth(sentia_sandbox::universe::XeroStream::Invoices).len() as u64;
    let stored = database.rows("SELECT name FROM sqlite_master WHERE name = 'xero_invoices'").await;
    assert!(
        stored.is_empty() || database.count("xero_invoices").await < truth,
        "the disk was full in the middle"
    );

    let store = database.store().await;
    let report = books(&sandbox, &store).page_size(100).run().await.expect("there is room again");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    books_are_true(&database, &sandbox, Vanished::NeverSeen).await;
    assert!(store.verify().await.expect("verifies").holds());
}

/// Ends every session of a database but its own, again and again.
async fn end_sessions(url: String) {
    let mut connection = PgConnection::connect(&url).await.expect("the database");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut pause = tokio::time::interval(Duration::from_millis(3));
    loop {
        pause.tick().await;
        connection.execute(end).await.expect("a superuser's test server");
    }
}

/// Sessions that are ended under a run make it incomplete or an error of the store; the next run is complete and true.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_ended_by_the_server_are_told_and_survived() {
    let Some(database) = Database::fresh(Kind::Postgres).await else { return };
    let sandbox = Sandbox::start(52, Size::tiny()).await.expect("the twins start");
    sandbox.xero().set_pacing(sentia_sandbox::Pacing::Lifted);
    let store = database.store().await;
    let mut hit = 0;
    for _ in 0..5 {
        let ending = tokio::spawn(end_sessions(database.url.clone()));
        let outcome = books(&sandbox, &store).page_size(5).run().await;
        ending.abort();
        match &outcome {
            Ok(report) if report.outcome() == Outcome::Complete => {
                books_are_true(&database, &sandbox, Vanished::NeverSeen).await;
            }
            _ => {
                hit += 1;
                assert_eq!(told(&outcome).0, ErrorKind::Store.code(), "{outcome:#?}");
            }
        }
    }
    assert!(hit > 0, "no run was hit");
    let report = books(&sandbox, &store).page_size(5).run().await.expect("nobody interferes");
    assert_eq!(report.outcome(), Outcome::Complete, "{report:#?}");
    books_are_true(&database, &sandbox, Vanished::NeverSeen).await;
    assert!(store.verify().await.expect("verifies").holds());
}
