//! `POST /v1/messages` and `/v1/messages/count_tokens`: Anthropic's protocol, whoever serves the model.
//!
//! Where that is Anthropic, bodies pass through; everybody else is sent OpenAI's form of the call, or its own.
//! Source: Anthropic's API reference, version 2023-06-01.

pub(super) mod answer;
pub(super) mod request;
pub(super) mod stream;
#[cfg(test)]
mod tests;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::client::Client;
use super::error::GatewayError;
use super::incoming::Incoming;
use super::upstream::Upstream;
use super::{Gateway, authenticate, call, converse};
use crate::error::ApiError;
use crate::provider::tokens;

/// Answers a message, streamed or whole.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub async fn messages(
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, ApiError> {
    let answer = converse::converse(Client::Messages, http, payload, gateway.into_inner(), &upstream).await;
    answer.map_err(|error| Client::Messages.error(error))
}

/// How many tokens a message has, as an estimate: nobody is called and nothing is charged.
///
/// # Errors
/// When the caller may not use the model, or the body is wrong.
pub async fn count_tokens(
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
) -> Result<HttpResponse, ApiError> {
    let counted = count(http, payload, &gateway).await;
    counted.map_err(|error| Client::Messages.error(error))
}

async fn count(http: HttpRequest, payload: web::Payload, gateway: &Gateway) -> Result<HttpResponse, ApiError> {
    let policy = authenticate::authenticate(gateway, http.path(), http.headers()).await?;
    let body = call::read_body(payload, gateway.settings.load().max_body_bytes).await?;
    let incoming = Incoming::messages(body).map_err(GatewayError::from)?;
    let asked_for = &incoming.request.model;
    let model = gateway.model_of_alias(asked_for).unwrap_or_else(|| asked_for.clone());
    let policy = gateway.policy.call(policy, None, &[]).await.map_err(GatewayError::from)?;
    let allowed = policy.check(&model).or_else(|denial| policy.check(asked_for).map_err(|_| denial));
    allowed.map_err(|denial| GatewayError::denied(denial, asked_for))?;
    let deployments = gateway.router.callable(&model).map_err(GatewayError::from)?;
    let upstream_model = deployments.first().map(|one| one.upstream_model.to_string()).unwrap_or_default();
    let counting = web::block(move || tokens::count_prompt(&incoming.body, &upstream_model)).await;
    let input_tokens = counting.map_err(ApiError::internal)?;
    Ok(HttpResponse::Ok().json(json!({ "input_tokens": input_tokens })))
}
