//! Microsoft 365: people, lists, files, a workbook, mail and calendars.

use std::sync::Arc;

use chrono::NaiveTime;
use sentia::{
    Mode, Pipeline, Store,
    clock::Clock,
    connectors::{
        MicrosoftGraph,
        microsoft_graph::{MicrosoftGraphBuilder, Sessions, Workbook},
    },
    transport::Pacing,
};
use sentia_sandbox::{
    AppOnlyWorkbook, MicrosoftGraphSettings, MicrosoftGraphTwin, Sandbox,
    universe::office::MicrosoftGraphStream,
};

use super::{
    Scene, all_read,
    compare::{Table, key, live, within},
    complete, holds, written,
};
use crate::{
    database::{Database, on_both},
    truth::impatient,
};

/// Everything the tenant has, but for the credentials.
pub(crate) fn everything(sandbox: &Sandbox) -> MicrosoftGraphBuilder {
    let twin = sandbox.microsoft_graph();
    twin.set_pacing(sentia_sandbox::Pacing::Lifted);
    twin.set_settings(MicrosoftGraphSettings {
        app_only_workbook: AppOnlyWorkbook::Allowed,
        ..twin.settings()
    });
    let (site, drives, workbook, mailboxes) = sandbox.look(|universe| {
        let office = &universe.office;
        let drives: Vec<String> = office.drives.iter().map(|drive| drive.id.clone()).collect();
        let workbook = Workbook::new(drives[0].clone(), office.workbooks[0].item.clone());
        let mailboxes: Vec<String> =
            office.mailboxes.iter().map(|mailbox| mailbox.user.to_string()).collect();
        (office.site.id.clone(), drives, workbook, mailboxes)
    });
    MicrosoftGraph::builder()
        .tenant(twin.tenant_id())
        .client_id(twin.client_id())
        .sites([site])
        .drives(drives)
        .workbook(workbook.table("PriceList", "SKU"))
        .sessions(Sessions::Never)
        .mailboxes(mailboxes)
        .base_url(twin.base_url())
        .pacing(Pacing::Off)
}

pub(crate) fn tenant(sandbox: &Sandbox, store: &Store) -> Pipeline {
    let graph = everything(sandbox).client_secret(sandbox.microsoft_graph().client_secret());
    let graph = graph.build().expect("valid settings");
    Pipeline::new(graph, store.clone()).connection("microsoft-graph").transport(impatient())
}

/// What stands behind the last slash.
fn last(text: &str) -> &str {
    text.rsplit('/').next().unwrap_or(text)
}

/// Compares every stream of the tenant; the calendar's window is that of the clock's day.
pub(crate) async fn tenant_is_true(database: &Database, twin: &MicrosoftGraphTwin, clock: &dyn Clock) {
    let connection = "microsoft-graph";
    let table = |name, key| Table { database, connection, name, amounts: &[], key };
    let truth = |stream| twin.truth(stream);
    table("microsoft_graph_users", key).is_true(truth(MicrosoftGraphStream::Users), live).await;
    table("microsoft_graph_sites", key).is_true(truth(MicrosoftGraphStream::Sites), live).await;
    let lists = table("microsoft_graph_lists", |_, key| last(key).to_owned());
    lists.is_true(truth(MicrosoftGraphStream::Lists), live).await;
    let items = table("microsoft_graph_list_items", |list, key| format!("{}/{key}", last(list)));
    items.is_true(truth(MicrosoftGraphStream::ListItems), live).await;
    table("microsoft_graph_drives", key).is_true(truth(MicrosoftGraphStream::Drives), live).await;
    table("microsoft_graph_drive_items", within).is_true(truth(MicrosoftGraphStream::DriveItems), live).await;
    let folders = table("microsoft_graph_mail_folders", |_, key| last(key).to_owned());
    folders.is_true(truth(MicrosoftGraphStream::MailFolders), live).await;
    // A message that moved is gone in one folder and live in another: one live row.
    table("microsoft_graph_messages", key).is_true(truth(MicrosoftGraphStream::Messages), live).await;
    // The truth names a row by file, table and first cell; one table is read.
    let rows = table("microsoft_graph_workbook_rows", |_, key| key.to_owned());
    let mut prices = truth(MicrosoftGraphStream::WorkbookRows);
    prices.retain(|row| row.key.contains("/PriceList/"));
    prices.iter_mut().for_each(|row| row.key = last(&row.key).to_owned());
    rows.is_true(prices, live).await;
    let midnight = clock.now().date_naive().and_time(NaiveTime::MIN).and_utc();
    let (start, end) = (midnight - chrono::Duration::days(90), midnight + chrono::Duration::days(365));
    let mut events = Vec::new();
    for mailbox in database.rows("SELECT key FROM microsoft_graph_mailboxes WHERE deleted IS NULL").await {
        for mut event in twin.calendar_truth(&mailbox[0], start, end) {
            event.key = format!("{}/{}", mailbox[0], event.key);
            events.push(event);
        }
    }
    table("microsoft_graph_events", within).is_true(events, live).await;
}

async fn office(database: Database) {
    let (scene, store) = (Scene::new(53).await, database.store().await);
    let (twin, clock) = (scene.sandbox.microsoft_graph(), Arc::clone(&scene.clock));
    let first = complete(tenant(&scene.sandbox, &store), &clock, Mode::Incremental).await;
    all_read(&first, &[]);
    tenant_is_true(&database, twin, &*clock).await;
    for hours in [1, 5] {
        scene.later(hours);
        scene.sandbox.evolve();
        let next = complete(tenant(&scene.sandbox, &store), &clock, Mode::Incremental).await;
        assert!(written(&next) > 0 && next.counts().read < first.counts().read, "{next:#?}");
        tenant_is_true(&database, twin, &*clock).await;
    }
    // Tokens that are too old cost a full read, which finds what went meanwhile.
    scene.sandbox.evolve();
    twin.expire_delta_links();
    let _ = complete(tenant(&scene.sandbox, &store), &clock, Mode::Incremental).await;
    tenant_is_true(&database, twin, &*clock).await;
    let again = complete(tenant(&scene.sandbox, &store), &clock, Mode::Incremental).await;
    assert_eq!(written(&again), 0, "nothing changed, nothing is written: {again:#?}");
    holds(&store).await;
}

on_both!(
    /// Everything, increments by the vendor's own tokens, and everything again when these are too old.
    microsoft_graph_is_true,
    super::office
);
