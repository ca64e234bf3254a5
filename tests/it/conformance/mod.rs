//! The connectors against servers that others wrote, driven by the models that the vendors publish.

mod amazon;
mod documents;
mod exchanges;
mod microsoft_graph;
mod operator;
mod reading;
mod server;
mod shopify;
mod twins;
mod unleashed;
mod xero;
