//! Reranking.
//!
//! Source: Cohere's API reference, "Rerank" (v2).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::provider::chat::AnswerHead;
use crate::provider::embedding::{read_answer, whole};
use crate::provider::openai::RequestError;
use crate::provider::rerank::{self, Ranked, RerankRequest};
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};

/// Fields that are passed on as they come.
const TAKEN: [&str; 2] = ["max_tokens_per_doc", "priority"];

/// The second version of the protocol, which clients may speak in its first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rerank;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    id: String,
    results: Vec<ResultLine>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Deserialize)]
struct ResultLine {
    index: usize,
    relevance_score: f64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    billed_units: BilledUnits,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BilledUnits {
    search_units: Option<f64>,
}

impl TaskDialect for Rerank {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = RerankRequest::read(body, how, &TAKEN)?;
        let mut fields = request.passed;
        fields.insert("model".to_owned(), json!(how.model));
        fields.insert("query".to_owned(), json!(request.query));
        fields.insert("documents".to_owned(), json!(request.documents));
        fields.extend(request.top_n.map(|top_n| ("top_n".to_owned(), json!(top_n))));
        Ok(vec![Bytes::from(Value::Object(fields).to_string())])
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let first = answers.first().ok_or("no answer")?;
        let answer: Answer = read_answer(&first.body)?;
        let ranked = |line: &ResultLine| Ranked { index: line.index, relevance_score: line.relevance_score };
        let results: Vec<Ranked> = answer.results.iter().map(ranked).collect();
        let id = if answer.id.is_empty() { &head.id } else { &answer.id };
        Ok(rerank::answer(id, body, &results, answer.meta.billed_units.search_units.map(whole)))
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        super::error_message(body)
    }
}
