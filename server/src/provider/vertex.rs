//! Vertex AI: Google's own models and Anthropic's, with the credentials of Google Cloud.
//!
//! Sources: Vertex AI API reference, `publishers.models.generateContent`, `endpoints.generateContent` (tuned models);
//! "Locations" (hosts of regions, of several regions together, and the global one).

mod claude;
mod credentials;
mod embed;
mod federation;
mod oauth;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use reqwest::header::HeaderMap;

use super::chat::Dialect;
use super::endpoint::{self, Endpoint, Protocol};
use super::gemini::{self, Gemini};
use super::task::{TaskEndpoint, TaskProtocol};
use crate::clock::Clock;
use crate::config::{DeploymentConfig, GoogleCredentials};
use crate::domain::operation::Operation;
use claude::Claude;
use credentials::KeyFile;
use embed::Embed;
use oauth::GoogleTokens;

/// Versions of the API that an address may end with.
const VERSIONS: [&str; 2] = ["/v1", "/v1beta1"];

/// A model, and how it is spoken to.
struct Model {
    /// Where it is within a location.
    path: String,
    /// What is done with it.
    whole: &'static str,
    stream: &'static str,
    dialect: Arc<dyn Dialect>,
    /// How embeddings are asked for, where it makes them.
    embed: Option<Embed>,
}

/// Where `one` is called.
///
/// # Errors
/// When project or credentials are missing or cannot be used, or the model is of a partner that is not served yet.
pub(super) fn endpoint(one: &DeploymentConfig) -> Result<Endpoint, String> {
    let from = one.vertex.credentials.clone().ok_or("it has no Google credentials")?;
    let key = KeyFile::load(&from)?;
    let mut headers = HeaderMap::new();
    endpoint::add_extra_headers(one, &mut headers)?;
    let (_, base) = endpoint::base(one)?;
    let model = model(&one.provider_model)?;
    let path = match base.path().trim_end_matches('/') {
        // The address of the model itself, as LiteLLM takes it.
        path if path.contains("/models/") || path.contains("/endpoints/") => String::new(),
        path => {
            let project = one.vertex.project.as_deref().or_else(|| key.as_ref().and_then(KeyFile::project));
            let project = project.ok_or_else(|| no_project(&from))?;
            let location = one.vertex.location.as_deref().unwrap_or_default();
            let version = if VERSIONS.iter().any(|version| path.ends_with(version)) { "" } else { "/v1" };
            format!("{version}/projects/{project}/locations/{location}/{}", model.path)
        }
    };
    let is_gemini = model.stream == gemini::STREAM;
    let protocol = Protocol::Translated(model.dialect);
    let mut endpoint = Endpoint::at(one, &format!("{path}{}", model.whole), headers, protocol)?;
    let at = |method: &str| endpoint::below(base.clone(), &format!("{path}{method}"));
    let stream_url = at(model.stream);
    if let Some(dialect) = model.embed {
        let (url, protocol) = (at(dialect.method()), TaskProtocol::Translated(Arc::new(dialect)));
        endpoint.tasks.push(TaskEndpoint { operation: Operation::Embedding, url, protocol });
    }
    endpoint.stream_url = if is_gemini { gemini::stream_url(stream_url) } else { stream_url };
    endpoint.authorize = Some(Arc::new(GoogleTokens::new(from, key.as_ref(), Clock::system())?));
    Ok(endpoint)
}

fn no_project(from: &GoogleCredentials) -> String {
    let why = match from {
        GoogleCredentials::Metadata(_) => "the machine's own credentials do not tell it",
        GoogleCredentials::Json(_) | GoogleCredentials::File(_) => "its credentials do not tell it",
    };
    format!("it needs a \"vertex_project\": {why}, and environment variable VERTEXAI_PROJECT is not set")
}

/// The model of this name. A tuned one is known by the number of its endpoint.
fn model(name: &str) -> Result<Model, String> {
    let own = name.strip_prefix("gemini/").or_else(|| name.strip_prefix("google/")).unwrap_or(name);
    let partners = name.strip_prefix("anthropic/").unwrap_or(name);
    let is_number = !own.is_empty() && own.bytes().all(|byte| byte.is_ascii_digit());
    let embed = Embed::of(own);
    if is_number || embed.is_some() || (own.starts_with("gem") && !own.contains('/')) {
        let path = if is_number { format!("endpoints/{own}") } else { format!("publishers/google/models/{own}") };
        return Ok(Model { path, whole: gemini::WHOLE, stream: gemini::STREAM, dialect: Arc::new(Gemini), embed });
    }
    if partners.starts_with("claude-") {
        let path = format!("publishers/anthropic/models/{partners}");
        return Ok(Model { path, whole: ":rawPredict", stream: ":streamRawPredict", dialect: Arc::new(Claude), embed });
    }
    Err(format!("the model {name} of Vertex AI is not supported yet: those of Google and of Anthropic are"))
}
