//! The question of a call, apart from all else in it.

use serde_json::{Map, Value};

/// Longer questions are not looked up by meaning, in bytes: models that make vectors read some 8,000 tokens.
const QUESTION_BYTES_MAX: usize = 16 * 1024;

/// Members whose presence means that the model may use tools.
const TOOLS: [&str; 3] = ["tools", "functions", "mcp_servers"];

/// Takes the question out of a call: what the user says last. `None` where that is not a text, or too long.
pub fn take(members: &mut Map<String, Value>) -> Option<String> {
    let place = match members.get_mut("messages") {
        Some(messages) => last_of_user(messages)?,
        None => match members.get_mut("input") {
            Some(input) if input.is_string() => input,
            Some(items) => last_of_user(items)?,
            None => members.get_mut("prompt")?,
        },
    };
    let question = text(place)?;
    *place = Value::Null;
    (!question.trim().is_empty() && question.len() <= QUESTION_BYTES_MAX).then_some(question)
}

/// Whether the model may use tools, or has used some.
#[must_use]
pub fn has_tools(members: &Map<String, Value>) -> bool {
    let names_some = |name: &str| match members.get(name) {
        Some(Value::Array(tools)) => !tools.is_empty(),
        Some(Value::Null) | None => false,
        Some(_) => true,
    };
    let turns = ["messages", "input"].into_iter().filter_map(|name| members.get(name)?.as_array()).flatten();
    TOOLS.into_iter().any(names_some) || turns.into_iter().any(is_of_tool)
}

fn is_of_tool(turn: &Value) -> bool {
    let is =
        |name: &str, known: &[&str]| turn.get(name).and_then(Value::as_str).is_some_and(|text| known.contains(&text));
    let blocks = turn.get("content").and_then(Value::as_array).into_iter().flatten();
    let mut kinds = blocks.filter_map(|block| block.get("type")?.as_str());
    is("role", &["tool", "function"])
        || turn.get("tool_calls").is_some_and(|calls| !calls.is_null())
        || is("type", &["function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output"])
        || kinds.any(|kind| matches!(kind, "tool_use" | "tool_result"))
}

/// What is said in the last turn, where that is the user's.
fn last_of_user(turns: &mut Value) -> Option<&mut Value> {
    let last = turns.as_array_mut()?.last_mut()?;
    (last.get("role").and_then(Value::as_str) == Some("user")).then(|| last.get_mut("content")).flatten()
}

/// A text, or a list of nothing but texts.
fn text(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) if !parts.is_empty() => {
            Some(parts.iter().map(text_of_part).collect::<Option<Vec<&str>>>()?.join("\n"))
        }
        _ => None,
    }
}

/// A part that is a text and nothing else.
fn text_of_part(part: &Value) -> Option<&str> {
    let members = part.as_object()?;
    let is_plain = members.keys().all(|name| name == "type" || name == "text");
    let kind = members.get("type").and_then(Value::as_str)?;
    let text = members.get("text").and_then(Value::as_str)?;
    (is_plain && matches!(kind, "text" | "input_text")).then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn taken(mut body: Value) -> (Option<String>, Value) {
        let question = take(body.as_object_mut().unwrap());
        (question, body)
    }

    #[test]
    fn the_question_is_what_the_user_says_last() {
        let first = json!({"role": "user", "content": "Hi"});
        let reply = json!({"role": "assistant", "content": "Hello"});
        let (question, rest) =
            taken(json!({"messages": [first, reply, {"role": "user", "content": "Why?"}], "temperature": 0}));
        assert_eq!(question.as_deref(), Some("Why?"));
        let expected = json!({"messages": [first, reply, {"role": "user", "content": null}], "temperature": 0});
        assert_eq!(rest, expected);
        let texts = json!([{"type": "text", "text": "Why"}, {"type": "text", "text": "not?"}]);
        assert_eq!(taken(json!({"messages": [{"role": "user", "content": texts}]})).0.as_deref(), Some("Why\nnot?"));
        assert_eq!(taken(json!({"input": "Why?"})).0.as_deref(), Some("Why?"));
        assert_eq!(taken(json!({"prompt": "Why?"})).0.as_deref(), Some("Why?"));
        let item = json!({"role": "user", "content": [{"type": "input_text", "text": "Why?"}]});
        assert_eq!(taken(json!({"input": [item]})).0.as_deref(), Some("Why?"));
    }

    #[test]
    fn what_is_no_plain_text_is_no_question() {
        let picture = json!([{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "x"}}]);
        let cached = json!([{"type": "text", "text": "What?", "cache_control": {"type": "ephemeral"}}]);
        for content in [picture, cached, json!([]), json!(""), json!(" "), json!(null), json!("x".repeat(20_000))] {
            assert_eq!(taken(json!({"messages": [{"role": "user", "content": content}]})).0, None, "{content}");
        }
        assert_eq!(taken(json!({"messages": [{"role": "assistant", "content": "Hello"}]})).0, None);
        assert_eq!(taken(json!({"messages": []})).0, None);
        assert_eq!(taken(json!({"prompt": ["one", "two"]})).0, None);
        assert_eq!(taken(json!({})).0, None);
    }

    #[test]
    fn tools_are_seen_wherever_they_are() {
        let calls = [
            json!({"tools": [{}]}),
            json!({"functions": [{}]}),
            json!({"messages": [{"role": "tool", "content": "x"}]}),
            json!({"messages": [{"role": "assistant", "tool_calls": [{}]}]}),
            json!({"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}),
            json!({"input": [{"type": "function_call_output"}]}),
        ];
        for call in calls {
            assert!(has_tools(call.as_object().unwrap()), "{call}");
        }
        let none = json!({"tools": [], "functions": null, "messages": [{"role": "user", "content": "x"}]});
        assert!(!has_tools(none.as_object().unwrap()));
    }
}
