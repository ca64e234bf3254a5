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
    assert_eq!(printed.matches("complete").count(), 2 * 93, "93 streams, twice, each complete:\n{printed}");
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

/// Runs `sync` with these words and variables; its exit code and its last line.
async fn sync(words: &str, variables: &[(&str, &str)]) -> (Option<i32>, Value) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Programs::up_to_date().await.command("sync");
    command.args(words.split(' ')).args(["--pacing", "off", "--database-url", "sqlite://acme.db?mode=rwc"]);
    command.current_dir(folder.path()).envs(variables.iter().copied());
    let output = command.output().await.expect("it runs");
    let printed = String::from_utf8(output.stdout).expect("text");
    let last = printed.lines().last().expect("a report");
    (output.status.code(), serde_json::from_str(last).expect("JSON"))
}

#[tokio::test]
async fn sync_tells_by_its_exit_code_how_it_ended() {
    let sandbox = Sandbox::start(32, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.xero();
    let words = format!("--vendor xero --stream invoices --base-url {}", twin.base_url());
    let sync = async |secret| {
        sync(&words, &[("XERO_CLIENT_ID", twin.client_id()), ("XERO_CLIENT_SECRET", secret)]).await
    };
    let (code, report) = sync(twin.client_secret()).await;
    assert_eq!((code, &report["outcome"]), (Some(0), &"complete".into()), "{report}");

    twin.inject(XeroFault::DroppedRow, FaultPlan::always());
    let (code, report) = sync(twin.client_secret()).await;
    assert_eq!((code, &report["outcome"]), (Some(3), &"incomplete".into()), "{report}");

    let (code, report) = sync("not-the-secret").await;
    assert_eq!((code, &report["failure"]["code"]), (Some(1), &"unauthenticated".into()), "{report}");
}

#[tokio::test]
async fn sync_reads_an_account_of_every_vendor() {
    let sandbox = Sandbox::start(33, Size::tiny()).await.expect("the twins start");
    let (usa, uk) = (sandbox.shopify_usa(), sandbox.amazon_uk());
    let (stock, office) = (sandbox.unleashed(), sandbox.microsoft_graph());
    let marketplaces = uk.marketplace_ids().join(",");
    let (uk_id, uk_secret, stock_key) = (uk.client_id(), uk.client_secret(), stock.api_key());
    let accounts = [
        (
            format!(
                "--vendor shopify --prefix SHOP_USA --connection shopify-usa --stream locations --base-url {}",
                usa.base_url()
            ),
            vec![("SHOP_USA_SHOP", usa.shop_domain()), ("SHOP_USA_ACCESS_TOKEN", usa.access_token())],
        ),
        (
            format!(
                "--vendor amazon --prefix AMAZON_UK --connection amazon-uk --stream marketplaces --base-url {}",
                uk.base_url()
            ),
            vec![
                ("AMAZON_UK_REGION", "EU"),
                ("AMAZON_UK_MARKETPLACES", marketplaces.as_str()),
                ("AMAZON_UK_CLIENT_ID", &*uk_id),
                ("AMAZON_UK_CLIENT_SECRET", &*uk_secret),
                ("AMAZON_UK_REFRESH_TOKEN", uk.refresh_token()),
                ("AMAZON_UK_SELLER_ID", uk.seller_id()),
            ],
        ),
        (
            format!("--vendor unleashed --stream warehouses --base-url {}", stock.base_url()),
            vec![("UNLEASHED_API_ID", stock.api_id()), ("UNLEASHED_API_KEY", &*stock_key)],
        ),
        (
            format!("--vendor microsoft-graph --stream users --base-url {}", office.base_url()),
            vec![
                ("MICROSOFT_GRAPH_TENANT", office.tenant_id()),
                ("MICROSOFT_GRAPH_CLIENT_ID", office.client_id()),
                ("MICROSOFT_GRAPH_CLIENT_SECRET", office.client_secret()),
            ],
        ),
    ];
    for (words, variables) in accounts {
        let (code, report) = sync(&words, &variables).await;
        assert_eq!((code, &report["outcome"]), (Some(0), &"complete".into()), "{words}: {report}");
        assert!(report["inserted"].as_u64() > Some(0), "{words}: {report}");
    }
}

/// Two workers on one database: both are told to stop and drain, and between them the shop was read.
#[cfg(unix)]
#[tokio::test]
async fn workers_share_a_database_and_drain_when_they_are_told() {
    use tokio::io::{AsyncBufReadExt, BufReader};

    let sandbox = Sandbox::start(33, Size::tiny()).await.expect("the twins start");
    let twin = sandbox.shopify_uk();
    twin.set_pacing(Pacing::Lifted);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let programs = Programs::up_to_date().await;
    let start = || {
        let mut command = programs.command("worker");
        command.args([
            "--vendor",
            "shopify",
            "--pacing",
            "off",
            "--every",
            "1",
            "--base-url",
            twin.base_url(),
        ]);
        command.args(["--database-url", "sqlite://acme.db?mode=rwc"]).current_dir(folder.path());
        command.env("SHOPIFY_SHOP", twin.shop_domain()).env("SHOPIFY_ACCESS_TOKEN", twin.access_token());
        command.stdout(std::process::Stdio::piped()).spawn().expect("it starts")
    };
    let mut workers = [start(), start()];
    let mut outputs = Vec::new();
    for worker in &mut workers {
        outputs.push(BufReader::new(worker.stdout.take().expect("piped")).lines());
    }
    let mut reads = 0;
    while reads < 3 {
        let [first, second] = &mut outputs[..] else { panic!("two workers") };
        let line = tokio::select! {
            line = first.next_line() => line,
            line = second.next_line() => line,
        };
        let line: Value = serde_json::from_str(&line.expect("text").expect("it runs")).expect("JSON");
        reads += usize::from(line["event"] == "ran" && line["outcome"] == "complete");
    }
    for (mut worker, mut output) in workers.into_iter().zip(outputs) {
        let id = worker.id().expect("it runs").to_string();
        let told = std::process::Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(told.success());
        let mut last = String::new();
        while let Some(line) = output.next_line().await.expect("text") {
            last = line;
        }
        assert!(worker.wait().await.expect("it ends").success());
        let last: Value = serde_json::from_str(&last).expect("JSON");
        assert_eq!(last["event"], "stopped", "{last}");
    }
}
