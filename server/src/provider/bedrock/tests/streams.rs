//! Streams, however they are cut and whatever is in them.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::provider::chat::Chunk;

fn message(headers: &[(&str, &str)], payload: &str) -> Vec<u8> {
    let headers = headers
        .iter()
        .map(|(name, value)| Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into())));
    let message = Message::new_from_parts(headers.collect(), payload.to_owned());
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
    message(&headers, &payload.to_string())
}

fn delta(index: u64, delta: Value) -> Vec<u8> {
    event("contentBlockDelta", &json!({ "contentBlockIndex": index, "delta": delta, "p": "abcdef" }))
}

fn start(index: u64, id: &str, name: &str) -> Vec<u8> {
    let tool = json!({ "toolUse": { "toolUseId": id, "name": name } });
    event("contentBlockStart", &json!({ "contentBlockIndex": index, "start": tool }))
}

fn stop(index: u64) -> Vec<u8> {
    event("contentBlockStop", &json!({ "contentBlockIndex": index }))
}

fn ends(reason: &str) -> Vec<u8> {
    let usage = json!({ "inputTokens": 9, "outputTokens": 4, "totalTokens": 1113, "cacheReadInputTokens": 1100 });
    let metadata = json!({ "usage": usage, "metrics": { "latencyMs": 7 }, "trace": { "guardrail": {} } });
    let thought = json!({ "usage": { "output_tokens_details": { "thinking_tokens": 3 } } });
    let stop = json!({ "stopReason": reason, "additionalModelResponseFields": thought });
    [event("messageStop", &stop), event("metadata", &metadata)].concat()
}

fn begins() -> Vec<u8> {
    event("messageStart", &json!({ "role": "assistant" }))
}

fn everything() -> Vec<u8> {
    [
        begins(),
        delta(0, json!({ "reasoningContent": { "text": "Think" } })),
        delta(0, json!({ "reasoningContent": { "text": "ing." } })),
        delta(0, json!({ "reasoningContent": { "signature": "c2ln" } })),
        stop(0),
        delta(1, json!({ "reasoningContent": { "redactedContent": "aGlk" } })),
        stop(1),
        delta(2, json!({ "text": "Blå" })),
        delta(2, json!({ "text": "bær" })),
        delta(2, json!({ "citation": { "title": "Page", "location": { "web": { "url": "https://example.com" } } } })),
        stop(2),
        start(3, "t1", "weather"),
        delta(3, json!({ "toolUse": { "input": "{\"city\":" } })),
        start(4, "t2", "now"),
        delta(3, json!({ "toolUse": { "input": "\"Oslo\"}" } })),
        delta(4, json!({ "toolUse": { "input": "" } })),
        stop(3),
        stop(4),
        event("newKind", &json!({ "x": 1 })),
        ends("tool_use"),
    ]
    .concat()
}

fn read(pieces: &[&[u8]]) -> Result<(Vec<Chunk>, bool), String> {
    let mut decoder = Converse::new(CLAUDE, None, Map::new()).stream(head());
    let mut chunks = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut chunks)?;
    }
    Ok((chunks, decoder.is_done()))
}

#[test]
fn a_stream_with_everything() {
    let (chunks, is_done) = read(&[&everything()]).unwrap();
    assert!(is_done);
    insta::assert_json_snapshot!("stream", chunks);
}

#[test]
fn a_stream_is_the_same_wherever_it_is_cut() {
    let stream = everything();
    let (whole, _) = read(&[&stream]).unwrap();
    for cut in 0..=stream.len() {
        let (head, tail) = stream.split_at(cut);
        assert_eq!(read(&[head, tail]), Ok((whole.clone(), true)), "cut at {cut}");
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(read(&bytes), Ok((whole, true)));
}

#[test]
fn the_call_that_is_the_answer_is_text() {
    let stream = [
        begins(),
        start(0, "t", "tollgate_json_answer"),
        delta(0, json!({ "toolUse": { "input": "{\"name\":" } })),
        delta(0, json!({ "toolUse": { "input": "\"Ada\"}" } })),
        stop(0),
        ends("tool_use"),
    ]
    .concat();
    let (chunks, _) = read(&[&stream]).unwrap();
    let choices: Vec<_> = chunks.iter().flat_map(|chunk| &chunk.choices).collect();
    let text: String = choices.iter().filter_map(|choice| choice.delta.content.as_deref()).collect();
    assert_eq!(text, r#"{"name":"Ada"}"#);
    assert!(choices.iter().all(|choice| choice.delta.tool_calls.is_empty()));
    let reasons: Vec<_> = choices.iter().filter_map(|choice| choice.finish_reason).collect();
    assert_eq!(reasons, [crate::provider::chat::FinishReason::Stop]);
}

#[test]
fn a_stream_that_breaks_off_is_not_done() {
    let stream = everything();
    let (_, is_done) = read(&[&stream[..stream.len() - 1]]).unwrap();
    assert!(!is_done);
}

#[test]
fn errors_in_the_stream_are_errors() {
    let exception = [(":exception-type", "throttlingException"), (":message-type", "exception")];
    let failed = message(&exception, r#"{"message":"Too many requests"}"#);
    let error = read(&[&begins(), &failed]).unwrap_err();
    assert_eq!(error, "throttlingException: Too many requests");
    let headers = [(":message-type", "error"), (":error-code", "500"), (":error-message", "Broken")];
    assert_eq!(read(&[&message(&headers, "")]).unwrap_err(), "500: Broken");
}

#[test]
fn a_wrong_bit_anywhere_is_an_error() {
    let message = delta(0, json!({ "text": "Hello" }));
    for at in 0..message.len() {
        let mut broken = message.clone();
        broken[at] ^= 1;
        let error = read(&[&broken]).unwrap_err();
        assert!(error.contains("event stream is broken"), "{at}: {error}");
    }
}

#[test]
fn an_absurd_length_is_not_waited_for() {
    let mut prelude = [0xff_u8, 0xff, 0xff, 0xff, 0, 0, 0, 0].to_vec();
    prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
    assert!(read(&[&prelude]).unwrap_err().contains("4294967295 bytes"));
    let mut prelude = [0_u8, 0, 0, 12, 0, 0, 0, 0].to_vec();
    prelude.extend(crc32fast::hash(&prelude).to_be_bytes());
    assert!(read(&[&prelude]).unwrap_err().contains("shorter"));
}

proptest! {
    #[test]
    fn random_bytes_are_no_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(read(&[&bytes]));
    }

    #[test]
    fn random_events_are_no_panic(name in "[a-zA-Z]{0,20}", text in "\\PC{0,60}", known in 0_usize..6) {
        let names = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];
        for name in [name.as_str(), names[known]] {
            let headers = [(":event-type", name), (":message-type", "event")];
            drop(read(&[&message(&headers, &text)]));
        }
    }
}
