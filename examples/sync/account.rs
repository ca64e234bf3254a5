//! The vendor's account, by the variables of its prefix.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use sentia::{
    Connector, Result,
    connectors::{Amazon, MicrosoftGraph, Shopify, Unleashed, Xero},
    transport::Pacing,
};

#[derive(Args)]
pub(crate) struct Account {
    /// The vendor.
    #[arg(long)]
    vendor: Vendor,
    /// How the variables of this account begin, as in `SHOPIFY_UK`. Default: the vendor's name.
    #[arg(long)]
    prefix: Option<String>,
    /// Another address than the vendor's own.
    #[arg(long)]
    base_url: Option<String>,
    /// Keep the vendor's limits, or not: `off` is accepted for loopback addresses only.
    #[arg(long, default_value = "vendor")]
    pacing: PacingArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum Vendor {
    Amazon,
    MicrosoftGraph,
    Shopify,
    Unleashed,
    Xero,
}

#[derive(Clone, Copy, ValueEnum)]
enum PacingArgument {
    Vendor,
    Off,
}

impl Account {
    /// # Errors
    /// `ConfigInvalid`, naming the setting.
    pub(crate) fn connector(&self) -> Result<Arc<dyn Connector>> {
        let pacing = match self.pacing {
            PacingArgument::Vendor => Pacing::Vendor,
            PacingArgument::Off => Pacing::Off,
        };
        let prefix = |vendor: &str| self.prefix.clone().unwrap_or_else(|| vendor.to_owned());
        // The builders are of five types; what is set otherwise than by variables is the same for each.
        macro_rules! account {
            ($connector:ident, $vendor:literal) => {{
                let builder = $connector::builder_from_env(&prefix($vendor)).pacing(pacing);
                match &self.base_url {
                    Some(url) => Arc::new(builder.base_url(url).build()?),
                    None => Arc::new(builder.build()?),
                }
            }};
        }
        Ok(match self.vendor {
            Vendor::Amazon => account!(Amazon, "AMAZON"),
            Vendor::MicrosoftGraph => account!(MicrosoftGraph, "MICROSOFT_GRAPH"),
            Vendor::Shopify => account!(Shopify, "SHOPIFY"),
            Vendor::Unleashed => account!(Unleashed, "UNLEASHED"),
            Vendor::Xero => account!(Xero, "XERO"),
        })
    }
}
