//! The connectors against servers that others wrote, driven by the models that the vendors publish.

mod documents;
mod operator;
mod server;
mod shopify;
mod xero;
