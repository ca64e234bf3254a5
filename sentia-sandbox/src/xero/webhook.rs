//! Webhooks as the vendor sends them: events in its own spacing, signed, with validation and retries.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::rng::Rng;
use crate::universe::{Document, Side, Universe};

/// One request that the vendor would post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XeroDelivery {
    /// The exact bytes; writing them anew from parsed JSON would break the signature.
    pub body: String,
    /// For the header `x-xero-signature`.
    pub signature: String,
    /// Whether the signature is right: the validation sends wrong ones too, which want a 401.
    pub genuine: bool,
    /// How many events it carries; none for a validation.
    pub events: usize,
}

/// Failures last so long before the vendor gives the webhook up.
const PATIENCE: TimeDelta = TimeDelta::hours(24);
/// So many events at most travel together.
const TOGETHER: usize = 20;

#[derive(Debug)]
struct Retry {
    delivery: XeroDelivery,
    first_failed_at: DateTime<Utc>,
    failures: u32,
    due_at: DateTime<Utc>,
}

/// One event, before it is written.
struct Event {
    category: &'static str,
    list: &'static str,
    id: Uuid,
    created: bool,
    at: DateTime<Utc>,
    /// Type and status, for credit notes.
    data: Option<(&'static str, &'static str)>,
}

/// The webhook of the app.
#[derive(Debug)]
pub(crate) struct WebhookDesk {
    pub(crate) key: String,
    pub(crate) enabled: bool,
    seen: HashMap<Uuid, DateTime<Utc>>,
    retries: VecDeque<Retry>,
    sequence: u64,
    rng: Rng,
}

impl WebhookDesk {
    pub(crate) fn new(mut rng: Rng) -> Self {
        let random = [rng.guid(), rng.guid(), rng.guid(), rng.guid()].map(Uuid::into_bytes).concat();
        Self {
            key: STANDARD.encode(random),
            enabled: false,
            seen: HashMap::new(),
            retries: VecDeque::new(),
            sequence: 0,
            rng,
        }
    }

    /// Set up, or enabled again: the validation to post. What changed before is not told.
    pub(crate) fn enable(&mut self, universe: &Universe) -> Vec<XeroDelivery> {
        self.enabled = true;
        self.retries.clear();
        self.changes(universe);
        let right = self.rng.index(4);
        let intent = |desk: &mut Self, genuine| {
            let body = desk.body(&[], universe);
            desk.sign(body, 0, genuine)
        };
        (0..4).map(|nth| intent(self, nth == right)).collect()
    }

    /// What is to be posted now: what changed since the last call, and what failed and is due again.
    pub(crate) fn collect(&mut self, universe: &Universe, now: DateTime<Utc>) -> Vec<XeroDelivery> {
        if !self.enabled {
            return vec![];
        }
        let events = self.changes(universe);
        let mut deliveries = vec![];
        for together in events.chunks(TOGETHER) {
            let body = self.body(together, universe);
            deliveries.push(self.sign(body, together.len(), true));
        }
        let due = self.retries.iter().filter(|retry| retry.due_at <= now);
        deliveries.extend(due.map(|retry| retry.delivery.clone()));
        deliveries
    }

    /// A delivery was answered: a refused one comes again, less and less often, and after a day the webhook ends.
    pub(crate) fn answered(&mut self, delivery: &XeroDelivery, accepted: bool, now: DateTime<Utc>) {
        let known = self.retries.iter().position(|retry| retry.delivery == *delivery);
        let before = known.and_then(|at| self.retries.remove(at));
        if accepted {
            return;
        }
        let first_failed_at = before.as_ref().map_or(now, |retry| retry.first_failed_at);
        let failures = before.map_or(1, |retry| retry.failures + 1);
        if now - first_failed_at >= PATIENCE {
            (self.enabled, self.retries) = (false, VecDeque::new());
            return;
        }
        let wait = TimeDelta::minutes(1 << failures.min(10));
        let delivery = delivery.clone();
        self.retries.push_back(Retry { delivery, first_failed_at, failures, due_at: now + wait });
    }

    /// What is new or has another time of change than when last looked at, in the order of time.
    fn changes(&mut self, universe: &Universe) -> Vec<Event> {
        let books = &universe.books;
        let event = |category, list, id, at| Event { category, list, id, created: false, at, data: None };
        let contacts = books.contacts.iter().map(|c| event("CONTACT", "Contacts", c.id, c.updated_at));
        let invoices = books
            .invoices
            .iter()
            .map(|invoice| event("INVOICE", "Invoices", invoice.document.id, invoice.document.updated_at));
        let notes = books.credit_notes.iter().map(|note| {
            let document = &note.document;
            let data = Some((note_kind(document), document.status.as_str()));
            Event { data, ..event("CREDITNOTE", "CreditNotes", document.id, document.updated_at) }
        });
        let mut events: Vec<Event> = vec![];
        for event in contacts.chain(invoices).chain(notes) {
            let known = self.seen.insert(event.id, event.at);
            if known != Some(event.at) {
                events.push(Event { created: known.is_none(), ..event });
            }
        }
        events.sort_by_key(|event| event.at);
        events
    }

    /// The body with the vendor's odd spacing.
    fn body(&mut self, events: &[Event], universe: &Universe) -> String {
        let mut out = String::from("{\"events\":[");
        for (at, event) in events.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            write_event(&mut out, event, universe.books.organisation_id);
        }
        let first = if events.is_empty() { 0 } else { self.sequence + 1 };
        self.sequence += events.len() as u64;
        let last = if events.is_empty() { 0 } else { self.sequence };
        let entropy: String =
            (0..20).map(|_| char::from(b'A' + u8::try_from(self.rng.index(26)).unwrap_or(0))).collect();
        let _ = write!(
            out,
            "],\"firstEventSequence\": {first},\"lastEventSequence\": {last}, \"entropy\": \"{entropy}\"}}"
        );
        out
    }

    fn sign(&mut self, body: String, events: usize, genuine: bool) -> XeroDelivery {
        let mut signature = signature(&self.key, body.as_bytes());
        if !genuine {
            // One character is wrong, as in the real validation: a comparison that stops early would let it pass.
            let at = 20 + self.rng.index(20);
            let other = if signature.as_bytes()[at] == b'A' { "B" } else { "A" };
            signature.replace_range(at..=at, other);
        }
        XeroDelivery { body, signature, genuine, events }
    }
}

fn note_kind(document: &Document) -> &'static str {
    if document.side == Side::Receivable { "ACCRECCREDIT" } else { "ACCPAYCREDIT" }
}

fn write_event(out: &mut String, event: &Event, tenant: Uuid) {
    let Event { category, list, id, created, at, data } = event;
    let kind = if *created { "CREATE" } else { "UPDATE" };
    let at = at.format("%Y-%m-%dT%H:%M:%S%.3f");
    let _ = write!(
        out,
        "{{\"resourceUrl\":\"https://api.xero.com/api.xro/2.0/{list}/{id}\",\"resourceId\":\"{id}\",\
         \"tenantId\":\"{tenant}\",\"tenantType\":\"ORGANISATION\",\"eventCategory\":\"{category}\",\
         \"eventType\":\"{kind}\",\"eventDateUtc\":\"{at}\""
    );
    if let Some((kind, status)) = data {
        let _ = write!(out, ",\"data\":{{\"Type\":\"{kind}\",\"Status\":\"{status}\"}}");
    }
    out.push('}');
}

/// base64(HMAC-SHA256(key, body)). The key looks like base64 and is used as the text it is.
fn signature(key: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&key, body))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::signature;

    const KEY: &str = "c2VudGlhLXRlc3Qtd2ViaG9vay1rZXktMDAwMQ==";
    const INTENT: &str = "{\"events\":[],\"firstEventSequence\": 0,\"lastEventSequence\": 0, \
                          \"entropy\": \"SENTIATESTENTROPYAAAA\"}";
    const UPDATE: &str = "{\"events\":[{\"resourceUrl\":\"https://api.xero.com/api.xro/2.0/Invoices/\
243216c5-369e-4056-ac67-05388f86dc81\",\"resourceId\":\"243216c5-369e-4056-ac67-05388f86dc81\",\
\"tenantId\":\"c2cc9b6e-9458-4c7d-93cc-f02b81b0594f\",\"tenantType\":\"ORGANISATION\",\
\"eventCategory\":\"INVOICE\",\"eventType\":\"UPDATE\",\"eventDateUtc\":\"2026-03-01T01:15:39.902\"}],\
\"firstEventSequence\": 1,\"lastEventSequence\": 1, \"entropy\": \"SENTIATESTENTROPYBBBB\"}";

    #[test]
    fn the_known_answers_of_the_sheet() {
        let cases = [
            (INTENT, "fXjKNr3jimdrV33htCxSIvZHlA4UlpqEMeTHNGEa4UI="),
            (UPDATE, "v028MI4txBF6eZJ6bG4LCbdD/gxRj5cZjtwBXU+g8wE="),
            ("", "Wmhg9lY7oM24v0BKRvyaXR++LnjnDvi41h2B198gK4Y="),
            ("{\"a\":\"£ é\"}", "P8DqFV4LCpO+K+gx0scJ/Heydw4q4a2kAZUGtVvm6ww="),
        ];
        assert_eq!((INTENT.len(), UPDATE.len()), (96, 410));
        for (body, wanted) in cases {
            assert_eq!(signature(KEY, body.as_bytes()), wanted);
        }
    }

    #[test]
    fn neither_a_decoded_key_nor_a_rewritten_body_gives_the_signature() {
        let decoded = STANDARD.decode(KEY).unwrap();
        let decoded = String::from_utf8(decoded).unwrap();
        assert_eq!(signature(&decoded, INTENT.as_bytes()), "TOSDiFp/yfVI2mO/tpsekGEAXk/62cuyAWCKLXh8mCc=");
        let compact = INTENT.replace("\": ", "\":").replace(", \"", ",\"");
        assert_eq!(signature(KEY, compact.as_bytes()), "fJoaKK2t3s11UPp+8Ux25VxR1zaIdh25pDv1YSTp+uo=");
    }
}
