#![doc = include_str!("README.md")]

mod client;
mod config;
mod connector;
mod envelope;
mod error;
mod grant;
mod marketplace;
mod operation;
mod report;
mod restricted;
mod streams;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;

pub use self::{
    config::{AmazonBuilder, AmazonConfig, DocumentAccess, Personal},
    connector::{Amazon, catalog},
    marketplace::Region,
};
