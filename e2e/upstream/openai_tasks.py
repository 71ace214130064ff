"""A fake of what OpenAI's API does besides chat, and of a reranker as vLLM, Jina and Cohere have one.

Forms: OpenAI's API reference, "Embeddings", "Images", "Audio", "Moderations", "Completions (legacy)"; Cohere's, "Rerank".
"""

from __future__ import annotations

import base64
import email.parser
import email.policy
import struct
from collections.abc import Iterator
from typing import Any

from fake import Answer, Call, Provider, Refused, sse, words

KEY = "sk-of-the-provider"
VECTOR = [0.5, -0.25, 0.125]
PICTURE = base64.b64encode(b"a picture").decode()
SOUND = b"ID3\x04 the sound of \xff\xfe a voice"
TRANSCRIPT = "The quick brown fox jumps."
CONTINUATION = " there was a fox."


def refuse(message: str, param: str | None = None, status: int = 400) -> Refused:
    return Refused(status, {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": None}})


class OpenAITasks(Provider):
    """Answers as OpenAI does, and refuses what it would refuse."""

    def answer(self, call: Call) -> Answer:
        if call.headers.get("authorization") != f"Bearer {KEY}":
            raise refuse("Incorrect API key provided.", status=401)
        name = call.path.removeprefix("/v1/").replace("/", "_").replace("-", "_")
        handler = getattr(self, name, None)
        if handler is None:
            raise refuse(f"Unknown request URL: POST {call.path}.", status=404)
        answer: Answer = handler(call)
        return answer

    def embeddings(self, call: Call) -> Answer:
        return embed(call)

    def images_generations(self, call: Call) -> Answer:
        known = {"model", "prompt", "n", "size", "quality", "background", "output_format", "stream", "partial_images", "user"}
        body = allow(call.body, known)
        usage = {"input_tokens": 10, "output_tokens": 100, "total_tokens": 110, "input_tokens_details": {"text_tokens": 10, "image_tokens": 0}}
        if body.get("stream"):
            return Answer(pieces=picture_events(usage), content_type="text/event-stream")
        return Answer({"created": 1, "data": [{"b64_json": PICTURE}] * body.get("n", 1), "usage": usage})

    def images_edits(self, call: Call) -> Answer:
        fields = form(call)
        if fields.get("image", fields.get("image[]")) is None or "prompt" not in fields:
            raise refuse("Missing required parameter: 'image'.", "image")
        usage = {"input_tokens": 50, "output_tokens": 100, "total_tokens": 150, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}}
        return Answer({"created": 1, "data": [{"b64_json": PICTURE}], "usage": usage})

    def audio_speech(self, call: Call) -> Answer:
        body = allow(call.body, {"model", "input", "voice", "instructions", "response_format", "speed", "stream_format"})
        if "voice" not in body:
            raise refuse("Missing required parameter: 'voice'.", "voice")
        return Answer(raw=SOUND, content_type="audio/mpeg")

    def audio_transcriptions(self, call: Call) -> Answer:
        fields = form(call)
        if not fields["file"].startswith(b"RIFF"):
            raise refuse("Audio file might be corrupted or unsupported.", "file")
        usage = {"type": "tokens", "input_tokens": 14, "input_token_details": {"text_tokens": 4, "audio_tokens": 10}, "output_tokens": 5, "total_tokens": 19}
        if fields.get("stream") == b"true":
            return Answer(pieces=transcript_events(usage), content_type="text/event-stream")
        match fields.get("response_format", b"json"):
            case b"text":
                return Answer(raw=f"{TRANSCRIPT}\n".encode(), content_type="text/plain; charset=utf-8")
            case b"verbose_json":
                return Answer({"task": "transcribe", "language": "english", "duration": 2.5, "text": TRANSCRIPT, "segments": []})
            case _:
                return Answer({"text": TRANSCRIPT, "usage": usage})

    def audio_translations(self, call: Call) -> Answer:
        form(call)
        return Answer({"text": TRANSCRIPT, "usage": {"type": "duration", "seconds": 3}})

    def moderations(self, call: Call) -> Answer:
        body = allow(call.body, {"model", "input"})
        inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
        results = [{"flagged": "kill" in str(one), "categories": {"violence": "kill" in str(one)}, "category_scores": {"violence": 0.9}} for one in inputs]
        return Answer({"id": "modr-1", "model": body["model"], "results": results})

    def rerank(self, call: Call) -> Answer:
        body = allow(call.body, {"model", "query", "documents", "top_n", "return_documents", "rank_fields", "max_tokens_per_doc"})
        results = [{"index": index, "relevance_score": round(0.9 - index / 10, 1)} for index in reversed(range(len(body["documents"])))]
        meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
        return Answer({"id": "rerank-1", "results": results[: body.get("top_n", len(results))], "meta": meta})

    def completions(self, call: Call) -> Answer:
        body = call.body
        if "messages" in body:
            raise refuse("Unrecognized request argument supplied: messages")
        head = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": body["model"]}
        usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        if body.get("stream"):
            return Answer(pieces=text_events(head, usage, body), content_type="text/event-stream")
        prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
        choices = [{"text": CONTINUATION, "index": index, "logprobs": None, "finish_reason": "stop"} for index in range(len(prompts))]
        return Answer({**head, "choices": choices, "usage": usage})


def embed(call: Call) -> Answer:
    """A vector for each input."""
    body = allow(call.body, {"model", "input", "encoding_format", "dimensions", "user"})
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    vector = VECTOR[: body.get("dimensions", 3)]
    packed = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
    embedding = packed if body.get("encoding_format") == "base64" else vector
    data = [{"object": "embedding", "index": index, "embedding": embedding} for index in range(len(inputs))]
    return Answer({"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 8, "total_tokens": 8}})


def allow(body: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The body, if OpenAI knows all of its members."""
    for name in body.keys() - known:
        raise refuse(f"Unknown parameter: '{name}'.", name)
    return body


def form(call: Call) -> dict[str, bytes]:
    """The fields of a form, read by the standard library."""
    head = f"content-type: {call.headers['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + call.raw)
    if not message.is_multipart():
        raise refuse("Could not parse multipart form.")
    fields = {str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True) for part in message.iter_parts()}
    for name in fields.keys() & {"tags", "metadata", "user_api_key"}:
        raise refuse(f"Unknown parameter: '{name}'.", name)
    return {name: value for name, value in fields.items() if isinstance(value, bytes)}


def picture_events(usage: dict[str, Any]) -> Iterator[str]:
    partial = {"type": "image_generation.partial_image", "b64_json": PICTURE, "partial_image_index": 0}
    yield sse(partial, "image_generation.partial_image")
    yield sse({"type": "image_generation.completed", "b64_json": PICTURE, "usage": usage}, "image_generation.completed")


def transcript_events(usage: dict[str, Any]) -> Iterator[str]:
    for word in words(TRANSCRIPT):
        yield sse({"type": "transcript.text.delta", "delta": word})
    yield sse({"type": "transcript.text.done", "text": TRANSCRIPT, "usage": usage})


def text_events(head: dict[str, Any], usage: dict[str, Any], body: dict[str, Any]) -> Iterator[str]:
    for word in words(CONTINUATION):
        yield sse({**head, "choices": [{"text": word, "index": 0, "logprobs": None, "finish_reason": None}]})
    yield sse({**head, "choices": [{"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"}]})
    if body.get("stream_options", {}).get("include_usage"):
        yield sse({**head, "choices": [], "usage": usage})
    yield sse("[DONE]")
