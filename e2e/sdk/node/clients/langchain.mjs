// LangChain, by each of its two protocols.

import assert from "node:assert/strict";

import { ChatAnthropic } from "@langchain/anthropic";
import { HumanMessage, SystemMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";

import * as q from "./question.mjs";

export const openai = {
  name: "LangChain ChatOpenAI",
  connect({ url, key }) {
    const ask = { apiKey: key, maxRetries: 0, configuration: { baseURL: `${url}/v1` } };
    return {
      ...withModels((model) => new ChatOpenAI({ model, ...ask })),
      async embeddings(model) {
        q.assertVectors(await new OpenAIEmbeddings({ model: q.embedderOf(model), ...ask }).embedDocuments(q.TEXTS));
      },
    };
  },
};

export const anthropic = {
  name: "LangChain ChatAnthropic",
  connect: ({ url, key }) =>
    withModels((model) => new ChatAnthropic({ model, apiKey: key, maxRetries: 0, maxTokens: 1000, anthropicApiUrl: url })),
};

function withModels(open) {
  const messages = [new SystemMessage(q.SYSTEM), new HumanMessage(q.QUESTION)];
  return {
    async chat(model) {
      const answer = await open(model).invoke(messages);
      assert.match(answer.text, q.TEXT);
      assert.ok(answer.usage_metadata.output_tokens > 0);
    },
    async stream(model) {
      const pieces = [];
      let whole;
      for await (const chunk of await open(model).stream(messages)) {
        pieces.push(chunk.text);
        whole = whole ? whole.concat(chunk) : chunk;
      }
      q.assertStreamed(pieces, whole.usage_metadata.output_tokens);
    },
    async tools(model) {
      await useTools(open(model), (chat, history) => chat.invoke(history));
    },
    async "streamed tools"(model) {
      await useTools(open(model), async (chat, history) => {
        let whole;
        for await (const chunk of await chat.stream(history)) whole = whole ? whole.concat(chunk) : chunk;
        return whole;
      });
    },
    async vision(model) {
      const image = { type: "image_url", image_url: { url: `data:image/png;base64,${q.PNG}` } };
      const content = [{ type: "text", text: "What is this?" }, image];
      q.assertSeen((await open(model).invoke([new HumanMessage({ content })])).text);
    },
    async "JSON schema"(model) {
      const chat = open(model).withStructuredOutput(q.REPORT, { name: "report", method: "jsonSchema" });
      q.assertReport(await chat.invoke(messages));
    },
  };
}

async function useTools(model, ask) {
  const station = q.weatherStation();
  const weather = tool(station.run, { name: q.WEATHER.name, description: q.WEATHER.description, schema: q.WEATHER.parameters });
  const chat = model.bindTools([weather]);
  const history = [new HumanMessage(q.WEATHER_QUESTION)];
  let answer = await ask(chat, history);
  assert.ok(answer.tool_calls.length > 0);
  history.push(answer);
  for (const call of answer.tool_calls) history.push(await weather.invoke(call));
  answer = await ask(chat, history);
  q.assertToolsWereUsed(station.cities, answer.text);
}
