//! The translation, from requests to streams. Golden files are in `tests/snapshots`.

mod answers;
mod requests;
mod streams;

use serde_json::{Map, Value};

use super::Converse;
use crate::provider::chat::unsupported::Unsupported;
use crate::provider::chat::{AnswerHead, ChatBody, Dialect, Translation};
use crate::provider::openai::RequestError;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NEW_CLAUDE: &str = "anthropic.claude-opus-4-6-v1";
const NOVA: &str = "amazon.nova-pro-v1:0";
const LLAMA: &str = "meta.llama3-3-70b-instruct-v1:0";
const GPT_OSS: &str = "openai.gpt-oss-120b-1:0";

fn how(drop_params: bool, max_output_tokens: Option<u64>) -> Translation<'static> {
    Translation {
        model: "m",
        max_output_tokens,
        model_max_output_tokens: None,
        unsupported: Unsupported { provider: "bedrock", drop_params, wishes: &[] },
    }
}

fn body(json: Value) -> ChatBody {
    serde_json::from_value(json).unwrap()
}

fn translate_with(model: &str, json: Value, how: &Translation<'_>) -> Result<Value, RequestError> {
    let converse = Converse::new(model, None, Map::new());
    converse.request(&body(json), how).map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

fn translate(model: &str, json: Value) -> Value {
    translate_with(model, json, &how(false, None)).unwrap()
}

fn refused(model: &str, json: Value) -> RequestError {
    translate_with(model, json, &how(false, None)).unwrap_err()
}

fn head() -> AnswerHead {
    AnswerHead { id: "call-1".to_owned(), created: 1_700_000_000, model: "m".to_owned(), ..AnswerHead::default() }
}
