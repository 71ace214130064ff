//! Keys of teams, users and organizations.

use sea_orm::entity::prelude::*;
use sea_orm::{DatabaseTransaction, QueryOrder, QuerySelect};

use super::list::within;
use super::{Column, Entity, Model};
use crate::db::Scope;

/// Whose keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A team's.
    Team(&'a str),
    /// A user's.
    User(&'a str),
    /// A user's in a team.
    Member {
        /// The team.
        team_id: &'a str,
        /// The user.
        user_id: &'a str,
    },
    /// An organization's own, besides those of its teams.
    Organization(&'a str),
    /// A user's in an organization, besides those in its teams.
    OrganizationMember {
        /// The organization.
        organization_id: &'a str,
        /// The user.
        user_id: &'a str,
    },
}

fn owned(owner: Owner<'_>) -> Select<Entity> {
    match owner {
        Owner::Team(id) => Entity::find().filter(Column::TeamId.eq(id)),
        Owner::User(id) => Entity::find().filter(Column::UserId.eq(id)),
        Owner::Organization(id) => Entity::find().filter(Column::OrganizationId.eq(id)),
        Owner::OrganizationMember { organization_id, user_id } => {
            Entity::find().filter(Column::OrganizationId.eq(organization_id)).filter(Column::UserId.eq(user_id))
        }
        Owner::Member { team_id, user_id } => {
            Entity::find().filter(Column::TeamId.eq(team_id)).filter(Column::UserId.eq(user_id))
        }
    }
}

/// The newest keys of an owner.
///
/// # Errors
/// When the database is away.
pub async fn newest(db: &impl ConnectionTrait, owner: Owner<'_>, limit: u64) -> Result<Vec<Model>, DbErr> {
    let sorted = owned(owner).order_by_desc(Column::CreatedAt).order_by_desc(Column::Token);
    sorted.limit(limit).all(db).await
}

/// All keys of an owner in the order of their hashes, kept from other writers until the transaction ends.
///
/// # Errors
/// When the database is away.
pub async fn all_for_update(transaction: &DatabaseTransaction, owner: Owner<'_>) -> Result<Vec<Model>, DbErr> {
    owned(owner).order_by_asc(Column::Token).lock_exclusive().all(transaction).await
}

/// Hash and owner of each of the keys of an owner, in the order of their hashes.
///
/// # Errors
/// When the database is away.
pub async fn tokens(db: &impl ConnectionTrait, owner: Owner<'_>) -> Result<Vec<(String, Option<String>)>, DbErr> {
    let columns = owned(owner).select_only().columns([Column::Token, Column::UserId]);
    columns.order_by_asc(Column::Token).into_tuple().all(db).await
}

/// Hashes after `last` in their order, at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn tokens_after(db: &impl ConnectionTrait, last: &str, limit: u64) -> Result<Vec<String>, DbErr> {
    let tokens = Entity::find().select_only().column(Column::Token).filter(Column::Token.gt(last));
    tokens.order_by_asc(Column::Token).limit(limit).into_tuple().all(db).await
}

/// How many keys each of the teams has.
///
/// # Errors
/// When the database is away.
pub async fn count_by_team(db: &impl ConnectionTrait, team_ids: &[String]) -> Result<Vec<(String, i64)>, DbErr> {
    count_by(db, &Scope::All, Column::TeamId, team_ids).await
}

/// How many keys that `scope` sees each of the users has.
///
/// # Errors
/// When the database is away.
pub async fn count_by_user(
    db: &impl ConnectionTrait,
    scope: &Scope,
    user_ids: &[String],
) -> Result<Vec<(String, i64)>, DbErr> {
    count_by(db, scope, Column::UserId, user_ids).await
}

async fn count_by(
    db: &impl ConnectionTrait,
    scope: &Scope,
    column: Column,
    ids: &[String],
) -> Result<Vec<(String, i64)>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let counted = Entity::find().select_only().column(column).column_as(Column::Token.count(), "keys");
    counted.filter(column.is_in(ids)).filter(within(scope)).group_by(column).into_tuple().all(db).await
}
