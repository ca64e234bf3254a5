//! Subscriptions to change notifications: their lives, and the handshake.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::call::{Call, parse, wants_immutable};
use super::fault::MicrosoftGraphFault as Fault;
use super::identity::Caller;
use super::post::post;
use super::server::{GraphState, Incoming, lock};
use crate::universe::Office;
use crate::universe::office::folder_id;

/// What a subscription watches.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Watched {
    Users,
    Messages { mailbox: usize, folder: Option<uuid::Uuid> },
    Events { mailbox: usize },
    Drive(usize),
    List(usize),
}

impl Watched {
    fn of(resource: &str, office: &Office) -> Option<Self> {
        let path = resource.split('?').next().unwrap_or_default().trim_start_matches('/');
        let (segments, _) = parse(&format!("/{path}"), office);
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        let mailbox = |user: &str| {
            let user = office.users.iter().find(|known| super::user_lists::names(known, user))?;
            office.mailboxes.iter().position(|mailbox| mailbox.user == user.id)
        };
        Some(match names[..] {
            ["users"] => Self::Users,
            ["users", user, "messages"] => Self::Messages { mailbox: mailbox(user)?, folder: None },
            ["users", user, "mailFolders", folder, "messages"] => {
                let mailbox = mailbox(user)?;
                let named = |known: &&crate::universe::office::MailFolder| {
                    folder_id(known.id) == folder
                        || known.well_known.is_some_and(|n| n.eq_ignore_ascii_case(folder))
                };
                let folder = office.mailboxes[mailbox].folders.iter().find(named)?.id;
                Self::Messages { mailbox, folder: Some(folder) }
            }
            ["users", user, "events"] => Self::Events { mailbox: mailbox(user)? },
            ["drives", drive, "root"] => {
                Self::Drive(office.drives.iter().position(|known| known.id == drive)?)
            }
            ["sites", site, "lists", list] if site == office.site.id => {
                Self::List(office.lists.iter().position(|known| known.id.to_string() == list)?)
            }
            _ => return None,
        })
    }

    /// The longest life in minutes, and the kinds of change there are.
    fn terms(&self) -> (i64, &'static [&'static str]) {
        match self {
            Self::Users => (41_760, &["updated", "deleted"]),
            Self::Messages { .. } | Self::Events { .. } => (10_080, &["created", "updated", "deleted"]),
            Self::Drive(_) | Self::List(_) => (42_300, &["updated"]),
        }
    }

    fn permissions(&self) -> &'static [&'static str] {
        match self {
            Self::Users => &["User.Read.All", "Directory.Read.All"],
            Self::Messages { .. } => &["Mail.Read", "Mail.ReadWrite", "Mail.ReadBasic.All", "Mail.ReadBasic"],
            Self::Events { .. } => &["Calendars.Read", "Calendars.ReadWrite"],
            Self::Drive(_) => &["Files.Read.All", "Files.ReadWrite.All", "Files.Read", "Files.ReadWrite"],
            Self::List(_) => &["Sites.Read.All", "Sites.ReadWrite.All"],
        }
    }
}

/// A subscription.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) watched: Watched,
    pub(crate) resource: String,
    pub(crate) change_types: Vec<String>,
    pub(crate) url: String,
    pub(crate) lifecycle_url: Option<String>,
    pub(crate) client_state: Option<String>,
    pub(crate) expires_at: DateTime<Utc>,
    /// Whether it was made for ids that outlast a move: then notifications hold those.
    pub(crate) immutable: bool,
    /// The last step that was told of.
    pub(crate) told: u64,
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    pub(crate) all: Vec<Subscription>,
    pub(crate) delivered: u64,
}

impl Subscriptions {
    /// Forgets those whose time is over.
    pub(crate) fn prune(&mut self, now: DateTime<Utc>) {
        self.all.retain(|subscription| subscription.expires_at > now);
    }
}

fn row(state: &GraphState, subscription: &Subscription) -> Map<String, Value> {
    let row = json!({
        "applicationId": lock(&state.tokens).client.id,
        "changeType": subscription.change_types.join(","),
        // Told once, at creation; reads leave it out.
        "clientState": Value::Null,
        "encryptionCertificate": Value::Null,
        "encryptionCertificateId": Value::Null,
        "expirationDateTime": subscription.expires_at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "id": subscription.id,
        "includeResourceData": Value::Null,
        "latestSupportedTlsVersion": "v1_2",
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "notificationQueryOptions": Value::Null,
        "notificationUrl": subscription.url,
        "notificationUrlAppId": Value::Null,
        "resource": subscription.resource,
    });
    match row {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn invalid(words: &str) -> Answer {
    Answer::error(400, "InvalidRequest", words)
}

/// `POST /subscriptions`: the handshake runs while the call is still open.
pub(crate) async fn create(
    state: &GraphState,
    caller: &Caller,
    request: &Incoming<'_>,
    fault: Option<Fault>,
) -> Answer {
    let made = match wanted(state, caller, request, fault) {
        Ok(made) => made,
        Err(refusal) => return refusal,
    };
    for url in [Some(&made.url), made.lifecycle_url.as_ref()].into_iter().flatten() {
        if let Err(words) = handshake(state, url).await {
            let words = format!("Subscription validation request failed. {words}");
            return Answer::error(400, "ValidationError", &words);
        }
    }
    let mut row = row(state, &made);
    row.insert("clientState".to_owned(), json!(made.client_state));
    row.insert("@odata.context".to_owned(), state.absolute("/$metadata#subscriptions/$entity").into());
    lock(&state.subscriptions).all.push(made);
    Answer::json(201, Value::Object(row))
}

fn wanted(
    state: &GraphState,
    caller: &Caller,
    request: &Incoming<'_>,
    fault: Option<Fault>,
) -> Result<Subscription, Answer> {
    if fault == Some(Fault::SubscriptionQuota) {
        let words = "Operation: Create; Exception: [Status Code: Forbidden; Reason: Per app+tenant subscription limit reached.]";
        return Err(Answer::error(403, "ExtensionError", words));
    }
    let body: Value = serde_json::from_slice(request.body).map_err(|_| invalid("The body is not JSON."))?;
    let text = |name: &str| body[name].as_str().map(str::to_owned);
    let need = |name: &str| text(name).ok_or_else(|| invalid(&format!("{name} is required.")));
    let (resource, url, types) = (need("resource")?, need("notificationUrl")?, need("changeType")?);
    if body["includeResourceData"] == true {
        return Err(invalid("The sandbox sends no resource data."));
    }
    if text("clientState").is_some_and(|secret| secret.len() > 128) {
        return Err(invalid("clientState is longer than 128 characters."));
    }
    let lifecycle_url = text("lifecycleNotificationUrl");
    if [Some(&url), lifecycle_url.as_ref()].into_iter().flatten().any(|url| !is_reachable(url)) {
        return Err(invalid("Subscription notification url must be an https url."));
    }
    let universe = state.world.read();
    let watched = Watched::of(&resource, &universe.office);
    let watched = watched.ok_or_else(|| invalid(&format!("Resource '{resource}' is not supported.")))?;
    let told = universe.office.ledger.latest();
    drop(universe);
    if !caller.may(watched.permissions()) {
        return Err(Answer::error(403, "ExtensionError", "Access to the resource is denied."));
    }
    let (_, kinds) = watched.terms();
    let change_types: Vec<String> = types.split(',').map(|kind| kind.trim().to_owned()).collect();
    if change_types.iter().any(|kind| !kinds.contains(&kind.as_str())) {
        return Err(invalid("The change type is not supported for the resource."));
    }
    let expires_at = expiry(&watched, &need("expirationDateTime")?, state.world.clock.now())?;
    let (id, client_state) = (state.fresh_id(), text("clientState"));
    Ok(Subscription {
        id,
        watched,
        resource,
        change_types,
        url,
        lifecycle_url,
        client_state,
        expires_at,
        immutable: wants_immutable(request.headers),
        told,
    })
}

/// At least 45 minutes ahead, at most what the resource allows.
fn expiry(watched: &Watched, text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Answer> {
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| invalid("expirationDateTime cannot be read."))?;
    let at = at.to_utc();
    let most = watched.terms().0;
    if at <= now {
        return Err(invalid("Subscription expiration must be in the future."));
    }
    if at > now + TimeDelta::minutes(most) {
        return Err(invalid(&format!("Subscription expiration can only be {most} minutes in the future.")));
    }
    Ok(at.max(now + TimeDelta::minutes(45)))
}

/// HTTPS only; a loopback address may do without, or no test could listen.
fn is_reachable(url: &str) -> bool {
    url.starts_with("https://") || is_loopback(url)
}

pub(crate) fn is_loopback(url: &str) -> bool {
    ["http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start))
}

/// The token must come back as it was before it was escaped, as plain text, within ten seconds. Nothing leaves the
/// loopback: other addresses are taken on trust.
async fn handshake(state: &GraphState, url: &str) -> Result<(), String> {
    if !is_loopback(url) {
        return Ok(());
    }
    let token = format!(
        "Validation: Testing client application reachability for subscription Request-Id: {}",
        state.fresh_id()
    );
    let joint = if url.contains('?') { '&' } else { '?' };
    let escaped: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let target = format!("{url}{joint}validationToken={}", escaped.replace('+', "%20"));
    let answer = post(&target, "text/plain; charset=utf-8", "").await.map_err(|error| error.to_string())?;
    let plain = answer.content_type.to_ascii_lowercase().starts_with("text/plain");
    if answer.status == 200 && plain && answer.body == token {
        return Ok(());
    }
    Err(format!("Notification endpoint must respond with 200 OK to validation request: {}.", answer.status))
}

pub(crate) fn list(call: &Call<'_>) -> Result<Answer, Answer> {
    let mut subscriptions = lock(&call.state.subscriptions);
    subscriptions.prune(call.now);
    let all = subscriptions.all.clone();
    drop(subscriptions);
    super::pages::page(
        call,
        all.iter().map(|one| row(call.state, one)).collect(),
        "subscriptions",
        (100, 100),
    )
}

fn missing() -> Answer {
    Answer::error(404, "ResourceNotFound", "The object was not found.")
}

/// Does something to a live subscription and gives it.
fn with(
    call: &Call<'_>,
    id: &str,
    change: impl FnOnce(&mut Subscription),
) -> Result<Map<String, Value>, Answer> {
    let mut subscriptions = lock(&call.state.subscriptions);
    subscriptions.prune(call.now);
    let subscription = subscriptions.all.iter_mut().find(|one| one.id == id).ok_or_else(missing)?;
    change(subscription);
    let subscription = subscription.clone();
    drop(subscriptions);
    Ok(row(call.state, &subscription))
}

pub(crate) fn get(call: &Call<'_>, id: &str) -> Result<Answer, Answer> {
    Ok(super::pages::single(call, with(call, id, |_| {})?, "subscriptions"))
}

/// `PATCH`: another expiry, nothing else.
pub(crate) fn renew(call: &Call<'_>, id: &str) -> Result<Answer, Answer> {
    let body: Value = serde_json::from_slice(call.body).map_err(|_| invalid("The body is not JSON."))?;
    if body.get("lifecycleNotificationUrl").is_some() {
        return Err(invalid("A lifecycle notification url cannot be added to a subscription."));
    }
    let text =
        body["expirationDateTime"].as_str().ok_or_else(|| invalid("expirationDateTime is required."))?;
    let known = lock(&call.state.subscriptions).all.iter().find(|one| one.id == id).cloned();
    let expires_at = expiry(&known.ok_or_else(missing)?.watched, text, call.now)?;
    Ok(super::pages::single(call, with(call, id, |one| one.expires_at = expires_at)?, "subscriptions"))
}

pub(crate) fn reauthorize(call: &Call<'_>, id: &str) -> Result<Answer, Answer> {
    with(call, id, |_| {})?;
    Ok(Answer::nothing(204))
}

pub(crate) fn delete(call: &Call<'_>, id: &str) -> Result<Answer, Answer> {
    with(call, id, |_| {})?;
    lock(&call.state.subscriptions).all.retain(|one| one.id != id);
    Ok(Answer::nothing(204))
}
