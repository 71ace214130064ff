//! The error at the edge and its one mapping to HTTP.
//!
//! `message` goes out; `source` goes to the log and never leaves.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;
use tollgate_openapi::error::{ErrorBody, ErrorEnvelope, ValidationError, ValidationErrors};

/// What handlers of every plane fail with.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Body,
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn Error + Send + Sync>>,
    /// Worded as Anthropic's clients expect it.
    is_anthropics: bool,
    /// The prompt is longer than the model reads.
    is_too_long: bool,
}

#[derive(Debug)]
enum Body {
    Envelope { kind: Cow<'static, str>, message: Cow<'static, str>, param: Option<Cow<'static, str>> },
    Validation(Vec<ValidationError>),
}

/// The result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An error of `status` with the envelope's `type` and `message`.
    pub fn new(status: StatusCode, kind: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            body: Body::Envelope { kind: kind.into(), message: message.into(), param: None },
            headers: Vec::new(),
            source: None,
            is_anthropics: false,
            is_too_long: false,
        }
    }

    /// 400: the request cannot be carried out as it is; `param` names the field.
    pub fn bad_request(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request_error", message).with_param(param)
    }

    /// 401: nobody, or nobody we know.
    pub fn unauthorized(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "auth_error", message)
    }

    /// 401: a key nobody was given.
    #[must_use]
    pub fn unknown_key() -> Self {
        let message = "Authentication Error, Invalid API key provided.";
        Self::new(StatusCode::UNAUTHORIZED, "token_not_found_in_db", message).with_param("key")
    }

    /// 401: a key that somebody blocked.
    #[must_use]
    pub fn blocked_key() -> Self {
        Self::unauthorized("Authentication Error, Key is blocked.")
    }

    /// 401: a key, shown as `key_name`, whose time ended at `expired_at`.
    #[must_use]
    pub fn expired_key(key_name: &str, expired_at: DateTime<Utc>) -> Self {
        let at = expired_at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let message = format!("Authentication Error - Expired Key. Key Expiry time {at}.");
        Self::new(StatusCode::UNAUTHORIZED, "expired_key", message).with_param(key_name.to_owned())
    }

    /// 403: known, but not allowed.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "auth_error", message)
    }

    /// 404: it does not exist, for this caller.
    pub fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found_error", message)
    }

    /// 422: the body or query does not fit the operation.
    #[must_use]
    pub const fn validation(problems: Vec<ValidationError>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            body: Body::Validation(problems),
            headers: Vec::new(),
            source: None,
            is_anthropics: false,
            is_too_long: false,
        }
    }

    /// 503: something we need is away; worth another try.
    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
    }

    /// 500: our fault. `source` is logged and nothing of it is shown.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal_server_error",
            "Internal error. The log has the details.",
        )
        .with_source(source)
    }

    /// Names the field or parameter at fault.
    #[must_use]
    pub fn with_param(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        if let Body::Envelope { param, .. } = &mut self.body {
            *param = Some(name.into());
        }
        self
    }

    /// Calls the field at fault what the client calls it, by `names` of one and the other; in the message, too.
    #[must_use]
    pub fn with_field_named_as(mut self, names: &[(&str, &'static str)]) -> Self {
        if let Body::Envelope { param: Some(param), message, .. } = &mut self.body
            && let Some((ours, theirs)) = names.iter().find(|(ours, _)| param == ours)
        {
            *message = message.replace(&format!("'{ours}'"), &format!("'{theirs}'")).into();
            *param = Cow::Borrowed(theirs);
        }
        self
    }

    /// Has OpenAI's code of a prompt that is too long in the place of the status.
    #[must_use]
    pub fn with_context_window_code(self) -> Self {
        Self { is_too_long: true, ..self }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Names the call, so that its log can be found.
    #[must_use]
    pub fn with_call_id(self, request_id: &str) -> Self {
        match HeaderValue::from_str(request_id) {
            Ok(value) => self.with_header(HeaderName::from_static("x-litellm-call-id"), value),
            Err(_) => self,
        }
    }

    /// Words it as Anthropic's clients expect it.
    #[must_use]
    pub fn in_anthropics_form(self) -> Self {
        Self { is_anthropics: true, ..self }
    }

    /// What Anthropic's SDKs act on: told that a conversation cannot be held for them, they send the whole of it.
    fn anthropic_details(&self) -> Option<serde_json::Value> {
        let Body::Envelope { param, .. } = &self.body else { return None };
        (param.as_deref() == Some("thread")).then(|| json!({ "error_code": "thread_unsupported_request" }))
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    fn code(&self) -> String {
        if self.is_too_long { "context_length_exceeded".to_owned() } else { self.status.as_u16().to_string() }
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The envelope's `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        match &self.body {
            Body::Envelope { kind, .. } => kind,
            Body::Validation(_) => "validation_error",
        }
    }

    /// The field or parameter at fault, where one is named.
    #[must_use]
    pub fn param(&self) -> Option<&str> {
        match &self.body {
            Body::Envelope { param, .. } => param.as_deref(),
            Body::Validation(_) => None,
        }
    }

    /// The text that goes out.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match &self.body {
            Body::Envelope { message, .. } => Cow::Borrowed(message),
            Body::Validation(problems) => {
                let each = problems.iter().map(|problem| format!("{}: {}", problem.loc.join("."), problem.msg));
                Cow::Owned(each.collect::<Vec<_>>().join("; "))
            }
        }
    }
}

/// Anthropic's word for an error of this status (API reference, "Errors").
#[must_use]
pub const fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 | 529 => "overloaded_error",
        504 => "timeout_error",
        400..=499 => "invalid_request_error",
        _ => "api_error",
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.status.as_u16(), self.kind(), self.message())
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| {
            let source: &(dyn Error + 'static) = source;
            source
        })
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        if let Some(source) = &self.source {
            tracing::error!(status = self.status.as_u16(), error = %source, "request failed");
        }
        let mut response = HttpResponse::build(self.status);
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        if self.is_anthropics {
            let mut error = json!({ "type": anthropic_type(self.status.as_u16()), "message": self.message() });
            if let (Some(fields), Some(details)) = (error.as_object_mut(), self.anthropic_details()) {
                fields.insert("details".to_owned(), details);
            }
            return response.json(json!({ "type": "error", "error": error }));
        }
        match &self.body {
            Body::Validation(detail) => response.json(ValidationErrors { detail: detail.clone() }),
            Body::Envelope { kind, message, param } => response.json(ErrorEnvelope {
                error: ErrorBody {
                    message: message.to_string(),
                    r#type: kind.to_string(),
                    param: param.as_deref().map(str::to_owned),
                    code: Some(self.code()),
                },
            }),
        }
    }
}
