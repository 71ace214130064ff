//! A call of a provider's own API, as it came.

use actix_web::HttpRequest;
use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::json;

use super::head;
use crate::provider::openai::RequestError;
use crate::provider::pass_through::{NativeApi, NativePath, NativeRequest};

/// Parts of paths where providers count tokens, which costs nothing.
const COUNTING: [&str; 5] = ["count_tokens", "count-tokens", "countTokens", "computeTokens", "tokenize"];

/// What the client wants.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) api: &'static NativeApi,
    pub(super) method: Method,
    pub(super) path: NativePath,
    /// Without what was meant for the gateway.
    pub(super) query: Option<String>,
    /// Likewise.
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) request: NativeRequest,
    /// The model it names; empty where it names none.
    pub(super) model: String,
}

impl Asked {
    /// Reads it.
    ///
    /// # Errors
    /// When its path might lead elsewhere, or its body cannot be read.
    pub(super) fn read(api: &'static NativeApi, http: &HttpRequest, body: Bytes) -> Result<Self, RequestError> {
        let method = Method::from_bytes(http.method().as_str().as_bytes())
            .map_err(|_| RequestError { param: None, message: "The method is none that is known here.".to_owned() })?;
        // As it came: what is encoded stays so.
        let raw = http.uri().path();
        let below = |prefix: &&str| raw.strip_prefix('/')?.strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
        let path = NativePath::new(api.prefixes.iter().find_map(below).unwrap_or_default())?;
        let request = NativeRequest::read(&body)?;
        let in_path = path.model(api.model).map(|(_, name)| name);
        let in_body =
            || request.model.as_ref().map(|(_, name)| name.clone()).filter(|_| path.model_may_be_in_body(api.model));
        let model = in_path.or_else(in_body).unwrap_or_default();
        let (query, headers) = (head::query(api, http), head::pass_on(http.headers()));
        Ok(Self { api, method, path, query, headers, body, request, model })
    }

    /// The body as a text that is counted whole, whatever its form.
    pub(super) fn counted(&self) -> Bytes {
        let text = String::from_utf8_lossy(&self.body);
        Bytes::from(json!({ "input": text }).to_string())
    }

    /// Whether a stream is wanted, as far as the call says.
    pub(super) fn is_stream(&self) -> bool {
        let path = self.path.as_str();
        let ends = [":streamGenerateContent", ":streamRawPredict", "-stream"];
        self.request.stream || ends.iter().any(|end| path.ends_with(end))
    }

    /// Whether it is a call of a model, which costs what it costs, and not one that only reads.
    pub(super) fn asks_model(&self) -> bool {
        let only_counts = COUNTING.iter().any(|part| self.path.as_str().contains(part));
        !self.model.is_empty() && self.method == Method::POST && !only_counts
    }
}
