//! Reads a delivery's body, which has the shape of the REST API whatever version is pinned: numbers for ids, beside them
//! the global id the streams have as key.

use std::{borrow::Cow, collections::HashMap};

use chrono::{DateTime, Utc};
use sentia_core::{Error, ErrorKind, Result, Text};
use serde_json::value::RawValue;

use crate::shopify::wire::Whole;

/// The members of an object.
pub(super) struct Body<'a>(HashMap<Cow<'a, str>, &'a RawValue>);

/// An instant as bodies and headers write it: with an offset, and with or without a fraction.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

impl<'a> Body<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        // It is not quoted: it may hold names and addresses.
        serde_json::from_slice(bytes).map(Body).map_err(|error| {
            Error::new(ErrorKind::InvalidResponse, "the delivery is genuine and no JSON object").source(error)
        })
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    /// Whether there is such a member, null or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<Text> {
        serde_json::from_str(self.raw(name)?.get()).ok()
    }

    pub(super) fn object(&self, name: &str) -> Option<Body<'a>> {
        Body::read(self.raw(name)?.get().as_bytes()).ok()
    }

    /// The global id of the record of this kind whose number the member holds. Numbers have 18 digits: they never pass
    /// through a float.
    pub(super) fn numbered(&self, member: &str, kind: &str) -> Option<Text> {
        let Whole(number) = serde_json::from_str(self.raw(member)?.get()).ok()?;
        Some(format!("gid://shopify/{kind}/{number}").into())
    }

    /// The record's own global id; its number makes one where `includeFields` left the other out.
    ///
    /// # Errors
    /// `InvalidResponse` when the body is about another kind of record, or about none.
    pub(super) fn own(&self, kind: &str) -> Result<Text> {
        let Some(gid) = self.text("admin_graphql_api_id") else {
            return self.numbered("id", kind).ok_or_else(|| self.misfit());
        };
        let named = gid.strip_prefix("gid://shopify/").and_then(|gid| gid.split_once('/'));
        if named.is_some_and(|(found, id)| found == kind && !id.is_empty()) {
            return Ok(gid);
        }
        Err(self.misfit().context("found", gid))
    }

    /// The shop that the body itself names.
    pub(super) fn shop(&self) -> Option<Text> {
        self.text("shop_domain").or_else(|| self.text("myshopify_domain"))
    }

    /// When it changed, by the record itself.
    pub(super) fn at(&self) -> Option<DateTime<Utc>> {
        ["updated_at", "completed_at", "committed_at", "happened_at"]
            .into_iter()
            .find_map(|name| instant(&self.text(name)?))
    }

    /// The topic says one thing and the body another: the header was altered, or Shopify changed its format. Somebody
    /// must look; nothing is done.
    pub(super) fn misfit(&self) -> Error {
        let message =
            "the delivery's body does not fit its topic, which is not signed; nothing was done for it";
        Error::new(ErrorKind::InvalidResponse, message)
    }
}
