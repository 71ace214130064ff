//! The framing of AWS's event streams: length, headers, payload and two checksums.
//!
//! Source: "Amazon event stream specification" of Smithy. The crate `aws-smithy-eventstream` reads a whole message and
//! checks its sums; here is what bounds it and waits for the rest.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::{HeaderValue, Message};
use bytes::{Bytes, BytesMut};

/// Lengths of the whole and of the headers, with their checksum.
const PRELUDE_BYTES: usize = 12;
/// A message longer than this is none, in bytes: a payload has 24 MiB at most, headers 128 KiB.
const MESSAGE_BYTES_MAX: u32 = 25 * 1024 * 1024;

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::provider) enum Frame {
    /// An event with its name and its JSON.
    Event(String, Bytes),
    /// An error: its name and what it says.
    Failure(String, String),
}

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub(in crate::provider) struct FrameReader {
    carry: BytesMut,
}

impl FrameReader {
    /// Takes more of the stream.
    pub(in crate::provider) fn push(&mut self, bytes: &[u8]) {
        self.carry.extend_from_slice(bytes);
    }

    /// The next message, where all of it has come.
    pub(in crate::provider) fn next(&mut self) -> Result<Option<Frame>, String> {
        let Some(length) = self.length()? else { return Ok(None) };
        if self.carry.len() < length {
            return Ok(None);
        }
        let message = read_message_from(self.carry.split_to(length).freeze());
        message.map(|message| Some(frame(&message))).map_err(|error| broken(&error.to_string()))
    }

    /// The length of the next message. Its checksum is checked before anything is waited for.
    fn length(&self) -> Result<Option<usize>, String> {
        let Some((prelude, sum)) = self.carry.get(..PRELUDE_BYTES).and_then(|prelude| prelude.split_at_checked(8))
        else {
            return Ok(None);
        };
        if crc32fast::hash(prelude).to_be_bytes() != sum {
            return Err(broken("the checksum of a prelude is wrong"));
        }
        let length = prelude.first_chunk().copied().map_or(0, u32::from_be_bytes);
        if length > MESSAGE_BYTES_MAX {
            return Err(broken(&format!("a message has {length} bytes")));
        }
        let length = usize::try_from(length).map_err(|error| broken(&error.to_string()))?;
        if length < PRELUDE_BYTES + size_of::<u32>() {
            return Err(broken("a message is shorter than its frame"));
        }
        Ok(Some(length))
    }
}

fn frame(message: &Message) -> Frame {
    let header = |name: &str| {
        let found = message.headers().iter().find(|header| header.name().as_str() == name);
        found.and_then(|header| match header.value() {
            HeaderValue::String(text) => Some(text.as_str().to_owned()),
            _ => None,
        })
    };
    match header(":message-type").as_deref() {
        Some("exception") => {
            let said = super::answer::error_message(message.payload());
            let text = said.unwrap_or_else(|| String::from_utf8_lossy(message.payload()).into_owned());
            Frame::Failure(header(":exception-type").unwrap_or_else(|| "exception".to_owned()), text)
        }
        Some("error") => {
            let name = header(":error-code").unwrap_or_else(|| "error".to_owned());
            Frame::Failure(name, header(":error-message").unwrap_or_default())
        }
        _ => Frame::Event(header(":event-type").unwrap_or_default(), message.payload().clone()),
    }
}

fn broken(why: &str) -> String {
    format!("its event stream is broken: {why}")
}
