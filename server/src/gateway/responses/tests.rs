use std::borrow::Cow;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::answer::encode;
use super::request::{self, translate, without_thinking};
use super::stream::Encoder;
use super::{Form, Read, read};
use crate::gateway::client::StreamEncoder;

fn read_json(body: &Value) -> Read {
    read(body.to_string().into()).unwrap()
}

/// What is refused of a body where the provider has no Responses API.
fn refused(fields: Value) -> Vec<(Cow<'static, str>, bool)> {
    let mut body = json!({ "model": "m", "input": "x" });
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let unsaid = read_json(&body).call.unsaid;
    unsaid.into_iter().map(|unsaid| (unsaid.error.param.unwrap_or_default(), unsaid.is_droppable)).collect()
}

#[test]
fn a_conversation_is_said_in_the_words_of_chat_completions() {
    let blocks = [json!({ "type": "thinking", "thinking": "Hm.", "signature": "s" })];
    let body = json!({
        "model": "m", "max_output_tokens": 300, "stream": true, "temperature": 0.5, "top_p": 0.9, "top_logprobs": 2,
        "instructions": "Be brief.", "user": "u", "store": false, "truncation": "disabled", "prompt_cache_key": "k",
        "include": ["reasoning.encrypted_content"], "metadata": { "k": "v" }, "service_tier": "flex",
        "reasoning": { "effort": "low", "summary": "auto" }, "parallel_tool_calls": false,
        "stream_options": { "include_obfuscation": false }, "unknown": 1,
        "text": { "verbosity": "low", "format": { "type": "json_schema", "name": "a", "strict": true, "schema": { "type": "object" } } },
        "tools": [
            { "type": "function", "name": "look", "description": "d", "strict": true, "parameters": { "type": "object" } },
            { "type": "function", "name": "wait", "parameters": null },
            { "type": "custom", "name": "patch", "description": "Patches.", "format": { "type": "grammar", "syntax": "lark", "definition": "start: x" } },
            { "type": "web_search", "search_context_size": "low", "user_location": { "type": "approximate", "city": "Oslo" } } ],
        "tool_choice": { "type": "allowed_tools", "mode": "required", "tools": [
            { "type": "function", "name": "look" }, { "type": "custom", "name": "patch" } ] },
        "input": [
            { "role": "developer", "content": "Mind the gap." },
            { "role": "user", "content": [
                { "type": "input_text", "text": "Hi" }, { "type": "input_image", "image_url": "https://x/y.png", "detail": "low" },
                { "type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QUJD" },
                { "type": "input_file", "file_url": "https://x/b.pdf" } ] },
            { "type": "reasoning", "id": "rs_1", "summary": [{ "type": "summary_text", "text": "Hm." }],
                "encrypted_content": request::sealed_thinking(&blocks) },
            { "type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
                { "type": "output_text", "text": "Let me look.", "annotations": [] } ] },
            { "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "look", "arguments": "{\"at\":1}", "status": "completed" },
            { "type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "patch", "input": "*** \"x\"" },
            { "type": "function_call_output", "call_id": "c1", "output": [
                { "type": "input_text", "text": "seen" }, { "type": "input_image", "image_url": "data:image/png;base64,QUJD" } ] },
            { "type": "custom_tool_call_output", "call_id": "c2", "output": "done" },
            { "type": "message", "role": "assistant", "content": [{ "type": "refusal", "refusal": "No." }] },
            { "role": "user", "content": "Go on." },
        ],
    });
    let read = read_json(&body);
    assert!(read.call.unsaid.is_empty());
    assert!(read.call.form.called("patch").is_custom && !read.call.form.called("look").is_custom);
    insta::assert_json_snapshot!(read.chat);
    insta::assert_json_snapshot!(read.in_bytes.other);
    insta::assert_json_snapshot!(read.call.form.echo);
}

#[test]
fn what_only_the_api_can_do_is_named() {
    for param in ["previous_response_id", "prompt", "conversation"] {
        let value = match param {
            "prompt" => json!({ "id": "pmpt_1", "variables": { "a": "b" } }),
            _ => json!("x_1"),
        };
        assert_eq!(refused(json!({ param: value })), [(param.into(), false)]);
    }
    assert_eq!(refused(json!({ "truncation": "auto" })), [("truncation".into(), true)]);
    for kind in ["file_search", "code_interpreter", "computer_use_preview", "image_generation", "mcp", "local_shell"] {
        assert_eq!(refused(json!({ "tools": [{ "type": kind }] })), [("tools".into(), true)], "{kind}");
    }
    assert_eq!(refused(json!({ "tool_choice": { "type": "file_search" } })), [("tool_choice".into(), true)]);
    assert_eq!(refused(json!({ "input": [{ "type": "item_reference", "id": "msg_1" }] })), [("input".into(), true)]);
    let by_id = json!([{ "role": "user", "content": [{ "type": "input_image", "file_id": "file-1" }] }]);
    assert_eq!(refused(json!({ "input": by_id })), [("input".into(), false)]);
    assert_eq!(refused(json!({ "background": false, "previous_response_id": null, "tools": null })), []);
}

#[test]
fn what_the_provider_reads_beside_the_body_is_noted() {
    let unknown = |fields: Value| {
        let mut body = json!({ "model": "m", "input": "x" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        read_json(&body).reads_unknown
    };
    assert!(!unknown(json!({})));
    for fields in [
        json!({ "previous_response_id": "resp_1" }),
        json!({ "conversation": { "id": "conv_1" } }),
        json!({ "prompt": { "id": "pmpt_1" } }),
        json!({ "tools": [{ "type": "web_search" }] }),
        json!({ "tools": [{ "type": "mcp", "server_url": "https://x" }] }),
        json!({ "input": [{ "type": "item_reference", "id": "msg_1" }] }),
    ] {
        assert!(unknown(fields.clone()), "{fields}");
    }
}

#[test]
fn a_wrong_field_is_named() {
    let param = |body: &str| read(body.to_owned().into()).err().unwrap().param.map(String::from);
    assert_eq!(param(r#"{"input":"x"}"#).as_deref(), Some("model"));
    assert_eq!(param(r#"{"model":"m"}"#).as_deref(), Some("input"));
    assert_eq!(param(r#"{"model":"m","input":7}"#).as_deref(), Some("input"));
    assert_eq!(param(r#"{"model":"m","input":"x","max_output_tokens":"many"}"#).as_deref(), Some("max_output_tokens"));
    assert_eq!(param(r#"{"model":"m","input":"x","tools":{}}"#).as_deref(), Some("tools"));
    assert_eq!(param(r#"{"model":"m","input":"x","background":true}"#).as_deref(), Some("background"));
    assert_eq!(param("[]"), None);
    let message = read(r#"{"model":"m","input":7}"#.into()).err().unwrap().message;
    assert!(message.contains("expected a text, or a list of items"), "{message}");
}

#[test]
fn thoughts_written_down_here_are_not_sent_to_others() {
    let sealed = request::sealed_thinking(&[json!({ "type": "redacted_thinking", "data": "x" })]).unwrap();
    let of = |content: &str| json!({ "type": "reasoning", "id": "rs", "summary": [], "encrypted_content": content });
    let body = json!({ "model": "m", "input": [of(&sealed), of("gAAA"), { "role": "user", "content": "x" }] });
    let kept: Value = serde_json::from_slice(&without_thinking(body.to_string().as_bytes()).unwrap()).unwrap();
    assert_eq!(kept["input"], json!([of("gAAA"), { "role": "user", "content": "x" }]));
    assert_eq!(without_thinking(kept.to_string().as_bytes()), None);
}

fn form() -> Arc<Form> {
    let body = json!({ "model": "m", "input": "x", "instructions": "Be brief.", "tools": [{ "type": "custom", "name": "patch" }] });
    read_json(&body).call.form
}

#[test]
fn an_answer_is_said_in_the_words_of_responses() {
    let answer = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 7, "model": "gpt", "service_tier": "default", "choices": [{
            "index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "Look.", "reasoning_content": "Hm.",
                "thinking_blocks": [{ "type": "thinking", "thinking": "Hm.", "signature": "s" }],
                "annotations": [{ "type": "url_citation", "url_citation": { "url": "https://x/y", "title": "Y", "start_index": 0, "end_index": 4 } }],
                "tool_calls": [
                    { "id": "c", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
                    { "id": "d", "type": "function", "function": { "name": "patch", "arguments": "{\"input\":\"*** \\\"x\\\"\"}" } } ] },
            "logprobs": { "content": [{ "token": "Look", "logprob": -0.5, "bytes": [76], "top_logprobs": [] }] } }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": { "cached_tokens": 6 },
            "completion_tokens_details": { "reasoning_tokens": 1 } },
    });
    let encoded = encode(&answer.to_string().into(), &form()).unwrap();
    insta::assert_json_snapshot!(serde_json::from_slice::<Value>(&encoded).unwrap());
}

#[test]
fn tools_of_a_namespace_are_called_by_it() {
    let tools = json!([{ "type": "namespace", "name": "mcp__files__", "description": "d", "tools": [
        { "type": "function", "name": "read", "parameters": {} }, { "type": "custom", "name": "x".repeat(70) } ] }]);
    let call = json!({ "type": "function_call", "call_id": "c", "namespace": "mcp__files__", "name": "read", "arguments": "{}" });
    let choice = json!({ "type": "function", "namespace": "mcp__files__", "name": "read" });
    let read = read_json(&json!({ "model": "m", "input": [call], "tools": tools, "tool_choice": choice }));
    assert!(read.call.unsaid.is_empty());
    let chat = serde_json::to_value(&read.chat).unwrap();
    let names = [
        chat["tools"][0]["function"]["name"].as_str().unwrap(),
        chat["tools"][1]["function"]["name"].as_str().unwrap(),
    ];
    assert_eq!((names[0], names[1].len()), ("mcp__files__read", 64));
    assert_eq!(chat["messages"][0]["tool_calls"][0]["function"]["name"], names[0]);
    assert_eq!(chat["tool_choice"]["function"]["name"], names[0]);
    let called = json!({ "role": "assistant", "tool_calls": [{ "id": "c", "function": { "name": names[0], "arguments": "{}" } }] });
    let answer = json!({ "id": "chatcmpl-1", "choices": [{ "index": 0, "message": called }] });
    let encoded: Value = serde_json::from_slice(&encode(&answer.to_string().into(), &read.call.form).unwrap()).unwrap();
    let item = &encoded["output"][0];
    assert_eq!((&item["namespace"], &item["name"]), (&json!("mcp__files__"), &json!("read")));
}

#[test]
fn an_answer_that_ends_early_says_so() {
    let ended = |reason: &str, message: Value| {
        let choice = json!({ "index": 0, "finish_reason": reason, "message": message });
        let answer = json!({ "id": "chatcmpl-1", "model": "m", "choices": [choice] });
        let encoded: Value = serde_json::from_slice(&encode(&answer.to_string().into(), &form()).unwrap()).unwrap();
        encoded
    };
    let cut = ended("length", json!({ "content": "Lo" }));
    assert_eq!(
        (&cut["status"], &cut["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    assert_eq!(cut["output"][0]["status"], "incomplete");
    let filtered = ended("content_filter", json!({ "content": null }));
    assert_eq!(filtered["incomplete_details"]["reason"], "content_filter");
    let refused = ended("stop", json!({ "content": null, "refusal": "No." }));
    assert_eq!(refused["output"][0]["content"], json!([{ "type": "refusal", "refusal": "No." }]));
    assert_eq!((&refused["status"], &refused["usage"]), (&json!("completed"), &Value::Null));
}

fn chunk(delta: Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    let chunk = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "gpt", "choices": [choice] });
    format!("data: {chunk}\n\n")
}

fn tool(index: u64, id: Option<&str>, name: Option<&str>, arguments: &str) -> String {
    let call = json!({ "index": index, "id": id, "function": { "name": name, "arguments": arguments } });
    chunk(json!({ "tool_calls": [call] }), None)
}

fn usage() -> String {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": { "cached_tokens": 6 } });
    format!("data: {}\n\ndata: [DONE]\n\n", json!({ "id": "chatcmpl-1", "choices": [], "usage": usage }))
}

fn events(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|json| serde_json::from_str(json).unwrap()).collect()
}

fn encoded(pieces: &[&[u8]]) -> Vec<u8> {
    let mut encoder = Encoder::new(form());
    let mut out = Vec::new();
    pieces.iter().for_each(|piece| out.extend_from_slice(&encoder.push(piece)));
    out.extend_from_slice(&encoder.finish());
    out
}

fn full_stream() -> String {
    [
        chunk(json!({ "role": "assistant", "content": "" }), None),
        chunk(json!({ "reasoning_content": "Hm é", "thinking_blocks": [{ "type": "thinking", "thinking": "Hm é", "signature": "" }] }), None),
        chunk(json!({ "thinking_blocks": [{ "type": "thinking", "thinking": "", "signature": "s" }] }), None),
        chunk(json!({ "content": "Look" }), None),
        chunk(json!({ "content": ".", "annotations": [{ "type": "url_citation", "url_citation": { "url": "https://x/y" } }] }), None),
        chunk(json!({ "refusal": "No." }), None),
        tool(0, Some("a"), Some("look"), ""),
        tool(0, None, None, "{\"at\""),
        tool(0, None, None, ":1}"),
        tool(1, Some("b"), Some("patch"), "{\"input\""),
        tool(1, None, None, ":\"*** x\"}"),
        chunk(json!({}), Some("tool_calls")),
        usage(),
    ]
    .concat()
}

#[test]
fn a_stream_is_said_in_the_words_of_responses_wherever_it_is_cut() {
    let stream = full_stream();
    let whole = encoded(&[stream.as_bytes()]);
    let all = events(&whole);
    insta::assert_json_snapshot!(all);
    let numbers: Vec<u64> = all.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..u64::try_from(all.len()).unwrap()).collect::<Vec<_>>());
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
    ];
    let all = events(&encoded(&[stream.concat().as_bytes()]));
    let output = &all.last().unwrap()["response"]["output"];
    assert_eq!((&output[0]["arguments"], &output[1]["arguments"]), (&json!("{}"), &json!("{\"s\":2}")));
    assert_eq!((&output[0]["call_id"], &output[1]["call_id"]), (&json!("a"), &json!("b")));
}

#[test]
fn a_stream_that_ends_early_or_fails_says_so() {
    let cut = [chunk(json!({ "content": "Lo" }), Some("length")), usage()].concat();
    let all = events(&encoded(&[cut.as_bytes()]));
    let last = all.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.incomplete"), &json!("incomplete")));
    assert_eq!(last["response"]["incomplete_details"]["reason"], "max_output_tokens");

    let error = "data: {\"error\":{\"message\":\"no\"}}\n\ndata: [DONE]\n\n".to_owned();
    let all = events(&encoded(&[[chunk(json!({ "content": "x" }), None), error.clone()].concat().as_bytes()]));
    let last = all.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["error"]["message"]), (&json!("response.failed"), &json!("no")));
    let all = events(&encoded(&[error.as_bytes()]));
    let expected =
        json!({ "type": "error", "code": "server_error", "message": "no", "param": null, "sequence_number": 0 });
    assert_eq!(all, [expected]);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "[\\{\\}\":,a-z\\[\\]0-9 \n]{0,300}", bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = encode(&text.clone().into(), &Form::default());
        let _ = encoded(&[format!("data: {text}\n\n").as_bytes(), &bytes]);
        let _ = read(text.clone().into());
        let _ = read(bytes.into());
        if let Ok(body) = serde_json::from_str(&text) {
            let _ = translate(body);
        }
    }
}
