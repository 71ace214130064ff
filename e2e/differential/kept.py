"""Differences from LiteLLM that are kept on purpose, a line each. A difference that is not here fails its test, and so does
a line that nothing needs any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Kept:
    """`side` is `sent` (to the provider) or `got` (by the client); the others are patterns of models, cases and places."""

    side: str
    models: str
    cases: str
    places: str
    reason: str

    def covers(self, side: str, model: str, case: str, place: str) -> bool:
        pairs = [(model, self.models), (case, self.cases), (place, self.places)]
        return side == self.side and all(any(fnmatchcase(value, one) for one in pattern.split("|")) for value, pattern in pairs)


#: What LiteLLM asks in another way than the fake providers can be asked.
INCOMPARABLE = {("bedrock-claude", "messages: *"): "LiteLLM calls InvokeModel for Anthropic's protocol, Tollgate Converse"}

KEPT = [
    # What providers are sent.
    Kept("sent", "azure|anthropic|cohere", "*", "body.stream", "whether `stream: false` is said or left out"),
    Kept("sent", "openai|azure", "messages: *", "body.max_completion_tokens|body.max_tokens", "OpenAI's newer models refuse max_tokens"),
    Kept("sent", "openai|azure", "developer", "body.messages.role", "the role is OpenAI's own, and passes through"),
    Kept("sent", "openai|azure", "messages: tool choice: any, one at a time", "body.parallel_tool_calls", "LiteLLM forgets it"),
    Kept("sent", "openai|azure", "messages: JSON schema", "body.response_format.json_schema.name", "Anthropic's protocol has no name for it"),
    Kept("sent", "anthropic", "reasoning effort", "body.max_tokens", "the model's own limit, as without reasoning, and not 4,096 above the budget"),
    Kept("sent", "anthropic", "tool results", "body.messages.content.content*", "a block instead of a text; both are Anthropic's"),
    Kept("sent", "anthropic", "tool*|one call at a time", "body.tools.type", "`custom` is what a tool without a type is"),
    Kept("sent", "anthropic", "JSON schema", "body.tools.*|body.tool_choice.*|body.output_format.*", "by a tool, which older models understand, too"),
    Kept("got", "anthropic", "JSON schema", "choices.message.content", "the same JSON without its spaces"),
    Kept("got", "anthropic", "JSON object", "choices.message.content", "LiteLLM forgets that JSON was asked for"),
    Kept("got", "openai|azure", "messages: document", "content.text", "the document was one"),
    Kept("got", "bedrock-nova|gemini", "messages: failed tool", "usage.output_tokens", "the fakes repeat that the tool failed"),
    Kept("sent", "bedrock-claude", "reasoning effort", "body.inferenceConfig.maxTokens", "the model's own limit instead of 4,096 above the budget"),
    Kept("sent", "anthropic", "JSON object", "body.tools.*|body.tool_choice.*", "by a tool, as for a schema"),
    Kept("sent", "bedrock-*", "JSON object", "body.system.*", "Bedrock has no such format: the model is asked for it"),
    Kept("sent", "bedrock-claude", "JSON schema", "body.outputConfig.*|body.toolConfig.*", "by a tool, which all of Bedrock's models understand"),
    Kept("sent", "bedrock-nova", "*JSON schema", "body.toolConfig.*", "the tool that stands for the schema has our name; the schema stays whole"),
    Kept("sent", "gemini", "*tool*", "body.tools.functionDeclarations.parameters*", "the schema as it is (parametersJsonSchema) instead of one in Google's dialect"),
    Kept("sent", "gemini", "*tool results", "body.contents.parts.functionResponse.response.*", "Google's reference says `output`"),
    Kept("sent", "cohere", "several answers", "to|body.*", "LiteLLM sends what Cohere refuses"),
    Kept("sent", "azure", "cache control", "body.messages.content.cache_control.*", "Azure refuses members it does not know"),
    Kept("sent", "bedrock-nova", "messages: cache control", "body.system.cachePoint.*", "Nova caches, too"),
    Kept("sent", "cohere", "messages: cache control", "body.messages.content*", "one text is sent as such"),
    Kept("sent", "ollama", "cache control", "body.messages.content", "parts are lines of their own"),
    Kept("sent", "anthropic", "document", "body.messages.content.title", "the name of the file is its title"),
    Kept("sent", "openai|azure", "messages: document", "body.messages.content.*", "a document is a file, and no image"),
    Kept("sent", "*", "messages: failed tool", "body.messages.content*|body.contents.parts.*", "LiteLLM does not say that the tool failed"),
    Kept("sent", "cohere|ollama", "stop, one", "body.stop_sequences|body.options.stop", "both references want a list"),
    Kept("sent", "cohere", "*tool choice*", "body.tool_choice", "LiteLLM forgets it"),
    Kept("sent", "ollama", "reasoning effort", "body.think", "Ollama takes efforts"),
    # Who refuses what.
    Kept("got", "cohere", "*stream*", "status|error.*|events|type|role|content.*|stop_reason|usage.*", "LiteLLM does not read the names of Cohere's events"),
    Kept("got", "ollama", "*tool choice*", "status", "Ollama has no tool_choice: refused by its name instead of forgotten"),
    Kept("got", "ollama", "*tool results|messages: failed tool", "status", "LiteLLM leaves out the tool's name, which Ollama wants"),
    Kept("got", "cohere", "*JSON *|*reasoning effort|messages: thinking", "status", "Cohere has both"),
    Kept("got", "ollama", "penalties|logprobs", "status", "Ollama has both"),
    Kept("got", "gemini", "logprobs", "status", "Gemini has them"),
    Kept("got", "bedrock-nova|gemini", "one call at a time", "status", "refused by its name instead of forgotten"),
    Kept("got", "openai", "cache control", "status", "OpenAI refuses members it does not know"),
    Kept("got", "bedrock-*", "*document", "status", "LiteLLM gives documents names that Bedrock refuses"),
    Kept("got", "cohere|ollama", "*document", "status", "refused instead of forgotten"),
    Kept("got", "openai|azure", "reasoning effort|messages: thinking", "status", "OpenAI knows which of its models reason"),
    Kept("got", "bedrock-*", "*fails with 500", "status", "the provider's status"),
    # What clients get.
    Kept("got", "*", "*", "model", "who answered, and not what was asked for"),
    Kept("got", "*", "*fails with *", "error.message", "the provider's words alone"),
    Kept("got", "*", "fails with *", "error.type|error.code", "the provider's own, or OpenAI's for the status; not LiteLLM's classes"),
    Kept("got", "*", "reasoning effort|seed|penalties|several answers|logprobs|one call at a time", "error.*", "the parameter is named in `param`, too"),
    Kept("got", "bedrock-nova", "messages: thinking", "status", "left out for a model that cannot, as Claude Code asks all models to think"),
    Kept("got", "bedrock-claude", "reasoning effort", "additionalModelResponseFields.*", "what else Bedrock says passes through"),
    Kept("got", "ollama", "messages: thinking", "content.signature", "Anthropic's clients expect one"),
    Kept("got", "azure", "*", "choices.*content_filter_results.*|message.*content_filter*", "where Azure has it"),
    Kept("got", "*", "*", "usage.*_details.*", "details are OpenAI's, counted where the provider counts them"),
    Kept("got", "*", "*", "usage.cache_*_input_tokens", "in OpenAI's answers where there are any, in Anthropic's always"),
    Kept("got", "*", "stream with usage", "usage.cost", "the cost is in the log and, of whole answers, in a header"),
    Kept("got", "cohere", "*", "usage.*tokens", "what Cohere bills, without the prompts of its own"),
    Kept("got", "cohere", "*tool*", "choices.finish_reason|stop_reason", "LiteLLM misses that tools are called"),
    Kept("got", "cohere", "*tool*", "choices.message.provider_specific_fields.*|choices.message.reasoning_content|content.*", "the plan is a thought"),
    Kept("got", "*", "tool*|one call at a time", "choices.message.tool_calls.index", "whole answers have no index there in OpenAI's reference"),
    Kept("got", "*", "*tool*", "choices.message.content|content.*|message.content", "no empty text beside calls"),
    Kept("got", "ollama", "tools streamed", "tool_calls.*", "LiteLLM gives all calls the same index, so that they run into one another"),
    Kept("got", "openai|azure", "*stream*", "message.refusal", "an empty refusal passes through"),
    Kept("got", "gemini", "*", "choices.provider_specific_fields.native_finish_reason", "in finish_reason already"),
    Kept("got", "*", "reasoning effort", "choices.message.provider_specific_fields.*", "in thinking_blocks already"),
    Kept("got", "gemini", "reasoning effort", "choices.message.thinking_blocks.*", "without a signature nothing can be sent back"),
    Kept("got", "bedrock-*", "*JSON schema", "choices.message.content|content.text|usage.*", "the same JSON without its spaces, and a tool's call instead of a text"),
]
