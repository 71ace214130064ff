//! The item being written, and the events it takes.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::gateway::responses::answer::{
    Head, call_item, call_prefix, custom_input, message_item, output_text, reasoning, refusal_part,
};
use crate::gateway::responses::request::Called;

/// Events that may leave, and what they have said so far.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    /// The number of the next event.
    number: u64,
    /// Id of the response.
    pub(super) id: String,
    /// Items that are complete.
    pub(super) output: Vec<Value>,
}

impl Writer {
    /// One whose next event has this number.
    pub(super) fn from_number(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// What may leave.
    pub(super) fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.text))
    }

    /// Writes an event of these fields.
    pub(super) fn write(&mut self, kind: &str, fields: Value) {
        let mut event = Map::from_iter([("type".to_owned(), Value::from(kind))]);
        if let Value::Object(fields) = fields {
            event.extend(fields);
        }
        event.insert("sequence_number".to_owned(), Value::from(self.number));
        self.number = self.number.saturating_add(1);
        self.text.push_str(&format!("event: {kind}\ndata: {}\n\n", Value::Object(event)));
    }

    pub(super) fn error(&mut self, message: &str) {
        self.write("error", json!({ "code": "server_error", "message": message, "param": null }));
    }

    /// An item that comes in one piece.
    pub(super) fn whole(&mut self, item: Value) {
        self.added(&item);
        self.done(item);
    }

    fn item_id(&self, prefix: &str) -> String {
        Head::item_id(&self.id, prefix, self.index())
    }

    /// Place of the item being written.
    const fn index(&self) -> usize {
        self.output.len()
    }

    fn added(&mut self, item: &Value) {
        self.write("response.output_item.added", json!({ "output_index": self.index(), "item": item }));
    }

    fn done(&mut self, item: Value) {
        self.write("response.output_item.done", json!({ "output_index": self.index(), "item": item }));
        self.output.push(item);
    }
}

/// The item being written.
#[derive(Debug)]
pub(super) enum Open {
    Thinking(Thinking),
    Speech(Speech),
    Tool(ToolItem),
}

/// What the model thinks.
#[derive(Debug)]
pub(super) struct Thinking {
    id: String,
    text: String,
    blocks: Vec<Value>,
}

impl Thinking {
    pub(super) fn begin(writer: &mut Writer) -> Self {
        let id = writer.item_id("rs");
        writer.added(&json!({ "id": id, "type": "reasoning", "summary": [] }));
        Self { id, text: String::new(), blocks: Vec::new() }
    }

    pub(super) fn push(&mut self, text: &str, blocks: Vec<Value>, writer: &mut Writer) {
        blocks.into_iter().for_each(|block| self.block(block));
        if text.is_empty() {
            return;
        }
        if self.text.is_empty() {
            self.write("part.added", ("part", json!({ "type": "summary_text", "text": "" })), writer);
        }
        self.text.push_str(text);
        self.write("text.delta", ("delta", Value::from(text)), writer);
    }

    /// Puts the pieces of a block together: it ends with its signature.
    fn block(&mut self, piece: Value) {
        let text = |block: &Value, name: &str| block.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let is_thinking = |block: &Value| block.get("type").is_some_and(|kind| kind == "thinking");
        match self.blocks.last_mut() {
            Some(last) if is_thinking(last) && is_thinking(&piece) && text(last, "signature").is_empty() => {
                let thinking = text(last, "thinking") + &text(&piece, "thinking");
                *last = json!({ "type": "thinking", "thinking": thinking, "signature": text(&piece, "signature") });
            }
            _ => self.blocks.push(piece),
        }
    }

    pub(super) fn close(self, writer: &mut Writer) {
        if !self.text.is_empty() {
            self.write("text.done", ("text", Value::from(self.text.as_str())), writer);
            self.write("part.done", ("part", json!({ "type": "summary_text", "text": self.text })), writer);
        }
        writer.done(reasoning(&self.id, &self.text, &self.blocks));
    }

    fn write(&self, kind: &str, (name, value): (&str, Value), writer: &mut Writer) {
        let fields = json!({ "item_id": self.id, "output_index": writer.index(), "summary_index": 0, name: value });
        writer.write(&format!("response.reasoning_summary_{kind}"), fields);
    }
}

/// A message.
#[derive(Debug)]
pub(super) struct Speech {
    id: String,
    /// Parts that are complete.
    parts: Vec<Value>,
    saying: Option<Saying>,
}

/// The part of it being written.
#[derive(Debug)]
enum Saying {
    Text { text: String, annotations: Vec<Value>, logprobs: Vec<Value> },
    Refusal(String),
}

/// What is added to it.
#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Refusal(String),
    Annotation(Value),
}

impl Piece {
    pub(super) const fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) | Self::Refusal(text) => text.is_empty(),
            Self::Annotation(_) => false,
        }
    }
}

impl Saying {
    fn part(&self) -> Value {
        match self {
            Self::Text { text, annotations, logprobs } => output_text(text, annotations, logprobs),
            Self::Refusal(refusal) => refusal_part(refusal),
        }
    }
}

impl Speech {
    pub(super) fn begin(writer: &mut Writer) -> Self {
        let id = writer.item_id("msg");
        writer.added(&message_item(&id, "in_progress", Vec::new()));
        Self { id, parts: Vec::new(), saying: None }
    }

    pub(super) fn push(&mut self, piece: Piece, logprobs: &[Value], writer: &mut Writer) {
        let fits = matches!(
            (&piece, &self.saying),
            (Piece::Text(_) | Piece::Annotation(_), Some(Saying::Text { .. }))
                | (Piece::Refusal(_), Some(Saying::Refusal(_)))
        );
        if !fits {
            self.close_part(writer);
            let empty = match &piece {
                Piece::Refusal(_) => Saying::Refusal(String::new()),
                _ => Saying::Text { text: String::new(), annotations: Vec::new(), logprobs: Vec::new() },
            };
            self.write("content_part.added", json!({ "part": empty.part() }), writer);
            self.saying = Some(empty);
        }
        let event = match (piece, &mut self.saying) {
            (Piece::Text(delta), Some(Saying::Text { text, logprobs: all, .. })) => {
                text.push_str(&delta);
                all.extend_from_slice(logprobs);
                Some(("output_text.delta", json!({ "delta": delta, "logprobs": logprobs })))
            }
            (Piece::Annotation(annotation), Some(Saying::Text { annotations, .. })) => {
                let index = annotations.len();
                annotations.push(annotation.clone());
                let fields = json!({ "annotation_index": index, "annotation": annotation });
                Some(("output_text.annotation.added", fields))
            }
            (Piece::Refusal(delta), Some(Saying::Refusal(refusal))) => {
                refusal.push_str(&delta);
                Some(("refusal.delta", json!({ "delta": delta })))
            }
            _ => None,
        };
        if let Some((kind, fields)) = event {
            self.write(kind, fields, writer);
        }
    }

    fn close_part(&mut self, writer: &mut Writer) {
        let Some(saying) = self.saying.take() else { return };
        match &saying {
            Saying::Text { text, logprobs, .. } => {
                self.write("output_text.done", json!({ "text": text, "logprobs": logprobs }), writer);
            }
            Saying::Refusal(refusal) => self.write("refusal.done", json!({ "refusal": refusal }), writer),
        }
        let part = saying.part();
        self.write("content_part.done", json!({ "part": part }), writer);
        self.parts.push(part);
    }

    pub(super) fn close(mut self, status: &str, writer: &mut Writer) {
        self.close_part(writer);
        let item = message_item(&self.id, status, std::mem::take(&mut self.parts));
        writer.done(item);
    }

    /// An event of the part being written.
    fn write(&self, kind: &str, fields: Value, writer: &mut Writer) {
        let mut all = json!({ "item_id": self.id, "output_index": writer.index(), "content_index": self.parts.len() });
        if let (Some(all), Value::Object(fields)) = (all.as_object_mut(), fields) {
            all.extend(fields);
        }
        writer.write(&format!("response.{kind}"), all);
    }
}

/// A call of a function or of a custom tool.
#[derive(Debug)]
pub(super) struct ToolItem {
    /// OpenAI's number of it.
    pub(super) index: u64,
    id: String,
    call_id: String,
    called: Called,
    arguments: String,
}

impl ToolItem {
    pub(super) fn begin(index: u64, call_id: String, called: Called, writer: &mut Writer) -> Self {
        let id = writer.item_id(call_prefix(called.is_custom));
        writer.added(&call_item(&id, &call_id, &called, "", "in_progress"));
        Self { index, id, call_id, called, arguments: String::new() }
    }

    pub(super) fn push(&mut self, arguments: &str, writer: &mut Writer) {
        self.arguments.push_str(arguments);
        // The text of a custom tool is inside of what comes, and can be read once that is whole.
        if !self.called.is_custom && !arguments.is_empty() {
            self.write("function_call_arguments.delta", ("delta", arguments), writer);
        }
    }

    pub(super) fn close(self, writer: &mut Writer) {
        if self.called.is_custom {
            let input = custom_input(&self.arguments);
            self.write("custom_tool_call_input.delta", ("delta", &input), writer);
            self.write("custom_tool_call_input.done", ("input", &input), writer);
        } else {
            self.write("function_call_arguments.done", ("arguments", &self.arguments), writer);
        }
        writer.done(call_item(&self.id, &self.call_id, &self.called, &self.arguments, "completed"));
    }

    fn write(&self, kind: &str, (name, text): (&str, &str), writer: &mut Writer) {
        let fields = json!({ "item_id": self.id, "output_index": writer.index(), name: text });
        writer.write(&format!("response.{kind}"), fields);
    }
}
