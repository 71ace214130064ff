"""A collector of OpenTelemetry's, which reads spans and metrics with the official messages, in both forms."""

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
from openai import OpenAI
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, HistogramDataPoint, Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tollgate import Tollgate, Upstream, eventually

CONFIG = """
litellm_settings: {callbacks: [otel]}
router_settings: {num_retries: 0}
model_list:
  - model_name: fake
    litellm_params: {model: openai/fake-model, api_base: os.environ/FAKE_UPSTREAM_URL, api_key: sk-of-the-provider}
  - model_name: away
    litellm_params: {model: openai/fake-model, api_base: http://127.0.0.1:9/v1, api_key: sk-of-the-provider}
"""
#: One that is answered, one that is streamed, one that fails.
CALLS = 3
#: What is asked and answered, by path.
MESSAGES: dict[str, Any] = {
    "/v1/traces": (ExportTraceServiceRequest, ExportTraceServiceResponse),
    "/v1/metrics": (ExportMetricsServiceRequest, ExportMetricsServiceResponse),
}


class Collector(ThreadingHTTPServer):
    """Takes what it can read, in the form that it is told to expect."""

    def __init__(self, media_type: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.media_type = media_type
        self.told: list[Any] = []
        self.problems: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def spans(self) -> list[Span]:
        traces = [one for one in self.told if isinstance(one, ExportTraceServiceRequest)]
        scopes = [scope for one in traces for part in one.resource_spans for scope in part.scope_spans]
        return [span for scope in scopes for span in scope.spans]

    def metrics(self) -> dict[str, Metric]:
        """Those of the last message, which has all."""
        messages = [one for one in self.told if isinstance(one, ExportMetricsServiceRequest)]
        scopes = [scope for part in messages[-1].resource_metrics for scope in part.scope_metrics] if messages else []
        return {metric.name: metric for scope in scopes for metric in scope.metrics}


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        request, response = MESSAGES[self.path]
        status = 200
        try:
            assert self.headers["content-type"] == self.server.media_type, self.headers["content-type"]
            self.server.told.append(self.read(body, request))
        except Exception as error:  # noqa: BLE001
            self.server.problems.append(repr(error))
            status = 400
        is_json = self.server.media_type == "application/json"
        answer = json_format.MessageToJson(response()).encode() if is_json else response().SerializeToString()
        self.send_response(status)
        self.send_header("content-type", self.server.media_type)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def read(self, body: bytes, request: Any) -> Any:
        if self.server.media_type != "application/json":
            return request.FromString(body)
        # A field that it does not know is an error. Ids are written in hex and not, as other bytes, in base64.
        return json_format.ParseDict(with_ids(json.loads(body)), request())

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing."""


def with_ids(message: Any) -> Any:
    """The same with ids in base64."""
    if isinstance(message, list):
        return [with_ids(one) for one in message]
    if not isinstance(message, dict):
        return message
    ids = {name: text for name, text in message.items() if name.endswith("Id")}
    ids = {name: base64.b64encode(bytes.fromhex(text)).decode() for name, text in ids.items()}
    return {name: with_ids(value) for name, value in message.items()} | ids


@pytest.fixture(scope="module", params=["http/json", "http/protobuf"])
def collector(
    request: pytest.FixtureRequest, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Collector]:
    """What a collector is told of some calls."""
    media_type = {"http/json": "application/json", "http/protobuf": "application/x-protobuf"}[request.param]
    collector = Collector(media_type)
    config = tmp_path_factory.mktemp("opentelemetry") / "config.yaml"
    Path(config).write_text(CONFIG)
    env = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_address[1]}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": request.param,
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        "LITELLM_OTEL_INTEGRATION_ENABLE_METRICS": "true",
        "OTEL_METRIC_EXPORT_INTERVAL": "200",
    }
    tollgate = Tollgate(upstream, config, env)
    try:
        make_calls(tollgate.start())
        eventually(lambda: len(collector.spans()) == CALLS and requests(collector) == CALLS, "exported calls")
        yield collector
    finally:
        tollgate.remove()
        collector.shutdown()


def make_calls(tollgate: Tollgate) -> None:
    key = tollgate.manage("POST", "/key/generate", {"key_alias": "k"})["key"]
    client = OpenAI(base_url=f"{tollgate.url}/v1", api_key=key, max_retries=0, timeout=30)
    messages: list[Any] = [{"role": "user", "content": "Hello"}]
    create = client.chat.completions.create
    create(model="fake", messages=messages)
    for _ in create(model="fake", messages=messages, stream=True):
        pass
    with pytest.raises(openai.APIStatusError):
        create(model="away", messages=messages)


def requests(collector: Collector) -> int:
    metric = collector.metrics().get("gen_ai.server.request.duration")
    return sum(point.count for point in metric.histogram.data_points) if metric else 0


def labels(point: HistogramDataPoint) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in point.attributes}


def test_every_message_is_read(collector: Collector) -> None:
    assert not collector.problems
    for one in collector.told:
        parts = one.resource_spans if isinstance(one, ExportTraceServiceRequest) else one.resource_metrics
        resource = {each.key: each.value.string_value for each in parts[0].resource.attributes}
        assert resource["service.name"] == "tollgate" and resource["deployment.environment.name"] == "test"


def test_spans(collector: Collector) -> None:
    for span in collector.spans():
        assert (len(span.trace_id), len(span.span_id), len(span.parent_span_id)) == (16, 8, 0)
        assert span.kind == Span.SPAN_KIND_CLIENT
        assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano
        assert len({one.key for one in span.attributes}) == len(span.attributes)
    codes = sorted(span.status.code for span in collector.spans())
    assert codes == [Status.STATUS_CODE_OK, Status.STATUS_CODE_OK, Status.STATUS_CODE_ERROR]


def test_metrics(collector: Collector) -> None:
    metrics = collector.metrics()
    units = {name: metric.unit for name, metric in metrics.items()}
    assert units == {
        "gen_ai.client.token.usage": "{token}",
        "gen_ai.client.operation.duration": "s",
        "gen_ai.server.request.duration": "s",
        "gen_ai.server.time_to_first_token": "s",
        "gen_ai.server.time_per_output_token": "s",
    }
    for metric in metrics.values():
        histogram = metric.histogram
        assert histogram.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        for point in histogram.data_points:
            assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
            assert sum(point.bucket_counts) == point.count > 0
            assert 0 <= point.min <= point.max and point.sum >= point.max
            assert 0 < point.start_time_unix_nano <= point.time_unix_nano
            known = labels(point)
            assert known["gen_ai.operation.name"] == "chat" and known["gen_ai.provider.name"] == "openai"


def test_metrics_count_tokens_and_failures(collector: Collector) -> None:
    metrics, spans = collector.metrics(), collector.spans()
    for kind in ("input", "output"):
        points = metrics["gen_ai.client.token.usage"].histogram.data_points
        told = sum(point.sum for point in points if labels(point)["gen_ai.token.type"] == kind)
        of_spans = [one.value.int_value for span in spans for one in span.attributes]
        keys = [one.key for span in spans for one in span.attributes]
        assert told == sum(value for key, value in zip(keys, of_spans) if key == f"gen_ai.usage.{kind}_tokens")
    durations = metrics["gen_ai.client.operation.duration"].histogram.data_points
    failed = [point for point in durations if "error.type" in labels(point)]
    assert [(point.count, labels(point)["gen_ai.request.model"]) for point in failed] == [(1, "away")]
