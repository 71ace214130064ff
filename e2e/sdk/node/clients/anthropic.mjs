// Anthropic's SDK.

import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";
import { betaZodTool } from "@anthropic-ai/sdk/helpers/beta/zod";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";

import * as q from "./question.mjs";

export const name = "Anthropic TypeScript";

export function connect({ url, key }) {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
  const ask = { max_tokens: 1000, system: q.SYSTEM, messages: [{ role: "user", content: q.QUESTION }] };
  const textOf = (message) => message.content.map((block) => block.text ?? "").join("");
  return {
    async chat(model) {
      const message = await client.messages.create({ model, ...ask });
      assert.match(textOf(message), q.TEXT);
      assert.equal(message.stop_reason, "end_turn");
      assert.ok(message.usage.output_tokens > 0);
    },
    async stream(model) {
      const stream = client.messages.stream({ model, ...ask });
      const pieces = [];
      stream.on("text", (delta) => pieces.push(delta));
      const message = await stream.finalMessage();
      q.assertStreamed(pieces, message.usage.output_tokens);
    },
    async tools(model) {
      await useTools(model, false);
    },
    async "streamed tools"(model) {
      await useTools(model, true);
    },
    async vision(model) {
      const image = { type: "image", source: { type: "base64", media_type: "image/png", data: q.PNG } };
      const content = [{ type: "text", text: "What is this?" }, image];
      q.assertSeen(textOf(await client.messages.create({ model, ...ask, messages: [{ role: "user", content }] })));
    },
    async "JSON schema"(model) {
      const message = await client.messages.parse({ model, ...ask, output_config: { format: zodOutputFormat(q.REPORT) } });
      q.assertReport(message.parsed_output);
    },
  };

  async function useTools(model, stream) {
    const station = q.weatherStation();
    const tool = betaZodTool({
      name: q.WEATHER.name,
      description: q.WEATHER.description,
      inputSchema: q.WEATHER.parameters,
      run: station.run,
    });
    const messages = [{ role: "user", content: q.WEATHER_QUESTION }];
    const runner = client.beta.messages.toolRunner({ model, max_tokens: 1000, messages, tools: [tool], stream });
    q.assertToolsWereUsed(station.cities, textOf(await runner.runUntilDone()));
  }
}
