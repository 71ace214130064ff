//! Organizations: the tenants. Their limits are in [`super::limit`].

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{Condition, DatabaseTransaction, QuerySelect, QueryTrait};

use super::search::contains_any;
use super::{JsonMap, Page, PageOf, Strings, organization_member};

/// One organization.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "organizations")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub organization_id: String,
    /// Name shown to people.
    pub organization_alias: String,
    /// Models it may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
    /// What the caller keeps with it.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
    /// Whose calendar the budget windows follow, such as `Europe/Berlin`; absent: the gateway's.
    pub timezone: Option<String>,
    /// What finance books its spend to; absent: none.
    pub cost_center: Option<String>,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
    /// When it was made.
    pub created_at: DateTimeUtc,
    /// By whom.
    pub created_by: Option<String>,
    /// When it last changed.
    pub updated_at: DateTimeUtc,
    /// By whom.
    pub updated_by: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// The organization with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, organization_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(organization_id.to_owned()).one(db).await
}

/// Those of the organizations that exist.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, organization_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if organization_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::OrganizationId.is_in(organization_ids)).all(db).await
}

/// The organizations with a calendar of their own: `(organization_id, timezone)`.
///
/// # Errors
/// When the database is away.
pub async fn time_zones(db: &impl ConnectionTrait) -> Result<Vec<(String, String)>, DbErr> {
    let columns = Entity::find().select_only().columns([Column::OrganizationId, Column::Timezone]);
    columns.filter(Column::Timezone.is_not_null()).into_tuple().all(db).await
}

/// The organization with this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, organization_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(organization_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Organizations in the order of their ids; only the one with this id, only those with this in their name, only those
/// with `search` in their id or name, only those of which `seen_by` is a member.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    id: Option<&str>,
    alias: Option<&str>,
    search: Option<&str>,
    seen_by: Option<&str>,
    page: &PageOf,
) -> Result<Page<Model>, DbErr> {
    let joined = |user_id: &str| {
        let own = organization_member::Entity::find().select_only().column(organization_member::Column::OrganizationId);
        Column::OrganizationId.in_subquery(own.filter(organization_member::Column::UserId.eq(user_id)).into_query())
    };
    let matching = Condition::all()
        .add_option(seen_by.map(joined))
        .add_option(id.map(|id| Column::OrganizationId.eq(id)))
        .add_option(alias.map(|text| contains_any(&[Column::OrganizationAlias], text)))
        .add_option(search.map(|text| contains_any(&[Column::OrganizationId, Column::OrganizationAlias], text)));
    page.read(db, Entity::find().filter(matching), &[Column::OrganizationId], Order::Asc).await
}
