//! Where the members of a body stand, and how some are changed while all other bytes stay.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Bytes, BytesMut};

/// A member of a JSON object, by its place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, quotes included.
    pub name: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
}

/// The members of a body, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members(Vec<Member>);

impl Members {
    /// Adds the member whose value stands at `value`.
    pub(super) fn push(&mut self, body: &[u8], value: Range<usize>) {
        if let Some(name) = name_before(body, value.start) {
            self.0.push(Member { name, value });
        }
    }

    /// All of them, with their names.
    pub fn named<'a>(&'a self, body: &'a [u8]) -> impl Iterator<Item = (usize, Cow<'a, str>, &'a Member)> {
        let named = move |(index, member): (usize, &'a Member)| Some((index, member.name_in(body)?, member));
        self.0.iter().enumerate().filter_map(named)
    }

    /// The one of this name, with its place in the order.
    #[must_use]
    pub fn find<'a>(&'a self, body: &'a [u8], name: &str) -> Option<(usize, &'a Member)> {
        self.named(body).find(|(_, found, _)| found == name).map(|(index, _, member)| (index, member))
    }
}

impl Member {
    fn name_in<'a>(&self, body: &'a [u8]) -> Option<Cow<'a, str>> {
        let raw = std::str::from_utf8(body.get(self.name.clone())?).ok()?;
        if raw.contains('\\') {
            return serde_json::from_str(raw).ok().map(Cow::Owned);
        }
        raw.get(1..raw.len().checked_sub(1)?).map(Cow::Borrowed)
    }
}

/// Where the name of the value that begins at `value` stands.
pub(crate) fn name_before(body: &[u8], value: usize) -> Option<Range<usize>> {
    let close = body.get(..value)?.iter().rposition(|byte| *byte == b'"')?;
    let mut before = body.get(..close)?;
    loop {
        let open = before.iter().rposition(|byte| *byte == b'"')?;
        before = before.get(..open)?;
        let escapes = before.iter().rev().take_while(|byte| **byte == b'\\').count();
        if escapes % 2 == 0 {
            return Some(open..close + 1);
        }
    }
}

/// Changes of a body: values and names replaced, members taken out, others added at its end.
#[derive(Debug, Default)]
pub struct Edits {
    replaced: Vec<(Range<usize>, String)>,
    removed: Vec<usize>,
    added: String,
}

impl Edits {
    /// Sets the member `name`: in the place of `span`, where it has one. The last one to set it is right.
    pub fn set(&mut self, name: &str, span: Option<&Range<usize>>, value: &str, body: &[u8]) {
        match span {
            Some(span) if body.get(span.clone()) == Some(value.as_bytes()) => {}
            Some(span) => {
                self.replaced.retain(|(known, _)| known != span);
                self.replaced.push((span.clone(), value.to_owned()));
            }
            None => self.added.push_str(&format!(",{}:{value}", serde_json::Value::from(name))),
        }
    }

    /// Takes the member number `index` out.
    pub fn remove(&mut self, index: usize) {
        self.removed.push(index);
    }

    /// Whether that member is taken out.
    #[must_use]
    pub fn removes(&self, index: usize) -> bool {
        self.removed.contains(&index)
    }

    /// The body with all of them. At least one member has to stay.
    #[must_use]
    pub fn apply(mut self, body: &Bytes, members: &Members, end: usize) -> Bytes {
        if self.replaced.is_empty() && self.removed.is_empty() && self.added.is_empty() {
            return body.clone();
        }
        let mut cuts = self.cuts(members);
        self.replaced.retain(|(span, _)| !cuts.iter().any(|(cut, _)| cut.start <= span.start && span.end <= cut.end));
        cuts.append(&mut self.replaced);
        cuts.push((end..end, self.added));
        cuts.sort_by_key(|(span, _)| span.start);
        let more: usize = cuts.iter().map(|(_, value)| value.len()).sum();
        let mut out = BytesMut::with_capacity(body.len() + more);
        let mut at = 0;
        for (span, value) in cuts {
            out.extend_from_slice(body.get(at..span.start).unwrap_or_default());
            out.extend_from_slice(value.as_bytes());
            at = span.end;
        }
        out.extend_from_slice(body.get(at..).unwrap_or_default());
        out.freeze()
    }

    /// What is cut out for the removed members: each goes with the comma behind it, the last ones with the one before.
    fn cuts(&self, members: &Members) -> Vec<(Range<usize>, String)> {
        let mut cuts = Vec::new();
        let mut kept_to = None;
        let mut begun: Option<usize> = None;
        for (index, member) in members.0.iter().enumerate() {
            if self.removes(index) {
                begun.get_or_insert(member.name.start);
                continue;
            }
            if let Some(start) = begun.take() {
                cuts.push((start..member.name.start, String::new()));
            }
            kept_to = Some(member.value.end);
        }
        if let (Some(start), Some(last)) = (begun, members.0.last()) {
            cuts.push((kept_to.unwrap_or(start)..last.value.end, String::new()));
        }
        cuts
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::provider::openai::ChatRequest;

    const BODY: &str = r#"{ "a\"\\":1 , "model":"m","messages":[{"x":"}"}],"b" : {"c":[2]}, "d":null }"#;

    fn without(names: &[&str]) -> String {
        let body = Bytes::from_static(BODY.as_bytes());
        let request = ChatRequest::parse(&body, None).unwrap();
        let mut edits = Edits::default();
        for name in names {
            edits.remove(request.members().find(&body, name).unwrap().0);
        }
        String::from_utf8(edits.apply(&body, request.members(), BODY.rfind('}').unwrap()).to_vec()).unwrap()
    }

    #[test]
    fn members_are_taken_out_with_their_commas() {
        assert_eq!(without(&["a\"\\"]), r#"{ "model":"m","messages":[{"x":"}"}],"b" : {"c":[2]}, "d":null }"#);
        assert_eq!(without(&["b"]), r#"{ "a\"\\":1 , "model":"m","messages":[{"x":"}"}],"d":null }"#);
        assert_eq!(without(&["d"]), r#"{ "a\"\\":1 , "model":"m","messages":[{"x":"}"}],"b" : {"c":[2]} }"#);
        assert_eq!(without(&["b", "d"]), r#"{ "a\"\\":1 , "model":"m","messages":[{"x":"}"}] }"#);
        assert_eq!(without(&["d", "a\"\\", "b", "model"]), r#"{ "messages":[{"x":"}"}] }"#);
    }

    #[test]
    fn any_choice_of_members_leaves_the_others() {
        let names = ["a\"\\", "model", "b", "d"];
        for choice in 0..1 << names.len() {
            let gone: Vec<&str> =
                names.iter().enumerate().filter(|(n, _)| choice >> n & 1 == 1).map(|(_, x)| *x).collect();
            let left: Value = serde_json::from_str(&without(&gone)).unwrap();
            let mut expected: Value = serde_json::from_str(BODY).unwrap();
            gone.iter().for_each(|name| drop(expected.as_object_mut().unwrap().remove(*name)));
            assert_eq!(left, expected, "{gone:?}");
        }
    }
}
