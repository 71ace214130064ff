"""A fake AWS: Bedrock's Converse, ConverseStream, InvokeModel for embeddings and Rerank, the security token service, and the places credentials come from.

It refuses what AWS refuses: a signature that botocore would not make, a body that botocore's model of the service does not
know, blank text, turns that do not alternate, results that do not match their calls. What it answers follows from the
conversation; see `answer_of`. Event streams are framed here by hand and read back with botocore before they are sent.

Wire formats: Amazon Bedrock API reference; Amazon Bedrock User Guide, "Amazon Titan Embeddings" and "Cohere Embed"; AWS Security Token Service API reference; Amazon ECS, "Task IAM role"; Amazon
EC2, "Retrieve security credentials from instance metadata".
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import struct
import threading
import time
import urllib.parse
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.eventstream import EventStreamBuffer
from botocore.validate import ParamValidator
from fake import asked_failure, cut, embedding, score

ACCESS_KEY = "AKIAEXAMPLEOFTHETESTS"
SECRET_KEY = "secret/of+the/tests"
API_KEY = "bedrock-api-key-of-the-tests"
ROLE = "arn:aws:iam::123456789012:role/gateway"
EXTERNAL_ID = "external-of-the-tests"
WEB_TOKEN = "web-identity-token-of-the-tests"
CONTAINER_TOKEN = "container-token-of-the-tests"
SKEW_S_MAX = 300
SIGNATURE = base64.b64encode(b"what was thought").decode()
REDACTED = base64.b64encode(b"what is not shown").decode()
CACHED_TOKENS = 2000
TOOL_ID = re.compile(r"^[a-zA-Z0-9_.:-]{1,64}$")
ROUTE = re.compile(r"^/model/(?P<model>[^/]+)/(?P<operation>converse|converse-stream)$")
INVOKE = re.compile(r"^/model/(?P<model>[^/]+)/invoke$")
AUTHORIZATION = re.compile(
    r"^AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<signed>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})$"
)
STATUSES = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ThrottlingException": 429,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}
#: What AWS calls errors of these statuses; a credential it does not know is forbidden.
KINDS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_service = botocore.session.Session().get_service_model("bedrock-runtime")
_agents = botocore.session.Session().get_service_model("bedrock-agent-runtime")
RERANK_INPUT = _agents.operation_model("Rerank").input_shape
INPUTS = {
    "converse": _service.operation_model("Converse").input_shape,
    "converse-stream": _service.operation_model("ConverseStream").input_shape,
}


class Refusal(Exception):
    """An error in AWS's form."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.status = STATUSES[kind]


def invalid(message: str) -> Refusal:
    return Refusal("ValidationException", message)


class Aws:
    """The server, in a thread of this process."""

    def __init__(self) -> None:
        #: Secret and session token of each access key.
        self.keys: dict[str, tuple[str, str | None]] = {ACCESS_KEY: (SECRET_KEY, None)}
        #: What arrived at Bedrock: operation, model, region, access key and body.
        self.calls: list[dict[str, Any]] = []
        #: Where credentials were asked for.
        self.asked: list[str] = []
        #: How long those last, in seconds.
        self.lifetime_s = 3600
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def issue(self, source: str) -> dict[str, str]:
        """New temporary credentials."""
        with self.lock:
            self.asked.append(source)
            number = len(self.asked)
            key, secret, token = f"ASIA{source.upper()}{number}", f"secret-{number}", f"token+of/{source}=={number}"
            self.keys[key] = (secret, token)
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=self.lifetime_s)
        return {"key": key, "secret": secret, "token": token, "end": end.strftime("%Y-%m-%dT%H:%M:%SZ")}


def check_signature(aws: Aws, request: BaseHTTPRequestHandler, body: bytes, service: str) -> tuple[str, str]:
    """The access key and the region of a request that is signed as botocore would sign it."""
    found = AUTHORIZATION.match(request.headers.get("authorization", ""))
    if not found:
        raise Refusal("AccessDeniedException", "The authorization header is not one of Signature Version 4")
    if found["key"] not in aws.keys:
        raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    if found["service"] != service:
        raise Refusal("InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'.")
    secret, token = aws.keys[found["key"]]
    if request.headers.get("x-amz-security-token") != token:
        raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    date = request.headers["x-amz-date"]
    sent = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    if abs((datetime.datetime.now(datetime.UTC) - sent).total_seconds()) > SKEW_S_MAX:
        raise Refusal("InvalidSignatureException", "Signature expired")
    signed = found["signed"].split(";")
    needed = {"host", "x-amz-date", *(["x-amz-security-token"] if token else [])}
    if missing := needed - set(signed):
        raise Refusal("InvalidSignatureException", f"These headers must be signed: {missing}")
    again = AWSRequest(
        method=request.command,
        url=f"http://{request.headers['host']}{request.path}",
        headers={name: request.headers[name] for name in signed},
        data=body,
    )
    again.context["timestamp"] = date
    auth = SigV4Auth(Credentials(found["key"], secret, token), service, found["region"])
    expected = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    if expected != found["signature"]:
        raise Refusal("InvalidSignatureException", "The request signature we calculated does not match")
    return found["key"], found["region"]


def check_body(body: dict[str, Any], model: str, operation: str) -> None:
    """Refuses what Bedrock refuses."""
    report = ParamValidator().validate({"modelId": model, **body}, INPUTS[operation])
    if report.has_errors():
        raise invalid(report.generate_report())
    roles = [message["role"] for message in body["messages"]]
    if not roles or roles[0] != "user" or any(a == b for a, b in zip(roles, roles[1:])):
        raise invalid("A conversation must start with a user message, and roles must alternate")
    calls: set[str] = set()
    has_tools = False
    for message in body["messages"]:
        blocks = message["content"]
        if not blocks:
            raise invalid("The content field in the Message object is empty")
        results = [block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block]
        if calls != set(results):
            raise invalid("Expected toolResult blocks for the toolUse blocks of the previous turn")
        calls = {block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block}
        has_tools = has_tools or bool(calls)
        for block in blocks:
            check_block(block)
    if has_tools and "toolConfig" not in body:
        raise invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
    for block in body.get("system", []):
        check_block(block)
    for bytes_ in find_bytes(body):
        base64.b64decode(bytes_, validate=True)


def check_block(block: dict[str, Any]) -> None:
    if "text" in block and not block["text"].strip():
        raise invalid("The text field in the ContentBlock object is blank.")
    if "toolUse" in block and not TOOL_ID.match(block["toolUse"]["toolUseId"]):
        raise invalid("toolUseId failed to satisfy constraint")
    if "document" in block and not re.match(r"^[a-zA-Z0-9\-()\[\]]+( [a-zA-Z0-9\-()\[\]]+)*$", block["document"]["name"]):
        raise invalid("The document file name can only contain alphanumeric characters and so on")


def embed(model: str, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Embeddings in the form of their model's maker, and tokens: one for each text."""
    name = model.removeprefix("us.")
    known = {
        "amazon.titan-embed-text-v1": {"inputText"},
        "amazon.titan-embed-text-v2:0": {"inputText", "dimensions", "normalize", "embeddingTypes"},
        "amazon.titan-embed-image-v1": {"inputText", "inputImage", "embeddingConfig"},
        "cohere.embed-english-v3": {"texts", "images", "input_type", "truncate", "embedding_types"},
        "cohere.embed-v4:0": {"texts", "input_type", "truncate", "embedding_types", "output_dimension", "max_tokens"},
    }
    if name not in known:
        raise Refusal("ValidationException", "The provided model identifier is invalid.")
    if strange := body.keys() - known[name]:
        raise invalid(f"Malformed input request: extraneous key {strange} is not permitted, please reformat your input and try again.")
    if "texts" in body:
        if not 0 < len(body["texts"]) <= 96 or body["input_type"] not in ("search_document", "search_query"):
            raise invalid("Malformed input request: texts or input_type")
        vectors = [embedding(text, body.get("output_dimension")) for text in body["texts"]]
        about = {"id": "e-1", "response_type": "embeddings_by_type", "texts": body["texts"]}
        return {**about, "embeddings": {kind: vectors for kind in body["embedding_types"]}}, len(vectors)
    dimensions = body.get("dimensions", body.get("embeddingConfig", {}).get("outputEmbeddingLength"))
    return {"embedding": embedding(body["inputText"], dimensions), "inputTextTokenCount": 1}, 1


def rerank(body: dict[str, Any], region: str) -> dict[str, Any]:
    report = ParamValidator().validate(body, RERANK_INPUT)
    if report.has_errors():
        raise invalid(report.generate_report())
    configuration = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    arn = f"arn:aws:bedrock:{region}::foundation-model/cohere.rerank-v3-5:0"
    if configuration["modelConfiguration"]["modelArn"] != arn:
        raise invalid("The provided model identifier is invalid.")
    query = body["queries"][0]["textQuery"]["text"]
    texts = [source["inlineDocumentSource"]["textDocument"]["text"] for source in body["sources"]]
    scores = [{"index": index, "relevanceScore": score(query, text)} for index, text in enumerate(texts)]
    return {"results": sorted(scores, key=lambda one: -one["relevanceScore"])[: configuration.get("numberOfResults")]}


def find_bytes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in find_bytes(item)]
    if isinstance(value, dict):
        own = [value["bytes"]] if isinstance(value.get("bytes"), str) else []
        return own + [found for item in value.values() for found in find_bytes(item)]
    return []


def is_thinking(body: dict[str, Any]) -> bool:
    thinking = body.get("additionalModelRequestFields", {}).get("thinking", {})
    return thinking.get("type") in ("enabled", "adaptive")


def answer_of(body: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The blocks of an answer, and why it ends."""
    last = body["messages"][-1]["content"]
    text = " ".join(block["text"] for block in last if "text" in block)
    thoughts = []
    if is_thinking(body):
        check_thoughts(body)
        thoughts = [
            {"reasoningContent": {"reasoningText": {"text": "Let me think.", "signature": SIGNATURE}}},
            {"reasoningContent": {"redactedContent": REDACTED}},
        ]
    tools = body.get("toolConfig", {})
    choice = tools.get("toolChoice", {})
    specs = [tool["toolSpec"] for tool in tools.get("tools", []) if "toolSpec" in tool]
    if "tool" in choice or "any" in choice:
        spec = next(spec for spec in specs if spec["name"] == choice.get("tool", specs[0])["name"])
        call = {"toolUseId": "tooluse_json", "name": spec["name"], "input": example(spec["inputSchema"]["json"])}
        return [*thoughts, {"toolUse": call}], "tool_use"
    if results := [block["toolResult"] for block in last if "toolResult" in block]:
        said = "; ".join(f"{part['text']}" for result in results for part in result["content"] if "text" in part)
        return [*thoughts, {"text": f"The tools say: {said}."}], "end_turn"
    if any("systemTool" in tool for tool in tools.get("tools", [])):
        citation = {"title": "Foxes", "location": {"web": {"url": "https://fox.example/", "domain": "fox.example"}}}
        return [{"citationsContent": {"content": [{"text": "The quick brown fox jumps."}], "citations": [citation]}}], "end_turn"
    names = {spec["name"] for spec in specs}
    if "weather" in names and "weather" in text:
        calls = [{"toolUseId": f"tooluse_{n}", "name": "weather", "input": {"city": city}} for n, city in enumerate(("Oslo", "Bergen"))]
        return [*thoughts, {"text": "I will look."}, *({"toolUse": call} for call in calls)], "tool_use"
    media = [f"{kind} {block[kind]['format']} {size(block[kind])}" for block in last for kind in ("image", "document") if kind in block]
    if "forever" in text:
        return [{"text": "word " * 400}], "end_turn"
    if "blocked" in text:
        return [{"text": "Sorry, the model cannot answer this question."}], "guardrail_intervened"
    if media:
        return [*thoughts, {"text": f"I see {', '.join(media)}."}], "end_turn"
    said, is_cut = cut(f"The quick brown fox heard: {text}", body.get("inferenceConfig", {}).get("maxTokens"))
    return [*thoughts, {"text": said}], "max_tokens" if is_cut else "end_turn"


def check_thoughts(body: dict[str, Any]) -> None:
    if "temperature" in body.get("inferenceConfig", {}):
        raise invalid("`temperature` may only be set to 1 when thinking is enabled.")
    for message in body["messages"]:
        blocks = message["content"]
        if any("toolUse" in block for block in blocks):
            if "reasoningContent" not in blocks[0]:
                raise invalid("Expected `thinking` or `redacted_thinking`, but found `tool_use`.")
        for block in blocks:
            shown = block.get("reasoningContent", {}).get("reasoningText", {"signature": SIGNATURE})
            if shown["signature"] != SIGNATURE:
                raise invalid("Invalid `signature` in `thinking` block")


def size(media: dict[str, Any]) -> int:
    return len(base64.b64decode(media["source"]["bytes"]))


def example(schema: dict[str, Any]) -> Any:
    """Something that a schema describes."""
    match schema.get("type"):
        case "object":
            return {name: example(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [example(schema.get("items", {}))]
        case "integer" | "number":
            return 36
        case "boolean":
            return True
        case _:
            return "Ada"


def usage_of(body: dict[str, Any], blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Ten tokens in, one for each word out; what is marked to be cached has been cached before."""
    words = sum(len(block.get("text", "one").split()) for block in blocks)
    cached = CACHED_TOKENS if "cachePoint" in json.dumps(body) else 0
    usage = {"inputTokens": 10, "outputTokens": words, "totalTokens": 10 + words + cached}
    return {**usage, "cacheReadInputTokens": cached, "cacheWriteInputTokens": 0}


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of an event stream."""
    head = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    whole = message + struct.pack("!I", zlib.crc32(message))
    buffer = EventStreamBuffer()
    buffer.add_data(whole)
    assert [event.payload for event in buffer] == [payload]
    return whole


def event(name: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    # Real events are padded, so that their length says nothing.
    return frame(headers, json.dumps({**payload, "p": "abcdefghijkl"}, ensure_ascii=False).encode())


def exception(name: str, message: str) -> bytes:
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return frame(headers, json.dumps({"message": message}).encode())


def pieces(text: str) -> list[str]:
    return [text[at : at + 7] for at in range(0, len(text), 7)]


def events_of(
    blocks: list[dict[str, Any]], stop_reason: str, usage: dict[str, Any], about: dict[str, Any]
) -> list[bytes]:
    """An answer as a stream."""
    events = [event("messageStart", {"role": "assistant"})]
    for index, block in enumerate(blocks):
        deltas: list[dict[str, Any]] = []
        if "text" in block:
            deltas = [{"text": piece} for piece in pieces(block["text"])]
        elif cited := block.get("citationsContent"):
            deltas = [{"text": piece} for part in cited["content"] for piece in pieces(part["text"])]
            deltas += [{"citation": citation} for citation in cited["citations"]]
        elif "toolUse" in block:
            call = block["toolUse"]
            start = {"toolUse": {"toolUseId": call["toolUseId"], "name": call["name"]}}
            events.append(event("contentBlockStart", {"contentBlockIndex": index, "start": start}))
            deltas = [{"toolUse": {"input": piece}} for piece in pieces(json.dumps(call["input"]))]
        elif shown := block["reasoningContent"].get("reasoningText"):
            deltas = [{"reasoningContent": {"text": piece}} for piece in pieces(shown["text"])]
            deltas.append({"reasoningContent": {"signature": shown["signature"]}})
        else:
            deltas = [{"reasoningContent": block["reasoningContent"]}]
        events += [event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
        events.append(event("contentBlockStop", {"contentBlockIndex": index}))
    events.append(event("messageStop", {"stopReason": stop_reason, **about}))
    events.append(event("metadata", {"usage": usage, "metrics": {"latencyMs": 12}}))
    return events


def sts_answer(action: str, credentials: dict[str, str], session: str) -> bytes:
    return f"""<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result>
<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/gateway/{session}</Arn><AssumedRoleId>A:{session}</AssumedRoleId></AssumedRoleUser>
<Credentials><AccessKeyId>{credentials["key"]}</AccessKeyId><SecretAccessKey>{credentials["secret"]}</SecretAccessKey>
<SessionToken>{credentials["token"]}</SessionToken><Expiration>{credentials["end"]}</Expiration></Credentials>
</{action}Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>""".encode()


def sts_error(refusal: Refusal) -> bytes:
    kind = refusal.kind.removesuffix("Exception")
    return f"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{kind}</Code>
<Message>{refusal}</Message></Error><RequestId>r</RequestId></ErrorResponse>""".encode()


def handler(aws: Aws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def send(self, status: int, body: bytes, kind: str, **headers: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def send_json(self, value: Any, status: int = 200, **headers: str) -> None:
            self.send(status, json.dumps(value).encode(), "application/json", **headers)

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("content-length", 0)))

        def do_GET(self) -> None:
            if self.path == "/container":
                if self.headers.get("authorization") != CONTAINER_TOKEN:
                    return self.send_json({"code": "AccessDenied", "message": "no"}, 403)
                return self.send_json(self.as_json(aws.issue("container")))
            folder = "/latest/meta-data/iam/security-credentials/"
            if not self.path.startswith(folder) or self.headers.get("x-aws-ec2-metadata-token") != "imds-token":
                return self.send_json({}, 404)
            if self.path == folder:
                return self.send(200, b"role-of-the-machine", "text/plain")
            self.send_json({"Code": "Success", "Type": "AWS-HMAC", **self.as_json(aws.issue("machine"))})

        def as_json(self, found: dict[str, str]) -> dict[str, str]:
            return {
                "AccessKeyId": found["key"],
                "SecretAccessKey": found["secret"],
                "Token": found["token"],
                "Expiration": found["end"],
                "LastUpdated": "2024-01-01T00:00:00Z",
            }

        def do_PUT(self) -> None:
            self.body()
            if self.path != "/latest/api/token":
                return self.send_json({}, 404)
            self.send(200, b"imds-token", "text/plain", x_aws_ec2_metadata_token_ttl_seconds="21600")

        def do_POST(self) -> None:
            body = self.body()
            try:
                if self.path == "/rerank":
                    return self.rerank(body)
                if found := INVOKE.match(self.path):
                    return self.invoke(urllib.parse.unquote(found["model"]), body)
                if found := ROUTE.match(self.path):
                    return self.converse(urllib.parse.unquote(found["model"]), found["operation"], body)
                self.assume(body)
            except Refusal as refusal:
                if self.path == "/rerank" or INVOKE.match(self.path) or ROUTE.match(self.path):
                    return self.send_json({"message": str(refusal)}, refusal.status, x_amzn_errortype=refusal.kind)
                self.send(refusal.status, sts_error(refusal), "text/xml")

        def assume(self, body: bytes) -> None:
            fields = dict(urllib.parse.parse_qsl(body.decode()))
            action, source = fields["Action"], "web"
            if action == "AssumeRole":
                check_signature(aws, self, body, "sts")
                source = "role"
                if fields.get("ExternalId", EXTERNAL_ID) != EXTERNAL_ID:
                    raise Refusal("AccessDeniedException", "wrong external id")
            elif fields.get("WebIdentityToken") != WEB_TOKEN:
                raise Refusal("AccessDeniedException", "wrong token")
            if fields["RoleArn"] != ROLE:
                raise Refusal("AccessDeniedException", f"not authorized to perform: sts:{action}")
            self.send(200, sts_answer(action, aws.issue(source), fields["RoleSessionName"]), "text/xml")

        def invoke(self, model: str, raw: bytes) -> None:
            key, region = check_signature(aws, self, raw, "bedrock")
            body = json.loads(raw)
            aws.calls.append({"operation": "invoke", "model": model, "key": key, "region": region, "body": body})
            answer, tokens = embed(model, body)
            self.send_json(answer, x_amzn_bedrock_input_token_count=str(tokens))

        def rerank(self, raw: bytes) -> None:
            key, region = check_signature(aws, self, raw, "bedrock")
            body = json.loads(raw)
            aws.calls.append({"operation": "rerank", "key": key, "region": region, "body": body})
            self.send_json(rerank(body, region))

        def converse(self, model: str, operation: str, raw: bytes) -> None:
            if self.headers.get("authorization") == f"Bearer {API_KEY}":
                key, region = "api-key", ""
            else:
                key, region = check_signature(aws, self, raw, "bedrock")
            body = json.loads(raw)
            call = {"operation": operation, "model": model, "key": key, "region": region, "body": body, "state": "open"}
            aws.calls.append(call)
            check_body(body, model, operation)
            text = json.dumps(body["messages"][-1])
            if status := asked_failure(text):
                raise Refusal(KINDS[status], "Scripted failure.")
            if "too long" in text:
                raise invalid("Input is too long for requested model.")
            for kind in STATUSES:
                if f"fail {kind}" in text:
                    raise Refusal(kind, f"Scripted {kind}.")
            blocks, stop_reason = answer_of(body)
            usage = usage_of(body, blocks)
            about: dict[str, Any] = {}
            if "/usage/output_tokens_details" in body.get("additionalModelResponseFieldPaths", []):
                about = {"additionalModelResponseFields": {"usage": {"output_tokens_details": {"thinking_tokens": 2}}}}
            if operation == "converse":
                message = {"role": "assistant", "content": blocks}
                answer = {"output": {"message": message}, "stopReason": stop_reason, "usage": usage, "metrics": {"latencyMs": 12}}
                return self.send_json({**answer, **about}, x_amzn_requestid="request-of-the-tests")
            self.stream(events_of(blocks, stop_reason, usage, about), text, call)

        def stream(self, events: list[bytes], text: str, call: dict[str, Any]) -> None:
            if "break off" in text:
                events = [*events[:3], exception("modelStreamErrorException", "The model broke off.")]
            if "vanish" in text:
                events = events[:3]
            self.send_response(200)
            self.send_header("content-type", "application/vnd.amazon.eventstream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            whole = b"".join(events)
            # Not where the messages end: the network does not know them.
            step = 61
            try:
                for at in range(0, len(whole), step):
                    piece = whole[at : at + step]
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                    if "forever" in text:
                        time.sleep(0.001)
                self.wfile.write(b"0\r\n\r\n")
                call["state"] = "done"
            except OSError:
                call["state"] = "disconnected"

    return Handler
