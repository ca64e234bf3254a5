//! The layers together.

mod bulkheads;
mod outage;
