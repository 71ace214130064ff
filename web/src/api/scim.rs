//! Tokens of directories.

use tollgate_openapi::paths;
use tollgate_openapi::scim::{ScimTokenCreate, ScimTokenCreated, ScimTokenDelete, ScimTokenView};

use super::{ApiError, get, post};

pub(crate) async fn list() -> Result<Vec<ScimTokenView>, ApiError> {
    get(paths::SCIM_TOKEN_LIST, &()).await
}

pub(crate) async fn create(name: String) -> Result<ScimTokenCreated, ApiError> {
    post(paths::SCIM_TOKEN_NEW, &ScimTokenCreate { name }).await
}

pub(crate) async fn delete(token_id: String) -> Result<ScimTokenView, ApiError> {
    post(paths::SCIM_TOKEN_DELETE, &ScimTokenDelete { token_id }).await
}
