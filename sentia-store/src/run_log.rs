//! The sync log.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};
use sentia_core::{Result, RunLog, RunReport};

use crate::{
    connect::Store,
    entity::run::{ActiveModel, Column, Entity, Model},
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

impl Store {
    /// The runs of a connection that began at `since` or later, oldest first, each with its report as it stands: a run
    /// without an end was killed or is still going.
    ///
    /// # Errors
    /// `Store` when the database fails or a report does not read back.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn runs(&self, tenant: &str, connection: &str, since: DateTime<Utc>) -> Result<Vec<RunReport>> {
        let found = Entity::find()
            .filter(Column::Tenant.eq(tenant))
            .filter(Column::Connection.eq(connection))
            .filter(Column::Started.gte(since))
            .order_by_asc(Column::Started)
            .order_by_asc(Column::Run)
            .all(&self.0.writing_orm())
            .await
            .map_err(orm_error)?;
        let report = |row: &Model| serde_json::from_str(&row.report).map_err(|_| corrupt("run report"));
        found.iter().map(report).collect()
    }
}
