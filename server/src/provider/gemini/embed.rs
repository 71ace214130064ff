//! Embeddings.
//!
//! Source: Gemini API reference, "Embeddings" (`models.batchEmbedContents`): at most 100 requests at once, each with the
//! model's name.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::provider::chat::AnswerHead;
use crate::provider::embedding::{EmbeddingRequest, Embeddings, read_answer};
use crate::provider::openai::RequestError;
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};

/// Behind a model's path.
pub(super) const METHOD: &str = ":batchEmbedContents";
/// Texts of one request at most.
const TEXTS_MAX: usize = 100;
/// Google's name of what embeddings are for; `input_type` is Cohere's.
pub(in crate::provider) const TASK_TYPE: &str = "task_type";
/// Fields that are passed on, under Google's names.
const TAKEN: [&str; 2] = [TASK_TYPE, "title"];

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Embed;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Vec<Embedding<'a>>,
    usage_metadata: Option<Usage>,
}

/// One text's.
#[derive(Deserialize)]
pub(in crate::provider) struct Embedding<'a> {
    #[serde(borrow)]
    pub(in crate::provider) values: &'a RawValue,
}

/// What was read, where it is told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::provider) struct Usage {
    pub(in crate::provider) prompt_token_count: Option<u64>,
}

impl TaskDialect for Embed {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = EmbeddingRequest::read(body, how, &TAKEN)?;
        let model = format!("models/{}", how.model.trim_start_matches("models/"));
        let one = |text: &&str| {
            let mut fields = options(&request);
            fields.insert("model".to_owned(), json!(model));
            fields.insert("content".to_owned(), json!({ "parts": [{ "text": text }] }));
            fields
        };
        request.each(TEXTS_MAX, |texts| json!({ "requests": texts.iter().map(one).collect::<Vec<_>>() }))
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let mut embeddings = Embeddings::of(body);
        for answer in answers {
            let answer: Answer<'_> = read_answer(&answer.body)?;
            answer.embeddings.iter().try_for_each(|embedding| embeddings.push(embedding.values))?;
            embeddings.count(answer.usage_metadata.and_then(|usage| usage.prompt_token_count));
        }
        embeddings.answer(&head.model)
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        super::error_message(body)
    }
}

/// What is said of a text besides itself, in Google's names.
pub(in crate::provider) fn options(request: &EmbeddingRequest<'_>) -> Map<String, Value> {
    let given = |name: &str| request.passed.get(name).cloned();
    let options = [
        ("taskType", given(TASK_TYPE).or_else(|| request.input_type.map(task_type))),
        ("title", given("title")),
        ("outputDimensionality", request.dimensions.map(Value::from)),
    ];
    options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Google's word for one of Cohere's; its own stay.
fn task_type(input_type: &str) -> Value {
    Value::from(match input_type {
        "search_document" => "RETRIEVAL_DOCUMENT",
        "search_query" => "RETRIEVAL_QUERY",
        "classification" => "CLASSIFICATION",
        "clustering" => "CLUSTERING",
        own => own,
    })
}
