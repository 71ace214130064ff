"""A fake Google: Gemini by AI Studio and by Vertex AI, Claude by the latter, the token endpoint, a metadata server.

It refuses what Google refuses: unknown fields, a wrong key, a token it did not give, an assertion that a JWT library does
not accept, results that do not match their calls, calls of Gemini 3 without a thought signature. What it answers follows
from the conversation; see `answer_of`.

Wire formats: Gemini API reference, "Generating content" and "Embeddings"; Vertex AI API reference, "Text embeddings API"
and `publishers.models.embedContent`; Google Identity, "Using OAuth 2.0 for server to server
applications"; Compute Engine, "About VM metadata".
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import fake_anthropic
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake import asked_failure, cut, embedding, example

API_KEY = "AIza-of-the-tests"
PROJECT = "project-of-the-tests"
LOCATION = "europe-west4"
ACCOUNT = "robot@project-of-the-tests.iam.gserviceaccount.com"
KEY_ID = "key-1"
REFRESH_TOKEN = "1//refresh-token-of-the-tests"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
#: What an assertion is for, wherever it is sent.
AUDIENCE = "https://oauth2.googleapis.com/token"
POOL = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/provider"
SUBJECT_KEY = "a key of the other provider of identities"


def subject_token() -> str:
    """What the other provider of identities gives."""
    return jwt.encode({"sub": "a machine", "aud": "google", "exp": time.time() + 300}, SUBJECT_KEY, algorithm="HS256")

SIGNATURE = base64.b64encode(b"what was thought").decode()
NO_SIGNATURE = base64.b64encode(b"skip_thought_signature_validator").decode()
ASSERTION_S_MAX = 3600

REQUEST_FIELDS = {
    "contents", "systemInstruction", "tools", "toolConfig", "generationConfig", "safetySettings", "cachedContent",
    "labels", "serviceTier",
}
CONFIG_FIELDS = {
    "temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "seed", "presencePenalty",
    "frequencyPenalty", "responseLogprobs", "logprobs", "responseMimeType", "responseJsonSchema", "responseSchema",
    "responseModalities", "thinkingConfig", "mediaResolution", "speechConfig", "imageConfig",
}
PART_FIELDS = {
    "text", "inlineData", "fileData", "functionCall", "functionResponse", "thought", "thoughtSignature",
    "mediaResolution",
}
DATA_FIELDS = {"text", "inlineData", "fileData", "functionCall", "functionResponse"}
PLACE = r"/v1/projects/(?P<project>[^/]+)/locations/(?P<location>[^/]+)/publishers"
GEMINI = re.compile(
    rf"^(?:/v1beta|{PLACE}/google)/models/(?P<model>[^/:]+):(?P<method>generateContent|streamGenerateContent)$"
)
EMBED = re.compile(
    rf"^(?:/v1beta|{PLACE}/google)/models/(?P<model>[^/:]+):(?P<method>batchEmbedContents|predict|embedContent)$"
)
CLAUDE = re.compile(rf"^{PLACE}/anthropic/models/(?P<model>[^/:]+):(?P<method>rawPredict|streamRawPredict)$")


STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}


class Refusal(Exception):
    """An error in Google's form."""

    def __init__(self, code: int, status: str, message: str, detail: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.body = {"error": {"code": code, "message": message, "status": status, "details": [detail or {}]}}


def invalid(message: str, reason: str | None = None) -> Refusal:
    detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason} if reason else None
    return Refusal(400, "INVALID_ARGUMENT", message, detail)


class Google:
    """The server, in a thread of this process."""

    def __init__(self) -> None:
        self.private_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        #: What arrived: path, headers and body.
        self.calls: list[dict[str, Any]] = []
        #: Every request for a token, by kind.
        self.token_requests: list[str] = []
        #: Tokens given, and when they end.
        self.tokens: dict[str, float] = {}
        self.token_s = 3600
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.origin = f"http://{self.host}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def token_uri(self) -> str:
        return f"{self.origin}/token"

    def service_account(self) -> dict[str, str]:
        """The file Google gives out with a key."""
        pem = self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": KEY_ID,
            "private_key": pem.decode(),
            "client_email": ACCOUNT,
            "client_id": "1",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self.token_uri,
        }

    def authorized_user(self) -> dict[str, str]:
        """What `gcloud auth application-default login` writes."""
        return {
            "type": "authorized_user",
            "client_id": "client-1",
            "client_secret": "client-secret-1",
            "refresh_token": REFRESH_TOKEN,
            "quota_project_id": PROJECT,
            "token_uri": self.token_uri,
        }

    def external_account(self, token_file: str, impersonates: bool) -> dict[str, Any]:
        """What `gcloud iam workload-identity-pools create-cred-config` writes."""
        credentials: dict[str, Any] = {
            "type": "external_account",
            "audience": POOL,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": f"{self.origin}/v1/token",
            "credential_source": {"file": token_file},
        }
        if impersonates:
            credentials["credential_source"] = {
                "url": f"{self.origin}/vouch",
                "headers": {"x-secret": "of-the-tests"},
                "format": {"type": "json", "subject_token_field_name": "id_token"},
            }
            credentials["service_account_impersonation_url"] = f"{self.origin}/v1/{ACCOUNT}:generateAccessToken"
        return credentials

    def trade(self, form: dict[str, str]) -> dict[str, Any]:
        """The Security Token Service."""
        expected = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": POOL,
            "scope": SCOPE,
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        }
        if {name: form.get(name) for name in expected} != expected:
            raise ValueError(f"Invalid request: {form}")
        jwt.decode(form["subject_token"], SUBJECT_KEY, algorithms=["HS256"], audience="google", options={"require": ["sub", "exp"]})
        return self.give_token("exchange")

    def impersonate(self, token: str, body: dict[str, Any]) -> dict[str, Any]:
        """The IAM Service Account Credentials API."""
        if self.tokens.get(token, 0) < time.time() or body != {"scope": [SCOPE], "lifetime": "3600s"}:
            raise ValueError(f"Request had invalid authentication credentials: {body}")
        given = self.give_token("impersonation")
        ends = datetime.datetime.fromtimestamp(self.tokens[given["access_token"]], datetime.UTC)
        return {"accessToken": given["access_token"], "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}

    def give_token(self, kind: str) -> dict[str, Any]:
        self.token_requests.append(kind)
        token = f"ya29.{kind}-{len(self.token_requests)}"
        self.tokens[token] = time.time() + self.token_s
        return {"access_token": token, "expires_in": self.token_s, "token_type": "Bearer"}

    def exchange(self, form: dict[str, str]) -> dict[str, Any]:
        """The token endpoint."""
        match form.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                self.check_assertion(form["assertion"])
                return self.give_token("assertion")
            case "refresh_token":
                expected = {key: self.authorized_user()[key] for key in ("client_id", "client_secret", "refresh_token")}
                if {key: form.get(key) for key in expected} != expected:
                    raise ValueError("Token has been expired or revoked.")
                return self.give_token("refresh")
        raise ValueError(f"grant_type {form.get('grant_type')}")

    def check_assertion(self, assertion: str) -> None:
        assert jwt.get_unverified_header(assertion)["kid"] == KEY_ID
        claims = jwt.decode(
            assertion,
            self.private_key.public_key(),
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=ACCOUNT,
            options={"require": ["iss", "aud", "iat", "exp", "scope"]},
        )
        if claims["scope"] != SCOPE or claims["exp"] - claims["iat"] > ASSERTION_S_MAX:
            raise ValueError(f"claims {claims}")

    def authorise(self, route: re.Match[str], headers: dict[str, str]) -> None:
        if route["project"] is None:
            if headers.get("x-goog-api-key") != API_KEY:
                raise invalid("API key not valid. Please pass a valid API key.", "API_KEY_INVALID")
            return
        if (route["project"], route["location"]) != (PROJECT, LOCATION):
            raise Refusal(403, "PERMISSION_DENIED", f"Permission denied on {route['project']}/{route['location']}.")
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) < time.time():
            raise Refusal(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")


def camel(value: Any) -> Any:
    """Names as the reference has them: the parser takes those of the protocol buffers (`inline_data`), too. What only the
    caller and the model know the names of stays as it is.
    """
    if isinstance(value, list):
        return [camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    names = {name: re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name) for name in value}
    free = {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
    return {names[name]: inner if names[name] in free else camel(inner) for name, inner in value.items()}


def check_request(body: dict[str, Any], model: str) -> None:
    """What Google's parser and its models refuse."""
    known(body, REQUEST_FIELDS, "request")
    known(body.get("generationConfig", {}), CONFIG_FIELDS, "generation_config")
    if not body.get("contents"):
        raise invalid("* GenerateContentRequest.contents: contents is not specified")
    turns = list(body["contents"])
    for turn in [*turns, *([body["systemInstruction"]] if "systemInstruction" in body else [])]:
        known(turn, {"role", "parts"}, "content")
        if not turn.get("parts"):
            raise invalid("* GenerateContentRequest.contents.parts: must not be empty")
        for part in turn["parts"]:
            known(part, PART_FIELDS, "part")
            if len(DATA_FIELDS & part.keys()) != 1:
                raise invalid("a part has not one kind of data")
    for before, turn in zip([None, *turns], turns):
        check_turn(before, turn, model)


def check_turn(before: dict[str, Any] | None, turn: dict[str, Any], model: str) -> None:
    if turn["role"] not in ("user", "model"):
        raise invalid("Please use a valid role: user, model.")
    calls = [part for part in turn["parts"] if "functionCall" in part]
    if calls and model.startswith("gemini-3"):
        if calls[0].get("thoughtSignature") not in (SIGNATURE, NO_SIGNATURE):
            raise invalid("Function call is missing a thought_signature in functionCall parts.")
    asked = [part["functionCall"]["name"] for part in (before or {"parts": []})["parts"] if "functionCall" in part]
    given = [part["functionResponse"]["name"] for part in turn["parts"] if "functionResponse" in part]
    if asked != given:
        raise invalid(
            "Please ensure that the number of function response parts is equal to the number of function call parts of "
            "the function call turn."
        )
    for part in turn["parts"]:
        if "functionResponse" in part and not isinstance(part["functionResponse"]["response"], dict):
            raise invalid("function_response.response: Proto field is not repeating")


def known(value: dict[str, Any], fields: set[str], where: str) -> None:
    for name in value.keys() - fields:
        raise invalid(f'Invalid JSON payload received. Unknown name "{name}" at \'{where}\': Cannot find field.')


def answer_of(body: dict[str, Any], model: str) -> list[dict[str, Any]]:
    """The parts of the answer."""
    config = body.get("generationConfig", {})
    last = body["contents"][-1]["parts"]
    text = " ".join(part.get("text", "") for part in last)
    results = [part["functionResponse"] for part in last if "functionResponse" in part]
    tools = [tool for tool in body.get("tools", []) if "functionDeclarations" in tool]
    parts: list[dict[str, Any]] = []
    if config.get("thinkingConfig", {}).get("includeThoughts"):
        parts.append({"text": "Let me think.", "thought": True})
    if results:
        said = "; ".join(f"{result['name']}: {json.dumps(result['response'])}" for result in results)
        return [*parts, {"text": f"Done. {said}"}]
    if tools and body.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode") != "NONE":
        return [*parts, *calls_of(tools[0]["functionDeclarations"], model)]
    if config.get("responseMimeType") == "application/json":
        schema = config.get("responseJsonSchema", {"type": "object", "properties": {"answer": {}}})
        return [*parts, {"text": json.dumps(example(schema))}]
    images = [part["inlineData"] for part in last if "inlineData" in part]
    if images:
        seen = ", ".join(f"{image['mimeType']} of {len(base64.b64decode(image['data']))} bytes" for image in images)
        return [*parts, {"text": f"I see {seen}."}]
    said, _ = cut(f"The quick brown fox heard: {text}", config.get("maxOutputTokens"))
    return [*parts, {"text": said, "thoughtSignature": SIGNATURE}]


def calls_of(functions: list[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    """Calls every function once; only the first call is signed."""
    calls = []
    for number, function in enumerate(functions):
        schema = function.get("parametersJsonSchema") or function.get("parameters") or {"type": "object"}
        call: dict[str, Any] = {"name": function["name"], "args": example(schema)}
        if model.startswith("gemini-3"):
            call["id"] = f"fc{number}"
        part: dict[str, Any] = {"functionCall": call}
        if number == 0 and model.startswith("gemini-3"):
            part["thoughtSignature"] = SIGNATURE
        calls.append(part)
    return calls


def refuse(body: dict[str, Any]) -> None:
    """What a prompt may ask to have go wrong."""
    text = json.dumps(body["contents"][-1])
    if "PLEASE REFUSE" in text:
        detail = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.074824224s"}
        raise Refusal(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", detail)
    if status := asked_failure(text):
        raise Refusal(status, STATUSES[status], "Scripted failure.")
    if re.search("too long|TOO LONG", text):
        raise invalid("The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).")


def events_of(body: dict[str, Any], model: str) -> Iterator[dict[str, Any]]:
    """The answer as a stream: a word or a call an event, counts of the whole so far with each."""
    if "BLOCK ME" in json.dumps(body["contents"][-1]):
        yield {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 10}}
        return
    pieces: list[dict[str, Any]] = []
    for part in answer_of(body, model):
        words = re.findall(r"\S+\s*", part["text"]) if "text" in part else []
        pieces += [{**part, "text": word} for word in words] or [part]
    written, thoughts = 0, 0
    for number, piece in enumerate(pieces):
        written, thoughts = (written, thoughts + 1) if piece.get("thought") else (written + 1, thoughts)
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": [piece]}, **likelihood(body, piece)}
        if number == len(pieces) - 1:
            is_cut = written + thoughts == body.get("generationConfig", {}).get("maxOutputTokens")
            candidate |= {"finishReason": "MAX_TOKENS" if is_cut else "STOP", **grounding(body)}
        yield {
            "candidates": [{**candidate, "index": index} for index in range(body.get("generationConfig", {}).get("candidateCount", 1))],
            "usageMetadata": usage(written, thoughts),
            "modelVersion": f"{model}-001",
            "responseId": "response-1",
        }


def likelihood(body: dict[str, Any], piece: dict[str, Any]) -> dict[str, Any]:
    """How likely its only word was."""
    config = body.get("generationConfig", {})
    if not config.get("responseLogprobs"):
        return {}
    token = {"token": piece.get("text", ""), "tokenId": 1, "logProbability": -0.25}
    return {"logprobsResult": {"chosenCandidates": [token], "topCandidates": [{"candidates": [token] * config.get("logprobs", 0)}]}}


def grounding(body: dict[str, Any]) -> dict[str, Any]:
    if not any("googleSearch" in tool for tool in body.get("tools", [])):
        return {}
    return {
        "groundingMetadata": {
            "webSearchQueries": ["fox"],
            "groundingChunks": [{"web": {"uri": "https://fox.example/", "title": "fox.example"}}],
            "groundingSupports": [{"segment": {"endIndex": 9, "text": "The quick"}, "groundingChunkIndices": [0]}],
        }
    }


def usage(written: int, thoughts: int) -> dict[str, Any]:
    return {
        "promptTokenCount": 10,
        "candidatesTokenCount": written,
        "thoughtsTokenCount": thoughts,
        "totalTokenCount": 10 + written + thoughts,
        "cachedContentTokenCount": 4,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 10}],
    }


def whole(body: dict[str, Any], model: str) -> dict[str, Any]:
    """The answer at once: the last event, with what all of them said."""
    events = list(events_of(body, model))
    last = events[-1]
    if "candidates" in last:
        for candidate in last["candidates"]:
            candidate["content"]["parts"] = answer_of(body, model)
    return last


def check_claude(body: dict[str, Any], method: str) -> None:
    """What Vertex AI wants differently from Anthropic."""
    if body.get("anthropic_version") != "vertex-2023-10-16":
        raise invalid("anthropic_version: Field required")
    if "model" in body:
        raise invalid("model: Extra inputs are not permitted")
    if not isinstance(body.get("max_tokens"), int) or not body.get("messages"):
        raise invalid("max_tokens: Field required")
    if (method == "streamRawPredict") != bool(body.get("stream")):
        raise invalid(f"stream: {body.get('stream')} by {method}")


def claude_message(body: dict[str, Any], model: str) -> dict[str, Any]:
    """What Anthropic itself would answer."""
    try:
        fake_anthropic.check({"model": model, **{name: value for name, value in body.items() if name != "anthropic_version"}})
        content, reason = fake_anthropic.answer_of(body)
    except fake_anthropic.Refusal as refused:
        refusal = Refusal(refused.status, refused.kind, str(refused))
        refusal.body = {"type": "error", "error": {"type": refused.kind, "message": str(refused)}}
        raise refusal from refused
    return {
        "id": "msg_vrtx_1", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": reason, "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 5, **cached(body)},
    }  # fmt: skip


def cached(body: dict[str, Any]) -> dict[str, int]:
    """What is marked to be cached has been cached before."""
    return {"cache_read_input_tokens": 4} if "cache_control" in json.dumps(body) else {}


def embed(body: dict[str, Any], route: re.Match[str]) -> dict[str, Any]:
    """Embeddings, in the form of each method. A token is counted for each text."""
    match route["method"]:
        case "batchEmbedContents":
            known(body, {"requests"}, "request")
            for one in body["requests"]:
                known(one, {"model", "content", "taskType", "title", "outputDimensionality"}, "requests")
                if one["model"] != f"models/{route['model']}":
                    raise invalid("* BatchEmbedContentsRequest.requests.model: model is not the one of the address")
            vectors = [embedding(text_of(one["content"]), one.get("outputDimensionality")) for one in body["requests"]]
            counted = {"usageMetadata": {"promptTokenCount": len(vectors)}}
            return {"embeddings": [{"values": vector} for vector in vectors], **counted}
        case "predict":
            known(body, {"instances", "parameters"}, "request")
            parameters = body.get("parameters", {})
            known(parameters, {"autoTruncate", "outputDimensionality"}, "parameters")
            for one in body["instances"]:
                known(one, {"content", "task_type", "title"}, "instances")
            vectors = [embedding(one["content"], parameters.get("outputDimensionality")) for one in body["instances"]]
            counted = {"statistics": {"truncated": False, "token_count": 1}}
            return {"predictions": [{"embeddings": {"values": vector, **counted}} for vector in vectors]}
    known(body, {"content", "embedContentConfig"}, "request")
    config = body.get("embedContentConfig", {})
    known(config, {"taskType", "title", "outputDimensionality", "autoTruncate"}, "embed_content_config")
    vector = embedding(text_of(body["content"]), config.get("outputDimensionality"))
    return {"embedding": {"values": vector}, "truncated": False, "usageMetadata": {"promptTokenCount": 1}}


def text_of(content: dict[str, Any]) -> str:
    [part] = content["parts"]
    return part["text"]


def handler(google: Google) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path == "/vouch" and self.headers.get("x-secret") == "of-the-tests":
                return self.send(200, {"id_token": subject_token()})
            if self.path != "/computeMetadata/v1/instance/service-accounts/default/token":
                return self.send(404, {"error": self.path})
            if self.headers.get("metadata-flavor") != "Google":
                return self.send(403, {"error": "Missing Metadata-Flavor:Google header."})
            return self.send(200, google.give_token("metadata"))

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            if self.path in ("/token", "/v1/token"):
                return self.token(raw)
            if self.path.endswith(":generateAccessToken"):
                bearer = self.headers.get("authorization", "").removeprefix("Bearer ")
                return self.send(200, google.impersonate(bearer, json.loads(raw)))
            path = urllib.parse.urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                route = GEMINI.match(path.path) or CLAUDE.match(path.path) or EMBED.match(path.path)
                if route is None:
                    raise Refusal(404, "NOT_FOUND", f"{path.path} is not found.")
                google.authorise(route, headers)
                body = json.loads(raw)
                google.calls.append({"path": self.path, "headers": headers, "body": body})
                if route.re is CLAUDE:
                    check_claude(body, route["method"])
                    return self.claude(body, route["model"])
                if route.re is EMBED:
                    return self.send(200, embed(body, route))
                body = camel(body)
                check_request(body, route["model"])
                refuse(body)
            except Refusal as refusal:
                return self.send(refusal.code, refusal.body)
            if route["method"] == "generateContent":
                return self.send(200, whole(body, route["model"]))
            assert path.query == "alt=sse", "without it the stream is a JSON array"
            return self.stream(f"data: {json.dumps(event)}\r\n\r\n" for event in events_of(body, route["model"]))

        def claude(self, body: dict[str, Any], model: str) -> None:
            message = claude_message(body, model)
            if not body.get("stream"):
                return self.send(200, message)
            events = fake_anthropic.events_of(message)
            return self.stream(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)

        def token(self, raw: bytes) -> None:
            try:
                form = dict(urllib.parse.parse_qsl(raw.decode()))
                return self.send(200, google.exchange(form) if self.path == "/token" else google.trade(form))
            except (ValueError, AssertionError, jwt.PyJWTError) as error:
                return self.send(400, {"error": "invalid_grant", "error_description": str(error)})

        def stream(self, events: Iterable[str]) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for event in events:
                data = event.encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.write(b"0\r\n\r\n")

        def send(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json; charset=UTF-8")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
