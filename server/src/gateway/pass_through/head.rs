//! Headers and queries of calls that pass through: what is meant for the gateway, and what is not.

use actix_web::http::header::{HeaderMap as ClientHeaders, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponseBuilder};
use reqwest::header::HeaderMap;

use crate::domain::provider::ProviderKind;
use crate::provider::openai::params::is_gateways_header;
use crate::provider::pass_through::NativeApi;

/// Headers that describe the body, which passes as it is.
const OF_BODY: [&str; 2] = ["content-type", "content-encoding"];
/// Headers of the way to the gateway, and those that would make another call of this one.
const OF_WAY: [&str; 8] = [
    "forwarded",
    "via",
    "x-real-ip",
    "origin",
    "referer",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];
/// What the names of others begin with.
const OF_WAY_PREFIXES: [&str; 3] = ["x-forwarded-", "sec-", "cf-"];
/// Headers of answers that belong to one connection, or to the provider's own site.
const NOT_PASSED_BACK: [&str; 11] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "set-cookie",
    "alt-svc",
    "strict-transport-security",
];
/// Google's names of credentials in a query.
const QUERY_CREDENTIALS: [&str; 3] = ["key", "access_token", "oauth_token"];

/// Whether clients of this API may send their key in the query.
fn has_key_in_query(api: &NativeApi) -> bool {
    matches!(api.provider, ProviderKind::Gemini | ProviderKind::VertexAi)
}

/// The headers of a call, with the key that its query has where they have none.
pub(super) fn with_key_of_query(api: &NativeApi, http: &HttpRequest) -> ClientHeaders {
    let mut headers = http.headers().clone();
    let in_query = || {
        let (_, key) = form_urlencoded::parse(http.query_string().as_bytes()).find(|(name, _)| name == "key")?;
        HeaderValue::from_str(&key).ok()
    };
    let name = HeaderName::from_static("x-goog-api-key");
    if has_key_in_query(api)
        && !headers.contains_key(&name)
        && let Some(key) = in_query()
    {
        headers.insert(name, key);
    }
    headers
}

/// The query without credentials; all else stays as it is written.
pub(super) fn query(api: &NativeApi, http: &HttpRequest) -> Option<String> {
    let query = http.uri().query()?;
    if !has_key_in_query(api) {
        return Some(query.to_owned());
    }
    let is_credential = |pair: &&str| {
        let name = form_urlencoded::parse(pair.as_bytes()).next().map(|(name, _)| name.to_ascii_lowercase());
        name.is_some_and(|name| QUERY_CREDENTIALS.contains(&name.as_str()))
    };
    Some(query.split('&').filter(|pair| !is_credential(pair)).collect::<Vec<_>>().join("&"))
}

/// The headers that the provider is to see.
pub(super) fn pass_on(headers: &ClientHeaders) -> HeaderMap {
    let listed = headers.get_all("connection").filter_map(|value| value.to_str().ok());
    let listed: Vec<String> =
        listed.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    let passes = |name: &str| {
        let is_gateways = is_gateways_header(name) && !OF_BODY.contains(&name);
        let is_of_way = OF_WAY.contains(&name) || OF_WAY_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        !is_gateways && !is_of_way && !listed.iter().any(|other| other == name)
    };
    let mut passed = HeaderMap::new();
    for (name, value) in headers.iter().filter(|(name, _)| passes(name.as_str())) {
        // Both crates have the same rules for names and values.
        let name = reqwest::header::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = reqwest::header::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            passed.append(name, value);
        }
    }
    passed
}

/// The provider's headers, as they are.
pub(super) fn pass_back(response: &mut HttpResponseBuilder, headers: &HeaderMap) {
    for (name, value) in headers {
        let name = name.as_str();
        if NOT_PASSED_BACK.contains(&name) || name.starts_with("x-litellm-") {
            continue;
        }
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            response.append_header((name, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::provider::pass_through::NATIVE_APIS;

    #[test]
    fn what_is_meant_for_the_gateway_stays_here() {
        let sent = [
            ("authorization", "Bearer sk-1"),
            ("x-api-key", "sk-1"),
            ("x-goog-api-key", "sk-1"),
            ("x-litellm-tags", "a"),
            ("host", "gateway"),
            ("content-length", "3"),
            ("transfer-encoding", "chunked"),
            ("cookie", "a=b"),
            ("x-amz-date", "now"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-http-method-override", "DELETE"),
            ("accept-encoding", "gzip"),
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("content-type", "application/json"),
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("x-amzn-bedrock-trace", "ENABLED"),
        ];
        let request = sent.iter().fold(TestRequest::default(), |request, header| request.append_header(*header));
        let passed = pass_on(request.to_http_request().headers());
        let mut names: Vec<_> = passed.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        names.sort_unstable();
        let expected = [
            ("anthropic-beta", "a"),
            ("anthropic-beta", "b"),
            ("content-type", "application/json"),
            ("x-amzn-bedrock-trace", "ENABLED"),
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_key_in_the_query_is_taken_out_of_it() {
        let api = |prefix: &str| NATIVE_APIS.iter().find(|api| api.prefixes.contains(&prefix)).unwrap();
        let http = TestRequest::with_uri("/gemini/x?alt=sse&key=sk-1&%6bey=sk-2&a=%2F").to_http_request();
        assert_eq!(query(api("gemini"), &http).as_deref(), Some("alt=sse&a=%2F"));
        assert_eq!(with_key_of_query(api("gemini"), &http).get("x-goog-api-key").unwrap(), "sk-1");
        assert_eq!(query(api("openai"), &http).as_deref(), Some("alt=sse&key=sk-1&%6bey=sk-2&a=%2F"));
        assert!(with_key_of_query(api("openai"), &http).get("x-goog-api-key").is_none());
    }
}
