//! A chat request as one of the Responses API, for models that have no other.

use serde_json::{Map, Value, json};

use super::body::MAX_OUTPUT_TOKENS_MIN;
use crate::provider::chat::{
    ChatBody, Content, FilePart, Message, Part, ResponseFormat, Role, Tool, ToolChoice, Translation,
};
use crate::provider::openai::RequestError;

/// Fields of chat requests that it has under the same name.
const SAME: [&str; 4] = ["metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier"];
/// In chat requests beside the format, here in `text`.
const VERBOSITY: &str = "verbosity";

/// Says `body` in the words of the Responses API. Nothing is kept by the provider.
pub(super) fn translate(body: &ChatBody, how: &Translation<'_>) -> Result<Value, RequestError> {
    check(body, how)?;
    let mut request = Map::from_iter([
        ("model".to_owned(), Value::from(how.model)),
        ("input".to_owned(), body.messages.iter().flat_map(items).collect()),
        ("store".to_owned(), Value::from(false)),
    ]);
    let (tools, tool_choice) = tools(body);
    let fields = [
        ("stream", body.stream.map(Value::from)),
        ("max_output_tokens", how.max_output_tokens.map(Value::from)),
        ("temperature", body.temperature.map(Value::from)),
        ("top_p", body.top_p.map(Value::from)),
        ("top_logprobs", body.top_logprobs.map(Value::from)),
        ("parallel_tool_calls", body.parallel_tool_calls.map(Value::from)),
        ("service_tier", body.service_tier.clone().map(Value::from)),
        ("user", body.user.clone().map(Value::from)),
        ("reasoning", body.reasoning_effort.as_ref().map(|effort| json!({ "effort": effort, "summary": "auto" }))),
        ("include", body.logprobs.filter(|on| *on).map(|_| json!(["message.output_text.logprobs"]))),
        ("text", text(body)),
        ("tools", (!tools.is_empty()).then_some(Value::Array(tools))),
        ("tool_choice", tool_choice),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            request.insert(name.to_owned(), value);
        }
    }
    let mut others = body.other.clone();
    others.remove(VERBOSITY);
    request.extend(SAME.into_iter().filter_map(|name| others.remove_entry(name)));
    request.extend(how.unsupported.others(&others, &[])?);
    Ok(Value::Object(request))
}

fn check(body: &ChatBody, how: &Translation<'_>) -> Result<(), RequestError> {
    how.unsupported.check_all([
        ("n", body.n.is_some_and(|choices| choices > 1)),
        ("stop", body.stop.is_some()),
        ("seed", body.seed.is_some()),
        ("top_k", body.top_k.is_some()),
        ("presence_penalty", body.presence_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("frequency_penalty", body.frequency_penalty.is_some_and(|penalty| penalty != 0.0)),
        ("logit_bias", body.logit_bias.is_some()),
        ("audio", body.audio.is_some()),
        ("modalities", body.modalities.as_ref().is_some_and(|kinds| kinds.iter().any(|kind| kind != "text"))),
    ])?;
    match how.max_output_tokens.filter(|limit| *limit < MAX_OUTPUT_TOKENS_MIN) {
        None => Ok(()),
        Some(limit) => {
            let message =
                format!("This model writes at least {MAX_OUTPUT_TOKENS_MIN} output tokens; the limit is {limit}.");
            Err(RequestError { param: Some("max_tokens".into()), message })
        }
    }
}

fn text(body: &ChatBody) -> Option<Value> {
    let mut text = Map::new();
    let format = body.response_format.as_ref().map(|format| match format {
        ResponseFormat::Text => json!({ "type": "text" }),
        ResponseFormat::JsonObject => json!({ "type": "json_object" }),
        ResponseFormat::JsonSchema { json_schema } => {
            let mut format = serde_json::to_value(json_schema).unwrap_or_default();
            if let Some(fields) = format.as_object_mut() {
                fields.insert("type".to_owned(), Value::from("json_schema"));
            }
            format
        }
    });
    text.extend(format.map(|format| ("format".to_owned(), format)));
    text.extend(body.other.get(VERBOSITY).map(|verbosity| (VERBOSITY.to_owned(), verbosity.clone())));
    (!text.is_empty()).then_some(Value::Object(text))
}

fn tools(body: &ChatBody) -> (Vec<Value>, Option<Value>) {
    let mut tools: Vec<Value> = body.tools.iter().map(tool).collect();
    if let Some(options) = &body.web_search_options {
        tools.push(web_search(options));
    }
    let choice = body.tool_choice.as_ref().map(|choice| match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Function(name) => json!({ "type": "function", "name": name }),
    });
    (tools, choice)
}

fn tool(tool: &Tool) -> Value {
    let mut fields = tool.other.clone();
    if let Some(function) = &tool.function {
        fields.insert("name".to_owned(), Value::from(function.name.as_str()));
        fields.insert("description".to_owned(), json!(function.description));
        fields.insert("parameters".to_owned(), json!(function.parameters));
        // Left out, it would be on here, and is off in chat completions.
        fields.insert("strict".to_owned(), Value::from(function.strict.unwrap_or(false)));
    }
    fields.insert("type".to_owned(), Value::from(tool.kind.as_str()));
    Value::Object(fields)
}

/// In chat completions the place stands one level deeper.
fn web_search(options: &Value) -> Value {
    let mut tool = json!({ "type": "web_search" });
    if let Some(fields) = tool.as_object_mut() {
        let size = options.get("search_context_size").cloned();
        fields.extend(size.map(|size| ("search_context_size".to_owned(), size)));
        let place = options.pointer("/user_location/approximate").and_then(Value::as_object).cloned();
        fields.extend(place.map(|mut place| {
            place.insert("type".to_owned(), Value::from("approximate"));
            ("user_location".to_owned(), Value::Object(place))
        }));
    }
    tool
}

fn items(message: &Message) -> Vec<Value> {
    let content = message.content.as_ref();
    match message.role {
        Role::System | Role::Developer | Role::User => {
            let parts: Vec<Value> = content.map(Content::parts).unwrap_or_default().into_iter().map(input).collect();
            vec![json!({ "type": "message", "role": message.role, "content": parts })]
        }
        Role::Assistant => assistant(message),
        Role::Tool | Role::Function => {
            let id = message.tool_call_id.as_deref().unwrap_or_default();
            let output = content.map(Content::text).unwrap_or_default();
            vec![json!({ "type": "function_call_output", "call_id": id, "output": output })]
        }
    }
}

fn assistant(message: &Message) -> Vec<Value> {
    let text = message.content.as_ref().map(Content::text).filter(|text| !text.is_empty());
    let said = text.map(|text| json!({ "type": "output_text", "text": text, "annotations": [] }));
    let refused = message.refusal.as_ref().map(|refusal| json!({ "type": "refusal", "refusal": refusal }));
    let content: Vec<Value> = said.into_iter().chain(refused).collect();
    let message_item =
        (!content.is_empty()).then(|| json!({ "type": "message", "role": "assistant", "content": content }));
    let calls = message.tool_calls.iter().map(|call| {
        let (name, arguments) = (&call.function.name, &call.function.arguments);
        json!({ "type": "function_call", "call_id": call.id, "name": name, "arguments": arguments })
    });
    message_item.into_iter().chain(calls).collect()
}

fn input(part: Part) -> Value {
    match part {
        Part::Text { text, .. } | Part::Refusal { refusal: text } => json!({ "type": "input_text", "text": text }),
        Part::ImageUrl { image_url, .. } => {
            let detail = image_url.detail.as_deref().unwrap_or("auto");
            json!({ "type": "input_image", "image_url": image_url.url, "detail": detail })
        }
        Part::InputAudio { input_audio } => json!({ "type": "input_audio", "input_audio": input_audio }),
        Part::File { file, .. } => input_file(file),
        Part::VideoUrl { video_url } => json!({ "type": "input_file", "file_url": video_url.url }),
        Part::Other(fields) => Value::Object(fields),
    }
}

fn input_file(file: FilePart) -> Value {
    let FilePart { file_id, file_data, filename, .. } = file;
    match (file_id, file_data) {
        (Some(url), _) if url.starts_with("http") => json!({ "type": "input_file", "file_url": url }),
        (Some(id), _) => json!({ "type": "input_file", "file_id": id }),
        (None, data) => json!({ "type": "input_file", "file_data": data, "filename": filename }),
    }
}
