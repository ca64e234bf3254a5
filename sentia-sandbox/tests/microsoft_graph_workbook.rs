//! The Microsoft Graph twin's workbooks, and every fault of the catalog.
#![allow(clippy::unwrap_used)]

mod client;
mod graph_client;

use std::time::Duration;

use client::{http, sandbox};
use graph_client::{Graph, token_form};
use sentia_sandbox::universe::MicrosoftGraphStream as Stream;
use sentia_sandbox::universe::office::Cell;
use sentia_sandbox::{
    AppOnlyWorkbook, Endpoint, FaultPlan, MicrosoftGraphFault as Fault, MicrosoftGraphSettings,
    MicrosoftGraphTwin, Sandbox, Size,
};
use serde_json::{Value, json};

fn book(sandbox: &Sandbox) -> String {
    sandbox.look(|universe| {
        let office = &universe.office;
        format!("drives/{}/items/{}/workbook", office.drives[0].id, office.workbooks[0].item)
    })
}

async fn with_session(graph: &Graph<'_>, path: &str, session: &str) -> (u16, Value) {
    let call = http().get(graph.url(path)).bearer_auth(&graph.token).header("workbook-session-id", session);
    let answer = call.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn the_app_alone_may_not_read_workbooks_unless_told_so() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let (graph, book) = (Graph::app(twin).await, book(&sandbox));
    let set = |app_only_workbook| {
        twin.set_settings(MicrosoftGraphSettings { app_only_workbook, ..twin.settings() })
    };
    let create = format!("{book}/createSession");
    let body = json!({"persistChanges": false});
    let (status, denied) = graph.get(&format!("{book}/tables")).await;
    assert_eq!((status, &denied["error"]["innerError"]["code"]), (403, &json!("accessDenied")));
    set(AppOnlyWorkbook::SessionlessOnly);
    assert_eq!(graph.get(&format!("{book}/tables")).await.0, 200);
    let (status, denied) = graph.post(&create, body.clone()).await;
    assert_eq!((status, &denied["error"]["innerError"]["code"]), (403, &json!("EditModeAccessDenied")));
    set(AppOnlyWorkbook::Allowed);
    assert_eq!(graph.post(&create, body).await.0, 201);
    twin.set_app_permissions(&["Files.Read.All"]);
    assert_eq!(Graph::app(twin).await.get(&format!("{book}/tables")).await.0, 403);
}

#[tokio::test]
async fn tables_hold_serials_gaps_errors_and_booleans() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let (graph, book) = (Graph::user(twin).await, book(&sandbox));
    let header = graph.ok(&format!("{book}/tables/PriceList/headerRowRange")).await;
    assert_eq!((&header["address"], &header["values"][0][0]), (&json!("Prices!A1:I1"), &json!("SKU")));
    let (mut skus, mut skip) = (vec![], 0);
    loop {
        let page = graph.ok(&format!("{book}/tables/PriceList/rows?$top=20&$skip={skip}")).await;
        assert!(page.get("@odata.nextLink").is_none());
        let rows = page["value"].as_array().unwrap();
        skus.extend(rows.iter().map(|row| row["values"][0][0].as_str().unwrap().to_owned()));
        assert!(rows.iter().enumerate().all(|(at, row)| row["index"] == skip + at));
        skip += rows.len();
        if rows.is_empty() {
            break;
        }
    }
    let item = sandbox.look(|universe| universe.office.workbooks[0].item.clone());
    let prefix = format!("{item}/PriceList/");
    let truth = twin.truth(Stream::WorkbookRows).into_iter();
    let truth: Vec<String> = truth.filter_map(|r| r.key.strip_prefix(&prefix).map(str::to_owned)).collect();
    assert_eq!(skus, truth);
    let range = graph.ok(&format!("{book}/tables/PriceList/range")).await;
    let types: Vec<&str> = range["valueTypes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row.as_array().unwrap())
        .map(|t| t.as_str().unwrap())
        .collect();
    for kind in ["Empty", "String", "Double", "Boolean", "Error"] {
        assert!(types.contains(&kind), "{kind}");
    }
    assert_eq!(range["numberFormat"][1][4], "dd/mm/yyyy");
    let serial = range["values"][1][4].as_i64().unwrap();
    assert!((46_000..47_000).contains(&serial), "{serial}");
    assert_eq!(range["values"][4][5], "", "an empty cell is an empty string");
    let used = graph.ok(&format!("{book}/worksheets/Notes/usedRange(valuesOnly=true)")).await;
    assert_eq!((&used["address"], &used["rowIndex"]), (&json!("Notes!B3:C4"), &json!(2)));
    let part = graph.ok(&format!("{book}/worksheets/Prices/range(address='A1:B3')")).await;
    assert_eq!((&part["rowCount"], &part["values"][0][1]), (&json!(3), &json!("Product")));
    let (status, body) = graph.get(&format!("{book}/worksheets/Prices/range(address='A1:XFD1048576')")).await;
    assert_eq!((status, &body["error"]["innerError"]["code"]), (400, &json!("rangeExceedsLimit")));
    let columns = graph.ok(&format!("{book}/tables/PriceList/columns")).await;
    assert_eq!(columns["value"].as_array().unwrap().len(), 9);
    let tag = |item: &Value| (item["cTag"].clone(), item["eTag"].clone());
    let file = book.trim_end_matches("/workbook").to_owned();
    let before = tag(&graph.ok(&file).await);
    sandbox.change(|universe| universe.insert_sheet_row(0, 0, 1, vec![Cell::text("HG-NEW")]));
    let after = tag(&graph.ok(&file).await);
    assert!(before.0 != after.0 && before.1 != after.1);
    assert_eq!(
        graph.ok(&format!("{book}/tables/PriceList/rows?$top=1")).await["value"][0]["values"][0][0],
        "HG-NEW"
    );
}

#[tokio::test]
async fn sessions_end_when_idle_and_operations_take_their_time() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let (graph, book) = (Graph::user(twin).await, book(&sandbox));
    let tables = format!("{book}/tables");
    let (status, session) =
        graph.post(&format!("{book}/createSession"), json!({"persistChanges": false})).await;
    assert_eq!(status, 201);
    let id = session["id"].as_str().unwrap();
    clock.advance(Duration::from_secs(7 * 60));
    assert_eq!(with_session(&graph, &tables, id).await.0, 200);
    clock.advance(Duration::from_secs(7 * 60 + 1));
    let (status, body) = with_session(&graph, &tables, id).await;
    assert_eq!((status, &body["error"]["innerError"]["code"]), (404, &json!("invalidSessionReCreatable")));
    let (_, body) = with_session(&graph, &tables, id).await;
    assert_eq!(body["error"]["innerError"]["code"], "invalidSessionNotFound");
    let call = http().post(graph.url(&format!("{book}/createSession"))).bearer_auth(&graph.token);
    let call = call.header("prefer", "respond-async").json(&json!({"persistChanges": false}));
    let accepted = call.send().await.unwrap();
    assert_eq!(accepted.status(), 202);
    let operation = accepted.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(graph.ok(&operation).await["status"], "running");
    clock.advance(Duration::from_secs(30));
    let done = graph.ok(&operation).await;
    assert_eq!(done["status"], "succeeded");
    let session = graph.ok(done["resourceLocation"].as_str().unwrap()).await;
    assert_eq!(with_session(&graph, &tables, session["id"].as_str().unwrap()).await.0, 200);
    assert_eq!(twin.workbook_sessions(), 1);
    let call = http().post(graph.url(&format!("{book}/closeSession"))).bearer_auth(&graph.token);
    let call = call.header("workbook-session-id", session["id"].as_str().unwrap());
    assert_eq!(call.send().await.unwrap().status(), 204);
    assert_eq!(twin.workbook_sessions(), 0);
}

/// What a caller could notice: status, headers that matter, and the text if it all arrives. Ids of requests and the
/// tokens in links differ with every call and are left out.
async fn observe(graph: &Graph<'_>, path: &str, body: Option<&Value>) -> String {
    let mut call = match body {
        Some(body) => http().post(graph.url(path)).json(body),
        None => http().get(graph.url(path)),
    };
    call = call.bearer_auth(&graph.token);
    if let Some(prefer) = graph.prefer {
        call = call.header("prefer", prefer);
    }
    let answer = call.send().await.unwrap();
    let mut told = format!("{} {:?}", answer.status(), answer.headers().get("retry-after"));
    told += if answer.headers().contains_key("location") { " location" } else { "" };
    let Ok(text) = answer.text().await else { return told + " broken" };
    let Ok(Value::Object(mut body)) = serde_json::from_str(&text) else { return told + &text };
    for link in ["@odata.nextLink", "@odata.deltaLink"] {
        if let Some(url) = body.get(link).and_then(Value::as_str) {
            let shown = if url == path {
                "itself"
            } else {
                url.split('?').next().unwrap().split('(').next().unwrap()
            };
            body[link] = shown.into();
        }
    }
    if let Some(inner) = body.get_mut("error").and_then(|error| error["innerError"].as_object_mut()) {
        inner.retain(|name, _| !name.contains("request-id"));
    }
    body.remove("id");
    if let Some(responses) = body.get_mut("responses").and_then(Value::as_array_mut) {
        responses.iter_mut().for_each(|one| {
            one.as_object_mut().unwrap().remove("headers");
        });
    }
    told + &Value::Object(body).to_string()
}

async fn token_observed(twin: &MicrosoftGraphTwin) -> bool {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", twin.client_id()),
        ("client_secret", twin.client_secret()),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let answer = http().post(twin.token_url()).form(&form).send().await.unwrap();
    !answer.status().is_success() || answer.text().await.is_err()
}

#[tokio::test]
async fn every_fault_can_be_observed() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    let mut graph = Graph::user(twin).await;
    graph.prefer = Some("odata.maxpagesize=4, IdType=\"ImmutableId\"");
    let book = book(&sandbox);
    let (user, site, list) =
        sandbox.look(|u| (u.office.users[0].id, u.office.site.id.clone(), u.office.lists[0].id));
    let inbox = format!("users/{user}/mailFolders/inbox/messages/delta");
    let second = graph.ok(&inbox).await["@odata.nextLink"].as_str().unwrap().to_owned();
    let done = graph.round(&inbox).await.1;
    sandbox.change(|universe| {
        let inbox = universe.office.mailboxes[0].folders[0].id;
        universe.receive_message(0, inbox, "Just now");
    });
    let items = format!("sites/{site}/lists/{list}/items/delta?$expand=fields");
    let window = format!(
        "users/{user}/calendarView/delta?startDateTime=2026-06-01T00:00:00Z&endDateTime=2026-07-01T00:00:00Z"
    );
    let batch = json!({"requests": [{"id": "1", "method": "GET", "url": "/users"}]});
    let session = json!({"persistChanges": false});
    let subscribe = json!({"resource": "/users", "changeType": "updated", "notificationUrl": "https://example.com/h",
        "clientState": "x", "expirationDateTime": "2026-11-02T00:00:00Z"});
    let (create, tables) = (format!("{book}/createSession"), format!("{book}/tables"));
    for fault in Fault::ALL.iter().copied() {
        assert!(!fault.source().is_empty());
        let (path, body): (&str, Option<&Value>) = match fault {
            // It hangs; another test holds four of them.
            Fault::StalledBody => continue,
            Fault::MissingFields => (&items, None),
            Fault::WindowsTimeZone => (&window, None),
            Fault::LateVisibility => (&done, None),
            Fault::FailedOperation => (&create, Some(&session)),
            Fault::SessionReCreatable
            | Fault::SessionNotFound
            | Fault::WorkbookConflict
            | Fault::EditModeAccessDenied
            | Fault::WorkbookInternalError => (&tables, None),
            Fault::BatchItemThrottled | Fault::BatchItemUnavailable => ("$batch", Some(&batch)),
            Fault::SubscriptionQuota => ("subscriptions", Some(&subscribe)),
            _ => (&second, None),
        };
        if fault.endpoint() == Endpoint::Token {
            twin.inject(fault, FaultPlan::once());
            assert!(token_observed(twin).await, "{fault:?}");
        } else {
            let sound = observe(&graph, path, body).await;
            twin.inject(fault, FaultPlan::once());
            assert_ne!(observe(&graph, path, body).await, sound, "{fault:?}");
        }
        twin.clear_faults();
    }
    assert!(Fault::ALL.len() >= 40);
    assert_eq!(token_form(twin, &[("grant_type", "x")]).await.0, 400);
}

#[tokio::test]
async fn a_failed_operation_is_told_with_200() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let (graph, book) = (Graph::user(twin).await, book(&sandbox));
    twin.inject(Fault::FailedOperation, FaultPlan::once().mentioning("createSession"));
    let call = http().post(graph.url(&format!("{book}/createSession"))).bearer_auth(&graph.token);
    let accepted = call.json(&json!({"persistChanges": true})).send().await.unwrap();
    clock.advance(Duration::from_secs(40));
    let operation = graph.ok(accepted.headers()["location"].to_str().unwrap()).await;
    assert_eq!((&operation["status"], operation["error"].is_object()), (&json!("failed"), true));
}
