//! Vendor twins on loopback: one seeded commerce universe, served over the vendors' own wire formats.
//!
//! One manufacturer sells in two Shopify shops (United Kingdom and USA) and keeps its books in one Xero organisation.
//! The three tell the same story: each paid order is an invoice with its payment, each refund a credit note. Equal
//! seeds make equal universes, and the [truth](universe::TruthRecord) of every stream can be read straight from the
//! universe, past all wire formats, to hold a copy against.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(async {
//! use sentia_sandbox::universe::{Size, XeroStream};
//! use sentia_sandbox::{FaultPlan, Sandbox, XeroFault};
//!
//! let sandbox = Sandbox::start(42, Size::tiny()).await?;
//! let xero = sandbox.xero();
//! xero.inject(XeroFault::OrganisationOffline, FaultPlan::nth(2).mentioning("/Invoices"));
//! // ... point a client at xero.base_url(), then compare:
//! assert!(!xero.truth(XeroStream::Invoices).is_empty());
//! # Ok::<(), std::io::Error>(())
//! # }).expect("the sandbox starts");
//! ```
//!
//! The twins are written from the vendors' documents and recorded answers, never from Sentia's connectors, and this
//! crate depends on no other crate of Sentia: a twin that repeats a connector's misreading would prove nothing.

#![warn(clippy::print_stdout, clippy::print_stderr)]

mod clock;
mod fault;
mod journal;
mod limiter;
mod listener;
mod pacing;
mod reply;
mod rng;
mod sandbox;
mod shopify;
pub mod universe;
mod world;
mod xero;

mod amazon;
mod microsoft_graph;
mod unleashed;

pub use clock::SandboxClock;
pub use fault::{Endpoint, FaultPlan};
pub use journal::LoggedRequest;
pub use limiter::{Granted, Limiter, Refusal};
pub use microsoft_graph::{
    AppOnlyWorkbook, MicrosoftGraphCertificate, MicrosoftGraphFault, MicrosoftGraphLimits,
    MicrosoftGraphNotification, MicrosoftGraphSettings, MicrosoftGraphTwin,
};
pub use pacing::Pacing;
pub use sandbox::{Ports, Sandbox};
pub use shopify::{BulkPace, CostLimits, ShopifyFault, ShopifyTwin, ThrottleForm, WebhookDelivery};
pub use universe::Size;
pub use xero::{XeroAcknowledgement, XeroConsent, XeroDelivery, XeroGrace, XeroMissingScope};
pub use xero::{XeroFault, XeroLimits, XeroTwin};

pub use amazon::{AmazonChange, AmazonFault, AmazonTwin};
pub use unleashed::{
    AccountZone, DataForm, UnleashedDelivery, UnleashedFault, UnleashedHabits, UnleashedLimits,
    UnleashedTwin, unleashed_signature,
};
pub use xero::{XeroScopes, XeroSwitches, XeroWording};
