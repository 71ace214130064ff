//! What a directory calls teams.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::Query;
use sea_orm::{Condition, QueryOrder, QuerySelect};

use super::team;

/// One team.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "scim_groups")]
pub struct Model {
    /// The team.
    #[sea_orm(primary_key, auto_increment = false)]
    pub team_id: String,
    /// Id in the directory.
    pub external_id: Option<String>,
}

/// None: rows are joined where they are read.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

/// What the directory calls this team.
///
/// # Errors
/// When the database is away.
pub async fn find(db: &impl ConnectionTrait, team_id: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(team_id.to_owned()).one(db).await
}

/// What it calls each of the teams.
///
/// # Errors
/// When the database is away.
pub async fn find_many(db: &impl ConnectionTrait, team_ids: &[String]) -> Result<Vec<Model>, DbErr> {
    if team_ids.is_empty() {
        return Ok(Vec::new());
    }
    Entity::find().filter(Column::TeamId.is_in(team_ids)).all(db).await
}

/// Forgets what it called a team.
///
/// # Errors
/// When the database is away.
pub async fn delete(db: &impl ConnectionTrait, team_id: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(team_id.to_owned()).exec(db).await?;
    Ok(())
}

/// Which teams a directory asks for.
#[derive(Clone, Debug)]
pub enum Wanted<'a> {
    /// All.
    All,
    /// The one with this id.
    Id(&'a str),
    /// Those with this name.
    DisplayName(&'a str),
    /// Those with this id in the directory.
    ExternalId(&'a str),
}

/// Teams in the order of their ids, and how many there are on all pages.
///
/// # Errors
/// When the database is away.
pub async fn list(
    db: &impl ConnectionTrait,
    wanted: &Wanted<'_>,
    skip: u64,
    limit: u64,
) -> Result<(Vec<team::Model>, u64), DbErr> {
    let matching = match wanted {
        Wanted::All => Condition::all(),
        Wanted::Id(id) => Condition::all().add(team::Column::TeamId.eq(*id)),
        Wanted::DisplayName(name) => Condition::all().add(team::Column::TeamAlias.eq(*name)),
        Wanted::ExternalId(id) => {
            let mut ids = Query::select();
            ids.column(Column::TeamId).from(Entity).and_where(Column::ExternalId.eq(*id));
            Condition::all().add(team::Column::TeamId.in_subquery(ids))
        }
    };
    let found = team::Entity::find().filter(matching);
    let total = found.clone().count(db).await?;
    let rows = found.order_by_asc(team::Column::TeamId).offset(skip).limit(limit).all(db).await?;
    Ok((rows, total))
}
