//! Ids of tool calls that carry a thought signature, as LiteLLM makes them: clients keep nothing else of a call.
//!
//! Only the provider that signed wants them back; others refuse ids of this length and with these letters.

use serde_json::Value;

use super::request::ToolCall;

/// Between an id and its signature.
const MARK: &str = "__thought__";
/// Fields of messages that hold such ids, in OpenAI's protocols and in Anthropic's.
const ID_FIELDS: [&str; 4] = ["id", "call_id", "tool_call_id", "tool_use_id"];

/// The id a client is told.
#[must_use]
pub fn with(id: &str, signature: Option<&str>) -> String {
    signature.map_or_else(|| id.to_owned(), |signature| format!("{id}{MARK}{signature}"))
}

/// The id alone.
#[must_use]
pub fn plain(id: &str) -> &str {
    id.split_once(MARK).map_or(id, |(id, _)| id)
}

/// The signature in the id of `call`.
#[must_use]
pub fn signature(call: &ToolCall) -> Option<&str> {
    call.id.split_once(MARK).map(|(_, signature)| signature)
}

/// A request's body with plain ids in its messages; `None` where it has no others.
#[must_use]
pub fn plain_body(body: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(body, MARK.as_bytes())?;
    let mut json: Value = serde_json::from_slice(body).ok()?;
    // What the Responses API reads is `input`.
    ["messages", "input"].into_iter().for_each(|name| json.get_mut(name).map_or((), make_plain));
    serde_json::to_vec(&json).ok()
}

fn make_plain(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(make_plain),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(id) if ID_FIELDS.contains(&name.as_str()) => id.truncate(plain(id).len()),
                    Value::Array(_) | Value::Object(_) => make_plain(value),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_become_plain_wherever_messages_have_them() {
        let body = json!({
            "model": "m",
            "messages": [
                { "role": "user", "content": "What is call_1__thought__U0lH?" },
                { "role": "assistant", "tool_calls": [{ "id": "call_1__thought__U0lH==", "type": "function" }] },
                { "role": "tool", "tool_call_id": "call_1__thought__U0lH==", "content": "x" },
                { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "b__thought__VA==" }] },
            ],
        });
        let plain: Value = serde_json::from_slice(&plain_body(body.to_string().as_bytes()).unwrap()).unwrap();
        let mut expected = body.clone();
        expected["messages"][1]["tool_calls"][0]["id"] = json!("call_1");
        expected["messages"][2]["tool_call_id"] = json!("call_1");
        expected["messages"][3]["content"][0]["tool_use_id"] = json!("b");
        assert_eq!(plain, expected);
        let body = json!({ "input": [{ "type": "function_call", "call_id": "call_1__thought__U0lH==" }] });
        let plain: Value = serde_json::from_slice(&plain_body(body.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(plain, json!({ "input": [{ "type": "function_call", "call_id": "call_1" }] }));
        assert_eq!(plain_body(b"{\"messages\": []}"), None);
        assert_eq!(plain_body(b"__thought__"), None);
    }
}
