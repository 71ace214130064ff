//! Reads a tree into typed settings and reports everything that is wrong with it, not only the first.
//!
//! A setting that is wrong reads as absent, so that reading goes on; the error it leaves keeps the server from starting.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::environment::join;
use super::node::{Entry, Node, Value};
use super::problem::{Place, Problem, Severity};
use super::secret::Secret;
use super::vocabulary;

/// The longest time any setting may ask for, in seconds: a week.
const MAX_SECONDS: f64 = 604_800.0;

/// Collects the problems found.
#[derive(Default)]
pub(super) struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    pub(super) fn error(&self, at: &Place, path: &str, message: impl Into<String>) {
        self.push(Severity::Error, at, path, message.into());
    }

    pub(super) fn warning(&self, at: &Place, path: &str, message: impl Into<String>) {
        self.push(Severity::Warning, at, path, message.into());
    }

    fn push(&self, severity: Severity, at: &Place, path: &str, message: String) {
        self.0.borrow_mut().push(Problem { severity, place: at.clone(), path: path.to_owned(), message });
    }

    pub(super) fn extend(&self, more: Vec<Problem>) {
        self.0.borrow_mut().extend(more);
    }

    pub(super) fn take(&self) -> Vec<Problem> {
        self.0.take()
    }
}

/// A value with the path that leads to it.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
    pub(super) problems: &'a Problems,
}

impl<'a> Item<'a> {
    pub(super) fn error(&self, message: impl Into<String>) {
        self.problems.error(&self.node.at, &self.path, message);
    }

    pub(super) fn warning(&self, message: impl Into<String>) {
        self.problems.warning(&self.node.at, &self.path, message);
    }

    fn expected(&self, what: &str) {
        let got = match &self.node.value {
            Value::Int(i) => format!("{i}"),
            Value::Float(f) => format!("{f}"),
            _ => self.node.kind().to_owned(),
        };
        self.error(format!("expected {what}, got {got}"));
    }

    /// Text. A whole number is taken as its digits; anything else must be quoted.
    pub(super) fn text(&self) -> Option<String> {
        match &self.node.value {
            Value::Text(text) | Value::FromEnv { text, .. } => Some(text.clone()),
            Value::Int(i) => Some(i.to_string()),
            Value::Null | Value::Missing(_) => None,
            Value::Float(_) | Value::Bool(_) => {
                // The value is not shown: what should have been text may be a secret.
                self.error(format!("expected text (put it in quotes), got {}", self.node.kind()));
                None
            }
            Value::List(_) | Value::Map(_) => {
                self.expected("text");
                None
            }
        }
    }

    /// Any single value as the text it was written as.
    pub(super) fn scalar_text(&self) -> Option<String> {
        match &self.node.value {
            Value::Bool(b) => Some(b.to_string()),
            Value::Float(f) => Some(f.to_string()),
            _ => self.text(),
        }
    }

    /// True or false; also the words YAML 1.1 knew.
    pub(super) fn boolean(&self) -> Option<bool> {
        match &self.node.value {
            Value::Bool(b) => return Some(*b),
            Value::Null | Value::Missing(_) => return None,
            Value::Text(text) | Value::FromEnv { text, .. } => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => return Some(true),
                "false" | "no" | "off" | "0" => return Some(false),
                _ => {}
            },
            _ => {}
        }
        self.expected("true or false");
        None
    }

    /// A whole number.
    pub(super) fn whole(&self, range: &RangeInclusive<u64>) -> Option<u64> {
        let found = match &self.node.value {
            Value::Null | Value::Missing(_) => return None,
            Value::Int(i) => u64::try_from(*i).ok(),
            Value::Text(text) | Value::FromEnv { text, .. } => text.trim().parse().ok(),
            _ => None,
        };
        let found = found.filter(|n| range.contains(n));
        if found.is_none() {
            let (low, high) = (range.start(), range.end());
            if *high == u64::MAX {
                self.expected(&format!("a whole number of {low} or more"));
            } else {
                self.expected(&format!("a whole number from {low} to {high}"));
            }
        }
        found
    }

    /// A whole number that counts something.
    pub(super) fn whole_count(&self) -> Option<u32> {
        let found = self.whole(&(0..=u64::from(u32::MAX)))?;
        u32::try_from(found).ok()
    }

    /// A finite number, as YAML or as text (the environment only has text).
    pub(super) fn number(&self) -> Option<f64> {
        let found = match &self.node.value {
            Value::Null | Value::Missing(_) => return None,
            Value::Int(i) => i.to_string().parse().ok(),
            Value::Float(f) => Some(*f),
            Value::Text(text) | Value::FromEnv { text, .. } => text.trim().parse().ok(),
            _ => None,
        };
        let found = found.filter(|f: &f64| f.is_finite());
        if found.is_none() {
            self.expected("a number");
        }
        found
    }

    /// The digits of a number that is given as text.
    pub(super) fn decimal_text(&self) -> Option<String> {
        match &self.node.value {
            Value::Text(text) | Value::FromEnv { text, .. } => Some(text.clone()),
            _ => None,
        }
    }

    fn seconds(&self, lowest: f64) -> Option<Duration> {
        let seconds = self.number()?;
        if !(lowest..=MAX_SECONDS).contains(&seconds) {
            self.expected(&format!("seconds from {lowest} to {MAX_SECONDS}"));
            return None;
        }
        Duration::try_from_secs_f64(seconds).ok()
    }

    /// The items of a list; a single value counts as a list of one where `single` says so.
    pub(super) fn list(&self, single: bool) -> Vec<Item<'a>> {
        match &self.node.value {
            Value::List(items) => items
                .iter()
                .enumerate()
                .map(|(index, node)| Item { node, path: format!("{}[{index}]", self.path), problems: self.problems })
                .collect(),
            Value::Null | Value::Missing(_) => Vec::new(),
            Value::Map(_) => {
                self.expected("a list");
                Vec::new()
            }
            _ if single => vec![self.clone()],
            _ => {
                self.expected("a list");
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub(super) fn texts(&self) -> Vec<String> {
        self.list(true).iter().filter_map(Item::text).collect()
    }

    /// The value as a map to be read key by key.
    pub(super) fn section(&self) -> Option<Section<'a>> {
        match &self.node.value {
            Value::Map(entries) => Some(Section { item: self.clone(), entries, read: Vec::new() }),
            Value::Null | Value::Missing(_) => None,
            _ => {
                self.expected("a mapping");
                None
            }
        }
    }
}

/// A map being read. Remembers which keys were asked for, so that the others can be named.
pub(super) struct Section<'a> {
    pub(super) item: Item<'a>,
    entries: &'a [Entry],
    read: Vec<&'a str>,
}

impl<'a> Section<'a> {
    /// The value under `key`, which counts as known from now on.
    pub(super) fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.read.push(key);
        let entry = self.entries.iter().find(|entry| entry.key == key)?;
        Some(self.entry_item(entry))
    }

    /// Counts a key as known that was found by [`Self::all`].
    pub(super) fn mark_read(&mut self, key: &'a str) {
        self.read.push(key);
    }

    fn entry_item(&self, entry: &'a Entry) -> Item<'a> {
        Item { node: &entry.node, path: join(&self.item.path, &entry.key), problems: self.item.problems }
    }

    /// Every key with its value, for maps whose keys are the user's.
    pub(super) fn all(&self) -> Vec<(&'a str, Item<'a>)> {
        let entries = self.entries.iter();
        entries.map(|entry| (entry.key.as_str(), self.entry_item(entry))).collect()
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.get(key)?.text()
    }

    pub(super) fn secret(&mut self, key: &'static str) -> Option<Secret> {
        self.text(key).map(Secret::new)
    }

    pub(super) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        self.get(key).and_then(|item| item.boolean()).unwrap_or(default)
    }

    pub(super) fn whole(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        self.get(key)?.whole(&range)
    }

    pub(super) fn count(&mut self, key: &'static str) -> Option<u32> {
        self.get(key)?.whole_count()
    }

    /// A time in seconds, above zero.
    pub(super) fn timeout(&mut self, key: &'static str) -> Option<Duration> {
        self.get(key)?.seconds(0.001)
    }

    /// A time in seconds, possibly none.
    pub(super) fn delay(&mut self, key: &'static str) -> Option<Duration> {
        self.get(key)?.seconds(0.0)
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.get(key).map(|item| item.texts()).unwrap_or_default()
    }

    pub(super) fn json(&mut self, key: &'static str) -> serde_json::Value {
        self.get(key).map(|item| item.node.to_json()).unwrap_or_default()
    }

    /// Names what was not read: LiteLLM's settings that Tollgate does not have yet, and what nobody knows. In sections
    /// of our own an unknown key is an error.
    pub(super) fn finish(self, area: &vocabulary::Area) {
        self.finish_as(area, true);
    }

    /// As [`Self::finish`], but only names what nobody knows: for deployments whose provider is not supported yet, which
    /// says enough about its settings.
    pub(super) fn finish_unknown(self, area: &vocabulary::Area) {
        self.finish_as(area, false);
    }

    fn finish_as(self, area: &vocabulary::Area, name_unsupported: bool) {
        #[cfg(test)]
        super::tests::record(&self.item.path, &self.read);
        for entry in self.entries {
            let known = self.read.contains(&entry.key.as_str());
            let path = join(&self.item.path, &entry.key);
            let problems = self.item.problems;
            if known {
                if name_unsupported && area.is_pending(&entry.key) {
                    problems.warning(&entry.at, &path, "this setting is read but not in force yet");
                }
                continue;
            }
            if area.is_litellm(&entry.key) {
                let message = "this setting of LiteLLM is not supported yet and is ignored";
                if name_unsupported {
                    problems.warning(&entry.at, &path, message);
                }
                continue;
            }
            if area.free_form {
                continue;
            }
            let mut candidates: Vec<&str> = self.read.clone();
            for name in area.names() {
                candidates.push(name);
            }
            let message = match vocabulary::nearest(&entry.key, candidates.into_iter()) {
                Some(near) => format!("unknown setting; did you mean \"{near}\"?"),
                None => "unknown setting; it is ignored".to_owned(),
            };
            if area.strict {
                problems.error(&entry.at, &path, message);
            } else {
                problems.warning(&entry.at, &path, message);
            }
        }
    }
}
