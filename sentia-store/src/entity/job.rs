//! `sentia_jobs`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sentia_jobs")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) kind: String,
    pub(crate) lane: Option<String>,
    pub(crate) payload: String,
    pub(crate) payload_version: i64,
    pub(crate) priority: i64,
    pub(crate) unique_key: Option<String>,
    pub(crate) run_at_ms: i64,
    pub(crate) rank: i64,
    pub(crate) state: String,
    pub(crate) dirty: bool,
    pub(crate) cancel: bool,
    pub(crate) attempt: i64,
    pub(crate) max_attempts: i64,
    pub(crate) fence: i64,
    pub(crate) worker: Option<String>,
    pub(crate) until_ms: Option<i64>,
    pub(crate) note: Option<String>,
    pub(crate) created_ms: i64,
    pub(crate) finished_ms: Option<i64>,
    pub(crate) schedule: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
