//! Engines: connections kept current by schedule, in one process and in several, through kills.

mod away;
mod chaos;
mod fence;
mod forecast;
mod orders;
mod worker;
