//! `sentia_certificates`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sentia_certificates")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) connection: String,
    pub(crate) stream: String,
    pub(crate) partition: String,
    pub(crate) run: String,
    pub(crate) outcome: String,
    pub(crate) distinct_keys: i64,
    pub(crate) digest: String,
    pub(crate) sealed: DateTimeUtc,
    pub(crate) body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
