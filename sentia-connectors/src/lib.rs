//! Sentia's connectors: one folder and one feature per vendor.
//!
//! Each folder reads alike: `config` (what a user sets), `connector` (what it is and how a page is read), `client`
//! (requests), `error` (the vendor's table), `streams` (the catalog) and `webhook` (what the vendor pushes). No connector
//! sees another.
//!
//! Semantic versioning is promised by the facade `sentia` only; this crate may move with it.

#![warn(clippy::print_stdout, clippy::print_stderr)]

#[cfg(shuttle)]
extern crate shuttle_tokio as tokio;

#[cfg(any(feature = "amazon", feature = "shopify"))]
mod lines;
#[cfg(any(feature = "shopify", feature = "unleashed", feature = "xero"))]
mod signature;
#[cfg(any(feature = "amazon", feature = "microsoft-graph", feature = "shopify", feature = "xero"))]
#[cfg_attr(
    not(any(feature = "shopify", feature = "xero")),
    allow(dead_code, reason = "not every vendor uses all of it")
)]
mod token;

#[cfg(any(feature = "microsoft-graph", feature = "xero"))]
mod rotation;

#[cfg(feature = "amazon")]
pub mod amazon;
#[cfg(feature = "microsoft-graph")]
pub mod microsoft_graph;
#[cfg(feature = "shopify")]
pub mod shopify;
#[cfg(feature = "unleashed")]
pub mod unleashed;
#[cfg(feature = "xero")]
pub mod xero;
