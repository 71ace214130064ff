//! The management API as the console calls it. One file a resource; every call is an operation of openapi.json.

pub(crate) mod alert;
pub(crate) mod audit;
pub(crate) mod access_token;
pub(crate) mod budget;
pub(crate) mod chat;
pub(crate) mod credential;
pub(crate) mod customer;
pub(crate) mod invitation;
pub(crate) mod key;
pub(crate) mod model;
pub(crate) mod organization;
pub(crate) mod policy;
pub(crate) mod report;
pub(crate) mod scim;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod spend;
pub(crate) mod sso;
pub(crate) mod tag;
pub(crate) mod team;
pub(crate) mod user;

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use gloo_net::http::{Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tollgate_openapi::error::{ErrorEnvelope, ValidationErrors};
use tollgate_openapi::page::TOTAL_COUNT_HEADER;
use tollgate_openapi::paths;

use crate::url;

const STATUS_UNAUTHORIZED: u16 = 401;
/// What was asked for does not exist, or not for the reader.
pub(crate) const STATUS_NOT_FOUND: u16 = 404;

/// Why a call failed, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status; 0 when no answer came.
    pub(crate) status: u16,
    /// The server's word for the kind of failure; empty where it has none.
    pub(crate) kind: String,
    /// What happened and what to do.
    pub(crate) message: String,
    /// What is wrong with which field, where the server says so.
    pub(crate) fields: BTreeMap<String, String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, kind: String::new(), message: message.into(), fields: BTreeMap::new() }
    }

    pub(crate) const fn is_unauthorized(&self) -> bool {
        self.status == STATUS_UNAUTHORIZED
    }

    /// The error in an answer's body, whichever of the two envelopes it has.
    fn from_body(status: u16, body: &str) -> Self {
        if let Ok(envelope) = serde_json::from_str::<ErrorEnvelope>(body) {
            let mut error = Self::new(status, envelope.error.message.clone());
            error.kind = envelope.error.r#type;
            if let Some(field) = envelope.error.param {
                error.fields.insert(field, envelope.error.message);
            }
            return error;
        }
        if let Ok(problems) = serde_json::from_str::<ValidationErrors>(body) {
            return Self::from_validation(status, problems);
        }
        Self::new(status, format!("The server answered with status {status}."))
    }

    fn from_validation(status: u16, problems: ValidationErrors) -> Self {
        let mut error = Self::new(status, "Some fields need another value.");
        let mut texts = Vec::new();
        for problem in problems.detail {
            // `["body", "models", "0"]` is about the field `models`.
            let field = problem.loc.into_iter().find(|part| part != "body" && part != "query");
            let field = field.unwrap_or_default();
            texts.push(format!("{field}: {}", problem.msg));
            error.fields.entry(field).or_insert(problem.msg);
        }
        if !texts.is_empty() {
            error.message = texts.join("; ");
        }
        error
    }
}

thread_local! {
    static ON_UNAUTHORIZED: RefCell<Option<Box<dyn Fn()>>> = const { RefCell::new(None) };
}

/// Sets what happens when the server no longer knows the session.
pub(crate) fn on_unauthorized(act: impl Fn() + 'static) {
    ON_UNAUTHORIZED.with_borrow_mut(|slot| *slot = Some(Box::new(act)));
}

async fn get<Q: Serialize, T: DeserializeOwned>(path: &str, query: &Q) -> Result<T, ApiError> {
    parsed(fetch(path, search_of(query)?).await?)
}

fn search_of<Q: Serialize>(query: &Q) -> Result<String, ApiError> {
    url::search_of(query).map_err(|error| ApiError::new(0, error.to_string()))
}

/// Apart from the above, which is compiled for every type of query and answer.
async fn fetch(path: &str, search: String) -> Result<Answer, ApiError> {
    answer(Request::get(&format!("{path}{search}")).send().await, None).await
}

/// Entries of a list that answers with a bare array, and how many there are on all pages.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listed<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) total: u64,
}

async fn get_listed<Q: Serialize, T: DeserializeOwned>(path: &str, query: &Q) -> Result<Listed<T>, ApiError> {
    let response = Request::get(&format!("{path}{}", search_of(query)?)).send().await;
    let total = response.as_ref().ok().and_then(|response| response.headers().get(TOTAL_COUNT_HEADER));
    let rows: Vec<T> = parsed(answer(response, None).await?)?;
    let counted = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    Ok(Listed { rows, total: total.and_then(|total| total.parse().ok()).unwrap_or(counted) })
}

async fn post<B: Serialize, T: DeserializeOwned>(path: &str, body: &B) -> Result<T, ApiError> {
    send(Request::post(path), body).await
}

/// When what is to be changed had last changed, as the reader saw it: where somebody else has changed it since, it stays
/// as it is. None: whatever has become of it.
pub(crate) type Seen = Option<DateTime<Utc>>;

fn only_if(request: RequestBuilder, seen: Seen) -> RequestBuilder {
    match seen {
        Some(seen) => request.header("if-match", &format!("\"{}\"", seen.to_rfc3339())),
        None => request,
    }
}

/// A change of something that the reader has seen.
async fn post_if<B: Serialize, T: DeserializeOwned>(path: &str, seen: Seen, body: &B) -> Result<T, ApiError> {
    send(only_if(Request::post(path), seen), body).await
}

/// A change of something.
async fn send<B: Serialize, T: DeserializeOwned>(request: RequestBuilder, body: &B) -> Result<T, ApiError> {
    let body = serde_json::to_string(body).map_err(|error| ApiError::new(0, error.to_string()))?;
    parsed(send_text(request, body).await?)
}

async fn send_text(request: RequestBuilder, body: String) -> Result<Answer, ApiError> {
    let request = request
        .header(paths::CSRF_HEADER, "1")
        .header("content-type", "application/json")
        .body(body)
        .map_err(|error| ApiError::new(0, error.to_string()))?;
    answer(request.send().await, None).await
}

/// The same of an operation that answers with this status, too.
async fn get_even_with<Q: Serialize, T: DeserializeOwned>(path: &str, query: &Q, status: u16) -> Result<T, ApiError> {
    let response = Request::get(&format!("{path}{}", search_of(query)?)).send().await;
    parsed(answer(response, Some(status)).await?)
}

/// An answer that is one: its status and its text.
struct Answer {
    status: u16,
    body: String,
}

fn parsed<T: DeserializeOwned>(answer: Answer) -> Result<T, ApiError> {
    // An answer without a body says no more than that it worked.
    let body = if answer.body.is_empty() { "null" } else { &answer.body };
    let not_understood =
        |error| ApiError::new(answer.status, format!("The server's answer was not understood: {error}."));
    serde_json::from_str(body).map_err(not_understood)
}

/// Reads an answer of success or of the status `also`, or else the error.
async fn answer(response: Result<Response, gloo_net::Error>, also: Option<u16>) -> Result<Answer, ApiError> {
    let unreachable = |_| ApiError::new(0, "The server cannot be reached. Check the connection and try again.");
    let response = response.map_err(unreachable)?;
    let status = response.status();
    let body = response.text().await.map_err(unreachable)?;
    if response.ok() || Some(status) == also {
        return Ok(Answer { status, body });
    }
    let error = ApiError::from_body(status, &body);
    if error.is_unauthorized() {
        ON_UNAUTHORIZED.with_borrow(|act| act.as_ref().map(|act| act()));
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_envelopes_name_the_field() {
        let litellm = r#"{"error":{"message":"Key with alias 'a' already exists.","type":"bad_request_error","param":"key_alias","code":"400"}}"#;
        let error = ApiError::from_body(400, litellm);
        assert_eq!(error.message, "Key with alias 'a' already exists.");
        assert!(error.fields.contains_key("key_alias"));

        let validation =
            r#"{"detail":[{"type":"value_error","loc":["body","models","0"],"msg":"length is lower than 1"}]}"#;
        let error = ApiError::from_body(422, validation);
        assert_eq!(error.fields.get("models").unwrap(), "length is lower than 1");
        assert_eq!(error.message, "models: length is lower than 1");
    }

    #[test]
    fn an_unknown_body_still_says_something() {
        let error = ApiError::from_body(502, "<html>");
        assert_eq!(error.message, "The server answered with status 502.");
    }
}
