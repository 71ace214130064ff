// The gateway through OpenAI's Node SDK.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import OpenAI, { AzureOpenAI } from "openai";

import { eventually, manage, startTollgate } from "../../harness/tollgate.mjs";

const MESSAGES = [{ role: "user", content: "Say something." }];
const TEXT = "The quick brown fox jumps.";
/** 10 input tokens at 1e-6 and 5 output tokens at 2e-6, in dollars. */
const COST = 0.00002;

let tollgate;
before(async () => {
  tollgate = await startTollgate();
});
after(async () => {
  await tollgate?.stop();
});

async function makeClient(fields = {}) {
  const { key } = await manage(tollgate, "POST", "/key/generate", fields);
  return new OpenAI({ baseURL: `${tollgate.url}/v1`, apiKey: key, maxRetries: 0 });
}

async function textOf(stream) {
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

/** The calls of a client's key in the ledger, once there are any. */
async function logsOf(client) {
  return eventually(async () => {
    const page = await manage(tollgate, "GET", `/spend/logs/v2?api_key=${client.apiKey}`);
    return page.total > 0 && page.data;
  }, "calls in the log");
}

describe("chat", () => {
  it("answers", async () => {
    const client = await makeClient();
    const answer = await client.chat.completions.create({ model: "fake", messages: MESSAGES });
    assert.equal(answer.choices[0].message.content, TEXT);
    assert.equal(answer.usage.total_tokens, 15);
  });

  it("says what a call cost and logs it under its id", async () => {
    const client = await makeClient();
    const { response } = await client.chat.completions.create({ model: "fake", messages: MESSAGES }).withResponse();
    assert.equal(Number(response.headers.get("x-litellm-response-cost")), COST);
    const [row] = await logsOf(client);
    assert.equal(row.request_id, response.headers.get("x-litellm-call-id"));
    assert.equal(row.spend, COST);
  });

  it("streams without usage, and charges for it", async () => {
    const client = await makeClient();
    const stream = await client.chat.completions.create({ model: "fake", messages: MESSAGES, stream: true });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), TEXT);
    assert.ok(chunks.every((chunk) => chunk.usage == null));
    const [row] = await logsOf(client);
    assert.equal(row.spend, COST);
  });

  it("streams usage where it is asked for", async () => {
    const client = await makeClient();
    const stream = await client.chat.completions.create({
      model: "fake",
      messages: MESSAGES,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    const last = chunks.at(-1);
    assert.deepEqual(last.choices, []);
    assert.equal(last.usage.total_tokens, 15);
  });

  it("passes unknown fields both ways", async () => {
    const client = await makeClient();
    const answer = await client.chat.completions.create({
      model: "fake",
      messages: MESSAGES,
      novelty: { deep: [1, null] },
      fake: { merge: { surprise: { y: 1, x: 2 } } },
    });
    assert.deepEqual(Object.entries(answer.surprise), [["y", 1], ["x", 2]]);
    const arrived = JSON.parse(tollgate.upstream.calls.at(-1).body);
    assert.deepEqual(arrived.novelty, { deep: [1, null] });
    assert.equal(arrived.model, "fake-model");
  });

  it("gives tool calls to the SDK's runner", async () => {
    const client = await makeClient();
    const tool = { type: "function", function: { name: "weather", parameters: { type: "object", properties: {} } } };
    const answer = await client.chat.completions.create({
      model: "fake",
      messages: MESSAGES,
      tools: [tool],
      tool_choice: "required",
    });
    assert.equal(answer.choices[0].finish_reason, "tool_calls");
    assert.equal(answer.choices[0].message.tool_calls[0].function.name, "weather");
  });

  it("serves Azure clients", async () => {
    const { apiKey } = await makeClient();
    const azure = new AzureOpenAI({ endpoint: tollgate.url, apiKey, apiVersion: "2024-10-21", maxRetries: 0 });
    const answer = await azure.chat.completions.create({ model: "fake", messages: MESSAGES });
    assert.equal(answer.choices[0].message.content, TEXT);
    const stream = await azure.chat.completions.create({ model: "fake", messages: MESSAGES, stream: true });
    assert.equal(await textOf(stream), TEXT);
  });

  it("cancels the provider's call and charges for what came when the client leaves", async () => {
    const client = await makeClient();
    const stream = await client.chat.completions.create({
      model: "fake",
      messages: MESSAGES,
      stream: true,
      fake: { text: "word ".repeat(400), chunk_delay_ms: 10 },
    });
    const call = tollgate.upstream.calls.at(-1);
    let received = 0;
    for await (const _chunk of stream) {
      received += 1;
      if (received === 20) break;
    }
    await eventually(() => call.state === "disconnected", "the cancellation", 1000);
    const [row] = await logsOf(client);
    assert.equal(row.status, "cancelled");
    assert.ok(row.completion_tokens >= 15 && row.completion_tokens < 800, `${row.completion_tokens} tokens`);
    assert.ok(row.spend > 0);
  });
});

describe("errors", () => {
  const call = (client, fields = {}) => client.chat.completions.create({ model: "fake", messages: MESSAGES, ...fields });

  it("401 for a key that is none", async () => {
    const client = new OpenAI({ baseURL: `${tollgate.url}/v1`, apiKey: "sk-no-such-key-0123456789", maxRetries: 0 });
    await assert.rejects(call(client), (error) => error instanceof OpenAI.AuthenticationError && error.type === "token_not_found_in_db");
  });

  it("403 for a model the key may not use", async () => {
    const client = await makeClient({ models: ["other"] });
    await assert.rejects(call(client), (error) => error instanceof OpenAI.PermissionDeniedError && error.type === "key_model_access_denied");
  });

  it("400 for a model that is none", async () => {
    const client = await makeClient();
    await assert.rejects(call(client, { model: "no-such-model" }), OpenAI.BadRequestError);
  });

  it("400 budget_exceeded over the budget", async () => {
    const client = await makeClient({ max_budget: 2 * COST });
    await call(client, { max_tokens: 5 });
    await assert.rejects(call(client, { max_tokens: 5 }), (error) => error instanceof OpenAI.BadRequestError && error.type === "budget_exceeded");
  });

  it("the provider's 429 with its body and request id", async () => {
    const client = await makeClient();
    const body = { error: { message: "Slow down.", type: "tokens", param: null, code: "rate_limit_exceeded" } };
    await assert.rejects(call(client, { fake: { status: 429, body } }), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.deepEqual([error.type, error.code], ["tokens", "rate_limit_exceeded"]);
      assert.match(error.message, /Slow down\./);
      assert.match(error.requestID, /^req_fake_/);
      return true;
    });
  });

  it("an error in the stream when the provider is cut off", async () => {
    const client = await makeClient();
    const stream = await call(client, { stream: true, fake: { truncate_after: 2, chunk_delay_ms: 20 } });
    await assert.rejects(textOf(stream), OpenAI.APIError);
  });
});

describe("models", () => {
  it("lists and retrieves what the key may use", async () => {
    const client = await makeClient({ models: ["fake"] });
    const page = await client.models.list();
    assert.deepEqual(page.data.map((model) => model.id), ["fake"]);
    assert.equal((await client.models.retrieve("fake")).owned_by, "openai");
    await assert.rejects(client.models.retrieve("no-such-model"), OpenAI.NotFoundError);
  });
});
