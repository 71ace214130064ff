//! AWS Bedrock: the Converse API, one form for the models of all makers.
//!
//! Sources: "Converse", "ConverseStream" and their types in the Amazon Bedrock API Reference; "Prompt caching" and
//! "Structured output" in the Amazon Bedrock User Guide; botocore's model of the service `bedrock-runtime`, 2023-09-30;
//! for what goes into `additionalModelRequestFields`, each maker's page there and what LiteLLM sends.

mod additional;
mod answer;
mod aws;
mod content;
mod embed;
mod frame;
mod messages;
mod model;
mod request;
mod rerank;
mod stream;
#[cfg(test)]
mod tests;
mod tools;
mod wire;

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde_json::{Map, Value};

use super::chat::{AnswerHead, ChatBody, Completion, Dialect, Link, StreamDecoder, Translation};
use super::endpoint::{self, Authorize, Endpoint, Protocol};
use super::openai::RequestError;
use super::task::{TaskDialect, TaskEndpoint, TaskProtocol};
use crate::config::DeploymentConfig;
use crate::domain::operation::Operation;
use crate::domain::provider::bedrock::BedrockModel;
use crate::domain::usage::Usage;
use aws::Signature;
use embed::Embed;
pub(super) use frame::{Frame, FrameReader};
use model::Model;
use rerank::Rerank;

/// The function whose arguments are the answer where JSON of a schema was asked for and the model can only be made to
/// write it by calling something.
const ANSWER_TOOL: &str = "tollgate_json_answer";

/// What of a model's id stays as it is in an address; the rest is encoded, colons and slashes, too.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The Converse API of one deployment.
#[derive(Clone, Debug)]
pub struct Converse {
    model: Model,
    /// Fields of every request, unless the client sends them: `guardrailConfig` and such.
    defaults: Map<String, Value>,
}

impl Converse {
    /// Of the model with this id; `base_model` says what is behind an ARN that does not tell.
    #[must_use]
    pub fn new(id: &str, base_model: Option<&str>, defaults: Map<String, Value>) -> Self {
        Self { model: Model::new(base_model.unwrap_or(id)), defaults }
    }
}

/// What `usage` in an answer of Converse says.
pub(super) fn usage_of(usage: &Value) -> Option<Usage> {
    answer::usage_of(usage)
}

/// Where `one` is called, and how.
///
/// # Errors
/// When its configuration does not say.
pub fn endpoint(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let (base, _) = endpoint::base(one)?;
    let id = one.aws.model_id.as_deref().unwrap_or_else(|| BedrockModel::parse(&one.provider_model).id);
    let base_model = one.base_model.as_deref().or_else(|| BedrockModel::parse(&one.provider_model).base);
    // With `model_id`, the model's name says what is behind it.
    let behind = base_model.or_else(|| one.aws.model_id.as_ref().map(|_| one.provider_model.as_str()));
    let (whole_url, stream_url) = addresses(base, id)?;
    let mut headers = HeaderMap::new();
    let authorize: Option<Arc<dyn Authorize>> = match &one.api_key {
        Some(key) => {
            headers.insert(AUTHORIZATION, endpoint::secret_header("api_key", &format!("Bearer {}", key.expose()))?);
            None
        }
        None => {
            let region = one.aws.region.clone().ok_or("it has no aws_region_name")?;
            Some(Arc::new(Signature::new(one.aws.clone(), region)))
        }
    };
    endpoint::add_extra_headers(one, &mut headers)?;
    let converse = Converse::new(id, behind, one.aws.request_fields.clone());
    let tasks = tasks(one, id, behind)?;
    Ok(Endpoint {
        api_base: Arc::from(endpoint::shown(base)),
        whole_url,
        stream_url,
        responses_url: None,
        headers,
        protocol: Protocol::Translated(Arc::new(converse)),
        authorize,
        tasks,
    })
}

/// What the model with this id does besides chat; `behind` says what it is where the id does not.
fn tasks(one: &DeploymentConfig, id: &str, behind: Option<&str>) -> Result<Vec<TaskEndpoint>, String> {
    let (base, url) = endpoint::base(one)?;
    let model = behind.unwrap_or(id);
    let region = one.aws.region.as_deref().or_else(|| BedrockModel::parse(&one.provider_model).region);
    let task = |operation, url, dialect: Arc<dyn TaskDialect>| {
        vec![TaskEndpoint { operation, url, protocol: TaskProtocol::Translated(dialect) }]
    };
    if let Some(dialect) = Embed::of(model) {
        return Ok(task(Operation::Embedding, address(base, id, "invoke")?, Arc::new(dialect)));
    }
    Ok(match Rerank::of(id, model, region.unwrap_or_default()).zip(Rerank::url(url)) {
        Some((dialect, url)) => task(Operation::Rerank, url, Arc::new(dialect)),
        None => Vec::new(),
    })
}

/// Bedrock's addresses for the chat of one model: whole answers, and streams.
fn addresses(api_base: &str, id: &str) -> Result<(Url, Url), String> {
    Ok((address(api_base, id, "converse")?, address(api_base, id, "converse-stream")?))
}

fn address(api_base: &str, id: &str, operation: &str) -> Result<Url, String> {
    let model = utf8_percent_encode(id, IN_PATH);
    let text = format!("{}/model/{model}/{operation}", api_base.trim_end_matches('/'));
    Url::parse(&text).map_err(|error| format!("api_base {api_base:?} is not an address: {error}"))
}

impl Dialect for Converse {
    fn request(&self, body: &ChatBody, how: &Translation<'_>) -> Result<Vec<u8>, RequestError> {
        let request = request::translate(body, how, &self.model, &self.defaults)?;
        serde_json::to_vec(&request)
            .map_err(|error| RequestError { param: None, message: format!("The request cannot be written: {error}.") })
    }

    fn answer(&self, body: &[u8], head: &AnswerHead) -> Result<Completion, String> {
        answer::translate(body, head)
    }

    fn stream(&self, head: AnswerHead) -> Box<dyn StreamDecoder> {
        Box::new(stream::ConverseStream::new(head))
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        answer::error_message(body)
    }

    /// It only reads from S3.
    fn needs_bytes(&self, _link: &Link<'_>, _model: &str) -> bool {
        true
    }
}
