//! Embeddings, which are each maker's own form in `InvokeModel`.
//!
//! Sources: Amazon Bedrock User Guide, "Amazon Titan Text Embeddings" and "Amazon Titan Multimodal Embeddings G1" (one text
//! a request), "Cohere Embed v3" and "Cohere Embed v4" (at most 96 texts; what was read is only told by a header).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::answer;
use crate::provider::chat::AnswerHead;
use crate::provider::cohere::embed as cohere;
use crate::provider::embedding::{EmbeddingRequest, Embeddings, read_answer};
use crate::provider::openai::RequestError;
use crate::provider::task::{TaskAnswer, TaskDialect, TaskTranslation};

/// How many tokens a model has read.
const TOKENS_HEADER: &str = "x-amzn-bedrock-input-token-count";

/// Whose form a model is asked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Embed {
    /// Titan's first: a text and nothing else.
    TitanText,
    /// Titan's second, which may be told the number of dimensions.
    TitanTextV2,
    /// Titan's of texts and pictures.
    TitanImage,
    /// Cohere's.
    Cohere,
}

impl Embed {
    /// Of the model with this id; `None` where it makes no embeddings, or none of a form known here.
    pub(super) fn of(id: &str) -> Option<Self> {
        let has = |part: &str| id.contains(part);
        match () {
            () if has("amazon.titan-embed-text-v1") || has("amazon.titan-embed-g1-text") => Some(Self::TitanText),
            () if has("amazon.titan-embed-text") => Some(Self::TitanTextV2),
            () if has("amazon.titan-embed-image") => Some(Self::TitanImage),
            () if has("cohere.embed") => Some(Self::Cohere),
            () => None,
        }
    }

    /// Fields that are passed on as they come.
    const fn taken(self) -> &'static [&'static str] {
        match self {
            Self::TitanText | Self::TitanImage => &[],
            Self::TitanTextV2 => &["normalize"],
            Self::Cohere => &["truncate", "max_tokens"],
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TitanAnswer<'a> {
    #[serde(borrow)]
    embedding: &'a RawValue,
    input_text_token_count: Option<u64>,
}

#[derive(Deserialize)]
struct CohereAnswer<'a> {
    #[serde(borrow)]
    embeddings: cohere::ByKind<'a>,
}

impl TaskDialect for Embed {
    fn requests(&self, body: &Map<String, Value>, how: &TaskTranslation<'_>) -> Result<Vec<Bytes>, RequestError> {
        let request = EmbeddingRequest::read(body, how, self.taken())?;
        if *self == Self::Cohere {
            return request.each(cohere::TEXTS_MAX, |texts| cohere::fields(&request, texts));
        }
        how.unsupported.check("input_type", request.input_type.is_some())?;
        how.unsupported.check("dimensions", *self == Self::TitanText && request.dimensions.is_some())?;
        request.each(1, |texts| {
            let mut fields = request.passed.clone();
            fields.insert("inputText".to_owned(), json!(texts.first()));
            match (self, request.dimensions) {
                (Self::TitanTextV2, Some(dimensions)) => fields.insert("dimensions".to_owned(), json!(dimensions)),
                (Self::TitanImage, Some(dimensions)) => {
                    fields.insert("embeddingConfig".to_owned(), json!({ "outputEmbeddingLength": dimensions }))
                }
                _ => None,
            };
            fields
        })
    }

    fn answer(&self, body: &Map<String, Value>, answers: &[TaskAnswer], head: &AnswerHead) -> Result<Value, String> {
        let mut embeddings = Embeddings::of(body);
        for answer in answers {
            let in_header = answer.headers.get(TOKENS_HEADER).and_then(|value| value.to_str().ok()?.parse().ok());
            if *self == Self::Cohere {
                let answer: CohereAnswer<'_> = read_answer(&answer.body)?;
                answer.embeddings.float.into_iter().try_for_each(|vector| embeddings.push(vector))?;
                embeddings.count(in_header);
            } else {
                let answer: TitanAnswer<'_> = read_answer(&answer.body)?;
                embeddings.push(answer.embedding)?;
                embeddings.count(answer.input_text_token_count.or(in_header));
            }
        }
        embeddings.answer(&head.model)
    }

    fn error_message(&self, body: &[u8]) -> Option<String> {
        answer::error_message(body)
    }
}
