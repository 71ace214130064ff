use proptest::prelude::*;
use serde_json::{Value, json};

use super::Anthropic;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Chunk, Dialect, Translation};

fn how(max_output_tokens: Option<u64>, drop_params: bool) -> Translation<'static> {
    Translation {
        model: "claude-sonnet-4-5",
        max_output_tokens,
        model_max_output_tokens: Some(64_000),
        unsupported: Unsupported { provider: "anthropic", drop_params, wishes: &[] },
    }
}

fn sent_within(body: Value, limit: Option<u64>) -> Value {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    serde_json::from_slice(&Anthropic.request(&body, &how(limit, false)).unwrap()).unwrap()
}

fn sent(body: Value) -> Value {
    sent_within(body, Some(100))
}

fn refused(body: Value) -> (String, String) {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    let error = Anthropic.request(&body, &how(None, false)).unwrap_err();
    (error.param.unwrap_or_default().into(), error.message)
}

fn head() -> AnswerHead {
    AnswerHead {
        id: "chatcmpl-1".to_owned(),
        created: 1_700_000_000,
        model: "claude-sonnet-4-5".to_owned(),
        ..AnswerHead::default()
    }
}

#[test]
fn a_conversation_becomes_turns() {
    let request = sent(json!({
        "model": "x", "temperature": 0.5, "top_p": 0.9, "top_k": 5, "stop": ["END", " "], "stream": true, "user": "u-1",
        "messages": [
            { "role": "system", "content": "Be brief.", "cache_control": { "type": "ephemeral" } },
            { "role": "user", "content": "Hi" },
            { "role": "developer", "content": "Be kind." },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD" } },
                { "type": "image_url", "image_url": "https://example.com/a.jpg" },
                { "type": "file", "file": { "file_data": "data:application/pdf;base64,QUJD", "filename": "a.pdf" } },
                { "type": "file", "file": { "file_data": "data:text/plain;base64,aMOp" }, "cache_control": { "type": "ephemeral" } },
            ] },
            { "role": "assistant", "content": null, "thinking_blocks": [
                { "type": "thinking", "thinking": "Hm.", "signature": "s" }, { "type": "redacted_thinking", "data": "d" },
              ], "tool_calls": [
                { "id": "call.1", "type": "function", "function": { "name": "look", "arguments": "{\"at\": 1}" } },
                { "id": "b", "type": "function", "function": { "name": "wait", "arguments": "" } },
            ] },
            { "role": "tool", "tool_call_id": "call.1", "content": "a cat" },
            { "role": "tool", "tool_call_id": "b", "content": [{ "type": "text", "text": "done" }] },
            { "role": "user", "content": "And?" },
            { "role": "assistant", "content": "It is \n" },
        ],
    }));
    insta::assert_json_snapshot!(request);
}

#[test]
fn tools_and_the_forms_of_their_choice() {
    let tools = json!([
        { "type": "function", "function": { "name": "f", "description": "d", "parameters": { "properties": { "a": { "type": "string" } } } } },
        { "type": "function", "function": { "name": "g" } },
        { "type": "web_search_20250305", "name": "web_search", "max_uses": 3 },
    ]);
    let request = |choice: Value, parallel: Value| {
        sent(
            json!({ "messages": [{ "role": "user", "content": "x" }], "tools": tools, "tool_choice": choice, "parallel_tool_calls": parallel }),
        )
    };
    let whole = request(json!("auto"), json!(null));
    assert_eq!(
        whole["tools"],
        json!([
            { "name": "f", "description": "d", "input_schema": { "type": "object", "properties": { "a": { "type": "string" } } } },
            { "name": "g", "input_schema": { "type": "object", "properties": {} } },
            { "type": "web_search_20250305", "name": "web_search", "max_uses": 3 },
        ])
    );
    let choice = |choice: Value, parallel: Value| request(choice, parallel)["tool_choice"].clone();
    assert_eq!(choice(json!("auto"), json!(null)), json!({ "type": "auto" }));
    assert_eq!(choice(json!("none"), json!(false)), json!({ "type": "none" }));
    assert_eq!(choice(json!("required"), json!(false)), json!({ "type": "any", "disable_parallel_tool_use": true }));
    let named = json!({ "type": "function", "function": { "name": "f" } });
    assert_eq!(choice(named, json!(true)), json!({ "type": "tool", "name": "f" }));
    assert_eq!(choice(json!(null), json!(false)), json!({ "type": "auto", "disable_parallel_tool_use": true }));
}

#[test]
fn thinking_leaves_room_for_an_answer() {
    let request = |more: Value, limit| {
        let mut body = json!({ "messages": [{ "role": "user", "content": "x" }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let sent = sent_within(body, limit);
        (sent["max_tokens"].as_u64().unwrap(), sent["thinking"]["budget_tokens"].as_u64())
    };
    assert_eq!(request(json!({}), None), (64_000, None));
    assert_eq!(request(json!({}), Some(10)), (10, None));
    assert_eq!(request(json!({ "reasoning_effort": "high" }), None), (64_000, Some(4096)));
    assert_eq!(request(json!({ "reasoning_effort": "low" }), Some(1024)), (1024, None));
    assert_eq!(request(json!({ "reasoning_effort": "high" }), Some(3000)), (3000, Some(1500)));
    assert_eq!(request(json!({ "reasoning_effort": "high" }), Some(2000)), (2000, Some(1024)));
    assert_eq!(request(json!({ "reasoning_effort": "high" }), Some(1366)), (1366, Some(1024)));
    assert_eq!(request(json!({ "reasoning_effort": "high" }), Some(1364)), (1364, None));
    assert_eq!(request(json!({ "reasoning_effort": "none" }), Some(3000)), (3000, None));
    let own = json!({ "thinking": { "type": "enabled", "budget_tokens": 70_000 } });
    assert_eq!(request(own, None), (74_096, Some(70_000)));
}

#[test]
fn effort_becomes_what_the_model_knows() {
    let request = |model: &'static str, more: Value, drop_params: bool| {
        let mut body = json!({ "messages": [{ "role": "user", "content": "x" }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body: ChatBody = serde_json::from_value(body).unwrap();
        let sent = Anthropic.request(&body, &Translation { model, ..how(Some(10_000), drop_params) });
        sent.map(|sent| serde_json::from_slice::<Value>(&sent).unwrap())
    };
    let adaptive = json!({ "type": "adaptive", "display": "summarized" });
    for (effort, expected) in [("minimal", "low"), ("low", "low"), ("medium", "medium"), ("max", "max")] {
        let sent = request("claude-opus-4-6", json!({ "reasoning_effort": effort }), false).unwrap();
        assert_eq!((&sent["thinking"], &sent["output_config"]), (&adaptive, &json!({ "effort": expected })));
    }
    let own = json!({ "reasoning_effort": "low", "output_config": { "effort": "high", "x": 1 } });
    let sent = request("claude-opus-4-6", own, false).unwrap();
    assert_eq!(sent["output_config"], json!({ "effort": "high", "x": 1 }));
    let none = request("claude-opus-4-6", json!({ "reasoning_effort": "none" }), false).unwrap();
    assert_eq!((none.get("thinking"), none.get("output_config")), (None, None));
    let budget = request("claude-sonnet-4-5", json!({ "reasoning_effort": "high" }), false).unwrap();
    assert_eq!(budget["thinking"], json!({ "type": "enabled", "budget_tokens": 4096 }));
    let refused = request("claude-3-5-sonnet-latest", json!({ "reasoning_effort": "high" }), false).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("reasoning_effort"));
    let dropped = request("claude-3-5-sonnet-latest", json!({ "reasoning_effort": "high" }), true).unwrap();
    assert_eq!(dropped.get("thinking"), None);
}

#[test]
fn what_a_model_that_thinks_does_not_take_is_refused_by_name_or_dropped() {
    let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
    for (name, value) in [
        ("temperature", json!(0.2)),
        ("top_p", json!(0.5)),
        ("top_k", json!(10)),
        ("tool_choice", json!("required")),
        ("tool_choice", json!({ "type": "function", "function": { "name": "f" } })),
    ] {
        let mut body = json!({ "messages": [{ "role": "user", "content": "x" }], "tools": tools });
        body[name] = value;
        assert!(sent_within(body.clone(), None).get(name).is_some(), "{name}");
        body["reasoning_effort"] = json!("low");
        assert_eq!(refused(body.clone()).0, name);
        let body: ChatBody = serde_json::from_value(body).unwrap();
        let sent: Value = serde_json::from_slice(&Anthropic.request(&body, &how(None, true)).unwrap()).unwrap();
        let expected = if name == "tool_choice" { json!({ "type": "auto" }) } else { Value::Null };
        assert_eq!(sent.get(name).cloned().unwrap_or_default(), expected, "{name}");
    }
    let taken = json!({ "temperature": 1, "top_p": 0.97, "reasoning_effort": "low" });
    let mut body = json!({ "messages": [{ "role": "user", "content": "x" }] });
    body.as_object_mut().unwrap().extend(taken.as_object().unwrap().clone());
    assert_eq!(sent_within(body, None)["top_p"], json!(0.97));
}

#[test]
fn json_is_asked_for_by_a_tool() {
    let object = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
    let format = |schema: &Value| json!({ "type": "json_schema", "json_schema": { "name": "n", "schema": schema } });
    let ask = |format: Value, more: Value| {
        let mut body = json!({ "messages": [{ "role": "user", "content": "x" }], "response_format": format });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sent_within(body, None)
    };
    let request = ask(format(&object), json!({}));
    assert_eq!(
        (&request["tools"][0]["name"], &request["tools"][0]["input_schema"]),
        (&json!("json_tool_call"), &object)
    );
    assert_eq!(request["tool_choice"], json!({ "type": "tool", "name": "json_tool_call" }));
    let list = ask(format(&json!({ "type": "array", "items": { "type": "string" } })), json!({}));
    assert_eq!(list["tools"][0]["input_schema"]["properties"]["value"]["type"], "array");
    let tools = json!([{ "type": "function", "function": { "name": "f" } }]);
    assert_eq!(ask(format(&object), json!({ "tools": tools }))["tool_choice"], json!({ "type": "any" }));
    // Held to the schema where the model thinks, but for schemas that cannot be said so.
    let thinking = ask(format(&object), json!({ "reasoning_effort": "low", "tools": tools }));
    let held = json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "additionalProperties": false });
    assert_eq!(thinking["output_config"]["format"], json!({ "type": "json_schema", "schema": held }));
    assert_eq!((&thinking["tools"][0]["name"], thinking.get("tool_choice")), (&json!("f"), None));
    let open = json!({ "type": "object", "properties": {}, "additionalProperties": true });
    for format in [format(&open), json!({ "type": "json_object" })] {
        let asked = ask(format, json!({ "reasoning_effort": "low" }));
        assert_eq!(asked["tool_choice"], json!({ "type": "auto" }));
        assert_eq!(asked.pointer("/output_config/format"), None);
    }
    assert_eq!(ask(json!({ "type": "text" }), json!({})).get("tools"), None);
}

#[test]
fn what_anthropic_does_not_take_is_refused_by_name_or_dropped() {
    let with = |name: &str, value: Value| json!({ "messages": [{ "role": "user", "content": "x" }], name: value });
    for (name, value) in [
        ("n", json!(2)),
        ("seed", json!(1)),
        ("logprobs", json!(true)),
        ("logit_bias", json!({ "1": 2 })),
        ("presence_penalty", json!(0.1)),
        ("frequency_penalty", json!(1)),
        ("modalities", json!(["text", "audio"])),
    ] {
        let (param, message) = refused(with(name, value.clone()));
        assert_eq!(param, name);
        assert!(message.contains("anthropic does not support") && message.contains("drop_params"), "{message}");
        let body: ChatBody = serde_json::from_value(with(name, value)).unwrap();
        Anthropic.request(&body, &how(None, true)).unwrap();
    }
    assert_eq!(refused(with("verbosity", json!("low"))).0, "verbosity");
    let passed = sent(with("metadata", json!({ "user_id": "u", "trace": "t" })));
    assert_eq!(passed["metadata"], json!({ "user_id": "u" }));
    assert_eq!(sent(with("n", json!(1))).get("n"), None);
    assert_eq!(sent(with("user", json!("ada@example.com"))).get("metadata"), None);
}

const ANSWER: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[
    {"type":"thinking","thinking":"Hm.","signature":"sig"},{"type":"redacted_thinking","data":"d"},
    {"type":"text","text":"Look: ","citations":[{"type":"web_search_result_location","url":"https://x.test","title":"X"}]},
    {"type":"server_tool_use","id":"s","name":"web_search","input":{}},
    {"type":"tool_use","id":"toolu_1","name":"look","input":{"at":1}}],
    "stop_reason":"tool_use","stop_sequence":null,
    "usage":{"input_tokens":10,"cache_creation_input_tokens":30,"cache_read_input_tokens":5,
        "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":7,"service_tier":"standard"}}"#;

#[test]
fn an_answer_keeps_all_it_says() {
    let answer = Anthropic.answer(ANSWER.as_bytes(), &head()).unwrap();
    insta::assert_json_snapshot!(answer);
}

#[test]
fn an_answer_in_json_is_text() {
    let answer = |name: &str, input: Value| {
        let body = json!({ "id": "m", "content": [{ "type": "tool_use", "id": "t", "name": name, "input": input }], "stop_reason": "tool_use" });
        let answer = Anthropic.answer(body.to_string().as_bytes(), &head()).unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        (answer["choices"][0]["message"]["content"].clone(), answer["choices"][0]["finish_reason"].clone())
    };
    assert_eq!(answer("json_tool_call", json!({ "a": 1 })), (json!("{\"a\":1}"), json!("stop")));
    assert_eq!(answer("json_tool_call_value", json!({ "value": [1] })), (json!("[1]"), json!("stop")));
}

#[test]
fn ends_have_openais_names() {
    for (reason, expected) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
    ] {
        let body = json!({ "id": "m", "content": [], "stop_reason": reason });
        let answer = Anthropic.answer(body.to_string().as_bytes(), &head()).unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap()["choices"][0]["finish_reason"], expected);
    }
}

const STREAM: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":25,\"cache_creation_input_tokens\":4,\"cache_read_input_tokens\":3,\"output_tokens\":1}}}\n\n\
event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n\
event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Hm é\"}}\n\n\
event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"sig\"}}\n\n\
event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
event: ping\ndata: {\"type\":\"ping\"}\n\n\
event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n\
event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}}\n\n\
event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n\
event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"look\",\"input\":{}}}\n\n\
event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"at\\\"\"}}\n\n\
event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\": 1}\"}}\n\n\
event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n\
event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_2\",\"name\":\"wait\",\"input\":{}}}\n\n\
event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n\
event: something_new\ndata: {\"type\":\"something_new\",\"x\":1}\n\n\
event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":15}}\n\n\
event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn decoded(pieces: &[&[u8]]) -> (Vec<Chunk>, bool) {
    let mut decoder = Anthropic.stream(head());
    let mut chunks = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut chunks).unwrap();
    }
    (chunks, decoder.is_done())
}

#[test]
fn a_stream_says_the_same_wherever_it_is_cut() {
    let (whole, is_done) = decoded(&[STREAM.as_bytes()]);
    assert!(is_done);
    insta::assert_json_snapshot!(whole);
    for cut in 0..STREAM.len() {
        let (first, second) = STREAM.as_bytes().split_at(cut);
        assert_eq!(decoded(&[first, second]), (whole.clone(), true), "cut at {cut}");
        // What is cut off altogether is an error, not an answer.
        let mut events = OpenAiEvents::new(Anthropic.stream(head()));
        events.push(first);
        let end = events.finish();
        assert!(std::str::from_utf8(&end).unwrap().contains("broke off"), "cut off at {cut}");
    }
}

#[test]
fn an_error_in_a_stream_ends_it() {
    let error = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let mut decoder = Anthropic.stream(head());
    assert_eq!(decoder.push(error.as_bytes(), &mut Vec::new()), Err("Overloaded".to_owned()));
}

#[test]
fn an_error_says_why() {
    let body = br#"{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: too large"},"request_id":"r"}"#;
    assert_eq!(Anthropic.error_message(body).as_deref(), Some("max_tokens: too large"));
    assert_eq!(Anthropic.error_message(b"<html>"), None);
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[\\{\\}\":,a-z\\[\\]0-9 \n]{0,200}") {
        for input in [&bytes[..], text.as_bytes(), format!("data: {text}\n\n").as_bytes()] {
            let _ = Anthropic.answer(input, &head());
            let _ = Anthropic.error_message(input);
            let _ = Anthropic.stream(head()).push(input, &mut Vec::new());
        }
    }
}
