//! What the ledger wants to know of answers that are no conversations.
//!
//! Sources: OpenAI's API reference, "Create embeddings", "Create image", "Create transcription" (usage by tokens or by
//! duration), and their streaming events; Cohere's, "Rerank" (`billed_units`).

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::usage::{Answer, Details, TOKENS_MAX, Whole};
use crate::domain::operation::Operation;
use crate::domain::usage::Usage;

#[derive(Deserialize)]
struct WireAnswer<'a> {
    id: Option<String>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    /// Seconds of what was transcribed, in a verbose answer.
    duration: Option<f64>,
    /// Pictures.
    data: Option<Vec<serde::de::IgnoredAny>>,
    /// Cohere's.
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    billed_units: Option<BilledUnits>,
}

#[derive(Deserialize)]
struct BilledUnits {
    search_units: Option<f64>,
    input_tokens: Option<f64>,
}

/// Usage as any of these operations reports it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WireUsage {
    prompt_tokens: Option<u64>,
    input_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    /// Of a transcription that is paid by its length.
    seconds: Option<f64>,
    #[serde(alias = "input_token_details")]
    input_tokens_details: Option<Details>,
    #[serde(alias = "output_token_details")]
    output_tokens_details: Option<Details>,
}

/// Reads a whole answer to `operation`. Of what is not JSON nothing is known.
#[must_use]
pub fn read_task_answer(operation: Operation, body: &[u8]) -> Answer {
    let Ok(answer) = serde_json::from_slice::<WireAnswer<'_>>(body) else {
        return Answer::default();
    };
    let told = answer.usage.and_then(|raw| serde_json::from_str::<Option<WireUsage>>(raw.get()).ok().flatten());
    let images = answer.data.map_or(0, |data| u64::try_from(data.len()).unwrap_or(u64::MAX));
    let usage = match (&told, answer.meta.and_then(|meta| meta.billed_units)) {
        (Some(usage), _) => Some(usage.normalise(operation)),
        (None, Some(billed)) => Some(billed.normalise()),
        (None, None) => answer.duration.map(of_seconds),
    };
    let usage = usage.map(|usage| match operation {
        Operation::Image | Operation::ImageEdit => Usage { images, ..usage },
        _ => usage,
    });
    Answer {
        response_id: answer.id,
        usage,
        raw_usage: told.and(answer.usage).map(|raw| raw.get().to_owned()),
        ..Answer::default()
    }
}

/// The error that an event of a stream reports.
#[must_use]
pub fn event_error(data: &str) -> Option<String> {
    let event: Value = serde_json::from_str(data).ok()?;
    let error = event.get("error").filter(|error| error.is_object())?;
    Some(error.get("message").and_then(Value::as_str).unwrap_or("The provider reports an error.").to_owned())
}

impl WireUsage {
    fn normalise(&self, operation: Operation) -> Usage {
        if let Some(seconds) = self.seconds {
            return of_seconds(seconds);
        }
        let mut prompt = Whole::of(self.input_tokens.or(self.prompt_tokens).or(self.total_tokens));
        let details = self.input_tokens_details.unwrap_or_default();
        let cache_read = prompt.take(details.cached_tokens);
        let input_audio = prompt.take(details.audio_tokens);
        let input_image = prompt.take(details.image_tokens);
        let written = self.output_tokens.or(self.completion_tokens).unwrap_or(0).min(TOKENS_MAX);
        let mut output = Whole::of(Some(written));
        let details = self.output_tokens_details.unwrap_or_default();
        let text = output.take(details.text_tokens);
        let mut usage =
            Usage { input: prompt.left(), cache_read, input_audio, input_image, output: text, ..Usage::default() };
        let rest = output.left();
        match operation {
            Operation::Image | Operation::ImageEdit => usage.output_image = rest,
            Operation::Speech => usage.output_audio = rest,
            _ => usage.output = usage.output.saturating_add(rest),
        }
        usage
    }
}

impl BilledUnits {
    fn normalise(&self) -> Usage {
        let count = |number: Option<f64>| number.map_or(0, whole);
        Usage { queries: count(self.search_units), input: count(self.input_tokens), ..Usage::default() }
    }
}

fn of_seconds(seconds: f64) -> Usage {
    Usage { audio_ms: whole(seconds * 1_000.0), ..Usage::default() }
}

/// The whole number not below `number`; nothing for what is none.
fn whole(number: f64) -> u64 {
    if !number.is_finite() || number <= 0.0 {
        return 0;
    }
    // Printed without decimals, a float is a whole number that reads back.
    format!("{:.0}", number.ceil()).parse().unwrap_or(TOKENS_MAX).min(TOKENS_MAX)
}
