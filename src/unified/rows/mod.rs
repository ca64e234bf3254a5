//! Rows of answers: their members are named like the columns they are read from, and hold what a dashboard shows.

#[cfg(feature = "amazon")]
mod amazon;
#[cfg(feature = "microsoft-graph")]
mod microsoft_graph;
#[cfg(feature = "shopify")]
mod shopify;
#[cfg(feature = "unleashed")]
mod unleashed;
#[cfg(feature = "xero")]
mod xero;

#[cfg(feature = "amazon")]
#[cfg_attr(docsrs, doc(cfg(feature = "amazon")))]
pub use self::amazon::*;
#[cfg(feature = "microsoft-graph")]
#[cfg_attr(docsrs, doc(cfg(feature = "microsoft-graph")))]
pub use self::microsoft_graph::*;
#[cfg(feature = "shopify")]
#[cfg_attr(docsrs, doc(cfg(feature = "shopify")))]
pub use self::shopify::*;
#[cfg(feature = "unleashed")]
#[cfg_attr(docsrs, doc(cfg(feature = "unleashed")))]
pub use self::unleashed::*;
#[cfg(feature = "xero")]
#[cfg_attr(docsrs, doc(cfg(feature = "xero")))]
pub use self::xero::*;
