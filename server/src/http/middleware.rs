//! What every request and answer passes, whatever the route.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web;

use crate::error::ApiError;

/// The most the headers of a request may take, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeaderLimit(pub(super) u64);

/// Headers of every answer that a browser might show.
const SECURITY_HEADERS: [(&str, &str); 2] = [("x-content-type-options", "nosniff"), ("referrer-policy", "same-origin")];

/// Refuses oversized heads, and adds security headers.
pub(super) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let limit = request.app_data::<web::Data<HeaderLimit>>().map_or(u64::MAX, |limit| limit.0);
    if u64::try_from(size).unwrap_or(u64::MAX) > limit {
        let message = format!("The request's headers take more than {limit} bytes, the limit of this gateway.");
        let error = ApiError::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "invalid_request_error", message);
        return Err(error.into());
    }
    let mut response = next.call(request).await?;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}
