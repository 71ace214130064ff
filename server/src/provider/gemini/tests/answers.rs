//! Whole answers.

use super::*;

fn completion(answer: &Value) -> Value {
    let completion = Gemini.answer(answer.to_string().as_bytes(), &head()).unwrap();
    serde_json::to_value(completion).unwrap()
}

/// An answer of these parts.
fn of_parts(parts: Value) -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": parts }, "finishReason": "STOP" }] })
}

#[test]
fn an_answer_with_everything() {
    let answer = json!({
        "candidates": [{
            "content": { "role": "model", "parts": [
                { "text": "Hm.", "thought": true },
                { "text": "Grüße, ", "thoughtSignature": "VA==" }, { "text": "Oslo." },
                { "functionCall": { "id": "fc-1", "name": "weather", "args": { "city": "Oslo" } }, "thoughtSignature": "U0lH" },
                { "functionCall": { "name": "now", "args": {} } },
                { "inlineData": { "mimeType": "image/png", "data": "QUJD" } },
            ] },
            "finishReason": "STOP",
            "safetyRatings": [{ "category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW" }],
            "groundingMetadata": {
                "webSearchQueries": ["q"],
                "groundingChunks": [{ "web": { "uri": "https://a.example", "title": "A" } }, { "maps": { "uri": "https://m.example" } }],
                "groundingSupports": [{ "segment": { "startIndex": 10, "endIndex": 15 }, "groundingChunkIndices": [0, 1, 9] }],
            },
        }],
        "usageMetadata": { "promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 7, "totalTokenCount": 22,
            "trafficType": "ON_DEMAND_PRIORITY" },
        "modelVersion": "gemini-2.5-flash-001", "responseId": "r-1",
    });
    let expected = json!({
        "id": "r-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gemini-2.5-flash-001",
        "choices": [{
            "index": 0, "finish_reason": "tool_calls", "logprobs": null,
            "message": {
                "role": "assistant", "content": "Grüße, Oslo.", "reasoning_content": "Hm.",
                "tool_calls": [
                    { "id": "fc-1__thought__U0lH", "type": "function",
                      "function": { "name": "weather", "arguments": "{\"city\":\"Oslo\"}" },
                      "provider_specific_fields": { "thought_signature": "U0lH" } },
                    { "id": "call_r-1_0_1", "type": "function", "function": { "name": "now", "arguments": "{}" } },
                ],
                "annotations": [
                    { "type": "url_citation",
                      "url_citation": { "start_index": 8, "end_index": 12, "url": "https://a.example", "title": "A" } },
                    { "type": "url_citation",
                      "url_citation": { "start_index": 8, "end_index": 12, "url": "https://m.example", "title": "" } },
                ],
                "images": [{ "type": "image_url", "index": 0,
                    "image_url": { "url": "data:image/png;base64,QUJD", "detail": "auto" } }],
                "provider_specific_fields": { "thought_signatures": ["VA==", "U0lH"] },
            },
        }],
        "usage": {
            "prompt_tokens": 10, "completion_tokens": 12, "total_tokens": 22,
            "prompt_tokens_details": { "cached_tokens": 0, "audio_tokens": 0 },
            "completion_tokens_details": { "reasoning_tokens": 7, "audio_tokens": 0 },
        },
        "service_tier": "priority",
        "vertex_ai_grounding_metadata": [answer["candidates"][0]["groundingMetadata"]],
        "vertex_ai_safety_results": [answer["candidates"][0]["safetyRatings"]],
    });
    assert_eq!(completion(&answer), expected);
}

#[test]
fn endings_have_openais_names() {
    for (reason, expected) in [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("IMAGE_SAFETY", "content_filter"),
        ("MODEL_ARMOR", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "stop"),
        ("A_NEW_ONE", "stop"),
    ] {
        let answer = completion(&json!({ "candidates": [{ "finishReason": reason, "finishMessage": "why" }] }));
        let choice = &answer["choices"][0];
        assert_eq!(choice["finish_reason"], expected, "{reason}");
        let native = &choice["message"]["provider_specific_fields"]["native_finish_reason"];
        let is_openais = matches!(reason, "STOP" | "MAX_TOKENS");
        assert_eq!(native.is_null(), is_openais, "{reason}");
    }
}

#[test]
fn a_prompt_that_is_blocked_says_so() {
    let ratings = json!([{ "category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": true }]);
    let answer = completion(&json!({
        "promptFeedback": { "blockReason": "SAFETY", "blockReasonMessage": "No.", "safetyRatings": ratings },
        "usageMetadata": { "promptTokenCount": 5, "totalTokenCount": 5 },
    }));
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "content_filter");
    assert_eq!(choice["message"]["content"], Value::Null);
    let fields = json!({ "block_reason": "SAFETY", "block_reason_message": "No.", "safety_ratings": ratings });
    assert_eq!(choice["message"]["provider_specific_fields"], fields);
    assert_eq!((&answer["usage"]["prompt_tokens"], &answer["id"]), (&json!(5), &json!("chatcmpl-7")));
}

#[test]
fn several_answers_and_their_likelihoods() {
    let likely = json!({
        "chosenCandidates": [{ "token": "Å", "tokenId": 1, "logProbability": -0.5 }],
        "topCandidates": [{ "candidates": [{ "token": "Å", "logProbability": -0.5 }, { "token": "B", "logProbability": -2.0 }] }],
    });
    let answer = completion(&json!({ "candidates": [
        { "content": { "parts": [{ "text": "Å" }] }, "finishReason": "STOP", "index": 0, "logprobsResult": likely },
        { "content": { "parts": [{ "text": "B" }] }, "finishReason": "MAX_TOKENS", "index": 1 },
    ] }));
    let expected = json!({ "content": [{ "token": "Å", "logprob": -0.5, "bytes": [195, 133], "top_logprobs": [
        { "token": "Å", "logprob": -0.5, "bytes": [195, 133] }, { "token": "B", "logprob": -2.0, "bytes": [66] },
    ] }], "refusal": null });
    assert_eq!(answer["choices"][0]["logprobs"], expected);
    assert_eq!(answer["choices"][1]["message"]["content"], "B");
    assert_eq!((&answer["choices"][1]["index"], &answer["choices"][1]["finish_reason"]), (&json!(1), &json!("length")));
}

#[test]
fn sounds_and_code_are_not_lost() {
    let message = &completion(&of_parts(json!([
        { "inlineData": { "mimeType": "audio/L16;codec=pcm;rate=24000", "data": "AAA=" } },
    ])))["choices"][0]["message"];
    assert_eq!(message["audio"]["data"], "AAA=");
    let message = &completion(&of_parts(json!([
        { "text": "Let me see." },
        { "executableCode": { "language": "PYTHON", "code": "print(1)" } },
        { "codeExecutionResult": { "outcome": "OUTCOME_OK", "output": "1\n" } },
        { "text": "It is 1." },
    ])))["choices"][0]["message"];
    assert_eq!(message["content"], "Let me see.\n```python\nprint(1)\n```\n\n```\n1\n```\nIt is 1.");
}

#[test]
fn what_is_no_answer_is_an_error() {
    for body in ["", "<html>", "[]", "{}", r#"{"candidates": 1}"#] {
        assert!(Gemini.answer(body.as_bytes(), &head()).is_err(), "{body}");
    }
}

#[test]
fn errors_say_what_google_says() {
    let error = json!({ "error": { "code": 429, "message": "Quota.", "status": "RESOURCE_EXHAUSTED", "details": [] } });
    assert_eq!(Gemini.error_message(error.to_string().as_bytes()).as_deref(), Some("Quota."));
    assert_eq!(Gemini.error_message(json!([error]).to_string().as_bytes()).as_deref(), Some("Quota."));
    assert_eq!(Gemini.error_message(b"<html>"), None);
    let noted = |note: Value| json!({ "error": { "message": "m", "details": [note] } }).to_string();
    let wrong_key = noted(json!({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID" }));
    assert_eq!(Gemini.error_status(400, wrong_key.as_bytes()), 401);
    assert_eq!(Gemini.error_status(400, error.to_string().as_bytes()), 400);
    for (delay, seconds) in [("34.07s", Some(35)), ("34s", Some(34)), ("0.000s", Some(0)), ("soon", None)] {
        let body = noted(json!({ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }));
        assert_eq!(Gemini.retry_after(body.as_bytes()), seconds, "{delay}");
    }
}
