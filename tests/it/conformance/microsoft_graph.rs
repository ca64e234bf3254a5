//! The slice of Microsoft Graph's model, served by Prism. It has no examples: every document is made of its schema, one
//! of everything. What Prism's answers cannot be is filled in by tests/conformance/vendors/microsoft-graph.mjs.

use sentia::{
    Mode, Pipeline, Store,
    clock::{Clock, SystemClock},
    connectors::{
        MicrosoftGraph,
        microsoft_graph::{
            Mail, MicrosoftGraphBuilder, Sessions, Workbook, catalog,
            subscription::{Renewal, Resource, Subscription},
        },
    },
    transport::Pacing,
};

use super::{
    exchanges::{Asks, Excused, are_all, are_valid, exchanges, operations as asked},
    reading::Connection,
    server::Server,
    twins::{Expected, is_judged},
};
use crate::{
    database::{Database, Kind},
    vendors::{Scene, microsoft_graph::everything as settings},
};

const OPTIONS: [&str; 4] =
    ["--models", "microsoft-graph/graph-v1-slice.openapi.json@/v1.0", "--vendor", "microsoft-graph"];

const EXCUSED: [Excused; 0] = [];

/// What no model describes of what the connector asks of the twin.
const TWIN: [Excused; 1] = [Excused {
    operation: "",
    fault: "/oauth2/v2.0/token hasn't been found",
    why: "Entra's token endpoint is described by no model",
}];

const fn list(stream: &'static str, operations: &'static [&'static str]) -> Asks {
    Asks { stream, operations, list: &["value"] }
}

const fn one(stream: &'static str, operations: &'static [&'static str]) -> Asks {
    Asks { stream, operations, list: &[] }
}

const STREAMS: [Asks; 12] = [
    list("users", &["users_delta"]),
    one("sites", &["sites_get"]),
    list("lists", &["lists_list"]),
    list("list_items", &["listitems_delta"]),
    one("drives", &["drives_get"]),
    list("drive_items", &["drive_delta"]),
    list("workbook_tables", &["items_get", "tables_list"]),
    list(
        "workbook_rows",
        &[
            "items_get",
            "workbook_createSession",
            "workbook_closeSession",
            "tables_get",
            "table_headerRowRange",
            "table_dataBodyRange",
            "table_rows",
        ],
    ),
    one("mailboxes", &["users_get"]),
    list("mail_folders", &["mailfolders_delta"]),
    list("messages", &["folder_messages_delta"]),
    list("events", &["calendarview_delta"]),
];

/// What a round of changes asks beside its own page: entries that name only what changed are read again.
const CHANGES: [(&str, &[&str]); 5] = [
    ("users", &["users_delta", "batch", "users_get"]),
    ("list_items", &["listitems_delta"]),
    ("drive_items", &["drive_delta"]),
    ("messages", &["folder_messages_delta", "batch", "messages_get"]),
    ("events", &["calendarview_delta", "batch", "events_get"]),
];

fn office(server: &Server) -> MicrosoftGraphBuilder {
    MicrosoftGraph::builder()
        .access_token("a-ready-access-token")
        .sites(["contoso.sharepoint.com,0b8f2f2c-1a2b-4c3d-8e4f-5a6b7c8d9e0f,7c8d9e0f-1a2b-4c3d-8e4f-0b8f2f2c5a6b"])
        .base_url(&server.url)
        .pacing(Pacing::Off)
}

fn everything(server: &Server, store: &Store) -> Pipeline {
    let office = office(server)
        .drives(["b!t18F8ybHHUq1z3LTz8xvZqP8zaSWjkFNhsME-Fepo75dTf9vQKfeRblBZjoSQrd7"])
        .workbook(Workbook::new("b!t18F8ybH", "01EZJNRYQYENJ6SXVPCNBYA3QZRHKJWLNZ").table("string", "SKU"))
        .sessions(Sessions::Always)
        .mailboxes(["9b8e1f3a-5c7d-4e2f-8a1b-3c5d7e9f1a2b"])
        .mail(Mail::Bodies);
    Pipeline::new(office.build().expect("valid settings"), store.clone())
}

/// The drives are those of the sites where none is named.
fn libraries(server: &Server, store: &Store) -> Pipeline {
    Pipeline::new(office(server).build().expect("valid settings"), store.clone())
}

#[test]
fn every_stream_of_the_catalog_has_its_requests() {
    are_all(&catalog(), &STREAMS, &[]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_graph_publishes() {
    let Some(server) = Server::start("serve-models.mjs", &OPTIONS).await else { return };
    for kind in [Kind::Sqlite, Kind::Postgres] {
        eprintln!("on {kind:?}");
        if let Some(database) = Database::fresh(kind).await {
            let connection =
                Connection::new(&server, "microsoft_graph", &EXCUSED, everything, &database).await;
            everything_is_read(&connection, &database).await;
            changes_are_read(&connection, &database).await;
            connection.verifies().await;
        }
    }
    if let Some(database) = Database::fresh(Kind::Sqlite).await {
        let connection = Connection::new(&server, "microsoft_graph", &EXCUSED, libraries, &database).await;
        let drives = list("drives", &["drives_list"]);
        let _ = connection.holds_what_is_served(&drives, Mode::Incremental, &database).await;
    }
    subscriptions_are_valid(&server).await;
    twin_is_valid(&server).await;
}

/// Subscriptions are the host's to make; their bodies are the connector's.
async fn subscriptions_are_valid(server: &Server) {
    #[allow(clippy::disallowed_methods, reason = "a host asks by its own client")]
    let client = reqwest::Client::new();
    let (url, state) = (format!("{}/v1.0/subscriptions", server.url), "s3cret".to_owned().into());
    for resource in [
        Resource::Users,
        Resource::List("contoso.sharepoint.com,1,2", "3"),
        Resource::Drive("b!4"),
        Resource::Messages("5"),
        Resource::Events("5"),
    ] {
        let now = SystemClock.now();
        let made = Subscription::new(resource, "https://host.example/hook", &state, now);
        let renewed = Renewal::new(resource, now);
        let post = client.post(&url).header("prefer", r#"IdType="ImmutableId""#).json(&made);
        for request in [post, client.patch(format!("{url}/6")).json(&renewed)] {
            request.send().await.expect("answers").error_for_status().expect("it is taken");
        }
    }
    let exchanges = exchanges(server).await;
    assert_eq!(exchanges.len(), 10);
    are_valid(&exchanges, &EXCUSED);
}

async fn twin_is_valid(server: &Server) {
    let of_streams = STREAMS.iter().flat_map(|asks| asks.operations);
    let operations = of_streams.chain(CHANGES.iter().flat_map(|(_, operations)| *operations)).copied();
    // Here the parts of a batch are not requests of their own.
    let operations = operations.filter(|name| !["messages_get", "events_get"].contains(name)).collect();
    let scene = Scene::new(83).await;
    let twin = scene.sandbox.microsoft_graph();
    is_judged(server, &scene, twin.base_url(), Expected { operations, excused: &TWIN }, |store| {
        let office = settings(&scene.sandbox).client_secret(twin.client_secret());
        let office = office.sessions(Sessions::Always).base_url(&server.url);
        Pipeline::new(office.build().expect("valid settings"), store.clone())
    })
    .await;
}

async fn everything_is_read(connection: &Connection<'_>, database: &Database) {
    for asks in &STREAMS {
        for (mode, inserted) in [(Mode::Incremental, 1), (Mode::Full, 0)] {
            let report = connection.holds_what_is_served(asks, mode, database).await;
            assert_eq!((report.counts().inserted, report.counts().updated), (inserted, 0), "{report:#?}");
        }
    }
}

/// The round after everything has changes, the one after that has deletions.
async fn changes_are_read(connection: &Connection<'_>, database: &Database) {
    for (stream, operations) in CHANGES {
        let (report, exchanges) = connection.read(stream, Mode::Incremental).await;
        assert_eq!(asked(&exchanges), operations.iter().copied().collect(), "{stream}");
        assert!(connection.live(stream, database).await.len() == 1, "{report:#?}");
        let (report, _) = connection.read(stream, Mode::Incremental).await;
        assert_eq!(report.counts().deleted, 1, "{stream} {report:#?}");
        assert!(connection.live(stream, database).await.is_empty(), "{stream}");
    }
}
