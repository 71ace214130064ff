"""Reports and calls in a bucket: each request is signed as botocore signs for S3, and the files are what the API tells."""

import hashlib
import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from openai import OpenAI

from tollgate import MASTER_KEY, Tollgate, Upstream, eventually

ACCESS_KEY = "AKIAEXAMPLEOFREPORTS"
SECRET_KEY = "secret/of+the/reports"
REGION = "eu-central-1"
CONFIG = """
tollgate_settings:
  report_storage:
    url: s3://finance/tollgate
    region: {region}
    endpoint_url: {url}
    access_key_id: os.environ/REPORTS_KEY_ID
    secret_access_key: os.environ/REPORTS_SECRET
"""
CALLS_CONFIG = """
litellm_settings:
  callbacks: [s3]
  s3_callback_params:
    s3_bucket_name: finance
    s3_path: tollgate/calls
    s3_region_name: {region}
    s3_endpoint_url: {url}
    s3_aws_access_key_id: os.environ/CALLS_KEY_ID
    s3_aws_secret_access_key: os.environ/CALLS_SECRET
    s3_flush_interval: 1
model_list:
  - model_name: fake
    litellm_params: {{model: openai/fake-model, api_base: os.environ/FAKE_UPSTREAM_URL, api_key: sk-of-the-provider,
                     input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
"""
AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/s3/aws4_request, ?"
    r"SignedHeaders=(?P<signed>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})$"
)


class Bucket(ThreadingHTTPServer):
    """Takes files of whoever signs as S3 wants it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.refused: list[str] = []
        self.is_away = False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


def problem(request: BaseHTTPRequestHandler, body: bytes) -> str | None:
    """What is wrong with the signature of a request."""
    found = AUTHORIZATION.match(request.headers.get("authorization", ""))
    if not found:
        return "the authorization header is not one of Signature Version 4 for S3"
    if found["key"] != ACCESS_KEY or found["region"] != REGION:
        return "another key or region"
    if request.headers["x-amz-content-sha256"] != hashlib.sha256(body).hexdigest():
        return "the body is not what was signed"
    headers = {name: request.headers[name] for name in found["signed"].split(";")}
    again = AWSRequest(
        method=request.command, url=f"http://{request.headers['host']}{request.path}", headers=headers, data=body
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = S3SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", REGION)
    signature = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    return None if signature == found["signature"] else "the signature is another"


class Handler(BaseHTTPRequestHandler):
    server: Bucket

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        wrong = problem(self, body)
        if wrong:
            self.server.refused.append(wrong)
        else:
            if not self.server.is_away:
                self.server.files[self.path] = body
        self.send_response(403 if wrong or self.server.is_away else 200)
        self.send_header("etag", '"of-the-tests"')
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    yield bucket
    bucket.shutdown()


def run_of(gateway: Tollgate, report_id: str) -> dict[str, object]:
    runs = gateway.manage("GET", f"/spend/report/info?report_id={report_id}")["runs"]
    return runs[0] if runs else {}


def test_a_report_is_put_into_a_bucket(bucket: Bucket, upstream: Upstream, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.format(url=bucket.url, region=REGION))
    gateway = Tollgate(upstream, config, {"REPORTS_KEY_ID": ACCESS_KEY, "REPORTS_SECRET": SECRET_KEY}).start()
    try:
        report = {"name": "FOCUS by the day", "period": "day", "content": "days", "format": "focus", "is_stored": True}
        report_id = gateway.manage("POST", "/spend/report/new", report)["report_id"]
        gateway.manage("POST", "/spend/report/run", {"report_id": report_id})
        eventually(lambda: run_of(gateway, report_id).get("state") == "sent", "the report in the bucket")
        assert bucket.refused == []
        [(path, body)] = bucket.files.items()
        day = run_of(gateway, report_id)["first_day"]
        name = f"focus-by-the-day-{report_id.replace('-', '')[:8]}/focus-by-the-day-{day}-to-{day}.csv"
        assert path == f"/finance/tollgate/{name}"
        assert run_of(gateway, report_id)["address"] == f"s3://finance/tollgate/{name}"
        told = urllib.request.Request(f"{gateway.url}/spend/report/file?report_id={report_id}")
        told.add_header("authorization", f"Bearer {MASTER_KEY}")
        with urllib.request.urlopen(told, timeout=30) as answer:
            assert answer.read() == body
        # A bucket that refuses is tried again later, and said to refuse.
        bucket.is_away = True
        gateway.manage("POST", "/spend/report/run", {"report_id": report_id})
        eventually(lambda: bool(run_of(gateway, report_id).get("error")), "the refusal")
        run = run_of(gateway, report_id)
        assert run["state"] == "pending" and "s3://finance/tollgate" in str(run["error"]), run
        assert SECRET_KEY not in str(run)
    finally:
        gateway.remove()


def calls_in(bucket: Bucket) -> list[dict[str, object]]:
    return [json.loads(line) for body in list(bucket.files.values()) for line in body.splitlines()]


def test_calls_are_put_into_a_bucket(bucket: Bucket, upstream: Upstream, tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(CALLS_CONFIG.format(url=bucket.url, region=REGION))
    gateway = Tollgate(upstream, config, {"CALLS_KEY_ID": ACCESS_KEY, "CALLS_SECRET": SECRET_KEY}).start()
    try:
        client = OpenAI(base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=0, timeout=30)
        for text in ("one", "two", "three"):
            client.chat.completions.create(model="fake", messages=[{"role": "user", "content": text}])
        eventually(lambda: len(calls_in(bucket)) == 3, "the calls in the bucket")
        assert bucket.refused == []
        name = re.compile(r"/finance/tollgate/calls/\d{4}-\d\d-\d\d/time-\d\d-\d\d-\d\d-\d{6}_[0-9a-f-]+\.jsonl")
        assert all(name.fullmatch(path) for path in bucket.files), bucket.files.keys()
        told = calls_in(bucket)
        assert sorted(call["messages"][0]["content"] for call in told) == ["one", "three", "two"]  # type: ignore[index]
        for call in told:
            eventually(lambda: bool(gateway.manage("GET", f"/spend/logs?request_id={call['id']}")), "the ledger")
            [booked] = gateway.manage("GET", f"/spend/logs?request_id={call['id']}")
            assert call["response_cost"] == booked["spend"] and call["total_tokens"] == booked["total_tokens"]
    finally:
        gateway.remove()
