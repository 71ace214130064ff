//! Whether what came with a good status is an answer.
//!
//! Some providers, and more often what stands before them, say 200 to a page for people, to nothing at all, or to an
//! error. None of these is passed on as an answer: they are failures, and another deployment is tried.

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use super::route::Whole;
use super::upstream::UpstreamFailure;
use crate::provider::openai::usage::answer_texts;
use crate::provider::openai::{NoAnswer, read_whole};
use crate::provider::tokens::TextCounter;

/// Of a body that is no answer, so much is told in the log, in characters.
const EXCERPT_CHARS: usize = 200;
/// What an error without a status of its own counts as: the provider is at fault.
const STATUS_UNKNOWN: u16 = 502;
/// The status that each kind of error has where it comes with one.
const STATUS_OF_TYPE: [(&str, u16); 12] = [
    ("invalid_request_error", 400),
    ("authentication_error", 401),
    ("invalid_api_key", 401),
    ("permission_error", 403),
    ("not_found_error", 404),
    ("timeout_error", 408),
    ("insufficient_quota", 429),
    ("rate_limit_error", 429),
    ("rate_limit_exceeded", 429),
    ("server_error", 500),
    ("api_error", 500),
    ("overloaded_error", 503),
];

/// Reads a chat completion.
///
/// # Errors
/// When it is none.
pub(super) fn chat_completion(headers: &HeaderMap, body: Bytes) -> Result<Whole, Box<UpstreamFailure>> {
    let answer = read_whole(&body).map_err(|no_answer| failure(no_answer, headers, &body))?;
    let mut text = TextCounter::default();
    if answer.usage.is_none() {
        answer_texts(&body).iter().for_each(|piece| text.push(piece));
    }
    Ok(Whole { openai: body, native: None, answer, text })
}

/// Looks at an answer in another form of JSON.
///
/// # Errors
/// When it is none, or an error.
pub(super) fn check_json(headers: &HeaderMap, body: &Bytes) -> Result<(), Box<UpstreamFailure>> {
    read_whole(body).map(drop).map_err(|no_answer| failure(no_answer, headers, body))
}

/// Looks at an answer that may be plain text, and be empty.
///
/// # Errors
/// When it is a page for people, or an error.
pub(super) fn check_text(headers: &HeaderMap, body: &Bytes) -> Result<(), Box<UpstreamFailure>> {
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    match read_whole(body) {
        Err(NoAnswer::Error) => Err(failure(NoAnswer::Error, headers, body)),
        Err(NoAnswer::Unreadable) if is_page => Err(failure(NoAnswer::Unreadable, headers, body)),
        Ok(_) | Err(NoAnswer::Unreadable) => Ok(()),
    }
}

fn failure(no_answer: NoAnswer, headers: &HeaderMap, body: &Bytes) -> Box<UpstreamFailure> {
    Box::new(match no_answer {
        NoAnswer::Error => error(headers, body.clone()),
        NoAnswer::Unreadable if body.is_empty() => UpstreamFailure::Unreachable("its answer is empty".to_owned()),
        NoAnswer::Unreadable => {
            let start: String = String::from_utf8_lossy(body).chars().take(EXCERPT_CHARS).collect();
            UpstreamFailure::Unreachable(format!("its answer cannot be read: {start}"))
        }
    })
}

impl From<Box<UpstreamFailure>> for UpstreamFailure {
    fn from(failure: Box<Self>) -> Self {
        *failure
    }
}

/// An error that came with a good status, as if it had come with its own.
pub(super) fn error(headers: &HeaderMap, body: Bytes) -> UpstreamFailure {
    let parsed: Value = serde_json::from_slice(&body).unwrap_or_default();
    let error = parsed.get("error").filter(|error| error.is_object()).unwrap_or(&parsed);
    let status = status_of(error).unwrap_or(STATUS_UNKNOWN);
    let is_openais = parsed.get("error").is_some_and(Value::is_object);
    let has_message = error.get("message").is_some_and(Value::is_string);
    let body = if !is_openais && has_message { Bytes::from(json!({ "error": error }).to_string()) } else { body };
    UpstreamFailure::Status { status, headers: headers.clone(), body }
}

/// The status that an error says it has, in a number or in a word.
fn status_of(error: &Value) -> Option<u16> {
    let members = ["code", "status", "type"].map(|name| error.get(name));
    let number = |value: &Value| {
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
        u16::try_from(number).ok().filter(|status| (400..600).contains(status))
    };
    let word = |value: &Value| {
        let word = value.as_str()?.to_ascii_lowercase();
        STATUS_OF_TYPE.iter().find(|(name, _)| *name == word).map(|(_, status)| *status)
    };
    let known = || members.into_iter().flatten();
    known().find_map(number).or_else(|| known().find_map(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(body: &str) -> Option<u16> {
        let failed = chat_completion(&HeaderMap::new(), Bytes::copy_from_slice(body.as_bytes())).err()?;
        failed.for_router().status
    }

    #[test]
    fn errors_have_the_status_they_name() {
        assert_eq!(status(r#"{"error":{"message":"slow down","code":429}}"#), Some(429));
        assert_eq!(status(r#"{"error":{"message":"slow down","code":"429"}}"#), Some(429));
        assert_eq!(status(r#"{"error":{"message":"no","type":"rate_limit_error","code":null}}"#), Some(429));
        assert_eq!(status(r#"{"error":{"message":"no","type":"overloaded_error"}}"#), Some(503));
        assert_eq!(status(r#"{"error":"it broke"}"#), Some(502));
    }

    #[test]
    fn answers_are_no_errors() {
        assert_eq!(status(r#"{"id":"1","choices":[{"index":0}],"error":null}"#), None);
        assert_eq!(status(r#"{"id":"1","choices":[{"index":0}],"error":{"message":"late"}}"#), None);
        assert!(chat_completion(&HeaderMap::new(), Bytes::from_static(b"{\"id\":7,\"choices\":[]}")).is_ok());
    }

    #[test]
    fn what_is_no_json_is_no_answer() {
        for body in ["", "<html>busy</html>", "[]", "7", "{\"id\":"] {
            let failed = chat_completion(&HeaderMap::new(), Bytes::copy_from_slice(body.as_bytes())).unwrap_err();
            assert!(matches!(*failed, UpstreamFailure::Unreachable(_)), "{body}: {failed:?}");
        }
        let bad = Bytes::from_static(b"{\"id\":\"1\",\"choices\":[{\"text\":\"\xff\"}]}");
        assert!(chat_completion(&HeaderMap::new(), bad).is_err());
    }

    #[test]
    fn plain_text_may_be_anything_but_a_page() {
        let plain = HeaderMap::from_iter([(CONTENT_TYPE, "text/plain".parse().unwrap())]);
        let page = HeaderMap::from_iter([(CONTENT_TYPE, "text/html; charset=utf-8".parse().unwrap())]);
        assert!(check_text(&plain, &Bytes::new()).is_ok());
        assert!(check_text(&plain, &Bytes::from_static(b"Hello.")).is_ok());
        assert!(check_text(&page, &Bytes::from_static(b"<html>")).is_err());
        assert!(check_text(&plain, &Bytes::from_static(br#"{"error":{"message":"no"}}"#)).is_err());
    }
}
