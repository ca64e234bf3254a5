//! States that processes share: one statement for a swap that is done, two for one that is lost.

use async_trait::async_trait;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Func, OnConflict},
};
use sentia_core::{
    Result, StateStore,
    clock::{Clock, SystemClock},
    state_store::{SharedState, StateVersion, Swap},
};

use crate::{
    connect::Store,
    entity::state::{ActiveModel, Column, Entity, Model},
    error::orm_error,
};

#[async_trait]
impl StateStore for Store {
    async fn load(&self, key: &str) -> Result<Option<SharedState>> {
        let row = Entity::find_by_id(key).one(&self.0.writing_orm()).await.map_err(orm_error)?;
        Ok(row.map(|row| shared(row).1))
    }

    async fn swap(&self, key: &str, expected: Option<StateVersion>, body: &str) -> Result<Swap> {
        let written = match expected {
            None => create(self, key, body).await,
            Some(version) => replace(self, key, version, body).await,
        };
        match written.map_err(orm_error)? {
            0 => Ok(Swap::Lost(self.load(key).await?)),
            _ => Ok(Swap::Done(expected.unwrap_or(0) + 1)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, SharedState)>> {
        let length = i32::try_from(prefix.chars().count()).unwrap_or(i32::MAX);
        let head = Func::cust("substr").arg(Expr::col(Column::Name)).arg(1).arg(length);
        let rows = Entity::find().filter(Expr::expr(head).eq(prefix)).all(&self.0.writing_orm()).await;
        let mut states: Vec<_> = rows.map_err(orm_error)?.into_iter().map(shared).collect();
        // Databases order text by their own collations.
        states.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(states)
    }
}

async fn create(store: &Store, key: &str, body: &str) -> std::result::Result<u64, sea_orm::DbErr> {
    let row = ActiveModel {
        name: Set(key.to_owned()),
        version: Set(1),
        body: Set(body.to_owned()),
        updated: Set(SystemClock.now()),
    };
    let unless_there = OnConflict::column(Column::Name).do_nothing().to_owned();
    Entity::insert(row)
        .on_conflict(unless_there)
        .exec_without_returning(&store.0.writing_orm())
        .await
        .or_else(|error| match error {
            sea_orm::DbErr::RecordNotInserted => Ok(0),
            error => Err(error),
        })
}

async fn replace(
    store: &Store,
    key: &str,
    expected: StateVersion,
    body: &str,
) -> std::result::Result<u64, sea_orm::DbErr> {
    let orm = store.0.writing_orm();
    let replaced = Entity::update_many()
        .col_expr(Column::Version, Expr::value(expected as i64 + 1))
        .col_expr(Column::Body, Expr::value(body))
        .col_expr(Column::Updated, Expr::value(SystemClock.now()))
        .filter(Column::Name.eq(key))
        .filter(Column::Version.eq(expected as i64))
        .exec(&orm);
    Ok(replaced.await?.rows_affected)
}

fn shared(row: Model) -> (String, SharedState) {
    (row.name, SharedState { version: row.version as StateVersion, body: row.body })
}
