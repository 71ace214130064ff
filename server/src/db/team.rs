//! Teams. Their limits are in [`super::limit`], their members in [`super::team_member`].

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Order;
use sea_orm::{Condition, DatabaseTransaction, QueryOrder, QuerySelect, QueryTrait};

use super::search::contains_any;
use super::{JsonMap, Page, PageOf, Sight, Strings, team_member};

/// One team.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "teams")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// Name shown to people.
    pub team_alias: Option<String>,
    /// Organization.
    pub organization_id: Option<String>,
    /// Models it may use; empty: all.
    #[sea_orm(column_type = "Json")]
    pub models: Strings,
    /// What the caller keeps with it.
    #[sea_orm(column_type = "Json")]
    pub metadata: JsonMap,
    /// What finance books its spend to; absent: its organization's.
    pub cost_center: Option<String>,
    /// Fields of LiteLLM's that are kept and not used yet.
    #[sea_orm(column_type = "Json")]
    pub other: JsonMap,
    /// Calls of a blocked team are refused.
    pub blocked: bool,
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

/// The team with this id.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, team_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(team_id.to_owned()).one(db).await
}

/// Those of the teams that exist.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, team_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if team_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::TeamId.is_in(team_ids)).all(db).await
}

/// The team with this id, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn find_for_update(transaction: &DatabaseTransaction, team_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(team_id.to_owned()).lock_exclusive().one(transaction).await
}

/// Ids after `last` in their order, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn ids_after(db: &impl ConnectionTrait, last: &str, limit: u64) -> Result<Vec<String>, DbErr> {
    let ids = Entity::find().select_only().column(Column::TeamId).filter(Column::TeamId.gt(last));
    ids.order_by_asc(Column::TeamId).limit(limit).into_tuple().all(db).await
}

/// The ids of an organization's teams.
///
/// # Errors
/// When the database is away.
pub async fn ids_of_organization(db: &impl ConnectionTrait, organization_id: &str) -> Result<Vec<String>, DbErr> {
    let own = Entity::find().select_only().column(Column::TeamId).filter(Column::OrganizationId.eq(organization_id));
    own.order_by_asc(Column::TeamId).into_tuple().all(db).await
}

/// The teams of each of the organizations: `(organization_id, team_id)`.
///
/// # Errors
/// When the database is away.
pub async fn ids_by_organization(
    db: &impl ConnectionTrait,
    organization_ids: &[String],
) -> Result<Vec<(String, String)>, DbErr> {
    if organization_ids.is_empty() {
        return Ok(Vec::new());
    }
    let own = Entity::find().select_only().columns([Column::OrganizationId, Column::TeamId]);
    let own = own.filter(Column::OrganizationId.is_in(organization_ids));
    own.order_by_asc(Column::OrganizationId).order_by_asc(Column::TeamId).into_tuple().all(db).await
}

/// Which teams to list.
#[derive(Clone, Debug, Default)]
pub struct Filter<'a> {
    /// Only those this user is a member of.
    pub user_id: Option<&'a str>,
    /// Only those this person is a member of, or whose organization they administer.
    pub seen_by: Option<&'a Sight>,
    /// Only this organization's.
    pub organization_id: Option<&'a str>,
    /// Only this one.
    pub team_id: Option<&'a str>,
    /// Part of a name.
    pub team_alias: Option<&'a str>,
    /// Part of a name or an id.
    pub search: Option<&'a str>,
}

/// Teams, the newest first.
///
/// # Errors
/// When the database is away.
pub async fn list(db: &impl ConnectionTrait, filter: &Filter<'_>, page: &PageOf) -> Result<Page<Model>, DbErr> {
    let joined = |user_id: &str| {
        let teams = team_member::Entity::find().select_only().column(team_member::Column::TeamId);
        Column::TeamId.in_subquery(teams.filter(team_member::Column::UserId.eq(user_id)).into_query())
    };
    let seen = |sight: &Sight| {
        let administered = Column::OrganizationId.is_in(&sight.organizations);
        Condition::any().add(joined(&sight.user_id)).add(administered)
    };
    let both = [Column::TeamAlias, Column::TeamId];
    let matching = Condition::all()
        .add_option(filter.user_id.map(joined))
        .add_option(filter.seen_by.map(seen))
        .add_option(filter.organization_id.map(|id| Column::OrganizationId.eq(id)))
        .add_option(filter.team_id.map(|id| Column::TeamId.eq(id)))
        .add_option(filter.team_alias.map(|text| contains_any(&[Column::TeamAlias], text)))
        .add_option(filter.search.map(|text| contains_any(&both, text)));
    page.read(db, Entity::find().filter(matching), &[Column::CreatedAt, Column::TeamId], Order::Desc).await
}

/// How many teams there are.
///
/// # Errors
/// When the database is away.
pub async fn count(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().count(db).await
}
