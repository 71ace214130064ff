//! Providers that speak OpenAI's protocol and count in ways of their own. Prices and wire: each one's documentation.

use serde_json::json;

use super::openai::completion;
use super::{Row, check_all, tokens};

#[tokio::test]
async fn deepseek_tells_hits_from_misses() {
    check_all(vec![
        // Hits and misses add up to the prompt: $0.28 missed, $0.028 hit, $0.42 written.
        Row::new(
            "deepseek/deepseek-chat",
            completion(&json!({ "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
                "prompt_cache_hit_tokens": 640, "prompt_cache_miss_tokens": 360,
                "prompt_tokens_details": { "cached_tokens": 640 } })),
            tokens(1000, 640, 0, 100, 0),
            360 * 280 + 640 * 28 + 100 * 420,
        ),
        Row::new(
            "deepseek/deepseek-reasoner",
            completion(&json!({ "prompt_tokens": 50, "completion_tokens": 500, "total_tokens": 550,
                "prompt_cache_hit_tokens": 0, "prompt_cache_miss_tokens": 50,
                "completion_tokens_details": { "reasoning_tokens": 300 } })),
            tokens(50, 0, 0, 500, 300),
            50 * 280 + 500 * 420,
        ),
        // $1.32, $0.044, $3.96.
        Row::new(
            "deepseek/deepseek-v4-pro",
            completion(&json!({ "prompt_tokens": 2000, "completion_tokens": 10, "total_tokens": 2010,
                "prompt_cache_hit_tokens": 1000, "prompt_cache_miss_tokens": 1000 })),
            tokens(2000, 1000, 0, 10, 0),
            1000 * 1320 + 1000 * 44 + 10 * 3960,
        ),
    ])
    .await;
}

#[tokio::test]
async fn xai_reasons_beside_what_is_completed() {
    check_all(vec![
        // Only the total tells: $1.25, $0.20, $2.50.
        Row::new(
            "xai/grok-4.3",
            completion(&json!({ "prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135,
                "prompt_tokens_details": { "text_tokens": 32, "audio_tokens": 0, "image_tokens": 0, "cached_tokens": 6 },
                "completion_tokens_details": { "reasoning_tokens": 94, "audio_tokens": 0,
                    "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0 },
                "num_sources_used": 0 })),
            tokens(32, 6, 0, 103, 94),
            26 * 1250 + 6 * 200 + 103 * 2500,
        ),
        // Above 200,000: $4, $0.60, $12, and a picture costs what text does.
        Row::new(
            "xai/grok-4.5",
            completion(&json!({ "prompt_tokens": 200_001, "completion_tokens": 10, "total_tokens": 200_011,
                "prompt_tokens_details": { "text_tokens": 199_001, "audio_tokens": 0, "image_tokens": 1000,
                    "cached_tokens": 1 },
                "completion_tokens_details": { "reasoning_tokens": 0 } })),
            tokens(200_001, 1, 0, 10, 0),
            200_000 * 4000 + 600 + 10 * 12_000,
        ),
    ])
    .await;
}

#[tokio::test]
async fn others_count_as_openai_does() {
    check_all(vec![
        // $0.15, $0.075, $0.60, with times beside.
        Row::new(
            "groq/openai/gpt-oss-120b",
            completion(
                &json!({ "queue_time": 0.04, "prompt_tokens": 400, "prompt_time": 0.01, "completion_tokens": 80,
                "completion_time": 0.2, "total_tokens": 480, "total_time": 0.21,
                "prompt_tokens_details": { "cached_tokens": 256 },
                "completion_tokens_details": { "reasoning_tokens": 60 } }),
            ),
            tokens(400, 256, 0, 80, 60),
            144 * 150 + 256 * 75 + 80 * 600,
        ),
        // $0.50, $0.05, $1.50.
        Row::new(
            "mistral/mistral-large-latest",
            completion(&json!({ "prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200,
                "prompt_tokens_details": { "cached_tokens": 640 } })),
            tokens(1000, 640, 0, 200, 0),
            360 * 500 + 640 * 50 + 200 * 1500,
        ),
        // $0.30, $0.90.
        Row::new(
            "mistral/codestral-latest",
            completion(&json!({ "prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30 })),
            tokens(10, 0, 0, 20, 0),
            10 * 300 + 20 * 900,
        ),
        // $1.04 for either.
        Row::new(
            "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
            completion(&json!({ "prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30 })),
            tokens(10, 0, 0, 20, 0),
            30 * 1040,
        ),
        // $0.60, $0.30, $2.20.
        Row::new(
            "fireworks_ai/accounts/fireworks/models/glm-4p7",
            completion(&json!({ "prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920,
                "prompt_tokens_details": { "cached_tokens": 800 } })),
            tokens(900, 800, 0, 20, 0),
            100 * 600 + 800 * 300 + 20 * 2200,
        ),
    ])
    .await;
}

/// Where nobody lists a price, the configuration's own are charged, thresholds and tiers of service included.
#[tokio::test]
async fn prices_of_ones_own() {
    let usage = |prompt: i64, cached: i64| {
        completion(&json!({ "prompt_tokens": prompt, "completion_tokens": 10, "total_tokens": prompt + 10,
            "prompt_tokens_details": { "cached_tokens": cached } }))
    };
    let vllm = |answer, read, cached, cost| {
        Row::new("hosted_vllm/own-model", answer, tokens(read, cached, 0, 10, 0), cost)
            .param("input_cost_per_token: 0.0000001")
            .param("output_cost_per_token: 0.0000004")
            .param("cache_read_input_token_cost: 0.00000001")
            .param("input_cost_per_token_above_128k_tokens: 0.0000002")
    };
    check_all(vec![
        vllm(usage(128_000, 1000), 128_000, 1000, 127_000 * 100 + 1000 * 10 + 10 * 400),
        vllm(usage(128_001, 1000), 128_001, 1000, 127_001 * 200 + 1000 * 10 + 10 * 400),
        // OpenRouter says what it wrote to a cache.
        Row::new(
            "openrouter/anthropic/claude-sonnet-4.5",
            completion(&json!({ "prompt_tokens": 4000, "completion_tokens": 10, "total_tokens": 4010, "cost": 0.01,
                "prompt_tokens_details": { "cached_tokens": 1000, "cache_write_tokens": 2000 } })),
            tokens(4000, 1000, 2000, 10, 0),
            1000 * 3000 + 1000 * 300 + 2000 * 3750 + 10 * 15_000,
        )
        .info("base_model: anthropic/claude-sonnet-4-5"),
    ])
    .await;
}
