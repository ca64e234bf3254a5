//! The types of reports the twin makes.

use super::report_columns::{LEDGER_DETAIL, LEDGER_SUMMARY, LISTINGS, ORDERS, RETURNS, SETTLEMENT};

/// A report type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ReportKind {
    Settlement,
    Returns,
    LedgerDetail,
    LedgerSummary,
    OrdersByUpdate,
    OrdersByDate,
    Listings,
}

impl ReportKind {
    const ALL: [Self; 7] = [
        Self::Settlement,
        Self::Returns,
        Self::LedgerDetail,
        Self::LedgerSummary,
        Self::OrdersByUpdate,
        Self::OrdersByDate,
        Self::Listings,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Settlement => "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2",
            Self::Returns => "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA",
            Self::LedgerDetail => "GET_LEDGER_DETAIL_VIEW_DATA",
            Self::LedgerSummary => "GET_LEDGER_SUMMARY_VIEW_DATA",
            Self::OrdersByUpdate => "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_LAST_UPDATE_GENERAL",
            Self::OrdersByDate => "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
            Self::Listings => "GET_MERCHANT_LISTINGS_ALL_DATA",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the document is compressed: the small settlement files are not.
    pub(crate) fn is_compressed(self) -> bool {
        self != Self::Settlement
    }

    /// Whether windows end after thirty days.
    pub(crate) fn has_short_window(self) -> bool {
        matches!(self, Self::OrdersByUpdate | Self::OrdersByDate)
    }

    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Settlement => &SETTLEMENT,
            Self::Returns => &RETURNS,
            Self::LedgerDetail => &LEDGER_DETAIL,
            Self::LedgerSummary => &LEDGER_SUMMARY,
            Self::OrdersByUpdate | Self::OrdersByDate => &ORDERS,
            Self::Listings => &LISTINGS,
        }
    }
}
