//! Sealed keys. A write that returned is on disk.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use sentia_core::{
    Error, ErrorKind, KeyStore, Result,
    clock::{Clock, SystemClock},
    key_store::{KeyEntry, KeyFilter, KeyName, KeyVersion, SealedKey, StoredKey},
};

use crate::{
    cell::Cell,
    commit,
    connect::Store,
    dialect::Dialect,
    entity::key::{Column, Entity, Model},
    error::orm_error,
    sink::in_durable_unit,
    unit::Unit,
};

fn name_cells(name: &KeyName) -> [Cell<'_>; 3] {
    [Cell::text(&name.tenant), Cell::text(&name.connection), Cell::text(&name.name)]
}

fn conflict(name: &KeyName) -> Error {
    Error::new(ErrorKind::Conflict, "another version of the secret is stored; read it again")
        .context("secret", name)
}

async fn write(
    unit: &mut impl Unit,
    name: &KeyName,
    key: &SealedKey,
    expected: Option<KeyVersion>,
    at: DateTime<Utc>,
) -> Result<bool> {
    let version = expected.unwrap_or(0) + 1;
    let values = [
        Cell::Integer(version as i64),
        Cell::text(&key.master_key),
        Cell::bytes(&key.sealed),
        Cell::Timestamp(at),
    ];
    let touched = match expected {
        None => {
            let sql = "INSERT INTO sentia_keys (tenant, connection, name, version, master_key, sealed, updated) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
            unit.execute(sql, &[name_cells(name).as_slice(), &values].concat()).await?
        }
        Some(expected) => {
            let sql = "UPDATE sentia_keys SET version = $1, master_key = $2, sealed = $3, updated = $4 \
                       WHERE tenant = $5 AND connection = $6 AND name = $7 AND version = $8";
            let expected = [Cell::Integer(expected as i64)];
            unit.execute(sql, &[values.as_slice(), &name_cells(name), &expected].concat()).await?
        }
    };
    commit::stage("secret.written");
    Ok(touched == 1)
}

#[async_trait]
impl KeyStore for Store {
    async fn get(&self, name: &KeyName) -> Result<Option<StoredKey>> {
        let id = (name.tenant.clone(), name.connection.clone(), name.name.clone());
        let row = Entity::find_by_id(id).one(&self.0.orm).await.map_err(orm_error)?;
        Ok(row.map(|row| StoredKey {
            version: row.version as KeyVersion,
            key: SealedKey { master_key: row.master_key, sealed: row.sealed },
        }))
    }

    async fn put(&self, name: &KeyName, key: SealedKey, expected: Option<KeyVersion>) -> Result<KeyVersion> {
        let owned = name.clone();
        let at = SystemClock.now();
        let written = in_durable_unit!(self, |unit| write(unit, &owned, &key, expected, at).await)?;
        if !written {
            return Err(conflict(name));
        }
        Ok(expected.unwrap_or(0) + 1)
    }

    async fn delete(&self, name: &KeyName, expected: KeyVersion) -> Result<()> {
        let owned = name.clone();
        let gone = in_durable_unit!(self, |unit| {
            let sql = "DELETE FROM sentia_keys WHERE tenant = $1 AND connection = $2 AND name = $3 AND version = $4";
            let expected = [Cell::Integer(expected as i64)];
            unit.execute(sql, &[name_cells(&owned).as_slice(), &expected].concat()).await
        })?;
        if gone == 1 { Ok(()) } else { Err(conflict(name)) }
    }

    async fn list(&self, filter: &KeyFilter) -> Result<Vec<KeyEntry>> {
        let mut wanted = Condition::all();
        if let Some(tenant) = &filter.tenant {
            wanted = wanted.add(Column::Tenant.eq(tenant));
        }
        if let Some(connection) = &filter.connection {
            wanted = wanted.add(Column::Connection.eq(connection));
        }
        let query = Entity::find().filter(wanted);
        let rows =
            query.order_by_asc(Column::Tenant).order_by_asc(Column::Connection).order_by_asc(Column::Name);
        Ok(rows.all(&self.0.orm).await.map_err(orm_error)?.into_iter().map(entry).collect())
    }
}

fn entry(row: Model) -> KeyEntry {
    KeyEntry {
        name: KeyName { tenant: row.tenant, connection: row.connection, name: row.name },
        version: row.version as KeyVersion,
        master_key: row.master_key,
        updated: row.updated,
    }
}
