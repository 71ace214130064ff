// Vercel's AI SDK, by each of its two protocols.

import assert from "node:assert/strict";

import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { Output, embedMany, generateText, stepCountIs, streamText, tool } from "ai";

import * as q from "./question.mjs";

export const openai = {
  name: "AI SDK OpenAI",
  connect({ url, key }) {
    const provider = createOpenAI({ baseURL: `${url}/v1`, apiKey: key });
    return {
      ...withModels(provider.chat),
      async embeddings(model) {
        const answer = await embedMany({ model: provider.embedding(q.embedderOf(model)), values: q.TEXTS, maxRetries: 0 });
        q.assertVectors(answer.embeddings);
      },
    };
  },
};

export const anthropic = {
  name: "AI SDK Anthropic",
  connect: ({ url, key }) => withModels(createAnthropic({ baseURL: `${url}/v1`, apiKey: key })),
};

function withModels(open) {
  const ask = { system: q.SYSTEM, prompt: q.QUESTION, maxRetries: 0, maxOutputTokens: 1000 };
  return {
    async chat(model) {
      const answer = await generateText({ model: open(model), ...ask });
      assert.match(answer.text, q.TEXT);
      assert.equal(answer.finishReason, "stop");
      assert.ok(answer.usage.outputTokens > 0);
    },
    async stream(model) {
      const answer = streamText({ model: open(model), ...ask, onError: rethrow });
      const pieces = [];
      for await (const piece of answer.textStream) pieces.push(piece);
      q.assertStreamed(pieces, (await answer.usage).outputTokens);
    },
    async tools(model) {
      const station = q.weatherStation();
      const answer = await generateText({ model: open(model), ...toolsOf(station) });
      q.assertToolsWereUsed(station.cities, answer.text);
    },
    async "streamed tools"(model) {
      const station = q.weatherStation();
      const answer = streamText({ model: open(model), ...toolsOf(station), onError: rethrow });
      q.assertToolsWereUsed(station.cities, await answer.text);
    },
    async vision(model) {
      const content = [
        { type: "text", text: "What is this?" },
        { type: "image", image: q.PNG, mediaType: "image/png" },
      ];
      const answer = await generateText({ model: open(model), maxRetries: 0, messages: [{ role: "user", content }] });
      q.assertSeen(answer.text);
    },
    async "JSON schema"(model) {
      const answer = await generateText({ model: open(model), ...ask, output: Output.object({ schema: q.REPORT }) });
      q.assertReport(answer.output);
    },
  };
}

function toolsOf(station) {
  const weather = tool({ description: q.WEATHER.description, inputSchema: q.WEATHER.parameters, execute: station.run });
  return { prompt: q.WEATHER_QUESTION, tools: { weather }, stopWhen: stepCountIs(3), maxRetries: 0 };
}

function rethrow({ error }) {
  throw error;
}
