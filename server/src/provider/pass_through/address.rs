//! Where a path of a provider's API is, given a deployment of that provider.

use reqwest::Url;

use super::path::{is_version, span_of_model};
use super::{NativeApi, NativePath};
use crate::domain::provider::ProviderKind;
use crate::provider::endpoint::Endpoint;
use crate::provider::openai::RequestError;

/// What configured addresses may end with that belongs to one operation.
const OPERATIONS: [&str; 4] = ["/chat/completions", "/completions", "/messages", "/chat"];
/// Where an address goes on with what clients' paths begin with.
const PARTS: [&str; 3] = ["/projects/", "/models/", "/openai"];
/// The version of Vertex AI's API where a client names none.
const VERTEX_VERSION: &str = "v1";

/// A path and a query of a provider's API.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    /// The path.
    pub path: NativePath,
    /// The query, without anything that is meant for the gateway.
    pub query: Option<&'a str>,
}

impl Place<'_> {
    /// Its address with the deployment behind `endpoint`.
    ///
    /// # Errors
    /// When it is not below the deployment's own.
    pub fn at(&self, api: &NativeApi, endpoint: &Endpoint) -> Result<Url, RequestError> {
        let path = match api.provider {
            ProviderKind::VertexAi => in_project(&self.path, endpoint.whole_url.path())?,
            _ => self.path.clone(),
        };
        let mut url = Url::parse(&endpoint.api_base).map_err(|_| no_address())?;
        let root = root(url.path(), &path).to_owned();
        let whole = format!("{root}{}", path.as_str());
        let (scheme, host, port) = (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port());
        url.set_path(&whole);
        url.set_query(self.query.filter(|query| !query.is_empty()));
        url.set_fragment(None);
        // Azure's versions are of the configuration where a client names none.
        let version = endpoint.whole_url.query_pairs().find(|(name, _)| name == "api-version");
        if let Some((name, version)) = version.filter(|_| !url.query_pairs().any(|(name, _)| name == "api-version")) {
            url.query_pairs_mut().append_pair(&name, &version);
        }
        let is_same = url.scheme() == scheme && url.host_str() == host.as_deref() && url.port() == port;
        if is_same && url.path().starts_with(&format!("{root}/")) { Ok(url) } else { Err(no_address()) }
    }
}

/// The model in the address of a deployment, as it is written there.
#[must_use]
pub fn model_at<'e>(api: &NativeApi, endpoint: &'e Endpoint) -> Option<&'e str> {
    let path = endpoint.whole_url.path();
    path.get(span_of_model(path, api.model)?)
}

/// What stands before the paths of an API whose configured address has this path.
fn root<'b>(base: &'b str, path: &NativePath) -> &'b str {
    let mut base = base.trim_end_matches('/');
    for part in PARTS {
        if let Some(at) = base.find(part) {
            base = base.get(..at).unwrap_or(base);
        }
    }
    base = OPERATIONS.iter().find_map(|operation| base.strip_suffix(operation)).unwrap_or(base);
    match base.rsplit_once('/') {
        Some((before, last)) if is_version(last) && path.version().is_some() => before,
        _ => base,
    }
}

/// The path within the project and location of the deployment whose own path is `own`: its credentials are for these.
fn in_project(path: &NativePath, own: &str) -> Result<NativePath, RequestError> {
    let parts: Vec<&str> = own.split('/').collect();
    let Some(at) = parts.iter().position(|part| *part == "projects") else { return Ok(path.clone()) };
    let scope = parts.get(at..at + 4).ok_or_else(no_address)?.join("/");
    let version = path.version().unwrap_or(VERTEX_VERSION);
    let rest = path.as_str().trim_start_matches('/');
    let rest = rest.strip_prefix(version).map_or(rest, |rest| rest.trim_start_matches('/'));
    let rest = match rest.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", _, "locations", _, rest @ ..] => rest.join("/"),
        ["projects", ..] => {
            let message = "Paths of Vertex AI begin with projects/PROJECT/locations/LOCATION, or with what follows it.";
            return Err(RequestError { param: None, message: message.to_owned() });
        }
        rest => rest.join("/"),
    };
    Ok(NativePath::from_parts(format!("/{version}/{scope}/{rest}")))
}

fn no_address() -> RequestError {
    RequestError { param: None, message: "The path is not below the provider's address.".to_owned() }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::provider::endpoint::Protocol;
    use crate::provider::pass_through::NATIVE_APIS;
    use crate::provider::quirks::Quirks;

    fn at(prefix: &str, base: &str, whole: &str, path: &str, query: Option<&str>) -> Result<String, String> {
        let api = NATIVE_APIS.iter().find(|api| api.prefixes.contains(&prefix)).unwrap();
        let whole_url = Url::parse(whole).unwrap();
        let endpoint = Endpoint {
            api_base: base.into(),
            stream_url: whole_url.clone(),
            whole_url,
            responses_url: None,
            headers: HeaderMap::new(),
            protocol: Protocol::OpenAi(Quirks::NONE),
            authorize: None,
            tasks: Vec::new(),
        };
        let place = Place { path: NativePath::new(path).unwrap(), query };
        place.at(api, &endpoint).map(|url| url.to_string()).map_err(|error| error.message)
    }

    #[test]
    fn paths_are_put_below_the_configured_address() {
        for (prefix, base, path, expected) in [
            ("openai", "https://api.openai.com/v1", "/v1/files", "https://api.openai.com/v1/files"),
            ("openai", "https://api.openai.com/v1", "/files", "https://api.openai.com/v1/files"),
            ("openai", "https://x.example/proxy/v1/", "/v1/files", "https://x.example/proxy/v1/files"),
            (
                "anthropic",
                "https://api.anthropic.com",
                "/v1/messages/batches",
                "https://api.anthropic.com/v1/messages/batches",
            ),
            ("anthropic", "https://x.example/v1/messages", "/v1/messages", "https://x.example/v1/messages"),
            ("gemini", "https://g.example/v1beta", "/v1/models", "https://g.example/v1/models"),
            (
                "gemini",
                "https://g.example/v1beta",
                "/upload/v1beta/files",
                "https://g.example/v1beta/upload/v1beta/files",
            ),
            ("bedrock", "https://b.example", "/model/a%3A0/converse", "https://b.example/model/a%3A0/converse"),
            ("cohere", "https://api.cohere.com", "/v2/chat", "https://api.cohere.com/v2/chat"),
            ("cohere", "https://api.cohere.com/v2/chat", "/v1/rerank", "https://api.cohere.com/v1/rerank"),
            ("vllm", "http://10.0.0.1:8000/v1", "/v1/score", "http://10.0.0.1:8000/v1/score"),
        ] {
            assert_eq!(at(prefix, base, base, path, None).unwrap(), expected, "{base} {path}");
        }
        let whole = "https://a.example/openai/deployments/gpt/chat/completions?api-version=2025-01-01";
        for (query, expected) in [(None, "api-version=2025-01-01"), (Some("api-version=3&a=b"), "api-version=3&a=b")] {
            let found = at("azure", "https://a.example", whole, "/openai/deployments/gpt/images", query).unwrap();
            assert_eq!(found, format!("https://a.example/openai/deployments/gpt/images?{expected}"));
        }
    }

    #[test]
    fn calls_of_vertex_ai_stay_in_the_project_of_the_configuration() {
        let base = "https://us-central1-aiplatform.googleapis.com";
        let whole = format!(
            "{base}/v1/projects/mine/locations/us-central1/publishers/google/models/gemini-2.5-pro:generateContent"
        );
        for (path, expected) in [
            (
                "/v1beta1/projects/other/locations/eu/cachedContents",
                "/v1beta1/projects/mine/locations/us-central1/cachedContents",
            ),
            (
                "/publishers/google/models/m:predict",
                "/v1/projects/mine/locations/us-central1/publishers/google/models/m:predict",
            ),
            (
                "/v1/publishers/google/models/m:predict",
                "/v1/projects/mine/locations/us-central1/publishers/google/models/m:predict",
            ),
        ] {
            assert_eq!(at("vertex_ai", base, &whole, path, None).unwrap(), format!("{base}{expected}"));
        }
        assert!(at("vertex_ai", base, &whole, "/v1/projects/other/secrets", None).is_err());
    }
}
