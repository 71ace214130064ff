//! Ids of responses, replaced in answers by others, all other bytes staying.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::provider::chat::sse::WholeLines;

/// Says under which id a client knows a response of the provider's.
pub trait Rename: Send {
    /// The client's id of `native`.
    fn rename(&self, native: &str) -> String;
}

#[derive(Deserialize)]
struct Ids<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    previous_response_id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    response: Option<Ids<'a>>,
}

/// A whole response under the client's ids.
#[must_use]
pub fn renamed(body: &Bytes, names: &dyn Rename) -> Bytes {
    let spans = serde_json::from_slice(body).map(|ids: Ids<'_>| ids.spans(body)).unwrap_or_default();
    replaced(body, spans, names).map_or_else(|| body.clone(), Bytes::from)
}

impl Ids<'_> {
    fn spans(&self, text: &[u8]) -> Vec<Range<usize>> {
        [self.id, self.previous_response_id].into_iter().flatten().filter_map(|value| span(text, value)).collect()
    }
}

/// Where `value`, a part of `text`, stands in it.
fn span(text: &[u8], value: &RawValue) -> Option<Range<usize>> {
    let start = value.get().as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    Some(start..start + value.get().len())
}

fn replaced(text: &[u8], mut spans: Vec<Range<usize>>, names: &dyn Rename) -> Option<Vec<u8>> {
    spans.sort_by_key(|span| span.start);
    let mut out = Vec::with_capacity(text.len() + 256);
    let mut at = 0;
    for span in spans {
        let Ok(native) = serde_json::from_slice::<String>(text.get(span.clone())?) else { continue };
        out.extend_from_slice(text.get(at..span.start)?);
        out.extend_from_slice(Value::from(names.rename(&native)).to_string().as_bytes());
        at = span.end;
    }
    if at == 0 {
        return None;
    }
    out.extend_from_slice(text.get(at..)?);
    Some(out)
}

/// Does the same to a stream, however its bytes are cut.
pub struct StreamRenamer {
    names: Box<dyn Rename>,
    whole: WholeLines,
    /// Of the last event that had one.
    sequence_number: Option<u64>,
}

impl StreamRenamer {
    /// For one stream.
    #[must_use]
    pub fn new(names: Box<dyn Rename>) -> Self {
        Self { names, whole: WholeLines::default(), sequence_number: None }
    }

    /// Takes bytes and gives the lines they complete.
    pub fn push(&mut self, bytes: Bytes) -> Bytes {
        let lines = self.whole.push(bytes);
        self.lines(lines)
    }

    /// What is left when the stream ends.
    pub fn finish(&mut self) -> Bytes {
        let rest = self.whole.finish();
        self.lines(rest)
    }

    /// The number that one more event would have.
    #[must_use]
    pub fn next_sequence_number(&self) -> u64 {
        self.sequence_number.map_or(0, |number| number.saturating_add(1))
    }

    fn lines(&mut self, lines: Bytes) -> Bytes {
        let mut out = BytesMut::new();
        let mut copied_to = 0;
        let mut at = 0;
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let renamed = line.strip_prefix(b"data:").and_then(|data| self.data(data));
            if let Some(data) = renamed {
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

    fn data(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        self.sequence_number = sequence_number(data).or(self.sequence_number);
        memmem::find(data, b"\"response\"")?;
        let event: Event<'_> = serde_json::from_slice(data).ok()?;
        replaced(data, event.response?.spans(data), &*self.names)
    }
}

/// The number of an event. Names in its texts are escaped, so that the last one found is its own or its response's.
fn sequence_number(data: &[u8]) -> Option<u64> {
    const NAME: &[u8] = b"\"sequence_number\":";
    let rest = data.get(memmem::rfind(data, NAME)? + NAME.len()..)?.trim_ascii_start();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(rest.get(..digits)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    struct Ours;

    impl Rename for Ours {
        fn rename(&self, native: &str) -> String {
            format!("our-{native}")
        }
    }

    #[test]
    fn only_the_ids_of_responses_change() {
        let body = Bytes::from_static(
            br#"{ "previous_response_id" : "resp_\u0031", "output":[{"id":"msg_1","x":2.50}], "id":"resp_2", "n": null }"#,
        );
        let expected = r#"{ "previous_response_id" : "our-resp_1", "output":[{"id":"msg_1","x":2.50}], "id":"our-resp_2", "n": null }"#;
        assert_eq!(renamed(&body, &Ours), expected);
        let none = Bytes::from_static(br#"{"id":null,"deleted":true}"#);
        assert_eq!(renamed(&none, &Ours), none);
        assert_eq!(renamed(&Bytes::from_static(b"<html>"), &Ours), "<html>");
    }

    #[test]
    fn a_stream_changes_alike_wherever_it_is_cut() {
        let created = json!({ "type": "response.created", "sequence_number": 0,
            "response": { "id": "resp_1", "previous_response_id": "resp_0", "output": [] } });
        let delta =
            json!({ "type": "response.output_text.delta", "delta": "the \"response\" é", "sequence_number": 41 });
        let stream = format!("event: response.created\ndata: {created}\n\nevent: x\ndata: {delta}\n\n");
        let expected = stream.replace("\"resp_1\"", "\"our-resp_1\"").replace("\"resp_0\"", "\"our-resp_0\"");
        for cut in 0..stream.len() {
            let (head, tail) = stream.as_bytes().split_at(cut);
            let mut renamer = StreamRenamer::new(Box::new(Ours));
            let pieces = [head, tail].map(|piece| renamer.push(Bytes::copy_from_slice(piece)));
            let whole = [&pieces[0][..], &pieces[1], &renamer.finish()].concat();
            assert_eq!(String::from_utf8(whole).unwrap(), expected, "cut at {cut}");
            assert_eq!(renamer.next_sequence_number(), 42);
        }
    }
}
