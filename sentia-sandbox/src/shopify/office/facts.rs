//! What the search index and the sort keys know of the back office.

use chrono::TimeDelta;

use super::super::node::Scene;
use super::super::search::{Fact, indexed};
use super::Office;
use super::payments::payout_status;
use crate::universe::{BalanceTransaction, DraftOrder, Order, Payout, Stamp};

impl Office<'_> {
    /// The search fields of its list.
    pub(crate) fn search_fields(self) -> &'static [&'static str] {
        match self {
            Self::Payout(_) => &[
                "id",
                "amount",
                "bank_account",
                "currency",
                "issued_at",
                "ledger_type",
                "status",
                "transaction_dates",
            ],
            Self::Balance(_) => &[
                "id",
                "available_on",
                "credit_card_last4",
                "currency",
                "payment_method_name",
                "payments_transfer_id",
                "payout_date",
                "payout_status",
                "processed_at",
                "tax_reporting_exempt",
                "transaction_type",
            ],
            Self::FulfillmentOrder(_) => &["id", "assigned_location_id", "status", "updated_at"],
            Self::Return(..) => &["id", "status"],
            Self::Draft(_) => &["id", "created_at", "customer_id", "source", "status", "tag", "updated_at"],
            _ => &[],
        }
    }

    pub(crate) fn fact(self, scene: Scene<'_>, field: &str) -> Option<Fact> {
        match self {
            Self::Payout(payout) => payout_fact(scene, payout, field),
            Self::Balance(movement) => movement_fact(scene, movement, field),
            Self::FulfillmentOrder(order) => fulfillment_order_fact(scene, order, field),
            Self::Return(_, r) => match field {
                "id" => Some(Fact::Id(r.id)),
                _ => word(r.status),
            },
            Self::Draft(draft) => draft_fact(scene, draft, field),
            _ => None,
        }
    }

    /// What its list can be sorted by.
    pub(crate) fn stamp(self) -> Option<Stamp> {
        match self {
            Self::Payout(payout) => Some(Stamp::new(payout.issued_at)),
            Self::Balance(movement) => Some(Stamp::new(movement.at)),
            Self::FulfillmentOrder(order) => Some(order.fulfillment_order().stamp),
            Self::Draft(draft) => Some(draft.stamp),
            _ => None,
        }
    }

    /// What a bare word of a query is looked up in.
    pub(crate) fn name(self) -> Option<String> {
        match self {
            Self::Draft(draft) => Some(draft.name()),
            Self::FulfillmentOrder(order) => Some(order.name()),
            _ => None,
        }
    }
}

fn word(word: &str) -> Option<Fact> {
    Some(Fact::Words(vec![word.to_owned()]))
}

fn payout_fact(scene: Scene<'_>, payout: &Payout, field: &str) -> Option<Fact> {
    match field {
        "id" => Some(Fact::Id(payout.id)),
        "issued_at" => Some(Fact::Time(payout.issued_at)),
        "status" => word(payout.status),
        "currency" => word(scene.shop.currency),
        _ => None,
    }
}

fn movement_fact(scene: Scene<'_>, movement: &BalanceTransaction, field: &str) -> Option<Fact> {
    match field {
        "id" => Some(Fact::Id(movement.id)),
        "processed_at" => Some(Fact::Time(movement.at)),
        "available_on" => Some(Fact::Time(movement.at + TimeDelta::days(3))),
        "payout_date" => {
            let payout = movement.payout.and_then(|id| scene.shop.back_office.payout(id));
            payout.map(|payout| Fact::Time(payout.issued_at))
        }
        "payout_status" => payout_status(scene, movement).and_then(word),
        "transaction_type" => word(movement.kind),
        "payments_transfer_id" => movement.payout.map(Fact::Id),
        "currency" => word(scene.shop.currency),
        _ => None,
    }
}

fn fulfillment_order_fact(scene: Scene<'_>, order: &Order, field: &str) -> Option<Fact> {
    let own = order.fulfillment_order();
    match field {
        "id" => Some(Fact::Id(own.id)),
        "updated_at" => indexed(scene, own.stamp).map(Fact::Time),
        "status" => word(own.status),
        "assigned_location_id" => scene.shop.locations.first().map(|location| Fact::Id(location.id)),
        _ => None,
    }
}

fn draft_fact(scene: Scene<'_>, draft: &DraftOrder, field: &str) -> Option<Fact> {
    match field {
        "id" => Some(Fact::Id(draft.id)),
        "updated_at" => indexed(scene, draft.stamp).map(Fact::Time),
        "created_at" => Some(Fact::Time(draft.stamp.created_at)),
        "customer_id" => draft.customer.map(Fact::Id),
        "status" => word(draft.status),
        _ => None,
    }
}
