//! The audit chain: who changed what. Each row carries the hash of the one before it.

use sea_orm::entity::prelude::*;

/// One mutation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_logs")]
pub struct Model {
    /// Place in the chain.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// When.
    pub at: DateTimeUtc,
    /// `master_key`, `session`, `key` or `anonymous`.
    pub actor_kind: String,
    /// The actor's user id.
    pub actor_id: String,
    /// Where the request came from.
    pub ip_address: Option<String>,
    /// `created`, `updated`, `deleted`, `blocked`, `unblocked`, `signed_in`, …
    pub action: String,
    /// `key`, `session`, …
    pub resource: String,
    /// Id of what was changed.
    pub resource_id: String,
    /// What it was, secrets redacted.
    pub before: Option<Json>,
    /// What it became, secrets redacted.
    pub after: Option<Json>,
    /// Hash of the row before; empty for the first.
    pub previous_hash: String,
    /// Hash of this row and `previous_hash`.
    pub hash: String,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
