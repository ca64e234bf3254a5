//! The Microsoft Graph twin's answers against the published model, which is read where it lies.
// Whether the test may be skipped is told by the environment.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod client;
mod graph_client;

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::DateTime;
use client::sandbox;
use graph_client::Graph;
use sentia_sandbox::{Pacing, Size};
use serde_json::{Value, json};

/// Members that real answers carry and the model does not list: annotations, and what the sheet names.
fn beyond_the_model(name: &str) -> bool {
    name.contains('@') || name == "Attachments"
}

struct Model(Value);

impl Model {
    fn resolved<'m>(&'m self, schema: &'m Value) -> &'m Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolved(self.0.pointer(reference.trim_start_matches('#')).unwrap()),
            None => schema,
        }
    }

    /// All properties of an object's schema, inherited ones too; none when any member is allowed.
    fn properties<'m>(&'m self, schema: &'m Value, into: &mut BTreeMap<&'m str, &'m Value>) -> bool {
        let schema = self.resolved(schema);
        let mut open = schema["additionalProperties"] == true || schema["additionalProperties"].is_object();
        for part in schema["allOf"].as_array().into_iter().flatten() {
            open |= self.properties(part, into);
        }
        into.extend(
            schema["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.as_str(), value)),
        );
        open
    }

    fn check(&self, schema: &Value, value: &Value, place: &str) {
        let schema = self.resolved(schema);
        if value.is_null() {
            return;
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            return self.check(&choices[0], value, place);
        }
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{place}: {value} is not one of {words:?}");
        }
        match (schema["type"].as_str(), value) {
            (Some("string"), Value::String(text)) => {
                if schema["format"] == "date-time" {
                    assert!(DateTime::parse_from_rfc3339(text).is_ok(), "{place}: {text} is no moment");
                }
            }
            (Some("boolean"), Value::Bool(_)) => {}
            (Some("integer"), Value::Number(number)) if number.is_i64() => {}
            (Some("number"), Value::Number(_)) => {}
            (Some("array"), Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    self.check(&schema["items"], item, &format!("{place}[{at}]"));
                }
            }
            (Some("object") | None, Value::Object(members)) => {
                let mut known = BTreeMap::new();
                let open = self.properties(schema, &mut known) || known.is_empty();
                for (name, value) in members {
                    match known.get(name.as_str()) {
                        Some(schema) => self.check(schema, value, &format!("{place}.{name}")),
                        None => assert!(
                            open || beyond_the_model(name) || place.ends_with(".fields"),
                            "{place}.{name} is not in the model"
                        ),
                    }
                }
            }
            (None, _) => {}
            (kind, value) => panic!("{place}: {value} is no {kind:?}"),
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{place}: {name} is missing");
        }
    }

    fn answer(&self, path: &str, method: &str, status: &str) -> &Value {
        let pointer = format!(
            "/paths/{}/{method}/responses/{status}/content/application~1json/schema",
            path.replace('/', "~1")
        );
        self.0.pointer(&pointer).unwrap_or_else(|| panic!("{method} {path} {status} is not in the model"))
    }
}

fn model() -> Option<Model> {
    let file = "../../shared/specs/microsoft-graph/graph-v1-slice.openapi.json";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("SENTIA_REQUIRE_SPECS").is_none(), "{} is required", path.display());
        println!("skipped: {} is not here", path.display());
        return None;
    };
    Some(Model(serde_json::from_str(&text).unwrap()))
}

#[tokio::test]
async fn answers_are_valid_by_the_model() {
    let Some(model) = model() else { return };
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    twin.set_pacing(Pacing::Lifted);
    let graph = Graph::user(twin).await;
    let ids = sandbox.look(|universe| {
        let office = &universe.office;
        [
            ("user-id", office.users[0].id.to_string()),
            ("site-id", office.site.id.clone()),
            ("list-id", office.lists[0].id.to_string()),
            ("listItem-id", office.lists[0].items[0].id.to_string()),
            ("drive-id", office.drives[0].id.clone()),
            ("driveItem-id", office.workbooks[0].item.clone()),
            ("workbookTable-id", "PriceList".to_owned()),
            ("workbookWorksheet-id", "Prices".to_owned()),
            ("valuesOnly", "true".to_owned()),
            ("address", "A1:D4".to_owned()),
            ("mailFolder-id", "inbox".to_owned()),
        ]
    });
    let (message, event) = {
        let user = &ids[0].1;
        let first = |list: Value| list["value"][0]["id"].as_str().unwrap().to_owned();
        (
            first(graph.ok(&format!("users/{user}/messages")).await),
            first(graph.ok(&format!("users/{user}/events")).await),
        )
    };
    let mut checked = 0;
    for (path, methods) in model.0["paths"].as_object().unwrap() {
        if methods.get("get").is_none() || path.contains("subscription") || path.contains("workbookOperation")
        {
            continue;
        }
        let mut url =
            path.trim_start_matches('/').replace("{message-id}", &message).replace("{event-id}", &event);
        for (name, value) in &ids {
            url = url.replace(&format!("{{{name}}}"), value);
        }
        let options = match path.as_str() {
            "/sites" => "?search=*",
            path if path.contains("calendarView") => {
                "?startDateTime=2026-06-01T00:00:00Z&endDateTime=2026-09-01T00:00:00Z"
            }
            path if path.contains("/items/delta") => "?$expand=fields",
            path if path.ends_with("/lists/{list-id}/items") => "?$expand=fields",
            _ => "",
        };
        let body = graph.ok(&format!("{url}{options}")).await;
        model.check(model.answer(path, "get", "200"), &body, path);
        checked += 1;
    }
    assert!(checked >= 38, "{checked}");
    // What changed is valid too: partial entries, removals, facets.
    let deltas = [
        ("/users/delta", "users/delta".to_owned()),
        ("/drives/{drive-id}/root/delta", format!("drives/{}/root/delta", ids[4].1)),
    ];
    for (path, url) in deltas {
        let (_, link, _) = graph.round(&url).await;
        sandbox.evolve();
        let body = graph.ok(&link).await;
        model.check(model.answer(path, "get", "200"), &body, path);
    }
}

#[tokio::test]
async fn posts_and_errors_are_valid_by_the_model() {
    let Some(model) = model() else { return };
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::user(twin).await;
    let (_, batch) =
        graph.post("$batch", json!({"requests": [{"id": "1", "method": "GET", "url": "/users"}]})).await;
    model.check(model.answer("/$batch", "post", "200"), &batch, "$batch");
    let subscription = json!({"resource": "/users", "changeType": "updated", "notificationUrl": "https://example.com/hook",
        "clientState": "x", "expirationDateTime": "2026-11-02T00:00:00Z"});
    let (status, made) = graph.post("subscriptions", subscription).await;
    assert_eq!(status, 201);
    model.check(model.answer("/subscriptions", "post", "201"), &made, "subscription");
    let list = graph.ok("subscriptions").await;
    model.check(model.answer("/subscriptions", "get", "200"), &list, "subscriptions");
    for path in ["users/nobody", "nothing", "users?$top=5000", "sites/a,b,c", "drives/x/root/delta"] {
        let (status, body) = graph.get(path).await;
        assert!(status >= 400);
        model.check(&model.0["components"]["schemas"]["odata.error"], &body, path);
    }
}
