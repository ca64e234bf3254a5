//! `sentia_runs`, the sync log.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sentia_runs")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) run: String,
    pub(crate) tenant: String,
    pub(crate) connection: String,
    pub(crate) vendor: String,
    pub(crate) outcome: Option<String>,
    pub(crate) started: DateTimeUtc,
    pub(crate) finished: Option<DateTimeUtc>,
    pub(crate) report: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
