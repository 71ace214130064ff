//! No answer costs more than its call was estimated at.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::domain::price::ServiceTier;
use crate::provider::catalog::Catalog;
use crate::router;

/// A part of a message, as a client would send it.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    /// Width and height in pixels, and the bytes of its data, if they are sent along.
    Image(u32, u32, Option<usize>),
    /// Seconds of sound, and bytes a second.
    Audio(u32, u32),
    /// Pages of a document, and bytes of text on each.
    File(usize, usize),
}

impl Part {
    fn json(&self) -> Value {
        let data = |bytes: usize| "QUJD".repeat(bytes.div_ceil(3));
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Image(_, _, None) => json!({"type": "image_url", "image_url": {"url": "https://example.com/i.png"}}),
            Self::Image(_, _, Some(bytes)) => {
                json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", data(*bytes))}})
            }
            Self::Audio(seconds, per_second) => {
                let format = if *per_second >= 8_000 { "wav" } else { "mp3" };
                let bytes = usize::try_from(seconds * per_second).unwrap();
                json!({"type": "input_audio", "input_audio": {"data": data(bytes), "format": format}})
            }
            Self::File(pages, bytes) => {
                let data = data(pages * bytes.max(&4_096));
                json!({"type": "file", "file": {"file_data": format!("data:application/pdf;base64,{data}")}})
            }
        }
    }

    /// Tokens of text and of sound, as the provider counts them.
    fn tokens(&self) -> (u64, u64) {
        match self {
            Self::Text(text) => (tokens::count_text(text), 0),
            Self::Image(width, height, _) => (image_tokens(*width, *height), 0),
            Self::Audio(seconds, _) => (0, u64::from(*seconds) * 10),
            Self::File(pages, bytes) => {
                let (pages, bytes) = (u64::try_from(*pages).unwrap(), u64::try_from(*bytes).unwrap());
                (pages * (image_tokens(768, 1_024) + bytes / 4), 0)
            }
        }
    }
}

/// OpenAI's rule for images in high detail, written down once more.
fn image_tokens(width: u32, height: u32) -> u64 {
    let (mut width, mut height) = (f64::from(width), f64::from(height));
    let fit = 2_048.0 / f64::max(width, height);
    if fit < 1.0 {
        (width, height) = (width * fit, height * fit);
    }
    let fit = 768.0 / f64::min(width, height);
    if fit < 1.0 {
        (width, height) = (width * fit, height * fit);
    }
    let squares = |side: f64| {
        u64::from(side.div_euclid(512.0) * 512.0 < side) + format!("{}", side.div_euclid(512.0)).parse::<u64>().unwrap()
    };
    85 + 170 * squares(width) * squares(height)
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        4 => "\\PC{0,200}".prop_map(Part::Text),
        2 => (1_u32..5_000, 1_u32..5_000, proptest::option::of(1_usize..5_000)).prop_map(|(w, h, b)| Part::Image(w, h, b)),
        1 => (1_u32..30, prop_oneof![Just(1_000_u32), Just(4_000), Just(16_000), Just(48_000)]).prop_map(|(s, b)| Part::Audio(s, b)),
        1 => (1_usize..4, 0_usize..8_000).prop_map(|(pages, bytes)| Part::File(pages, bytes)),
    ]
}

/// Rates in dollars per million tokens.
#[derive(Clone, Debug)]
struct Rates {
    input: u32,
    output: u32,
    audio: u32,
    cache_write: u32,
}

fn rates() -> impl Strategy<Value = Rates> {
    (0_u32..100, 0_u32..100, 0_u32..200, 0_u32..200).prop_map(|(input, output, audio, cache_write)| Rates {
        input,
        output,
        audio,
        cache_write,
    })
}

fn deployments(rates: &Rates) -> Vec<Arc<Deployment>> {
    let Rates { input, output, audio, cache_write } = rates;
    let yaml = format!(
        "model_list: [{{model_name: m, litellm_params: {{model: openai/gpt-4o, api_key: k, api_base: 'http://localhost',
         input_cost_per_token: {input}.0e-6, output_cost_per_token: {output}.0e-6, input_cost_per_audio_token: {audio}.0e-6,
         cache_creation_input_token_cost: {cache_write}.0e-6}}}}]"
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.yaml");
    std::fs::write(&path, yaml).unwrap();
    let loaded = Config::load(Some(&path), |_| None);
    assert!(!loaded.has_errors(), "{:?}", loaded.problems);
    router::deployments(&loaded.config, Catalog::embedded()).into_iter().map(Arc::new).collect()
}

fn body(parts: &[Part], tool: &str, limit: u64, choices: u64) -> Bytes {
    let content: Vec<Value> = parts.iter().map(Part::json).collect();
    let body = json!({
        "model": "m", "max_completion_tokens": limit, "n": choices,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": content}],
        "tools": [{"type": "function", "function": {"name": "look_up", "description": tool, "parameters": {"type": "object"}}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"description": tool}}},
    });
    Bytes::from(body.to_string())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn no_call_costs_more_than_its_estimate(
        parts in proptest::collection::vec(part(), 0..6),
        tool in "\\PC{0,100}",
        rates in rates(),
        (limit, choices) in (1_u64..5_000, 1_u64..4),
        (written_to_cache, reasoning) in (any::<bool>(), any::<bool>()),
    ) {
        let body = body(&parts, &tool, limit, choices);
        let request = ChatRequest::parse(&body, None).unwrap();
        let deployments = deployments(&rates);
        let texts = tokens::count_text("Be brief.") + 2 * tokens::count_text(&tool) + 2 * 4 + 3;
        let (text, audio) = parts.iter().map(Part::tokens).fold((texts, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let answered = limit * choices;
        let usage = Usage {
            input: if written_to_cache { 0 } else { text },
            cache_write_5m: if written_to_cache { text } else { 0 },
            input_audio: audio,
            output: if reasoning { 0 } else { answered },
            reasoning: if reasoning { answered } else { 0 },
            ..Usage::default()
        };
        let cost = deployments[0].prices.as_ref().unwrap().cost(&usage, ServiceTier::Standard);
        let cheap = Bounds::cheap(&request, &body, &deployments);
        prop_assert!(cheap.cost(&deployments) >= cost, "cheap");
        let counted = cheap.with_counted(tokens::count_parts(&body));
        prop_assert!(counted.cost(&deployments) >= cost, "counted");
    }
}

fn bounds_of(body: &str) -> (Bounds, Bounds) {
    let body = Bytes::from(body.to_owned());
    let request = ChatRequest::parse(&body, None).unwrap();
    let deployments = deployments(&Rates { input: 1, output: 1, audio: 1, cache_write: 1 });
    let cheap = Bounds::cheap(&request, &body, &deployments);
    (cheap, cheap.with_counted(tokens::count_parts(&body)))
}

#[test]
fn an_images_bytes_are_no_text() {
    let part = Part::Image(100, 100, Some(300_000)).json();
    let (_, counted) = bounds_of(&json!({"model": "m", "messages": [{"role": "user", "content": [part]}]}).to_string());
    assert!(counted.input < 2_000, "{}", counted.input);
}

#[test]
fn a_file_that_the_provider_keeps_may_fill_the_models_input() {
    let part = json!({"type": "file", "file": {"file_id": "file-1"}});
    let (cheap, counted) =
        bounds_of(&json!({"model": "m", "messages": [{"role": "user", "content": [part]}]}).to_string());
    let gpt_4o = 128_000;
    assert_eq!((cheap.input, counted.input), (gpt_4o, gpt_4o));
}

#[test]
fn escapes_hide_nothing() {
    let part = r#"{"type": "image\u005furl", "image\u005furl": {"url": "https://example.com/i.png"}}"#;
    let (cheap, counted) =
        bounds_of(&format!(r#"{{"model": "m", "messages": [{{"role": "user", "content": [{part}]}}]}}"#));
    assert!(cheap.input > 1_445 && counted.input > 1_445, "{} {}", cheap.input, counted.input);
}
