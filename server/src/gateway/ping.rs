//! Whether a deployment answers at all.

use bytes::Bytes;
use serde_json::json;

use super::exchange::Exchange;
use super::incoming::Incoming;
use super::route::{Attempt, Outgoing, Said, Source};
use super::task::request::TaskRequest;
use super::upstream::{Upstream, UpstreamFailure};
use crate::config::HealthCheckConfig;
use crate::domain::operation::Operation;
use crate::provider::chat::AnswerHead;
use crate::provider::openai::{Answer, RequestError};
use crate::router::{Deployment, Failure};

/// What a deployment answered.
#[derive(Debug, Default)]
pub struct Pong {
    /// What it told of its usage.
    pub answer: Answer,
}

/// Asks a deployment for the least of what its model does: a few tokens, one short embedding, one picture.
///
/// # Errors
/// When it does not answer; the failure says why.
pub async fn ping(deployment: &Deployment, upstream: &Upstream, how: &HealthCheckConfig) -> Result<Pong, Failure> {
    let timeout = how.timeout;
    let refused = |error: RequestError| Failure { status: None, retry_after: None, reason: error.message };
    let answered = match tokio::time::timeout(timeout, ask(deployment, upstream, how)).await {
        Ok(answered) => answered.map_err(refused)?,
        Err(_) => Err(UpstreamFailure::Timeout(timeout)),
    };
    let pong = answered.map(|source| match source {
        Source::Whole(_, whole) => Pong { answer: whole.answer },
        Source::Stream(_) | Source::Mock(_) => Pong::default(),
    });
    pong.map_err(|failure| failure.for_router())
}

async fn ask(
    deployment: &Deployment,
    upstream: &Upstream,
    check: &HealthCheckConfig,
) -> Result<Result<Source, UpstreamFailure>, RequestError> {
    let head = AnswerHead { model: deployment.upstream_model.to_string(), ..AnswerHead::default() };
    let how = Said { output_limit: Some(check.max_tokens), drop_params: true, head };
    let model = &*deployment.model_name;
    if let Some(operation) = task_of(deployment) {
        let task = TaskRequest::least(operation, model)?;
        return Ok(task.outgoing(deployment, how)?.send(upstream, deployment, check.timeout).await);
    }
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "ping" }] });
    let incoming = Incoming::chat_completion(Bytes::from(body.to_string()), None)?;
    let exchange = Exchange { incoming: &incoming, operation: Operation::Chat };
    Ok(exchange.outgoing(deployment, how)?.send(upstream, deployment, check.timeout).await)
}

/// What a model is asked that holds no conversations.
fn task_of(deployment: &Deployment) -> Option<Operation> {
    Operation::of_mode(deployment.mode()?).filter(|operation| deployment.does(*operation))
}
