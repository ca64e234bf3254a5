//! The Microsoft Graph twin against the sheet: change tracking, links, ids, plain lists.
#![allow(clippy::unwrap_used)]

mod client;
mod graph_client;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use client::{http, noon, sandbox};
use graph_client::{Graph, merge};
use sentia_sandbox::universe::MicrosoftGraphStream as Stream;
use sentia_sandbox::universe::office::{folder_id, immutable_id, plain_id};
use sentia_sandbox::{MicrosoftGraphSettings, MicrosoftGraphTwin, Sandbox, Size};
use serde_json::{Value, json};

const USERS: &str = "users/delta?$select=displayName,mail,jobTitle,department,accountEnabled";

fn small_pages(twin: &MicrosoftGraphTwin) {
    twin.set_settings(MicrosoftGraphSettings { page_size: Some(5), ..twin.settings() });
}

fn live(twin: &MicrosoftGraphTwin, stream: Stream, whole: &str) -> Vec<String> {
    let records = twin.truth(stream).into_iter().filter(|record| !record.deleted());
    let keys = records.filter_map(|record| record.key.strip_prefix(whole).map(str::to_owned));
    let mut keys: Vec<String> = keys.collect();
    keys.sort();
    keys
}

/// Every round there is: the stream, what its keys begin with, and the first path.
fn rounds(sandbox: &Sandbox) -> Vec<(Stream, String, String)> {
    sandbox.look(|universe| {
        let office = &universe.office;
        let mut rounds = vec![(Stream::Users, String::new(), USERS.to_owned())];
        for list in &office.lists {
            let path = format!("sites/{}/lists/{}/items/delta?$expand=fields", office.site.id, list.id);
            rounds.push((Stream::ListItems, format!("{}/", list.id), path));
        }
        for drive in &office.drives {
            rounds.push((
                Stream::DriveItems,
                format!("{}/", drive.id),
                format!("drives/{}/root/delta", drive.id),
            ));
        }
        rounds
    })
}

#[tokio::test]
async fn rounds_end_with_exactly_the_truth_and_increments_keep_it() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    small_pages(twin);
    let graph = Graph::app(twin).await;
    let mut copies = vec![];
    for (stream, whole, path) in rounds(&sandbox) {
        let (rows, link, pages) = graph.round(&path).await;
        assert!(pages > 1 || rows.len() <= 5, "{path}");
        let mut copy = BTreeMap::new();
        merge(&mut copy, rows);
        assert_eq!(copy.keys().cloned().collect::<Vec<_>>(), live(twin, stream, &whole), "{path}");
        copies.push((stream, whole, copy, link));
    }
    for _ in 0..3 {
        clock.advance(Duration::from_secs(60));
        sandbox.evolve();
        for (stream, whole, copy, link) in &mut copies {
            let (rows, next, _) = graph.round(link).await;
            merge(copy, rows);
            *link = next;
            assert_eq!(copy.keys().cloned().collect::<Vec<_>>(), live(twin, *stream, whole), "{stream:?}");
        }
    }
    let (_, _, users, _) = &copies[0];
    for user in graph.ok("users?$top=999&$select=displayName,mail,jobTitle,department").await["value"]
        .as_array()
        .unwrap()
    {
        let copy = &users[user["id"].as_str().unwrap()];
        for member in ["displayName", "mail", "jobTitle", "department"] {
            assert_eq!(copy.get(member).unwrap_or(&Value::Null), &user[member], "{member} of {user}");
        }
    }
}

#[tokio::test]
async fn changed_users_carry_what_changed_and_null_for_cleared() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (first, link, _) = graph.round(USERS).await;
    assert!(first.iter().any(|row| row["@removed"]["reason"] == "changed"), "the recycle bin shows");
    assert!(first.iter().all(|row| row.as_object().unwrap().values().all(|value| !value.is_null())));
    let ids = sandbox.look(|universe| [1, 2, 3].map(|at| universe.office.users[at].id));
    for (id, member, value) in
        [(ids[0], "jobTitle", Some("Lead")), (ids[1], "department", None), (ids[2], "employeeId", Some("E9"))]
    {
        sandbox.change(|universe| universe.set_office_user(id, member, value));
    }
    let (rows, next, _) = graph.round(&link).await;
    let sparse = |row: &&Value| row.as_object().unwrap().len() == 2;
    assert_eq!(rows.len(), 2, "what was not selected is not told: {rows:?}");
    assert!(rows.iter().filter(sparse).count() >= 1, "{rows:?}");
    assert_eq!((rows[0]["jobTitle"].as_str(), &rows[1]["department"]), (Some("Lead"), &Value::Null));
    assert!(rows[1].as_object().unwrap().contains_key("department"));
    // A link may be called again: the same changes come again.
    assert_eq!(graph.round(&link).await.0, rows);
    assert!(graph.round(&next).await.0.is_empty());
    let plain = graph.ok("users/delta").await;
    assert!(
        plain["value"][0].get("accountEnabled").is_none() && plain["value"][0].get("givenName").is_some()
    );
}

#[tokio::test]
async fn links_are_good_byte_by_byte_only() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    small_pages(twin);
    let graph = Graph::app(twin).await;
    let page = graph.ok(USERS).await;
    let next = page["@odata.nextLink"].as_str().unwrap();
    assert!(next.contains("%2B") && next.contains("%3D") && next.starts_with(twin.base_url()));
    for rebuilt in [
        next.replace("%2B", "%2b"),
        next.replace("%2B", "+"),
        format!("{next}&$select=displayName"),
        next.replace("users/delta?", "users/delta?$select=mail&"),
    ] {
        assert_eq!(graph.get(&rebuilt).await.0, 400, "{rebuilt}");
    }
    assert_eq!(graph.get(next).await.0, 200);
    let drive = sandbox.look(|universe| universe.office.drives[0].id.clone());
    let (_, link, _) = graph.round(&format!("drives/{drive}/root/delta")).await;
    assert!(link.contains("/root/delta(token='") && link.contains("%2b"), "{link}");
    assert_eq!(graph.get(&link.replace("%2b", "%2B")).await.0, 400);
}

#[tokio::test]
async fn tokens_expire_each_in_the_words_of_its_service() {
    let (sandbox, clock) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (rows, link, _) = graph.round(USERS).await;
    clock.advance(Duration::from_secs(7 * 86_400));
    let graph = Graph::app(twin).await;
    assert_eq!(graph.get(&link).await.0, 200);
    clock.advance(Duration::from_secs(1));
    let gone = graph.send(&link).await;
    assert_eq!(gone.status(), 410);
    let fresh = gone.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(graph.round(&fresh).await.0, rows);
    let (user, drive) =
        sandbox.look(|universe| (universe.office.users[0].id, universe.office.drives[0].id.clone()));
    let (_, files, _) = graph.round(&format!("drives/{drive}/root/delta")).await;
    let (_, mail, _) = graph.round(&format!("users/{user}/mailFolders/inbox/messages/delta")).await;
    twin.expire_delta_links();
    let gone = graph.send(&files).await;
    assert!(gone.status() == 410 && gone.headers().contains_key("location"));
    let body: Value = gone.json().await.unwrap();
    assert!(body["error"]["innerError"]["code"].as_str().unwrap().starts_with("resyncChanges"));
    for status in [400, 404, 410] {
        twin.set_settings(MicrosoftGraphSettings { outlook_expiry_status: status, ..twin.settings() });
        let (seen, body) = graph.get(&mail).await;
        assert_eq!(seen, status);
        assert!(body["error"]["code"].as_str().unwrap().eq_ignore_ascii_case("syncStateNotFound"));
    }
}

#[tokio::test]
async fn messages_are_tracked_by_folder_and_moves_change_plain_ids() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let mut graph = Graph::app(twin).await;
    let (user, folders, message) = sandbox.look(|universe| {
        let mailbox = &universe.office.mailboxes[0];
        let message = mailbox.messages.iter().find(|m| m.folder == mailbox.folders[0].id).unwrap().id;
        (mailbox.user, mailbox.folders.clone(), message)
    });
    let path = |at: usize| {
        format!(
            "users/{user}/mailFolders/{}/messages/delta?$select=subject,isRead",
            folder_id(folders[at].id)
        )
    };
    let mut all = vec![];
    for at in 0..folders.len() {
        graph.prefer = Some("odata.maxpagesize=3, IdType=\"ImmutableId\"");
        all.extend(graph.round(&path(at)).await.0);
    }
    let mailboxes = sandbox.look(|universe| universe.office.mailboxes[0].messages.len());
    assert_eq!(all.len(), mailboxes);
    graph.prefer = None;
    let (_, inbox, _) = graph.round(&path(0)).await;
    let (_, archive, _) = graph.round(&path(4)).await;
    sandbox.change(|universe| {
        universe.mark_message(0, message, true);
        universe.move_message(0, message, folders[4].id);
    });
    let (left, _, _) = graph.round(&inbox).await;
    let (came, _, _) = graph.round(&archive).await;
    assert_eq!(left, [json!({"@removed": {"reason": "deleted"}, "id": plain_id(message, 0)})]);
    assert_eq!((came[0]["id"].as_str(), came.len()), (Some(plain_id(message, 1).as_str()), 1));
    assert!(came[0].get("subject").is_some(), "what is new in a folder comes whole");
    // Preferences are not in the link: who forgets them gets the other ids.
    graph.prefer = Some("IdType=\"ImmutableId\"");
    assert_eq!(graph.round(&inbox).await.0[0]["id"], immutable_id(message).as_str());
    assert_eq!(graph.round(&archive).await.0[0]["id"], immutable_id(message).as_str());
    let (_, next, _) = graph.round(&archive).await;
    sandbox.change(|universe| universe.mark_message(0, message, false));
    let (read, _, _) = graph.round(&next).await;
    let names: Vec<&String> = read[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.etag", "@odata.type", "id", "isRead"]);
    let applied = graph.send(&next).await.headers()["preference-applied"].to_str().unwrap().to_owned();
    assert_eq!(applied, "IdType=\"ImmutableId\"");
}

#[tokio::test]
async fn folders_are_tracked_with_their_counts() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (user, inbox) = sandbox.look(|u| (u.office.mailboxes[0].user, u.office.mailboxes[0].folders[0].id));
    let (rows, link, _) = graph.round(&format!("users/{user}/mailFolders/delta")).await;
    assert_eq!(rows.len(), 6);
    sandbox.change(|universe| universe.receive_message(0, inbox, "Hello"));
    let (rows, _, _) = graph.round(&link).await;
    let names: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["id", "totalItemCount", "unreadItemCount"]);
    let top = graph.ok(&format!("users/{user}/mailFolders?$top=2")).await;
    assert!(top["@odata.nextLink"].is_string());
    let below = graph.ok(&format!("users/{user}/mailFolders/inbox/childFolders")).await;
    assert_eq!(below["value"][0]["displayName"], "Suppliers");
}

#[tokio::test]
async fn calendar_windows_are_fixed_in_their_tokens() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let mut graph = Graph::app(twin).await;
    graph.prefer = Some("odata.maxpagesize=4, IdType=\"ImmutableId\", outlook.timezone=\"UTC\"");
    let user = sandbox.look(|universe| universe.office.users[0].id.to_string());
    let (start, end) = (noon() - TimeDelta::days(60), noon() + TimeDelta::days(30));
    let iso = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let path =
        format!("users/{user}/calendarView/delta?startDateTime={}&endDateTime={}", iso(start), iso(end));
    let (rows, link, _) = graph.round(&path).await;
    let keys = |rows: &[Value]| {
        let mut keys: Vec<String> = rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect();
        keys.sort();
        keys
    };
    let truth = || {
        let records = twin.calendar_truth(&user, start, end).into_iter().filter(|record| !record.deleted());
        let mut keys: Vec<String> = records.map(|record| record.key).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&rows), truth());
    assert!(rows.iter().any(|row| row["type"] == "seriesMaster" && row["recurrence"].is_object()));
    let occurrence = rows.iter().find(|row| row["type"] == "occurrence").unwrap();
    assert!(occurrence.get("subject").is_none() && occurrence["seriesMasterId"].is_string());
    assert!(occurrence["start"]["dateTime"].as_str().unwrap().ends_with(":00.0000000"));
    assert_eq!(occurrence["start"]["timeZone"], "UTC");
    let moved = sandbox.look(|universe| {
        let mailbox = &universe.office.mailboxes[0];
        let event =
            mailbox.events.iter().find(|event| event.kind.master().is_some() && event.within(start, end));
        event.unwrap().id
    });
    sandbox.change(|universe| universe.reschedule_event(0, moved, end + TimeDelta::days(5)));
    let (rows, _, _) = graph.round(&link).await;
    assert_eq!(rows, [json!({"@removed": {"reason": "deleted"}, "id": immutable_id(moved)})]);
    graph.prefer = Some("outlook.timezone=\"GMT Standard Time\"");
    let plain = graph.ok(&path.replace("/delta", "")).await;
    assert_eq!(plain["value"][0]["start"]["timeZone"], "GMT Standard Time");
}

#[tokio::test]
async fn list_items_have_fields_only_when_expanded() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (site, list, item) =
        sandbox.look(|u| (u.office.site.id.clone(), u.office.lists[0].id, u.office.lists[0].items[0].id));
    let bare = graph.ok(&format!("sites/{site}/lists/{list}/items/delta?$top=3")).await;
    assert!(bare["value"].as_array().unwrap().len() == 3 && bare["value"][0].get("fields").is_none());
    let by_path = format!("sites/hearthgrain.sharepoint.com:/sites/production:/lists/{list}/items/delta");
    let (rows, link, _) = graph.round(&format!("{by_path}?$expand=fields&$top=50")).await;
    assert!(rows.iter().all(|row| row["fields"]["SKU"].is_string()));
    assert!(rows.iter().any(|row| row["fields"].get("DueDate").is_none()), "an empty column is left out");
    sandbox.change(|universe| universe.delete_list_item(0, item));
    let (rows, link, _) = graph.round(&link).await;
    assert!(rows[0]["deleted"].is_object() && rows[0]["id"] == item.to_string().as_str());
    let latest = graph.ok(&format!("sites/{site}/lists/{list}/items/delta?token=latest")).await;
    assert!(latest["value"].as_array().unwrap().is_empty() && latest["@odata.deltaLink"].is_string());
    let since = graph.ok(&format!("sites/{site}/lists/{list}/items/delta?token=2026-11-01T11:59:59Z")).await;
    assert_eq!(since["value"].as_array().unwrap().len(), 1);
    assert!(graph.round(&link).await.0.is_empty());
}

#[tokio::test]
async fn drive_changes_bring_their_folders_along() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (drive, book, folder) = sandbox.look(|universe| {
        let drive = &universe.office.drives[0];
        (drive.id.clone(), universe.office.workbooks[0].item.clone(), drive.items[3].id.clone())
    });
    let (first, link, _) = graph.round(&format!("drives/{drive}/root/delta")).await;
    assert!(first[0]["root"].is_object() && first[0].get("file").is_none());
    sandbox.change(|universe| universe.write_drive_item(0, &book, 99));
    let (rows, link2, _) = graph.round(&link).await;
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["root", "Prices", "Price list.xlsx"]);
    let call = http().get(&link).bearer_auth(&graph.token).header("deltaExcludeParent", "true");
    assert_eq!(
        call.send().await.unwrap().json::<Value>().await.unwrap()["value"].as_array().unwrap().len(),
        1
    );
    sandbox.change(|universe| universe.delete_drive_item(0, &folder));
    let (rows, _, _) = graph.round(&link2).await;
    assert!(
        rows[0]["id"] == folder.as_str()
            && rows.len() > 2
            && rows.iter().all(|row| row["deleted"].is_object())
    );
    let item = graph.ok(&format!("drives/{drive}/items/{book}")).await;
    let download = item["@microsoft.graph.downloadUrl"].as_str().unwrap();
    assert_eq!(http().get(download).send().await.unwrap().status(), 200);
    assert_eq!(http().get(download).bearer_auth("x").send().await.unwrap().status(), 401);
    let tag = item["cTag"].as_str().unwrap();
    let call = http().get(graph.url(&format!("drives/{drive}/items/{book}"))).bearer_auth(&graph.token);
    assert_eq!(call.header("if-none-match", tag).send().await.unwrap().status(), 304);
}

#[tokio::test]
async fn the_ground_can_shift_within_a_round() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    small_pages(twin);
    let graph = Graph::app(twin).await;
    let (early, late) = sandbox.look(|u| (u.office.users[0].id, u.office.users.last().unwrap().id));
    twin.on_request(2, move |universe| {
        universe.set_office_user(early, "jobTitle", Some("Again"));
        universe.remove_office_user(late, sentia_sandbox::universe::office::Removal::Hard);
    });
    let (rows, _, _) = graph.round(USERS).await;
    let of =
        |id: uuid::Uuid| rows.iter().filter(|row| row["id"] == id.to_string().as_str()).collect::<Vec<_>>();
    assert_eq!((of(early).len(), &of(early)[1]["jobTitle"]), (2, &json!("Again")));
    assert!(of(late).len() == 1 && of(late)[0]["@removed"]["reason"] == "deleted");
}

#[tokio::test]
async fn what_the_vendor_does_not_know_is_refused() {
    let (sandbox, _) = sandbox(Size::tiny()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let user = sandbox.look(|universe| universe.office.users[0].id);
    for path in [
        "users/delta?$top=5",
        "users/delta?$select=favouriteColour",
        "users?$top=1000",
        "users/delta?$deltatoken=abc",
        &format!(
            "users/{user}/calendarView/delta?startDateTime=2026-01-01&endDateTime=2026-02-01T00:00:00Z&$select=subject"
        ),
        &format!("users/{user}/events/delta"),
        &format!("users/{user}/mailFolders/inbox/messages/delta?$filter=isRead eq true"),
        "me/messages",
        "user",
    ] {
        let (status, body) = graph.get(path).await;
        assert_eq!(status, 400, "{path}: {body}");
        assert!(body["error"]["innerError"]["request-id"].is_string(), "{path}: {body}");
    }
    assert_eq!(graph.get("users/nobody").await.0, 404);
    let last = sandbox.look(|universe| universe.office.users.last().unwrap().id);
    assert_eq!(
        graph.get(&format!("users/{last}/mailFolders")).await.1["error"]["code"],
        "MailboxNotEnabledForRESTAPI"
    );
    twin.set_app_permissions(&["User.Read.All", "Mail.ReadBasic.All"]);
    let graph = Graph::app(twin).await;
    let messages = graph.ok(&format!("users/{user}/messages")).await;
    assert!(messages["value"][0].get("body").is_none());
    assert_eq!(graph.get("sites?search=*").await.1["error"]["code"], "accessDenied");
}

#[tokio::test]
async fn plain_lists_page_by_links() {
    let (sandbox, _) = sandbox(Size::small()).await;
    let twin = sandbox.microsoft_graph();
    let graph = Graph::app(twin).await;
    let (mut next, mut rows, mut pages) = ("users?$select=id,mail&$count=true".to_owned(), vec![], 0);
    loop {
        let page = graph.ok(&next).await;
        pages += 1;
        rows.extend(
            page["value"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        match page["@odata.nextLink"].as_str() {
            Some(link) => next = link.to_owned(),
            None => break,
        }
    }
    rows.sort();
    assert_eq!((rows, pages), (live(twin, Stream::Users, ""), 2));
    let sites = graph.ok("sites?search=production").await;
    let site = sites["value"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(graph.ok("sites/hearthgrain.sharepoint.com:/sites/production").await["id"], site.as_str());
    let lists = graph.ok(&format!("sites/{site}/lists")).await;
    let list = lists["value"][0]["id"].as_str().unwrap().to_owned();
    let columns = graph.ok(&format!("sites/{site}/lists/{list}/columns")).await;
    assert_eq!(columns["value"].as_array().unwrap().len(), 7);
    assert_eq!(graph.ok(&format!("sites/{site}/drives")).await["value"][0]["driveType"], "documentLibrary");
    let user = sandbox.look(|universe| universe.office.users[0].id);
    assert_eq!(graph.ok(&format!("users/{user}/drive")).await["driveType"], "business");
}
