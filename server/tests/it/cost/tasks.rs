//! What is no conversation: embeddings, pictures, sound, reranking, moderation. Prices: each provider's documentation.

use serde_json::{Value, json};

use super::own::vertex;
use super::{Row, check_all, tokens};

const EMBEDDINGS: &str = "/v1/embeddings";
const IMAGES: &str = "/v1/images/generations";

fn embeds(model: &'static str, answer: Value, read: i64, cost: i64) -> Row {
    Row::new(model, answer, tokens(read, 0, 0, 0, 0), cost).asked(EMBEDDINGS, json!({ "input": "hello" }))
}

#[tokio::test]
async fn embeddings_cost_what_is_read() {
    let openai = |read: i64| {
        json!({ "object": "list", "model": "m", "data": [{ "object": "embedding", "index": 0, "embedding": [1.0] }],
            "usage": { "prompt_tokens": read, "total_tokens": read } })
    };
    let cohere = json!({ "id": "e", "embeddings": { "float": [[1.0]] }, "texts": ["hello"],
        "meta": { "billed_units": { "input_tokens": 3 } } });
    let predicted = json!({ "predictions": [
        { "embeddings": { "values": [1.0], "statistics": { "truncated": false, "token_count": 4 } } },
    ] });
    check_all(vec![
        // $0.02 a million.
        embeds("openai/text-embedding-3-small", openai(8), 8, 8 * 20),
        // Azure asks a tenth more than OpenAI: $0.143.
        embeds("azure/text-embedding-3-large", openai(8), 8, 8 * 143),
        // $0.10.
        embeds("mistral/mistral-embed", openai(15), 15, 15 * 100),
        // $0.12.
        embeds("cohere/embed-v4.0", cohere, 3, 3 * 120),
        // $0.02.
        embeds(
            "bedrock/amazon.titan-embed-text-v2:0",
            json!({ "embedding": [1.0], "inputTextTokenCount": 5 }),
            5,
            5 * 20,
        )
        .param("aws_region_name: us-east-1"),
        // $0.10, its tokens told in a header.
        embeds("bedrock/cohere.embed-english-v3", json!({ "embeddings": { "float": [[1.0]] } }), 6, 6 * 100)
            .param("aws_region_name: us-east-1")
            .header("X-Amzn-Bedrock-Input-Token-Count", "6"),
        // $0.15.
        embeds(
            "gemini/gemini-embedding-001",
            json!({ "embeddings": [{ "values": [1.0] }], "usageMetadata": { "promptTokenCount": 7 } }),
            7,
            7 * 150,
        ),
        // $0.10.
        vertex("vertex_ai/text-embedding-005", predicted, tokens(4, 0, 0, 0, 0), 4 * 100)
            .asked(EMBEDDINGS, json!({ "input": "hello" })),
    ])
    .await;
}

#[tokio::test]
async fn pictures_cost_by_the_token_or_by_the_piece() {
    let made = |count: usize| json!({ "created": 1, "data": vec![json!({ "b64_json": "AA==" }); count] });
    let mut counted = made(1);
    counted["usage"] = json!({ "input_tokens": 50, "output_tokens": 4160, "total_tokens": 4210,
        "input_tokens_details": { "text_tokens": 50, "image_tokens": 0 } });
    // Nobody tells what was read, which costs nothing and is counted.
    let read = || tokens(2, 0, 0, 0, 0);
    check_all(vec![
        // $5 and $40 by the token, and so nothing by the piece ($0.167).
        Row::new("openai/gpt-image-1", counted, tokens(50, 0, 0, 4160, 0), 50 * 5000 + 4160 * 40_000)
            .asked(IMAGES, json!({ "prompt": "a cat", "quality": "high", "size": "1024x1024" })),
        // $0.044 each, as nothing else is said.
        Row::new("azure/dall-e-3", made(2), read(), 2 * 44_000_000).asked(IMAGES, json!({ "prompt": "a cat", "n": 2 })),
        // $0.132 for the best of the large ones.
        Row::new("azure/dall-e-3", made(1), read(), 132_000_000)
            .asked(IMAGES, json!({ "prompt": "a cat", "quality": "hd", "size": "1024x1792" })),
        // $0.02 each.
        Row::new("xai/grok-imagine-image", made(3), read(), 3 * 20_000_000)
            .asked(IMAGES, json!({ "prompt": "a cat", "n": 3 })),
    ])
    .await;
}

#[tokio::test]
async fn sound_costs_by_the_character_second_or_token() {
    // Nobody tells what was read, which costs nothing and is counted.
    let read = || tokens(5, 0, 0, 0, 0);
    let none = || tokens(0, 0, 0, 0, 0);
    let say = || json!({ "input": "Grüß Gott!", "voice": "alloy" });
    let heard = |usage: Value| json!({ "text": "hello", "usage": usage });
    check_all(vec![
        // $15 and $30 a million characters, of which there are ten.
        Row::new("openai/tts-1", json!("sound"), read(), 10 * 15_000).asked("/v1/audio/speech", say()),
        Row::new("openai/tts-1-hd", json!("sound"), read(), 10 * 30_000).asked("/v1/audio/speech", say()),
        // $22.
        Row::new("groq/canopylabs/orpheus-v1-english", json!("sound"), read(), 10 * 22_000)
            .asked("/v1/audio/speech", say()),
        // $0.006 a minute.
        Row::new("openai/whisper-1", heard(json!({ "type": "duration", "seconds": 9 })), none(), 9 * 100_000)
            .recording(),
        // $0.00001111 a second, of which there are two and a half: 27,775 nano-dollars.
        Row::new("groq/whisper-large-v3-turbo", json!({ "text": "hello", "duration": 2.5 }), none(), 27_775)
            .recording(),
        // $2.50, sound, too, and $10; nothing by the second.
        Row::new(
            "openai/gpt-4o-transcribe",
            heard(json!({ "type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59,
                "input_token_details": { "text_tokens": 4, "audio_tokens": 10 } })),
            tokens(14, 0, 0, 45, 0),
            14 * 2500 + 45 * 10_000,
        )
        .recording(),
    ])
    .await;
}

#[tokio::test]
async fn searches_cost_by_the_piece_and_judgements_nothing() {
    let none = || tokens(0, 0, 0, 0, 0);
    let ranks = || json!({ "query": "q", "documents": ["a", "b"] });
    let cohere = |units: u64| {
        json!({ "id": "r", "results": [{ "index": 0, "relevance_score": 0.5 }],
            "meta": { "billed_units": { "search_units": units } } })
    };
    let bedrock = json!({ "results": [{ "index": 0, "relevanceScore": 0.5 }] });
    let judged = json!({ "id": "m", "model": "omni-moderation-latest", "results": [{ "flagged": false }] });
    check_all(vec![
        // $2 a thousand.
        Row::new("cohere/rerank-v3.5", cohere(3), none(), 3 * 2_000_000).asked("/v1/rerank", ranks()),
        // $2.50.
        Row::new("cohere/rerank-v4.0-pro", cohere(1), none(), 2_500_000).asked("/v2/rerank", ranks()),
        // $1.
        Row::new("bedrock/amazon.rerank-v1:0", bedrock, none(), 1_000_000)
            .param("aws_region_name: us-west-2")
            .asked("/rerank", ranks()),
    ])
    .await;
    let text = json!({ "input": "hello" });
    let moderation = Row::new("openai/omni-moderation-latest", judged, tokens(1, 0, 0, 0, 0), 0);
    check_all(vec![moderation.asked("/v1/moderations", text)]).await;
}
