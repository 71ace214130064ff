"""Ordinary calls, which both have to answer alike."""

from __future__ import annotations

from typing import Any

from exchange import Case

MODELS = ["openai", "azure", "anthropic", "bedrock-claude", "bedrock-nova", "gemini", "cohere", "ollama"]
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQgYW5kIHNvIG9u"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "weather", "description": "The weather of a city.", "parameters": CITY}}
ASKED = {"role": "user", "content": "How is the weather in Oslo and Rome?"}
CALLS = [
    {"id": f"call_{city}", "type": "function", "function": {"name": "weather", "arguments": f'{{"city": "{city}"}}'}}
    for city in ("Oslo", "Rome")
]
RESULTS = [{"role": "tool", "tool_call_id": call["id"], "content": "21 degrees"} for call in CALLS]
SAID = [{"role": "user", "content": "Say something."}]


def chat(name: str, messages: list[Any] = SAID, **more: Any) -> Case:
    return Case(name, CHAT, {"messages": messages, **more})


def message(name: str, messages: list[Any] = SAID, max_tokens: int = 100, **more: Any) -> Case:
    return Case(f"messages: {name}", MESSAGES, {"messages": messages, "max_tokens": max_tokens, **more})


def user(*parts: Any) -> list[Any]:
    return [{"role": "user", "content": list(parts)}]


TOOL_OF_ANTHROPIC = {"name": "weather", "description": "The weather of a city.", "input_schema": CITY}
CALLS_OF_ANTHROPIC = [
    {"type": "text", "text": "Let me look."},
    *({"type": "tool_use", "id": f"toolu_{city}", "name": "weather", "input": {"city": city}} for city in ("Oslo", "Rome")),
]
RESULTS_OF_ANTHROPIC = [{"type": "tool_result", "tool_use_id": f"toolu_{city}", "content": "21 degrees"} for city in ("Oslo", "Rome")]

CASES = [
    chat("chat"),
    chat("system", [{"role": "system", "content": "Be brief."}, *SAID]),
    chat("developer", [{"role": "developer", "content": "Be brief."}, *SAID]),
    chat("several turns", [*SAID, {"role": "assistant", "content": "What?"}, {"role": "user", "content": "Anything."}]),
    chat("sampling", temperature=0.5, top_p=0.9),
    chat("max tokens", max_tokens=50),
    chat("max completion tokens", max_completion_tokens=50),
    chat("stop", stop=["END", "STOP"]),
    chat("stop, one", stop="END"),
    chat("stream", stream=True),
    chat("stream with usage", stream=True, stream_options={"include_usage": True}),
    chat("tools", [ASKED], tools=[TOOL]),
    chat("tools streamed", [ASKED], tools=[TOOL], stream=True),
    chat("tool choice: required", [ASKED], tools=[TOOL], tool_choice="required"),
    chat("tool choice: one", [ASKED], tools=[TOOL], tool_choice={"type": "function", "function": {"name": "weather"}}),
    chat("tool results", [ASKED, {"role": "assistant", "content": None, "tool_calls": CALLS}, *RESULTS], tools=[TOOL]),
    chat("vision", user({"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}})),
    chat("JSON schema", response_format={"type": "json_schema", "json_schema": {"name": "weather", "schema": SCHEMA, "strict": True}}),
    chat("reasoning effort", reasoning_effort="low"),
    chat("user", user="u-1"),
    chat("JSON object", [{"role": "user", "content": "Say something in JSON."}], response_format={"type": "json_object"}),
    chat("seed", seed=1),
    chat("penalties", presence_penalty=0.5, frequency_penalty=0.5),
    chat("several answers", n=2),
    chat("logprobs", logprobs=True, top_logprobs=2),
    chat("one call at a time", [ASKED], tools=[TOOL], parallel_tool_calls=False),
    chat("cache control", user({"type": "text", "text": "A long text.", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "Say something."})),
    chat("document", user({"type": "text", "text": "What is this?"}, {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}})),
    *(chat(f"fails with {status}", [{"role": "user", "content": f"Please fail {status}."}]) for status in (400, 401, 429, 500)),
    message("chat"),
    message("system", system="Be brief."),
    message("sampling", temperature=0.5, top_p=0.9, stop_sequences=["END"]),
    message("stream", stream=True),
    message("tools", [ASKED], tools=[TOOL_OF_ANTHROPIC]),
    message("tools streamed", [ASKED], tools=[TOOL_OF_ANTHROPIC], stream=True),
    message("tool choice: any", [ASKED], tools=[TOOL_OF_ANTHROPIC], tool_choice={"type": "any"}),
    message("tool choice: any, one at a time", [ASKED], tools=[TOOL_OF_ANTHROPIC], tool_choice={"type": "any", "disable_parallel_tool_use": True}),
    message(
        "tool results",
        [ASKED, {"role": "assistant", "content": CALLS_OF_ANTHROPIC}, {"role": "user", "content": RESULTS_OF_ANTHROPIC}],
        tools=[TOOL_OF_ANTHROPIC],
    ),
    message(
        "vision", user({"type": "text", "text": "What is this?"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}})
    ),
    message("JSON schema", output_config={"format": {"type": "json_schema", "schema": SCHEMA}}),
    message(
        "failed tool",
        [
            ASKED,
            {"role": "assistant", "content": CALLS_OF_ANTHROPIC[1:2]},
            {"role": "user", "content": [{**RESULTS_OF_ANTHROPIC[0], "content": "no such city", "is_error": True}]},
        ],
        tools=[TOOL_OF_ANTHROPIC],
    ),
    message("cache control", system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]),
    message(
        "document", user({"type": "text", "text": "What is this?"}, {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": PDF}})
    ),
    message("thinking", max_tokens=3000, thinking={"type": "enabled", "budget_tokens": 2000}),
    *(message(f"fails with {status}", [{"role": "user", "content": f"Please fail {status}."}]) for status in (400, 401, 429, 500)),
]
