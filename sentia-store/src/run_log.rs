//! The sync log.

use async_trait::async_trait;
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use sentia_core::{Result, RunLog, RunReport};

use crate::{
    connect::Store,
    entity::run::{ActiveModel, Column, Entity},
    error::{corrupt, orm_error},
};

#[async_trait]
impl RunLog for Store {
    async fn log(&self, run: &RunReport) -> Result<()> {
        let row = ActiveModel {
            run: Set(run.run.to_string()),
            tenant: Set(run.tenant.clone()),
            connection: Set(run.connection.clone()),
            vendor: Set(run.vendor.clone()),
            outcome: Set(run.finished.map(|_| run.outcome().to_string())),
            started: Set(run.started),
            finished: Set(run.finished),
            report: Set(serde_json::to_string(run).map_err(|_| corrupt("run report"))?),
        };
        let latest = OnConflict::column(Column::Run)
            .update_columns([Column::Outcome, Column::Finished, Column::Report])
            .to_owned();
        Entity::insert(row)
            .on_conflict(latest)
            .exec_without_returning(&self.0.writing_orm())
            .await
            .map_err(orm_error)?;
        Ok(())
    }
}
