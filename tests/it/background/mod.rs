//! Background windows: full passes, re-reads and backfills between the increments.

mod bounds;
mod ledger;
mod turns;
mod twins;
