//! What a call asks for, as far as its answer depends on it: two calls have the same key only if one answer does for
//! both.

use std::borrow::Cow;

use reqwest::header::HeaderMap;
use serde_json::Value;
use serde_json::value::RawValue;

use super::items::{INPUT, inputs};
use crate::cache::canonical::canonical;
use crate::cache::{Key, digest_of};
use crate::config::Isolation;
use crate::policy::CallPolicy;

/// The version of what is hashed: answers kept under another one are not found.
const VERSION: &[u8] = b"tollgate answers 1";

/// Members that say how a call is made or by whom, and not what is answered.
const NOT_ASKED: [&str; 12] = [
    "model",
    "stream",
    "cache",
    "caching",
    "no-log",
    "timeout",
    "request_timeout",
    "stream_timeout",
    "num_retries",
    "max_retries",
    "tags",
    "turn_off_message_logging",
];
/// The same of members that answers of the Responses API repeat.
const NOT_ASKED_UNLESS_REPEATED: [&str; 5] =
    ["user", "metadata", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"];
/// What other names of such members begin with.
const NOT_ASKED_PREFIX: &str = "litellm_";

/// Members that stand for something the provider keeps, or finds, or does: what is answered today may be wrong tomorrow.
const STATEFUL: [&str; 9] = [
    "previous_response_id",
    "conversation",
    "background",
    "thread",
    "container",
    "mcp_servers",
    "web_search_options",
    "search_parameters",
    "enable_web_search",
];
/// Members that are for trying the gateway out.
const MOCK_PREFIX: &str = "mock_";
/// Tools that the client runs: the model only asks for it.
const CLIENTS_TOOLS: [&str; 2] = ["function", "custom"];
/// The same of Anthropic's, whose names go on with a date.
const CLIENTS_TOOLS_PREFIXES: [&str; 4] = ["bash_", "text_editor_", "computer_", "memory_"];

/// A call.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// LiteLLM's name of such calls, without the `a`.
    pub(super) call_type: &'static str,
    /// Public name of the model.
    pub(super) model: &'a str,
    /// The answer is wanted as a stream.
    pub(super) is_stream: bool,
    /// The members of its body.
    pub(super) members: &'a [(Cow<'a, str>, &'a RawValue)],
    /// Headers that the provider is sent.
    pub(super) headers: &'a HeaderMap,
    /// Of a form, the digest of its files.
    pub(super) files: Option<[u8; 32]>,
}

/// Who shares answers, and what else sets them apart.
#[derive(Clone, Debug)]
pub(super) struct Realm {
    scope: String,
    /// As keys begin.
    pub(super) namespace: Option<String>,
    /// Tags of the call, where they decide who serves it.
    tags: Vec<String>,
}

impl Realm {
    /// Of a call with this `policy`.
    pub(super) fn new(isolation: Isolation, policy: &CallPolicy, namespace: Option<String>, tags: Vec<String>) -> Self {
        let mut tags = tags;
        tags.sort_unstable();
        Self { scope: scope(isolation, policy), namespace, tags }
    }
}

/// Whose answers are shared. Scopes of different kinds never have the same name.
fn scope(isolation: Isolation, policy: &CallPolicy) -> String {
    let key = &policy.key;
    let own = || format!("key {}", key.token);
    let team = || key.team_id.as_ref().map_or_else(own, |team| format!("team {team}"));
    match isolation {
        Isolation::Key => own(),
        Isolation::Team => team(),
        Isolation::Organization => {
            policy.organization_id.as_ref().map_or_else(team, |organization| format!("organization {organization}"))
        }
        Isolation::Shared => "all".to_owned(),
    }
}

impl Subject<'_> {
    /// Whether the same answer may be given to the same call again.
    pub(super) fn is_repeatable(&self) -> bool {
        self.members.iter().all(|(name, value)| match name.as_ref() {
            "tools" => are_clients_tools(value),
            // Whoever wants it kept at the provider wants the call to be made.
            "store" => self.call_type == "responses" || is_off(value),
            // A template that the provider keeps.
            "prompt" => self.call_type != "responses",
            name => (!STATEFUL.contains(&name) || is_off(value)) && !name.starts_with(MOCK_PREFIX),
        }) && (self.call_type != "responses"
            || self.members.iter().any(|(name, value)| name == "store" && is_false(value)))
    }

    /// What its answer is kept under; `None` where it is not certain what is asked.
    pub(super) fn key(&self, realm: &Realm) -> Option<Key> {
        let mut asked = Vec::new();
        for (name, value) in self.members {
            if !self.is_asked(name) {
                continue;
            }
            asked.push((name.as_ref(), canonical(value.get()).ok()?));
        }
        Some(self.key_of(realm, asked))
    }

    /// What the answers to its inputs are kept under, where each is kept apart; none of other calls. `None` where it is
    /// not certain what is asked.
    pub(super) fn items(&self, realm: &Realm) -> Option<Vec<Key>> {
        if self.call_type != "embedding" {
            return Some(Vec::new());
        }
        let input = self.members.iter().find(|(name, _)| name == INPUT)?.1;
        let others = self.members.iter().filter(|(name, _)| name != INPUT && self.is_asked(name));
        let others: Option<Vec<(&str, Vec<u8>)>> =
            others.map(|(name, value)| Some((name.as_ref(), canonical(value.get()).ok()?))).collect();
        let others = others?;
        let key = |item: &RawValue| {
            let mut asked = others.clone();
            asked.push((INPUT, canonical(item.get()).ok()?));
            Some(self.key_of(realm, asked))
        };
        inputs(input)?.into_iter().map(key).collect()
    }

    /// The same with these members in their canonical form.
    pub(super) fn key_of(&self, realm: &Realm, mut asked: Vec<(&str, Vec<u8>)>) -> Key {
        asked.sort_unstable();
        let mut parts: Vec<&[u8]> = vec![
            VERSION,
            realm.scope.as_bytes(),
            realm.namespace.as_deref().unwrap_or_default().as_bytes(),
            self.call_type.as_bytes(),
            self.model.as_bytes(),
            if self.is_stream { b"stream" } else { b"whole" },
        ];
        parts.push(b"tags");
        parts.extend(realm.tags.iter().map(String::as_bytes));
        parts.push(b"headers");
        let mut headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        headers.sort_unstable();
        parts.extend(headers.into_iter().flat_map(|(name, value)| [name.as_bytes(), value]));
        parts.push(b"members");
        parts.extend(asked.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_slice()]));
        if let Some(files) = &self.files {
            parts.extend([b"files".as_slice(), files]);
        }
        Key::new(realm.namespace.as_deref(), digest_of(parts))
    }

    /// Whether the answer depends on the member of this name.
    pub(super) fn is_asked(&self, name: &str) -> bool {
        let is_repeated = self.call_type == "responses";
        !NOT_ASKED.contains(&name)
            && !name.starts_with(NOT_ASKED_PREFIX)
            && (is_repeated || !NOT_ASKED_UNLESS_REPEATED.contains(&name))
    }
}

fn is_false(value: &RawValue) -> bool {
    value.get() == "false"
}

fn is_off(value: &RawValue) -> bool {
    matches!(value.get(), "false" | "null")
}

/// Whether the client runs all of these tools.
fn are_clients_tools(tools: &RawValue) -> bool {
    let Ok(tools) = serde_json::from_str::<Option<Vec<Value>>>(tools.get()) else { return false };
    tools.unwrap_or_default().iter().all(|tool| match tool.get("type").and_then(Value::as_str) {
        Some(kind) => {
            CLIENTS_TOOLS.contains(&kind) || CLIENTS_TOOLS_PREFIXES.iter().any(|prefix| kind.starts_with(prefix))
        }
        None => ["function", "input_schema"].into_iter().any(|name| tool.get(name).is_some()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, json};

    use super::*;

    type Members = Vec<(String, Box<RawValue>)>;

    fn members(body: &Value) -> Members {
        let raw = |value: &Value| serde_json::value::to_raw_value(value).unwrap();
        body.as_object().unwrap().iter().map(|(name, value)| (name.clone(), raw(value))).collect()
    }

    fn realm(scope: &str) -> Realm {
        Realm { scope: scope.to_owned(), namespace: None, tags: Vec::new() }
    }

    fn with<T>(call_type: &'static str, body: &Value, see: impl FnOnce(&Subject<'_>) -> T) -> T {
        let owned = members(body);
        let members: Vec<(Cow<'_, str>, &RawValue)> =
            owned.iter().map(|(name, value)| (Cow::from(name.as_str()), &**value)).collect();
        let (headers, model) = (HeaderMap::new(), body["model"].as_str().unwrap_or("gpt").to_owned());
        let is_stream = body["stream"] == true;
        see(&Subject { call_type, model: &model, is_stream, members: &members, headers: &headers, files: None })
    }

    fn key(body: &Value) -> Key {
        with("completion", body, |subject| subject.key(&realm("all")).unwrap())
    }

    fn is_repeatable(call_type: &'static str, body: &Value) -> bool {
        with(call_type, body, |subject| subject.is_repeatable())
    }

    fn base() -> Value {
        json!({"model": "gpt", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5, "user": "ada"})
    }

    #[test]
    fn what_does_not_change_the_answer_does_not_change_the_key() {
        for (name, value) in [
            ("user", json!("bob")),
            ("metadata", json!({"trace": 1})),
            ("timeout", json!(5)),
            ("cache", json!({"ttl": 5})),
            ("num_retries", json!(7)),
            ("litellm_metadata", json!({})),
            ("turn_off_message_logging", json!(true)),
            ("stream", json!(false)),
        ] {
            let mut body = base();
            body[name] = value;
            assert_eq!(key(&body), key(&base()), "{name}");
        }
        let repeated = |user: &str| json!({"model": "gpt", "input": "Hi", "user": user, "store": false});
        let of = |body: &Value| with("responses", body, |subject| subject.key(&realm("all")).unwrap());
        assert_ne!(of(&repeated("ada")), of(&repeated("bob")), "answers of the Responses API repeat it");
    }

    #[test]
    fn all_else_does() {
        let mut seen = vec![key(&base())];
        for (name, value) in [
            ("model", json!("other")),
            ("stream", json!(true)),
            ("temperature", json!(0.6)),
            ("temperature", json!(null)),
            ("messages", json!([{"role": "user", "content": "Hi "}])),
            ("messages", json!([{"role": "system", "content": "Hi"}])),
            ("tools", json!([])),
            ("fallbacks", json!(["other"])),
            ("extra_body", json!({"x": 1})),
            ("seed", json!(0)),
            ("anything_new", json!(0)),
        ] {
            let mut body = base();
            body[name] = value;
            seen.push(key(&body));
        }
        let of = |realm: &Realm| with("completion", &base(), |subject| subject.key(realm).unwrap());
        seen.push(of(&realm("organization a")));
        seen.push(of(&realm("organization b")));
        seen.push(of(&Realm { namespace: Some("n".to_owned()), ..realm("all") }));
        seen.push(of(&Realm { tags: vec!["paid".to_owned()], ..realm("all") }));
        seen.push(with("text_completion", &base(), |subject| subject.key(&realm("all")).unwrap()));
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }

    #[test]
    fn a_key_begins_with_its_namespace() {
        let of = |namespace: &str| {
            let realm = Realm { namespace: Some(namespace.to_owned()), ..realm("all") };
            with("completion", &base(), |subject| subject.key(&realm).unwrap())
        };
        let key = of("blue");
        let hex = key.as_str().strip_prefix("blue:").unwrap();
        assert!(hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()), "{key:?}");
        assert_ne!(of("green").as_str().strip_prefix("green:").unwrap(), hex);
    }

    #[test]
    fn what_the_provider_keeps_or_finds_is_asked_for_each_time() {
        let chat = |name: &str, value: Value| {
            let mut body = base();
            body[name] = value;
            is_repeatable("completion", &body)
        };
        assert!(is_repeatable("completion", &base()));
        assert!(chat("store", json!(false)) && chat("web_search_options", json!(null)));
        assert!(chat("tools", json!([{"type": "function", "function": {"name": "f"}}])));
        for (name, value) in [
            ("store", json!(true)),
            ("web_search_options", json!({})),
            ("tools", json!([{"googleSearch": {}}])),
            ("tools", json!("all")),
            ("mock_testing_fallbacks", json!(true)),
            ("previous_response_id", json!("resp_1")),
        ] {
            assert!(!chat(name, value), "{name}");
        }
        let message = |kind: &str| json!({"messages": [], "tools": [{"type": kind, "name": "x"}]});
        assert!(is_repeatable("anthropic_messages", &message("bash_20250124")));
        assert!(is_repeatable("anthropic_messages", &json!({"tools": [{"name": "x", "input_schema": {}}]})));
        assert!(!is_repeatable("anthropic_messages", &message("web_search_20250305")));
        let response = |more: Value| {
            let mut body = json!({"input": "Hi", "store": false});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            is_repeatable("responses", &body)
        };
        assert!(response(json!({})) && response(json!({"previous_response_id": null})));
        for more in [
            json!({"store": true}),
            json!({"store": null}),
            json!({"previous_response_id": "resp_1"}),
            json!({"prompt": {"id": "p"}}),
            json!({"tools": [{"type": "file_search"}]}),
        ] {
            assert!(!response(more.clone()), "{more}");
        }
        assert!(!is_repeatable("responses", &json!({"input": "Hi"})), "the provider keeps it");
        assert!(is_repeatable("text_completion", &json!({"prompt": "Hi"})));
    }

    proptest! {
        #[test]
        fn any_change_of_what_is_asked_changes_the_key(
            one in prop::collection::btree_map("[a-d]{1,2}", -2_i64..3, 0..5),
            other in prop::collection::btree_map("[a-d]{1,2}", -2_i64..3, 0..5),
        ) {
            let body = |members: &std::collections::BTreeMap<String, i64>| -> Value {
                Value::Object(members.iter().map(|(name, value)| (name.clone(), json!(value))).collect::<Map<_, _>>())
            };
            let reversed: Map<String, Value> = one.iter().rev().map(|(name, value)| (name.clone(), json!(value))).collect();
            prop_assert_eq!(key(&Value::Object(reversed)), key(&body(&one)));
            prop_assert_eq!(one == other, key(&body(&one)) == key(&body(&other)));
        }
    }
}
