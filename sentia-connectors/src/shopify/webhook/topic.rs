//! Topics, and where the body of each names its record.
//!
//! Topics and bodies are those of Shopify's webhook reference for 2026-07. Where no example of a topic is at hand, as of
//! `customers/enable` or `returns/cancel`, its body is taken to be that of its noun; one that is not is kept as a misfit.

use sentia_core::{
    Key, Result, Text,
    push::{Change, NoticeKind},
};

use super::body::Body;

/// One topic.
#[derive(Debug)]
pub(super) struct Topic {
    /// As the header writes it.
    pub(super) name: &'static str,
    about: About,
}

/// What a body is about.
#[derive(Debug, Clone, Copy)]
enum About {
    /// A record of a stream, which the body is.
    Record { stream: &'static str, kind: &'static str },
    /// The bare id of a record that is said to be gone.
    Gone { stream: &'static str, kind: &'static str },
    /// A record that the body only refers to, by this member.
    Parent { stream: &'static str, kind: &'static str, member: &'static str },
    /// An edit, which wraps the order it was made to.
    OrderEdit,
    /// A return, and the order it belongs to.
    Return,
    /// The stock of an item at a location.
    Level,
    /// An item that a location no longer stocks: without the level's own id.
    LevelGone,
    /// Stock that went from one location to another.
    Transfer,
    /// Something the host must act on.
    Notice(NoticeKind),
}

/// A record that may have changed.
#[derive(Debug)]
pub(super) struct Touched {
    pub(super) stream: &'static str,
    pub(super) partition: Text,
    pub(super) key: Option<Key>,
    pub(super) change: Change,
}

/// What a delivery tells.
#[derive(Debug)]
pub(super) enum Told {
    Changed(Vec<Touched>),
    Act(NoticeKind, Option<Text>),
}

macro_rules! topics {
    ($($about:expr => $($name:literal)+;)*) => {
        /// Every topic that is read.
        pub(super) const TOPICS: &[Topic] = &[$($(Topic { name: $name, about: $about }),+),*];
    };
}

const fn record(stream: &'static str, kind: &'static str) -> About {
    About::Record { stream, kind }
}

const fn gone(stream: &'static str, kind: &'static str) -> About {
    About::Gone { stream, kind }
}

const fn of_order(member: &'static str) -> About {
    About::Parent { stream: "orders", kind: "Order", member }
}

topics! {
    record("orders", "Order") => "orders/create" "orders/updated" "orders/paid" "orders/cancelled" "orders/fulfilled"
        "orders/partially_fulfilled";
    About::OrderEdit => "orders/edited";
    gone("orders", "Order") => "orders/delete";
    of_order("order_id") => "refunds/create" "fulfillments/create" "fulfillments/update" "order_transactions/create"
        "tender_transactions/create" "disputes/create" "disputes/update";
    About::Return => "returns/request" "returns/approve" "returns/decline" "returns/cancel" "returns/close"
        "returns/reopen" "returns/process" "returns/update";
    record("draft_orders", "DraftOrder") => "draft_orders/create" "draft_orders/update";
    gone("draft_orders", "DraftOrder") => "draft_orders/delete";
    record("products", "Product") => "products/create" "products/update";
    gone("products", "Product") => "products/delete";
    About::Parent { stream: "products", kind: "Product", member: "product_id" } => "variants/in_stock"
        "variants/out_of_stock";
    record("customers", "Customer") => "customers/create" "customers/update" "customers/enable" "customers/disable";
    gone("customers", "Customer") => "customers/delete";
    record("locations", "Location") => "locations/create" "locations/update" "locations/activate"
        "locations/deactivate";
    gone("locations", "Location") => "locations/delete";
    record("inventory_items", "InventoryItem") => "inventory_items/create" "inventory_items/update";
    gone("inventory_items", "InventoryItem") => "inventory_items/delete";
    About::Level => "inventory_levels/connect" "inventory_levels/update";
    About::LevelGone => "inventory_levels/disconnect";
    About::Transfer => "inventory_transfers/complete";
    record("shop", "Shop") => "shop/update";
    About::Notice(NoticeKind::Disconnected) => "app/uninstalled";
    About::Notice(NoticeKind::ScopesChanged) => "app/scopes_update";
    About::Notice(NoticeKind::JobFinished) => "bulk_operations/finish";
    About::Notice(NoticeKind::PersonalDataRequested) => "customers/data_request";
    About::Notice(NoticeKind::PersonalDataErasure) => "customers/redact";
    About::Notice(NoticeKind::AccountErasure) => "shop/redact";
}

impl Topic {
    /// The topic of that name.
    pub(super) fn named(name: &str) -> Option<&'static Topic> {
        TOPICS.iter().find(|topic| topic.name.eq_ignore_ascii_case(name))
    }

    /// What a body of this topic tells.
    ///
    /// # Errors
    /// `InvalidResponse` when the body does not fit.
    pub(super) fn read(&self, body: &Body<'_>) -> Result<Told> {
        let one = |stream, key, change| {
            Ok(Told::Changed(vec![Touched { stream, partition: Text::default(), key: Some(key), change }]))
        };
        match self.about {
            About::Record { stream, kind } => one(stream, body.own(kind)?, Change::Upserted),
            // The body is an id, which every other body of the shop has too: what it says is read, not believed.
            About::Gone { .. } if body.has("created_at") || body.has("updated_at") => Err(body.misfit()),
            About::Gone { stream, kind } => one(stream, body.own(kind)?, Change::Unknown),
            About::Parent { stream, kind, member } => {
                let key = body.numbered(member, kind).ok_or_else(|| body.misfit())?;
                one(stream, key, Change::Upserted)
            }
            About::OrderEdit => {
                let edit = body.object("order_edit").ok_or_else(|| body.misfit())?;
                let key = edit.numbered("order_id", "Order").ok_or_else(|| body.misfit())?;
                one("orders", key, Change::Upserted)
            }
            About::Return => returned(body),
            About::Level => level(body),
            About::LevelGone => {
                Ok(Told::Changed(vec![at_location(body.numbered("location_id", "Location"), body)?]))
            }
            About::Transfer => transfer(body),
            About::Notice(kind) => notice(kind, body),
        }
    }
}

fn returned(body: &Body<'_>) -> Result<Told> {
    let own = body.own("Return")?;
    let order = body.numbered("order_id", "Order").or_else(|| body.object("order")?.numbered("id", "Order"));
    // `returns/update` does not say whose it is.
    let records = [("returns", Some(own)), ("orders", order)];
    let touched = |(stream, key): (&'static str, Option<Key>)| {
        Some(Touched { stream, partition: Text::default(), key: Some(key?), change: Change::Upserted })
    };
    Ok(Told::Changed(records.into_iter().filter_map(touched).collect()))
}

fn level(body: &Body<'_>) -> Result<Told> {
    let location = body.numbered("location_id", "Location").ok_or_else(|| body.misfit())?;
    let key = body.own("InventoryLevel")?;
    Ok(Told::Changed(vec![Touched {
        stream: "inventory_levels",
        partition: location,
        key: Some(key),
        change: Change::Upserted,
    }]))
}

fn at_location(location: Option<Text>, body: &Body<'_>) -> Result<Touched> {
    let partition = location.ok_or_else(|| body.misfit())?;
    Ok(Touched { stream: "inventory_levels", partition, key: None, change: Change::Unknown })
}

fn transfer(body: &Body<'_>) -> Result<Told> {
    let location =
        |end: &str| body.object(end)?.text("id").filter(|id| id.starts_with("gid://shopify/Location/"));
    let ends = ["origin", "destination"].map(location);
    let touched = ends.into_iter().map(|end| at_location(end, body));
    touched.collect::<Result<_>>().map(Told::Changed)
}

/// Members tell apart the bodies of the topics that somebody might swap.
fn notice(kind: NoticeKind, body: &Body<'_>) -> Result<Told> {
    let customer = || body.object("customer").and_then(|customer| customer.numbered("id", "Customer"));
    let (fits, subject) = match kind {
        NoticeKind::PersonalDataErasure => (body.has("orders_to_redact"), customer()),
        NoticeKind::PersonalDataRequested => (body.has("data_request"), customer()),
        NoticeKind::AccountErasure => {
            (body.has("shop_domain") && !body.has("customer"), body.numbered("shop_id", "Shop"))
        }
        NoticeKind::JobFinished => (true, Some(body.own("BulkOperation")?)),
        NoticeKind::ScopesChanged => (body.has("current"), body.text("shop_id")),
        _ => (body.has("myshopify_domain"), body.numbered("id", "Shop")),
    };
    if fits { Ok(Told::Act(kind, subject)) } else { Err(body.misfit()) }
}
