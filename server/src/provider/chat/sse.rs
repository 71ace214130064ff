//! Server-sent events, however their bytes are cut. Wire format: WHATWG HTML, section 9.2.

use bytes::{Buf, Bytes, BytesMut};

/// An event longer than this is no event, in bytes.
const EVENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty where it has none.
    pub name: String,
    /// Its data, lines joined.
    pub data: String,
}

/// Cuts a stream into events.
#[derive(Debug, Default)]
pub struct EventReader {
    carry: BytesMut,
    /// Up to here there is no line break in `carry`.
    searched: usize,
    event: Event,
    has_data: bool,
}

impl EventReader {
    /// Takes bytes and gives the events they complete.
    ///
    /// # Errors
    /// When an event never ends.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, String> {
        self.carry.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(end) = self.line_end() {
            let line = self.carry.split_to(end);
            self.searched = 0;
            self.skip_line_break();
            self.line(&line, &mut events);
        }
        if self.carry.len() > EVENT_BYTES_MAX || self.event.data.len() > EVENT_BYTES_MAX {
            return Err("an event of its stream does not end".to_owned());
        }
        Ok(events)
    }

    /// Where the first whole line ends. A CR at the very end may be half of a CRLF.
    fn line_end(&mut self) -> Option<usize> {
        let unsearched = self.carry.get(self.searched..).unwrap_or_default();
        let end = memchr::memchr2(b'\n', b'\r', unsearched).map(|end| self.searched + end);
        self.searched = end.unwrap_or(self.carry.len());
        let is_half = |end: &usize| self.carry.get(*end) == Some(&b'\r') && end + 1 == self.carry.len();
        end.filter(|end| !is_half(end))
    }

    fn skip_line_break(&mut self) {
        let size = if self.carry.starts_with(b"\r\n") { 2 } else { 1 };
        self.carry.advance(size.min(self.carry.len()));
    }

    fn line(&mut self, line: &[u8], events: &mut Vec<Event>) {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                events.push(event);
            }
            return;
        }
        let (name, value) = match memchr::memchr(b':', line) {
            Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
            None => (line, &b""[..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match name {
            b"event" => self.event.name = value.into_owned(),
            b"data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(&value);
                self.has_data = true;
            }
            _ => {}
        }
    }
}

/// Cuts a stream into whole lines, for whoever rewrites some and passes the others on.
#[derive(Debug, Default)]
pub struct WholeLines {
    carry: BytesMut,
}

impl WholeLines {
    /// Takes bytes and gives the lines they complete; a line that never ends is given as far as it came.
    pub fn push(&mut self, bytes: Bytes) -> Bytes {
        if self.carry.is_empty() && bytes.ends_with(b"\n") {
            return bytes;
        }
        let carried = self.carry.len();
        self.carry.extend_from_slice(&bytes);
        // What was carried is part of one line.
        let end = match memchr::memrchr(b'\n', &bytes) {
            Some(newline) => carried + newline + 1,
            None if self.carry.len() > EVENT_BYTES_MAX => self.carry.len(),
            None => 0,
        };
        self.carry.split_to(end).freeze()
    }

    /// What is left when the stream ends.
    pub fn finish(&mut self) -> Bytes {
        self.carry.split().freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str =
        ": a comment\n\nevent: one\ndata: {\"a\":1}\n\ndata: x\r\ndata:y\r\n\r\nid: 7\n\ndata: end\n\n";

    fn event(name: &str, data: &str) -> Event {
        Event { name: name.to_owned(), data: data.to_owned() }
    }

    #[test]
    fn events_are_found_wherever_the_stream_is_cut() {
        let expected = [event("one", "{\"a\":1}"), event("", "x\ny"), event("", "end")];
        for cut in 0..STREAM.len() {
            let (head, tail) = STREAM.as_bytes().split_at(cut);
            let mut reader = EventReader::default();
            let mut events = reader.push(head).unwrap();
            events.extend(reader.push(tail).unwrap());
            assert_eq!(events, expected, "cut at {cut}");
        }
    }

    #[test]
    fn an_event_without_end_is_an_error() {
        let mut reader = EventReader::default();
        assert!(reader.push(&vec![b'a'; EVENT_BYTES_MAX + 1]).is_err());
    }
}
