// A fake OpenAI-compatible provider. What it does is asked for in the call itself: the body's field `fake` passes through
// the gateway like any unknown field. Without it: a fixed answer, or the same answer as a stream.
//
//   fake.text           the answer, one token a word            fake.prompt_tokens  input tokens it claims (default 10)
//   fake.status, .body  answer with this error                  fake.headers        further headers of the answer
//   fake.delay_ms       wait before the first byte              fake.hang           never answer
//   fake.chunk_delay_ms wait before every word of a stream      fake.truncate_after cut the connection after so many words
//   fake.no_usage       leave out usage                         fake.merge          fields merged into the answer
//
// `GET /calls` tells what arrived and how it ended; `DELETE /calls` forgets.

import { once } from "node:events";
import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const BODY_BYTES_MAX = 20 * 1024 * 1024;
const CREATED = 1_700_000_000;

/** Starts the provider on an ephemeral port of the loopback. */
export async function startUpstream() {
  const calls = [];
  const server = http.createServer((request, response) => {
    route(request, response, calls).catch((error) => response.destroy(error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    /** What a deployment's `api_base` is set to. */
    apiBase: `${origin}/v1`,
    calls,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function route(request, response, calls) {
  if (request.url === "/calls") {
    if (request.method === "DELETE") calls.length = 0;
    return send(response, 200, calls);
  }
  const raw = await readBody(request);
  const call = {
    number: calls.length + 1,
    path: request.url,
    headers: request.headers,
    body: raw,
    /** `open`, then `finished`, or `disconnected` when the caller left first. */
    state: "open",
    words_sent: 0,
  };
  calls.push(call);
  response.on("close", () => {
    call.state = response.writableFinished ? "finished" : "disconnected";
    call.closed_at_ms = Date.now();
  });
  if (!request.url.endsWith("/chat/completions")) {
    return send(response, 404, openaiError(404, `Unknown request URL: POST ${request.url}.`));
  }
  await answer(JSON.parse(raw), call, response);
}

async function answer(body, call, response) {
  const fake = body.fake ?? {};
  if (fake.hang) return;
  if (fake.delay_ms) await sleep(fake.delay_ms);
  response.setHeader("x-request-id", `req_fake_${call.number}`);
  for (const [name, value] of Object.entries(fake.headers ?? {})) response.setHeader(name, value);
  if (fake.status) {
    return send(response, fake.status, fake.body ?? openaiError(fake.status, `Scripted ${fake.status}.`));
  }
  if (body.stream) return stream(body, fake, call, response);
  const words = textOf(fake);
  const completion = {
    id: `chatcmpl-fake-${call.number}`,
    object: "chat.completion",
    created: CREATED,
    model: body.model,
    choices: [choice(body, words)],
    system_fingerprint: "fp_fake",
    ...(fake.no_usage ? {} : { usage: usageOf(fake, words) }),
    ...fake.merge,
  };
  call.words_sent = words.length;
  return send(response, 200, completion);
}

/** The tool is called where the request offers one and asks for it. */
function choice(body, words) {
  if (body.tools && body.tool_choice === "required") {
    const call = { id: "call_fake", type: "function", function: { name: body.tools[0].function.name, arguments: '{"city":"Oslo"}' } };
    return { index: 0, message: { role: "assistant", content: null, tool_calls: [call] }, logprobs: null, finish_reason: "tool_calls" };
  }
  return { index: 0, message: { role: "assistant", content: words.join(""), refusal: null }, logprobs: null, finish_reason: "stop" };
}

async function stream(body, fake, call, response) {
  const words = textOf(fake);
  const chunk = (delta, finish = null) => ({
    id: `chatcmpl-fake-${call.number}`,
    object: "chat.completion.chunk",
    created: CREATED,
    model: body.model,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...fake.merge,
    ...(body.stream_options?.include_usage ? { usage: null } : {}),
  });
  const write = async (event) => {
    if (response.destroyed) return;
    if (!response.write(`data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`)) {
      await Promise.race([once(response, "drain"), once(response, "close")]);
    }
  };
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  await write(chunk({ role: "assistant", content: "" }));
  for (const word of words) {
    if (fake.chunk_delay_ms) await sleep(fake.chunk_delay_ms);
    if (response.destroyed) return;
    if (fake.truncate_after !== undefined && call.words_sent >= fake.truncate_after) return response.destroy();
    await write(chunk({ content: word }));
    call.words_sent += 1;
  }
  await write(chunk({}, "stop"));
  if (body.stream_options?.include_usage && !fake.no_usage) {
    await write({ ...chunk({}), choices: [], usage: usageOf(fake, words) });
  }
  await write("[DONE]");
  response.end();
}

/** The words of the answer, the space kept with the word before it. */
function textOf(fake) {
  return (fake.text ?? "The quick brown fox jumps.").match(/\S+\s*/g) ?? [];
}

function usageOf(fake, words) {
  const prompt = fake.prompt_tokens ?? 10;
  return {
    prompt_tokens: prompt,
    completion_tokens: words.length,
    total_tokens: prompt + words.length,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  };
}

function openaiError(status, message) {
  const type = status === 429 ? "rate_limit_error" : status >= 500 ? "server_error" : "invalid_request_error";
  return { error: { message, type, param: null, code: status === 429 ? "rate_limit_exceeded" : null } };
}

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

async function readBody(request) {
  const parts = [];
  let bytes = 0;
  for await (const part of request) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Error("the body is too long");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
