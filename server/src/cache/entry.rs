//! An answer as it is kept.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tollgate_openapi::money::NanoUsd;

use crate::domain::usage::Usage;

/// The version of the written form: what an older one wrote is not read.
const FORM: u8 = 1;
/// Bytes of the length of the head.
const LENGTH_BYTES: usize = 4;

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What is known of it.
    pub head: EntryHead,
    bytes: Bytes,
}

/// What is known of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EntryHead {
    /// When it was given first, in milliseconds since 1970.
    pub created_ms: i64,
    /// Until when it is kept.
    pub expires_ms: i64,
    /// Its content type.
    pub content_type: String,
    /// Of a stream, how long each of its pieces is, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<Vec<usize>>,
    /// Who gave it.
    pub served: Served,
    /// What it took.
    pub usage: Usage,
    /// What it cost, in nano-dollars.
    pub cost_nano: i64,
}

/// Who gave an answer, as the log of calls has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// The provider's model.
    pub model: String,
    /// Id of the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
    /// The provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Where it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<String>,
    /// The provider's id of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_id: Option<String>,
}

impl Entry {
    /// An answer; of a stream, all of its pieces together.
    #[must_use]
    pub const fn new(head: EntryHead, bytes: Bytes) -> Self {
        Self { head, bytes }
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// It may be given at `now`.
    #[must_use]
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now.timestamp_millis() < self.head.expires_ms
    }

    /// How old it is at `now`, in milliseconds.
    #[must_use]
    pub fn age_ms(&self, now: DateTime<Utc>) -> u64 {
        u64::try_from(now.timestamp_millis().saturating_sub(self.head.created_ms)).unwrap_or(0)
    }

    /// What it cost.
    #[must_use]
    pub const fn cost(&self) -> NanoUsd {
        NanoUsd(self.head.cost_nano)
    }

    /// Of a stream, its pieces as they came; of a whole answer `None`.
    #[must_use]
    pub fn pieces(&self) -> Option<Vec<Bytes>> {
        let mut at = 0;
        let piece = |length: &usize| {
            let range: Range<usize> = at..at.saturating_add(*length).min(self.bytes.len());
            at = range.end;
            self.bytes.slice(range)
        };
        self.head.pieces.as_ref().map(|lengths| lengths.iter().map(piece).collect())
    }

    /// As it is written.
    ///
    /// # Errors
    /// When the head is not to be written as JSON, which is a mistake in it.
    pub fn encode(&self) -> Result<Bytes, serde_json::Error> {
        let head = serde_json::to_vec(&self.head)?;
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        let mut out = BytesMut::with_capacity(1 + LENGTH_BYTES + head.len() + self.bytes.len());
        out.extend_from_slice(&[FORM]);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&head);
        out.extend_from_slice(&self.bytes);
        Ok(out.freeze())
    }

    /// What was written; `None` where it was written otherwise.
    #[must_use]
    pub fn decode(written: &Bytes) -> Option<Self> {
        let rest = written.strip_prefix(&[FORM])?;
        let (length, rest) = rest.split_first_chunk::<LENGTH_BYTES>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let head = serde_json::from_slice(rest.get(..length)?).ok()?;
        Some(Self { head, bytes: written.slice(1 + LENGTH_BYTES + length..) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(pieces: Option<Vec<usize>>) -> Entry {
        let head = EntryHead { created_ms: 1_000, expires_ms: 61_000, pieces, ..EntryHead::default() };
        Entry::new(head, Bytes::from_static(b"data: a\n\ndata: b\n\n"))
    }

    #[test]
    fn what_is_written_is_read() {
        for pieces in [None, Some(vec![9, 9])] {
            let entry = entry(pieces);
            assert_eq!(Entry::decode(&entry.encode().unwrap()), Some(entry));
        }
    }

    #[test]
    fn what_others_wrote_is_not_read() {
        let written = entry(None).encode().unwrap();
        for cut in 0..written.len() - 18 {
            assert_eq!(Entry::decode(&written.slice(..cut)), None, "{cut}");
        }
        let other = [&[FORM + 1], &written[1..]].concat();
        assert_eq!(Entry::decode(&Bytes::from(other)), None);
        assert_eq!(Entry::decode(&Bytes::from_static(b"\x01\xff\xff\xff\xff{}")), None);
    }

    #[test]
    fn pieces_are_those_that_came() {
        let texts = |entry: &Entry| entry.pieces().map(|pieces| pieces.concat());
        assert_eq!(entry(Some(vec![9, 9])).pieces().unwrap()[1], "data: b\n\n");
        assert_eq!(texts(&entry(Some(vec![4, 5, 9]))).unwrap(), entry(None).bytes()[..]);
        // A head that says more than there is does no harm.
        assert_eq!(texts(&entry(Some(vec![9, 900]))).unwrap(), entry(None).bytes()[..]);
        assert_eq!(texts(&entry(None)), None);
    }

    #[test]
    fn it_is_fresh_until_its_time() {
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
        assert!(entry(None).is_fresh(at(60_999)) && !entry(None).is_fresh(at(61_000)));
        assert_eq!(entry(None).age_ms(at(31_500)), 30_500);
        assert_eq!(entry(None).age_ms(at(0)), 0);
    }
}
