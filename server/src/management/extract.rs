//! Bodies and queries of the management API: read, checked, and refused with the name of every field at fault.

mod if_match;
mod problem;

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest, web};
use garde::Validate;
use serde::de::DeserializeOwned;
use tollgate_openapi::error::ValidationError;

use crate::error::{ApiError, ApiResult};

pub use if_match::IfMatch;
pub(crate) use problem::{VALUE_ERROR, problem, unknown_fields};

/// The longest body the management API reads, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Query parameters that Python writes as `True` and `False`, and others as `1` and `0`.
const BOOLEAN_PARAMETERS: [&str; 3] = ["resolved", "return_full_object", "summarize"];

/// A JSON body that fits the operation.
#[derive(Clone, Debug)]
pub struct Json<T>(
    /// The body.
    pub T,
);

/// The same where a body is not required.
#[derive(Clone, Debug)]
pub struct JsonOrNothing<T>(
    /// The body; the default where there is none.
    pub T,
);

/// A query that fits the operation. Parameters it does not know are left alone: LiteLLM's clients send many.
#[derive(Clone, Debug)]
pub struct Query<T>(
    /// The query.
    pub T,
);

impl<T> FromRequest for Json<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Payload::from_request(request, payload);
        Box::pin(async move { parse_body(&read(body).await?).map(Self) })
    }
}

impl<T> FromRequest for JsonOrNothing<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Default + 'static,
{
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = web::Payload::from_request(request, payload);
        Box::pin(async move {
            let bytes = read(body).await?;
            if bytes.trim_ascii().is_empty() { Ok(Self(T::default())) } else { parse_body(&bytes).map(Self) }
        })
    }
}

impl<T> FromRequest for Query<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = ApiError;
    type Future = std::future::Ready<ApiResult<Self>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(parse_query(request.query_string()).map(Self))
    }
}

async fn read(body: impl Future<Output = actix_web::Result<web::Payload>>) -> ApiResult<web::Bytes> {
    let body = body.await.map_err(|error| unreadable(&error))?.to_bytes_limited(BODY_BYTES_MAX).await;
    body.map_err(|_| too_long())?.map_err(|error| unreadable(&error))
}

/// What a value that was read as a part of something else must be.
pub(crate) fn check<T: Validate<Context = ()>>(value: &T) -> ApiResult<()> {
    value.validate().map_err(|report| refused_values(&problem::from_report(&report, "body")))
}

fn parse_body<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> ApiResult<T> {
    // serde would take an array of the fields' values for a struct.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(ApiError::validation(vec![problem("json_invalid", &["body"], "expected a JSON object")]));
    }
    if has_escaped_nul(bytes) {
        let message = "the character U+0000 is not allowed";
        return Err(ApiError::validation(vec![problem("json_invalid", &["body"], message)]));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| ApiError::validation(vec![problem::from_json(&error)]))?;
    deserializer
        .end()
        .map_err(|error| ApiError::validation(vec![problem("json_invalid", &["body"], error.to_string())]))?;
    validated(value, "body")
}

fn parse_query<T: DeserializeOwned + Validate<Context = ()>>(text: &str) -> ApiResult<T> {
    let pairs = form_urlencoded::parse(text.as_bytes()).map(|(name, value)| {
        let is_boolean = BOOLEAN_PARAMETERS.contains(&name.as_ref());
        let value = if is_boolean { boolean(&value).map_or(value, Into::into) } else { value };
        (name, value)
    });
    let pairs: Vec<_> = pairs.filter(|(_, value)| !value.is_empty()).collect();
    if let Some((name, _)) = pairs.iter().find(|(_, value)| value.contains('\0')) {
        let message = "the character U+0000 is not allowed";
        return Err(ApiError::validation(vec![problem("value_error", &["query", name], message)]));
    }
    let mut serializer = form_urlencoded::Serializer::new(String::new());
    let text = serializer.extend_pairs(pairs).finish();
    let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    let value: T = serde_path_to_error::deserialize(deserializer)
        .map_err(|error| ApiError::validation(vec![problem::from_query(&error)]))?;
    validated(value, "query")
}

/// The spelling that serde knows of those that LiteLLM takes.
fn boolean(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => Some("true"),
        "false" | "0" | "no" | "off" | "f" | "n" => Some("false"),
        _ => None,
    }
}

fn validated<T: Validate<Context = ()>>(value: T, place: &str) -> ApiResult<T> {
    match value.validate() {
        Ok(()) => Ok(value),
        // LiteLLM's distinction: a value of the right type that will not do is 400 in a body and 422 in a query.
        Err(report) => match problem::from_report(&report, place) {
            problems if place == "body" => Err(refused_values(&problems)),
            problems => Err(ApiError::validation(problems)),
        },
    }
}

/// 400 that names every field whose value will not do.
pub(crate) fn refused_values(problems: &[ValidationError]) -> ApiError {
    let place = |problem: &ValidationError| problem.loc.iter().skip(1).cloned().collect::<Vec<_>>().join(".");
    let texts: Vec<String> = problems.iter().map(|problem| format!("{}: {}", place(problem), problem.msg)).collect();
    let field = problems.first().and_then(|problem| problem.loc.get(1)).cloned();
    ApiError::bad_request(field.unwrap_or_default(), texts.join("; "))
}

/// JSON can name the character that Postgres cannot store.
fn has_escaped_nul(bytes: &[u8]) -> bool {
    let mut is_escaped = false;
    bytes.iter().enumerate().any(|(at, byte)| {
        let starts_escape = *byte == b'\\' && !is_escaped;
        is_escaped = starts_escape;
        starts_escape && bytes.get(at + 1..at + 6) == Some(b"u0000")
    })
}

fn too_long() -> ApiError {
    let message = format!("The body is longer than {BODY_BYTES_MAX} bytes.");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message)
}

fn unreadable(error: &actix_web::Error) -> ApiError {
    ApiError::bad_request("body", format!("The body could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use tollgate_openapi::key::{KeyBlock, KeyCreate, KeyListQuery, KeyPatch};
    use tollgate_openapi::spend::DayRangeQuery;

    use super::*;

    fn refusal<T: DeserializeOwned + Validate<Context = ()> + std::fmt::Debug>(body: &str) -> String {
        parse_body::<T>(body.as_bytes()).unwrap_err().message().into_owned()
    }

    fn query_refusal<T: DeserializeOwned + Validate<Context = ()> + std::fmt::Debug>(query: &str) -> String {
        parse_query::<T>(query).unwrap_err().message().into_owned()
    }

    #[test]
    fn malformed_json_says_where() {
        assert_eq!(refusal::<KeyCreate>(""), "body: expected a JSON object");
        assert_eq!(refusal::<KeyBlock>(r#"["sk-x"]"#), "body: expected a JSON object");
        assert!(refusal::<KeyCreate>(r#"{"models": ["#).starts_with("body.models"));
        assert!(refusal::<KeyCreate>(r"{} x").contains("trailing characters"));
    }

    #[test]
    fn wrong_types_name_the_field_and_what_was_expected() {
        let message = refusal::<KeyCreate>(r#"{"max_budget": "ten"}"#);
        assert!(message.starts_with("body.max_budget: invalid type: string \"ten\", expected"), "{message}");
        assert!(!message.contains("line"), "{message}");
        let message = refusal::<KeyCreate>(r#"{"models": ["a", 1]}"#);
        assert!(message.starts_with("body.models.1: "), "{message}");
        let message = refusal::<KeyPatch>(r#"{"rpm_limit": 1.5}"#);
        assert!(message.starts_with("body.rpm_limit: "), "{message}");
    }

    #[test]
    fn values_out_of_range_name_the_field() {
        assert_eq!(
            refusal::<KeyCreate>(r#"{"max_budget": -1, "rpm_limit": -2}"#),
            "max_budget: expected zero or more US dollars; rpm_limit: lower than 0"
        );
        let message = refusal::<KeyCreate>(r#"{"max_budget": 1e300}"#);
        assert!(message.starts_with("body.max_budget: expected at most"), "{message}");
        assert!(refusal::<KeyCreate>(r#"{"key": "nope"}"#).starts_with("key: "));
    }

    #[test]
    fn missing_and_unknown_fields_are_named() {
        assert_eq!(refusal::<KeyBlock>("{}"), "body.key: Field required");
        assert_eq!(refusal::<KeyBlock>(r#"{"keey": "sk-1"}"#), "body.keey: Unknown field `keey`. Did you mean `key`?");
    }

    #[test]
    fn an_escaped_nul_is_refused_and_an_escaped_backslash_is_not() {
        assert!(refusal::<KeyCreate>(r#"{"key_alias": "a\u0000b"}"#).contains("U+0000"));
        parse_body::<KeyCreate>(br#"{"key_alias": "a\\u0000b"}"#).unwrap();
        assert!(query_refusal::<KeyListQuery>("search=a%00b").contains("query.search"));
    }

    #[test]
    fn queries_name_the_parameter() {
        assert!(query_refusal::<KeyListQuery>("page=x").starts_with("query.page: "));
        assert!(query_refusal::<KeyListQuery>("size=1000").starts_with("query.size: "));
        assert!(query_refusal::<KeyListQuery>("sort_by=colour").starts_with("query.sort_by: "));
        assert!(query_refusal::<DayRangeQuery>("start_date=21.11.2026").starts_with("query.start_date: "));
    }

    #[test]
    fn pythons_booleans_and_empty_parameters_are_read() {
        let query: KeyListQuery = parse_query("return_full_object=1&team_id=&page=2&colour=red").unwrap();
        assert!(query.return_full_object);
        assert_eq!((query.team_id, query.page), (None, 2));
    }
}
