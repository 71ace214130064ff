"""Exports of calls, as the tools themselves read them: Langfuse's own types, and the messages of OpenTelemetry's protocol."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest
from google.protobuf import json_format
from langfuse.api.core.pydantic_utilities import parse_obj_as
from langfuse.api.ingestion.types import IngestionEvent
from openai import OpenAI
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tollgate import Tollgate, Upstream, eventually

CONFIG = """
litellm_settings: {callbacks: [langfuse, otel]}
router_settings: {num_retries: 0}
model_list:
  - model_name: fake
    litellm_params: {model: openai/fake-model, api_base: os.environ/FAKE_UPSTREAM_URL, api_key: sk-of-the-provider,
                     input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}
  - model_name: away
    litellm_params: {model: openai/fake-model, api_base: http://127.0.0.1:9/v1, api_key: sk-of-the-provider}
"""
#: A call that is answered, one that is streamed, one with a tool, one that fails.
CALLS = 4
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}


class Tools(ThreadingHTTPServer):
    """Takes what tools are told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.told: list[tuple[str, dict[str, Any]]] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def at(self, path: str) -> list[dict[str, Any]]:
        """The bodies that came to a path."""
        return [body for known, body in self.told if known == path]


class Handler(BaseHTTPRequestHandler):
    server: Tools

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.told.append((self.path, body))
        answer = b"{}"
        self.send_response(207 if "ingestion" in self.path else 200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def tools(upstream: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    """What tools are told of some calls."""
    tools = Tools()
    origin = f"http://127.0.0.1:{tools.server_address[1]}"
    config = tmp_path_factory.mktemp("callbacks") / "config.yaml"
    Path(config).write_text(CONFIG)
    env = {
        "LANGFUSE_HOST": origin,
        "LANGFUSE_PUBLIC_KEY": "pk-lf-1",
        "LANGFUSE_SECRET_KEY": "sk-lf-2",
        "OTEL_EXPORTER_OTLP_ENDPOINT": origin,
    }
    tollgate = Tollgate(upstream, config, env)
    try:
        make_calls(tollgate.start())
        eventually(lambda: len(events(tools)) == 2 * CALLS and len(spans(tools)) == CALLS, "exported calls")
        yield tools
    finally:
        tollgate.remove()
        tools.shutdown()


def make_calls(tollgate: Tollgate) -> None:
    tollgate.manage("POST", "/team/new", {"team_id": "t", "team_alias": "Search"})
    key = tollgate.manage("POST", "/key/generate", {"team_id": "t", "key_alias": "k"})["key"]
    client = OpenAI(base_url=f"{tollgate.url}/v1", api_key=key, max_retries=0, timeout=30)
    messages: list[Any] = [{"role": "user", "content": "Hello"}]
    metadata = {"session_id": "s", "trace_id": "trace-1", "trace_name": "search"}
    extra = {"metadata": {**metadata, "tags": ["batch"]}}
    create = client.chat.completions.create
    create(model="fake", messages=messages, temperature=0.5, max_tokens=50, user="customer", extra_body=extra)
    for _ in create(model="fake", messages=messages, stream=True):
        pass
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": "https://a.test/b"}}]
    asked = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    talk: list[Any] = [
        {"role": "user", "content": parts},
        {"role": "assistant", "content": None, "tool_calls": [asked]},
        {"role": "tool", "tool_call_id": "call_1", "content": "nothing"},
    ]
    create(model="fake", messages=talk, tools=[TOOL])  # type: ignore[list-item]
    with pytest.raises(openai.APIStatusError):
        create(model="away", messages=messages)


def events(tools: Tools) -> list[Any]:
    """Langfuse's events as its own package reads them."""
    batches = tools.at("/api/public/ingestion")
    return [parse_obj_as(IngestionEvent, event) for batch in batches for event in batch["batch"]]  # type: ignore[arg-type]


def spans(tools: Tools) -> list[Span]:
    """Spans as a collector reads them: a field that it does not know is an error."""
    found: list[Span] = []
    for body in tools.at("/v1/traces"):
        # In JSON, ids are written in hex and not, as other bytes, in base64.
        request = json_format.ParseDict(with_ids(body), ExportTraceServiceRequest())
        found += [span for part in request.resource_spans for scope in part.scope_spans for span in scope.spans]
    return found


def with_ids(body: dict[str, Any]) -> dict[str, Any]:
    """The same with ids in base64."""
    body = json.loads(json.dumps(body))
    for part in body["resourceSpans"]:
        for scope in part["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId"):
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    return body


def attribute(span: Span, name: str) -> Any:
    value = next(one.value for one in span.attributes if one.key == name)
    kind = value.WhichOneof("value")
    return [one.string_value for one in value.array_value.values] if kind == "array_value" else getattr(value, kind)


def test_langfuse_knows_every_field(tools: Tools) -> None:
    found = events(tools)
    assert sorted(event.type for event in found) == ["generation-create"] * CALLS + ["trace-create"] * CALLS
    for event in found:
        assert not event.model_extra and not event.body.model_extra, event
        assert "T" in event.timestamp and event.id


def test_langfuse_reads_a_call(tools: Tools) -> None:
    found = events(tools)
    trace = next(event.body for event in found if event.type == "trace-create" and event.body.id == "trace-1")
    assert (trace.name, trace.user_id, trace.session_id, trace.tags) == ("search", "customer", "s", ["batch"])
    assert trace.input == [{"role": "user", "content": "Hello"}]
    generations = [event.body for event in found if event.type == "generation-create"]
    generation = next(body for body in generations if body.trace_id == "trace-1")
    assert generation.model == "fake-model"
    assert generation.model_parameters == {"temperature": 0.5, "max_tokens": 50}
    usage = generation.usage
    assert usage.total == usage.input + usage.output > 0
    cost = (usage.input + 2 * usage.output) / 1_000_000
    assert usage.total_cost == generation.cost_details["total"] == pytest.approx(cost)
    assert generation.usage_details["total"] == usage.total
    assert generation.start_time <= generation.end_time
    assert generation.level == "DEFAULT"
    assert generation.metadata["user_api_key_team_alias"] == "Search"


def test_langfuse_reads_a_stream_and_a_failure(tools: Tools) -> None:
    generations = [event.body for event in events(tools) if event.type == "generation-create"]
    streamed = next(body for body in generations if body.metadata["stream"])
    assert streamed.start_time <= streamed.completion_start_time <= streamed.end_time
    assert streamed.output["content"]
    failed = next(body for body in generations if body.level == "ERROR")
    assert failed.status_message and failed.output == failed.status_message


def test_a_collector_knows_every_field(tools: Tools) -> None:
    for span in spans(tools):
        assert (len(span.trace_id), len(span.span_id)) == (16, 8)
        assert span.kind == Span.SPAN_KIND_CLIENT
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
        assert len({one.key for one in span.attributes}) == len(span.attributes)


def test_a_collector_reads_a_call(tools: Tools) -> None:
    span = next(span for span in spans(tools) if any(one.key == "gen_ai.conversation.id" for one in span.attributes))
    assert (span.name, span.status.code) == ("chat fake", Status.STATUS_CODE_OK)
    assert attribute(span, "gen_ai.provider.name") == "openai"
    assert attribute(span, "gen_ai.response.model") == "fake-model"
    assert attribute(span, "gen_ai.request.temperature") == 0.5
    assert attribute(span, "gen_ai.request.max_tokens") == 50
    tokens = [attribute(span, f"gen_ai.usage.{leg}_tokens") for leg in ("input", "output")]
    assert attribute(span, "tollgate.cost.usd") == pytest.approx((tokens[0] + 2 * tokens[1]) / 1_000_000)
    assert attribute(span, "tollgate.tags") == ["batch"]
    assert json.loads(attribute(span, "gen_ai.input.messages"))[0]["parts"][0]["content"] == "Hello"
    assert attribute(span, "gen_ai.response.finish_reasons") == ["stop"]


def test_a_collector_reads_tools_and_a_failure(tools: Tools) -> None:
    talks = [json.loads(attribute(span, "gen_ai.input.messages")) for span in spans(tools)]
    talk = next(talk for talk in talks if len(talk) == 3)
    kinds = [[part["type"] for part in message["parts"]] for message in talk]
    assert kinds == [["text", "image_url"], ["tool_call"], ["tool_call_response"]]
    failed = next(span for span in spans(tools) if span.status.code == Status.STATUS_CODE_ERROR)
    assert failed.status.message
    assert attribute(failed, "error.type").isdigit()
