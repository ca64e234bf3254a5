//! The examples run to their end, and print what a reader is promised.

use sentia_sandbox::{FaultPlan, Pacing, Sandbox, Size, XeroFault};
use serde_json::Value;

use crate::programs::Programs;

async fn run(name: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Programs::up_to_date().await.command(name);
    command.envs(variables.iter().copied()).current_dir(folder.path());
    let output = command.output().await.expect("it runs");
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{printed}\n{told}", output.status);
    printed.into_owned()
}

#[tokio::test]
async fn quickstart_syncs_twice_verifies_and_answers() {
    let printed = run("quickstart", &[]).await;
    assert_eq!(printed.matches("complete").count(), 2 * 81, "81 streams, twice, each complete:\n{printed}");
    assert!(!printed.contains("incomplete"), "{printed}");
    assert!(printed.contains(" 0 differences"), "{printed}");
    assert!(printed.lines().any(|line| line.starts_with("shopify-usa") && line.contains("USD")), "{printed}");
}

#[tokio::test]
async fn hello_shopify_prints_what_it_upserted() {
    let sandbox = Sandbox::start(31, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let variables = [
        ("SHOPIFY_SHOP", twin.shop_domain()),
        ("SHOPIFY_ACCESS_TOKEN", twin.access_token()),
        ("SHOPIFY_BASE_URL", twin.base_url()),
    ];
    let printed = run("hello_shopify", &variables).await;
    let orders = printed.lines().find(|line| line.starts_with("orders ")).expect("a line for the orders");
    assert!(orders.contains(" 12 upserted"), "{printed}");
}

#[tokio::test]
async fn custom_connector_reads_its_shipments_and_what_changed() {
    let printed = run("custom_connector", &[]).await;
    assert!(printed.contains("first run: 12 read, 12 inserted, 0 updated, 0 deleted, complete"), "{printed}");
    assert!(printed.contains("1 deleted, complete") && printed.contains("S-000 cancelled"), "{printed}");
}

#[tokio::test]
async fn custom_rule_holds_what_does_not_add_up() {
    assert!(run("custom_rule", &[]).await.contains("held by"));
}

/// Runs `sync` on the books' twin; its exit code and its last line.
async fn sync(sandbox: &Sandbox, secret: &str) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let twin = sandbox.xero();
    let mut command = Programs::up_to_date().await.command("sync");
    command.args([
        "--vendor",
        "xero",
        "--pacing",
        "off",
        "--stream",
        "invoices",
        "--base-url",
        twin.base_url(),
    ]);
    command.args(["--database-url", "sqlite://books.db?mode=rwc"]).current_dir(folder.path());
    command.env("XERO_CLIENT_ID", twin.client_id()).env("XERO_CLIENT_SECRET", secret);
    let output = command.output().await.expect("it runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let last = printed.lines().last().expect("a report");
    (output.status.code(), serde_json::from_str(last).expect("JSON"))
}

#[tokio::test]
async fn sync_tells_by_its_exit_code_how_it_ended() {
    let sandbox = Sandbox::start(32, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.xero();
    let (code, report) = sync(&sandbox, twin.client_secret()).await;
    assert_eq!((code, &report["outcome"]), (Some(0), &"complete".into()), "{report}");

    twin.inject(XeroFault::DroppedRow, FaultPlan::always());
    let (code, report) = sync(&sandbox, twin.client_secret()).await;
    assert_eq!((code, &report["outcome"]), (Some(3), &"incomplete".into()), "{report}");

    let (code, report) = sync(&sandbox, "not-the-secret").await;
    assert_eq!((code, &report["failure"]["code"]), (Some(1), &"unauthenticated".into()), "{report}");
}
