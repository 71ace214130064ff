//! Why a call is refused or fails, and what the client is told.

mod limit;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use tollgate_openapi::money::NanoUsd;

use super::suitable::Unsuitable;
use crate::counters::Refusal;
use crate::crypto::NoKey;
use crate::domain::operation::Operation;
use crate::domain::provider::ProviderKind;
use crate::error::ApiError;
use crate::ledger::RefusingBudget;
use crate::policy::{Denial, Entity, EntityKind, PolicyError};
use crate::provider::openai::RequestError;
use crate::router::{RouteError, whole_seconds};

/// A refusal or failure of the data plane.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// No key was sent.
    #[error("no key")]
    NoKey(NoKey),
    /// The key is not known.
    #[error("unknown key")]
    UnknownKey,
    /// The key is blocked.
    #[error("blocked key")]
    BlockedKey,
    /// The key's time is over.
    #[error("expired key")]
    ExpiredKey {
        /// How the key is shown.
        key_name: String,
        /// When it ended.
        expired_at: chrono::DateTime<chrono::Utc>,
    },
    /// The key may not call the route.
    #[error("the key may not call {path}")]
    RouteNotAllowed {
        /// The route.
        path: String,
        /// What it may call.
        allowed: String,
    },
    /// The key is not in memory and the database is away.
    #[error("policy: {0}")]
    Policy(PolicyError),
    /// The key may not use the model.
    #[error("model {0} not allowed")]
    ModelNotAllowed(String),
    /// What the key belongs to, or the call is for, is blocked.
    #[error("{} {} is blocked", .0.kind.as_str(), .0.id)]
    Blocked(Arc<Entity>),
    /// What the key belongs to, or the call is for, may not use the model.
    #[error("model {model} not allowed for {} {}", .entity.kind.as_str(), .entity.id)]
    ModelNotAllowedFor {
        /// Who may not.
        entity: Arc<Entity>,
        /// Public name.
        model: String,
    },
    /// The body cannot be served as it is.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The body is longer than allowed.
    #[error("body over {0} bytes")]
    BodyTooLarge(usize),
    /// The client's body did not arrive.
    #[error("the body did not arrive: {0}")]
    BodyIncomplete(String),
    /// No deployment of the provider whose API was called.
    #[error("no deployment of {provider}")]
    NoProvider {
        /// Which.
        provider: ProviderKind,
    },
    /// The key is of certain models, and the path of the provider's API does not tell its model.
    #[error("no model in the path")]
    NoModelInPath,
    /// No deployment can serve the model.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// The model is there for something else.
    #[error("{model} cannot do {operation}")]
    WrongOperation {
        /// Public name.
        model: String,
        /// What was asked.
        operation: Operation,
        /// What it is for.
        mode: Option<String>,
    },
    /// No deployment of the model suits the call.
    #[error("no deployment suits the call: {0:?}")]
    Unsuitable(Unsuitable),
    /// A limit does not allow the call.
    #[error("limit exceeded")]
    LimitExceeded {
        /// Which scope, and why.
        refusal: Box<Refusal>,
        /// How the scope is shown.
        name: Arc<str>,
        /// The least the call may cost.
        estimate: NanoUsd,
        /// Status of a refusal for money.
        budget_status: StatusCode,
        /// Now, to say how long until the window ends.
        now: chrono::DateTime<chrono::Utc>,
    },
    /// The provider could not be reached or broke off.
    #[error("provider: {reason}")]
    ProviderUnreachable {
        /// What happened, for the log.
        reason: String,
    },
    /// The provider did not answer in time.
    #[error("provider timed out after {after:?}")]
    ProviderTimeout {
        /// How long it was given.
        after: Duration,
    },
    /// The process is shutting down.
    #[error("draining")]
    Draining,
    /// Settled calls cannot be written to disk.
    #[error("the spool takes no events")]
    SpoolFailed,
}

impl GatewayError {
    /// The refusal of a call to `model`.
    pub fn denied(denial: Denial, model: &str) -> Self {
        match denial {
            Denial::KeyModel => Self::ModelNotAllowed(model.to_owned()),
            Denial::Blocked(entity) => Self::Blocked(entity),
            Denial::Model(entity) => Self::ModelNotAllowedFor { entity, model: model.to_owned() },
        }
    }
}

impl From<PolicyError> for GatewayError {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Unknown => Self::UnknownKey,
            PolicyError::Database(_) => Self::Policy(error),
        }
    }
}

impl GatewayError {
    /// The budget that has nothing left for the call, if that is why it is refused.
    pub(super) fn refusing_budget(&self) -> Option<RefusingBudget> {
        match self {
            Self::LimitExceeded { refusal, .. } => limit::refusing_budget(refusal),
            _ => None,
        }
    }
}

impl From<GatewayError> for ApiError {
    fn from(error: GatewayError) -> Self {
        use GatewayError as E;
        match error {
            E::NoKey(reason) => Self::from(reason),
            E::UnknownKey => Self::unknown_key(),
            E::BlockedKey => Self::blocked_key(),
            E::ExpiredKey { key_name, expired_at } => Self::expired_key(&key_name, expired_at),
            E::RouteNotAllowed { path, allowed } => {
                Self::forbidden(format!("The key may not call {path}. Its allowed_routes are {allowed}."))
            }
            E::Policy(source) => {
                let message = "The key or its limits cannot be looked up: the database is away. Try again.";
                Self::unavailable(message).with_source(source)
            }
            E::ModelNotAllowed(model) => Self::new(
                StatusCode::FORBIDDEN,
                "key_model_access_denied",
                format!(
                    "The requested model '{model}' is not available for this API key, or the model name is invalid. \
                     GET /v1/models lists what the key may use."
                ),
            )
            .with_param("model"),
            E::Blocked(entity) => blocked(&entity),
            E::ModelNotAllowedFor { entity, model } => model_not_allowed(&entity, &model),
            E::Request(RequestError { param, message }) => {
                let error = invalid(message);
                match param {
                    Some(param) => error.with_param(param),
                    None => error,
                }
            }
            E::BodyTooLarge(limit) => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "invalid_request_error",
                format!("The request body is longer than {limit} bytes, the limit of this gateway."),
            ),
            E::BodyIncomplete(_) => invalid("The request body did not arrive whole."),
            E::NoProvider { provider } => Self::not_found(format!(
                "No deployment of the provider {provider} can be called, whose credentials this path would need."
            )),
            E::NoModelInPath => Self::forbidden(
                "This path of the provider's API names no model, and the key may only use certain models.",
            ),
            E::Route(error) => route(&error),
            E::WrongOperation { model, operation, mode } => {
                let mode = mode.map(|mode| format!(" (its mode is {mode})")).unwrap_or_default();
                let wanted = "GET /v1/models lists the models this key may use.";
                invalid(format!("The model '{model}' does not do {operation}{mode}. {wanted}")).with_param("model")
            }
            E::Unsuitable(reason) => unsuitable(reason),
            E::LimitExceeded { refusal, name, estimate, budget_status, now } => {
                limit::error(&refusal, &name, estimate, budget_status, now)
            }
            E::ProviderUnreachable { reason } => {
                let message = "The provider could not be reached, or gave no answer that can be read.";
                Self::new(StatusCode::BAD_GATEWAY, "api_connection_error", message).with_source(reason)
            }
            E::ProviderTimeout { after } => Self::new(
                StatusCode::GATEWAY_TIMEOUT,
                "timeout_error",
                format!("The provider did not answer within {} seconds.", after.as_secs_f64()),
            ),
            E::Draining => retry_soon("This gateway is shutting down. Try again."),
            E::SpoolFailed => retry_soon(
                "This gateway cannot record calls: its disk is full or broken, or too many wait for its database.",
            ),
        }
    }
}

fn unsuitable(reason: Unsuitable) -> ApiError {
    match reason {
        Unsuitable::Tags => ApiError::unauthorized("Not allowed to access model due to tags configuration"),
        Unsuitable::Region(region) => ApiError::forbidden(format!(
            "The customer of this call may only be served in the region '{}', and no deployment of the model is known to \
             run there.",
            region.as_str()
        ))
        .with_param("user"),
        Unsuitable::TooLong { tokens, limit } => invalid(format!(
            "The prompt has {tokens} tokens, and no deployment of the model reads more than {limit}."
        ))
        .with_context_window_code(),
    }
}

fn invalid(message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
}

/// LiteLLM's refusals: of a blocked team as if its keys were no good, of a blocked customer as not allowed.
fn blocked(entity: &Entity) -> ApiError {
    let (kind, name) = (limit::label(entity.kind.as_str()), &entity.account.whole.name);
    match entity.kind {
        EntityKind::Customer => ApiError::forbidden(format!("{kind}={name} is blocked.")),
        _ => ApiError::unauthorized(format!("Authentication Error, {kind}={name} is blocked.")),
    }
}

fn model_not_allowed(entity: &Entity, model: &str) -> ApiError {
    let kind = if entity.kind == EntityKind::Organization { "org" } else { entity.kind.as_str() };
    let message = format!(
        "The requested model '{model}' is not available for the {} {}, or the model name is invalid. \
         GET /v1/models lists what the key may use.",
        entity.kind.as_str(),
        entity.account.whole.name,
    );
    ApiError::new(StatusCode::FORBIDDEN, format!("{kind}_model_access_denied"), message).with_param("model")
}

fn retry_soon(message: &'static str) -> ApiError {
    ApiError::unavailable(message).with_header(RETRY_AFTER, HeaderValue::from_static("1"))
}

fn route(error: &RouteError) -> ApiError {
    match error {
        RouteError::UnknownModel(_) => invalid(error.to_string()).with_param("model"),
        RouteError::Unavailable { .. } => ApiError::unavailable(error.to_string()).with_param("model"),
        RouteError::Full { room_in, .. } => {
            let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_error", error.to_string());
            error.with_header(RETRY_AFTER, HeaderValue::from(whole_seconds(*room_in)))
        }
        RouteError::Exhausted(_) => ApiError::new(StatusCode::TOO_MANY_REQUESTS, "None", error.to_string()),
    }
}
