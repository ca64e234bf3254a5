//! The examples run to their end, and print what a reader is promised.

use sentia_sandbox::{Pacing, Sandbox, Size};

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
    assert_eq!(printed.matches("complete").count(), 2 * 19, "19 streams, twice, each complete:\n{printed}");
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
async fn custom_connector_reads_its_rates() {
    assert!(!run("custom_connector", &[]).await.is_empty());
}

#[tokio::test]
async fn custom_rule_holds_what_does_not_add_up() {
    assert!(run("custom_rule", &[]).await.contains("held by"));
}
