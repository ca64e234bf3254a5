#![doc = include_str!("README.md")]

mod assertion;
mod batch;
mod cells;
mod client;
mod cloud;
mod config;
mod connector;
mod credentials;
mod delta;
mod document;
mod envelope;
mod error;
pub mod excel;
mod place;
mod reference;
mod rows;
mod streams;
pub mod subscription;
#[cfg(test)]
mod tests;
mod walk;
mod webhook;
mod wire;

pub use self::{
    assertion::Assertion,
    cells::{Cell, WorkbookRow},
    cloud::Cloud,
    config::{
        Calendar, Mail, MicrosoftGraphBuilder, MicrosoftGraphConfig, Sessions, TableSelection, Users,
        Workbook,
    },
    connector::{MicrosoftGraph, catalog},
};
