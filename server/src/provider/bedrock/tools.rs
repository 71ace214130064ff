//! Tools that the model may call, and whether it must.

use serde_json::{Map, Value, json};

use super::ANSWER_TOOL;
use super::messages::Conversation;
use super::model::{Forcing, Model};
use super::wire::{InputSchema, Tool, ToolChoice, ToolConfig, ToolSpec};
use crate::provider::chat::request::JsonSchema;
use crate::provider::chat::{self, ChatBody, FunctionDefinition, Translation};
use crate::provider::openai::RequestError;

/// What a request asks of tools.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) body: &'a ChatBody,
    pub(super) how: &'a Translation<'a>,
    pub(super) model: &'a Model,
    /// It must not be made to call anything.
    pub(super) is_free: bool,
    /// The answer has to be a call with arguments of this schema.
    pub(super) answer: Option<&'a JsonSchema>,
}

impl Asked<'_> {
    /// The tools; what only Claude has goes to `additional`.
    pub(super) fn config(
        &self,
        conversation: &mut Conversation<'_>,
        additional: &mut Map<String, Value>,
    ) -> Result<Option<ToolConfig>, RequestError> {
        let mut config = ToolConfig::default();
        let is_barred = self.body.tools.is_empty() || self.body.tool_choice == Some(chat::ToolChoice::None);
        if is_barred && self.answer.is_none() {
            self.bar(conversation, &mut config, additional)?;
        } else {
            if !is_barred {
                self.offer(conversation, &mut config, additional)?;
            }
            config.tools.extend(self.answer.map(answer_tool));
            config.tool_choice = self.choice(is_barred)?;
        }
        if self.body.web_search_options.is_some() {
            self.how.unsupported.check("web_search_options", !self.model.searches())?;
            if self.model.searches() {
                config.tools.push(Tool::System { name: "nova_grounding" });
            }
        }
        self.limit_to_one(&config, additional)?;
        Ok((!config.tools.is_empty()).then_some(config))
    }

    /// No tool may be called. Where the conversation shows calls, Bedrock wants to know tools nevertheless.
    fn bar(
        &self,
        conversation: &mut Conversation<'_>,
        config: &mut ToolConfig,
        additional: &mut Map<String, Value>,
    ) -> Result<(), RequestError> {
        if conversation.called.is_empty() {
            return Ok(());
        }
        if !self.model.is_claude() {
            conversation.spell_tools_out();
            return Ok(());
        }
        self.offer(conversation, config, additional)?;
        if config.tools.is_empty() {
            let named = |name: &String| FunctionDefinition { name: name.clone(), ..FunctionDefinition::default() };
            config.tools.extend(conversation.called.iter().map(|name| self.spec(&named(name))));
        }
        additional.insert("tool_choice".to_owned(), json!({ "type": "none" }));
        Ok(())
    }

    fn offer(
        &self,
        conversation: &Conversation<'_>,
        config: &mut ToolConfig,
        additional: &mut Map<String, Value>,
    ) -> Result<(), RequestError> {
        let mut claudes = Vec::new();
        for tool in &self.body.tools {
            let Some(function) = &tool.function else {
                claudes.push(self.claudes_tool(tool)?);
                continue;
            };
            config.tools.push(self.spec(function));
            let control = tool.cache_control.as_ref().or(function.cache_control.as_ref());
            config.tools.extend(conversation.cache_point(control).map(Tool::CachePoint));
        }
        if !claudes.is_empty() {
            additional.insert("tools".to_owned(), Value::Array(claudes));
        }
        Ok(())
    }

    /// A tool of a kind that Anthropic has made, such as `computer_20250124`: Bedrock passes it on as it is.
    fn claudes_tool(&self, tool: &chat::Tool) -> Result<Value, RequestError> {
        if !self.model.is_claude() || tool.kind == "function" {
            let message = format!("tools: bedrock takes no tool of the type {:?} for this model.", tool.kind);
            return Err(RequestError { param: Some("tools".into()), message });
        }
        let mut fields = tool.other.clone();
        fields.insert("type".to_owned(), Value::from(tool.kind.as_str()));
        Ok(Value::Object(fields))
    }

    fn spec(&self, function: &FunctionDefinition) -> Tool {
        let is_strict = function.strict == Some(true) && self.model.takes_strict_tools();
        let empty = || json!({ "type": "object", "properties": {} });
        Tool::Spec(ToolSpec {
            name: function.name.clone(),
            description: function.description.clone().filter(|text| !text.trim().is_empty()),
            input_schema: InputSchema { json: function.parameters.clone().unwrap_or_else(empty) },
            strict: is_strict.then_some(true),
        })
    }

    fn choice(&self, only_answer: bool) -> Result<Option<ToolChoice>, RequestError> {
        let asked = self.body.tool_choice.as_ref().filter(|_| !only_answer);
        let is_forced = matches!(asked, Some(chat::ToolChoice::Required | chat::ToolChoice::Function(_)));
        let forcing = self.model.forcing();
        let is_taken = match asked {
            Some(chat::ToolChoice::Function(_)) if forcing == Forcing::Any => self.body.tools.len() == 1,
            Some(chat::ToolChoice::Function(_)) => forcing == Forcing::One,
            _ => forcing != Forcing::None,
        };
        self.how.unsupported.check("tool_choice", is_forced && (self.is_free || !is_taken))?;
        let asked = asked.filter(|_| is_taken);
        if self.is_free {
            return Ok(asked.map(|_| ToolChoice::Auto {}));
        }
        Ok(match asked {
            Some(chat::ToolChoice::Function(name)) if forcing == Forcing::One => {
                Some(ToolChoice::Tool { name: name.clone() })
            }
            Some(chat::ToolChoice::Required | chat::ToolChoice::Function(_)) => Some(ToolChoice::Any {}),
            _ if self.answer.is_some() => match (forcing, only_answer) {
                (Forcing::One, true) => Some(ToolChoice::Tool { name: ANSWER_TOOL.to_owned() }),
                (Forcing::One | Forcing::Any, _) => Some(ToolChoice::Any {}),
                (Forcing::None, _) => None,
            },
            Some(_) => Some(ToolChoice::Auto {}),
            None => None,
        })
    }

    /// `parallel_tool_calls: false`, which newer models of Claude take.
    fn limit_to_one(&self, config: &ToolConfig, additional: &mut Map<String, Value>) -> Result<(), RequestError> {
        let is_asked = self.body.parallel_tool_calls == Some(false) && !config.tools.is_empty();
        let is_taken = self.model.limits_parallel_tools();
        self.how.unsupported.check("parallel_tool_calls", is_asked && !is_taken)?;
        if is_asked && is_taken && !additional.contains_key("tool_choice") {
            let mut choice = Map::from_iter([("disable_parallel_tool_use".to_owned(), Value::Bool(true))]);
            // Bedrock refuses a request that says the kind of choice in both places.
            if config.tool_choice.is_none() {
                choice.insert("type".to_owned(), Value::from("auto"));
            }
            additional.insert("tool_choice".to_owned(), Value::Object(choice));
        }
        Ok(())
    }
}

fn answer_tool(schema: &JsonSchema) -> Tool {
    let fallback = "Give your answer by calling this function. Its arguments are the answer.";
    let description = schema.description.clone().filter(|text| !text.trim().is_empty());
    Tool::Spec(ToolSpec {
        name: ANSWER_TOOL.to_owned(),
        description: Some(description.unwrap_or_else(|| fallback.to_owned())),
        input_schema: InputSchema { json: schema.schema.clone().unwrap_or_else(|| json!({ "type": "object" })) },
        strict: None,
    })
}
