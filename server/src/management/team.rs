//! Teams and their members.

pub mod block;
pub mod create;
pub mod delete;
mod join;
pub mod member_add;
pub mod member_delete;
pub mod member_update;
pub mod read;
mod rules;
pub mod update;
pub(super) mod view;

use sea_orm::ConnectionTrait;
use tollgate_openapi::team::MemberRole;

use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Relation;
use crate::error::ApiResult;

pub(super) use join::{Joining, join, leave};

/// What refusals call a team that does not exist, or not for the caller.
const NOT_FOUND: &str = "Team not found.";
/// Members shown of a page of teams.
const MEMBERS_SHOWN_MAX: u64 = 10_000;

/// How the caller stands to a team.
async fn relation_to(db: &impl ConnectionTrait, principal: &Principal, team_id: &str) -> ApiResult<Relation> {
    let membership = db::team_member::find(db, team_id, &principal.user_id).await?;
    Ok(match membership.map(|membership| MemberRole::from_name(&membership.role)) {
        Some(MemberRole::Admin) => Relation::Team,
        Some(MemberRole::User) => Relation::Member,
        None => Relation::None,
    })
}
