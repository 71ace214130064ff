//! Embeddings.
//!
//! Source: Ollama's API documentation, "Generate Embeddings" (`POST /api/embed`).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::provider::chat::AnswerHead;
use crate::provider::embedding::{EmbeddingRequest, Embeddings, read_answer};
use crate::provider::openai::RequestError;
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};

/// Fields that are passed on as they come.
const TAKEN: [&str; 3] = ["truncate", "options", "keep_alive"];

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Embed;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: Vec<&'a RawValue>,
    prompt_eval_count: Option<u64>,
}

impl TaskDialect for Embed {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = EmbeddingRequest::read(body, how, &TAKEN)?;
        how.unsupported.check("input_type", request.input_type.is_some())?;
        request.each(usize::MAX, |texts| {
            let mut fields = request.passed.clone();
            fields.insert("model".to_owned(), json!(how.model));
            fields.insert("input".to_owned(), json!(texts));
            fields.extend(request.dimensions.map(|dimensions| ("dimensions".to_owned(), json!(dimensions))));
            fields
        })
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let mut embeddings = Embeddings::of(body);
        for answer in answers {
            let answer: Answer<'_> = read_answer(&answer.body)?;
            answer.embeddings.into_iter().try_for_each(|vector| embeddings.push(vector))?;
            embeddings.count(answer.prompt_eval_count);
        }
        embeddings.answer(&head.model)
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        super::error_message(body)
    }
}
