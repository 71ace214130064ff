//! A chat call as `generateContent` takes it.
//!
//! Source: Gemini API reference, `GenerateContentRequest` and `GenerationConfig`.

use serde_json::{Map, Value, json};

use super::contents::{self, Conversation};
use super::media;
use super::model::Generation;
use super::wire::{GenerationConfig, Request};
use super::{thinking, tools};
use crate::provider::chat::{ChatBody, ResponseFormat, Stop, Translation};
use crate::provider::openai::RequestError;

/// Google's fields beside `contents`, in both spellings that Google takes.
const BESIDE_CONTENTS: [(&str, &str); 5] = [
    ("safetySettings", "safetySettings"),
    ("safety_settings", "safetySettings"),
    ("cachedContent", "cachedContent"),
    ("cached_content", "cachedContent"),
    ("labels", "labels"),
];
/// Google's fields of `generationConfig`, likewise.
const IN_CONFIG: [(&str, &str); 9] = [
    ("thinkingConfig", "thinkingConfig"),
    ("thinking_config", "thinkingConfig"),
    ("imageConfig", "imageConfig"),
    ("image_config", "imageConfig"),
    ("speechConfig", "speechConfig"),
    ("speech_config", "speechConfig"),
    ("mediaResolution", "mediaResolution"),
    ("media_resolution", "mediaResolution"),
    ("audioTimestamp", "audioTimestamp"),
];

/// Translates a request.
///
/// # Errors
/// When it cannot be said to this model.
pub(super) fn translate(body: &ChatBody, how: &Translation<'_>) -> Result<Request, RequestError> {
    check(body, how)?;
    let generation = Generation::of(how.model);
    let Conversation { system, turns } = contents::conversation(&body.messages, generation)?;
    let known: Vec<_> = BESIDE_CONTENTS.iter().chain(&IN_CONFIG).map(|(sent, _)| *sent).collect();
    let others = how.unsupported.others(&body.other, &known)?;
    Ok(Request {
        contents: turns,
        system_instruction: system,
        tools: tools::tools(body, how)?,
        tool_config: tools::config(body),
        generation_config: generation_config(body, how, renamed(&others, &IN_CONFIG))?,
        service_tier: body.service_tier.as_deref().and_then(service_tier),
        other: renamed(&others, &BESIDE_CONTENTS),
    })
}

fn check(body: &ChatBody, how: &Translation<'_>) -> Result<(), RequestError> {
    how.unsupported.check_all([
        ("logit_bias", body.logit_bias.is_some()),
        ("parallel_tool_calls", body.parallel_tool_calls == Some(false) && !body.tools.is_empty()),
    ])
}

fn generation_config(
    body: &ChatBody,
    how: &Translation<'_>,
    other: Map<String, Value>,
) -> Result<GenerationConfig, RequestError> {
    let (response_mime_type, response_json_schema) = response_format(body);
    let thinking_config = match other.contains_key("thinkingConfig") {
        true => None,
        false => thinking::config(body, how)?,
    };
    let is_older = Generation::of(how.model) != Generation::Level;
    let says_resolution = other.contains_key("mediaResolution");
    let resolution = media::closest_resolution(&body.messages).filter(|_| is_older && !says_resolution);
    Ok(GenerationConfig {
        temperature: body.temperature,
        top_p: body.top_p,
        top_k: body.top_k,
        candidate_count: body.n.filter(|n| *n > 1),
        max_output_tokens: how.max_output_tokens,
        stop_sequences: body.stop.as_ref().map(Stop::words).unwrap_or_default(),
        seed: body.seed,
        presence_penalty: body.presence_penalty,
        frequency_penalty: body.frequency_penalty,
        response_logprobs: body.logprobs.filter(|wanted| *wanted),
        logprobs: body.top_logprobs.filter(|_| body.logprobs == Some(true)),
        response_mime_type,
        response_json_schema,
        response_modalities: modalities(body, how)?,
        thinking_config,
        media_resolution: resolution.map(str::to_owned),
        speech_config: speech(body).filter(|_| !other.contains_key("speechConfig")),
        other,
    })
}

fn response_format(body: &ChatBody) -> (Option<&'static str>, Option<Value>) {
    const JSON: Option<&str> = Some("application/json");
    match &body.response_format {
        None | Some(ResponseFormat::Text) => (None, None),
        Some(ResponseFormat::JsonObject) => (JSON, None),
        Some(ResponseFormat::JsonSchema { json_schema }) => (JSON, json_schema.schema.clone()),
    }
}

fn modalities(body: &ChatBody, how: &Translation<'_>) -> Result<Vec<&'static str>, RequestError> {
    let mut modalities = Vec::new();
    for name in body.modalities.iter().flatten() {
        match name.as_str() {
            "text" => modalities.push("TEXT"),
            "image" => modalities.push("IMAGE"),
            "audio" => modalities.push("AUDIO"),
            _ => how.unsupported.check("modalities", true)?,
        }
    }
    Ok(modalities)
}

/// OpenAI's `audio` names a voice; Google's voices have names of their own.
fn speech(body: &ChatBody) -> Option<Value> {
    let voice = body.audio.as_ref()?.get("voice")?.as_str()?;
    Some(json!({ "voiceConfig": { "prebuiltVoiceConfig": { "voiceName": voice } } }))
}

fn service_tier(tier: &str) -> Option<&'static str> {
    match tier {
        "flex" => Some("flex"),
        "priority" => Some("priority"),
        _ => None,
    }
}

/// Those of `fields` that `names` has, under Google's spelling.
fn renamed(fields: &Map<String, Value>, names: &[(&str, &str)]) -> Map<String, Value> {
    let found = names.iter().filter_map(|(sent, name)| Some(((*name).to_owned(), fields.get(*sent)?.clone())));
    found.collect()
}
