//! Whether a deployment answers at all.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::exchange::Exchange;
use super::incoming::Incoming;
use super::route::{Attempt, Outgoing, Said, Source};
use super::task::request::TaskRequest;
use super::upstream::{Upstream, UpstreamFailure};
use crate::domain::operation::Operation;
use crate::provider::chat::AnswerHead;
use crate::provider::openai::RequestError;
use crate::router::Deployment;

/// Output tokens asked for: the fewest that every API takes.
const OUTPUT_TOKENS: u64 = 16;

/// Asks a deployment for the least of what its model does: a few tokens, one short embedding, one picture. It is booked to
/// nobody.
///
/// # Errors
/// When it does not answer; the text says why.
pub async fn ping(deployment: &Deployment, upstream: &Upstream, timeout: Duration) -> Result<(), String> {
    let asked = ask(deployment, upstream, timeout);
    let answered = match tokio::time::timeout(timeout, asked).await {
        Ok(answered) => answered.map_err(|error| error.message)?,
        Err(_) => Err(UpstreamFailure::Timeout(timeout)),
    };
    answered.map(drop).map_err(|failure| failure.for_router().reason)
}

async fn ask(
    deployment: &Deployment,
    upstream: &Upstream,
    timeout: Duration,
) -> Result<Result<Source, UpstreamFailure>, RequestError> {
    let head = AnswerHead { model: deployment.upstream_model.to_string(), ..AnswerHead::default() };
    let how = Said { output_limit: Some(OUTPUT_TOKENS), drop_params: true, head };
    let model = &*deployment.model_name;
    if let Some(operation) = task_of(deployment) {
        let task = TaskRequest::least(operation, model)?;
        return Ok(task.outgoing(deployment, how)?.send(upstream, deployment, timeout).await);
    }
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": "ping" }] });
    let incoming = Incoming::chat_completion(Bytes::from(body.to_string()), None)?;
    let exchange = Exchange { incoming: &incoming, operation: Operation::Chat };
    Ok(exchange.outgoing(deployment, how)?.send(upstream, deployment, timeout).await)
}

/// What a model is asked that holds no conversations.
fn task_of(deployment: &Deployment) -> Option<Operation> {
    Operation::of_mode(deployment.mode()?).filter(|operation| deployment.does(*operation))
}
