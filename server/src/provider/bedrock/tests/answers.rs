//! Whole answers.

use serde_json::json;

use super::*;
use crate::domain::usage::Usage;
use crate::provider::chat::Completion;
use crate::provider::openai::read_answer;

fn answer(json: Value) -> Completion {
    Converse::new(CLAUDE, None, Map::new()).answer(json.to_string().as_bytes(), &head()).unwrap()
}

fn said(content: Value, stop_reason: &str) -> Value {
    json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": stop_reason,
        "usage": { "inputTokens": 10, "outputTokens": 5, "totalTokens": 15 },
        "metrics": { "latencyMs": 100 },
    })
}

#[test]
fn an_answer_with_everything() {
    let mut whole = said(
        json!([
            { "reasoningContent": { "reasoningText": { "text": "Think.", "signature": "c2ln" } } },
            { "reasoningContent": { "redactedContent": "aGlk" } },
            { "text": "Søk: " },
            { "citationsContent": { "content": [{ "text": "a fact" }], "citations": [
                { "title": "Page", "location": { "web": { "url": "https://example.com", "domain": "example.com" } } },
                { "title": "Doc", "location": { "documentPage": { "documentIndex": 0, "start": 1, "end": 2 } } }] } },
            { "toolUse": { "toolUseId": "t1", "name": "weather", "input": { "city": "Oslo" } } },
            { "toolUse": { "toolUseId": "t2", "name": "now" } },
            { "newKind": {} },
        ]),
        "tool_use",
    );
    whole["trace"] = json!({ "guardrail": { "actionReason": "none" } });
    whole["performanceConfig"] = json!({ "latency": "optimized" });
    whole["serviceTier"] = json!({ "type": "flex" });
    whole["additionalModelResponseFields"] = json!({ "stop_sequence": "END" });
    insta::assert_json_snapshot!("answer", answer(whole));
}

#[test]
fn reasons_to_stop() {
    let text = json!([{ "text": "Hi" }]);
    for (stop_reason, expected) in [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("malformed_tool_use", "other"),
    ] {
        let completion = serde_json::to_value(answer(said(text.clone(), stop_reason))).unwrap();
        assert_eq!(completion["choices"][0]["finish_reason"], expected, "{stop_reason}");
        assert_eq!(completion["choices"][0]["message"]["content"], "Hi");
    }
}

#[test]
fn the_call_that_is_the_answer_is_unwrapped() {
    let call = json!([
        { "text": "Here it is:" },
        { "toolUse": { "toolUseId": "t", "name": "tollgate_json_answer", "input": { "name": "Ada" } } },
    ]);
    let completion = serde_json::to_value(answer(said(call, "tool_use"))).unwrap();
    let choice = &completion["choices"][0];
    assert_eq!(choice["message"]["content"], r#"{"name":"Ada"}"#);
    assert_eq!(choice["message"].get("tool_calls"), None);
    assert_eq!(choice["finish_reason"], "stop");
}

#[test]
fn no_token_is_priced_twice_or_lost() {
    for (wire, expected) in [
        (
            json!({ "inputTokens": 7, "outputTokens": 3, "totalTokens": 10 }),
            Usage { input: 7, output: 3, ..Usage::default() },
        ),
        (
            json!({ "inputTokens": 3, "outputTokens": 392, "totalTokens": 2092, "cacheReadInputTokens": 1697, "cacheWriteInputTokens": 0 }),
            Usage { input: 3, cache_read: 1697, output: 392, ..Usage::default() },
        ),
        (
            json!({ "inputTokens": 1, "outputTokens": 2, "totalTokens": 3303, "cacheReadInputTokens": 300, "cacheWriteInputTokens": 3000,
                "cacheDetails": [{ "ttl": "1h", "inputTokens": 2000 }, { "ttl": "5m", "inputTokens": 1000 }] }),
            Usage {
                input: 1,
                cache_read: 300,
                cache_write_5m: 1000,
                cache_write_1h: 2000,
                output: 2,
                ..Usage::default()
            },
        ),
        // Details that claim more than there is.
        (
            json!({ "inputTokens": 1, "outputTokens": 2, "totalTokens": 13, "cacheWriteInputTokens": 10,
                "cacheDetails": [{ "ttl": "1h", "inputTokens": 99 }] }),
            Usage { input: 1, cache_write_1h: 10, output: 2, ..Usage::default() },
        ),
    ] {
        let mut whole = said(json!([{ "text": "Hi" }]), "end_turn");
        whole["usage"] = wire.clone();
        let completion = answer(whole);
        let shown = completion.usage.clone().unwrap();
        assert_eq!(shown, expected.into(), "{wire}");
        assert_eq!(Some(shown.total_tokens), wire["totalTokens"].as_u64());
        // What the ledger makes of it.
        let booked = read_answer(&serde_json::to_vec(&completion).unwrap()).usage.unwrap();
        assert_eq!(booked, expected, "{wire}");
    }
}

#[test]
fn what_is_no_answer_is_said_to_be_none() {
    let converse = Converse::new(CLAUDE, None, Map::new());
    for body in ["", "<html>", "{}", r#"{"output":{}}"#, "[]"] {
        assert!(converse.answer(body.as_bytes(), &head()).unwrap_err().contains("Converse"), "{body}");
    }
}

#[test]
fn errors_say_what_bedrock_says() {
    let converse = Converse::new(CLAUDE, None, Map::new());
    for (body, expected) in [
        (r#"{"message":"Too many tokens"}"#, Some("Too many tokens")),
        (r#"{"Message":"Not authorized"}"#, Some("Not authorized")),
        ("<html>", None),
        ("{}", None),
    ] {
        assert_eq!(converse.error_message(body.as_bytes()).as_deref(), expected);
    }
}

#[test]
fn what_claude_thought_is_told_apart() {
    for (thought, reasoning) in [(30, 30), (100, 40)] {
        let mut whole = said(json!([{ "text": "Hi" }]), "end_turn");
        whole["usage"]["outputTokens"] = json!(40);
        whole["additionalModelResponseFields"] =
            json!({ "usage": { "output_tokens_details": { "thinking_tokens": thought } } });
        let usage = answer(whole).usage.unwrap();
        assert_eq!(usage, Usage { input: 10, output: 40 - reasoning, reasoning, ..Usage::default() }.into());
    }
}
