//! Answers out of the cache.

use actix_web::body::BodyStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{AGE, CONTENT_TYPE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Map, Value, json};

use super::Hit;
use crate::cache::{Key, Served};
use crate::gateway::call::Context;
use crate::gateway::headers;
use crate::gateway::settle::{Call, FromCache, Outcome};
use crate::ledger::contents::AnswerContent;
use crate::provider::openai::Answer;
use crate::provider::tokens::TextCounter;

/// Whether an answer comes from the cache: `True` or `False`.
const HIT_HEADER: &str = "x-litellm-cache-hit";
/// What it is kept under.
const KEY_HEADER: &str = "x-litellm-cache-key";

/// How alike the question is to the one that was answered, from 0 to 1.
const SIMILARITY_HEADER: &str = "x-litellm-semantic-similarity";

/// Ends a call with an answer that was found. It costs nothing, and is written down before it leaves.
pub(in crate::gateway) async fn replay(context: &Context, mut call: Call, hit: Hit) -> HttpResponse {
    let Hit { key, entry, similarity } = hit;
    let age_ms = entry.age_ms(context.gateway.clock.now());
    let pieces = entry.pieces();
    let served = &entry.head.served;
    let mut head = context.head(StatusCode::OK, None, None);
    let rates = call.rates();
    let mut note = Map::from_iter([
        ("age_seconds".to_owned(), seconds(age_ms)),
        ("saved".to_owned(), json!(entry.cost().to_usd())),
    ]);
    if let Some(similarity) = similarity {
        note.insert("similarity".to_owned(), json!(similarity));
        head.insert_header((SIMILARITY_HEADER, similarity.to_string()));
    }
    let note = Value::Object(note);
    call.answered_from_cache(FromCache {
        served: served.clone(),
        key: key.as_str().to_owned(),
        saved: entry.cost(),
        note,
    });
    let answer = Answer { usage: Some(entry.head.usage), response_id: served.response_id.clone(), ..Answer::default() };
    let content = match &pieces {
        None => AnswerContent::Whole(entry.bytes().clone()),
        Some(_) => AnswerContent::None,
    };
    let outcome = Outcome::answered(200, answer, TextCounter::default()).with_content(content);
    let settled = call.finish(outcome).await;
    headers::rates(&mut head, rates);
    headers::key_spend(&mut head, &context.gateway, &context.policy.key);
    headers::settled(&mut head, &settled, settled.duration);
    describe_hit(&mut head, &key, served);
    head.insert_header((AGE, age_ms / 1_000));
    match pieces {
        None => head.insert_header((CONTENT_TYPE, entry.head.content_type.as_str())).body(entry.bytes().clone()),
        Some(pieces) => {
            let pieces = stream::iter(pieces.into_iter().map(Ok::<Bytes, std::convert::Infallible>));
            headers::event_stream(&mut head).body(BodyStream::new(pieces))
        }
    }
}

/// With three digits behind the point.
pub(super) fn seconds(ms: u64) -> Value {
    json!(std::time::Duration::from_millis(ms).as_secs_f64())
}

/// Says in an answer's head that it comes from the cache, and who gave it first.
pub(in crate::gateway) fn describe_hit(head: &mut HttpResponseBuilder, key: &Key, served: &Served) {
    let of_deployment = [("x-litellm-model-id", &served.model_id), ("x-litellm-model-api-base", &served.api_base)];
    for (name, value) in of_deployment {
        if let Some(value) = value {
            head.insert_header((name, value.as_str()));
        }
    }
    head.insert_header((HIT_HEADER, "True"));
    head.insert_header((KEY_HEADER, key.as_str()));
}

/// Says in an answer's head that it does not come from the cache.
pub(super) fn describe_miss(head: &mut HttpResponseBuilder, key: &Key) {
    head.insert_header((HIT_HEADER, "False"));
    head.insert_header((KEY_HEADER, key.as_str()));
}
