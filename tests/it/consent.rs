//! `examples/xero_consent.rs` with the twin's consent page, and the browser that goes to and fro between them.

use std::process::Stdio;

use secrecy::{ExposeSecret, SecretString};
use sentia::{
    Store,
    key_store::KeyName,
    security::{MasterKey, MasterKeyset, Vault},
};
use sentia_sandbox::{Sandbox, Size, XeroTwin};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
};

use crate::programs::Programs;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The program, as far as it has come.
struct Walk {
    child: Child,
    printed: Lines<BufReader<ChildStdout>>,
    link: String,
}

/// Starts the program and reads the link it prints.
async fn begin(twin: &XeroTwin, folder: &std::path::Path) -> Walk {
    // A port that was free a moment ago; the redirect has to be known at the vendor before the program listens.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    twin.register_redirect_uri(&redirect);
    let mut command = Programs::up_to_date().await.command("xero_consent");
    command.current_dir(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("XERO_CLIENT_ID", twin.public_client_id()).env("XERO_BASE_URL", twin.base_url());
    command.env("XERO_REDIRECT_URI", redirect).env("SENTIA_MASTER_KEY", KEY);
    let mut child = command.spawn().expect("it starts");
    let mut printed = BufReader::new(child.stdout.take().expect("piped")).lines();
    let link = loop {
        let line = printed.next_line().await.expect("reads").expect("it prints a link before it ends");
        if line.starts_with("http://") {
            break line;
        }
    };
    Walk { child, printed, link }
}

/// What a user's browser does: opens the link, presses a button, and follows where it is sent.
#[allow(clippy::disallowed_methods, reason = "the browser's way, not the connector's")]
async fn browse(link: &str, twin: &XeroTwin, decision: &str) -> (u16, String) {
    let browser = reqwest::Client::new();
    let page = browser.get(link).send().await.expect("the consent page").text().await.expect("HTML");
    let ticket = page.split("name=\"ticket\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let form = [("ticket", ticket.expect("a form")), ("decision", decision)];
    let back = browser.post(twin.authorize_url()).form(&form).send().await.expect("the program's own page");
    (back.status().as_u16(), back.text().await.expect("text"))
}

/// What the program prints until its end, on both channels, and whether it ended well.
async fn end(mut walk: Walk) -> (bool, String) {
    let mut text = String::new();
    while let Some(line) = walk.printed.next_line().await.expect("reads") {
        text += &line;
        text.push('\n');
    }
    walk.child.stderr.take().expect("piped").read_to_string(&mut text).await.expect("reads");
    (walk.child.wait().await.expect("it ends").success(), text)
}

async fn kept(folder: &std::path::Path) -> Option<SecretString> {
    let store =
        Store::connect(&format!("sqlite://{}", folder.join("acme.db").display())).await.expect("opens");
    let master = MasterKey::from_base64("env", &KEY.into()).expect("32 bytes");
    let name = KeyName {
        tenant: "default".to_owned(),
        connection: "xero".to_owned(),
        name: "refresh_token".to_owned(),
    };
    let kept = Vault::new(store, MasterKeyset::new(master, Vec::new())).get(&name).await.expect("opens");
    kept.map(|(token, _)| token)
}

/// A public app by PKCE: link, page, redirect, code, vault, organisations, a call to each.
#[tokio::test]
async fn a_user_who_consents_connects_every_organisation() {
    let sandbox = Sandbox::start(33, Size::tiny()).await.expect("the twins start");
    let (twin, folder) = (sandbox.xero(), tempfile::tempdir().expect("a folder"));
    let second = twin.add_tenant("Hearth & Grain Ireland");
    let walk = begin(twin, folder.path()).await;
    assert!(walk.link.contains("code_challenge_method=S256"), "{}", walk.link);
    let (status, page) = browse(&walk.link, twin, "allow").await;
    assert_eq!((status, page.as_str()), (200, "Thank you. You may close this page."));
    let (well, printed) = end(walk).await;
    assert!(well, "{printed}");
    for id in [twin.tenant_id(), &second] {
        assert!(printed.contains(&format!("XERO_TENANT_ID={id}")), "{printed}");
    }
    let token = kept(folder.path()).await.expect("the vault keeps it");
    assert!(!printed.contains(token.expose_secret()));
    let checks = twin.requests().into_iter().filter(|request| request.path.ends_with("/Organisation"));
    assert_eq!(checks.map(|request| request.status).collect::<Vec<_>>(), [200, 200]);
}

/// A user who refuses, and a callback that was forged: the program says so and keeps nothing.
#[tokio::test]
async fn without_a_consent_nothing_is_kept() {
    let sandbox = Sandbox::start(33, Size::tiny()).await.expect("the twins start");
    let (twin, folder) = (sandbox.xero(), tempfile::tempdir().expect("a folder"));
    let walk = begin(twin, folder.path()).await;
    assert_eq!(browse(&walk.link, twin, "deny").await.0, 200);
    let (well, printed) = end(walk).await;
    assert!(!well && printed.contains("did not consent"), "{printed}");

    let walk = begin(twin, folder.path()).await;
    let redirect = reqwest::Url::parse(&walk.link).expect("a URL");
    let redirect = redirect.query_pairs().find(|(name, _)| name == "redirect_uri").expect("named").1;
    #[allow(clippy::disallowed_methods, reason = "a forger's browser")]
    let forged = reqwest::get(format!("{redirect}?code=stolen&state=guessed")).await.expect("answers");
    assert_eq!(forged.status().as_u16(), 200);
    let (well, printed) = end(walk).await;
    assert!(!well && printed.contains("does not belong to this consent"), "{printed}");
    assert!(kept(folder.path()).await.is_none());
}
