#![doc = include_str!("../README.md")]

pub use sentia_core::*;

/// Connectors, one feature each.
#[cfg(any(feature = "shopify", feature = "xero", feature = "microsoft-graph"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "shopify", feature = "xero", feature = "microsoft-graph"))))]
pub mod connectors {
    #[cfg(feature = "shopify")]
    pub use sentia_connectors::shopify::{self, Shopify};
    #[cfg(feature = "xero")]
    pub use sentia_connectors::xero::{self, Xero};
    #[cfg(feature = "microsoft-graph")]
    pub use sentia_connectors::microsoft_graph::{self, MicrosoftGraph};
}

/// Rules that judge records before they are committed.
pub mod rules {
    pub use sentia_quality::*;
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "sqlite", feature = "postgres"))))]
pub use sentia_store::{Difference, QuarantineEntry, Store, VerifyReport};

pub mod unified;
pub use unified::UnifiedClient;
