//! Counting tokens where a provider does not tell: a client that left, an upstream without usage, a tight budget.

use serde::Deserialize;
use serde_json::Value;

/// Tokens of one image at most: 8 tiles of 170 tokens and 85 for the overview, OpenAI's rule for high detail.
pub const IMAGE_TOKENS_MAX: u64 = 1_445;
/// Tokens around each message: OpenAI's chat format adds three and one for a name.
const MESSAGE_TOKENS: u64 = 4;
/// Tokens that prime the answer.
const PRIMING_TOKENS: u64 = 3;
/// Text is encoded in pieces of this size at most: byte-pair merging takes quadratic time on one endless word.
const PIECE_BYTES: usize = 2_048;

/// Tokens of `text` in the encoding of today's OpenAI models; other providers' counts are near it.
///
/// The first call loads the vocabulary, which takes some 100 ms: not for the hot path.
#[must_use]
pub fn count_text(text: &str) -> u64 {
    let encoding = tiktoken_rs::o200k_base_singleton();
    let mut tokens = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(piece_end(rest));
        tokens += encoding.encode_ordinary(piece).len();
        rest = after;
    }
    u64::try_from(tokens).unwrap_or(u64::MAX)
}

/// Where the first piece of `text` ends: at white space near the limit, else at a character.
fn piece_end(text: &str) -> usize {
    if text.len() <= PIECE_BYTES {
        return text.len();
    }
    let limit = text.floor_char_boundary(PIECE_BYTES);
    let head = text.get(..limit).unwrap_or(text);
    head.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(limit)
}

#[derive(Deserialize)]
struct Prompt {
    #[serde(default)]
    messages: Vec<Value>,
    tools: Option<Value>,
    functions: Option<Value>,
    response_format: Option<Value>,
}

/// Tokens of a chat request's input: texts, tools and images.
#[must_use]
pub fn count_prompt(body: &[u8]) -> u64 {
    let Ok(prompt) = serde_json::from_slice::<Prompt>(body) else {
        return 0;
    };
    let messages = prompt.messages.iter().map(|message| MESSAGE_TOKENS + count_message(message));
    let schemas = [prompt.tools, prompt.functions, prompt.response_format];
    let schemas = schemas.into_iter().flatten().map(|schema| count_text(&schema.to_string()));
    PRIMING_TOKENS + messages.chain(schemas).fold(0, u64::saturating_add)
}

fn count_message(message: &Value) -> u64 {
    let Some(fields) = message.as_object() else { return 0 };
    fields.iter().map(|(name, value)| if name == "content" { count_content(value) } else { count_value(value) }).sum()
}

fn count_content(content: &Value) -> u64 {
    match content {
        Value::Array(parts) => parts.iter().map(count_part).sum(),
        other => count_value(other),
    }
}

fn count_part(part: &Value) -> u64 {
    match part.get("type").and_then(Value::as_str) {
        Some("text") => part.get("text").map_or(0, count_value),
        Some("image_url" | "image" | "input_image") => IMAGE_TOKENS_MAX,
        _ => count_value(part),
    }
}

fn count_value(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::String(text) => count_text(text),
        other => count_text(&other.to_string()),
    }
}

/// Text that arrives in pieces, counted at the end; long text is counted on the way so that little is kept.
#[derive(Clone, Debug, Default)]
pub struct TextCounter {
    text: String,
    tokens: u64,
}

/// Text kept before it is counted, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

impl TextCounter {
    /// Adds a piece.
    pub fn push(&mut self, piece: &str) {
        self.text.push_str(piece);
        if self.text.len() >= KEPT_BYTES {
            self.tokens += count_text(&self.text);
            self.text.clear();
        }
    }

    /// Whether nothing was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.tokens == 0
    }

    /// Tokens of everything added.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        if self.text.is_empty() { self.tokens } else { self.tokens + count_text(&self.text) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_counted_as_openai_does() {
        assert_eq!(count_text("hello world"), 2);
        assert_eq!(count_text(""), 0);
    }

    #[test]
    fn an_endless_word_is_counted_in_linear_time() {
        let word = "a".repeat(400_000);
        assert!(count_text(&word) > 10_000);
    }

    #[test]
    fn a_prompt_counts_texts_tools_and_images_but_not_an_images_bytes() {
        let image = "A".repeat(100_000);
        let body = format!(
            r#"{{"messages":[{{"role":"user","content":[{{"type":"text","text":"hello world"}},
            {{"type":"image_url","image_url":{{"url":"data:image/png;base64,{image}"}}}}]}}]}}"#
        );
        let tokens = count_prompt(body.as_bytes());
        assert!((IMAGE_TOKENS_MAX + 2..IMAGE_TOKENS_MAX + 20).contains(&tokens), "{tokens}");
    }

    #[test]
    fn pieces_count_as_their_whole() {
        let mut counter = TextCounter::default();
        for _ in 0..3 {
            counter.push("hello world");
        }
        assert_eq!(counter.tokens(), count_text("hello worldhello worldhello world"));
    }
}
