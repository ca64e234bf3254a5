//! The layers together.

mod outage;
