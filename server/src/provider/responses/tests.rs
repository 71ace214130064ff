use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Responses;
use super::body::{NativeBody, NativeChanges};
use crate::config::RequestConfig;
use crate::domain::usage::Usage;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, Dialect, Translation};
use crate::provider::openai::params::RequestParams;
use crate::provider::openai::{ChatRequest, RequestError, SseFilter, read_answer};

fn head() -> AnswerHead {
    AnswerHead { id: "chatcmpl-1".to_owned(), created: 7, model: "gpt".to_owned(), ..AnswerHead::default() }
}

fn usage() -> Value {
    json!({ "input_tokens": 100, "input_tokens_details": { "cached_tokens": 60, "cache_write_tokens": 10 },
        "output_tokens": 50, "output_tokens_details": { "reasoning_tokens": 20 }, "total_tokens": 150 })
}

fn response(status: &str) -> Value {
    json!({
        "id": "resp_1", "object": "response", "created_at": 7.5, "status": status, "model": "gpt-2026", "error": null,
        "output": [
            { "id": "rs_1", "type": "reasoning", "summary": [{ "type": "summary_text", "text": "Hm." },
                { "type": "summary_text", "text": "So." }] },
            { "id": "ws_1", "type": "web_search_call", "status": "completed", "action": { "type": "search", "query": "q" } },
            { "id": "msg_1", "type": "message", "status": "completed", "role": "assistant", "content": [
                { "type": "output_text", "text": "Look.", "logprobs": [], "annotations": [
                    { "type": "url_citation", "start_index": 0, "end_index": 4, "url": "https://x/y", "title": "Y" },
                    { "type": "file_citation", "file_id": "f", "filename": "f", "index": 0 } ] },
                { "type": "refusal", "refusal": "No." } ] },
            { "id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{\"at\":1}" },
            { "id": "ctc_1", "type": "custom_tool_call", "call_id": "call_2", "name": "patch", "input": "*** x" },
        ],
        "usage": usage(), "service_tier": "priority",
    })
}

#[test]
fn a_response_is_read_as_a_chat_completion() {
    let body = response("completed").to_string();
    let completion = Responses.answer(body.as_bytes(), &head()).unwrap();
    insta::assert_json_snapshot!(completion);
    let read = read_answer(&serde_json::to_vec(&completion).unwrap()).usage;
    let expected = Usage {
        input: 30,
        cache_read: 60,
        cache_write_5m: 10,
        output: 30,
        reasoning: 20,
        queries: 1,
        ..Usage::default()
    };
    assert_eq!(read, Some(expected));
}

#[test]
fn how_a_response_ended_is_told() {
    let ended = |body: Value| {
        let completion = Responses.answer(body.to_string().as_bytes(), &head()).unwrap();
        serde_json::to_value(completion.choices[0].finish_reason).unwrap()
    };
    let incomplete = |reason: &str| json!({ "id": "r", "status": "incomplete", "incomplete_details": { "reason": reason }, "output": [] });
    assert_eq!(ended(incomplete("max_output_tokens")), "length");
    assert_eq!(ended(incomplete("content_filter")), "content_filter");
    assert_eq!(ended(json!({ "id": "r", "status": "completed", "output": null, "usage": null })), "stop");
    assert!(Responses.answer(b"<html>", &head()).is_err());
}

fn events(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn stream() -> String {
    let begun = json!({ "id": "resp_1", "created_at": 7, "status": "in_progress", "model": "gpt-2026", "output": [] });
    let part = json!({ "type": "summary_text", "text": "" });
    events(&[
        json!({ "type": "response.created", "response": begun, "sequence_number": 0 }),
        json!({ "type": "response.output_item.added", "output_index": 0, "item": { "type": "reasoning", "id": "rs_1", "summary": [] } }),
        json!({ "type": "response.reasoning_summary_part.added", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "part": part }),
        json!({ "type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0, "delta": "Hm é" }),
        json!({ "type": "response.output_item.added", "output_index": 1, "item": { "type": "message", "id": "msg_1", "role": "assistant", "content": [] } }),
        json!({ "type": "response.output_text.delta", "item_id": "msg_1", "output_index": 1, "content_index": 0, "delta": "Look", "obfuscation": "xY" }),
        json!({ "type": "response.output_text.delta", "item_id": "msg_1", "output_index": 1, "content_index": 0, "delta": "." }),
        json!({ "type": "response.output_text.done", "item_id": "msg_1", "output_index": 1, "content_index": 0, "text": "Look." }),
        json!({ "type": "response.output_item.added", "output_index": 2, "item": { "type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "" } }),
        json!({ "type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 2, "delta": "{\"at\"" }),
        json!({ "type": "response.function_call_arguments.delta", "item_id": "fc_1", "output_index": 2, "delta": ":1}" }),
        json!({ "type": "response.output_item.added", "output_index": 3, "item": { "type": "new_kind", "id": "x" } }),
        json!({ "type": "response.completed", "response": response("completed"), "sequence_number": 12 }),
    ])
}

/// What is metered of a stream that comes in these pieces.
fn read(pieces: &[&[u8]]) -> (String, Option<Usage>, bool, Option<String>) {
    let mut openai = OpenAiEvents::new(Responses.stream(head()));
    let mut filter = SseFilter::new(true);
    let mut out = String::new();
    for piece in pieces {
        out.push_str(std::str::from_utf8(&filter.push(openai.push(piece))).unwrap());
    }
    out.push_str(std::str::from_utf8(&filter.push(openai.finish())).unwrap());
    let outcome = filter.into_outcome();
    (out, outcome.answer.usage, outcome.is_done, outcome.error)
}

#[test]
fn a_stream_is_read_wherever_it_is_cut() {
    let stream = stream();
    let whole = read(&[stream.as_bytes()]);
    insta::assert_snapshot!(whole.0);
    assert_eq!(whole.1.map(|usage| (usage.prompt_tokens(), usage.completion_tokens())), Some((100, 50)));
    for cut in 0..stream.len() {
        let (first, second) = stream.as_bytes().split_at(cut);
        assert_eq!(read(&[first, second]), whole, "cut at {cut}");
    }
}

#[test]
fn a_stream_that_fails_says_why_and_keeps_its_usage() {
    let mut failed = response("failed");
    failed["error"] = json!({ "code": "server_error", "message": "no" });
    let (_, usage, is_done, error) =
        read(&[events(&[json!({ "type": "response.failed", "response": failed })]).as_bytes()]);
    assert!(usage.is_some() && is_done);
    assert!(error.unwrap().contains("\"no\""));
    let (_, usage, _, error) = read(&[events(&[json!({ "type": "error", "code": "x", "message": "out" })]).as_bytes()]);
    assert!(usage.is_none() && error.unwrap().contains("out"));
    let cut = stream().split("event: response.completed").next().unwrap().to_owned();
    assert!(read(&[cut.as_bytes()]).3.unwrap().contains("broke off"));
}

fn upstream(body: &str, max_output_tokens: Option<u64>) -> Result<String, RequestError> {
    let native = NativeBody::read(Bytes::from(body.to_owned()))?;
    let deployment = RequestConfig {
        additional_drop_params: vec!["truncation".to_owned(), "max_output_tokens".to_owned()],
        extra_body: serde_json::from_value(json!({ "provider": { "order": ["x"] }, "top_p": 1 })).unwrap(),
        ..RequestConfig::default()
    };
    let changes = NativeChanges {
        model: "gpt-2026",
        max_output_tokens,
        previous_response_id: body.contains("previous_response_id").then_some("resp_native"),
        of_client: &RequestParams::default(),
        of_deployment: &deployment,
    };
    native.upstream(&changes).map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[test]
fn a_body_passes_through_but_for_what_must_change() {
    let body = r#"{ "model":"gpt" , "input":[{"type":"new","é":2.50}], "truncation":"auto", "max_output_tokens":100,
        "previous_response_id":"resp_ours", "drop_params":true, "tags":["a"], "metadata":{"tags":["b"],"k":"v"},"top_p":0.5}"#;
    let expected = r#"{"model":"gpt-2026","input":[{"type":"new","é":2.50}],"max_output_tokens":64,"previous_response_id":"resp_native","metadata":{"k":"v"},"top_p":0.5,"provider":{"order":["x"]}}"#;
    assert_eq!(upstream(body, Some(64)).unwrap(), expected);
    let native = NativeBody::read(Bytes::from(body)).unwrap();
    assert_eq!(native.tags, ["a", "b"]);
    let short = r#"{"model":"gpt","input":"x"}"#;
    assert!(upstream(short, None).unwrap().starts_with(r#"{"model":"gpt-2026","input":"x","provider""#));
    assert!(upstream(short, Some(20)).unwrap().contains(r#""max_output_tokens":20"#));
    assert!(upstream(body, Some(200)).unwrap().contains(r#""max_output_tokens":100"#));
    assert_eq!(upstream(short, Some(15)).unwrap_err().param.as_deref(), Some("max_output_tokens"));
}

#[test]
fn a_field_that_is_named_twice_is_refused() {
    let twice = r#"{"model":"gpt","input":"x","max_output_tokens":16,"max_output_tokens":100000}"#;
    assert!(upstream(twice, None).unwrap_err().message.contains("duplicate field `max_output_tokens`"));
    assert!(upstream("[]", None).is_err());
}

#[test]
fn what_a_call_may_cost_cannot_be_put_elsewhere() {
    let body = r#"{"model":"gpt","input":"x","extra_body":{"max_output_tokens":100000}}"#;
    let native = NativeBody::read(Bytes::from_static(body.as_bytes())).unwrap();
    let of_client = RequestParams {
        extra_body: serde_json::from_value(json!({ "max_output_tokens": 100_000 })).unwrap(),
        ..RequestParams::default()
    };
    let deployment = RequestConfig::default();
    let changes = NativeChanges {
        model: "m",
        max_output_tokens: Some(16),
        previous_response_id: None,
        of_client: &of_client,
        of_deployment: &deployment,
    };
    assert_eq!(native.upstream(&changes).unwrap_err().param.as_deref(), Some("extra_body"));
}

fn how(drop_params: bool) -> Translation<'static> {
    let unsupported = Unsupported { provider: "openai", drop_params, wishes: &[] };
    Translation { model: "o1-pro", max_output_tokens: Some(500), model_max_output_tokens: None, unsupported }
}

#[test]
fn a_chat_completion_is_said_in_the_words_of_responses() {
    let body = json!({
        "model": "pro", "max_tokens": 500, "stream": true, "temperature": 0.5, "reasoning_effort": "high", "user": "u",
        "verbosity": "low", "metadata": { "k": "v" }, "logprobs": true, "top_logprobs": 2, "parallel_tool_calls": false,
        "response_format": { "type": "json_schema", "json_schema": { "name": "a", "strict": true, "schema": { "type": "object" } } },
        "tools": [{ "type": "function", "function": { "name": "look", "description": "d", "parameters": { "type": "object" } } }],
        "tool_choice": { "type": "function", "function": { "name": "look" } },
        "web_search_options": { "search_context_size": "low", "user_location": { "type": "approximate", "approximate": { "city": "Oslo" } } },
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "user", "content": [{ "type": "text", "text": "Hi" },
                { "type": "image_url", "image_url": { "url": "https://x/y.png", "detail": "low" } },
                { "type": "file", "file": { "file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf" } } ] },
            { "role": "assistant", "content": "Let me look.", "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{}" } }] },
            { "role": "tool", "tool_call_id": "c1", "content": "seen" },
        ],
    });
    let body = serde_json::from_value(body).unwrap();
    let sent: Value = serde_json::from_slice(&Responses.request(&body, &how(false)).unwrap()).unwrap();
    insta::assert_json_snapshot!(sent);
}

#[test]
fn what_responses_have_not_is_refused_or_dropped() {
    let body = |field: &str, value: Value| {
        serde_json::from_value(json!({ "model": "m", "messages": [{ "role": "user", "content": "x" }], field: value }))
            .unwrap()
    };
    for (field, value) in [("stop", json!("x")), ("n", json!(2)), ("seed", json!(1)), ("logit_bias", json!({}))] {
        let error = Responses.request(&body(field, value.clone()), &how(false)).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(field));
        let sent = Responses.request(&body(field, value), &how(true)).unwrap();
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent.get(field), None, "{field}");
    }
    let few = Translation { max_output_tokens: Some(15), ..how(true) };
    assert!(Responses.request(&body("seed", Value::Null), &few).is_err());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[\\{\\}\":,a-z_\\.\\[\\]0-9 \n]{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Responses.answer(text.as_bytes(), &head());
        let _ = read(&[format!("data: {text}\n\n").as_bytes(), &bytes]);
        if let Ok(native) = NativeBody::read(Bytes::from(bytes)) {
            prop_assert!(!native.bytes.is_empty());
        }
        if let Ok(body) = serde_json::from_str(&text) {
            let _ = Responses.request(&body, &how(true));
        }
        let _ = ChatRequest::parse(text.as_bytes(), None);
    }
}
