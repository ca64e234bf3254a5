//! Engines: connections kept current by schedule, in one process and in several, through kills.

mod chaos;
mod orders;
mod worker;
