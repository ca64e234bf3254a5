//! The vendor: a small shipping API on loopback, with tokens, pages, increments and bad days.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use chrono::{DateTime, Duration, SecondsFormat, SubsecRound, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

/// The only client it knows, and how its tokens begin.
pub(crate) const CLIENT: (&str, &str) = ("acme", "a-long-client-secret");
/// How every token begins.
pub(crate) const TOKEN: &str = "parcels-token-";

/// What it holds and what it has been asked.
#[derive(Debug, Default)]
#[cfg_attr(not(test), allow(dead_code, reason = "the tests look into the books"))]
pub(crate) struct Books {
    /// When the oldest of its shipments was changed last.
    pub(crate) opened: DateTime<Utc>,
    /// Shipments by id.
    pub(crate) shipments: BTreeMap<String, Value>,
    /// Answers to the next calls for shipments, in place of data.
    pub(crate) troubles: VecDeque<Trouble>,
    /// Calls for shipments.
    pub(crate) calls: u64,
    /// Tokens granted; the last one is good until `ended` says otherwise.
    pub(crate) grants: u64,
    /// The tokens up to this one have ended.
    pub(crate) ended: u64,
}

/// What it answers on a bad day.
#[cfg_attr(not(test), allow(dead_code, reason = "bad days are the tests'"))]
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// 401.
    Refused,
    /// 429.
    TooMany,
    /// 503.
    Down,
    /// 200, and half of the JSON.
    CutOff,
}

/// The running API.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    /// Its address.
    pub(crate) base_url: String,
    books: Arc<Mutex<Books>>,
}

impl Api {
    /// Serves twelve shipments on a free port.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let base_url = format!("http://{}", listener.local_addr().expect("bound"));
        let opened = now() - Duration::hours(1);
        let shipments = (0..12).map(|n| (id(n), shipment(n, "sent", opened + Duration::seconds(n))));
        let shipments = shipments.collect();
        let books = Arc::new(Mutex::new(Books { shipments, opened, ..Books::default() }));
        let routes = Router::new().route("/token", post(token)).route("/shipments", get(shipments_page));
        let app = routes.with_state(books.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Api { base_url, books }
    }

    /// Its books, to look into and to change.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("no handler panics")
    }

    /// Cancels the first shipment, just now.
    pub(crate) fn cancel_the_first(&self) {
        self.books().shipments.insert(id(0), shipment(0, "cancelled", now()));
    }
}

#[cfg(test)]
impl Api {
    /// Changes the first shipment within the second of the newest change; its id.
    pub(crate) fn change_within_the_newest_second(&self) -> String {
        let mut books = self.books();
        let late = books.opened + Duration::milliseconds(11_900);
        books.shipments.insert(id(0), shipment(0, "delayed", late));
        id(0)
    }
}

#[allow(clippy::disallowed_methods, reason = "a vendor reads its own clock")]
fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(0)
}

fn id(number: i64) -> String {
    format!("S-{number:03}")
}

fn shipment(number: i64, status: &str, updated: DateTime<Utc>) -> Value {
    json!({
        "id": id(number),
        "status": status,
        "updated_at": updated.to_rfc3339_opts(SecondsFormat::Millis, true),
        "carrier": "Royal Mail",
        "cost": 4.95,
        "items": [{ "sku": "SHELF", "quantity": number + 1 }, { "sku": "SCREW", "quantity": 8 }],
    })
}

type Shared = State<Arc<Mutex<Books>>>;

async fn token(State(books): Shared, Form(asked): Form<BTreeMap<String, String>>) -> Response {
    let is = |name: &str, value: &str| asked.get(name).is_some_and(|asked| asked == value);
    if !is("client_id", CLIENT.0) || !is("client_secret", CLIENT.1) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut books = books.lock().expect("no handler panics");
    books.grants += 1;
    Json(json!({ "access_token": format!("{TOKEN}{}", books.grants) })).into_response()
}

#[derive(Deserialize)]
struct Asked {
    limit: usize,
    updated_since: Option<DateTime<Utc>>,
    after: Option<String>,
}

async fn shipments_page(State(books): Shared, Query(asked): Query<Asked>, headers: HeaderMap) -> Response {
    let mut books = books.lock().expect("no handler panics");
    books.calls += 1;
    let trouble = books.troubles.pop_front();
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let number = token.strip_prefix("Bearer ").and_then(|token| token.strip_prefix(TOKEN)?.parse().ok());
    let is_good = number.is_some_and(|number: u64| number > books.ended && number <= books.grants);
    match trouble {
        Some(Trouble::Refused) => return StatusCode::UNAUTHORIZED.into_response(),
        Some(Trouble::TooMany) => {
            return (StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "2")]).into_response();
        }
        Some(Trouble::Down) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ if !is_good => return StatusCode::UNAUTHORIZED.into_response(),
        _ => {}
    }
    let changed = |shipment: &Value| {
        let updated: Option<DateTime<Utc>> = shipment["updated_at"].as_str().and_then(|at| at.parse().ok());
        asked.updated_since.is_none_or(|since| updated.is_some_and(|updated| updated >= since))
    };
    let after = asked.after.unwrap_or_default();
    let mut page: Vec<_> = books
        .shipments
        .iter()
        .filter(|(id, shipment)| **id > after && changed(shipment))
        .take(asked.limit + 1)
        .collect();
    let goes_on = page.len() > asked.limit;
    page.truncate(asked.limit);
    let next = page.last().filter(|_| goes_on).map(|(id, _)| *id);
    let shipments: Vec<_> = page.iter().map(|(_, shipment)| *shipment).collect();
    let mut body = json!({ "shipments": shipments, "next": next }).to_string();
    if matches!(trouble, Some(Trouble::CutOff)) {
        body.truncate(body.len() / 2);
    }
    body.into_response()
}
