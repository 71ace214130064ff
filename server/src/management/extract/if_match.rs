//! `If-Match` (RFC 9110, 13.1.1): a change that is made only to what its author has seen.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest};
use chrono::{DateTime, Utc};

use crate::error::{ApiError, ApiResult};

/// The `updated_at` of what the caller has seen; none: they do not say.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(Option<DateTime<Utc>>);

impl IfMatch {
    /// For callers who say nothing.
    pub const ANYTHING: Self = Self(None);

    /// Goes on where nobody has changed what the caller has seen.
    ///
    /// # Errors
    /// 412 where somebody has.
    pub fn check(self, updated_at: DateTime<Utc>) -> ApiResult<()> {
        if self.0.is_none_or(|seen| seen == updated_at) {
            return Ok(());
        }
        let message = format!(
            "This was changed at {} after you read it. Nothing was overwritten: look at it again, then change it.",
            updated_at.format("%Y-%m-%d %H:%M:%S UTC")
        );
        Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "conflict", message).with_param("If-Match"))
    }
}

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(header) = request.headers().get(IF_MATCH) else { return ready(Ok(Self(None))) };
        let refusal = || {
            let message = "If-Match: expected the updated_at of what is to be changed, in quotation marks, or *";
            ApiError::bad_request("If-Match", message)
        };
        ready(header.to_str().ok().and_then(parse).map(Self).ok_or_else(refusal))
    }
}

/// `None`: no such header means anything here.
fn parse(header: &str) -> Option<Option<DateTime<Utc>>> {
    if header.trim() == "*" {
        return Some(None);
    }
    let time = header.trim().strip_prefix('"')?.strip_suffix('"')?;
    DateTime::parse_from_rfc3339(time).ok().map(|time| Some(time.to_utc()))
}
