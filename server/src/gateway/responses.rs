//! `POST /v1/responses`: OpenAI's Responses API, whoever serves the model.
//!
//! Where the provider has it, bodies pass through, but for the ids of responses: a client is told ids that say which
//! deployment keeps the response and whose it is. Everybody else is sent a chat completion, or its own form of one.
//! Source: OpenAI's API reference, "Responses".

pub(super) mod answer;
pub mod id;
pub(super) mod request;
pub mod stored;
pub(super) mod stream;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::call::Deployments;
use super::client::Client;
use super::error::GatewayError;
use super::incoming::{BEYOND_OPENAI, Incoming};
use super::upstream::Upstream;
use super::{Gateway, converse};
use crate::error::ApiError;
use crate::policy::Policy;
use crate::provider::chat::ChatBody;
use crate::provider::openai::RequestError;
use crate::provider::openai::params::RequestParams;
use crate::provider::openai::telling::TellingParams;
use crate::provider::responses::body::{NativeBody, NativeChanges};
use crate::provider::responses::wire::{Format, ResponsesBody, TextConfig};
use crate::router::Deployment;
use crate::router::deployment::Target;
use id::Kept;
use request::{Called, Translated, Unsaid};

/// Fields of chat completions, and what is their place in a request for a response.
pub(super) const FIELDS_OF_CHAT: [(&str, &str); 6] = [
    ("messages", "input"),
    ("max_tokens", "max_output_tokens"),
    ("max_completion_tokens", "max_output_tokens"),
    ("reasoning_effort", "reasoning.effort"),
    ("response_format", "text.format"),
    ("verbosity", "text.verbosity"),
];

/// Fields whose type is checked, to name the one at fault.
const FIELDS: [&str; 27] = [
    "background",
    "include",
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "service_tier",
    "store",
    "stream",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
    "metadata",
    "conversation",
    "prompt",
    "moderation",
];

/// Answers a response, streamed or whole.
///
/// # Errors
/// When the call is refused or no deployment answers.
pub async fn responses(
    http: HttpRequest,
    payload: web::Payload,
    gateway: web::Data<Gateway>,
    upstream: web::Data<Upstream>,
) -> Result<HttpResponse, ApiError> {
    let answer = converse::converse(Client::Responses, http, payload, gateway.into_inner(), &upstream).await;
    answer.map_err(|error| Client::Responses.error(error))
}

/// A call of the Responses API as it came.
#[derive(Debug)]
pub(super) struct ResponsesCall {
    native: NativeBody,
    /// What only a provider with the API can do.
    unsaid: Vec<Unsaid>,
    /// What its answers say.
    pub(super) form: Arc<Form>,
    previous: Option<Previous>,
}

/// What answers say that the provider does not.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The settings of the request.
    pub(super) echo: Map<String, Value>,
    /// Tools that the provider knows as something else, by the name it knows.
    pub(super) tools: BTreeMap<String, Called>,
}

impl Form {
    /// The tool that the provider knows as `name`.
    pub(super) fn called(&self, name: &str) -> Called {
        let plain = || Called { name: name.to_owned(), ..Called::default() };
        self.tools.get(name).cloned().unwrap_or_else(plain)
    }
}

/// The response that a call goes on from.
#[derive(Clone, Debug)]
struct Previous {
    /// As the client named it.
    id: String,
    /// Who keeps it; `None` where it is no response of this client's.
    kept: Option<Kept>,
}

/// What is read of a body: the call, and the same in the words of chat completions.
pub(super) struct Read {
    pub(super) call: ResponsesCall,
    /// What providers are sent.
    pub(super) chat: ChatBody,
    /// What the call is reckoned with: nothing that a provider with the API would read is missing in it.
    pub(super) in_bytes: ChatBody,
    /// The provider reads what is not in the request.
    pub(super) reads_unknown: bool,
    /// The tags, which are the gateway's.
    pub(super) tags: Vec<String>,
    /// How tools are told of it.
    pub(super) telling: TellingParams,
}

/// Reads a body.
///
/// # Errors
/// When a field has the wrong type, or one that is needed is missing.
pub(super) fn read(body: Bytes) -> Result<Read, RequestError> {
    let native = NativeBody::read(body)?;
    let body: ResponsesBody = parse(&native.bytes)?;
    if body.model.as_deref().is_none_or(str::is_empty) {
        return Err(wrong("model", "a string that names a model"));
    }
    if body.input.is_none()
        && body.prompt.is_none()
        && body.previous_response_id.is_none()
        && body.conversation.is_none()
    {
        return Err(wrong("input", "a text or a list of items"));
    }
    if body.background == Some(true) {
        let message = "Invalid 'background': expected false, since what such a response costs is known only after the \
                       call. Leave it out and wait for the answer, or set 'stream'.";
        return Err(RequestError { param: Some("background".into()), message: message.to_owned() });
    }
    let previous = body.previous_response_id.clone().map(|id| Previous { id, kept: None });
    let echo = echo(&body);
    let Translated { chat, unsaid, beyond, tools, reads_unknown } = request::translate(body);
    let mut in_bytes = chat.clone();
    if in_bytes.messages.is_empty() {
        in_bytes.messages.push(crate::provider::chat::Message::default());
    }
    if !beyond.is_empty() {
        in_bytes.other.insert(BEYOND_OPENAI.to_owned(), Value::Array(beyond));
    }
    let (tags, telling) = (native.tags.clone(), native.telling);
    let form = Arc::new(Form { echo, tools });
    let call = ResponsesCall { native, unsaid, form, previous };
    Ok(Read { call, chat, in_bytes, reads_unknown, tags, telling })
}

fn parse(body: &[u8]) -> Result<ResponsesBody, RequestError> {
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let first = path.split(['.', '[']).next().unwrap_or_default();
        let param = FIELDS.into_iter().find(|name| *name == first).map(Into::into);
        RequestError { param, message: format!("The request body cannot be read: {path}: {}.", error.inner()) }
    })
}

fn wrong(param: &'static str, expected: &str) -> RequestError {
    RequestError { param: Some(param.into()), message: format!("Invalid '{param}': expected {expected}.") }
}

/// The settings of the request as OpenAI's answers repeat them, its defaults included. Nothing is kept here.
fn echo(body: &ResponsesBody) -> Map<String, Value> {
    let reasoning = body.reasoning.clone().unwrap_or_default();
    let text = TextConfig {
        format: body.text.as_ref().and_then(|text| text.format.clone()).or(Some(Format::Text)),
        ..body.text.clone().unwrap_or_default()
    };
    let fields = [
        ("background", json!(false)),
        ("instructions", json!(body.instructions)),
        ("max_output_tokens", json!(body.max_output_tokens)),
        ("max_tool_calls", json!(body.max_tool_calls)),
        ("metadata", body.metadata.clone().filter(Value::is_object).unwrap_or_else(|| json!({}))),
        ("parallel_tool_calls", json!(body.parallel_tool_calls.unwrap_or(true))),
        ("previous_response_id", Value::Null),
        ("prompt_cache_key", json!(body.prompt_cache_key)),
        ("reasoning", json!({ "effort": reasoning.effort, "summary": reasoning.summary })),
        ("safety_identifier", json!(body.safety_identifier)),
        ("service_tier", json!(body.service_tier.as_deref().unwrap_or("default"))),
        ("store", json!(false)),
        ("temperature", json!(body.temperature.unwrap_or(1.0))),
        ("text", json!(text)),
        ("tool_choice", body.tool_choice.clone().unwrap_or_else(|| json!("auto"))),
        ("tools", json!(body.tools)),
        ("top_logprobs", json!(body.top_logprobs.unwrap_or(0))),
        ("top_p", json!(body.top_p.unwrap_or(1.0))),
        ("truncation", json!(body.truncation.as_deref().unwrap_or("disabled"))),
        ("user", json!(body.user)),
    ];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl ResponsesCall {
    /// The body as it came, without tags.
    pub(super) const fn bytes(&self) -> &Bytes {
        &self.native.bytes
    }

    /// The member of this name as it came.
    pub(super) fn value(&self, name: &str) -> Option<&[u8]> {
        self.native.value(name)
    }

    /// Finds out who keeps the response that the call goes on from.
    pub(super) fn open_previous(&mut self, gateway: &Gateway, caller: &Policy) {
        if let Some(previous) = &mut self.previous {
            previous.kept = gateway.response_ids.open(&id::owner(caller), &previous.id);
        }
    }

    /// The body with the configuration's word on parameters that it does not name, as far as the API has them.
    pub(super) fn with_defaults(&self, defaults: &Map<String, Value>) -> Bytes {
        let same = ["temperature", "top_p", "parallel_tool_calls"];
        let own = same.into_iter().filter_map(|name| Some((name, defaults.get(name)?.clone())));
        let effort = defaults.get("reasoning_effort").map(|effort| ("reasoning", json!({ "effort": effort })));
        let verbosity = defaults.get("verbosity").map(|verbosity| ("text", json!({ "verbosity": verbosity })));
        self.native.with_members(own.chain(effort).chain(verbosity))
    }

    /// It goes on from what `other` goes on from.
    pub(super) fn with_previous_of(mut self: Box<Self>, other: &Self) -> Box<Self> {
        self.previous.clone_from(&other.previous);
        self
    }

    /// The copy for a provider that has the API.
    ///
    /// # Errors
    /// As [`NativeBody::upstream`].
    pub(super) fn upstream_body(
        &self,
        deployment: &Deployment,
        max_output_tokens: Option<u64>,
        of_client: &RequestParams,
    ) -> Result<Bytes, RequestError> {
        let kept = self.previous.as_ref().and_then(|previous| previous.kept.as_ref());
        let changes = NativeChanges {
            model: &deployment.upstream_model,
            max_output_tokens,
            previous_response_id: kept.map(|kept| kept.response.as_str()),
            of_client,
            of_deployment: &deployment.request,
        };
        match request::without_thinking(&self.native.bytes) {
            None => self.native.upstream(&changes),
            Some(body) => NativeBody::read(Bytes::from(body))?.upstream(&changes),
        }
    }

    /// Whether all of it can be said in chat completions.
    ///
    /// # Errors
    /// What cannot, and is not to be dropped.
    pub(super) fn check_said(&self, drop_params: bool) -> Result<(), RequestError> {
        let unsaid = self.unsaid.iter().find(|unsaid| !(unsaid.is_droppable && drop_params));
        unsaid.map_or(Ok(()), |unsaid| Err(unsaid.error.clone()))
    }
}

/// Of `deployments`, those that can serve a call: a response that is kept somewhere is gone on from there, and what only
/// the API can do is done by those who have it.
///
/// # Errors
/// When the response to go on from is not this client's, or nobody here keeps responses.
pub(super) fn fit(
    incoming: &Incoming,
    deployments: Deployments,
    drop_params: bool,
) -> Result<Deployments, GatewayError> {
    let Some(call) = incoming.as_responses() else { return Ok(deployments) };
    let has_api = deployments.able.iter().any(|one| speaks_responses(one));
    let said = call.check_said(drop_params || incoming.request.params.drop_params);
    match (&call.previous, said) {
        (Some(_), Err(error)) if !has_api => Err(error.into()),
        (Some(previous), _) => {
            let is_here = |kept: &&Kept| deployments.able.iter().any(|one| *one.id == kept.deployment);
            let kept = previous.kept.as_ref().filter(is_here).ok_or_else(|| not_found(&previous.id))?;
            Ok(deployments.only(|one| *one.id == kept.deployment))
        }
        (None, Err(_)) if has_api => Ok(deployments.only(speaks_responses)),
        // Where nobody has the API, it is told once it is known who serves: they may be told to drop it.
        (None, _) => Ok(deployments),
    }
}

fn not_found(id: &str) -> RequestError {
    let message = format!("Previous response with id '{id}' not found.");
    RequestError { param: Some("previous_response_id".into()), message }
}

/// Whether `deployment` has the API.
pub(super) fn speaks_responses(deployment: &Deployment) -> bool {
    match &deployment.target {
        Target::Provider(endpoint) => endpoint.responses_url.is_some(),
        Target::Mock(_) | Target::None => false,
    }
}
