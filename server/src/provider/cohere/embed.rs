//! Embeddings.
//!
//! Source: Cohere's API reference, "Embed" (v2): at most 96 texts, what they are for, and the kinds of numbers wanted.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::provider::chat::AnswerHead;
use crate::provider::embedding::{EmbeddingRequest, Embeddings, read_answer, whole};
use crate::provider::openai::RequestError;
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};

/// Texts of one request at most.
pub(in crate::provider) const TEXTS_MAX: usize = 96;
/// What embeddings are for unless the client says: to be found.
pub(in crate::provider) const INPUT_TYPE: &str = "search_document";
/// Fields that are passed on as they come.
const TAKEN: [&str; 3] = ["truncate", "max_tokens", "priority"];

/// The protocol as a translation of OpenAI's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Embed;

/// Embeddings by the kind of their numbers.
#[derive(Deserialize)]
pub(in crate::provider) struct ByKind<'a> {
    #[serde(borrow)]
    pub(in crate::provider) float: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    embeddings: ByKind<'a>,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Meta {
    billed_units: BilledUnits,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct BilledUnits {
    input_tokens: Option<f64>,
}

impl TaskDialect for Embed {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = EmbeddingRequest::read(body, how, &TAKEN)?;
        request.each(TEXTS_MAX, |texts| {
            let mut fields = fields(&request, texts);
            fields.insert("model".to_owned(), json!(how.model));
            fields
        })
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let mut embeddings = Embeddings::of(body);
        for answer in answers {
            let answer: Answer<'_> = read_answer(&answer.body)?;
            answer.embeddings.float.into_iter().try_for_each(|vector| embeddings.push(vector))?;
            let billed = answer.meta.billed_units.input_tokens;
            embeddings.count(billed.map(whole));
        }
        embeddings.answer(&head.model)
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        super::error_message(body)
    }
}

/// What a request says wherever these models are.
pub(in crate::provider) fn fields(request: &EmbeddingRequest<'_>, texts: &[&str]) -> Map<String, Value> {
    let mut fields = request.passed.clone();
    fields.insert("texts".to_owned(), json!(texts));
    fields.insert("input_type".to_owned(), json!(request.input_type.unwrap_or(INPUT_TYPE)));
    fields.insert("embedding_types".to_owned(), json!(["float"]));
    fields.extend(request.dimensions.map(|dimensions| ("output_dimension".to_owned(), json!(dimensions))));
    fields
}
