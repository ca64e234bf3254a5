#![doc = include_str!("README.md")]

mod client;
mod config;
mod connector;
mod consent;
mod credentials;
mod date;
mod envelope;
mod error;
mod streams;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;

pub use self::{
    client::Tenant,
    config::{XeroBuilder, XeroConfig},
    connector::{Xero, catalog},
    consent::Consent,
};
