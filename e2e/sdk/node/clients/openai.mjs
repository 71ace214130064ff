// OpenAI's SDK.

import assert from "node:assert/strict";

import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";

import * as q from "./question.mjs";

export const name = "OpenAI Node";

export function connect({ url, key }) {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const messages = [
    { role: "system", content: q.SYSTEM },
    { role: "user", content: q.QUESTION },
  ];
  return {
    async chat(model) {
      const answer = await client.chat.completions.create({ model, messages, max_completion_tokens: 100 });
      assert.match(answer.choices[0].message.content, q.TEXT);
      assert.equal(answer.choices[0].finish_reason, "stop");
      assert.ok(answer.usage.completion_tokens > 0);
    },
    async stream(model) {
      const stream = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
      const pieces = [];
      stream.on("content", (delta) => pieces.push(delta));
      const usage = await stream.totalUsage();
      q.assertStreamed(pieces, usage.completion_tokens);
    },
    async tools(model) {
      await useTools(model, false);
    },
    async "streamed tools"(model) {
      await useTools(model, true);
    },
    async vision(model) {
      const image = { type: "image_url", image_url: { url: `data:image/png;base64,${q.PNG}` } };
      const content = [{ type: "text", text: "What is this?" }, image];
      const answer = await client.chat.completions.create({ model, messages: [{ role: "user", content }] });
      q.assertSeen(answer.choices[0].message.content);
    },
    async "JSON schema"(model) {
      const response_format = zodResponseFormat(q.REPORT, "report");
      const answer = await client.chat.completions.parse({ model, messages, response_format });
      q.assertReport(answer.choices[0].message.parsed);
    },
    async embeddings(model) {
      const answer = await client.embeddings.create({ model: q.embedderOf(model), input: q.TEXTS });
      q.assertVectors(answer.data.map((one) => one.embedding));
    },
  };

  async function useTools(model, stream) {
    const station = q.weatherStation();
    const weather = { name: q.WEATHER.name, description: q.WEATHER.description, parameters: q.WEATHER.schema };
    const runner = client.chat.completions.runTools({
      model,
      stream,
      messages: [{ role: "user", content: q.WEATHER_QUESTION }],
      tools: [{ type: "function", function: { ...weather, parse: JSON.parse, function: station.run } }],
    });
    q.assertToolsWereUsed(station.cities, await runner.finalContent());
  }
}
