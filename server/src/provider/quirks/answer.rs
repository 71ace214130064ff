//! What a provider answers, with its reasoning where clients look for it, and an id.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Quirks, Reasoning};
use crate::provider::chat::sse::WholeLines;
use crate::provider::openai::members::name_before;

/// An answer or a chunk of one, as far as it may change.
#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    choices: Vec<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow, alias = "delta", default)]
    message: Option<Said<'a>>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "even_null")]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

/// A part of Mistral's content.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Part {
    Text {
        text: String,
    },
    Thinking {
        thinking: Vec<Self>,
    },
    #[serde(other)]
    Other,
}

/// A whole answer; `id` is for one without.
#[must_use]
pub fn openai_answer(quirks: &Quirks, id: &str, body: &Bytes) -> Bytes {
    rewrite(quirks, id, body).map_or_else(|| body.clone(), Bytes::from)
}

/// Rewrites a stream, however its bytes are cut.
#[derive(Debug)]
pub struct AnswerRewriter {
    quirks: &'static Quirks,
    id: String,
    whole: WholeLines,
}

impl AnswerRewriter {
    /// For a stream of a provider; `id` is for one without.
    #[must_use]
    pub fn new(quirks: &'static Quirks, id: String) -> Self {
        Self { quirks, id, whole: WholeLines::default() }
    }

    /// Takes bytes and gives the lines they complete.
    pub fn push(&mut self, bytes: Bytes) -> Bytes {
        let lines = self.whole.push(bytes);
        self.rewrite_lines(lines)
    }

    /// What is left when the stream ends.
    pub fn finish(&mut self) -> Bytes {
        let rest = self.whole.finish();
        self.rewrite_lines(rest)
    }

    fn rewrite_lines(&self, lines: Bytes) -> Bytes {
        let mut out = BytesMut::new();
        let mut copied_to = 0;
        let mut at = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let rewritten = line.strip_prefix(b"data:").and_then(|data| rewrite(self.quirks, &self.id, data));
            if let Some(data) = rewritten {
                out.extend_from_slice(lines.get(copied_to..at).unwrap_or_default());
                out.extend_from_slice(b"data:");
                out.extend_from_slice(&data);
                copied_to = at + line.len();
            }
            at += line.len();
        }
        if copied_to == 0 {
            return lines;
        }
        out.extend_from_slice(lines.get(copied_to..).unwrap_or_default());
        out.freeze()
    }
}

/// The text with its reasoning in `reasoning_content` and an id; `None` where nothing has to change.
fn rewrite(quirks: &Quirks, id: &str, text: &[u8]) -> Option<Vec<u8>> {
    let sign: &[u8] = match quirks.reasoning {
        Reasoning::Content if quirks.gives_ids => return None,
        Reasoning::Content => b"\"id\"",
        Reasoning::Field => b"\"reasoning\"",
        Reasoning::Parts => b"\"content\"",
    };
    memmem::find(text, sign)?;
    let answer: Answer<'_> = serde_json::from_slice(text).ok()?;
    let mut edits = Vec::new();
    if let Some(empty) = answer.id.filter(|found| found.get() == "\"\"" && !quirks.gives_ids) {
        edits.push((span(text, empty)?, Value::from(id).to_string()));
    }
    for said in answer.choices.iter().filter_map(|choice| choice.message.as_ref()) {
        match quirks.reasoning {
            Reasoning::Content => {}
            Reasoning::Field => edits.extend(renamed(text, said)),
            Reasoning::Parts => edits.extend(joined(text, said)),
        }
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(span, _)| span.start);
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut at = 0;
    for (span, value) in edits {
        out.extend_from_slice(text.get(at..span.start)?);
        out.extend_from_slice(value.as_bytes());
        at = span.end;
    }
    out.extend_from_slice(text.get(at..)?);
    Some(out)
}

/// `reasoning` under the name clients know.
fn renamed(text: &[u8], said: &Said<'_>) -> Option<(Range<usize>, String)> {
    let reasoning = said.reasoning.filter(|value| value.get().starts_with('"'))?;
    match said.reasoning_content {
        None => Some((name_before(text, span(text, reasoning)?.start)?, "\"reasoning_content\"".to_owned())),
        Some(other) if other.get() == "null" => Some((span(text, other)?, reasoning.get().to_owned())),
        Some(_) => None,
    }
}

/// Content in parts as text, and what was thought beside it.
fn joined(text: &[u8], said: &Said<'_>) -> Option<(Range<usize>, String)> {
    let content = said.content.filter(|value| value.get().starts_with('['))?;
    let parts: Vec<Part> = serde_json::from_str(content.get()).ok()?;
    let (mut spoken, mut thought) = (String::new(), String::new());
    for part in &parts {
        match part {
            Part::Text { text } => spoken.push_str(text),
            Part::Thinking { thinking } => thinking.iter().for_each(|part| part.add_text(&mut thought)),
            Part::Other => {}
        }
    }
    let mut joined = Value::from(spoken).to_string();
    if !thought.is_empty() {
        joined.push_str(&format!(",\"reasoning_content\":{}", Value::from(thought)));
    }
    Some((span(text, content)?, joined))
}

impl Part {
    fn add_text(&self, to: &mut String) {
        if let Self::Text { text } = self {
            to.push_str(text);
        }
    }
}

/// Null that is there, and not what is not there.
fn even_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Where `value`, a part of `text`, stands in it.
fn span(text: &[u8], value: &RawValue) -> Option<Range<usize>> {
    let start = value.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    Some(start..start + value.get().len())
}
