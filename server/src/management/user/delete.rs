//! `POST /user/delete`.

use actix_web::web;
use sea_orm::{DatabaseTransaction, ModelTrait};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::paths;
use tollgate_openapi::user::{UserDelete, UsersDeleted};

use super::NOT_FOUND;
use super::view::snapshot;
use crate::app::App;
use crate::auth::Principal;
use crate::db;
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::Json;
use crate::management::change::{Change, record};
use crate::management::team::leave;
use crate::management::{key, limit, organization};

/// Delete users
///
/// All of them or none, with their keys, memberships and sessions. Their calls and totals stay in the ledger.
#[utoipa::path(
    post,
    path = paths::USER_DELETE,
    operation_id = "user_delete",
    tag = "user",
    request_body = UserDelete,
    responses(
        (status = 200, description = "What was deleted", body = UsersDeleted),
        (status = 400, description = "A caller would delete themself", body = ErrorEnvelope),
        (status = 404, description = "One of the users does not exist; nobody was deleted", body = ErrorEnvelope),
    ),
)]
pub async fn delete(
    app: web::Data<App>,
    principal: Principal,
    body: Json<UserDelete>,
) -> ApiResult<web::Json<UsersDeleted>> {
    principal.authorize_all(Action::UserWrite)?;
    let mut user_ids = body.0.user_ids;
    if user_ids.contains(&principal.user_id) {
        return Err(ApiError::bad_request("user_ids", "You cannot delete yourself."));
    }
    // In one order, so that two deletions of the same users do not wait for each other.
    user_ids.sort_unstable();
    user_ids.dedup();
    let transaction = db::begin(&app.db).await?;
    let mut all_gone = Vec::with_capacity(user_ids.len());
    for user_id in &user_ids {
        all_gone.push(delete_one(&app, &transaction, &principal, user_id).await?);
    }
    transaction.commit().await?;
    user_ids.iter().zip(&all_gone).for_each(|(user_id, gone)| gone.settle(&app, user_id));
    let keys: usize = all_gone.iter().map(|gone| gone.keys.len()).sum();
    Ok(web::Json(UsersDeleted { deleted_keys: keys.try_into().unwrap_or(u64::MAX), deleted_users: user_ids }))
}

/// What went with a user.
#[derive(Debug)]
pub(in crate::management) struct Gone {
    keys: Vec<String>,
    team_members: Vec<String>,
    organization_members: Vec<String>,
}

impl Gone {
    /// Lets this node forget all of it, once the transaction is committed.
    pub(in crate::management) fn settle(&self, app: &App, user_id: &str) {
        key::delete::forget_all(app, &self.keys);
        self.team_members.iter().for_each(|id| limit::forget(app, limit::TEAM_MEMBER, id));
        self.organization_members.iter().for_each(|id| limit::forget(app, limit::ORGANIZATION_MEMBER, id));
        limit::forget(app, limit::USER, user_id);
    }
}

/// Deletes a user with all that is theirs, in its transaction.
pub(in crate::management) async fn delete_one(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user_id: &str,
) -> ApiResult<Gone> {
    let found = db::user::find_for_update(transaction, user_id).await?;
    let user = found.ok_or_else(|| ApiError::not_found(NOT_FOUND))?;
    let members = db::team_member::of_user(transaction, user_id).await?;
    let team_members = members.iter().map(db::team_member::Model::scope_id).collect();
    let mut keys = leave(app, transaction, principal, members).await?;
    let mut organization_members = Vec::new();
    for member in db::organization_member::of_user(transaction, user_id).await? {
        organization_members.push(organization::record_deleted(app, transaction, principal, member).await?);
    }
    let own = db::key::all_for_update(transaction, db::key::Owner::User(user_id)).await?;
    keys.extend(key::delete::delete_all(app, transaction, principal, &own).await?);
    let limits = limit::remove(app, transaction, limit::USER, user_id).await?;
    db::session::delete_of_user(transaction, user_id).await?;
    db::invitation::delete_of_user(transaction, user_id).await?;
    db::second_factor::delete(transaction, user_id).await?;
    db::access_token::delete_of_user(transaction, user_id).await?;
    db::report::delete_of_user(transaction, user_id).await?;
    db::password_reset::delete_of_user(transaction, user_id, app.clock.now()).await?;
    db::sso_identity::delete_of_user(transaction, user_id).await?;
    db::scim_user::delete(transaction, user_id).await?;
    let before = Some(snapshot(&user, &limits));
    user.delete(transaction).await?;
    let change = Change { action: "deleted", kind: "user", id: user_id, before, after: None };
    record(app, transaction, principal, change).await?;
    Ok(Gone { keys, team_members, organization_members })
}
