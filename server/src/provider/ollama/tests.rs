use proptest::prelude::*;
use serde_json::{Value, json};

use super::Ollama;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Dialect, Translation};
use crate::provider::openai::{SseFilter, read_answer};

fn how(limit: Option<u64>, drop_params: bool) -> Translation<'static> {
    Translation {
        model: "llama3.2",
        max_output_tokens: limit,
        model_max_output_tokens: None,
        unsupported: Unsupported { provider: "ollama", drop_params, wishes: &[] },
    }
}

fn sent_within(body: Value, limit: Option<u64>) -> Value {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    serde_json::from_slice(&Ollama.request(&body, &how(limit, false)).unwrap()).unwrap()
}

fn refused(body: Value) -> (String, String) {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    let error = Ollama.request(&body, &how(None, false)).unwrap_err();
    (error.param.unwrap_or_default().into(), error.message)
}

fn head() -> AnswerHead {
    AnswerHead {
        id: "chatcmpl-1".to_owned(),
        created: 1_700_000_000,
        model: "llama3.2".to_owned(),
        ..AnswerHead::default()
    }
}

fn answered(body: Value) -> Value {
    serde_json::to_value(Ollama.answer(body.to_string().as_bytes(), &head()).unwrap()).unwrap()
}

fn with(more: Value) -> Value {
    let mut body = json!({ "model": "x", "messages": [{ "role": "user", "content": "x" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[test]
fn a_whole_request() {
    let body = json!({
        "model": "public", "temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 7, "n": 1, "user": "u", "stream": true,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "stop": "END", "logprobs": true, "top_logprobs": 2,
        "messages": [
            { "role": "developer", "content": "Be brief." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD" } },
                { "type": "text", "text": "And why?" },
            ] },
            { "role": "assistant", "content": null, "reasoning_content": "Hm.", "tool_calls": [
                { "id": "1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
                { "id": "2", "type": "function", "function": { "name": "wait", "arguments": "" } },
            ] },
            { "role": "tool", "tool_call_id": "2", "content": "done" },
            { "role": "tool", "tool_call_id": "1", "content": [{ "type": "text", "text": "a cat" }] },
        ],
        "tools": [{ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } },
                  { "type": "function", "function": { "name": "wait", "description": "Waits." } }],
        "tool_choice": "auto",
        "response_format": { "type": "json_schema", "json_schema": { "name": "x", "schema": { "type": "object", "x": 1 } } },
        "reasoning_effort": "minimal", "keep_alive": "1h", "num_ctx": 4096, "options": { "temperature": 0.1, "num_predict": 9999 },
        "metadata": { "a": 1 },
    });
    let request = sent_within(body, Some(100));
    insta::assert_json_snapshot!(request);
}

#[test]
fn a_stream_is_always_said_to_be_one_or_not() {
    assert_eq!(
        sent_within(with(json!({})), None),
        json!({
            "model": "llama3.2", "messages": [{ "role": "user", "content": "x" }], "stream": false,
        })
    );
}

#[test]
fn formats_and_thinking() {
    let of = |more: Value, name: &str| sent_within(with(more), None)[name].clone();
    assert_eq!(of(json!({ "response_format": { "type": "json_object" } }), "format"), "json");
    assert_eq!(of(json!({ "response_format": { "type": "text" } }), "format"), Value::Null);
    for (effort, think) in [
        ("none", json!(false)),
        ("low", json!("low")),
        ("medium", json!("medium")),
        ("high", json!("high")),
        ("xhigh", json!("max")),
    ] {
        assert_eq!(of(json!({ "reasoning_effort": effort }), "think"), think);
    }
    assert_eq!(of(json!({ "thinking": { "type": "enabled", "budget_tokens": 9 } }), "think"), true);
    assert_eq!(of(json!({ "thinking": { "type": "disabled" } }), "think"), false);
    assert_eq!(of(json!({ "think": "high", "reasoning_effort": "low" }), "think"), "high");
}

#[test]
fn no_tools_are_offered_where_none_may_be_called() {
    let body = with(json!({ "tools": [{ "type": "function", "function": { "name": "a" } }], "tool_choice": "none" }));
    assert_eq!(sent_within(body, None).get("tools"), None);
}

#[test]
fn what_it_does_not_take_is_refused_by_name_or_dropped() {
    for (param, value) in [
        ("n", json!(2)),
        ("logit_bias", json!({})),
        ("tool_choice", json!("required")),
        ("tool_choice", json!({ "type": "function", "function": { "name": "a" } })),
        ("parallel_tool_calls", json!(false)),
        ("modalities", json!(["audio"])),
    ] {
        let body = with(json!({ param: value }));
        assert_eq!(refused(body.clone()).0, param);
        let body: ChatBody = serde_json::from_value(body).unwrap();
        Ollama.request(&body, &how(None, true)).unwrap();
    }
    let image = json!([{ "type": "image_url", "image_url": { "url": "https://example.com/a.png" } }]);
    let (param, message) = refused(json!({ "model": "x", "messages": [{ "role": "user", "content": image }] }));
    assert_eq!((param.as_str(), message.contains("data URI")), ("messages", true), "{message}");
}

#[test]
fn a_whole_answer() {
    let answer = answered(json!({
        "model": "llama3.2", "created_at": "2025-07-07T20:32:53.844124Z",
        "message": { "role": "assistant", "content": "A cat.", "thinking": "Hm.", "images": null },
        "done_reason": "stop", "done": true, "total_duration": 3244883583u64, "prompt_eval_count": 26, "eval_count": 298,
        "logprobs": [{ "token": "A", "logprob": -0.5, "bytes": [65], "top_logprobs": [{ "token": "A", "logprob": -0.5 }] }, { "token": " cat.", "logprob": -0.1 }],
    }));
    insta::assert_json_snapshot!(answer);
}

#[test]
fn tool_calls_have_ids_and_end_the_answer() {
    let answer = answered(json!({ "message": { "role": "assistant", "content": "", "tool_calls": [
        { "function": { "name": "look", "arguments": { "b": 1, "a": "x" } } },
        { "id": "own", "function": { "name": "wait", "arguments": {} } },
    ] }, "done": true, "done_reason": "stop" }));
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    assert_eq!(
        choice["message"]["tool_calls"],
        json!([
            { "id": "call_chatcmpl-1_0", "type": "function", "function": { "name": "look", "arguments": "{\"b\":1,\"a\":\"x\"}" } },
            { "id": "own", "type": "function", "function": { "name": "wait", "arguments": "{}" } },
        ])
    );
}

#[test]
fn what_is_counted_is_booked_once() {
    for (figures, expected) in [
        (json!({ "prompt_eval_count": 26, "eval_count": 298 }), (26, 298)),
        (json!({ "eval_count": 3 }), (0, 3)),
        (json!({ "prompt_eval_count": u64::MAX }), (10_000_000_000, 0)),
    ] {
        let mut body = json!({ "message": { "content": "x" }, "done": true });
        body.as_object_mut().unwrap().extend(figures.as_object().unwrap().clone());
        let booked = read_answer(answered(body).to_string().as_bytes()).usage.unwrap();
        assert_eq!((booked.input, booked.output), expected);
    }
}

#[test]
fn a_length_is_a_length_and_an_error_is_none_of_it() {
    let answer = answered(json!({ "message": { "content": "x" }, "done": true, "done_reason": "length" }));
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(Ollama.answer(br#"{"error":"no"}"#, &head()).unwrap_err(), "no");
    assert!(Ollama.answer(b"{}", &head()).is_err());
    assert_eq!(Ollama.error_message(br#"{"error":"model 'x' not found"}"#).unwrap(), "model 'x' not found");
}

/// As the documentation has it: thought, text, two calls, the figures.
const STREAM: &str = r#"{"model":"llama3.2","created_at":"2025-07-07T20:22:19.184789Z","message":{"role":"assistant","content":"","thinking":"Hm."},"done":false}
{"model":"llama3.2","created_at":"2025-07-07T20:22:19.184789Z","message":{"role":"assistant","content":"Hé","images":null},"done":false,"logprobs":[{"token":"Hé","logprob":-1.5}]}

{"model":"llama3.2","created_at":"2025-07-07T20:22:19.184789Z","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"look","arguments":{"at":1}}}]},"done":false}
{"model":"llama3.2","created_at":"2025-07-07T20:22:19.184789Z","message":{"role":"assistant","content":"","tool_calls":[{"id":"own","function":{"index":1,"name":"wait","arguments":{}}}]},"done":false}
{"model":"llama3.2","created_at":"2025-07-07T20:22:19.19314Z","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"total_duration":182242375,"load_duration":41295167,"prompt_eval_count":169,"eval_count":15}
"#;

fn streamed(parts: &[&[u8]]) -> String {
    let mut events = OpenAiEvents::new(Ollama.stream(head()));
    let out: Vec<u8> = parts.iter().flat_map(|part| events.push(part)).collect();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_stream_is_the_same_wherever_it_is_cut() {
    let whole = streamed(&[STREAM.as_bytes()]);
    insta::assert_snapshot!(whole);
    for cut in 0..=STREAM.len() {
        let (first, rest) = STREAM.as_bytes().split_at(cut);
        assert_eq!(streamed(&[first, rest]), whole, "cut at {cut}");
    }
    let mut filter = SseFilter::new(true);
    filter.push(whole.into());
    let outcome = filter.into_outcome();
    assert!(outcome.is_done && outcome.error.is_none());
    let usage = outcome.answer.usage.unwrap();
    assert_eq!((usage.input, usage.output), (169, 15));
}

#[test]
fn an_error_in_a_stream_is_told() {
    let lines =
        "{\"message\":{\"role\":\"assistant\",\"content\":\"A\"},\"done\":false}\n{\"error\":\"out of memory\"}\n";
    let mut filter = SseFilter::new(true);
    filter.push(streamed(&[lines.as_bytes()]).into());
    assert!(filter.into_outcome().error.unwrap().contains("out of memory"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6)) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        streamed(&parts);
        drop(Ollama.answer(&parts.concat(), &head()));
        drop(Ollama.error_message(&parts.concat()));
    }

    #[test]
    fn a_damaged_stream_makes_no_panic(at in 0usize..STREAM.len(), byte in any::<u8>()) {
        let mut bytes = STREAM.as_bytes().to_vec();
        bytes[at] = byte;
        streamed(&[&bytes]);
    }
}
