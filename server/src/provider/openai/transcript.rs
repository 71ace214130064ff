//! A streamed answer put together again, up to a size, where answers are kept.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::stream::Choice;

/// Choices and tool calls of one answer that are put together; what is beyond is left out.
const PARTS_MAX: u64 = 128;

/// What came so far.
#[derive(Clone, Debug)]
pub struct Transcript {
    choices: BTreeMap<u64, Message>,
    bytes: usize,
    bytes_max: usize,
    is_cut: bool,
}

#[derive(Clone, Debug, Default)]
struct Message {
    /// `content`, `reasoning_content` and `refusal`.
    texts: [String; 3],
    /// Name and arguments of each tool that is called.
    tools: BTreeMap<u64, (String, String)>,
}

impl Transcript {
    /// Nothing so far, and at most `bytes_max` bytes of text.
    #[must_use]
    pub const fn new(bytes_max: usize) -> Self {
        Self { choices: BTreeMap::new(), bytes: 0, bytes_max, is_cut: false }
    }

    /// Adds a piece of the answer.
    pub(super) fn add(&mut self, choice: &Choice<'_>) {
        let index = number(choice.index);
        if index >= PARTS_MAX {
            return;
        }
        let mut left = self.bytes_max - self.bytes;
        let mut is_cut = false;
        let mut push = |to: &mut String, piece: &str| {
            let taken = piece.get(..piece.floor_char_boundary(left)).unwrap_or_default();
            is_cut |= taken.len() < piece.len();
            left -= taken.len();
            to.push_str(taken);
        };
        let message = self.choices.entry(index).or_default();
        let [content, reasoning, refusal] = &mut message.texts;
        choice.text.iter().for_each(|text| push(content, text));
        if let Some(delta) = &choice.delta {
            for (to, piece) in
                [(content, &delta.content), (reasoning, &delta.reasoning_content), (refusal, &delta.refusal)]
            {
                piece.iter().for_each(|piece| push(to, piece));
            }
            for call in &delta.tool_calls {
                let (index, Some(function)) = (number(call.index), &call.function) else { continue };
                if index < PARTS_MAX {
                    let (name, arguments) = message.tools.entry(index).or_default();
                    function.name.iter().for_each(|piece| push(name, piece));
                    function.arguments.iter().for_each(|piece| push(arguments, piece));
                }
            }
        }
        self.bytes = self.bytes_max - left;
        self.is_cut |= is_cut;
    }

    /// The answer as it would have come in one piece.
    #[must_use]
    pub fn into_answer(self, response_id: Option<&str>) -> Value {
        let choices: Vec<Value> = self
            .choices
            .into_iter()
            .map(|(index, message)| json!({ "index": index, "message": message.into_json() }))
            .collect();
        let mut answer = json!({ "id": response_id, "object": "chat.completion", "choices": choices });
        if let (true, Some(members)) = (self.is_cut, answer.as_object_mut()) {
            members.insert("truncated".to_owned(), Value::Bool(true));
        }
        answer
    }
}

impl Message {
    fn into_json(self) -> Value {
        let [content, reasoning, refusal] = self.texts;
        let mut message = Map::from_iter([
            ("role".to_owned(), Value::from("assistant")),
            ("content".to_owned(), Value::from(content)),
        ]);
        for (name, text) in [("reasoning_content", reasoning), ("refusal", refusal)] {
            if !text.is_empty() {
                message.insert(name.to_owned(), Value::from(text));
            }
        }
        if !self.tools.is_empty() {
            let call = |(name, arguments): (String, String)| json!({ "type": "function", "function": { "name": name, "arguments": arguments } });
            message.insert("tool_calls".to_owned(), self.tools.into_values().map(call).collect());
        }
        Value::Object(message)
    }
}

/// A provider that numbers nothing means the first.
fn number(index: Option<&RawValue>) -> u64 {
    index.and_then(|index| index.get().parse().ok()).unwrap_or(0)
}
