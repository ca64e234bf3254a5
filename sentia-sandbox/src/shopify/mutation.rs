//! Mutations: their effects come first, then the answer is written as that of a query.

use std::cell::RefCell;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::desk::{DeskView, Payload};
use super::fault::ShopifyFault;
use super::graphql::ast::{Document, Field, Operation, Selection};
use super::graphql::variables::{Variables, arguments};
use super::node::Scene;
use super::server::{ShopifyState, lock};
use super::settings::Settings;
use super::{bulk, webhook};
use crate::universe::Universe;

/// What is known of the request that is being answered.
#[derive(Debug)]
pub(crate) struct Call<'c> {
    pub(crate) settings: &'c Settings,
    pub(crate) fault: Option<ShopifyFault>,
    pub(crate) now: DateTime<Utc>,
}

impl Call<'_> {
    pub(crate) fn scene<'u>(
        &'u self,
        state: &ShopifyState,
        universe: &'u Universe,
        warnings: &'u RefCell<Vec<Value>>,
        desk: &'u DeskView,
    ) -> Scene<'u> {
        Scene {
            shop: universe.shop(state.region),
            scopes: &self.settings.scopes,
            now: self.now,
            lag: self.settings.index_lag,
            wall: self.settings.pagination_wall,
            payments: self.settings.payments,
            oldest_version: self.settings.oldest_version,
            desk,
            warnings,
        }
    }
}

/// Does what an operation asks for, field by field, and looks at what the twin keeps afterwards.
pub(crate) fn perform(
    state: &ShopifyState,
    call: &Call<'_>,
    document: &Document,
    operation: &Operation,
    variables: &Variables,
) -> DeskView {
    let mut payloads: Vec<(String, Payload)> = Vec::new();
    if operation.kind == "mutation" {
        for field in root_fields(document, &operation.selections) {
            if payloads.iter().any(|(key, _)| key == field.key()) {
                continue;
            }
            let definition = state.schema.field("Mutation", &field.name);
            let payload =
                effect(state, call, &field.name, &arguments(definition, &field.arguments, variables));
            payloads.push((field.key().to_owned(), payload));
        }
    }
    // One lock at a time: webhooks are made under theirs with a look at the bulk operations.
    let bulks = lock(&state.bulk).views(call.now, &state.base_url);
    let subscriptions = lock(&state.webhooks).subscriptions().to_vec();
    DeskView { bulks, subscriptions, payloads }
}

fn effect(state: &ShopifyState, call: &Call<'_>, name: &str, arguments: &Map<String, Value>) -> Payload {
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
    let none = Map::new();
    let input = arguments.get("webhookSubscription").and_then(Value::as_object).unwrap_or(&none);
    match name {
        "bulkOperationRunQuery" => {
            let grouped = arguments.get("groupObjects").and_then(Value::as_bool).unwrap_or(false);
            bulk::submit(state, call, text("query"), grouped)
        }
        "bulkOperationCancel" => bulk::cancel(state, call, text("id")),
        "webhookSubscriptionCreate" => webhook::create(state, call, text("topic"), input),
        "webhookSubscriptionUpdate" => webhook::update(state, call, text("id"), input),
        _ => webhook::delete(state, text("id")),
    }
}

fn root_fields<'d>(document: &'d Document, selections: &'d [Selection]) -> Vec<&'d Field> {
    let mut found = Vec::new();
    for selection in selections {
        match selection {
            Selection::Field(field) => found.push(field),
            Selection::Inline { selections, .. } => found.extend(root_fields(document, selections)),
            Selection::Spread { name, .. } => {
                let fragment = document.fragments.get(name);
                found.extend(
                    fragment.into_iter().flat_map(|fragment| root_fields(document, &fragment.selections)),
                );
            }
        }
    }
    found
}
