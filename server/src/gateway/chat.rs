//! `POST /v1/chat/completions` and its other spellings: OpenAI's protocol.

use actix_web::{HttpRequest, HttpResponse, web};

use super::client::Client;
use super::upstream::Upstream;
use super::{Gateway, converse};
use crate::error::ApiError;

/// Answers a chat completion, streamed or whole.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub async fn chat_completions(
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, ApiError> {
    converse::converse(Client::Chat, http, payload, gateway.into_inner(), &upstream).await
}
