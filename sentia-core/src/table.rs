//! The table of a stream: its name is derived, once, from vendor and stream.

use std::sync::Arc;

use crate::stream::{ChildInfo, StreamInfo};

/// A stream's catalog entry with the vendor whose prefix its tables bear.
///
/// ```
/// use std::sync::Arc;
/// use sentia_core::{StreamInfo, StreamTable};
///
/// let table = StreamTable::new("xero", Arc::new(StreamInfo::new("invoices").key(&["InvoiceID"])));
/// assert_eq!(table.name(), "xero_invoices");
/// ```
#[derive(Debug, Clone)]
pub struct StreamTable {
    vendor: &'static str,
    info: Arc<StreamInfo>,
}

impl StreamTable {
    /// The table of `info` at `vendor`.
    pub fn new(vendor: &'static str, info: Arc<StreamInfo>) -> Self {
        StreamTable { vendor, info }
    }

    /// The table's name, for instance `xero_invoices`.
    pub fn name(&self) -> String {
        format!("{}_{}", self.vendor, self.info.name)
    }

    /// A child table's name, for instance `xero_invoice_lines`.
    pub fn child_name(&self, child: &ChildInfo) -> String {
        format!("{}_{}", self.vendor, child.name)
    }

    /// The catalog entry.
    pub fn info(&self) -> &Arc<StreamInfo> {
        &self.info
    }

    /// The vendor.
    pub fn vendor(&self) -> &'static str {
        self.vendor
    }
}
