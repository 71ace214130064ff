//! New users, whoever has need of them.

use actix_web::http::StatusCode;
use sea_orm::{DatabaseTransaction, EntityTrait, IntoActiveModel};
use tollgate_openapi::session::UserRole;

use super::view::snapshot;
use crate::app::App;
use crate::auth::{DEFAULT_USER_ID, Principal};
use crate::db::user::{Entity, Model};
use crate::db::{self, JsonMap, Strings, stored_time};
use crate::error::{ApiError, ApiResult};
use crate::management::change::{Change, record};
use crate::management::limit::{self, Wanted};

/// A user of whom nothing but the name is known.
pub(in crate::management) fn blank(app: &App, user_id: String, user_email: Option<String>) -> Model {
    let now = stored_time(app.clock.now());
    Model {
        user_id,
        user_email: user_email.map(|email| email.to_lowercase()),
        user_role: UserRole::InternalUser.as_str().to_owned(),
        password_hash: None,
        created_at: now,
        updated_at: now,
        user_alias: None,
        models: Strings::default(),
        metadata: JsonMap::default(),
        other: JsonMap::default(),
        blocked: false,
    }
}

/// Makes a user, in the transaction of whatever needs one.
pub(in crate::management) async fn make(
    app: &App,
    transaction: &DatabaseTransaction,
    principal: &Principal,
    user: Model,
    wanted: Wanted,
) -> ApiResult<Model> {
    if user.user_id == DEFAULT_USER_ID {
        return Err(exists("user_id", &user.user_id));
    }
    let inserted = Entity::insert(user.clone().into_active_model()).exec_without_returning(transaction).await;
    inserted.map_err(|error| conflict(error, &user))?;
    let limits = limit::set(app, transaction, limit::USER, &user.user_id, wanted).await?;
    let after = Some(snapshot(&user, &limits.after));
    let change = Change { action: "created", kind: "user", id: &user.user_id, before: None, after };
    record(app, transaction, principal, change).await?;
    Ok(user)
}

/// A uniqueness that the write ran into, told to the caller; the database decides, so that no race passes.
pub(super) fn conflict(error: sea_orm::DbErr, user: &Model) -> ApiError {
    match db::violation(&error) {
        Some(db::Violation::UserId) => exists("user_id", &user.user_id),
        Some(db::Violation::UserEmail) => exists("user_email", user.user_email.as_deref().unwrap_or_default()),
        _ => error.into(),
    }
}

/// LiteLLM's status.
fn exists(field: &'static str, value: &str) -> ApiError {
    let message = format!("A user with the {field} '{value}' exists already.");
    ApiError::new(StatusCode::CONFLICT, "bad_request_error", message).with_param(field)
}
