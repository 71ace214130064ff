use proptest::prelude::*;
use serde_json::{Value, json};

use super::Cohere;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Dialect, Translation};
use crate::provider::openai::{SseFilter, read_answer};

fn how(drop_params: bool) -> Translation<'static> {
    Translation {
        model: "command-a-03-2025",
        max_output_tokens: Some(100),
        model_max_output_tokens: Some(8000),
        unsupported: Unsupported { provider: "cohere", drop_params, wishes: &[] },
    }
}

fn sent(body: Value) -> Value {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    serde_json::from_slice(&Cohere.request(&body, &how(false)).unwrap()).unwrap()
}

fn refused(body: Value) -> (String, String) {
    let body: ChatBody = serde_json::from_value(body).unwrap();
    let error = Cohere.request(&body, &how(false)).unwrap_err();
    (error.param.unwrap_or_default().into(), error.message)
}

fn head() -> AnswerHead {
    AnswerHead {
        id: "chatcmpl-1".to_owned(),
        created: 1_700_000_000,
        model: "command-a-03-2025".to_owned(),
        ..AnswerHead::default()
    }
}

fn answered(body: Value) -> Value {
    serde_json::to_value(Cohere.answer(body.to_string().as_bytes(), &head()).unwrap()).unwrap()
}

#[test]
fn a_whole_request() {
    let request = sent(json!({
        "model": "public", "stream": true, "temperature": 0.5, "top_p": 0.9, "top_k": 5, "seed": 7, "n": 1,
        "presence_penalty": 0.1, "frequency_penalty": 0.2, "stop": ["a", "b"], "logprobs": true, "user": "u", "max_tokens": 900,
        "messages": [
            { "role": "system", "content": "Be brief." },
            { "role": "developer", "content": [{ "type": "text", "text": "Be kind." }] },
            { "role": "user", "content": [
                { "type": "text", "text": "What is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,QUJD", "detail": "low" } },
                { "type": "image_url", "image_url": "https://example.com/a.jpg" },
            ] },
            { "role": "assistant", "content": null, "reasoning_content": "Look first.",
              "provider_specific_fields": { "tool_plan": "I look." }, "tool_calls": [
                { "id": "1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } },
                { "id": "2", "type": "function", "function": { "name": "wait", "arguments": "" } },
            ] },
            { "role": "tool", "tool_call_id": "1", "content": "a cat" },
            { "role": "tool", "tool_call_id": "2", "content": [{ "type": "text", "text": "done" }] },
            { "role": "assistant", "content": "A cat.", "reasoning_content": "Hm." },
            { "role": "user", "content": "And?" },
        ],
        "tools": [
            { "type": "function", "function": { "name": "look", "description": "Looks.", "strict": true,
              "parameters": { "type": "object", "properties": { "at": { "type": "integer" } } } } },
            { "type": "function", "function": { "name": "wait", "strict": true } },
        ],
        "tool_choice": "required",
        "response_format": { "type": "json_schema", "json_schema": { "name": "x", "schema": { "type": "object" } } },
        "reasoning_effort": "low",
        "documents": [{ "id": "d", "data": { "text": "Cats meow." } }], "safety_mode": "STRICT", "metadata": { "a": 1 },
    }));
    insta::assert_json_snapshot!(request);
}

#[test]
fn every_tool_choice_has_a_form() {
    let tools = json!([{ "type": "function", "function": { "name": "a" } }, { "type": "function", "function": { "name": "b" } }]);
    let with = |choice: Value| {
        sent(
            json!({ "model": "x", "messages": [{ "role": "user", "content": "x" }], "tools": tools, "tool_choice": choice }),
        )
    };
    assert_eq!(with(json!("auto")).get("tool_choice"), None);
    assert_eq!(with(json!("none"))["tool_choice"], "NONE");
    assert_eq!(with(json!("required"))["tool_choice"], "REQUIRED");
    let one = with(json!({ "type": "function", "function": { "name": "b" } }));
    assert_eq!((&one["tool_choice"], one["tools"].as_array().unwrap().len()), (&json!("REQUIRED"), 1));
    assert_eq!(one["tools"][0]["function"]["name"], "b");
    let (param, message) = refused(json!({ "model": "x", "messages": [], "tools": tools,
        "tool_choice": { "type": "function", "function": { "name": "c" } } }));
    assert_eq!((param.as_str(), message.contains("\"c\"")), ("tool_choice", true));
}

#[test]
fn efforts_and_thinking_are_budgets() {
    let with = |more: Value| {
        let mut body = json!({ "model": "x", "messages": [{ "role": "user", "content": "x" }] });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        sent(body)["thinking"].clone()
    };
    assert_eq!(with(json!({})), Value::Null);
    assert_eq!(with(json!({ "reasoning_effort": "none" })), json!({ "type": "disabled" }));
    assert_eq!(with(json!({ "reasoning_effort": "medium" })), json!({ "type": "enabled", "token_budget": 2048 }));
    assert_eq!(with(json!({ "reasoning_effort": "high" })), json!({ "type": "enabled" }));
    assert_eq!(
        with(json!({ "thinking": { "type": "enabled", "budget_tokens": 9 } })),
        json!({ "type": "enabled", "token_budget": 9 })
    );
    assert_eq!(with(json!({ "thinking": { "type": "disabled" } })), json!({ "type": "disabled" }));
}

#[test]
fn what_it_does_not_take_is_refused_by_name_or_dropped() {
    for (param, value) in [
        ("n", json!(2)),
        ("logit_bias", json!({})),
        ("top_logprobs", json!(3)),
        ("parallel_tool_calls", json!(false)),
        ("service_tier", json!("flex")),
        ("modalities", json!(["text", "audio"])),
        ("web_search_options", json!({})),
    ] {
        let body = json!({ "model": "x", "messages": [{ "role": "user", "content": "x" }], param: value });
        assert_eq!(refused(body.clone()).0, param);
        let body: ChatBody = serde_json::from_value(body).unwrap();
        let sent: Value = serde_json::from_slice(&Cohere.request(&body, &how(true)).unwrap()).unwrap();
        assert_eq!(sent.get(param), None);
    }
    for part in [
        json!({ "type": "input_audio", "input_audio": { "data": "QQ==", "format": "wav" } }),
        json!({ "type": "file", "file": { "file_id": "x" } }),
        json!({ "type": "news" }),
    ] {
        let (param, message) = refused(json!({ "model": "x", "messages": [{ "role": "user", "content": [part] }] }));
        assert_eq!((param.as_str(), message.contains("Cohere does not take")), ("messages", true), "{message}");
    }
}

#[test]
fn a_whole_answer() {
    let answer = answered(json!({
        "id": "c14c80c3", "finish_reason": "COMPLETE",
        "message": { "role": "assistant", "content": [
            { "type": "thinking", "thinking": "Hm." }, { "type": "text", "text": "Cats " }, { "type": "text", "text": "meow." },
          ], "citations": [{ "start": 0, "end": 10, "text": "Cats meow.", "type": "TEXT_CONTENT", "sources": [
            { "type": "document", "id": "d", "document": { "id": "d", "title": "On cats", "url": "https://cats.test" } },
            { "type": "tool", "id": "t:0", "tool_output": { "x": "y" } },
          ] }] },
        "usage": { "billed_units": { "input_tokens": 5.0, "output_tokens": 4.0 }, "tokens": { "input_tokens": 71.0, "output_tokens": 6.0 }, "cached_tokens": 2.0 },
        "logprobs": [{ "text": "Cats", "token_ids": [1, 2], "logprobs": [-0.5, -0.25] }],
    }));
    insta::assert_json_snapshot!(answer);
}

#[test]
fn tool_calls_come_with_their_plan() {
    let answer = answered(json!({ "id": "1", "finish_reason": "TOOL_CALL", "message": { "role": "assistant",
        "tool_plan": "I look.", "tool_calls": [{ "id": "a", "type": "function", "function": { "name": "look", "arguments": "" } }] } }));
    let choice = &answer["choices"][0];
    assert_eq!((&choice["finish_reason"], &choice["message"]["content"]), (&json!("tool_calls"), &Value::Null));
    assert_eq!(choice["message"]["reasoning_content"], "I look.");
    assert_eq!(choice["message"]["provider_specific_fields"], json!({ "tool_plan": "I look." }));
    assert_eq!(
        choice["message"]["tool_calls"],
        json!([{ "id": "a", "type": "function", "function": { "name": "look", "arguments": "{}" } }])
    );
}

#[test]
fn endings_have_reasons_and_failures_are_none() {
    for (name, reason) in
        [("COMPLETE", "stop"), ("STOP_SEQUENCE", "stop"), ("MAX_TOKENS", "length"), ("ERROR_TOXIC", "content_filter")]
    {
        let answer = answered(json!({ "id": "1", "finish_reason": name, "message": {} }));
        assert_eq!(answer["choices"][0]["finish_reason"], reason);
    }
    for body in [json!({ "id": "1", "finish_reason": "ERROR", "message": {} }), json!({ "id": "1" }), json!(3)] {
        assert!(Cohere.answer(body.to_string().as_bytes(), &head()).is_err());
    }
    assert_eq!(Cohere.error_message(br#"{"id":"x","message":"invalid api token"}"#).unwrap(), "invalid api token");
    assert_eq!(Cohere.error_message(b"<html>"), None);
}

#[test]
fn what_is_billed_is_booked_once() {
    for (usage, expected) in [
        (
            json!({ "billed_units": { "input_tokens": 10, "output_tokens": 3 }, "tokens": { "input_tokens": 500, "output_tokens": 9 } }),
            (10, 0, 3),
        ),
        (json!({ "tokens": { "input_tokens": 500.0, "output_tokens": 9.0 } }), (500, 0, 9)),
        (
            json!({ "billed_units": { "input_tokens": 10 }, "tokens": { "input_tokens": 500, "output_tokens": 9 }, "cached_tokens": 4 }),
            (6, 4, 9),
        ),
        (json!({ "billed_units": { "input_tokens": 3 }, "cached_tokens": 99 }), (0, 3, 0)),
        (json!({ "billed_units": { "input_tokens": 1e300, "output_tokens": -4 } }), (10_000_000_000, 0, 0)),
        (json!({}), (0, 0, 0)),
    ] {
        let answer = answered(json!({ "id": "1", "finish_reason": "COMPLETE", "message": {}, "usage": usage }));
        let booked = read_answer(answer.to_string().as_bytes()).usage.unwrap();
        assert_eq!((booked.input, booked.cache_read, booked.output), expected, "{usage}");
    }
}

/// Recorded in the documentation's form: thought, text, a citation, a plan, two calls at once.
const STREAM: &str = r#"event: message-start
data: {"id":"29f14a5a","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}

event: content-start
data: {"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}

event: content-delta
data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm."}}}}

event: content-end
data: {"type":"content-end","index":0}

event: content-delta
data: {"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"Hé"}}},"logprobs":{"text":"Hé","token_ids":[1],"logprobs":[-1.5]}}

event: citation-start
data: {"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":0,"end":2,"text":"Hé","sources":[{"type":"document","id":"d","document":{"title":"T"}}]}}}}

event: citation-end
data: {"type":"citation-end","index":0}

event: tool-plan-delta
data: {"type":"tool-plan-delta","delta":{"message":{"tool_plan":"I look."}}}

event: tool-call-start
data: {"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"a","type":"function","function":{"name":"look","arguments":""}}}}}

event: tool-call-delta
data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"at\":"}}}}}

event: tool-call-delta
data: {"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1}"}}}}}

event: tool-call-end
data: {"type":"tool-call-end","index":0}

event: tool-call-start
data: {"type":"tool-call-start","index":1,"delta":{"message":{"tool_calls":{"id":"b","type":"function","function":{"name":"wait","arguments":""}}}}}

event: tool-call-end
data: {"type":"tool-call-end","index":1}

event: message-end
data: {"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":9,"output_tokens":7},"tokens":{"input_tokens":90,"output_tokens":8}}}}

data: [DONE]

"#;

fn streamed(parts: &[&[u8]]) -> String {
    let mut events = OpenAiEvents::new(Cohere.stream(head()));
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
    assert_eq!((usage.input, usage.output), (9, 7));
}

#[test]
fn an_error_in_a_stream_is_told_with_the_usage_before_it() {
    let end = "data: {\"type\":\"message-end\",\"delta\":{\"error\":\"out of memory\",\"finish_reason\":\"ERROR\",\"usage\":{\"billed_units\":{\"input_tokens\":4}}}}\n\n";
    let mut filter = SseFilter::new(true);
    filter.push(streamed(&[end.as_bytes()]).into());
    let outcome = filter.into_outcome();
    assert!(outcome.error.unwrap().contains("out of memory"));
    assert_eq!(outcome.answer.usage.unwrap().input, 4);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..6)) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        streamed(&parts);
        drop(Cohere.answer(&parts.concat(), &head()));
        drop(Cohere.error_message(&parts.concat()));
    }

    #[test]
    fn a_damaged_stream_makes_no_panic(at in 0usize..STREAM.len(), byte in any::<u8>()) {
        let mut bytes = STREAM.as_bytes().to_vec();
        bytes[at] = byte;
        streamed(&[&bytes]);
    }
}
