//! Rounds of changes: links, deletions, what is read again, and lost places.

use std::time::Duration;

use super::*;

const DELTA: &str = "https://graph.microsoft.com/v1.0/users/delta?$deltatoken=A%2Bb%3d";

fn user(id: &str) -> Value {
    json!({"id": id, "displayName": id.to_uppercase(), "userPrincipalName": format!("{id}@x"), "accountEnabled": true})
}

fn page(value: impl Into<Vec<Value>>, next: Option<&str>) -> Answer {
    match next {
        Some(next) => ok(json!({"value": value.into(), "@odata.nextLink": next})),
        None => ok(json!({"value": value.into(), "@odata.deltaLink": DELTA})),
    }
}

fn graph() -> MicrosoftGraph {
    ready().build().expect("valid")
}

fn resume(page: &Page) -> PageToken {
    page.resume().cloned().expect("a place to go on from")
}

#[tokio::test]
async fn a_first_round_follows_links_as_they_came_past_empty_pages() {
    const LINKS: [&str; 2] = [
        "https://graph.microsoft.com/v1.0/users/delta(token='x%2By')?$skiptoken=p%3d1",
        "https://graph.microsoft.com/v1.0/users/delta?(token=z)&$skipToken=2%2B",
    ];
    let double = Double::new(|_, nth| match nth {
        0 => page([user("a"), user("b")], Some(LINKS[0])),
        1 => page([], Some(LINKS[1])),
        _ => page([user("c")], None),
    });
    let wanted = Wanted { size: Some(2), ..of("users", "") };
    let (keys, last) = wanted.walk(&graph(), &double).await;
    assert_eq!(keys, ["a", "b", "c"]);
    let seen = double.seen();
    assert!(asked(&seen[0]).starts_with("/users/delta?$select=id,displayName,"), "{}", asked(&seen[0]));
    assert_eq!([seen[1].url.as_str(), seen[2].url.as_str()], LINKS);
    assert!(seen.iter().all(|request| header(request, "prefer") == "odata.maxpagesize=2"));
    let token = resume(&last).0;
    assert!(token.starts_with(r#"{"asked":"id,displayName,"#) && token.contains(DELTA), "{token}");
}

#[tokio::test]
async fn every_page_can_be_read_by_another_process() {
    let double = Double::new(|request, _| match request.url.query() {
        Some(query) if query.contains("p1") => page([user("b")], None),
        _ => page([user("a")], Some("https://graph.microsoft.com/v1.0/users/delta?$skiptoken=p1")),
    });
    let first = of("users", "").fetch(&graph(), &double).await.expect("a page");
    for _ in 0..2 {
        let second = of("users", "").at(&more(&first)).fetch(&graph(), &double).await.expect("a page");
        assert_eq!(second.records()[0].key, "b");
    }
}

#[tokio::test]
async fn changes_are_read_again_whole_and_the_last_word_counts() {
    let double = Double::new(|request, _| match request.url.path() {
        "/v1.0/$batch" => batched(request, |url| {
            assert!(url.starts_with("/users/") && url.contains("?$select=id,"), "{url}");
            match url.split(['/', '?']).nth(2) {
                Some("lost") => (404, json!({}), json!({"error": {"code": "Request_ResourceNotFound"}})),
                id => (200, json!({}), user(id.expect("an id"))),
            }
        }),
        _ => page(
            [
                json!({"id": "a", "jobTitle": "Fitter"}),
                json!({"id": "b", "@removed": {"reason": "changed"}}),
                json!({"id": "lost", "mail": null}),
                json!({"id": "a", "department": "Hall 2"}),
                json!({"id": "c", "@removed": {"reason": "deleted"}}),
                json!({"id": "c", "mail": "c@x"}),
                json!({"id": "d", "mail": "d@x"}),
                json!({"id": "d", "@removed": {"reason": "deleted"}}),
            ],
            None,
        ),
    });
    let token = PageToken::from(json!({"asked": select(), "delta": DELTA}).to_string());
    let (wanted, graph) = (of("users", "").resumed(&token), graph());
    let first = wanted.fetch(&graph, &double).await.expect("a page");
    assert_eq!(document(&first, 2), user("a").to_string(), "the whole document, as it stands in the batch");
    let seen = double.seen();
    assert_eq!((seen[0].url.as_str(), seen.len()), (DELTA, 2), "one batch for all");
    let (keys, _) = wanted.walk(&graph, &double).await;
    assert_eq!(keys, ["-b", "-d", "a", "c", "-lost"], "not found is gone when it is not found again");
}

fn select() -> String {
    let graph = graph();
    let double = Double::new(|_, _| page([], None));
    let page = futures(of("users", "").fetch(&graph, &double));
    let token: Value = serde_json::from_str(&resume(&page.expect("a page")).0).expect("JSON");
    token["asked"].as_str().expect("text").to_owned()
}

/// Runs a future that waits for nothing but its own turns.
fn futures<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        if let std::task::Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

#[tokio::test]
async fn a_change_seen_during_the_first_round_is_read_again() {
    let double = Double::new(|request, _| match request.url.path() {
        "/v1.0/$batch" => batched(request, |_| (200, json!({}), user("b"))),
        _ => page([user("a"), json!({"id": "b", "jobTitle": "Fitter"})], None),
    });
    let (keys, last) = of("users", "").walk(&graph(), &double).await;
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(document(&last, 1), user("b").to_string());
}

#[tokio::test]
async fn parts_that_are_put_off_are_read_after_their_own_wait() {
    let double = Double::new(|request, nth| match (request.url.path(), nth) {
        ("/v1.0/$batch", 1) => batched(request, |url| match url.split(['/', '?']).nth(2) {
            Some("a") => (200, json!({}), user("a")),
            Some("b") => (429, json!({"Retry-After": "17"}), json!({"error": {"code": "TooManyRequests"}})),
            _ => (503, json!({"Retry-After": "4"}), json!({})),
        }),
        ("/v1.0/$batch", 2) => batched(request, |url| match url.split(['/', '?']).nth(2) {
            Some("b") => (200, json!({}), user("b")),
            _ => (424, json!({}), json!({})),
        }),
        ("/v1.0/$batch", _) => batched(request, |_| (200, json!({}), user("c"))),
        _ => page(["a", "b", "c"].map(|id| json!({"id": id, "mail": "x"})), None),
    });
    let graph = graph();
    let token = PageToken::from(json!({"asked": select(), "delta": DELTA}).to_string());
    let wanted = of("users", "").resumed(&token);
    let first = wanted.fetch(&graph, &double).await.expect("a page");
    assert_eq!(first.records().len(), 1, "what was given is kept");
    let put_off = more(&first);
    assert!(put_off.0.contains(r#""again":["b","c"],"wait":17,"tries":1"#), "{}", put_off.0);
    let pause = wanted.clone().at(&put_off).fetch(&graph, &double).await.expect("a page");
    let Next::Wait(after, wait) = pause.next().clone() else { panic!("{pause:?}") };
    assert_eq!((wait, double.seen().len()), (Duration::from_secs(17), 2), "no call before its time");
    let second = wanted.clone().at(&after).fetch(&graph, &double).await.expect("a page");
    assert_eq!(second.records()[0].key, "b");
    assert_eq!(body(&double.seen()[2])["requests"].as_array().map(Vec::len), Some(2), "those alone");
    let (keys, last) = wanted.at(&more(&second)).walk(&graph, &double).await;
    assert_eq!(keys, ["c"]);
    assert!(resume(&last).0.contains(DELTA));
}

#[tokio::test]
async fn parts_that_are_put_off_for_ever_end_the_run_not_the_place() {
    let double =
        Double::new(|request, _| batched(request, |_| (429, json!({"Retry-After": "9"}), json!({}))));
    let token = json!({"round": "changes", "asked": select(), "delta": DELTA, "again": ["b"], "tries": 8});
    let error = of("users", "").at(&PageToken::from(token.to_string())).refused(&graph(), &double).await;
    assert_eq!((error.kind(), error.wait()), (ErrorKind::RateLimited, Some(Duration::from_secs(9))));
}

#[tokio::test]
async fn a_token_that_ends_within_a_batch_is_renewed() {
    let double = Double::new(|request, nth| match request.url.path() {
        path if path.ends_with("/token") => {
            ok(json!({"access_token": format!("a{nth}"), "expires_in": 3599}))
        }
        "/v1.0/$batch" if header(request, "authorization") == "Bearer a0" => {
            batched(request, |_| (401, json!({}), json!({"error": {"code": "InvalidAuthenticationToken"}})))
        }
        "/v1.0/$batch" => batched(request, |_| (200, json!({}), user("a"))),
        _ => page([json!({"id": "a", "mail": "x"})], None),
    });
    let graph =
        MicrosoftGraph::builder().tenant("t").client_id("c").client_secret("s").build().expect("valid");
    let (keys, _) = of("users", "").walk(&graph, &double).await;
    assert_eq!(keys, ["a"]);
}

#[tokio::test]
async fn lost_places_are_told() {
    let expired = |error: Error| assert_eq!(error.kind(), ErrorKind::PositionExpired, "{error:?}");
    let token = PageToken::from(json!({"asked": select(), "delta": DELTA}).to_string());
    for (status, code) in [(410, "resyncRequired"), (400, "SyncStateNotFound"), (404, "syncStateNotFound")] {
        let double = Double::new(move |_, _| refusal(status, code));
        expired(of("users", "").resumed(&token).refused(&graph(), &double).await);
    }
    let double = Double::new(|_, _| page([], None));
    let other = PageToken::from(json!({"asked": "id,mail", "delta": DELTA}).to_string());
    expired(of("users", "").resumed(&other).refused(&graph(), &double).await);
    expired(of("users", "").resumed(&PageToken::from(DELTA)).refused(&graph(), &double).await);
    expired(of("users", "").at(&PageToken::from("2")).refused(&graph(), &double).await);
    assert!(double.seen().is_empty(), "none of these is worth a call");
}

#[tokio::test]
async fn no_token_goes_to_another_host() {
    let double = Double::new(|_, _| page([], Some("https://graph.microsoft.com.evil.example/v1.0/x")));
    // Already as it comes in: a link that may not be followed never becomes anybody's place.
    let error = of("users", "").refused(&graph(), &double).await;
    assert_eq!(error.context_value("host"), Some("graph.microsoft.com.evil.example"));
    assert_eq!((error.kind(), double.seen().len()), (ErrorKind::InvalidResponse, 1));
}

#[tokio::test]
async fn a_round_that_neither_ends_nor_goes_on_is_refused() {
    let double = Double::new(|_, _| ok(json!({"value": [user("a")]})));
    assert_eq!(of("users", "").refused(&graph(), &double).await.kind(), ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn what_cannot_be_read_is_held_back_under_its_key() {
    let bad = json!({"id": "b", "displayName": 7, "userPrincipalName": "x", "accountEnabled": true});
    let double = Double::new(move |_, _| page([json!({}), user("a"), bad.clone(), json!("x")], None));
    let page = of("users", "").fetch(&graph(), &double).await.expect("a page");
    assert_eq!(page.records().len(), 1);
    let keys: Vec<_> = page.rejected().iter().map(|rejected| rejected.key.as_deref()).collect();
    assert_eq!(keys, [None, Some("b"), None]);
}

#[tokio::test]
async fn a_drive_tells_deletions_by_a_facet_and_hides_download_addresses() {
    let double = Double::new(|request, _| match request.url.path() {
        "/v1.0/$batch" => batched(request, |url| {
            assert!(url.starts_with("/drives/b!d/items/half?$select="), "{url}");
            (
                200,
                json!({}),
                json!({"id": "half", "name": "whole.txt", "@microsoft.graph.downloadUrl": "secret"}),
            )
        }),
        _ => page(
            [
                json!({"id": "root", "name": "root", "folder": {"childCount": 2}, "root": {}}),
                json!({"id": "f", "name": "a.txt", "size": 3, "file": {"mimeType": "text/plain"}, "deleted": null,
                    "@microsoft.graph.downloadUrl": "https://x/?tempauth=secret"}),
                json!({"id": "g", "deleted": {}}),
                json!({"id": "h", "name": "h", "deleted": {"state": "deleted"}}),
                json!({"id": "half", "cTag": "x"}),
            ],
            None,
        ),
    });
    let graph = ready().drives(["b!d"]).build().expect("valid");
    let (keys, last) = of("drive_items", "b!d").walk(&graph, &double).await;
    assert_eq!(keys, ["root", "f", "-g", "-h", "half"]);
    let text = format!("{} {}", document(&last, 1), document(&last, 4));
    assert!(!text.contains("secret") && text.contains(r#""@microsoft.graph.downloadUrl":null"#), "{text}");
    assert!(
        double.asked()[0].starts_with("/drives/b!d/root/delta?$select=id,name,size,"),
        "{:?}",
        double.asked()
    );
}

#[tokio::test]
async fn list_items_come_with_their_columns_or_are_read_again() {
    let item = |id: &str| json!({"id": id, "fields": {"Title": "Pump", "Quantity": 3.0}});
    let double = Double::new(move |request, _| match request.url.path() {
        "/v1.0/$batch" => batched(request, |url| {
            assert_eq!(url, "/sites/h,1,2/lists/L1/items/8?$expand=fields");
            (200, json!({}), item("8"))
        }),
        _ => page(
            [item("7"), json!({"id": "8", "eTag": "x"}), json!({"id": "9", "deleted": {"state": "deleted"}})],
            None,
        ),
    });
    let graph = ready().sites(["h,1,2"]).build().expect("valid");
    let (keys, _) = of("list_items", "h,1,2/L1").walk(&graph, &double).await;
    assert_eq!(keys, ["7", "-9", "8"]);
    assert_eq!(double.asked()[0], "/sites/h,1,2/lists/L1/items/delta?$expand=fields&$top=200");
}
