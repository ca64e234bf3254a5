//! Tokens, tenants and refresh-token rotation.

use secrecy::ExposeSecret;
use sentia_core::{
    Error, ErrorKind,
    key_store::{KeyEntry, KeyFilter, KeyName, KeyVersion, SealedKey, StoredKey},
    testing::MemoryKeyStore,
};

use super::*;

const EMPTY: &str = r#"{"Organisations":[]}"#;

fn bearer(request: &Request) -> &str {
    request.headers["authorization"].to_str().expect("ascii")
}

fn form(request: &Request) -> String {
    String::from_utf8(request.body.clone().unwrap_or_default().to_vec()).expect("utf-8")
}

fn granted(nth: usize) -> Answer {
    json(
        200,
        format!(
            r#"{{"access_token":"a{nth}","expires_in":1800,"token_type":"Bearer","scope":"b.read a.read"}}"#
        ),
    )
}

fn rotated(nth: usize) -> Answer {
    json(200, format!(r#"{{"access_token":"a{nth}","refresh_token":"r{nth}","expires_in":1800}}"#))
}

fn custom() -> Xero {
    Xero::builder()
        .client_id("CLIENTID0001")
        .client_secret("SECRET0001")
        .tenant_id("t")
        .build()
        .expect("valid")
}

fn connected() -> Xero {
    let app = Xero::builder().client_id("id").client_secret("secret").tenant_id("t");
    app.refresh_token("r0").build().expect("valid")
}

#[tokio::test]
async fn client_credentials_ask_for_scopes_with_a_basic_header() {
    let double = Double::new(|request, nth| match request.url.path() {
        "/connect/token" => granted(nth),
        _ => json(200, EMPTY),
    });
    let page = fetch(&custom(), &double, "organisations", None).await.expect("a page");
    let asked = &double.seen()[0];
    assert_eq!(asked.url.as_str(), "https://identity.xero.com/connect/token");
    assert_eq!(bearer(asked), "Basic Q0xJRU5USUQwMDAxOlNFQ1JFVDAwMDE=");
    assert!(
        form(asked).starts_with("grant_type=client_credentials&scope=accounting.invoices.read+"),
        "{}",
        form(asked)
    );
    assert_eq!(bearer(&double.seen()[1]), "Bearer a0");
    assert!(format!("{page:?}").contains("tenant t; scopes a.read b.read; list Organisation"), "{page:?}");
}

#[tokio::test]
async fn on_this_machine_tokens_come_from_the_same_address() {
    let double = Double::new(|request, nth| match request.url.path() {
        "/twin/connect/token" => granted(nth),
        _ => json(200, EMPTY),
    });
    let app = Xero::builder().client_id("id").client_secret("secret").tenant_id("t");
    let local = app.base_url("http://127.0.0.1:9/twin/").build().expect("valid");
    drop(fetch(&local, &double, "organisations", None).await.expect("a page"));
    let seen: Vec<_> = double.seen().iter().map(|request| request.url.to_string()).collect();
    assert_eq!(
        seen,
        ["http://127.0.0.1:9/twin/connect/token", "http://127.0.0.1:9/twin/api.xro/2.0/Organisation"]
    );
}

#[tokio::test]
async fn a_public_client_names_itself_in_the_form() {
    let double = Double::new(|request, nth| match request.url.path() {
        "/connect/token" => rotated(nth + 1),
        _ => json(200, EMPTY),
    });
    let xero = Xero::builder().client_id("id").refresh_token("r0").tenant_id("t").build().expect("valid");
    read(&xero, &kept(&double, &vault(MemoryKeyStore::default()))).await.expect("a page");
    assert!(!double.seen()[0].headers.contains_key("authorization"));
    assert_eq!(form(&double.seen()[0]), "grant_type=refresh_token&refresh_token=r0&client_id=id");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_the_call_repeated_once() {
    let double = Double::new(|request, nth| match (request.url.path(), nth) {
        ("/connect/token", _) => granted(nth),
        _ if bearer(request) == "Bearer a0" => json(401, r#"{"Detail":"AuthenticationUnsuccessful"}"#),
        _ => json(200, EMPTY),
    });
    drop(fetch(&custom(), &double, "organisations", None).await.expect("with the second token"));
    assert_eq!((double.count("/connect/token"), double.count("/Organisation")), (2, 2));

    let never = Double::new(|request, nth| match request.url.path() {
        "/connect/token" => granted(nth),
        _ => json(401, "{}"),
    });
    let error = fetch(&custom(), &never, "organisations", None).await.expect_err("refused twice");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::Unauthenticated, false));
    assert_eq!((never.count("/connect/token"), never.count("/Organisation")), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refused_callers_renew_once() {
    let double = Double::new(|request, nth| match request.url.path() {
        "/connect/token" => granted(nth),
        _ if bearer(request) == "Bearer a0" => json(401, "{}"),
        _ => json(200, EMPTY),
    });
    let xero = Arc::new(custom());
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (xero, double) = (xero.clone(), double.clone());
            tokio::spawn(async move { fetch(&xero, &double, "organisations", None).await })
        })
        .collect();
    for task in tasks {
        drop(task.await.expect("no panic").expect("a page"));
    }
    assert_eq!(double.count("/connect/token"), 2);
}

#[tokio::test]
async fn a_disconnected_tenant_is_not_a_reason_to_renew() {
    let double =
        Double::new(|_, _| json(403, r#"{"Title":"Forbidden","Detail":"AuthenticationUnsuccessful"}"#));
    let error =
        fetch(&ready().build().expect("valid"), &double, "organisations", None).await.expect_err("refused");
    assert_eq!((error.kind(), double.seen().len()), (ErrorKind::PermissionDenied, 1));
}

#[tokio::test]
async fn the_only_tenant_is_found_once_and_several_are_named() {
    let organisation = r#"{"tenantId":"t1","tenantType":"ORGANISATION","tenantName":"One"}"#;
    let practice = r#"{"tenantId":"t0","tenantType":"PRACTICE"}"#;
    let other = r#"{"tenantId":"t2","tenantType":"ORGANISATION","tenantName":"Two"}"#;
    let double = |tenants: Vec<&str>| {
        let tenants = format!("[{}]", tenants.join(","));
        Double::new(move |request, _| match request.url.path() {
            "/connections" => json(200, tenants.clone()),
            _ => json(200, EMPTY),
        })
    };
    let untold = || Xero::builder().access_token("ready").build().expect("valid");

    let (one, xero) = (double(vec![practice, organisation]), untold());
    for _ in 0..2 {
        drop(fetch(&xero, &one, "organisations", None).await.expect("a page"));
    }
    assert_eq!(one.count("/connections"), 1);
    assert_eq!(one.seen()[1].headers["xero-tenant-id"], "t1");

    let error =
        fetch(&untold(), &double(vec![organisation, other]), "organisations", None).await.expect_err("two");
    assert_eq!(error.kind(), ErrorKind::ConfigInvalid);
    assert_eq!(error.context_value("tenants"), Some("t1 (One), t2 (Two)"));

    let error = fetch(&untold(), &double(vec![practice]), "organisations", None).await.expect_err("none");
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_token_answer_that_cannot_be_read_is_not_quoted() {
    let double = Double::new(|_, _| json(200, r#"{"access_token":"canary","expires_in":18"#));
    let error = fetch(&custom(), &double, "organisations", None).await.expect_err("cut off");
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::InvalidResponse, true));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

/// What the vault keeps, and a context with that vault.
fn kept(double: &Double, vault: &Vault) -> Context {
    double.context().with_vault(Some(vault.clone()))
}

async fn stored(cx: &Context) -> Option<(String, KeyVersion)> {
    let stored = cx.vault().expect("given").get(&cx.key_name("refresh_token")).await.expect("opens");
    stored.map(|(secret, version)| (secret.expose_secret().to_owned(), version))
}

async fn read(xero: &Xero, cx: &Context) -> Result<()> {
    xero.fetch(cx, Fetch::new(&info(xero, "organisations"))).await.map(drop)
}

#[tokio::test]
async fn the_new_refresh_token_is_durable_before_its_access_token_is_used() {
    let vault = vault(MemoryKeyStore::default());
    let (inner, seen) = (vault.clone(), Arc::new(Mutex::new(None)));
    let noted = seen.clone();
    let double = Double::new(move |request, nth| match request.url.path() {
        "/connect/token" => rotated(nth + 1),
        _ => {
            let name =
                KeyName { tenant: "tenant".into(), connection: "books".into(), name: "refresh_token".into() };
            let now = futures_now(inner.get(&name)).expect("opens").expect("stored");
            *noted.lock().expect("one test") = Some(now.0.expose_secret().to_owned());
            json(200, EMPTY)
        }
    });
    let cx = kept(&double, &vault);
    read(&connected(), &cx).await.expect("a page");
    assert_eq!(seen.lock().expect("one test").as_deref(), Some("r1"));
    assert_eq!(stored(&cx).await, Some(("r1".into(), 2)), "the initial token, then its successor");
    assert!(form(&double.seen()[0]).contains("refresh_token=r0"));

    read(&connected(), &cx).await.expect("another process goes on from the vault");
    assert!(form(&double.seen()[2]).contains("refresh_token=r1"));
}

/// Runs a future of the memory store, which never waits.
fn futures_now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut cx) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the memory store never waits"),
    }
}

#[tokio::test]
async fn a_failed_refresh_never_touches_the_stored_token() {
    for (answer, kind) in [
        (json(400, r#"{"error":"invalid_grant"}"#), ErrorKind::Unauthenticated),
        (json(503, "down"), ErrorKind::Unavailable),
    ] {
        let double = Double::new(move |_, _| answer.clone());
        let cx = kept(&double, &vault(MemoryKeyStore::default()));
        let error = read(&connected(), &cx).await.expect_err("refused");
        assert_eq!(error.kind(), kind);
        assert_eq!(stored(&cx).await, Some(("r0".into(), 1)));
    }
}

#[tokio::test]
async fn a_reconnected_organisation_goes_on_with_the_configured_token() {
    let double = Double::new(|request, nth| match request.url.path() {
        "/connect/token" if form(request).contains("refresh_token=dead") => {
            json(400, r#"{"error":"invalid_grant"}"#)
        }
        "/connect/token" => rotated(nth),
        _ => json(200, EMPTY),
    });
    let cx = kept(&double, &vault(MemoryKeyStore::default()));
    cx.vault()
        .expect("given")
        .put(&cx.key_name("refresh_token"), &"dead".into(), None)
        .await
        .expect("stored");
    read(&connected(), &cx).await.expect("the configured token works");
    assert_eq!(stored(&cx).await, Some(("r1".into(), 2)));
}

#[tokio::test]
async fn when_another_process_rotated_first_its_token_counts() {
    let vault = vault(MemoryKeyStore::default());
    let inner = vault.clone();
    let double = Double::new(move |request, nth| match request.url.path() {
        "/connect/token" => {
            if nth == 0 {
                let name = KeyName {
                    tenant: "tenant".into(),
                    connection: "books".into(),
                    name: "refresh_token".into(),
                };
                futures_now(inner.put(&name, &"theirs".into(), Some(1))).expect("first");
            }
            rotated(nth + 1)
        }
        _ => json(200, EMPTY),
    });
    let cx = kept(&double, &vault);
    read(&connected(), &cx).await.expect("goes on");
    assert!(form(&double.seen()[1]).contains("refresh_token=theirs"));
    assert_eq!(bearer(&double.seen()[2]), "Bearer a2", "not the token whose refresh token was not kept");
    assert_eq!(stored(&cx).await, Some(("r2".into(), 3)));
}

/// A store whose second to fifth writes fail: as often as one call tries to store a token.
#[derive(Debug, Clone, Default)]
struct Failing {
    keys: MemoryKeyStore,
    writes: Arc<Mutex<u32>>,
}

#[async_trait]
impl KeyStore for Failing {
    async fn get(&self, name: &KeyName) -> Result<Option<StoredKey>> {
        self.keys.get(name).await
    }

    async fn put(&self, name: &KeyName, key: SealedKey, expected: Option<KeyVersion>) -> Result<KeyVersion> {
        let nth = {
            let mut writes = self.writes.lock().expect("one test");
            *writes += 1;
            *writes
        };
        if (2..=5).contains(&nth) {
            return Err(Error::new(ErrorKind::Store, "disk full"));
        }
        self.keys.put(name, key, expected).await
    }

    async fn delete(&self, name: &KeyName, expected: KeyVersion) -> Result<()> {
        self.keys.delete(name, expected).await
    }

    async fn list(&self, filter: &KeyFilter) -> Result<Vec<KeyEntry>> {
        self.keys.list(filter).await
    }
}

#[tokio::test]
async fn a_token_that_could_not_be_stored_is_held_and_stored_first() {
    let double = Double::new(|request, nth| match request.url.path() {
        "/connect/token" => rotated(nth + 1),
        _ => json(200, EMPTY),
    });
    let (xero, cx) = (connected(), kept(&double, &vault(Failing::default())));
    assert_eq!(read(&xero, &cx).await.expect_err("disk full").kind(), ErrorKind::Store);
    assert_eq!(stored(&cx).await, Some(("r0".into(), 1)));
    assert_eq!(double.count("/Organisation"), 0, "its access token is not used");
    read(&xero, &cx).await.expect("the disk has room again");
    assert_eq!(double.count("/connect/token"), 1, "the held token is stored, and its access token used");
    assert_eq!(stored(&cx).await, Some(("r1".into(), 2)));
}

#[tokio::test]
async fn rotation_without_a_vault_is_a_mistake_of_the_configuration() {
    let double = Double::new(|_, nth| rotated(nth));
    let error = read(&connected(), &double.context()).await.expect_err("no vault");
    assert_eq!((error.kind(), double.seen().len()), (ErrorKind::ConfigInvalid, 0));
}
