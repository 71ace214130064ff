//! Streams.

use proptest::prelude::*;

use super::*;
use crate::domain::usage::Usage;
use crate::provider::chat::Chunk;
use crate::provider::chat::answer::FinishReason;
use crate::provider::chat::stream::OpenAiEvents;
use crate::provider::openai::SseFilter;

fn event(candidates: Value, usage: Value) -> String {
    let event = json!({ "candidates": candidates, "usageMetadata": usage, "modelVersion": "gemini-2.5-flash-001", "responseId": "r-1" });
    format!("data: {event}\r\n\r\n")
}

fn piece(parts: Value) -> Value {
    json!([{ "content": { "role": "model", "parts": parts }, "index": 0 }])
}

/// A recorded stream's form: thoughts, text, two calls, and an end that says everything.
fn stream() -> String {
    let counts = |candidates: u64, thoughts: u64| {
        json!({ "promptTokenCount": 10, "candidatesTokenCount": candidates, "thoughtsTokenCount": thoughts,
            "totalTokenCount": 10 + candidates + thoughts, "cachedContentTokenCount": 4 })
    };
    let last = json!([{ "content": { "role": "model", "parts": [{ "text": "", "thoughtSignature": "VA==" }] }, "index": 0,
        "finishReason": "STOP", "groundingMetadata": {
            "groundingChunks": [{ "web": { "uri": "https://a.example", "title": "A" } }],
            "groundingSupports": [{ "segment": { "endIndex": 6 }, "groundingChunkIndices": [0] }] } }]);
    [
        event(piece(json!([{ "text": "Hm.", "thought": true }])), json!({ "trafficType": "ON_DEMAND" })),
        event(piece(json!([{ "text": "Grü" }])), counts(1, 7)),
        event(piece(json!([{ "text": "ße" }])), counts(2, 7)),
        event(
            piece(json!([
                { "functionCall": { "name": "weather", "args": { "city": "Oslo" } }, "thoughtSignature": "U0lH" },
                { "functionCall": { "id": "b", "name": "now", "args": {} } },
            ])),
            counts(5, 7),
        ),
        event(last, counts(6, 7)),
    ]
    .concat()
}

fn decoded(pieces: &[&[u8]]) -> Result<Vec<Chunk>, String> {
    let mut decoder = Gemini.stream(head());
    let mut chunks = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut chunks)?;
    }
    decoder.end(&mut chunks)?;
    Ok(chunks)
}

#[test]
fn a_stream_becomes_chunks() {
    let chunks = decoded(&[stream().as_bytes()]).unwrap();
    let delta = |index: usize| serde_json::to_value(&chunks[index].choices[0].delta).unwrap();
    assert_eq!(delta(0), json!({ "role": "assistant", "reasoning_content": "Hm." }));
    assert_eq!(delta(1), json!({ "content": "Grü" }));
    assert_eq!(delta(2), json!({ "content": "ße" }));
    let calls = json!({
        "tool_calls": [
            { "index": 0, "id": "call_r-1_0_0__thought__U0lH", "type": "function",
              "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" },
              "provider_specific_fields": { "thought_signature": "U0lH" } },
            { "index": 1, "id": "b", "type": "function", "function": { "name": "now", "arguments": "{}" } },
        ],
        "provider_specific_fields": { "thought_signatures": ["U0lH"] },
    });
    assert_eq!(delta(3), calls);
    assert_eq!(delta(4)["provider_specific_fields"], json!({ "thought_signatures": ["VA=="] }));
    assert_eq!(delta(4)["annotations"][0]["url_citation"]["end_index"], 4, "of characters");
    assert!(chunks[4].other.contains_key("vertex_ai_grounding_metadata"));
    assert_eq!(chunks[5].choices[0].finish_reason, Some(FinishReason::ToolCalls));
    let usage = serde_json::to_value(&chunks[6].usage).unwrap();
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(10), &json!(13)));
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 4);
    assert_eq!((chunks.len(), chunks[6].choices.len()), (7, 0));
    assert_eq!(chunks[6].service_tier.as_deref(), Some("default"));
    assert!(chunks.iter().all(|chunk| chunk.id == "r-1" && chunk.model == "gemini-2.5-flash-001"));
}

#[test]
fn it_may_be_cut_anywhere() {
    let stream = stream();
    let whole = decoded(&[stream.as_bytes()]).unwrap();
    for cut in 0..stream.len() {
        let (first, second) = stream.as_bytes().split_at(cut);
        assert_eq!(decoded(&[first, second]).unwrap(), whole, "cut at {cut}");
    }
    let bytes: Vec<_> = stream.as_bytes().chunks(1).collect();
    assert_eq!(decoded(&bytes).unwrap(), whole);
}

#[test]
fn the_ledger_reads_the_same_usage() {
    let mut events = OpenAiEvents::new(Gemini.stream(head()));
    let mut filter = SseFilter::new(true);
    filter.push(events.push(stream().as_bytes()));
    filter.push(events.finish());
    let outcome = filter.into_outcome();
    assert!(outcome.is_done);
    assert_eq!(outcome.error, None);
    let expected = Usage { input: 6, cache_read: 4, output: 6, reasoning: 7, ..Usage::default() };
    assert_eq!(outcome.answer.usage, Some(expected));
}

/// Some models name a reason with every event.
#[test]
fn a_reason_to_finish_is_not_the_end() {
    let said = |text: &str| {
        event(json!([{ "content": { "parts": [{ "text": text }] }, "finishReason": "STOP" }]), Value::Null)
    };
    let chunks = decoded(&[said("a").as_bytes(), said("b").as_bytes()]).unwrap();
    let text: String = chunks.iter().flat_map(|chunk| &chunk.choices).filter_map(|c| c.delta.content.clone()).collect();
    assert_eq!(text, "ab");
    let reasons = chunks.iter().flat_map(|chunk| &chunk.choices).filter(|choice| choice.finish_reason.is_some());
    assert_eq!(reasons.count(), 1);
}

#[test]
fn several_answers_come_side_by_side() {
    let both = |end: Value| {
        let one = |index: u64| json!({ "content": { "parts": [{ "text": format!("{index}") }] }, "index": index, "finishReason": end });
        event(json!([one(0), one(1)]), Value::Null)
    };
    let chunks = decoded(&[both(Value::Null).as_bytes(), both(json!("MAX_TOKENS")).as_bytes()]).unwrap();
    let of = |index: u64| chunks.iter().flat_map(|chunk| &chunk.choices).filter(move |choice| choice.index == index);
    for index in [0, 1] {
        let text: String = of(index).filter_map(|choice| choice.delta.content.clone()).collect();
        assert_eq!(text, format!("{index}{index}"));
        assert_eq!(of(index).next_back().unwrap().finish_reason, Some(FinishReason::Length));
        assert_eq!(of(index).filter(|choice| choice.delta.role.is_some()).count(), 1);
    }
}

#[test]
fn a_stream_that_breaks_off_is_an_error() {
    let stream = stream();
    let half = stream.find("ße").unwrap();
    assert!(decoded(&[&stream.as_bytes()[..half]]).is_err());
    let mut events = OpenAiEvents::new(Gemini.stream(head()));
    let mut filter = SseFilter::new(true);
    filter.push(events.push(&stream.as_bytes()[..half]));
    filter.push(events.finish());
    let outcome = filter.into_outcome();
    assert!(outcome.error.is_some_and(|error| error.contains("ended before")));
    let counted = Usage { input: 6, cache_read: 4, output: 1, reasoning: 7, ..Usage::default() };
    assert_eq!(outcome.answer.usage, Some(counted), "what was counted so far is not lost");
    assert!(decoded(&[]).is_err());
    let error = r#"data: {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}"#;
    assert_eq!(decoded(&[format!("{error}\n\n").as_bytes()]).unwrap_err(), "Overloaded.");
    assert!(decoded(&[b"data: {\n\n"]).is_err());
}

#[test]
fn a_blocked_prompt_ends_the_stream() {
    let blocked = json!({ "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" }, "usageMetadata": { "promptTokenCount": 3 } });
    let chunks = decoded(&[format!("data: {blocked}\n\n").as_bytes()]).unwrap();
    let fields = chunks[0].choices[0].delta.provider_specific_fields.clone().unwrap();
    assert_eq!(fields, json!({ "block_reason": "PROHIBITED_CONTENT" }));
    assert_eq!(chunks[1].choices[0].finish_reason, Some(FinishReason::ContentFilter));
    assert_eq!(chunks[2].usage.as_ref().unwrap().prompt_tokens, 3);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), json in "[ -~]{0,200}") {
        let mut decoder = Gemini.stream(head());
        let mut chunks = Vec::new();
        drop(decoder.push(&bytes, &mut chunks));
        drop(decoder.push(format!("data: {json}\n\n").as_bytes(), &mut chunks));
        drop(decoder.end(&mut chunks));
        drop(Gemini.answer(&bytes, &head()));
        drop(Gemini.error_message(&bytes));
    }
}
