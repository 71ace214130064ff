//! OpenAI and Azure. Prices: OpenAI's "Pricing"; wire: its API reference, `CompletionUsage`.

use serde_json::{Value, json};

use super::{Row, check_all, tokens};

/// A chat completion with this usage.
pub(super) fn completion(usage: &Value) -> Value {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_763_700_000, "model": "m",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": "Hi" }, "finish_reason": "stop" }],
        "usage": usage,
    })
}

fn served(tier: &str, usage: &Value) -> Value {
    let mut answer = completion(usage);
    answer["service_tier"] = json!(tier);
    answer
}

/// The whole of OpenAI's usage.
fn usage(prompt: i64, cached: i64, written: i64, reasoning: i64) -> Value {
    json!({
        "prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written,
        "prompt_tokens_details": { "cached_tokens": cached, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": reasoning, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0 },
    })
}

#[tokio::test]
async fn cached_tokens_reasoning_and_tiers_of_service() {
    let plain = || completion(&usage(2006, 1920, 300, 0));
    check_all(vec![
        // $2.50 read, $1.25 cached, $10 written.
        Row::new("openai/gpt-4o", plain(), tokens(2006, 1920, 0, 300, 0), 86 * 2500 + 1920 * 1250 + 300 * 10_000),
        // Priority: $4.25, $2.125, $17.
        Row::new(
            "openai/gpt-4o-2024-11-20",
            served("default", &usage(2006, 1920, 300, 0)),
            tokens(2006, 1920, 0, 300, 0),
            86 * 2500 + 1920 * 1250 + 300 * 10_000,
        ),
        Row::new(
            "openai/gpt-4o",
            served("priority", &usage(2006, 1920, 300, 0)),
            tokens(2006, 1920, 0, 300, 0),
            86 * 4250 + 1920 * 2125 + 300 * 17_000,
        ),
        // $0.15, $0.60.
        Row::new(
            "openai/gpt-4o-mini",
            completion(&usage(1117, 0, 46, 0)),
            tokens(1117, 0, 0, 46, 0),
            1117 * 150 + 46 * 600,
        ),
        // A tuned one: $0.30, $0.15, $1.20.
        Row::new(
            "openai/ft:gpt-4o-mini-2024-07-18:acme::abc",
            completion(&usage(3000, 1024, 100, 0)),
            tokens(3000, 1024, 0, 100, 0),
            1976 * 300 + 1024 * 150 + 100 * 1200,
        ),
        // $2, $0.50, $8.
        Row::new(
            "openai/gpt-4.1",
            completion(&usage(10_000, 8192, 500, 0)),
            tokens(10_000, 8192, 0, 500, 0),
            1808 * 2000 + 8192 * 500 + 500 * 8000,
        ),
        // $1.25, $10; reasoning is written.
        Row::new(
            "openai/gpt-5",
            completion(&usage(1000, 0, 1500, 1024)),
            tokens(1000, 0, 0, 1500, 1024),
            1000 * 1250 + 476 * 10_000 + 1024 * 10_000,
        ),
        // Flex: $0.625, $0.0625 (512 of them: 32,000 nano-dollars), $5.
        Row::new(
            "openai/gpt-5",
            served("flex", &usage(1000, 512, 1500, 1024)),
            tokens(1000, 512, 0, 1500, 1024),
            488 * 625 + 32_000 + 1500 * 5000,
        ),
        // Priority: $0.45, $0.045, $3.60.
        Row::new(
            "openai/gpt-5-mini",
            served("priority", &usage(2000, 1000, 10, 4)),
            tokens(2000, 1000, 0, 10, 4),
            1000 * 450 + 1000 * 45 + 10 * 3600,
        ),
        // Flex: $1, $0.25, $4.
        Row::new(
            "openai/o3",
            served("flex", &usage(1000, 100, 700, 640)),
            tokens(1000, 100, 0, 700, 640),
            900 * 1000 + 100 * 250 + 700 * 4000,
        ),
        // Flex: $0.55, $0.138, $2.20.
        Row::new(
            "openai/o4-mini",
            served("flex", &usage(100, 50, 20, 0)),
            tokens(100, 50, 0, 20, 0),
            50 * 550 + 50 * 138 + 20 * 2200,
        ),
    ])
    .await;
}

/// GPT-5.4: $2.50, $0.25, $15; above 272,000 tokens read, for the whole call, $5, $0.50, $22.50.
#[tokio::test]
async fn long_prompts_and_what_is_written_to_the_cache() {
    check_all(vec![
        Row::new(
            "openai/gpt-5.4",
            completion(&usage(272_000, 0, 100, 0)),
            tokens(272_000, 0, 0, 100, 0),
            272_000 * 2500 + 100 * 15_000,
        ),
        Row::new(
            "openai/gpt-5.4",
            completion(&usage(272_001, 2001, 100, 50)),
            tokens(272_001, 2001, 0, 100, 50),
            270_000 * 5000 + 2001 * 500 + 100 * 22_500,
        ),
        // Flex is half of each; $0.25 cached.
        Row::new(
            "openai/gpt-5.4",
            served("flex", &usage(272_001, 2001, 100, 0)),
            tokens(272_001, 2001, 0, 100, 0),
            270_000 * 2500 + 2001 * 250 + 100 * 11_250,
        ),
        // Priority ($5, $0.50, $30) says nothing of long prompts: the dearer of its own and the long one.
        Row::new(
            "openai/gpt-5.4",
            served("priority", &usage(272_001, 2001, 100, 0)),
            tokens(272_001, 2001, 0, 100, 0),
            270_000 * 5000 + 2001 * 500 + 100 * 30_000,
        ),
        // Since GPT-5.6 what is written to the cache costs a quarter more: $2, $0.10 cached, $2.50 stored, $10.
        Row::new(
            "openai/gpt-6.1-sol",
            completion(&json!({
                "prompt_tokens": 5000, "completion_tokens": 20, "total_tokens": 5020,
                "prompt_tokens_details": { "cached_tokens": 1000, "cache_write_tokens": 3207, "audio_tokens": 0 },
            })),
            tokens(5000, 1000, 3207, 20, 0),
            793 * 2000 + 1000 * 100 + 3207 * 2500 + 20 * 10_000,
        ),
        // Audio: text $2.50 and $10, sound $32 and $64.
        Row::new(
            "openai/gpt-audio",
            completion(&json!({
                "prompt_tokens": 120, "completion_tokens": 60, "total_tokens": 180,
                "prompt_tokens_details": { "cached_tokens": 0, "text_tokens": 20, "audio_tokens": 100 },
                "completion_tokens_details": { "reasoning_tokens": 0, "text_tokens": 12, "audio_tokens": 48 },
            })),
            tokens(120, 0, 0, 60, 0),
            20 * 2500 + 100 * 32_000 + 12 * 10_000 + 48 * 64_000,
        ),
    ])
    .await;
}

#[tokio::test]
async fn azure_sells_by_region() {
    let mut filtered = completion(&usage(2000, 1024, 300, 0));
    filtered["prompt_filter_results"] = json!([{ "prompt_index": 0, "content_filter_results": {} }]);
    check_all(vec![
        // A name of one's own, the model behind it said: $2.50, $1.25, $10.
        Row::new(
            "azure/my-deployment",
            filtered,
            tokens(2000, 1024, 0, 300, 0),
            976 * 2500 + 1024 * 1250 + 300 * 10_000,
        )
        .info("base_model: azure/gpt-4o"),
        // The European zone is a tenth dearer: $2.75, $1.375, $11.
        Row::new(
            "azure/other-deployment",
            completion(&usage(2000, 1024, 300, 0)),
            tokens(2000, 1024, 0, 300, 0),
            976 * 2750 + 1024 * 1375 + 300 * 11_000,
        )
        .info("base_model: azure/eu/gpt-4o-2024-08-06"),
        // $1.10, $0.275, $4.40.
        Row::new(
            "azure/o4-mini",
            completion(&usage(1000, 200, 500, 448)),
            tokens(1000, 200, 0, 500, 448),
            800 * 1100 + 200 * 275 + 500 * 4400,
        ),
        // Priority above 272,000: $10, $1, $45.
        Row::new(
            "azure/gpt-5.4",
            served("priority", &usage(300_000, 100_000, 10, 0)),
            tokens(300_000, 100_000, 0, 10, 0),
            200_000 * 10_000 + 100_000 * 1000 + 10 * 45_000,
        ),
    ])
    .await;
}
