//! Where an answer's statements come from: grounding and citations as OpenAI's annotations.
//!
//! Source: Gemini API reference, `GroundingMetadata`, `CitationMetadata`. Google counts bytes, OpenAI characters.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::wire::Candidate;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Grounding {
    grounding_chunks: Vec<Chunk>,
    grounding_supports: Vec<Support>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chunk {
    web: Option<Source>,
    retrieved_context: Option<Source>,
    maps: Option<Source>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Source {
    uri: String,
    title: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Support {
    segment: Segment,
    grounding_chunk_indices: Vec<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Segment {
    start_index: usize,
    end_index: usize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Citations {
    citations: Vec<Citation>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Citation {
    start_index: usize,
    end_index: usize,
    uri: String,
    title: String,
}

/// The annotations of a candidate whose text is `text`.
pub(super) fn annotations(candidate: &Candidate, text: &str) -> Vec<Value> {
    let grounding: Grounding = read(candidate.grounding_metadata.as_ref());
    let citations: Citations = read(candidate.citation_metadata.as_ref());
    let mut annotations = Vec::new();
    for support in &grounding.grounding_supports {
        for index in &support.grounding_chunk_indices {
            let Some(chunk) = grounding.grounding_chunks.get(*index) else { continue };
            let Some(source) = [&chunk.web, &chunk.retrieved_context, &chunk.maps].into_iter().flatten().next() else {
                continue;
            };
            let (start, end) = (support.segment.start_index, support.segment.end_index);
            annotations.push(annotation(text, start, end, &source.uri, &source.title));
        }
    }
    for one in citations.citations.iter().filter(|citation| !citation.uri.is_empty()) {
        annotations.push(annotation(text, one.start_index, one.end_index, &one.uri, &one.title));
    }
    annotations
}

fn read<T: Default + for<'de> Deserialize<'de>>(metadata: Option<&Value>) -> T {
    metadata.and_then(|metadata| T::deserialize(metadata).ok()).unwrap_or_default()
}

fn annotation(text: &str, start: usize, end: usize, url: &str, title: &str) -> Value {
    let citation = json!({
        "start_index": characters(text, start), "end_index": characters(text, end), "url": url, "title": title,
    });
    json!({ "type": "url_citation", "url_citation": citation })
}

/// How many characters begin in the first `bytes` bytes.
fn characters(text: &str, bytes: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < bytes).count()
}

type Field = fn(&Candidate) -> Option<&Value>;

/// What Google says beside the answers, under LiteLLM's names: a list with what there is for each.
pub(super) fn beside(candidates: &[Candidate]) -> Map<String, Value> {
    let fields: [(&str, Field); 4] = [
        ("vertex_ai_grounding_metadata", |candidate| candidate.grounding_metadata.as_ref()),
        ("vertex_ai_url_context_metadata", |candidate| candidate.url_context_metadata.as_ref()),
        ("vertex_ai_safety_results", |candidate| candidate.safety_ratings.as_ref()),
        ("vertex_ai_citation_metadata", |candidate| candidate.citation_metadata.as_ref()),
    ];
    let mut beside = Map::new();
    for (name, field) in fields {
        let values: Vec<_> = candidates.iter().filter_map(field).cloned().collect();
        if !values.is_empty() {
            beside.insert(name.to_owned(), Value::from(values));
        }
    }
    beside
}
