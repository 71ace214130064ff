//! The most that a call can take which is no conversation.

use std::sync::Arc;

use serde_json::Value;

use super::request::TaskRequest;
use crate::domain::operation::Operation;
use crate::domain::price::Prices;
use crate::domain::usage::Usage;
use crate::gateway::estimate::Bounds;
use crate::provider::tokens;
use crate::router::Deployment;

/// Tokens of a picture at most, as models count them that charge pictures by the token: OpenAI's take 6,240 for the
/// largest one in the best quality, and later ones draw larger pictures.
const IMAGE_TOKENS_MAX: u64 = 16_384;
/// Audio tokens of a spoken character, as a fraction: OpenAI counts 1,250 in a minute, in which some 900 characters are
/// spoken.
const SPEECH_TOKENS: (u64, u64) = (1_250, 900);
/// Tokens of a second of sound, as models count them that charge sound by the token: OpenAI's rule.
const AUDIO_TOKENS_PER_SECOND: u64 = 10;
/// Bytes of a second of sound at least: 8 kbit/s, below which nothing can be understood.
const AUDIO_BYTES_PER_SECOND: u64 = 1_000;
/// Documents of one search unit, and bytes of a document's piece: 500 tokens, of a byte at least.
const DOCUMENTS_PER_QUERY: usize = 100;
const PIECE_BYTES: usize = 500;
/// Tokens of a transcript's second at most: nobody speaks faster.
const TRANSCRIPT_TOKENS_PER_SECOND: u64 = 10;

/// What a call can take at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amount {
    /// Bytes of text that is read.
    text_bytes: usize,
    /// Tokens of text that is written.
    output: u64,
    /// All else, at most.
    most: Usage,
    /// What is booked where the provider does not tell. What has a price by the piece or by time and by the token is here
    /// only once.
    pub(super) untold: Usage,
}

impl Amount {
    /// Of a call that any of `deployments` may serve.
    pub(super) fn of(task: &TaskRequest, deployments: &[Arc<Deployment>]) -> Self {
        let text_bytes = task.body.len();
        let most = match task.operation {
            Operation::Image | Operation::ImageEdit => images(task, deployments),
            Operation::Speech => speech(task),
            Operation::Transcription | Operation::Translation => transcription(task),
            Operation::Rerank => rerank(task),
            _ => Usage::default(),
        };
        let untold = Usage { output: 0, ..priced_once(most, deployments) };
        Self { text_bytes, output: most.output, most: Usage { output: 0, ..most }, untold }
    }

    /// The same as the bounds of an admission.
    pub(super) fn bounds(&self, deployments: &[Arc<Deployment>]) -> Bounds {
        Bounds::task(self.text_bytes, self.output, self.most, deployments)
    }
}

fn images(task: &TaskRequest, deployments: &[Arc<Deployment>]) -> Usage {
    let made = task.request.choices;
    let read = task.form.as_ref().map_or(0, |form| form.files("image").chain(form.files("mask")).count());
    let per_image = deployments.iter().map(|one| tokens::image_tokens_max(&one.upstream_model)).max().unwrap_or(0);
    Usage {
        input_image: number(read).saturating_mul(per_image),
        output_image: made.saturating_mul(IMAGE_TOKENS_MAX),
        images: made,
        ..Usage::default()
    }
}

fn speech(task: &TaskRequest) -> Usage {
    let text = task.members().get("input").and_then(Value::as_str).map_or(0, |text| text.chars().count());
    let characters = number(text);
    let (times, by) = SPEECH_TOKENS;
    let output_audio = characters.saturating_mul(times).div_ceil(by);
    let output_audio_ms = output_audio.saturating_mul(60_000).div_ceil(times);
    Usage { characters, output_audio, output_audio_ms, ..Usage::default() }
}

fn transcription(task: &TaskRequest) -> Usage {
    let files = task.form.as_ref().into_iter().flat_map(|form| form.files("file"));
    let at_most = || number(files.map(|file| file.bytes.len()).sum()).div_ceil(AUDIO_BYTES_PER_SECOND) * 1_000;
    let audio_ms = task.heard_ms.unwrap_or_else(at_most);
    let seconds = audio_ms.div_ceil(1_000);
    let input_audio = seconds.saturating_mul(AUDIO_TOKENS_PER_SECOND);
    let output = seconds.saturating_mul(TRANSCRIPT_TOKENS_PER_SECOND);
    Usage { input_audio, audio_ms, output, ..Usage::default() }
}

/// What Cohere calls a search unit: a query with up to a hundred documents, of which long ones count in pieces.
fn rerank(task: &TaskRequest) -> Usage {
    let members = task.members();
    let documents = members.get("documents").and_then(Value::as_array);
    let pieces = |document: &Value| {
        let text = document.as_str().map_or_else(|| document.to_string().len(), str::len);
        text.div_ceil(PIECE_BYTES).max(1)
    };
    let pieces: usize = documents.into_iter().flatten().map(pieces).sum();
    Usage { queries: number(pieces.div_ceil(DOCUMENTS_PER_QUERY)), ..Usage::default() }
}

/// The same with one leg of each pair: what has a price by the piece or by time is not paid by the token, too, and what
/// has no price by the token has none.
fn priced_once(most: Usage, deployments: &[Arc<Deployment>]) -> Usage {
    let has = |rate: fn(&Prices) -> bool| deployments.iter().filter_map(|one| one.prices.as_ref()).any(rate);
    let mut once = most;
    if has(|prices| prices.per_image.is_some() || !prices.images.is_empty() || prices.output_image.is_none()) {
        once.output_image = 0;
    }
    if has(|prices| prices.per_output_second.is_some() || prices.output_audio.is_none()) {
        once.output_audio = 0;
    }
    if has(|prices| prices.per_second.is_some()) {
        once.input_audio = 0;
    }
    once
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
