//! What the twin keeps for the app, seen by one request.

use crate::shopify::bulk::BulkView;
use crate::shopify::webhook::Subscription;

/// What the twin keeps for the app, as it stood when a request came.
#[derive(Debug, Default)]
pub(crate) struct DeskView {
    pub(crate) bulks: Vec<BulkView>,
    pub(crate) subscriptions: Vec<Subscription>,
    /// What the mutations of this request came to, by their name in the answer.
    pub(crate) payloads: Vec<(String, Payload)>,
}

impl DeskView {
    pub(crate) fn bulk(&self, id: u64) -> Option<&BulkView> {
        self.bulks.iter().find(|bulk| bulk.id == id)
    }

    pub(crate) fn subscription(&self, id: u64) -> Option<&Subscription> {
        self.subscriptions.iter().find(|subscription| subscription.id == id)
    }
}

/// What a mutation came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payload {
    pub(crate) type_name: &'static str,
    pub(crate) bulk: Option<u64>,
    pub(crate) subscription: Option<u64>,
    pub(crate) deleted: Option<String>,
    pub(crate) errors: Vec<UserError>,
}

/// A mistake of business, told under status 200.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UserError {
    pub(crate) field: Option<Vec<&'static str>>,
    pub(crate) message: String,
    pub(crate) code: Option<&'static str>,
}

impl UserError {
    pub(crate) fn new(field: &[&'static str], message: impl Into<String>) -> Self {
        let field = (!field.is_empty()).then(|| field.to_vec());
        Self { field, message: message.into(), code: None }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }
}
