//! Mail and calendars: immutable ids, bodies, and the window that moves.

use super::*;
use crate::microsoft_graph::{Calendar, Mail};

const U: &str = "11111111-2222-3333-4444-555555555555";
const DELTA: &str = "https://graph.microsoft.com/v1.0/delta?$deltatoken=1";

fn folder() -> String {
    format!("{U}/AAMk=f")
}

fn message(id: &str) -> Value {
    json!({"id": id, "subject": "Order", "receivedDateTime": "2026-03-01T09:00:00Z", "parentFolderId": "AAMk=f", "isRead": false})
}

fn mail() -> MicrosoftGraphBuilder {
    ready().mailboxes([U])
}

#[tokio::test]
async fn every_call_asks_for_immutable_ids_and_changes_are_read_whole() {
    let double = Double::new(|request, nth| match (request.url.path(), nth) {
        ("/v1.0/$batch", _) => {
            let headers = &body(request)["requests"][0]["headers"];
            assert_eq!(headers["Prefer"], r#"IdType="ImmutableId""#);
            batched(request, |url| {
                assert!(url.starts_with(&format!("/users/{U}/messages/m1?$select=id,subject,")), "{url}");
                (200, json!({}), message("m1"))
            })
        }
        (_, 0) => ok(json!({"value": [message("m1")], "@odata.nextLink": format!("{DELTA}&n=1")})),
        (_, 1) => ok(json!({"value": [], "@odata.deltaLink": DELTA})),
        _ => ok(
            json!({"value": [{"id": "m1", "isRead": true}, {"id": "m0", "@removed": {"reason": "deleted"}}],
            "@odata.deltaLink": DELTA}),
        ),
    });
    let (graph, folder) = (mail().build().expect("valid"), folder());
    let wanted = of("messages", &folder);
    let (keys, last) = wanted.walk(&graph, &double).await;
    assert_eq!(keys, ["m1"]);
    let (keys, _) = wanted.resumed(last.resume().expect("a place")).walk(&graph, &double).await;
    assert_eq!(keys, ["-m0", "m1"]);
    let seen = double.seen();
    assert!(asked(&seen[0]).starts_with(&format!("/users/{U}/mailFolders/AAMk=f/messages/delta?$select=")));
    assert!(!asked(&seen[0]).contains("body"), "{}", asked(&seen[0]));
    for request in &seen[..3] {
        assert_eq!(header(request, "prefer"), r#"odata.maxpagesize=200, IdType="ImmutableId""#);
    }
}

#[tokio::test]
async fn bodies_are_read_where_asked_for_and_need_more() {
    let double = Double::new(|_, _| ok(json!({"value": [], "@odata.deltaLink": DELTA})));
    let (graph, folder) = (mail().mail(Mail::Bodies).build().expect("valid"), folder());
    let page = of("messages", &folder).fetch(&graph, &double).await.expect("a page");
    let first = &double.seen()[0];
    assert!(asked(first).ends_with(",bodyPreview,body"), "{}", asked(first));
    assert!(header(first, "prefer").ends_with(r#"outlook.body-content-type="text""#));
    let headers_alone = mail().build().expect("valid");
    let error = of("messages", &folder)
        .resumed(page.resume().expect("a place"))
        .refused(&headers_alone, &double)
        .await;
    assert_eq!(error.kind(), ErrorKind::PositionExpired, "links keep what was asked for");
    let denied = Double::new(|_, _| refusal(403, "ErrorAccessDenied"));
    let error = of("messages", &folder).refused(&graph, &denied).await;
    assert!(
        error.context_value("needs").is_some_and(|needs| needs.contains("Mail.Read (application)")),
        "{error}"
    );
}

fn event(id: &str) -> Value {
    let time = json!({"dateTime": "2026-03-02T08:00:00.0000000", "timeZone": "UTC"});
    json!({"id": id, "subject": "Audit", "type": "singleInstance", "start": time, "end": time})
}

#[tokio::test]
async fn a_window_that_has_moved_is_read_after_the_old_ones_changes() {
    let double = Double::new(|request, _| match request.url.query().unwrap_or_default() {
        _ if request.url.path() == "/v1.0/$batch" => batched(request, |_| (200, json!({}), event("e2"))),
        query if query.contains("deltatoken=1") => ok(json!({
            "value": [{"id": "e1", "@removed": {"reason": "deleted"}}, {"id": "e2", "subject": "Audit"}],
            "@odata.deltaLink": format!("{DELTA}2"),
        })),
        _ => {
            let time = json!({"dateTime": "2026-03-02T08:00:00.0000000", "timeZone": "UTC"});
            let occurrence =
                json!({"id": "o1", "type": "occurrence", "seriesMasterId": "s", "start": time, "end": time});
            ok(json!({"value": [event("e2"), event("e3"), occurrence], "@odata.deltaLink": DELTA}))
        }
    });
    let graph = mail().calendar(Calendar::Window { days_back: 1, days_ahead: 2 }).build().expect("valid");
    let wanted = of("events", U);
    let (keys, first) = wanted.walk(&graph, &double).await;
    assert_eq!(keys, ["e2", "e3", "o1"]);
    let opening = format!(
        "/users/{U}/calendarView/delta?startDateTime=2026-02-28T00:00:00Z&endDateTime=2026-03-04T00:00:00Z"
    );
    assert_eq!(double.asked(), [opening]);
    assert_eq!(
        header(&double.seen()[0], "prefer"),
        r#"odata.maxpagesize=200, IdType="ImmutableId", outlook.timezone="UTC""#
    );
    let place = first.resume().expect("a place").clone();
    assert!(place.0.starts_with(r#"{"asked":"2026-02-28..2026-03-04","delta":"#), "{}", place.0);

    let (keys, same) = wanted.clone().resumed(&place).walk(&graph, &double).await;
    assert_eq!(keys, ["-e1", "e2"], "the same day: changes alone");
    assert!(same.resume().expect("a place").0.contains("2026-02-28.."));

    double.clock.advance(std::time::Duration::from_secs(24 * 3600));
    let (keys, moved) = wanted.resumed(&place).walk(&graph, &double).await;
    assert_eq!(keys, ["-e1", "e2", "e2", "e3", "o1"]);
    assert!(moved.resume().expect("a place").0.contains("2026-03-01..2026-03-05"));
    assert!(double.asked().last().is_some_and(|asked| asked.contains("startDateTime=2026-03-01")));
}

#[tokio::test]
async fn folders_are_found_by_a_whole_round_of_their_delta() {
    let double = Double::new(|request, _| match request.url.query() {
        Some("p=2") => ok(json!({"value": [
            {"id": "f2", "displayName": "Orders 2026", "parentFolderId": "f1"}, {"id": "old", "@removed": {}},
            {"id": "f2", "displayName": "Orders"}], "@odata.deltaLink": DELTA})),
        _ if request.url.path().ends_with("orders@x") => ok(json!({"id": "u2"})),
        _ => ok(json!({"value": [{"id": "f1", "displayName": "Inbox"}],
            "@odata.nextLink": "https://graph.microsoft.com/v1.0/next?p=2"})),
    });
    let graph = ready().mailboxes([U, "orders@x"]).build().expect("valid");
    let (keys, _) = of("mail_folders", "").walk(&graph, &double).await;
    let of_one = |user: &str| [format!("{user}/f1"), format!("{user}/f2"), format!("-{user}/old")];
    assert_eq!(keys, [of_one(U), of_one("u2")].concat());
    assert!(double.asked()[0].starts_with(&format!("/users/{U}/mailFolders/delta")));

    let chosen = ready().mailboxes([U]).folders(["orders"]).build().expect("valid");
    let (keys, _) = of("mail_folders", "").walk(&chosen, &double).await;
    assert_eq!(keys, [format!("-{U}/old"), format!("{U}/f2")]);
}

#[tokio::test]
async fn a_user_without_a_mailbox_is_named() {
    let double = Double::new(|_, _| refusal(404, "MailboxNotEnabledForRESTAPI"));
    let error = of("mail_folders", "").refused(&mail().build().expect("valid"), &double).await;
    assert_eq!((error.kind(), error.context_value("mailbox")), (ErrorKind::NotFound, Some(U)));
    assert!(error.message().contains("take it out of mailboxes"));
}
