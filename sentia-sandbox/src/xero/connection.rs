//! Which organisations the app is connected to.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::rng::Rng;

/// One organisation that a user let the app read.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) tenant_id: Uuid,
    pub(crate) name: String,
    created: DateTime<Utc>,
    updated: DateTime<Utc>,
    event: Uuid,
    pub(crate) open: bool,
}

/// All of them; the first is the universe's own organisation, the others have empty books.
#[derive(Debug)]
pub(crate) struct Connections {
    pub(crate) list: Vec<Connection>,
    rng: Rng,
}

impl Connections {
    pub(crate) fn new(tenant_id: Uuid, name: &str, created: DateTime<Utc>, rng: Rng) -> Self {
        let home = Connection {
            id: Uuid::from_u128(0xe1ee_de29_f875_4a5d_8470_17f6_a29a_88b1),
            tenant_id,
            name: name.to_owned(),
            created,
            updated: created,
            event: Uuid::from_u128(0xd99e_cdfe_391d_43d2_b834_1763_6ba9_0e8d),
            open: true,
        };
        Self { list: vec![home], rng }
    }

    /// Another organisation of the same user; gives its tenant id.
    pub(crate) fn add(&mut self, name: &str, now: DateTime<Utc>) -> Uuid {
        let (id, tenant_id) = (self.rng.guid(), self.rng.guid());
        let event = self.list[0].event;
        let name = name.to_owned();
        self.list.push(Connection { id, tenant_id, name, created: now, updated: now, event, open: true });
        tenant_id
    }

    pub(crate) fn set_all(&mut self, open: bool) {
        self.list.iter_mut().for_each(|connection| connection.open = open);
    }

    /// A user consents anew: everything is connected, under one event.
    pub(crate) fn consented(&mut self, event: Uuid, now: DateTime<Utc>) {
        for connection in &mut self.list {
            (connection.open, connection.event, connection.updated) = (true, event, now);
        }
    }

    /// Disconnects one by its own id; gives whether it was there.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let found = self.list.iter_mut().find(|known| known.open && known.id.to_string() == id);
        found.map(|connection| connection.open = false).is_some()
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Connection> {
        self.list.iter().filter(|connection| connection.open)
    }

    /// The bare array of `/connections`, narrowed to one consent when asked.
    pub(crate) fn rows(&self, event: Option<&str>) -> Value {
        // Seven digits and no zone, as the vendor writes them.
        let time = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S.5165400").to_string();
        let shown = self.open().filter(|known| event.is_none_or(|event| known.event.to_string() == event));
        let row = |known: &Connection| {
            json!({
                "id": known.id, "authEventId": known.event, "tenantId": known.tenant_id,
                "tenantType": "ORGANISATION", "tenantName": known.name,
                "createdDateUtc": time(known.created), "updatedDateUtc": time(known.updated),
            })
        };
        shown.map(row).collect()
    }
}
