//! Tools and which of them are to be called.
//!
//! Source: Gemini API documentation, "Function calling" (`functionDeclarations`, `functionCallingConfig`), "Grounding
//! with Google Search", "Code execution", "URL context". Parameters go as JSON schema (`parametersJsonSchema`), which
//! loses nothing: `parameters` knows only a part of OpenAPI's.

use serde_json::{Map, Value, json};

use super::wire::{FunctionCallingConfig, ToolConfig};
use crate::provider::chat::{ChatBody, FunctionDefinition, Tool, ToolChoice, Translation};
use crate::provider::openai::RequestError;

/// Google's own tools, as clients of LiteLLM name them, and as Google does.
const OWN: [(&str, &str); 15] = [
    ("googleSearch", "googleSearch"),
    ("google_search", "googleSearch"),
    ("googleSearchRetrieval", "googleSearchRetrieval"),
    ("google_search_retrieval", "googleSearchRetrieval"),
    ("enterpriseWebSearch", "enterpriseWebSearch"),
    ("enterprise_web_search", "enterpriseWebSearch"),
    ("codeExecution", "codeExecution"),
    ("code_execution", "codeExecution"),
    ("urlContext", "urlContext"),
    ("url_context", "urlContext"),
    ("googleMaps", "googleMaps"),
    ("google_maps", "googleMaps"),
    ("computerUse", "computerUse"),
    ("computer_use", "computerUse"),
    ("fileSearch", "fileSearch"),
];

/// The tools: all functions in one, and Google's own.
///
/// # Errors
/// When a tool is neither.
pub(super) fn tools(body: &ChatBody, how: &Translation<'_>) -> Result<Vec<Value>, RequestError> {
    let mut functions = Vec::new();
    let mut own = Vec::new();
    for tool in &body.tools {
        match (&tool.function, own_tool(tool)) {
            (Some(function), _) => functions.push(declaration(function)),
            (None, Some(tool)) if own.contains(&tool) => {}
            (None, Some(tool)) => own.push(tool),
            (None, None) => how.unsupported.check("tools", true)?,
        }
    }
    let search = json!({ "googleSearch": {} });
    if body.web_search_options.is_some() && !own.contains(&search) {
        own.push(search);
    }
    let functions = (!functions.is_empty()).then(|| json!({ "functionDeclarations": functions }));
    Ok(functions.into_iter().chain(own).collect())
}

fn own_tool(tool: &Tool) -> Option<Value> {
    if tool.kind.starts_with("web_search") {
        return Some(json!({ "googleSearch": {} }));
    }
    let (name, settings) = OWN.iter().find_map(|(known, name)| Some((*name, tool.other.get(*known)?)))?;
    Some(Value::Object(Map::from_iter([(name.to_owned(), settings.clone())])))
}

fn declaration(function: &FunctionDefinition) -> Value {
    let mut declaration = Map::new();
    declaration.insert("name".to_owned(), Value::from(function.name.as_str()));
    if let Some(description) = &function.description {
        declaration.insert("description".to_owned(), Value::from(description.as_str()));
    }
    if let Some(parameters) = function.parameters.as_ref().filter(|schema| takes_something(schema)) {
        declaration.insert("parametersJsonSchema".to_owned(), parameters.clone());
    }
    Value::Object(declaration)
}

/// A function that takes nothing has no schema there: an object without properties is refused.
fn takes_something(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else { return false };
    let has_properties = schema.get("properties").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    has_properties || ["$ref", "anyOf", "oneOf", "allOf"].iter().any(|name| schema.contains_key(*name))
}

/// Whether functions are called. Without functions there is nothing to say.
pub(super) fn config(body: &ChatBody) -> Option<ToolConfig> {
    let choice = body.tool_choice.as_ref()?;
    if !body.tools.iter().any(|tool| tool.function.is_some()) {
        return None;
    }
    let (mode, allowed_function_names) = match choice {
        ToolChoice::Auto => ("AUTO", Vec::new()),
        ToolChoice::None => ("NONE", Vec::new()),
        ToolChoice::Required => ("ANY", Vec::new()),
        ToolChoice::Function(name) => ("ANY", vec![name.clone()]),
    };
    Some(ToolConfig { function_calling_config: FunctionCallingConfig { mode, allowed_function_names } })
}
