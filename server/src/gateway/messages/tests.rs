use proptest::prelude::*;
use serde_json::{Value, json};

use super::answer::{encode, encode_error};
use super::request::translate;
use super::stream::Encoder;
use crate::gateway::client::StreamEncoder;

#[test]
fn a_conversation_is_said_in_openais_words() {
    let body = json!({
        "model": "m", "max_tokens": 3000, "stream": true, "stop_sequences": ["X"], "top_k": 3,
        "system": [{ "type": "text", "text": "Be brief.", "cache_control": { "type": "ephemeral" } }],
        "metadata": { "user_id": "u" }, "thinking": { "type": "enabled", "budget_tokens": 2048 },
        "tools": [{ "name": "look", "description": "d", "input_schema": { "type": "object" } },
                  { "type": "web_search_20250305", "name": "web_search" }],
        "tool_choice": { "type": "tool", "name": "look", "disable_parallel_tool_use": true },
        "messages": [
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "Hm.", "signature": "s" }, { "type": "text", "text": "Let me look." },
                { "type": "tool_use", "id": "t1", "name": "look", "input": { "at": 1 } } ] },
            { "role": "user", "content": [
                { "type": "text", "text": "Go on." },
                { "type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [
                    { "type": "text", "text": "broken" },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "QUJD" } } ] },
                { "type": "document", "title": "a.pdf", "source": { "type": "base64", "media_type": "application/pdf", "data": "QUJD" } } ] },
        ],
    });
    insta::assert_json_snapshot!(translate(serde_json::from_value(body).unwrap()));
}

#[test]
fn an_answer_is_said_in_anthropics_words() {
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt", "choices": [{ "index": 0, "finish_reason": "tool_calls",
            "message": { "role": "assistant", "content": "Look.", "reasoning_content": "Hm.", "tool_calls": [
                { "id": "c", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
                { "id": "d", "type": "function", "function": { "name": "wait", "arguments": "" } } ] } }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": { "cached_tokens": 6 } },
    });
    let encoded = encode(&answer.to_string().into()).unwrap();
    insta::assert_json_snapshot!(serde_json::from_slice::<Value>(&encoded).unwrap());
}

#[test]
fn an_error_is_said_in_anthropics_words() {
    let body = json!({ "error": { "message": "no", "type": "x", "code": "429" } }).to_string();
    let encoded: Value = serde_json::from_slice(&encode_error(429, &body.into())).unwrap();
    assert_eq!(encoded, json!({ "type": "error", "error": { "type": "rate_limit_error", "message": "no" } }));
}

#[test]
fn a_refusal_is_one_in_anthropics_words() {
    let message = json!({ "role": "assistant", "content": null, "refusal": "I cannot." });
    let choice = json!({ "index": 0, "finish_reason": "stop", "message": message });
    let answer = json!({ "id": "1", "object": "chat.completion", "model": "gpt", "choices": [choice] });
    let whole: Value = serde_json::from_slice(&encode(&answer.to_string().into()).unwrap()).unwrap();
    assert_eq!((&whole["stop_reason"], &whole["content"][0]["text"]), (&json!("refusal"), &json!("I cannot.")));
    let stream =
        chunk(json!({ "refusal": "I " }), None) + &chunk(json!({ "refusal": "cannot." }), Some("stop")) + &usage();
    let events = events(&encoded(&[stream.as_bytes()]));
    let reason = events.iter().find_map(|event| event["delta"]["stop_reason"].as_str());
    assert_eq!(reason, Some("refusal"));
}

fn chunk(delta: Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    let chunk = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt", "choices": [choice] });
    format!("data: {chunk}\n\n")
}

fn tool(index: u64, id: Option<&str>, name: Option<&str>, arguments: &str) -> String {
    chunk(
        json!({ "tool_calls": [{ "index": index, "id": id, "function": { "name": name, "arguments": arguments } }] }),
        None,
    )
}

fn usage() -> String {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": { "cached_tokens": 6 } });
    format!("data: {}\n\ndata: [DONE]\n\n", json!({ "id": "chatcmpl-1", "choices": [], "usage": usage }))
}

fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|json| serde_json::from_str(json).unwrap())
        .collect()
}

fn encoded(pieces: &[&[u8]]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    let mut out = Vec::new();
    pieces.iter().for_each(|piece| out.extend_from_slice(&encoder.push(piece)));
    out.extend_from_slice(&encoder.finish());
    out
}

#[test]
fn a_stream_is_said_in_anthropics_words_wherever_it_is_cut() {
    let stream = [
        chunk(json!({ "role": "assistant", "content": "" }), None),
        chunk(json!({ "reasoning_content": "Hm é" }), None),
        chunk(json!({ "content": "Look" }), None),
        chunk(json!({ "content": "." }), None),
        tool(0, Some("a"), Some("look"), ""),
        tool(0, None, None, "{\"at\""),
        tool(0, None, None, ":1}"),
        tool(1, Some("b"), Some("wait"), "{"),
        tool(1, None, None, "}"),
        chunk(json!({}), Some("tool_calls")),
        usage(),
    ]
    .concat();
    let whole = encoded(&[stream.as_bytes()]);
    insta::assert_json_snapshot!(events(&whole));
    for cut in 0..stream.len() {
        let (first, second) = stream.as_bytes().split_at(cut);
        assert_eq!(encoded(&[first, second]), whole, "cut at {cut}");
    }
}

#[test]
fn calls_that_come_mixed_up_are_written_one_after_the_other() {
    let stream = [
        tool(0, Some("a"), Some("look"), "{"),
        tool(1, Some("b"), Some("wait"), "{\"s\":"),
        tool(0, None, None, "}"),
        tool(1, None, None, "2}"),
        chunk(json!({}), Some("tool_calls")),
        usage(),
    ]
    .concat();
    let mut arguments = std::collections::BTreeMap::<u64, String>::new();
    for event in events(&encoded(&[stream.as_bytes()])) {
        if event["type"] == "content_block_delta" {
            let json = event["delta"]["partial_json"].as_str().unwrap();
            arguments.entry(event["index"].as_u64().unwrap()).or_default().push_str(json);
        }
    }
    assert_eq!(arguments.into_values().collect::<Vec<_>>(), ["{}", "{\"s\":2}"]);
}

#[test]
fn an_error_in_a_stream_ends_it() {
    let stream = [
        chunk(json!({ "content": "x" }), None),
        "data: {\"error\":{\"message\":\"no\"}}\n\ndata: [DONE]\n\n".to_owned(),
    ];
    let events = events(&encoded(&[stream.concat().as_bytes()]));
    assert_eq!(events.last().unwrap(), &json!({ "type": "error", "error": { "type": "api_error", "message": "no" } }));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[\\{\\}\":,a-z\\[\\]0-9 \n]{0,300}") {
        let _ = encode(&text.clone().into());
        let _ = encode_error(500, &text.clone().into());
        let _ = encoded(&[format!("data: {text}\n\n").as_bytes()]);
        if let Ok(body) = serde_json::from_str(&text) {
            let _ = translate(body);
        }
    }
}
