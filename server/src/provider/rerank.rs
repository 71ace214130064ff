//! Reranking in Cohere's form, which OpenAI does not offer: clients send it, and other protocols are translated from it.
//!
//! Sources: Cohere's API reference, "Rerank" in version 1 (documents may be objects, and come back where that is wanted)
//! and version 2 (documents are texts).

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::openai::RequestError;
use super::task::TaskTranslation;

/// Documents of one call at most: Cohere's limit.
const DOCUMENTS_MAX: usize = 1000;
/// What is read here.
const KNOWN: [&str; 6] = ["model", "query", "documents", "top_n", "return_documents", "user"];

/// What a call wants to have ranked.
#[derive(Debug)]
pub struct RerankRequest<'a> {
    /// What they are to answer.
    pub query: &'a str,
    /// Documents, as texts.
    pub documents: Vec<String>,
    /// Results at most.
    pub top_n: Option<u64>,
    /// What else the provider takes under the same name.
    pub passed: Map<String, Value>,
}

impl<'a> RerankRequest<'a> {
    /// Reads Cohere's body, of either version. The provider takes the fields `taken` as they are.
    ///
    /// # Errors
    /// When a field is missing or wrong, or not for this provider.
    pub fn read(body: &'a Map<String, Value>, how: &TaskTranslation<'_>, taken: &[&str]) -> Result<Self, RequestError> {
        let query = body.get("query").and_then(Value::as_str).filter(|query| !query.is_empty());
        let query = query.ok_or_else(|| wrong("query", "expected a text that is not empty"))?;
        let other = body.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()));
        let other = other.map(|(name, value)| (name.clone(), value.clone())).collect();
        let top_n = match body.get("top_n") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let top_n = value.as_u64().filter(|top_n| *top_n > 0);
                Some(top_n.ok_or_else(|| wrong("top_n", "expected a whole number above zero"))?)
            }
        };
        let passed = how.unsupported.others(&other, taken)?;
        Ok(Self { query, documents: documents(body)?, top_n, passed })
    }
}

fn wrong(param: &'static str, expected: &str) -> RequestError {
    RequestError { param: Some(param.into()), message: format!("Invalid '{param}': {expected}.") }
}

fn documents(body: &Map<String, Value>) -> Result<Vec<String>, RequestError> {
    let expected =
        || wrong("documents", "expected an array of texts, or of objects with a \"text\", that is not empty");
    let documents = body.get("documents").and_then(Value::as_array).filter(|documents| !documents.is_empty());
    let documents = documents.ok_or_else(expected)?;
    if documents.len() > DOCUMENTS_MAX {
        return Err(wrong("documents", &format!("expected at most {DOCUMENTS_MAX}")));
    }
    let text = |document: &Value| match document {
        Value::String(text) => Some(text.clone()),
        // What has no text is read as it is written.
        Value::Object(fields) => {
            Some(fields.get("text").and_then(Value::as_str).map_or_else(|| document.to_string(), str::to_owned))
        }
        _ => None,
    };
    documents.iter().map(text).collect::<Option<_>>().ok_or_else(expected)
}

/// A document's place and how well it answers the query.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ranked {
    /// Its place in the request.
    pub index: usize,
    /// From zero to one.
    pub relevance_score: f64,
}

/// Cohere's answer, with the documents themselves where the call wants them back.
#[must_use]
pub fn answer(id: &str, body: &Map<String, Value>, results: &[Ranked], search_units: Option<u64>) -> Value {
    let returns = body.get("return_documents").and_then(Value::as_bool).unwrap_or(false);
    let documents = body.get("documents").and_then(Value::as_array).filter(|_| returns);
    let result = |ranked: &Ranked| {
        let mut result = json!(ranked);
        let document = documents.and_then(|documents| documents.get(ranked.index));
        if let (Some(document), Some(result)) = (document, result.as_object_mut()) {
            let document = if document.is_string() { json!({ "text": document }) } else { document.clone() };
            result.insert("document".to_owned(), document);
        }
        result
    };
    let mut answer = json!({ "id": id, "results": results.iter().map(result).collect::<Vec<_>>() });
    if let (Some(units), Some(answer)) = (search_units, answer.as_object_mut()) {
        answer.insert("meta".to_owned(), json!({ "billed_units": { "search_units": units } }));
    }
    answer
}
