//! `POST /v1/completions` and its other spellings: OpenAI's older protocol, in which a text is gone on with.
//!
//! Models made for it, and servers known to have it, are sent the call as it came; all others a conversation of one
//! message. Source: OpenAI's API reference, "Completions".

pub(super) mod answer;
pub(super) mod request;
#[cfg(test)]
mod tests;

use actix_web::{HttpRequest, HttpResponse, web};

use super::client::Client;
use super::upstream::Upstream;
use super::{Gateway, converse};
use crate::domain::operation::Operation;
use crate::domain::provider::ProviderKind;
use crate::error::ApiError;
use crate::provider::task::TaskEndpoint;
use crate::router::Deployment;
use crate::router::deployment::Target;

/// Providers whose servers have it for all models.
const HAVE_IT: [ProviderKind; 5] = [
    ProviderKind::OpenAiCompatible,
    ProviderKind::HostedVllm,
    ProviderKind::HuggingFace,
    ProviderKind::TogetherAi,
    ProviderKind::FireworksAi,
];

/// Goes on with a text, streamed or whole.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub async fn completions(
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, ApiError> {
    converse::converse(Client::Completions, http, payload, gateway.into_inner(), &upstream).await
}

/// Where `deployment` goes on with a text as it is; `None` where that has to be a conversation.
pub(super) fn endpoint(deployment: &Deployment) -> Option<&TaskEndpoint> {
    let Target::Provider(endpoint) = &deployment.target else { return None };
    let is_made_for_it = deployment.mode() == Some("completion");
    endpoint.task(Operation::Completion).filter(|_| is_made_for_it || HAVE_IT.contains(&deployment.provider))
}
