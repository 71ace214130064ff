//! Counting tokens where a provider does not tell: a client that left, an upstream without usage, a tight budget.

mod media;

use serde::Deserialize;
use serde_json::Value;

use media::known_image_tokens;
pub use media::{Media, image_tokens_max};

/// Tokens of an image of a model of which nothing is known: 8 tiles of 170 tokens and 85 for the overview, OpenAI's rule
/// for high detail.
const IMAGE_TOKENS_USUAL: u64 = 1_445;
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
    /// What only Anthropic has, of a call in its protocol.
    beyond_openai: Option<Value>,
    /// What is asked of models that hold no conversations.
    prompt: Option<Value>,
    input: Option<Value>,
    query: Option<Value>,
    documents: Option<Value>,
    /// Where providers' own protocols have instructions and conversations.
    system: Option<Value>,
    contents: Option<Value>,
    #[serde(rename = "systemInstruction", alias = "system_instruction")]
    system_instruction: Option<Value>,
}

/// Tokens of a chat request's input, text and the rest apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PromptTokens {
    /// Of texts and of the schemas of tools and answers.
    pub text: u64,
    /// Of everything else, at most.
    pub media: Media,
}

/// Tokens of a chat request's input, as an estimate: an image counts as `model` takes one, where that is known.
#[must_use]
pub fn count_prompt(body: &[u8], model: &str) -> u64 {
    let PromptTokens { text, media } = count_parts(body);
    text.saturating_add(media.tokens(known_image_tokens(model).unwrap_or(IMAGE_TOKENS_USUAL)))
}

/// Counts a chat request's input.
#[must_use]
pub fn count_parts(body: &[u8]) -> PromptTokens {
    count_with(body, count_text)
}

/// What a chat request has besides text. Takes the time of reading its JSON, not of counting.
#[must_use]
pub fn media(body: &[u8]) -> Media {
    count_with(body, |_| 0).media
}

fn count_with(body: &[u8], count: fn(&str) -> u64) -> PromptTokens {
    let Ok(prompt) = serde_json::from_slice::<Prompt>(body) else {
        return PromptTokens::default();
    };
    let primes = if prompt.messages.is_empty() { 0 } else { PRIMING_TOKENS };
    let mut counter = PromptCounter { count, found: PromptTokens { text: primes, ..PromptTokens::default() } };
    for input in [prompt.prompt, prompt.input, prompt.query, prompt.documents].into_iter().flatten() {
        counter.input(&input);
    }
    for message in &prompt.messages {
        counter.message(message);
    }
    for said in [prompt.system, prompt.contents, prompt.system_instruction].into_iter().flatten() {
        counter.value(&said);
    }
    // The format of a picture or a transcript is a word, which no model reads.
    let response_format = prompt.response_format.filter(Value::is_object);
    for schema in [prompt.tools, prompt.functions, response_format, prompt.beyond_openai].into_iter().flatten() {
        counter.value(&schema);
    }
    counter.found
}

struct PromptCounter {
    count: fn(&str) -> u64,
    found: PromptTokens,
}

impl PromptCounter {
    fn message(&mut self, message: &Value) {
        self.found.text += MESSAGE_TOKENS;
        for (name, value) in message.as_object().into_iter().flatten() {
            match value {
                Value::Array(parts) if name == "content" => parts.iter().for_each(|part| self.part(part)),
                value => self.value(value),
            }
        }
    }

    /// A text, or a list of texts, tokens or parts.
    fn input(&mut self, input: &Value) {
        match input {
            Value::Array(inputs) => inputs.iter().for_each(|input| self.input(input)),
            Value::Number(_) => self.found.text = self.found.text.saturating_add(1),
            Value::Object(_) => self.part(input),
            input => self.value(input),
        }
    }

    fn part(&mut self, part: &Value) {
        match (media::of_part(part), part.get("text")) {
            (Some(media), _) => self.found.media.add(media),
            (None, Some(text)) if part.get("type").is_some_and(|kind| kind == "text") => self.value(text),
            (None, _) => self.value(part),
        }
    }

    fn value(&mut self, value: &Value) {
        let tokens = match value {
            Value::Null => 0,
            Value::String(text) => (self.count)(text),
            other => (self.count)(&other.to_string()),
        };
        self.found.text = self.found.text.saturating_add(tokens);
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
        let tokens = count_prompt(body.as_bytes(), "unknown");
        assert!((IMAGE_TOKENS_USUAL + 2..IMAGE_TOKENS_USUAL + 20).contains(&tokens), "{tokens}");
        let bare = count_parts(br#"{"messages":[{"role":"user","content":"hi"}]}"#).text;
        let tools = r#"{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}],
            "response_format":{"type":"json_object"}}"#;
        assert!(count_parts(tools.as_bytes()).text > bare + 10);
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
