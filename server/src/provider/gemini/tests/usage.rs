//! Tokens: none priced twice, none lost.

use proptest::prelude::*;

use super::*;
use crate::domain::usage::Usage;
use crate::provider::openai::read_answer;

/// What the ledger reads of an answer with this usage.
fn booked(usage: &Value) -> Usage {
    let answer = json!({ "candidates": [{ "finishReason": "STOP" }], "usageMetadata": usage });
    let completion = Gemini.answer(answer.to_string().as_bytes(), &head()).unwrap();
    read_answer(&serde_json::to_vec(&completion).unwrap()).usage.unwrap()
}

fn details(modality: &str, count: u64) -> Value {
    json!([{ "modality": "TEXT", "tokenCount": 1 }, { "modality": modality, "tokenCount": count }])
}

#[test]
fn every_leg_is_told_apart() {
    for (usage, expected) in [
        (
            json!({ "promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 120 }),
            Usage { input: 100, output: 20, ..Usage::default() },
        ),
        (
            // Thoughts beside the candidates, cached tokens within the prompt.
            json!({ "promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 20,
                "thoughtsTokenCount": 7, "totalTokenCount": 127 }),
            Usage { input: 40, cache_read: 60, output: 20, reasoning: 7, ..Usage::default() },
        ),
        (
            // Thoughts among the candidates.
            json!({ "promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 7, "totalTokenCount": 120 }),
            Usage { input: 100, output: 13, reasoning: 7, ..Usage::default() },
        ),
        (
            // What tools read is input.
            json!({ "promptTokenCount": 100, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 20, "totalTokenCount": 150 }),
            Usage { input: 130, output: 20, ..Usage::default() },
        ),
        (
            json!({ "promptTokenCount": 100, "cachedContentTokenCount": 60, "promptTokensDetails": details("AUDIO", 20),
                "cacheTokensDetails": details("AUDIO", 15), "candidatesTokenCount": 9,
                "candidatesTokensDetails": details("AUDIO", 8) }),
            Usage { input: 35, cache_read: 60, input_audio: 5, output: 1, output_audio: 8, ..Usage::default() },
        ),
        (
            json!({ "promptTokenCount": 300, "promptTokensDetails": details("IMAGE", 258), "candidatesTokenCount": 1290,
                "candidatesTokensDetails": details("IMAGE", 1290) }),
            Usage { input: 42, input_image: 258, output_image: 1290, ..Usage::default() },
        ),
        (json!({ "promptTokenCount": 5 }), Usage { input: 5, ..Usage::default() }),
    ] {
        assert_eq!(booked(&usage), expected, "{usage}");
    }
}

proptest! {
    #[test]
    fn the_legs_add_up(
        prompt in 0u64..1000, cached in 0u64..2000, candidates in 0u64..1000, thoughts in 0u64..1000, tools in 0u64..1000,
        audio in 0u64..2000, image in 0u64..2000,
    ) {
        let both = json!([{ "modality": "AUDIO", "tokenCount": audio }, { "modality": "IMAGE", "tokenCount": image }]);
        let usage = booked(&json!({
            "promptTokenCount": prompt, "cachedContentTokenCount": cached, "candidatesTokenCount": candidates,
            "thoughtsTokenCount": thoughts, "toolUsePromptTokenCount": tools,
            "totalTokenCount": prompt + candidates + thoughts + tools,
            "promptTokensDetails": both, "candidatesTokensDetails": both, "cacheTokensDetails": both,
        }));
        prop_assert_eq!(usage.prompt_tokens(), prompt + tools);
        prop_assert_eq!(usage.completion_tokens(), candidates + thoughts);
        prop_assert_eq!(usage.reasoning, thoughts);
    }
}
