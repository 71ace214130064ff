//! What a request says of how tools are told of it.

use std::sync::Arc;

use bytes::Bytes;

use crate::config::Callback;
use crate::policy::OwnCallbacks;

/// What a request says of how tools are told of it.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    /// What was asked and answered is told to nobody, and kept nowhere.
    pub is_redacted: bool,
    /// No tool is told of it at all.
    pub is_unlogged: bool,
    /// Tools that are not told of it.
    pub not_told: Vec<Callback>,
    /// What it says of itself, as JSON, where its body in OpenAI's form does not have it; the first goes before.
    pub metadata: Vec<Bytes>,
    /// What it belongs to, as a header says.
    pub trace_id: Option<String>,
    /// The session it belongs to, as a header says.
    pub session_id: Option<String>,
    /// The span that it was made in.
    pub parent: Option<TraceParent>,
    /// Tools that its key or team names.
    pub own: Option<Arc<OwnCallbacks>>,
}

/// The span that a request was made in, as the header `traceparent` says.
/// Source: W3C Trace Context, level 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// The trace, in 32 hex digits.
    pub trace_id: String,
    /// The span, in 16 hex digits.
    pub span_id: String,
    /// Whether it is recorded.
    pub flags: u8,
}

impl TraceParent {
    /// Reads the header; what is wrong is as good as none, as the standard has it.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_hex = |text: &str, digits| {
            text.len() == digits && text.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_id = |text: &str, digits| is_hex(text, digits) && text.bytes().any(|one| one != b'0');
        // Later versions may say more; this one may not, and the last one never is.
        let is_version = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
        if !is_version || !is_id(trace_id, 32) || !is_id(span_id, 16) || !is_hex(flags, 2) {
            return None;
        }
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { trace_id: trace_id.to_owned(), span_id: span_id.to_owned(), flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn a_parent_is_read_and_a_wrong_one_is_none() {
        let parent = TraceParent { trace_id: TRACE.to_owned(), span_id: SPAN.to_owned(), flags: 1 };
        assert_eq!(TraceParent::parse(&format!(" 00-{TRACE}-{SPAN}-01")), Some(parent.clone()));
        assert_eq!(TraceParent::parse(&format!("01-{TRACE}-{SPAN}-01-more")), Some(parent));
        let zeros = "0".repeat(32);
        for wrong in [
            String::new(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-{SPAN}-zz"),
        ] {
            assert_eq!(TraceParent::parse(&wrong), None, "{wrong}");
        }
    }
}
