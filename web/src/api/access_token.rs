//! The reader's access tokens.

use tollgate_openapi::access_token::{
    AccessTokenCreate, AccessTokenCreated, AccessTokenDelete, AccessTokenList, AccessTokenListQuery, AccessTokenView,
};
use tollgate_openapi::paths;

use super::{ApiError, get, post};

pub(crate) async fn list() -> Result<AccessTokenList, ApiError> {
    get(paths::ACCESS_TOKEN_LIST, &AccessTokenListQuery::default()).await
}

pub(crate) async fn create(body: &AccessTokenCreate) -> Result<AccessTokenCreated, ApiError> {
    post(paths::ACCESS_TOKEN_NEW, body).await
}

pub(crate) async fn delete(token_id: String) -> Result<AccessTokenView, ApiError> {
    post(paths::ACCESS_TOKEN_DELETE, &AccessTokenDelete { token_id }).await
}
