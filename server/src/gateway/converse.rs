//! A conversation with a model, from its arrival to its answer: the steps of a call in their order, whichever protocol
//! the client speaks.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::cache::{self, Found, Plan, Recording, Taken};
use super::call::{Arrived, Context, Named};
use super::client::Client;
use super::error::GatewayError;
use super::exchange::Exchange;
use super::incoming::Incoming;
use super::mock::Mock;
use super::responses::id::Sealing;
use super::route::{self, Reply, Source, StreamForm, Streaming, Whole};
use super::settle::{Call, Outcome};
use super::stream::{AnswerStream, Chunks, Reading};
use super::upstream::Upstream;
use super::{Gateway, headers, responses};
use crate::error::ApiError;
use crate::ledger::contents::AnswerContent;
use crate::provider::responses::ids;
use crate::router::Deployment;

/// The content type of whole answers.
const JSON: &str = "application/json";

/// A stream that has begun, and who takes a copy.
struct Streamed {
    chunks: Chunks,
    read: StreamForm,
    recording: Option<Recording>,
}

/// A conversation on its way.
struct Conversation {
    client: Client,
    context: Context,
    incoming: Incoming,
}

/// Answers a call, streamed or whole.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub(super) async fn converse(
    client: Client,
    http: HttpRequest,
    payload: web::Payload,
    gateway: Arc<Gateway>,
    upstream: &Upstream,
) -> Result<HttpResponse, ApiError> {
    let arrived = Arrived::new(gateway, &http, client.call_type()).await?;
    let body = arrived.body(payload).await?;
    let mut incoming = client.read(&http, body).map_err(GatewayError::from)?;
    if let Some(model) = arrived.gateway().model_of_alias(&incoming.request.model) {
        incoming.request.resolve(&model);
    }
    let mut context = arrived.named(&http, Named::from(&incoming.request)).await?;
    context.tell(&incoming);
    if let Some(call) = incoming.as_responses_mut() {
        call.open_previous(&context.gateway, &context.policy.key);
    }
    let plan = match Plan::of_conversation(&context, client, &incoming, http.headers()) {
        Ok(plan) => plan,
        Err(error) => return Err(context.refuse(error.into())),
    };
    let conversation = Conversation { client, context, incoming };
    let Conversation { context, incoming, .. } = &conversation;
    let exchange = Exchange { incoming, operation: client.operation() };
    let mut started = match route::start(context, &exchange).await {
        Ok(started) => started,
        Err(error) => return Err(context.refuse(error)),
    };
    let recording = match Plan::look_up(plan, context, upstream, &mut started).await {
        Found::Hit(hit) => return Ok(cache::replay(context, started.call, hit).await),
        Found::Miss(recording) => recording,
    };
    match route::forward(context, upstream, started, &exchange).await {
        Ok((call, reply)) => conversation.answer(call, reply, recording).await,
        Err((call, unanswered)) => context.fail(call, unanswered, |status, body| client.error_body(status, body)).await,
    }
}

impl Conversation {
    async fn answer(&self, call: Call, reply: Reply, recording: Option<Recording>) -> Result<HttpResponse, ApiError> {
        let recording = Recording::of(recording, &call);
        let Reply { deployment, source } = reply;
        let mut head = self.context.head(StatusCode::OK, Some(&deployment), Some(&call));
        if let Some(recording) = &recording {
            recording.describe(&mut head);
        }
        let rates = call.rates();
        match source {
            Source::Stream(Streaming { headers, chunks, read }) => {
                headers::forward(&mut head, &headers);
                headers::rates(&mut head, rates);
                Ok(self.send_stream(head, call, &deployment, Streamed { chunks, read, recording }))
            }
            Source::Whole(headers, whole) => {
                headers::forward(&mut head, &headers);
                headers::rates(&mut head, rates);
                Ok(self.send_whole(head, call, &deployment, *whole, recording).await)
            }
            Source::Mock(text) => {
                let mock = self.make_mock(&deployment, text).await?;
                headers::rates(&mut head, rates);
                if self.incoming.request.stream {
                    let (chunks, read) = (mock.chunks(), StreamForm::OpenAi);
                    return Ok(self.send_stream(head, call, &deployment, Streamed { chunks, read, recording }));
                }
                Ok(self.send_whole(head, call, &deployment, Whole::openai(mock.whole()), recording).await)
            }
        }
    }

    async fn make_mock(&self, deployment: &Deployment, text: Arc<str>) -> Result<Mock, ApiError> {
        let Context { caller, .. } = &self.context;
        let request_id = Arc::clone(&caller.request_id);
        let (now, model, body) =
            (caller.start_time, Arc::clone(&deployment.upstream_model), self.incoming.body.clone());
        let mock = web::block(move || Mock::new(&request_id, now, &model, &text, &body)).await;
        mock.map_err(ApiError::internal)
    }

    fn send_stream(
        &self,
        mut head: HttpResponseBuilder,
        call: Call,
        deployment: &Deployment,
        streamed: Streamed,
    ) -> HttpResponse {
        let Streamed { chunks, read, recording } = streamed;
        let Context { gateway, policy, .. } = &self.context;
        let mut reading = Reading::new(self.incoming.request.wants_usage, call);
        match read {
            StreamForm::OpenAi => reading.write(self.client.encoder(&self.incoming)),
            other => reading.read_as(other),
        }
        if self.client == Client::Responses {
            let names = Box::new(self.sealing(deployment));
            reading.forward(Box::new(responses::stream::Forwarded::new(names)));
        }
        let stream = AnswerStream::new(chunks, reading, gateway.settings.load().stream_idle_timeout);
        let stream = stream.taped(recording.map(Recording::tape));
        headers::key_spend(&mut head, gateway, &policy.key);
        headers::event_stream(&mut head).body(stream)
    }

    async fn send_whole(
        &self,
        mut head: HttpResponseBuilder,
        call: Call,
        deployment: &Deployment,
        whole: Whole,
        recording: Option<Recording>,
    ) -> HttpResponse {
        let Whole { openai, native, answer, text } = whole;
        let overhead = call.overhead();
        let taken = recording.is_some().then(|| call.taken(&answer));
        let outcome = Outcome::answered(200, answer, text).with_content(AnswerContent::Whole(openai.clone()));
        let settled = call.finish(outcome).await;
        headers::settled(&mut head, &settled, overhead);
        headers::key_spend(&mut head, &self.context.gateway, &self.context.policy.key);
        let body = match native {
            Some(native) if self.client == Client::Responses => ids::renamed(&native, &self.sealing(deployment)),
            Some(native) => native,
            None => self.client.answer(&self.incoming, openai),
        };
        if let (Some(recording), Some(taken)) = (recording, taken) {
            recording.keep(body.clone(), JSON, Taken { settled, ..taken });
        }
        head.insert_header((CONTENT_TYPE, JSON)).body(body)
    }

    /// The ids that the client is told of responses that `deployment` keeps.
    fn sealing(&self, deployment: &Deployment) -> Sealing {
        let Context { gateway, policy, .. } = &self.context;
        let (ids, owner) = (gateway.response_ids.clone(), responses::id::owner(&policy.key));
        Sealing { ids, owner, deployment: deployment.id.to_string() }
    }
}
