//! `POST /user/update`.

use actix_web::web;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, IntoActiveModel, Iterable};
use tollgate_openapi::error::ErrorEnvelope;
use tollgate_openapi::patch::Patch;
use tollgate_openapi::paths;
use tollgate_openapi::user::{UserPatch, UserUpdated};

use super::make::conflict;
use super::view::{snapshot, view};
use super::{NOT_FOUND, rules};
use crate::app::App;
use crate::auth::{Principal, password};
use crate::db::user::{ActiveModel, Column, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::domain::permission::Action;
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, announce, record};
use crate::management::limit::{self, Wanted};
use crate::management::rules::keep;
use crate::management::{IfMatch, Json};

/// Change a user
///
/// Only what is sent changes; `null` clears.
#[utoipa::path(
    post,
    path = paths::USER_UPDATE,
    operation_id = "user_update",
    tag = "user",
    request_body = UserPatch,
    responses(
        (status = 200, description = "The user as they are now", body = UserUpdated),
        (status = 400, description = "No user is named, or a value will not do", body = ErrorEnvelope),
        (status = 404, description = "There is no such user", body = ErrorEnvelope),
        (status = 409, description = "The e-mail address exists already", body = ErrorEnvelope),
    ),
)]
pub async fn update(
    app: web::Data<App>,
    principal: Principal,
    seen: IfMatch,
    body: Json<UserPatch>,
) -> ApiResult<web::Json<UserUpdated>> {
    let mut body = body.0;
    principal.authorize_all(Action::UserWrite)?;
    rules::check_patch(&body)?;
    // Off the transaction: it takes a while.
    let password_hash = match body.password.take() {
        Some(secret) => Some(accept(&app, &body, secret).await?),
        None => None,
    };
    let transaction = db::begin(&app.db).await?;
    let before = find_named(&transaction, &mut body).await?;
    seen.check(before.updated_at)?;
    let wanted = Wanted {
        limits: std::mem::take(&mut body.limits),
        budget_id: std::mem::take(&mut body.budget_id),
        spend: body.spend,
    };
    if body.blocked == Some(true) && before.user_id == principal.user_id {
        return Err(ApiError::bad_request("blocked", "You cannot block yourself."));
    }
    let mut after = patched(before.clone(), body);
    after.updated_at = stored_time(app.clock.now());
    if password_hash.is_some() {
        after.password_hash = password_hash;
    }
    if after.blocked || after.password_hash != before.password_hash {
        db::session::delete_of_user(&transaction, &after.user_id).await?;
        db::password_reset::delete_of_user(&transaction, &after.user_id, after.updated_at).await?;
    }
    let mut row: ActiveModel = after.clone().into_active_model();
    Column::iter().filter(|column| !matches!(column, Column::UserId)).for_each(|column| row.reset(column));
    row.update(&transaction).await.map_err(|error| conflict(error, &after))?;
    let limits = limit::set(&app, &transaction, limit::USER, &after.user_id, wanted).await?;
    let change = Change {
        action: "updated",
        kind: "user",
        id: &after.user_id,
        before: Some(snapshot(&before, &limits.before)),
        after: Some(snapshot(&after, &limits.after)),
    };
    record(&app, &transaction, &principal, change).await?;
    transaction.commit().await?;
    announce(&app, "user", &after.user_id);
    app.counters.correct(limits.corrections).await;
    Ok(web::Json(UserUpdated { user_id: after.user_id.clone(), data: view(&app, after).await? }))
}

async fn accept(app: &App, body: &UserPatch, secret: String) -> ApiResult<String> {
    let about = [&body.user_id, &body.user_email.as_set().cloned(), &body.user_alias.as_set().cloned()];
    let about = about.into_iter().flatten().cloned().collect();
    password::accept("password", secret, app.identity.settings.password_chars_min, about).await
}

/// The user that the body names. Where both are sent, the id names the user and the address is their new one.
async fn find_named(transaction: &DatabaseTransaction, body: &mut UserPatch) -> ApiResult<Model> {
    let found = match (&body.user_id, body.user_email.as_set()) {
        (Some(user_id), _) => db::user::find_for_update(transaction, user_id).await?,
        (None, Some(email)) => {
            let found = db::user::find_by_email(transaction, email).await?;
            body.user_email = Patch::Absent;
            match found {
                Some(user) => db::user::find_for_update(transaction, &user.user_id).await?,
                None => None,
            }
        }
        (None, None) => {
            return Err(ApiError::bad_request("user_id", "One of user_id and user_email is required."));
        }
    };
    found.ok_or_else(|| ApiError::not_found(NOT_FOUND))
}

fn patched(mut user: Model, body: UserPatch) -> Model {
    body.user_email.apply(&mut user.user_email);
    user.user_email = user.user_email.map(|email| email.to_lowercase());
    body.user_alias.apply(&mut user.user_alias);
    if let Some(role) = body.user_role {
        role.as_str().clone_into(&mut user.user_role);
    }
    user.blocked = body.blocked.unwrap_or(user.blocked);
    if !body.models.is_absent() {
        user.models = Strings(body.models.as_set().cloned().unwrap_or_default());
    }
    if !body.metadata.is_absent() {
        user.metadata = JsonMap(body.metadata.as_set().cloned().unwrap_or_default());
    }
    keep(&mut user.other, body.other);
    user
}
