//! Excel: tables, rows and their keys, sessions, and files that change.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::microsoft_graph::{Sessions, Workbook};

const TABLE: &str = "d/f/{T-1}";
const ROWS: &str = "/v1.0/drives/d/items/f/workbook/tables/%7BT-1%7D/rows";

fn keyed() -> MicrosoftGraphBuilder {
    ready().workbook(Workbook::new("d", "f").table("Orders", "No"))
}

/// Answers what surrounds the rows: file, table, header, size, sessions.
fn around(request: &Request, tag: &str, rows: u64) -> Answer {
    match request.url.path().trim_start_matches("/v1.0/drives/d/items/f") {
        "" => ok(json!({"id": "f", "name": "Plan.xlsx", "cTag": tag, "parentReference": {"driveId": "d"}})),
        "/workbook/tables" => {
            ok(json!({"value": [{"id": "{T-1}", "name": "Orders"}, {"id": "2", "name": "Scrap"}]}))
        }
        "/workbook/tables/%7BT-1%7D" => ok(json!({"id": "{T-1}", "name": "Orders"})),
        path if path.ends_with("/headerRowRange") => ok(json!({"values": [["No", "Due"]]})),
        path if path.ends_with("/dataBodyRange") => ok(json!({"rowCount": rows, "columnCount": 2})),
        "/workbook/createSession" => {
            (201, vec![], json!({"id": "cluster=1", "persistChanges": false}).to_string())
        }
        "/workbook/closeSession" => (204, vec![], String::new()),
        other => panic!("{other}"),
    }
}

/// Rows as asked for out of `cells`, the first column of each.
fn block(request: &Request, cells: &[Value]) -> Answer {
    let number = |name: &str| {
        let found = request.url.query_pairs().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.parse::<usize>().ok()).expect("a number")
    };
    let (top, skip) = (number("$top"), number("$skip"));
    let rows: Vec<Value> = cells
        .iter()
        .enumerate()
        .skip(skip)
        .take(top)
        .map(|(at, cell)| json!({"index": at, "values": [[cell, 46082.75]]}))
        .collect();
    ok(json!({"value": rows}))
}

fn book(tag: &'static str, cells: impl Into<Vec<Value>>) -> Double {
    let cells = cells.into();
    Double::new(move |request, _| match request.url.path() {
        ROWS => block(request, &cells),
        _ => around(request, tag, cells.len() as u64),
    })
}

#[tokio::test]
async fn tables_carry_their_file_as_a_part() {
    let double = book("c1", []);
    let (keys, page) = of("workbook_tables", "").walk(&keyed().build().expect("valid"), &double).await;
    assert_eq!(keys, [TABLE], "the named table alone");
    let part = page.records()[0].document.parts().expect("the file");
    assert!(std::str::from_utf8(part).expect("text").contains("Plan.xlsx"));
    let all = ready().workbook(Workbook::new("d", "f")).build().expect("valid");
    assert_eq!(of("workbook_tables", "").walk(&all, &double).await.0, [TABLE, "d/f/2"]);
    let wrong = ready().workbook(Workbook::new("d", "f").table_by_position("Ordres")).build().expect("valid");
    assert_eq!(of("workbook_tables", "").refused(&wrong, &double).await.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn rows_are_known_by_their_key_and_doubtful_ones_held_back() {
    let double = book("c1", [json!("A-1"), json!(5.0), json!(""), json!("A-1"), json!("5")]);
    let page =
        of("workbook_rows", TABLE).fetch(&keyed().build().expect("valid"), &double).await.expect("a page");
    let keys: Vec<_> = page.records().iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["A-1", "5"]);
    let held: Vec<_> =
        page.rejected().iter().map(|held| (held.key.as_deref(), held.reason.as_str())).collect();
    assert_eq!(held[0], (Some("#row 2"), "the cell in the key's column is empty"));
    assert_eq!(held[1], (Some("#row 3"), "another row has the key \"A-1\"; make it unique"));
    assert_eq!(held[2].0, Some("#row 4"), "5 and 5.0 are one key");
    assert_eq!(document(&page, 1), r#"{"index":1,"values":[[5.0,46082.75]]}"#, "the date stays a number");
    assert_eq!(page.records()[0].document.parts().map(|part| &part[..]), Some(&br#"[["No","Due"]]"#[..]));
    assert_eq!((page.count(), page.next()), (Some(5), &Next::Last));
}

#[tokio::test]
async fn a_file_that_is_what_it_was_costs_one_call() {
    let double = book("c1", [json!("A-1")]);
    let graph = keyed().build().expect("valid");
    let page = of("workbook_rows", TABLE).fetch(&graph, &double).await.expect("a page");
    let place = page.resume().expect("a place").clone();
    assert_eq!(place.0, r#"{"tag":"c1","table":"Orders","key":"No"}"#);
    let before = double.seen().len();
    let again = of("workbook_rows", TABLE).resumed(&place).fetch(&graph, &double).await.expect("a page");
    assert_eq!((again.records().len(), again.resume()), (0, Some(&place)));
    assert_eq!(double.seen().len() - before, 1);
    let changed = book("c2", [json!("A-1")]);
    let error = of("workbook_rows", TABLE).resumed(&place).refused(&graph, &changed).await;
    assert_eq!(error.kind(), ErrorKind::PositionExpired, "then every row is read, and the others swept");
    let other = ready().workbook(Workbook::new("d", "f").table("Orders", "Due")).build().expect("valid");
    let error = of("workbook_rows", TABLE).resumed(&place).refused(&other, &double).await;
    assert_eq!(error.kind(), ErrorKind::PositionExpired, "another key is another table");
}

#[tokio::test]
async fn pages_count_on_from_their_place() {
    let double = book("c1", ["a", "b", "c", "d", "e"].map(Value::from));
    let wanted = Wanted { size: Some(2), ..of("workbook_rows", TABLE) };
    let (keys, last) = wanted.walk(&keyed().build().expect("valid"), &double).await;
    assert_eq!((keys.join(""), last.count()), ("abcde".to_owned(), Some(5)));
    let rows: Vec<_> = double.asked().into_iter().filter(|asked| asked.contains("/rows?")).collect();
    assert!(rows[1].ends_with("/rows?$top=2&$skip=2"), "{rows:?}");
    let by_position = ready().workbook(Workbook::new("d", "f")).build().expect("valid");
    assert_eq!(of("workbook_rows", TABLE).walk(&by_position, &double).await.0, ["0", "1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_table_without_rows_has_a_blank_one_that_is_none() {
    for cells in [vec![json!("")], vec![]] {
        let double = Double::new(move |request, _| match request.url.path() {
            ROWS if cells.is_empty() => ok(json!({"value": []})),
            ROWS => ok(json!({"value": [{"index": 0, "values": [["", ""]]}]})),
            _ => around(request, "c1", 1),
        });
        let page = of("workbook_rows", TABLE)
            .fetch(&keyed().build().expect("valid"), &double)
            .await
            .expect("a page");
        assert_eq!((page.records().len(), page.rejected().len(), page.next()), (0, 0, &Next::Last));
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_read_anew() {
    let calls = Arc::new(AtomicUsize::new(0));
    let double = Double::new(move |request, _| match request.url.path() {
        ROWS => block(request, &["a", "b", "c"].map(Value::from)),
        "/v1.0/drives/d/items/f" => {
            let tag = if calls.fetch_add(1, Ordering::SeqCst) == 0 { "c1" } else { "c2" };
            around(request, tag, 3)
        }
        _ => around(request, "", 3),
    });
    let graph = keyed().build().expect("valid");
    let error = of("workbook_rows", TABLE).refused(&graph, &double).await;
    assert_eq!(
        (error.kind(), error.is_temporary()),
        (ErrorKind::InvalidResponse, true),
        "a first page: ask again"
    );
    let second = Wanted { size: Some(2), ..of("workbook_rows", TABLE) };
    let page = second.fetch(&graph, &double).await.expect("a page");
    let stale = more(&page).0.replace("c2", "c1");
    let error = second.at(&PageToken::from(stale)).refused(&graph, &double).await;
    assert_eq!(error.kind(), ErrorKind::PositionExpired, "a later one: from the first");
}

#[tokio::test]
async fn sessions_keep_nothing_and_are_renewed_once() {
    let lost = Arc::new(AtomicUsize::new(0));
    let double = Double::new(move |request, _| match request.url.path() {
        ROWS if lost.fetch_add(1, Ordering::SeqCst) == 0 => {
            let inner = json!({"code": "invalidSessionReCreatable"});
            (400, vec![], json!({"error": {"code": "badRequest", "innerError": inner}}).to_string())
        }
        ROWS => block(request, &[json!("a")]),
        _ => around(request, "c1", 1),
    });
    let graph = keyed().sessions(Sessions::Always).build().expect("valid");
    of("workbook_rows", TABLE).fetch(&graph, &double).await.map(drop).expect("a page");
    let seen = double.seen();
    let made: Vec<_> = seen.iter().filter(|request| request.url.path().ends_with("createSession")).collect();
    assert_eq!((made.len(), body(made[0])), (2, json!({"persistChanges": false})));
    let rows = seen.iter().filter(|request| request.url.path() == ROWS);
    assert!(rows.into_iter().all(|request| header(request, "workbook-session-id") == "cluster=1"));
    // The model has no body for it, not even an empty object.
    let closing = seen.last().expect("requests");
    assert!(closing.url.path().ends_with("closeSession") && closing.body.is_none());
}

#[tokio::test]
async fn without_a_signed_in_user_there_is_no_session() {
    let double = book("c1", [json!("a")]);
    of("workbook_rows", TABLE)
        .fetch(&keyed().build().expect("valid"), &double)
        .await
        .map(drop)
        .expect("a page");
    assert!(double.seen().iter().all(|request| !request.url.path().ends_with("Session")));
}

#[tokio::test]
async fn a_range_that_is_too_large_is_read_in_smaller_parts() {
    let cells = ["a", "b", "c", "d"].map(Value::from);
    let double = Double::new(move |request, _| match request.url.path() {
        ROWS if !asked(request).contains("$top=1&") => refusal(400, "rangeExceedsLimit"),
        ROWS => block(request, &cells),
        _ => around(request, "c1", 4),
    });
    let wanted = Wanted { size: Some(4), ..of("workbook_rows", TABLE) };
    assert_eq!(wanted.walk(&keyed().build().expect("valid"), &double).await.0, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn a_wrong_key_and_a_closed_workbook_say_what_to_do() {
    let double = book("c1", [json!("a")]);
    let wrong = ready().workbook(Workbook::new("d", "f").table("Orders", "Number")).build().expect("valid");
    let error = of("workbook_rows", TABLE).refused(&wrong, &double).await;
    assert_eq!((error.kind(), error.context_value("headers")), (ErrorKind::ConfigInvalid, Some("No, Due")));
    let closed = Double::new(|request, _| match request.url.path() {
        "/v1.0/drives/d/items/f" => around(request, "c1", 1),
        _ => refusal(403, "EditModeAccessDenied"),
    });
    let error = of("workbook_rows", TABLE).refused(&keyed().build().expect("valid"), &closed).await;
    assert_eq!((error.kind(), error.is_temporary()), (ErrorKind::PermissionDenied, false));
    assert!(error.message().contains("refresh_token") && error.context_value("needs").is_some(), "{error}");
}

#[tokio::test]
async fn a_workbook_named_by_its_path_is_found() {
    let double = Double::new(|request, _| match request.url.path() {
        "/v1.0/me/drive/root:/Plan/Orders.xlsx" => around(
            &Request::new(http::Method::GET, "https://h/v1.0/drives/d/items/f".parse().expect("a URL")),
            "c1",
            1,
        ),
        ROWS => block(request, &[json!("a")]),
        _ => around(request, "c1", 1),
    });
    let graph = ready()
        .workbook(Workbook::new("me", "/Plan/Orders.xlsx").table("Orders", "No"))
        .build()
        .expect("valid");
    assert_eq!(of("workbook_tables", "").walk(&graph, &double).await.0, [TABLE]);
    assert_eq!(of("workbook_rows", TABLE).walk(&graph, &double).await.0, ["a"]);
}
