//! Providers with protocols of their own. Prices and wire: each one's documentation.

use serde_json::{Value, json};

use super::{Row, check_all, tokens};

/// Anthropic's Messages API, `Usage`: `input_tokens` has nothing of what was read from the cache or written to it.
fn message(usage: &Value) -> Value {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "stop_sequence": null, "content": [{ "type": "text", "text": "Hi" }], "usage": usage })
}

/// 2,048 tokens read anew, 1,800 from the cache, 148 written to it for five minutes and 100 for an hour, 503 written.
fn claude() -> Value {
    json!({ "input_tokens": 2048, "cache_read_input_tokens": 1800, "cache_creation_input_tokens": 248,
        "cache_creation": { "ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100 },
        "output_tokens": 503, "service_tier": "standard" })
}

#[tokio::test]
async fn claude_at_anthropic() {
    let of_a = |tier: &str| {
        let mut usage = claude();
        usage["service_tier"] = json!(tier);
        message(&usage)
    };
    let all = || tokens(4096, 1800, 248, 503, 0);
    let long = |cached: i64| {
        message(&json!({ "input_tokens": 50, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0,
            "output_tokens": 10 }))
    };
    let mut searched = claude();
    searched["server_tool_use"] = json!({ "web_search_requests": 3 });
    check_all(vec![
        // $3, $0.30 cached, $3.75 and $6 stored, $15.
        Row::new(
            "anthropic/claude-sonnet-4-5",
            message(&claude()),
            all(),
            2048 * 3000 + 1800 * 300 + 148 * 3750 + 100 * 6000 + 503 * 15_000,
        ),
        // The same after three searches of the web, $10 a thousand.
        Row::new(
            "anthropic/claude-sonnet-4-5-20250929",
            message(&searched),
            all(),
            2048 * 3000 + 1800 * 300 + 148 * 3750 + 100 * 6000 + 503 * 15_000 + 3 * 10_000_000,
        ),
        // $5, $0.50, $6.25, $10, $25.
        Row::new(
            "anthropic/claude-opus-4-5",
            message(&claude()),
            all(),
            2048 * 5000 + 1800 * 500 + 148 * 6250 + 100 * 10_000 + 503 * 25_000,
        ),
        // A tier of service that has no prices of its own.
        Row::new(
            "anthropic/claude-opus-4-6",
            of_a("priority"),
            all(),
            2048 * 5000 + 1800 * 500 + 148 * 6250 + 100 * 10_000 + 503 * 25_000,
        ),
        // $1, $0.10, $1.25, $2, $5.
        Row::new(
            "anthropic/claude-haiku-4-5",
            message(&claude()),
            all(),
            2048 * 1000 + 1800 * 100 + 148 * 1250 + 100 * 2000 + 503 * 5000,
        ),
        // $2, $0.20, $2.50, $4, $10.
        Row::new(
            "anthropic/claude-sonnet-5",
            message(&claude()),
            all(),
            2048 * 2000 + 1800 * 200 + 148 * 2500 + 100 * 4000 + 503 * 10_000,
        ),
        // $0.10, $0.01, $0.50; above 100,000 tokens read, the cache's included, five times as much.
        Row::new(
            "anthropic/claude-haiku-5-5",
            long(99_950),
            tokens(100_000, 99_950, 0, 10, 0),
            50 * 100 + 99_950 * 10 + 10 * 500,
        ),
        Row::new(
            "anthropic/claude-haiku-5-5",
            long(99_951),
            tokens(100_001, 99_951, 0, 10, 0),
            50 * 500 + 99_951 * 50 + 10 * 2500,
        ),
    ])
    .await;
}

/// Bedrock's Converse API, `TokenUsage`: `inputTokens` has nothing of the cache's either.
fn converse(usage: &Value) -> Value {
    json!({ "output": { "message": { "role": "assistant", "content": [{ "text": "Hi" }] } }, "stopReason": "end_turn",
        "metrics": { "latencyMs": 100 }, "usage": usage })
}

fn bedrock(model: &'static str, answer: Value, legs: super::Tokens, cost: i64) -> Row {
    Row::new(model, answer, legs, cost).param("aws_region_name: us-east-1")
}

#[tokio::test]
async fn bedrock_in_converse() {
    let plain = || converse(&json!({ "inputTokens": 100, "outputTokens": 50, "totalTokens": 150 }));
    let cached = |input: i64, read: i64, write: i64, hour: i64| {
        converse(&json!({ "inputTokens": input, "outputTokens": 50, "totalTokens": input + read + write + 50,
            "cacheReadInputTokens": read, "cacheWriteInputTokens": write,
            "cacheDetails": [{ "ttl": "5m", "inputTokens": write - hour }, { "ttl": "1h", "inputTokens": hour }] }))
    };
    let mut flex = plain();
    flex["serviceTier"] = json!({ "type": "flex" });
    let mut thought = plain();
    thought["additionalModelResponseFields"] =
        json!({ "usage": { "output_tokens_details": { "thinking_tokens": 30 } } });
    check_all(vec![
        // $0.80, $0.20 cached, nothing extra stored, $3.20.
        bedrock(
            "bedrock/us.amazon.nova-pro-v1:0",
            cached(100, 900, 200, 0),
            tokens(1200, 900, 200, 50, 0),
            100 * 800 + 900 * 200 + 200 * 800 + 50 * 3200,
        ),
        // $0.06, $0.24.
        bedrock("bedrock/amazon.nova-lite-v1:0", plain(), tokens(100, 0, 0, 50, 0), 100 * 60 + 50 * 240),
        // In the United States a tenth dearer: $3.30, $0.33, $4.125, $6.60, $16.50.
        bedrock(
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            cached(1000, 2000, 300, 100),
            tokens(3300, 2000, 300, 50, 0),
            1000 * 3300 + 2000 * 330 + 200 * 4125 + 100 * 6600 + 50 * 16_500,
        ),
        // Above 200,000: $6.60, $0.66, $8.25, $13.20, $24.75.
        bedrock(
            "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            cached(150_000, 60_000, 300, 100),
            tokens(210_300, 60_000, 300, 50, 0),
            150_000 * 6600 + 60_000 * 660 + 200 * 8250 + 100 * 13_200 + 50 * 24_750,
        ),
        // $5.50, $27.50; what it thought is written.
        bedrock(
            "bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0",
            thought,
            tokens(100, 0, 0, 50, 30),
            100 * 5500 + 50 * 27_500,
        ),
        // $0.72 for either.
        bedrock("bedrock/converse/us.meta.llama3-3-70b-instruct-v1:0", plain(), tokens(100, 0, 0, 50, 0), 150 * 720),
        // $1.35, $5.40.
        bedrock("bedrock/us.deepseek.r1-v1:0", plain(), tokens(100, 0, 0, 50, 0), 100 * 1350 + 50 * 5400),
        // $0.50, $1.50.
        bedrock(
            "bedrock/mistral.mistral-large-3-675b-instruct",
            plain(),
            tokens(100, 0, 0, 50, 0),
            100 * 500 + 50 * 1500,
        ),
        // Flex: $0.075, $0.30.
        bedrock("bedrock/openai.gpt-oss-120b-1:0", flex, tokens(100, 0, 0, 50, 0), 100 * 75 + 50 * 300),
    ])
    .await;
}

/// The Gemini API, `UsageMetadata`: cached tokens are in the prompt, thoughts beside the candidates.
fn gemini(usage: &Value) -> Value {
    json!({ "candidates": [{ "content": { "role": "model", "parts": [{ "text": "Hi" }] }, "finishReason": "STOP" }],
        "usageMetadata": usage, "modelVersion": "m", "responseId": "r-1" })
}

/// Text alone.
fn counted(prompt: i64, cached: i64, candidates: i64, thoughts: i64) -> Value {
    json!({ "promptTokenCount": prompt, "cachedContentTokenCount": cached, "candidatesTokenCount": candidates,
        "thoughtsTokenCount": thoughts, "totalTokenCount": prompt + candidates + thoughts,
        "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": prompt }] })
}

fn traffic(kind: &str, mut usage: Value) -> Value {
    usage["trafficType"] = json!(kind);
    gemini(&usage)
}

#[tokio::test]
async fn gemini_at_google() {
    check_all(vec![
        // $1.25, $0.125 (400 of them: 50,000 nano-dollars), $10; thoughts are written.
        Row::new(
            "gemini/gemini-2.5-pro",
            gemini(&counted(1000, 400, 100, 200)),
            tokens(1000, 400, 0, 300, 200),
            600 * 1250 + 50_000 + 300 * 10_000,
        ),
        Row::new(
            "gemini/gemini-2.5-pro",
            gemini(&counted(200_000, 0, 100, 0)),
            tokens(200_000, 0, 0, 100, 0),
            200_000 * 1250 + 100 * 10_000,
        ),
        // Above 200,000: $2.50, $0.25, $15.
        Row::new(
            "gemini/gemini-2.5-pro",
            gemini(&counted(250_000, 50_000, 1000, 2000)),
            tokens(250_000, 50_000, 0, 3000, 2000),
            200_000 * 2500 + 50_000 * 250 + 3000 * 15_000,
        ),
        // $0.30, sound $1, $2.50.
        Row::new(
            "gemini/gemini-2.5-flash",
            gemini(&json!({ "promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110,
                "promptTokensDetails": [{ "modality": "TEXT", "tokenCount": 36 },
                    { "modality": "AUDIO", "tokenCount": 64 }] })),
            tokens(100, 0, 0, 10, 0),
            36 * 300 + 64 * 1000 + 10 * 2500,
        ),
        // Priority: $0.54, $0.054 (100 of them: 5,400), $4.50, thoughts included.
        Row::new(
            "gemini/gemini-2.5-flash",
            traffic("ON_DEMAND_PRIORITY", counted(1000, 100, 10, 90)),
            tokens(1000, 100, 0, 100, 90),
            900 * 540 + 5400 + 100 * 4500,
        ),
        // Flex: $0.25, $0.05, $1.50, thoughts included.
        Row::new(
            "gemini/gemini-3-flash-preview",
            traffic("ON_DEMAND_FLEX", counted(1000, 100, 10, 90)),
            tokens(1000, 100, 0, 100, 90),
            900 * 250 + 100 * 50 + 100 * 1500,
        ),
        // $0.10, $0.40; what its tools read is read, too.
        Row::new(
            "gemini/gemini-2.5-flash-lite",
            gemini(&json!({ "promptTokenCount": 100, "toolUsePromptTokenCount": 40, "candidatesTokenCount": 10,
                "thoughtsTokenCount": 20, "totalTokenCount": 170 })),
            tokens(140, 0, 0, 30, 20),
            140 * 100 + 30 * 400,
        ),
        // A picture of 1,290 tokens at $30: $0.0387, and its caption at $2.50.
        Row::new(
            "gemini/gemini-2.5-flash-image",
            gemini(&json!({ "promptTokenCount": 10, "candidatesTokenCount": 1300, "totalTokenCount": 1310,
                "candidatesTokensDetails": [{ "modality": "IMAGE", "tokenCount": 1290 }] })),
            tokens(10, 0, 0, 1300, 0),
            10 * 300 + 1290 * 30_000 + 10 * 2500,
        ),
    ])
    .await;
}

/// Somebody who signed in, and where tokens come from: the fake provider.
pub(super) fn vertex(model: &'static str, answer: Value, legs: super::Tokens, cost: i64) -> Row {
    let row = Row::new(model, answer, legs, cost).param("vertex_project: p").param("vertex_location: us-central1");
    Row { needs_token: true, ..row }
}

#[tokio::test]
async fn vertex_sells_googles_models_and_claude() {
    let long = json!({ "input_tokens": 150_000, "cache_read_input_tokens": 60_000, "cache_creation_input_tokens": 300,
        "cache_creation": { "ephemeral_5m_input_tokens": 200, "ephemeral_1h_input_tokens": 100 }, "output_tokens": 50 });
    check_all(vec![
        // $0.30, $0.03, $2.50.
        vertex(
            "vertex_ai/gemini-2.5-flash",
            gemini(&counted(1000, 400, 100, 200)),
            tokens(1000, 400, 0, 300, 200),
            600 * 300 + 400 * 30 + 300 * 2500,
        ),
        // Priority above 200,000: $4.50, $0.45, $27.
        vertex(
            "vertex_ai/gemini-2.5-pro",
            traffic("ON_DEMAND_PRIORITY", counted(250_000, 50_000, 10, 20)),
            tokens(250_000, 50_000, 0, 30, 20),
            200_000 * 4500 + 50_000 * 450 + 30 * 27_000,
        ),
        // $2, $0.20, $12.
        vertex(
            "vertex_ai/gemini-3-pro-preview",
            gemini(&counted(1000, 400, 100, 200)),
            tokens(1000, 400, 0, 300, 200),
            600 * 2000 + 400 * 200 + 300 * 12_000,
        ),
        // Above 200,000: $6, $0.60, $7.50, $12, $22.50.
        vertex(
            "vertex_ai/claude-sonnet-4-5@20250929",
            message(&long),
            tokens(210_300, 60_000, 300, 50, 0),
            150_000 * 6000 + 60_000 * 600 + 200 * 7500 + 100 * 12_000 + 50 * 22_500,
        ),
    ])
    .await;
}

#[tokio::test]
async fn cohere_and_ollama() {
    // Cohere's API v2, `Usage`: billed is less than what was read, which has its own preamble.
    let cohere = |input: i64, output: i64| {
        json!({ "id": "c-1", "finish_reason": "COMPLETE",
            "message": { "role": "assistant", "content": [{ "type": "text", "text": "Hi" }] },
            "usage": { "billed_units": { "input_tokens": input, "output_tokens": output },
                "tokens": { "input_tokens": input + 490, "output_tokens": output + 5 } } })
    };
    // Ollama's API, "Generate a chat completion".
    let ollama = json!({ "model": "llama3.2", "created_at": "2026-11-21T12:00:00Z", "done": true, "done_reason": "stop",
        "message": { "role": "assistant", "content": "Hi" }, "prompt_eval_count": 26, "eval_count": 298 });
    check_all(vec![
        // $2.50, $10.
        Row::new("cohere/command-a-03-2025", cohere(10, 20), tokens(10, 0, 0, 20, 0), 10 * 2500 + 20 * 10_000),
        // $0.0375, $0.15: ten cost 375 nano-dollars.
        Row::new("cohere/command-r7b-12-2024", cohere(10, 20), tokens(10, 0, 0, 20, 0), 375 + 20 * 150),
        // One costs 37.5, which is rounded up.
        Row::new("cohere/command-r7b-12-2024", cohere(1, 20), tokens(1, 0, 0, 20, 0), 38 + 20 * 150),
        Row::new("ollama/llama3.2", ollama, tokens(26, 0, 0, 298, 0), 26 * 10 + 298 * 20)
            .param("input_cost_per_token: 0.00000001")
            .param("output_cost_per_token: 0.00000002"),
    ])
    .await;
}
