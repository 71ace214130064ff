//! Who is signed in, and where.

use serde_json::{Map, Value};
use tollgate_openapi::paths;
use tollgate_openapi::session::{
    SessionCreate, SessionList, SessionListQuery, SessionRevoke, SessionView, SessionsRevoked,
};

use super::{ApiError, get, post};

pub(crate) async fn info() -> Result<SessionView, ApiError> {
    get(paths::SESSION_INFO, &()).await
}

pub(crate) async fn create(session: &SessionCreate) -> Result<SessionView, ApiError> {
    post(paths::SESSION_NEW, session).await
}

pub(crate) async fn delete() -> Result<(), ApiError> {
    let _: Value = post(paths::SESSION_DELETE, &Map::new()).await?;
    Ok(())
}

/// The reader's own sessions.
pub(crate) async fn list() -> Result<SessionList, ApiError> {
    get(paths::SESSION_LIST, &SessionListQuery::default()).await
}

pub(crate) async fn revoke(which: &SessionRevoke) -> Result<SessionsRevoked, ApiError> {
    post(paths::SESSION_REVOKE, which).await
}
