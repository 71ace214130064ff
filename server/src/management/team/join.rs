//! Users who join and leave teams.

use actix_web::http::StatusCode;
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, ModelTrait};
use tollgate_openapi::team::Member;

use super::view::member_snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db::team_member::{Entity, Model};
use crate::db::{self, JsonMap, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::limit::{self, Wanted, Windows};
use crate::management::user::{self, Named};
use crate::management::{key, organization};

/// What members join, and on what terms.
#[derive(Debug)]
pub(in crate::management) struct Joining<'a> {
    /// The team.
    pub(in crate::management) team_id: &'a str,
    /// Limits of each of them within the team.
    pub(in crate::management) wanted: Wanted,
    /// Fields that are only kept.
    pub(in crate::management) other: JsonMap,
}

/// Makes users members of a team, in its transaction. Those who do not exist yet are made.
pub(in crate::management) async fn join(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    joining: Joining<'_>,
    members: Vec<Member>,
) -> ApiResult<Vec<Model>> {
    let team = db::team::find(transaction, joining.team_id).await?;
    let organization_id = team.as_ref().and_then(|team| team.organization_id.as_deref());
    let mut joined = Vec::with_capacity(members.len());
    for member in members {
        let named = Named { user_id: member.user_id.as_deref(), user_email: member.user_email.as_deref() };
        let user = user::find_or_make(app, transaction, principal, named, organization_id).await?;
        // Whose calendar the user's windows follow is a matter of their teams.
        let windows = Windows::of_one(app, transaction, limit::USER, &user.user_id).await?;
        let row = Model {
            team_id: joining.team_id.to_owned(),
            user_id: user.user_id,
            role: member.role.as_str().to_owned(),
            created_at: stored_time(app.clock.now()),
            other: joining.other.clone(),
        };
        let inserted = Entity::insert(row.clone().into_active_model()).exec_without_returning(transaction).await;
        inserted.map_err(|error| already_in(error, &row))?;
        let id = row.scope_id();
        let limits = limit::set(app, transaction, limit::TEAM_MEMBER, &id, joining.wanted.clone()).await?;
        Windows::carry_all(app, transaction, &[windows]).await?;
        let after = Some(member_snapshot(&row, &limits.after));
        let change = Change { action: "created", kind: "team_member", id: &id, before: None, after };
        record(app, transaction, principal, change).await?;
        joined.push(row);
    }
    if let Some(organization_id) = organization_id {
        let user_ids = joined.iter().map(|member| member.user_id.clone());
        organization::join_missing(app, transaction, principal, organization_id, user_ids.collect()).await?;
    }
    Ok(joined)
}

/// Ends memberships, in their transaction: with their limits, and the keys that the users have in the teams. Tells which
/// keys those were.
pub(in crate::management) async fn leave(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    members: Vec<Model>,
) -> ApiResult<Vec<String>> {
    let mut deleted = Vec::new();
    for member in members {
        let windows = Windows::of_one(app, transaction, limit::USER, &member.user_id).await?;
        let owner = db::key::Owner::Member { team_id: &member.team_id, user_id: &member.user_id };
        let keys = db::key::all_for_update(transaction, owner).await?;
        deleted.extend(key::delete::delete_all(app, transaction, principal, &keys).await?);
        let id = member.scope_id();
        let limits = limit::remove(app, transaction, limit::TEAM_MEMBER, &id).await?;
        let before = Some(member_snapshot(&member, &limits));
        member.delete(transaction).await?;
        Windows::carry_all(app, transaction, &[windows]).await?;
        let change = Change { action: "deleted", kind: "team_member", id: &id, before, after: None };
        record(app, transaction, principal, change).await?;
    }
    Ok(deleted)
}

/// The member that a body names by id or e-mail address.
pub(super) async fn find_named(
    db: &impl ConnectionTrait,
    team_id: &str,
    user_id: Option<&str>,
    user_email: Option<&str>,
) -> ApiResult<Model> {
    let found = match user::id_of(db, user_id, user_email).await? {
        Some(user_id) => db::team_member::find(db, team_id, &user_id).await?,
        None => None,
    };
    let field = if user_email.is_some() { "user_email" } else { "user_id" };
    found.ok_or_else(|| ApiError::bad_request(field, "The user is not in the team."))
}

fn already_in(error: sea_orm::DbErr, member: &Model) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::TeamMember) => {
            let message = format!("The user '{}' is in the team already.", member.user_id);
            ApiError::new(StatusCode::BAD_REQUEST, "team_member_already_in_team", message).with_param("user_id")
        }
        _ => error.into(),
    }
}
