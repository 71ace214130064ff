//! Refusals in SCIM's form (RFC 7644, 3.12).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use sea_orm::DbErr;
use serde_json::json;

use super::answer;
use crate::error::ApiError;

/// What directories are refused with.
#[derive(Debug)]
pub(in crate::management) struct ScimError {
    status: StatusCode,
    kind: Option<&'static str>,
    detail: String,
}

/// The result of a handler.
pub(super) type ScimResult<T> = Result<T, ScimError>;

impl ScimError {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into() }
    }

    /// 400 of one of SCIM's kinds.
    pub(super) fn invalid(kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: Some(kind), detail: detail.into() }
    }

    /// 409: somebody else has it already.
    pub(super) fn taken(detail: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, kind: Some("uniqueness"), detail: detail.into() }
    }

    /// 404.
    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("There is no {kind} with the id '{id}'."))
    }
}

impl From<ApiError> for ScimError {
    fn from(error: ApiError) -> Self {
        if let Some(source) = std::error::Error::source(&error) {
            tracing::error!(%source, "a request of a directory failed");
        }
        let kind = match error.status() {
            StatusCode::CONFLICT => Some("uniqueness"),
            StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Some("invalidValue"),
            _ => None,
        };
        let status =
            if error.status() == StatusCode::UNPROCESSABLE_ENTITY { StatusCode::BAD_REQUEST } else { error.status() };
        Self { status, kind, detail: error.message().into_owned() }
    }
}

impl From<DbErr> for ScimError {
    fn from(error: DbErr) -> Self {
        Self::from(ApiError::from(error))
    }
}

impl fmt::Display for ScimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.detail)
    }
}

impl ResponseError for ScimError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
            // RFC 7644 has the status as text.
            "status": self.status.as_u16().to_string(),
            "detail": self.detail,
        });
        if let (Some(kind), Some(members)) = (self.kind, body.as_object_mut()) {
            members.insert("scimType".to_owned(), kind.into());
        }
        answer(self.status).body(body.to_string())
    }
}
