//! What a host shows of its connections: metrics, and which of them reach their vendors.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Reader;
use crate::{
    Result,
    metric::Metric,
    transport::{Health, Outage},
};

/// Whether one connection reaches its vendor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConnectionHealth {
    /// The vendor's name, as its connector tells it.
    pub vendor: String,
    /// Whose account it is.
    pub tenant: String,
    /// The connection's name.
    pub connection: String,
    /// All classes of its calls together.
    pub health: Health,
    /// The classes that do not pass: why, since when and until when.
    pub down: Vec<Outage>,
}

/// Whether a vendor is reached by the connections to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VendorHealth {
    /// The vendor's name.
    pub vendor: String,
    /// `Down` when every connection is, `Up` when none is impaired: a vendor that is down for one account of several is
    /// impaired, and the account is where to look.
    pub health: Health,
    /// Its connections, in the order given.
    pub connections: Vec<ConnectionHealth>,
}

impl VendorHealth {
    /// The connections of each vendor together, by the vendors' names.
    ///
    /// ```no_run
    /// # // Vendors are needed to be healthy.
    /// # fn example(readers: &[sentia_core::engine::Reader]) -> sentia_core::Result<()> {
    /// use sentia_core::engine::{Reader, VendorHealth};
    ///
    /// let connections = readers.iter().map(Reader::health).collect::<sentia_core::Result<Vec<_>>>()?;
    /// for vendor in VendorHealth::roll_up(connections) {
    ///     println!("{}: {:?}", vendor.vendor, vendor.health);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn roll_up(connections: impl IntoIterator<Item = ConnectionHealth>) -> Vec<VendorHealth> {
        let mut vendors: BTreeMap<String, Vec<ConnectionHealth>> = BTreeMap::new();
        for connection in connections {
            vendors.entry(connection.vendor.clone()).or_default().push(connection);
        }
        let rolled = |(vendor, connections): (String, Vec<ConnectionHealth>)| {
            let all = |health| connections.iter().all(|connection| connection.health == health);
            let health = match (all(Health::Up), all(Health::Down)) {
                (true, _) => Health::Up,
                (_, true) => Health::Down,
                _ => Health::Impaired,
            };
            VendorHealth { vendor, health, connections }
        };
        vendors.into_iter().map(rolled).collect()
    }
}

impl Reader {
    /// Whether its calls reach the vendor, and what does not pass. [`VendorHealth::roll_up`] joins those of several.
    ///
    /// # Errors
    /// `ConfigInvalid` before [`connect`](Self::connect).
    pub fn health(&self) -> Result<ConnectionHealth> {
        let breakers = self.breakers()?;
        Ok(ConnectionHealth {
            vendor: self.connector.info().vendor.to_owned(),
            tenant: self.tenant.clone(),
            connection: self.connection_name(),
            health: breakers.health(),
            down: breakers.down(),
        })
    }

    /// Every counter and level of its stack, labelled with vendor, tenant and connection; pipelines that run
    /// [through](crate::Pipeline::through) it count here too. [`metric::exposition`](crate::metric::exposition) renders
    /// those of all readers together.
    ///
    /// # Errors
    /// `ConfigInvalid` before [`connect`](Self::connect).
    pub fn metrics(&self) -> Result<Vec<Metric>> {
        let (vendor, connection) = (self.connector.info().vendor, self.connection_name());
        let labelled = |metric: Metric| {
            let metric = metric.label("vendor", vendor).label("tenant", &self.tenant);
            metric.label("connection", &connection)
        };
        Ok(self.connected()?.metrics().into_iter().map(labelled).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;

    use super::*;
    use crate::{
        Connector, ConnectorInfo, Context, ErrorKind, Fetch, Page,
        metric::{exposition, tests::Parsed},
        stream::StreamInfo,
        testing::MemoryStateStore,
        transport::Forced,
    };

    #[derive(Debug)]
    struct Vendor(&'static str);

    #[async_trait]
    impl Connector for Vendor {
        fn info(&self) -> ConnectorInfo {
            ConnectorInfo::new(self.0).stream(StreamInfo::new("things").key(&["id"]))
        }

        async fn fetch(&self, _: &Context, _: Fetch<'_>) -> Result<Page> {
            unreachable!("nothing is read here")
        }
    }

    fn reader(vendor: &'static str, connection: &str, states: &MemoryStateStore) -> Reader {
        let reader = Reader::new(Vendor(vendor)).tenant("acme").connection(connection);
        reader.states(Arc::new(states.clone())).connect().expect("connects")
    }

    #[tokio::test]
    async fn a_vendor_is_down_when_each_of_its_connections_is() {
        let states = MemoryStateStore::default();
        let readers =
            [reader("shop", "uk", &states), reader("books", "main", &states), reader("shop", "usa", &states)];
        let vendors = || {
            let connections = readers.iter().map(|reader| reader.health().expect("connected"));
            VendorHealth::roll_up(connections)
                .into_iter()
                .map(|of| (of.vendor, of.health))
                .collect::<Vec<_>>()
        };
        let both = |books, shop| vec![("books".to_owned(), books), ("shop".to_owned(), shop)];
        assert_eq!(vendors(), both(Health::Up, Health::Up));
        readers[0].breakers().expect("connected").force("shop.example", Forced::Open).await.expect("stored");
        assert_eq!(vendors(), both(Health::Up, Health::Impaired));
        readers[2].breakers().expect("connected").force("shop.example", Forced::Open).await.expect("stored");
        assert_eq!(vendors(), both(Health::Up, Health::Down));

        let uk = readers[0].health().expect("connected");
        assert_eq!((uk.tenant.as_str(), uk.connection.as_str(), uk.down.len()), ("acme", "uk", 1));
        let metrics = readers.iter().flat_map(|reader| reader.metrics().expect("connected"));
        let parsed = Parsed::of(&exposition(metrics)).expect("one group for each name");
        let forced =
            [("vendor", "shop"), ("tenant", "acme"), ("connection", "usa"), ("state", "forced_open")];
        assert_eq!(parsed.value("sentia_breaker_state", &forced), Some(1.0));
    }

    #[test]
    fn who_is_not_connected_has_none() {
        let reader = Reader::new(Vendor("shop"));
        assert_eq!(reader.health().expect_err("not connected").kind(), ErrorKind::ConfigInvalid);
        assert_eq!(reader.metrics().expect_err("not connected").kind(), ErrorKind::ConfigInvalid);
    }
}
