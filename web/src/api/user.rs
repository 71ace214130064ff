//! Users.

use serde_json::Value;
use tollgate_openapi::paths;
use tollgate_openapi::user::password::{
    PasswordChange, PasswordChanged, PasswordForgot, PasswordForgotten, PasswordReset,
};
use tollgate_openapi::user::{
    UserCreate, UserCreated, UserDelete, UserInfo, UserInfoQuery, UserListQuery, UserPage, UserPatch, UserView,
    UsersDeleted,
};

use super::{ApiError, Listed, Seen, get, post, post_if};

pub(crate) async fn list(query: UserListQuery) -> Result<Listed<UserView>, ApiError> {
    let page: UserPage = get(paths::USER_LIST, &query).await?;
    Ok(Listed { rows: page.users, total: page.total })
}

pub(crate) async fn info(id: &str) -> Result<UserInfo, ApiError> {
    get(paths::USER_INFO, &UserInfoQuery { user_id: Some(id.to_owned()) }).await
}

pub(crate) async fn create(user: &UserCreate) -> Result<UserCreated, ApiError> {
    post(paths::USER_NEW, user).await
}

pub(crate) async fn update(patch: &UserPatch, seen: Seen) -> Result<(), ApiError> {
    let _: Value = post_if(paths::USER_UPDATE, seen, patch).await?;
    Ok(())
}

pub(crate) async fn delete(id: &str) -> Result<(), ApiError> {
    let _: UsersDeleted = post(paths::USER_DELETE, &UserDelete { user_ids: vec![id.to_owned()] }).await?;
    Ok(())
}

/// The reader's own password.
pub(crate) async fn change_password(change: &PasswordChange) -> Result<PasswordChanged, ApiError> {
    post(paths::USER_PASSWORD_CHANGE, change).await
}

pub(crate) async fn forgot_password(who: &PasswordForgot) -> Result<PasswordForgotten, ApiError> {
    post(paths::USER_PASSWORD_FORGOT, who).await
}

pub(crate) async fn reset_password(reset: &PasswordReset) -> Result<PasswordChanged, ApiError> {
    post(paths::USER_PASSWORD_RESET, reset).await
}
