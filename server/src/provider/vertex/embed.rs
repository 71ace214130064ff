//! Embeddings: of models that are asked by `predict`, and of Gemini's second, which is asked like Gemini.
//!
//! Sources: Vertex AI API reference, "Text embeddings API" (at most 250 texts; gemini-embedding-001 takes one),
//! `publishers.models.embedContent`.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::provider::chat::AnswerHead;
use crate::provider::embedding::{EmbeddingRequest, Embeddings, read_answer, whole};
use crate::provider::gemini::{self, embed};
use crate::provider::openai::RequestError;
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};

/// Fields that are passed on, under Google's names.
const TAKEN: [&str; 3] = [embed::TASK_TYPE, "title", AUTO_TRUNCATE];
/// Whether texts that are too long are cut.
const AUTO_TRUNCATE: &str = "auto_truncate";

/// How a model's embeddings are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embed {
    /// Several texts at once, or one, in Vertex AI's older form.
    Predict {
        /// Texts of one request at most.
        texts_max: usize,
    },
    /// One text in Gemini's form.
    Content,
}

impl Embed {
    /// Of the model of this name; `None` where it makes no embeddings.
    pub(super) fn of(model: &str) -> Option<Self> {
        match model {
            "gemini-embedding-001" => Some(Self::Predict { texts_max: 1 }),
            name if name.starts_with("gemini-embedding") => Some(Self::Content),
            name if name.starts_with("text") && name.contains("embedding") => Some(Self::Predict { texts_max: 250 }),
            _ => None,
        }
    }

    /// Behind the model's path.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Predict { .. } => ":predict",
            Self::Content => ":embedContent",
        }
    }
}

#[derive(Deserialize)]
struct Predictions<'a> {
    #[serde(borrow)]
    predictions: Vec<Prediction<'a>>,
}

#[derive(Deserialize)]
struct Prediction<'a> {
    #[serde(borrow)]
    embeddings: Predicted<'a>,
}

#[derive(Deserialize)]
struct Predicted<'a> {
    #[serde(borrow)]
    values: &'a RawValue,
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Statistics {
    token_count: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    #[serde(borrow)]
    embedding: embed::Embedding<'a>,
    usage_metadata: Option<embed::Usage>,
}

impl TaskDialect for Embed {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = EmbeddingRequest::read(body, how, &TAKEN)?;
        match self {
            Self::Predict { texts_max } => request.each(*texts_max, |texts| predict(&request, texts)),
            Self::Content => request.each(1, |texts| content(&request, texts)),
        }
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let mut embeddings = Embeddings::of(body);
        for answer in answers {
            match self {
                Self::Predict { .. } => {
                    let answer: Predictions<'_> = read_answer(&answer.body)?;
                    for Prediction { embeddings: one } in answer.predictions {
                        embeddings.push(one.values)?;
                        let tokens = one.statistics.and_then(|statistics| statistics.token_count);
                        embeddings.count(tokens.map(whole));
                    }
                }
                Self::Content => {
                    let answer: Content<'_> = read_answer(&answer.body)?;
                    embeddings.push(answer.embedding.values)?;
                    embeddings.count(answer.usage_metadata.and_then(|usage| usage.prompt_token_count));
                }
            }
        }
        embeddings.answer(&head.model)
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        gemini::error_message(body)
    }
}

fn predict(request: &EmbeddingRequest<'_>, texts: &[&str]) -> Value {
    let mut options = embed::options(request);
    let instance = |text: &&str| {
        let of_text = [("task_type", options.get("taskType")), ("title", options.get("title"))];
        let of_text = of_text.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.clone())));
        of_text.chain([("content".to_owned(), json!(text))]).collect::<Map<_, _>>()
    };
    let instances: Vec<_> = texts.iter().map(instance).collect();
    let mut parameters = Map::new();
    parameters.extend(options.remove_entry("outputDimensionality"));
    parameters.extend(request.passed.get(AUTO_TRUNCATE).map(|value| ("autoTruncate".to_owned(), value.clone())));
    let mut body = json!({ "instances": instances });
    if let (false, Some(body)) = (parameters.is_empty(), body.as_object_mut()) {
        body.insert("parameters".to_owned(), Value::Object(parameters));
    }
    body
}

fn content(request: &EmbeddingRequest<'_>, texts: &[&str]) -> Value {
    let mut options = embed::options(request);
    options.extend(request.passed.get(AUTO_TRUNCATE).map(|value| ("autoTruncate".to_owned(), value.clone())));
    let parts: Vec<_> = texts.iter().map(|text| json!({ "text": text })).collect();
    let mut body = json!({ "content": { "parts": parts } });
    if let (false, Some(body)) = (options.is_empty(), body.as_object_mut()) {
        body.insert("embedContentConfig".to_owned(), Value::Object(options));
    }
    body
}
