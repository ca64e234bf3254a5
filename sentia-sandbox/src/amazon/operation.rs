//! The operations the twin serves, with the rates of their published usage plans.

use http::Method;

/// One operation of the Selling Partner API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    SearchOrders,
    GetOrder,
    GetInventorySummaries,
    SearchCatalogItems,
    GetCatalogItem,
    SearchListingsItems,
    GetListingsItem,
    CreateReport,
    GetReports,
    GetReport,
    CancelReport,
    GetReportDocument,
    ListTransactions,
    CreateRestrictedDataToken,
    GetMarketplaceParticipations,
}

/// What a request line means.
pub(crate) enum Routed {
    /// An operation with the last segments of its path.
    To(Operation, Vec<String>),
    /// The path is known, the method is not.
    WrongMethod,
    /// Nothing is there.
    Unknown,
}

impl Operation {
    pub(crate) fn of(method: &Method, path: &str) -> Routed {
        use Operation as O;
        let segments: Vec<String> = path.split('/').skip(1).map(decoded).collect();
        let names: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (get, post, delete) = (Method::GET, Method::POST, Method::DELETE);
        let (choices, arguments): (&[(Method, O)], usize) = match names.as_slice() {
            ["orders", "2026-01-01", "orders"] => (&[(get, O::SearchOrders)], 0),
            ["orders", "2026-01-01", "orders", _] => (&[(get, O::GetOrder)], 1),
            ["fba", "inventory", "v1", "summaries"] => (&[(get, O::GetInventorySummaries)], 0),
            ["catalog", "2022-04-01", "items"] => (&[(get, O::SearchCatalogItems)], 0),
            ["catalog", "2022-04-01", "items", _] => (&[(get, O::GetCatalogItem)], 1),
            ["listings", "2021-08-01", "items", _] => (&[(get, O::SearchListingsItems)], 1),
            ["listings", "2021-08-01", "items", _, _] => (&[(get, O::GetListingsItem)], 2),
            ["reports", "2021-06-30", "reports"] => (&[(post, O::CreateReport), (get, O::GetReports)], 0),
            ["reports", "2021-06-30", "reports", _] => (&[(get, O::GetReport), (delete, O::CancelReport)], 1),
            ["reports", "2021-06-30", "documents", _] => (&[(get, O::GetReportDocument)], 1),
            ["finances", "2024-06-19", "transactions"] => (&[(get, O::ListTransactions)], 0),
            ["tokens", "2021-03-01", "restrictedDataToken"] => (&[(post, O::CreateRestrictedDataToken)], 0),
            ["sellers", "v1", "marketplaceParticipations"] => (&[(get, O::GetMarketplaceParticipations)], 0),
            _ => return Routed::Unknown,
        };
        match choices.iter().find(|(allowed, _)| allowed == method) {
            Some((_, operation)) => Routed::To(*operation, segments[segments.len() - arguments..].to_vec()),
            None => Routed::WrongMethod,
        }
    }

    /// Calls per second, as the header writes it.
    pub(crate) fn rate(self) -> &'static str {
        match self {
            Self::SearchOrders => "0.0056",
            Self::GetOrder | Self::ListTransactions => "0.5",
            Self::GetInventorySummaries
            | Self::SearchCatalogItems
            | Self::GetCatalogItem
            | Self::GetReport => "2.0",
            Self::SearchListingsItems | Self::GetListingsItem => "5.0",
            Self::CreateReport | Self::GetReportDocument => "0.0167",
            Self::GetReports | Self::CancelReport => "0.0222",
            Self::CreateRestrictedDataToken => "1.0",
            Self::GetMarketplaceParticipations => "0.016",
        }
    }

    /// The same in ten-thousandths of a call, for a bucket that counts exactly.
    pub(crate) fn rate_in_ten_thousandths(self) -> u64 {
        match self {
            Self::SearchOrders => 56,
            Self::GetOrder | Self::ListTransactions => 5_000,
            Self::GetInventorySummaries
            | Self::SearchCatalogItems
            | Self::GetCatalogItem
            | Self::GetReport => 20_000,
            Self::SearchListingsItems | Self::GetListingsItem => 50_000,
            Self::CreateReport | Self::GetReportDocument => 167,
            Self::GetReports | Self::CancelReport => 222,
            Self::CreateRestrictedDataToken => 10_000,
            Self::GetMarketplaceParticipations => 160,
        }
    }

    /// Calls that may come at once.
    pub(crate) fn burst(self) -> u64 {
        match self {
            Self::SearchOrders => 20,
            Self::GetOrder => 30,
            Self::GetInventorySummaries | Self::SearchCatalogItems | Self::GetCatalogItem => 2,
            Self::SearchListingsItems => 5,
            Self::CreateReport
            | Self::GetReport
            | Self::GetReportDocument
            | Self::GetMarketplaceParticipations => 15,
            Self::GetListingsItem
            | Self::GetReports
            | Self::CancelReport
            | Self::ListTransactions
            | Self::CreateRestrictedDataToken => 10,
        }
    }

    /// Where the rows of an answer are.
    pub(crate) fn rows_at(self) -> Option<&'static str> {
        Some(match self {
            Self::SearchOrders => "/orders",
            Self::GetInventorySummaries => "/payload/inventorySummaries",
            Self::SearchCatalogItems | Self::SearchListingsItems => "/items",
            Self::GetReports => "/reports",
            Self::ListTransactions => "/payload/transactions",
            Self::GetMarketplaceParticipations => "/payload",
            _ => return None,
        })
    }

    /// Where a row has its key.
    pub(crate) fn key_at(self) -> &'static str {
        match self {
            Self::SearchOrders => "/orderId",
            Self::GetInventorySummaries => "/sellerSku",
            Self::SearchCatalogItems => "/asin",
            Self::SearchListingsItems => "/sku",
            Self::GetReports => "/reportId",
            Self::ListTransactions => "/transactionId",
            _ => "/marketplace/id",
        }
    }

    /// Where a row has an amount that faults may spoil.
    pub(crate) fn amount_at(self) -> &'static str {
        match self {
            Self::SearchOrders => "/proceeds/grandTotal/amount",
            Self::GetInventorySummaries => "/totalQuantity",
            Self::SearchListingsItems => "/offers/0/price/amount",
            Self::ListTransactions => "/totalAmount/currencyAmount",
            _ => "/none",
        }
    }
}

/// A segment of a path, percent-decoded; skus hold anything.
fn decoded(segment: &str) -> String {
    // A plus is a plus in a path, and nothing else separates here.
    let quoted = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(quoted.as_bytes())
        .map(|(name, _)| name.into_owned())
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Operation, Routed};
    use http::Method;

    #[test]
    fn paths_are_decoded_without_turning_plus_into_space() {
        let Routed::To(Operation::GetListingsItem, arguments) =
            Operation::of(&Method::GET, "/listings/2021-08-01/items/A1/a%2Fb+c%20d")
        else {
            panic!("the path is known");
        };
        assert_eq!(arguments, ["A1", "a/b+c d"]);
        assert!(matches!(Operation::of(&Method::PUT, "/orders/2026-01-01/orders"), Routed::WrongMethod));
        assert!(matches!(Operation::of(&Method::GET, "/orders/v0/orders"), Routed::Unknown));
    }

    #[test]
    fn both_spellings_of_a_rate_agree() {
        for operation in [
            Operation::SearchOrders,
            Operation::GetReports,
            Operation::CreateReport,
            Operation::GetMarketplaceParticipations,
            Operation::SearchListingsItems,
        ] {
            let rate: f64 = operation.rate().parse().expect("a rate is a number");
            assert!((rate * 10_000.0 - operation.rate_in_ten_thousandths() as f64).abs() < 1e-6);
        }
    }
}
