//! Change notifications and lifecycle notifications as Graph would post them.

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::mail_rows::change_key;
use super::server::{GraphState, lock};
use super::subscription::{Subscription, Watched};
use crate::universe::Office;
use crate::universe::office::{immutable_id, plain_id};

/// One POST: where to, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrosoftGraphNotification {
    /// The receiver.
    pub url: String,
    /// The JSON body.
    pub body: String,
}

/// A change that a subscription is told of: its kind, the resource, and what is known of it.
struct Told {
    kind: &'static str,
    resource: String,
    data: Value,
}

/// All changes that nobody was told of yet, one body for each receiver: several subscriptions may share it.
pub(crate) fn take(state: &GraphState) -> Vec<MicrosoftGraphNotification> {
    let universe = state.world.read();
    let office = &universe.office;
    let (latest, tenant) = (office.ledger.latest(), office.tenant_id);
    let mut subscriptions = lock(&state.subscriptions);
    subscriptions.prune(state.world.clock.now());
    let mut bodies: Vec<(String, Vec<Value>)> = vec![];
    let mut count = subscriptions.delivered;
    for subscription in &mut subscriptions.all {
        let told = changes(office, subscription);
        subscription.told = latest;
        for change in told.into_iter().filter(|c| subscription.change_types.iter().any(|t| t == c.kind)) {
            count += 1;
            let mut notice = json!({
                "changeType": change.kind, "clientState": subscription.client_state, "resource": change.resource,
                "resourceData": change.data, "subscriptionExpirationDateTime": expiry(subscription.expires_at, count),
                "subscriptionId": subscription.id, "tenantId": tenant.to_string(),
            });
            // The id is optional: every third notice has none.
            if !count.is_multiple_of(3) {
                notice["id"] = format!("lsgTZMr9KwAAA{count:06}").into();
            }
            match bodies.iter_mut().find(|(url, _)| *url == subscription.url) {
                Some((_, notices)) => notices.push(notice),
                None => bodies.push((subscription.url.clone(), vec![notice])),
            }
        }
    }
    subscriptions.delivered = count;
    let body = |notices| json!({"value": notices}).to_string();
    bodies.into_iter().map(|(url, notices)| MicrosoftGraphNotification { url, body: body(notices) }).collect()
}

/// Sometimes UTC, sometimes with the offset of somewhere else.
fn expiry(at: DateTime<Utc>, count: u64) -> String {
    let elsewhere = FixedOffset::east_opt(5 * 3_600 + 1_800).filter(|_| count.is_multiple_of(2));
    elsewhere.map_or_else(
        || at.to_rfc3339_opts(SecondsFormat::Secs, true),
        |zone| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false),
    )
}

fn changes(office: &Office, subscription: &Subscription) -> Vec<Told> {
    let since = subscription.told;
    let kind = |born: u64| if born > since { "created" } else { "updated" };
    match &subscription.watched {
        Watched::Users => people(office, since),
        Watched::Messages { mailbox, folder } => {
            let mailbox = &office.mailboxes[*mailbox];
            let in_place = |place: Uuid| folder.is_none_or(|folder| folder == place);
            let told = |kind, id: Uuid, moves, step| {
                let named = name(subscription, id, moves);
                outlook(
                    mailbox.user,
                    ("Messages", "#Microsoft.Graph.Message"),
                    kind,
                    named,
                    change_key(id, step),
                )
            };
            let messages = mailbox.messages.iter().filter(|m| m.track.latest > since && in_place(m.folder));
            let gone =
                mailbox.departures.iter().filter(|tomb| tomb.step > since && in_place(tomb.key.folder));
            let messages = messages.map(|m| told(kind(m.entered), m.id, m.moves, m.track.latest));
            messages
                .chain(gone.map(|tomb| told("deleted", tomb.key.message, tomb.key.moves, tomb.step)))
                .collect()
        }
        Watched::Events { mailbox } => {
            let mailbox = &office.mailboxes[*mailbox];
            let told = |kind, id: Uuid, step| {
                let named = name(subscription, id, 0);
                outlook(mailbox.user, ("Events", "#microsoft.graph.event"), kind, named, change_key(id, step))
            };
            let events = mailbox.events.iter().filter(|event| event.track.latest > since);
            let gone = mailbox.removed_events.iter().filter(|tomb| tomb.step > since);
            let events = events.map(|event| told(kind(event.track.born), event.id, event.track.latest));
            events.chain(gone.map(|tomb| told("deleted", tomb.key, tomb.step))).collect()
        }
        Watched::Drive(at) => {
            let drive = &office.drives[*at];
            let steps = drive.items.iter().map(|item| item.track.latest);
            somewhere(
                steps.chain(drive.removed.iter().map(|tomb| tomb.step)),
                subscription,
                "#Microsoft.Graph.DriveItem",
            )
        }
        Watched::List(at) => {
            let list = &office.lists[*at];
            let steps = list.items.iter().map(|item| item.track.latest);
            somewhere(
                steps.chain(list.removed.iter().map(|tomb| tomb.step)),
                subscription,
                "#Microsoft.Graph.ListItem",
            )
        }
    }
}

/// Users that changed or went.
fn people(office: &Office, since: u64) -> Vec<Told> {
    let told = |kind, id: Uuid| Told {
        kind,
        resource: format!("Users/{id}"),
        data: json!({"@odata.type": "#Microsoft.Graph.User", "@odata.id": format!("Users/{id}"), "id": id.to_string()}),
    };
    // Creation and the recycle bin come as updates.
    let changed = office.users.iter().filter(|user| user.track.latest > since);
    let gone = office.removed_users.iter().filter(|tomb| tomb.step > since);
    let word = |removal| {
        if removal == crate::universe::office::Removal::Soft { "updated" } else { "deleted" }
    };
    let changed = changed.map(|user| told("updated", user.id));
    changed.chain(gone.map(|tomb| told(word(tomb.removal), tomb.key))).collect()
}

/// Drives and lists only say that something changed, not what.
fn somewhere(steps: impl Iterator<Item = u64>, subscription: &Subscription, kind: &str) -> Vec<Told> {
    let mut steps = steps;
    let told = Told {
        kind: "updated",
        resource: subscription.resource.trim_start_matches('/').to_owned(),
        data: json!({"@odata.type": kind}),
    };
    steps.any(|step| step > subscription.told).then_some(told).into_iter().collect()
}

/// The id that a subscription was made for.
fn name(subscription: &Subscription, id: Uuid, moves: u32) -> String {
    if subscription.immutable { immutable_id(id) } else { plain_id(id, moves) }
}

fn outlook(
    user: Uuid,
    (list, odata): (&str, &str),
    kind: &'static str,
    id: String,
    change_key: String,
) -> Told {
    let resource = format!("Users/{user}/{list}/{id}");
    let etag = format!("W/\"{change_key}\"");
    let data = json!({"@odata.type": odata, "@odata.id": resource, "@odata.etag": etag, "id": id});
    Told { kind, resource, data }
}

/// `reauthorizationRequired`, `subscriptionRemoved` or `missed`, to the lifecycle URL (or the plain one).
pub(crate) fn lifecycle(state: &GraphState, id: &str, event: &str) -> Option<MicrosoftGraphNotification> {
    let tenant = state.world.read().office.tenant_id;
    let mut subscriptions = lock(&state.subscriptions);
    let known = subscriptions.all.iter().find(|subscription| subscription.id == id).cloned()?;
    if event == "subscriptionRemoved" {
        subscriptions.all.retain(|subscription| subscription.id != id);
    }
    let body = json!({"value": [{
        "clientState": known.client_state, "lifecycleEvent": event, "resource": known.resource,
        "subscriptionExpirationDateTime": expiry(known.expires_at, 0), "subscriptionId": known.id,
        "tenantId": tenant.to_string(), "organizationId": tenant.to_string(),
    }]});
    Some(MicrosoftGraphNotification { url: known.lifecycle_url.unwrap_or(known.url), body: body.to_string() })
}
