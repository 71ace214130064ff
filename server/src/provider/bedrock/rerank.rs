//! Reranking, which is the knowledge bases' API and not the models'.
//!
//! Sources: "Rerank" in the API reference of Agents for Amazon Bedrock Runtime; Amazon Bedrock pricing, "Rerank" (a query
//! has up to 100 documents, and each piece of 512 tokens is one).

use bytes::Bytes;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::answer;
use crate::provider::chat::AnswerHead;
use crate::provider::embedding::read_answer;
use crate::provider::openai::RequestError;
use crate::provider::rerank::{self, Ranked, RerankRequest};
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};
use crate::provider::tokens;

/// Host names of the models' API and of this one begin with these.
const MODELS_HOST: &str = "bedrock-runtime.";
const AGENTS_HOST: &str = "bedrock-agent-runtime.";
/// Documents that one query pays for, and tokens of a document, the query's included.
const DOCUMENTS_PER_QUERY: u64 = 100;
const TOKENS_PER_DOCUMENT: u64 = 512;

/// Ranks documents by the model with this name.
#[derive(Clone, Debug)]
pub(super) struct Rerank {
    arn: String,
}

impl Rerank {
    /// By the model with this id; `None` where it ranks nothing.
    pub(super) fn of(id: &str, model: &str, region: &str) -> Option<Self> {
        let arn = if id.starts_with("arn:") {
            id.to_owned()
        } else {
            format!("arn:aws:bedrock:{region}::foundation-model/{id}")
        };
        model.contains(".rerank").then_some(Self { arn })
    }

    /// Its address, beside that of the models.
    pub(super) fn url(mut base: Url) -> Option<Url> {
        let host = base.host_str()?.to_owned();
        if let Some(place) = host.strip_prefix(MODELS_HOST) {
            base.set_host(Some(&format!("{AGENTS_HOST}{place}"))).ok()?;
        }
        Some(crate::provider::endpoint::below(base, "/rerank"))
    }
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<ResultLine>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResultLine {
    index: usize,
    relevance_score: f64,
}

impl TaskDialect for Rerank {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = RerankRequest::read(body, how, &[])?;
        let source = |text: &String| json!({ "type": "INLINE", "inlineDocumentSource": { "type": "TEXT", "textDocument": { "text": text } } });
        let mut configuration = json!({ "modelConfiguration": { "modelArn": self.arn } });
        if let (Some(top_n), Some(configuration)) = (request.top_n, configuration.as_object_mut()) {
            configuration.insert("numberOfResults".to_owned(), json!(top_n));
        }
        let body = json!({
            "queries": [{ "type": "TEXT", "textQuery": { "text": request.query } }],
            "sources": request.documents.iter().map(source).collect::<Vec<_>>(),
            "rerankingConfiguration": {
                "type": "BEDROCK_RERANKING_MODEL",
                "bedrockRerankingConfiguration": configuration,
            },
        });
        Ok(vec![Bytes::from(body.to_string())])
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let first = answers.first().ok_or("no answer")?;
        let answer: Answer = read_answer(&first.body)?;
        let ranked = |line: &ResultLine| Ranked { index: line.index, relevance_score: line.relevance_score };
        let results: Vec<Ranked> = answer.results.iter().map(ranked).collect();
        Ok(rerank::answer(&head.id, body, &results, Some(queries(body))))
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        answer::error_message(body)
    }
}

/// What is billed, which the answer does not tell.
fn queries(body: &Map<String, Value>) -> u64 {
    let query = body.get("query").and_then(Value::as_str).map_or(0, tokens::count_text);
    let room = TOKENS_PER_DOCUMENT.saturating_sub(query).max(1);
    let pieces = |document: &Value| {
        let text = document.as_str().or_else(|| document.get("text")?.as_str());
        text.map_or(1, |text| tokens::count_text(text).div_ceil(room).max(1))
    };
    let documents = body.get("documents").and_then(Value::as_array);
    let pieces: u64 = documents.into_iter().flatten().map(pieces).fold(0, u64::saturating_add);
    pieces.div_ceil(DOCUMENTS_PER_QUERY).max(1)
}
