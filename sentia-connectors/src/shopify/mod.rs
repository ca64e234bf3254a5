#![doc = include_str!("README.md")]

mod bulk;
mod client;
mod config;
mod connector;
mod envelope;
mod error;
mod grant;
mod nested;
mod query;
mod rounding;
mod scope;
mod search;
mod streams;
mod subscription;
#[cfg(test)]
mod tests;
mod walk;
mod webhook;
mod wire;

pub use self::{
    config::{ShopifyBuilder, ShopifyConfig},
    connector::{Shopify, catalog},
    subscription::{NewSubscriptions, Refused, Subscription, Subscriptions},
};
#[doc(hidden)]
pub use self::{query::QUERIES, streams::bulk_queries};
