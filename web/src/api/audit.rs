//! Who changed what.

use tollgate_openapi::audit::{AuditEntry, AuditPage, AuditQuery};
use tollgate_openapi::paths;

use super::{ApiError, get};
use crate::url::encode;

pub(crate) async fn list(query: AuditQuery) -> Result<AuditPage, ApiError> {
    get(paths::AUDIT_LIST, &query).await
}

pub(crate) async fn info(id: &str) -> Result<AuditEntry, ApiError> {
    get(&paths::AUDIT_INFO.replace("{id}", &encode(id)), &()).await
}
