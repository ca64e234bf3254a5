//! Schedules' states: each step is one transaction with the jobs that it orders.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};
use sentia_core::{
    Error, Result,
    job::Enqueued,
    schedule::{Advance, ScheduleStore, Step, StoredSchedule},
};

use crate::{
    connect::Store,
    entity::schedule::{ActiveModel, Column, Entity, Model},
    error::{corrupt, orm_error},
    job,
};

#[async_trait]
impl ScheduleStore for Store {
    async fn schedules(&self) -> Result<Vec<StoredSchedule>> {
        let rows = Entity::find().order_by_asc(Column::Name).all(&self.0.orm).await;
        rows.map_err(orm_error)?.into_iter().map(stored).collect()
    }

    async fn advance(&self, step: &Step, now: DateTime<Utc>) -> Result<Advance> {
        let located = |error: Error| error.operation("schedules.advance").context("schedule", &step.name);
        advance(self, step, now).await.map_err(located)
    }
}

async fn advance(store: &Store, step: &Step, now: DateTime<Utc>) -> Result<Advance> {
    let transaction = job::begin(store).await?;
    if !write(&transaction, step).await? {
        let there = Entity::find_by_id(&step.name).one(&transaction).await.map_err(orm_error)?;
        transaction.rollback().await.map_err(orm_error)?;
        return Ok(Advance::Lost(there.map(stored).transpose()?));
    }
    let jobs = match step.jobs.is_empty() {
        true => Vec::new(),
        false => job::enqueue(&transaction, &step.jobs, now).await?,
    };
    crate::commit::stage("schedule.stepped");
    transaction.commit().await.map_err(orm_error)?;
    if jobs.iter().any(|job| matches!(job, Enqueued::New(_))) {
        store.wake_workers();
    }
    Ok(Advance::Done { version: step.expected.unwrap_or(0) + 1, jobs })
}

/// Writes the state if the stored version is the expected one, and says whether it was.
async fn write<C: ConnectionTrait>(transaction: &C, step: &Step) -> Result<bool> {
    let state = serde_json::to_string(&step.state).map_err(|_| corrupt("schedule state"))?;
    let written = match step.expected {
        None => {
            let row = ActiveModel {
                name: Set(step.name.clone()),
                version: Set(1),
                definition: Set(step.definition.clone()),
                state_json: Set(state),
            };
            let unless_there = OnConflict::column(Column::Name).do_nothing().to_owned();
            let inserted =
                Entity::insert(row).on_conflict(unless_there).exec_without_returning(transaction).await;
            match inserted {
                Err(sea_orm::DbErr::RecordNotInserted) => 0,
                inserted => inserted.map_err(orm_error)?,
            }
        }
        Some(version) => {
            let replaced = Entity::update_many()
                .col_expr(Column::Version, Expr::value(version as i64 + 1))
                .col_expr(Column::Definition, Expr::value(&step.definition))
                .col_expr(Column::StateJson, Expr::value(state))
                .filter(Column::Name.eq(&step.name))
                .filter(Column::Version.eq(version as i64))
                .exec(transaction)
                .await;
            replaced.map_err(orm_error)?.rows_affected
        }
    };
    Ok(written == 1)
}

fn stored(row: Model) -> Result<StoredSchedule> {
    Ok(StoredSchedule {
        version: u64::try_from(row.version).map_err(|_| corrupt("schedule version"))?,
        state: serde_json::from_str(&row.state_json).map_err(|_| corrupt("schedule state"))?,
        name: row.name,
        definition: row.definition,
    })
}
