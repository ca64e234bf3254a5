//! What crosses crates: connectors against the twins, into both databases, through faults and kills.

mod background;
mod catalog;
mod conformance;
mod connectors;
mod consent;
mod crash;
mod database;
mod engine;
mod examples;
mod exports;
mod faults;
mod guide;
mod partitions;
mod positions;
mod programs;
mod quota;
mod rotation;
mod routes;
mod thread;
mod through;
mod truth;
mod unified;
mod vendors;
