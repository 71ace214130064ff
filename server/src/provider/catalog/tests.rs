//! The figures that bills are made of.

use super::*;
use crate::domain::price::{Rate, ServiceTier};
use crate::domain::usage::Usage;

fn card(provider: ProviderKind, model: &str) -> &'static ModelCard {
    let found = Catalog::embedded().find(provider, model, None);
    found.unwrap_or_else(|| panic!("no {model} of {provider}"))
}

/// Dollars per million tokens, as price lists show them.
fn per_million(text: &str) -> Option<Rate> {
    Some(Rate::parse_per_million(text).unwrap())
}

#[test]
fn every_entry_is_read() {
    let entries = Catalog::embedded().iter().count();
    assert!(entries > 1500, "{entries}");
    assert_eq!(entries, EMBEDDED.matches("\"mode\":").count());
}

#[test]
fn well_known_models_cost_what_their_providers_say() {
    use ProviderKind as K;
    for (provider, model, input, output, cached) in [
        (K::OpenAi, "gpt-4o", "2.5", "10", "1.25"),
        (K::OpenAi, "gpt-4o-mini", "0.15", "0.6", "0.075"),
        (K::OpenAi, "gpt-4.1", "2", "8", "0.5"),
        (K::OpenAi, "gpt-5", "1.25", "10", "0.125"),
        (K::OpenAi, "o3", "2", "8", "0.5"),
        (K::Azure, "gpt-4o", "2.5", "10", "1.25"),
        (K::Anthropic, "claude-sonnet-4-5", "3", "15", "0.3"),
        (K::Anthropic, "claude-opus-4-5", "5", "25", "0.5"),
        (K::Anthropic, "claude-haiku-4-5", "1", "5", "0.1"),
        (K::Gemini, "gemini-2.5-flash", "0.3", "2.5", "0.03"),
        (K::VertexAi, "gemini-2.5-pro", "1.25", "10", "0.125"),
        (K::Bedrock, "amazon.nova-pro-v1:0", "0.8", "3.2", "0.2"),
        (K::Mistral, "mistral-large-latest", "0.5", "1.5", "0.05"),
        (K::DeepSeek, "deepseek-chat", "0.28", "0.42", "0.028"),
        (K::Groq, "openai/gpt-oss-120b", "0.15", "0.6", "0.075"),
        (K::FireworksAi, "accounts/fireworks/models/glm-4p7", "0.6", "2.2", "0.3"),
    ] {
        let prices = &card(provider, model).prices;
        let found = (prices.input, prices.output, prices.cache_read);
        let expected = (per_million(input), per_million(output), per_million(cached));
        assert_eq!(found, expected, "{provider} {model}");
    }
    let cohere = &card(K::Cohere, "command-a-03-2025").prices;
    assert_eq!((cohere.input, cohere.output), (per_million("2.5"), per_million("10")));
    let sonar = &card(K::Perplexity, "sonar").prices;
    assert_eq!((sonar.input, sonar.output), (per_million("1"), per_million("1")));
    let llama = &card(K::TogetherAi, "meta-llama/Llama-3.3-70B-Instruct-Turbo").prices;
    assert_eq!((llama.input, llama.output), (per_million("1.04"), per_million("1.04")));
}

#[test]
fn every_kind_of_rate_arrives() {
    let claude = &card(ProviderKind::Anthropic, "claude-sonnet-4-5").prices;
    assert_eq!(claude.cache_write_5m, per_million("3.75"));
    assert_eq!(claude.cache_write_1h, per_million("6"));
    let batch = claude.batch.as_deref().unwrap();
    assert_eq!((batch.input, batch.output), (per_million("1.5"), per_million("7.5")));

    let realtime = &card(ProviderKind::OpenAi, "gpt-realtime").prices;
    assert_eq!(realtime.input_audio, per_million("32"));
    assert_eq!(realtime.output_audio, per_million("64"));
    assert_eq!(realtime.input_image, per_million("5"));

    let o3 = &card(ProviderKind::OpenAi, "o3").prices;
    assert_eq!(o3.flex.as_ref().unwrap().output, per_million("4"));
    assert_eq!(o3.priority.as_ref().unwrap().input, per_million("3.5"));

    let gemini = card(ProviderKind::Gemini, "gemini-2.5-pro");
    let [tier] = gemini.prices.tiers.as_slice() else {
        panic!("expected one tier");
    };
    assert_eq!(tier.above_prompt_tokens, 200_000);
    assert_eq!(tier.prices.input, per_million("2.5"));
    assert_eq!(gemini.prices.priority.as_ref().unwrap().tiers.len(), 1);

    let research = &card(ProviderKind::Perplexity, "sonar-deep-research").prices;
    assert_eq!((research.output, research.reasoning), (per_million("8"), per_million("3")));
}

#[test]
fn what_is_not_counted_in_tokens_is_priced() {
    use ProviderKind as K;
    let cost = |provider, model, usage: Usage| card(provider, model).prices.cost(&usage, ServiceTier::Standard).0;
    let none = Usage::default;
    // $15 and $30 per million characters.
    assert_eq!(cost(K::OpenAi, "tts-1", Usage { characters: 4096, ..none() }), 4096 * 15_000);
    assert_eq!(cost(K::OpenAi, "tts-1-hd", Usage { characters: 10, ..none() }), 10 * 30_000);
    assert_eq!(cost(K::Mistral, "voxtral-mini-tts-2603", Usage { characters: 10, ..none() }), 10 * 16_000);
    // $0.006 a minute.
    assert_eq!(cost(K::OpenAi, "whisper-1", Usage { audio_ms: 60_000, ..none() }), 6_000_000);
    assert_eq!(cost(K::Groq, "whisper-large-v3-turbo", Usage { audio_ms: 1500, ..none() }), 16_665);
    // $0.015 a minute of speech.
    assert_eq!(cost(K::OpenAi, "gpt-4o-mini-tts", Usage { output_audio_ms: 60_000, ..none() }), 15_000_000);
    // $2 and $2.50 for a thousand searches.
    assert_eq!(cost(K::Cohere, "rerank-v3.5", Usage { queries: 3, ..none() }), 6_000_000);
    assert_eq!(cost(K::Cohere, "rerank-v4.0-pro", Usage { queries: 1, ..none() }), 2_500_000);
    assert_eq!(cost(K::Bedrock, "us.amazon.rerank-v1:0", Usage { queries: 2, ..none() }), 2_000_000);
    assert_eq!(cost(K::Xai, "grok-imagine-image", Usage { images: 2, ..none() }), 40_000_000);
    assert_eq!(cost(K::Gemini, "imagen-3.0-generate-001", Usage { images: 1, ..none() }), 40_000_000);
    let image = |provider, model, quality, size| {
        let prices = card(provider, model).prices.for_image(quality, size);
        prices.cost(&Usage { images: 1, ..none() }, ServiceTier::Standard).0
    };
    assert_eq!(image(K::Azure, "dall-e-3", None, None), 44_000_000);
    assert_eq!(image(K::Azure, "dall-e-3", Some("hd"), Some("1024x1792")), 132_000_000);
    assert_eq!(image(K::OpenAi, "gpt-image-1", Some("medium"), Some("1536x1024")), 63_000_000);
    assert_eq!(image(K::OpenAi, "gpt-image-1.5", None, None), 200_000_000);
    assert_eq!(image(K::Xai, "grok-imagine-image-2.0", Some("low"), Some("1024x1024")), 40_000_000);
}

#[test]
fn what_also_has_a_price_by_the_token_is_not_charged_by_another_unit_in_chats() {
    for (provider, name, card) in Catalog::embedded().iter() {
        let prices = &card.prices;
        let units = [prices.per_character, prices.per_second, prices.per_output_second];
        let is_chat = ["chat", "responses", "completion", "embedding", "realtime"].contains(&card.mode);
        assert!(!is_chat || units.iter().all(Option::is_none), "{provider} {name}");
        assert!(!is_chat || prices.per_image.is_none() && prices.images.is_empty(), "{provider} {name}");
    }
}

/// A rate that only repeats what is charged without it would be wrong in tiers that do not repeat it.
#[test]
fn no_rate_repeats_another() {
    for (provider, name, card) in Catalog::embedded().iter() {
        let prices = &card.prices;
        for (leg, fallback) in [
            (prices.reasoning, prices.output),
            (prices.output_audio, prices.output),
            (prices.output_image, prices.output),
            (prices.input_audio, prices.input),
            (prices.input_image, prices.input),
        ] {
            assert!(leg.is_none() || leg != fallback, "{provider} {name}");
        }
    }
}

#[test]
fn limits_and_capabilities_arrive() {
    let gpt = card(ProviderKind::OpenAi, "gpt-4o");
    assert_eq!((gpt.max_input_tokens, gpt.max_output_tokens), (Some(128_000), Some(16_384)));
    assert_eq!(gpt.mode, "chat");
    assert!(gpt.capabilities.contains(&Capability::Vision));
    assert_eq!(card(ProviderKind::OpenAi, "text-embedding-3-small").mode, "embedding");
    assert!(card(ProviderKind::OpenAi, "o3").capabilities.contains(&Capability::Reasoning));
    assert!(card(ProviderKind::Azure, "gpt-4o").retires.is_some());
    assert_eq!(Capability::Tools.litellm_name(), "supports_function_calling");
}

#[test]
fn dates_routes_regions_and_tuning_are_seen_through() {
    use ProviderKind as K;
    let catalog = Catalog::embedded();
    for (provider, asked, meant) in [
        // A date the catalog does not know, and a name it knows only with dates.
        (K::OpenAi, "gpt-4o-2031-01-01", "gpt-4o"),
        (K::Anthropic, "claude-haiku-4-5-20311231", "claude-haiku-4-5"),
        (K::Anthropic, "claude-sonnet-4-5@20311231", "claude-sonnet-4-5"),
        (K::Anthropic, "claude-opus-4-5-latest", "claude-opus-4-5"),
        (K::Cohere, "command-r", "command-r-08-2024"),
        (K::Bedrock, "converse/us.amazon.nova-micro-v1:0", "us.amazon.nova-micro-v1:0"),
        (K::Bedrock, "au.amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"),
        (K::Bedrock, "eu-north-1/amazon.nova-micro-v1:0", "amazon.nova-micro-v1:0"),
        (
            K::Bedrock,
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0",
            "us.amazon.nova-pro-v1:0",
        ),
        (K::OpenAi, "ft:gpt-4o-2024-08-06:acme::abc123", "ft:gpt-4o-2024-08-06"),
        (K::FireworksAi, "glm-4p7", "accounts/fireworks/models/glm-4p7"),
    ] {
        let found = catalog.find(provider, asked, None);
        assert!(found.is_some(), "no {asked}");
        assert_eq!(found, catalog.find(provider, meant, None), "{asked} is not {meant}");
    }
}

#[test]
fn an_exact_name_wins_over_its_family() {
    let tuned = card(ProviderKind::OpenAi, "ft:gpt-4o-2024-08-06:acme::abc123");
    assert_ne!(tuned.prices.input, card(ProviderKind::OpenAi, "gpt-4o").prices.input);
    let mini = card(ProviderKind::OpenAi, "gpt-4o-mini-2024-07-18");
    assert_eq!(mini.prices.input, per_million("0.15"));
}

#[test]
fn a_base_model_goes_before_the_deployments_name() {
    let catalog = Catalog::embedded();
    let gpt = catalog.find(ProviderKind::OpenAi, "gpt-4o", None);
    for base in ["gpt-4o-2031-01-01", "openai/gpt-4o"] {
        let found = catalog.find(ProviderKind::OpenAiCompatible, "my-deployment", Some(base));
        assert_eq!(found, gpt, "{base}");
    }
    let azure = catalog.find(ProviderKind::Azure, "my-deployment", Some("azure/gpt-4o"));
    assert_eq!(azure, catalog.find(ProviderKind::Azure, "gpt-4o", None));
    // A base model nobody knows leaves the deployment's own name.
    assert_eq!(catalog.find(ProviderKind::OpenAi, "gpt-4o", Some("no-such-model")), gpt);
}

#[test]
fn unknown_models_are_not_guessed() {
    let catalog = Catalog::embedded();
    for (provider, model) in [
        (ProviderKind::OpenAi, "gpt-4o-my-own"),
        (ProviderKind::OpenAi, "gpt"),
        (ProviderKind::OpenAi, ""),
        (ProviderKind::OpenAi, "-2024-08-06"),
        (ProviderKind::OpenAi, "ft:"),
        (ProviderKind::OpenAi, "ft:é"),
        (ProviderKind::HostedVllm, "gpt-4o"),
        (ProviderKind::Bedrock, "us."),
    ] {
        assert_eq!(catalog.find(provider, model, None), None, "{provider} {model}");
    }
}

/// Models whose providers ask more for reading from their cache than for reading anew.
const DEARER_CACHE: &[&str] = &[];

#[test]
fn reading_from_the_cache_is_never_dearer_but_for_known_exceptions() {
    let dearer: Vec<_> = Catalog::embedded()
        .iter()
        .filter(|(_, name, card)| !DEARER_CACHE.contains(name) && has_dearer_cache(&card.prices))
        .map(|(provider, name, _)| format!("{provider} {name}"))
        .collect();
    assert!(dearer.is_empty(), "{dearer:#?}");
}

fn has_dearer_cache(prices: &Prices) -> bool {
    use ServiceTier as T;
    let is_dearer = |tier, tokens| {
        let read = Usage { cache_read: tokens, ..Usage::default() };
        let new = Usage { input: tokens, ..Usage::default() };
        prices.cost(&read, tier) > prices.cost(&new, tier)
    };
    [T::Standard, T::Batch, T::Flex, T::Priority]
        .into_iter()
        .any(|tier| is_dearer(tier, 1000) || is_dearer(tier, 1_000_000))
}

#[test]
fn nothing_absurd_is_listed() {
    // No token costs more than a thousandth of a dollar; one that seems to was written in another unit.
    let most = Rate::parse_per_million("1000").unwrap();
    for (provider, name, card) in Catalog::embedded().iter() {
        let prices = &card.prices;
        let legs = [prices.input, prices.output, prices.cache_read, prices.input_audio, prices.output_audio];
        assert!(legs.into_iter().flatten().all(|rate| rate <= most), "{provider} {name}");
        // Nor does anything else cost more than a dollar.
        let images = prices.images.iter().map(|image| Some(image.rate));
        let units = [prices.per_character, prices.per_second, prices.per_query, prices.per_output_second];
        let units = units.into_iter().chain([prices.per_image]).chain(images);
        assert!(units.flatten().all(|rate| rate <= Rate::parse("1").unwrap()), "{provider} {name}");
        assert_ne!(*prices, Prices::default(), "{provider} {name}");
    }
}
