//! Mistakes name their setting; secrets stay unseen.

use sentia_core::{Connector, ErrorKind};

use super::*;
use crate::microsoft_graph::{MicrosoftGraph, tests::pair};

fn refused(builder: MicrosoftGraphBuilder) -> (String, String) {
    let error = builder.build().expect_err("invalid");
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    (error.context_value("setting").unwrap_or_default().to_owned(), error.message().to_owned())
}

fn app() -> MicrosoftGraphBuilder {
    MicrosoftGraph::builder().tenant("contoso.com").client_id("id")
}

fn secret() -> MicrosoftGraphBuilder {
    app().client_secret("s")
}

#[test]
fn a_mistake_names_its_setting() {
    let ready = || MicrosoftGraph::builder().access_token("t");
    let builder = MicrosoftGraph::builder;
    for (wrong, setting) in [
        (builder(), "tenant"),
        (builder().tenant("t").client_secret("s"), "client_id"),
        (app(), "client_secret"),
        (app().client_secret(" "), "client_secret"),
        (builder().tenant(""), "tenant"),
        (secret().tenant("common"), "tenant"),
        (secret().tenant("a/b"), "tenant"),
        (ready().refresh_token("r"), "access_token"),
        (ready().base_url("graph"), "base_url"),
        (ready().base_url("http://graph.microsoft.com"), "base_url"),
        (secret().identity_url("http://login.example"), "identity_url"),
        (ready().pacing(Pacing::Off), "pacing"),
        (ready().lists(["Orders"]), "lists"),
        (ready().folders(["Inbox"]), "folders"),
        (ready().sites(["root", "root"]), "sites"),
        (ready().drives([".."]), "drives"),
        (ready().mailboxes([" "]), "mailboxes"),
        (secret().mailboxes(["me"]), "mailboxes"),
        (secret().workbook(Workbook::new("me", "/a.xlsx")), "mailboxes"),
        (ready().workbook(Workbook::new("d", "")), "workbooks"),
        (ready().workbook(Workbook::new("d", "f")).workbook(Workbook::new("d", "/f")), "workbooks"),
        (ready().client_state("x".repeat(129)), "client_state"),
        (app().certificate("no pem", "no pem"), "private_key"),
    ] {
        assert_eq!(refused(wrong).0, setting);
    }
}

#[test]
fn a_certificate_must_belong_to_its_key() {
    let ((key, certificate, _), (_, other, _)) = (pair(), pair());
    app().certificate(&*certificate, key.clone()).build().expect("a pair");
    app()
        .certificate(certificate.replace('\n', "\\n"), key.replace('\n', "\\n"))
        .build()
        .expect("from a variable");
    let wrong = |certificate: &str, key: &str| refused(app().certificate(certificate, key.to_owned()));
    assert_eq!(
        wrong(&other, &key).1,
        "certificate and private_key are not of one pair; set those that belong together"
    );
    assert_eq!(wrong(&key, &key).0, "certificate");
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    assert_eq!(
        wrong(&certificate, &encrypted).1,
        "private_key must be an RSA key without a passphrase; convert it"
    );
    assert_eq!(wrong(&certificate, &key[..200]).1, "private_key is cut off: its END line is missing");
    let both = app().certificate(&*certificate, key).client_secret("s");
    assert_eq!(refused(both).0, "client_secret");
}

#[test]
fn every_kind_of_credentials_builds() {
    for builder in [
        MicrosoftGraph::builder().access_token("token").mailboxes(["me"]),
        secret(),
        secret().refresh_token("r").workbook(Workbook::new("me", "/a.xlsx")),
        app().refresh_token("of a public client").tenant("common"),
        secret().base_url("http://127.0.0.1:9/").pacing(Pacing::Off),
        secret().identity_url("https://login.partner.microsoftonline.cn").cloud(Cloud::China),
    ] {
        builder.build().expect("valid");
    }
    assert!(secret().build().expect("valid").webhooks().is_none(), "nothing proves a notification");
    assert!(secret().client_state("x").build().expect("valid").webhooks().is_some());
}

#[test]
fn no_secret_is_printed() {
    let (key, certificate, _) = pair();
    let secrets = key.lines().nth(1).expect("a line").to_owned();
    let with_key = app().certificate(&*certificate, key);
    let with_secrets = secret().client_secret("canary").refresh_token("canary").client_state("canary");
    for builder in [with_key, with_secrets, MicrosoftGraph::builder().access_token("canary")] {
        let shown = format!("{builder:?} {:?}", builder.clone().build().expect("valid"));
        assert!(!shown.contains("canary") && !shown.contains(&secrets), "{shown}");
    }
}

#[test]
fn a_file_may_not_hold_unknown_settings() {
    let read = serde_json::from_str::<MicrosoftGraphConfig>;
    let config = r#"{"tenant":"t","client_id":"c","client_secret":"s","cloud":"us_government","users":"none",
        "calendar":{"window":{"days_back":1,"days_ahead":2}},"mail":"bodies","assertion":"rs256",
        "workbooks":[{"drive":"d","file":"f","tables":[{"name":"T"}]}]}"#;
    MicrosoftGraph::from_config(read(config).expect("known")).expect("valid");
    assert!(read(r#"{"clientid":"id"}"#).expect_err("unknown").to_string().contains("clientid"));
}

#[test]
fn an_empty_environment_says_what_to_set() {
    let error = MicrosoftGraph::from_env_prefixed("SENTIA_NO_SUCH_GRAPH").expect_err("nothing set");
    assert_eq!(error.context_value("variables"), Some("SENTIA_NO_SUCH_GRAPH_*"));
    assert_eq!(error.context_value("setting"), Some("tenant"));
}
