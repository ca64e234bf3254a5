#![doc = include_str!("README.md")]

mod budget;
mod client;
mod config;
mod connector;
mod date;
mod directory;
mod envelope;
mod error;
mod loose;
mod place;
mod query;
mod streams;
mod subscription;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;

pub use self::{
    budget::{BudgetLevel, CallBudget},
    config::{UnleashedBuilder, UnleashedConfig},
    connector::{Unleashed, catalog},
    subscription::{NewSubscription, Subscription},
};
