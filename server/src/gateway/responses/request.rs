//! A request of the Responses API as a chat completion.

mod items;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::provider::chat::request::JsonSchema;
use crate::provider::chat::{
    ChatBody, FunctionDefinition, Message, ResponseFormat, Role, Tool as ChatTool, ToolChoice,
};
use crate::provider::openai::RequestError;
use crate::provider::responses::wire::{Format, ResponsesBody, Tool};
use items::Turns;
pub(in crate::gateway) use items::{sealed_thinking, without_thinking};

/// The one argument of a function that stands for a custom tool.
pub(super) const CUSTOM_ARGUMENT: &str = "input";
/// Fields that chat completions have nothing like, and that change no answer.
const CHANGES_NO_ANSWER: [&str; 6] =
    ["access_programs", "client_metadata", "image", "prompt_cache_options", "prompt_cache_retention", "stream_options"];
/// Bytes that the name of a function may have in chat completions.
const NAME_LENGTH_MAX: usize = 64;

/// A request in the words of chat completions, and what these have no words for.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Translated {
    /// What can be said.
    pub(in crate::gateway) chat: ChatBody,
    /// What cannot.
    pub(in crate::gateway) unsaid: Vec<Unsaid>,
    /// The same as it came, since a provider that has the API reads it.
    pub(in crate::gateway) beyond: Vec<Value>,
    /// Tools that chat completions know as something else, by the name they have there.
    pub(in crate::gateway) tools: BTreeMap<String, Called>,
    /// The provider reads what is not in the request: conversations it keeps, what its own tools find.
    pub(in crate::gateway) reads_unknown: bool,
}

/// A tool as the client knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Called {
    pub(in crate::gateway) name: String,
    /// What it belongs to.
    pub(in crate::gateway) namespace: Option<String>,
    /// It takes any text, and is a function of one argument in the words of chat completions.
    pub(in crate::gateway) is_custom: bool,
}

/// The name that a tool has in chat completions, which have no namespaces.
pub(super) fn flat_name(namespace: Option<&str>, name: &str) -> String {
    let Some(namespace) = namespace else { return name.to_owned() };
    let flat = format!("{}__{name}", namespace.trim_end_matches('_'));
    if flat.len() <= NAME_LENGTH_MAX {
        return flat;
    }
    let cut = flat.get(..flat.floor_char_boundary(NAME_LENGTH_MAX - 9)).unwrap_or_default();
    format!("{cut}_{:08x}", crc32fast::hash(flat.as_bytes()))
}

/// Something that only a provider with the API can do.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Unsaid {
    /// What the client is told of it elsewhere.
    pub(in crate::gateway) error: RequestError,
    /// It may be left out where `drop_params` says so.
    pub(in crate::gateway) is_droppable: bool,
}

impl Translated {
    /// Notes a tool; gives the name that it has in chat completions.
    fn add_name(&mut self, name: String, namespace: Option<&str>, is_custom: bool) -> String {
        let flat = flat_name(namespace, &name);
        if is_custom || namespace.is_some() {
            let called = Called { name, namespace: namespace.map(str::to_owned), is_custom };
            self.tools.insert(flat.clone(), called);
        }
        flat
    }

    fn unsaid(&mut self, param: &'static str, is_droppable: bool, what_instead: &str) {
        let message = format!(
            "The provider of this model has no Responses API, and '{param}' cannot be said in chat completions. {what_instead}"
        );
        self.unsaid.push(Unsaid { error: RequestError { param: Some(param.into()), message }, is_droppable });
    }
}

/// Says `body` in the words of chat completions, as far as they go.
pub(in crate::gateway) fn translate(body: ResponsesBody) -> Translated {
    let mut out = Translated::default();
    note_unsaid(&body, &mut out);
    let mut turns = Turns::default();
    if let Some(text) = body.instructions.filter(|text| !text.is_empty()) {
        turns.push(Message::said(Role::System, text));
    }
    turns.read(body.input, &mut out);
    let has_tools = !body.tools.is_empty();
    let search = add_tools(body.tools, None, &mut out);
    let choice = body.tool_choice.as_ref().and_then(|choice| choose(choice, &mut out));
    let text = body.text.unwrap_or_default();
    let wants_logprobs = body.include.iter().any(|what| what == "message.output_text.logprobs");
    let is_stream = body.stream == Some(true);
    let mut other = body.other;
    if !other.is_empty() {
        out.beyond.push(Value::Object(other.clone()));
    }
    other.retain(|name, _| !CHANGES_NO_ANSWER.contains(&name.as_str()));
    other.extend(text.verbosity.map(|verbosity| ("verbosity".to_owned(), Value::from(verbosity))));
    out.chat = ChatBody {
        model: body.model.unwrap_or_default(),
        messages: turns.finish(),
        max_tokens: body.max_output_tokens,
        temperature: body.temperature,
        top_p: body.top_p,
        logprobs: (wants_logprobs || body.top_logprobs.is_some_and(|number| number > 0)).then_some(true),
        top_logprobs: body.top_logprobs.filter(|number| *number > 0),
        stream: body.stream,
        // The client's stream says what was used.
        stream_options: is_stream.then(|| json!({ "include_usage": true })),
        tools: std::mem::take(&mut out.chat.tools),
        tool_choice: choice,
        parallel_tool_calls: body.parallel_tool_calls.filter(|_| has_tools),
        response_format: text.format.and_then(format),
        reasoning_effort: body.reasoning.and_then(|reasoning| reasoning.effort),
        user: body.user.or(body.safety_identifier),
        service_tier: body.service_tier,
        web_search_options: search,
        other,
        ..ChatBody::default()
    };
    let has_calls = !out.chat.tools.is_empty();
    out.chat.tool_choice.take_if(|_| !has_calls);
    out.chat.parallel_tool_calls.take_if(|_| !has_calls);
    out
}

fn note_unsaid(body: &ResponsesBody, out: &mut Translated) {
    let state = "Leave it out and send the whole conversation in 'input'.";
    if body.previous_response_id.is_some() {
        out.unsaid("previous_response_id", false, state);
        out.reads_unknown = true;
    }
    if let Some(conversation) = &body.conversation {
        out.unsaid("conversation", false, state);
        out.beyond.push(conversation.clone());
        out.reads_unknown = true;
    }
    if let Some(prompt) = &body.prompt {
        out.unsaid("prompt", false, "Send its text in 'instructions' and 'input'.");
        out.beyond.push(prompt.clone());
        out.reads_unknown = true;
    }
    if body.truncation.as_deref().is_some_and(|how| how != "disabled") {
        out.unsaid("truncation", true, "Leave it out, and leave out of 'input' what is too long.");
    }
    for (param, value) in [("context_management", &body.context_management), ("moderation", &body.moderation)] {
        if let Some(value) = value {
            out.unsaid(param, true, "Leave it out.");
            out.beyond.push(value.clone());
        }
    }
}

/// Adds the tools that chat completions have; gives the options of a search.
fn add_tools(tools: Vec<Tool>, namespace: Option<&str>, out: &mut Translated) -> Option<Value> {
    let mut search = None;
    for tool in tools {
        match tool {
            Tool::Function { name, description, parameters, strict } => {
                let name = out.add_name(name, namespace, false);
                let function = FunctionDefinition { name, description, parameters, strict, cache_control: None };
                out.chat.tools.push(function_tool(function));
            }
            Tool::Custom { name, description, format } => {
                let name = out.add_name(name, namespace, true);
                out.chat.tools.push(custom_tool(name, description, format.as_ref()));
            }
            Tool::Namespace { name, tools, .. } => {
                search = add_tools(tools, Some(&name), out).or(search);
            }
            Tool::Other(fields) => {
                let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
                out.reads_unknown = true;
                if kind.starts_with("web_search") {
                    search = Some(search_options(&fields));
                } else {
                    let instead = format!(
                        "Tools of type '{kind}' are run by the provider: leave it out, or set litellm_settings.drop_params: \
                         true to have it dropped."
                    );
                    out.unsaid("tools", true, &instead);
                }
                out.beyond.push(Value::Object(fields));
            }
        }
    }
    search
}

fn function_tool(function: FunctionDefinition) -> ChatTool {
    ChatTool { kind: "function".to_owned(), function: Some(function), cache_control: None, other: Map::new() }
}

/// A tool that takes any text, as a function that takes it as its one argument.
fn custom_tool(name: String, description: Option<String>, format: Option<&Value>) -> ChatTool {
    let mut description = description.unwrap_or_default();
    if let Some(definition) = format.and_then(|format| format.get("definition")).and_then(Value::as_str) {
        let syntax = format.and_then(|format| format.get("syntax")).and_then(Value::as_str).unwrap_or("lark");
        description.push_str(&format!("\n\nThe {CUSTOM_ARGUMENT} has to follow this {syntax} grammar:\n{definition}"));
    }
    let parameters = json!({
        "type": "object", "properties": { CUSTOM_ARGUMENT: { "type": "string" } },
        "required": [CUSTOM_ARGUMENT], "additionalProperties": false,
    });
    function_tool(FunctionDefinition {
        name,
        description: Some(description.trim_start().to_owned()).filter(|text| !text.is_empty()),
        parameters: Some(parameters),
        ..FunctionDefinition::default()
    })
}

/// In chat completions the place stands one level deeper.
fn search_options(tool: &Map<String, Value>) -> Value {
    let mut options = Map::new();
    let size = tool.get("search_context_size").cloned().filter(|size| !size.is_null());
    options.extend(size.map(|size| ("search_context_size".to_owned(), size)));
    let place = tool.get("user_location").and_then(Value::as_object).cloned();
    options.extend(place.map(|mut place| {
        place.remove("type");
        ("user_location".to_owned(), json!({ "type": "approximate", "approximate": place }))
    }));
    Value::Object(options)
}

/// The choice, and of the tools those that are allowed.
fn choose(choice: &Value, out: &mut Translated) -> Option<ToolChoice> {
    let name_of = |tool: &Value| {
        let text = |name: &str| tool.get(name).and_then(Value::as_str);
        text("name").map(|name| flat_name(text("namespace"), name))
    };
    let name = name_of(choice);
    let kind = choice.as_str().or_else(|| choice.get("type").and_then(Value::as_str))?;
    match (kind, name) {
        ("auto", _) => Some(ToolChoice::Auto),
        ("none", _) => Some(ToolChoice::None),
        ("required", _) => Some(ToolChoice::Required),
        ("function" | "custom", Some(name)) => Some(ToolChoice::Function(name)),
        ("allowed_tools", _) => {
            let allowed = choice.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
            let is_allowed = |name: &str| allowed.iter().any(|tool| name_of(tool).is_some_and(|one| one == name));
            out.chat.tools.retain(|tool| tool.function.as_ref().is_some_and(|function| is_allowed(&function.name)));
            let is_required = choice.get("mode").is_some_and(|mode| mode == "required");
            Some(if is_required { ToolChoice::Required } else { ToolChoice::Auto })
        }
        _ => {
            out.unsaid("tool_choice", true, "Choose a function, or leave it out.");
            None
        }
    }
}

fn format(format: Format) -> Option<ResponseFormat> {
    match format {
        Format::Text => None,
        Format::JsonObject => Some(ResponseFormat::JsonObject),
        Format::JsonSchema { name, description, schema, strict } => {
            let json_schema = JsonSchema { name, description, schema: Some(schema), strict };
            Some(ResponseFormat::JsonSchema { json_schema })
        }
    }
}
