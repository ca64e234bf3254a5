#![doc = include_str!("../README.md")]

pub use sentia_core::*;

/// Connectors, one feature each.
#[cfg(any(
    feature = "amazon",
    feature = "microsoft-graph",
    feature = "shopify",
    feature = "unleashed",
    feature = "xero"
))]
pub mod connectors {
    #[cfg(feature = "amazon")]
    #[cfg_attr(docsrs, doc(cfg(feature = "amazon")))]
    pub use sentia_connectors::amazon::{self, Amazon};
    #[cfg(feature = "microsoft-graph")]
    #[cfg_attr(docsrs, doc(cfg(feature = "microsoft-graph")))]
    pub use sentia_connectors::microsoft_graph::{self, MicrosoftGraph};
    #[cfg(feature = "shopify")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shopify")))]
    pub use sentia_connectors::shopify::{self, Shopify};
    #[cfg(feature = "unleashed")]
    #[cfg_attr(docsrs, doc(cfg(feature = "unleashed")))]
    pub use sentia_connectors::unleashed::{self, Unleashed};
    #[cfg(feature = "xero")]
    #[cfg_attr(docsrs, doc(cfg(feature = "xero")))]
    pub use sentia_connectors::xero::{self, Xero};
}

/// Rules that judge records before they are committed.
pub mod rules {
    pub use sentia_quality::*;
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "sqlite", feature = "postgres"))))]
pub use sentia_store::{Difference, QuarantineEntry, Store, VerifyReport};

/// Jobs in a host's own database transaction: enqueued with its rows, or held while it writes a job's results.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "sqlite", feature = "postgres"))))]
pub mod transaction {
    pub use sentia_store::job::{enqueue, hold};
}

pub mod unified;
pub use unified::UnifiedClient;
