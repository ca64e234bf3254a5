//! Sites, lists, drives and mailboxes: one configured reference after the other.

use super::*;

#[tokio::test]
async fn sites_are_read_by_whatever_names_them() {
    let double = Double::new(|request, _| match request.url.path() {
        "/v1.0/sites/root" => ok(json!({"id": "h,1,2", "displayName": "Home"})),
        "/v1.0/sites/c.sharepoint.com:/sites/ops" => ok(json!({"id": "h,3,4", "displayName": "Ops"})),
        other => panic!("{other}"),
    });
    let graph = ready().sites(["root", "c.sharepoint.com:/sites/ops"]).build().expect("valid");
    let (keys, _) = of("sites", "").walk(&graph, &double).await;
    assert_eq!(keys, ["h,1,2", "h,3,4"]);
}

fn list(id: &str, name: &str, template: &str) -> Value {
    json!({"id": id, "displayName": name, "name": name, "list": {"template": template, "hidden": false}})
}

fn lists() -> Double {
    Double::new(|request, _| match (request.url.path(), request.url.query()) {
        ("/v1.0/sites/root", _) => ok(json!({"id": "h,1,2"})),
        ("/v1.0/sites/h,1,2/lists", Some("p=2")) => ok(
            json!({"value": [list("L3", "Plan", "genericList"), {"id": "L4", "list": {"template": "genericList", "hidden": true}}]}),
        ),
        ("/v1.0/sites/h,1,2/lists", _) => ok(json!({
            "value": [list("L1", "Orders", "genericList"), list("L2", "Documents", "documentLibrary"), {"id": 7}],
            "@odata.nextLink": "https://graph.microsoft.com/v1.0/sites/h,1,2/lists?p=2",
        })),
        other => panic!("{other:?}"),
    })
}

#[tokio::test]
async fn lists_are_those_that_are_shown_and_no_library() {
    let (double, graph) = (lists(), ready().sites(["root"]).build().expect("valid"));
    let first = of("lists", "").fetch(&graph, &double).await.expect("a page");
    assert_eq!(first.rejected().len(), 1, "what does not read as a list is held back");
    assert_eq!(
        more(&first).0,
        r#"{"at":"root","link":"https://graph.microsoft.com/v1.0/sites/h,1,2/lists?p=2"}"#
    );
    let (keys, _) = of("lists", "").walk(&graph, &double).await;
    assert_eq!(keys, ["h,1,2/L1", "h,1,2/L3"]);
    assert_eq!(info(&graph, "lists").key, ["siteId", "id"]);
}

#[tokio::test]
async fn named_lists_alone_are_read_and_a_wrong_name_is_an_error() {
    let double = lists();
    let graph = ready().sites(["root"]).lists(["documents", "L3"]).build().expect("valid");
    let (keys, _) = of("lists", "").walk(&graph, &double).await;
    assert_eq!(keys, ["h,1,2/L2", "h,1,2/L3"]);
    let wrong = ready().sites(["root"]).lists(["Orders", "Ordres"]).build().expect("valid");
    let first = of("lists", "").fetch(&wrong, &double).await.expect("a page");
    let error = of("lists", "").at(&more(&first)).refused(&wrong, &double).await;
    assert_eq!((error.kind(), error.context_value("wanted")), (ErrorKind::NotFound, Some("Ordres")));
}

#[tokio::test]
async fn drives_are_named_or_the_libraries_of_the_sites() {
    let double = Double::new(|request, _| match request.url.path() {
        "/v1.0/sites/h,1,2/drives" => ok(json!({"value": [{"id": "d1", "name": "Documents"}, {"id": "d2"}]})),
        "/v1.0/users/anna@x/drive" => ok(json!({"id": "d3", "driveType": "business"})),
        "/v1.0/drives/d4" => ok(json!({"id": "d4"})),
        other => panic!("{other}"),
    });
    let found = ready().sites(["h,1,2"]).build().expect("valid");
    assert_eq!(of("drives", "").walk(&found, &double).await.0, ["d1", "d2"]);
    let named = ready().sites(["h,1,2"]).drives(["users/anna@x", "d4"]).build().expect("valid");
    assert_eq!(of("drives", "").walk(&named, &double).await.0, ["d3", "d4"]);
}

#[tokio::test]
async fn a_connection_has_the_streams_of_what_it_is_told_to_read() {
    let names = |builder: MicrosoftGraphBuilder| {
        let streams = builder.build().expect("valid").info().streams;
        streams.iter().map(|info| info.name).collect::<Vec<_>>().join(" ")
    };
    use crate::microsoft_graph::{Calendar, Mail, Users, Workbook};
    assert_eq!(names(ready()), "users");
    let ready = || ready().users(Users::None);
    assert_eq!(names(ready().sites(["root"])), "sites lists list_items drives drive_items");
    assert_eq!(names(ready().drives(["d"])), "drives drive_items");
    assert_eq!(names(ready().workbook(Workbook::new("d", "f"))), "workbook_tables workbook_rows");
    assert_eq!(names(ready().mailboxes(["a@x"])), "mailboxes mail_folders messages events");
    assert_eq!(names(ready().mailboxes(["a@x"]).mail(Mail::None)), "mailboxes events");
    assert_eq!(names(ready().mailboxes(["a@x"]).calendar(Calendar::None)), "mailboxes mail_folders messages");
}

#[tokio::test]
async fn check_makes_the_cheapest_call() {
    let double =
        Double::new(|_, _| ok(json!({"value": [], "@odata.deltaLink": "https://graph.microsoft.com/x"})));
    ready().build().expect("valid").check(&double.context()).await.expect("authorized");
    assert_eq!((double.seen().len(), header(&double.seen()[0], "prefer")), (1, "odata.maxpagesize=1"));
}
