// Every client, every provider, every feature: the clients do what their users do, the providers refuse what is not as they
// take it. What worked is written to the folder TOLLGATE_FEATURES, from which the table in the documentation is made.

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it } from "node:test";

import { startTollgateWithProviders } from "../../harness/providers.mjs";
import { manage } from "../../harness/tollgate.mjs";
import * as anthropic from "./clients/anthropic.mjs";
import * as langchain from "./clients/langchain.mjs";
import * as openai from "./clients/openai.mjs";
import * as vercel from "./clients/vercel.mjs";

const CLIENTS = [openai, anthropic, langchain.openai, langchain.anthropic, vercel.openai, vercel.anthropic];
const FEATURES = ["chat", "stream", "tools", "streamed tools", "vision", "JSON schema"];
const MODELS = [
  "openai",
  "azure",
  "anthropic",
  "bedrock-claude",
  "bedrock-nova",
  "gemini",
  "vertex",
  "vertex-claude",
  "cohere",
  "ollama",
  "tgi",
];

/** Who has a model for embeddings here, and who asks for them. */
const EMBEDDERS = ["openai", "azure", "bedrock-nova", "gemini", "vertex", "cohere", "ollama"];
const EMBEDDED_BY = [openai, langchain.openai, vercel.openai];

/** What a provider has not, and a client is told by the parameter's name: client, model, feature, parameter. */
const REFUSED = [
  // It is asked for by a tool that has to be called.
  [vercel.anthropic, "ollama", "JSON schema", /'tool_choice'/],
];

const results = [];
let tollgate;
let key;
before(async () => {
  tollgate = await startTollgateWithProviders();
  ({ key } = await manage(tollgate, "POST", "/key/generate", {}));
});
after(async () => {
  await tollgate?.stop();
  const folder = process.env.TOLLGATE_FEATURES;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "node.json"), JSON.stringify(results));
});

for (const client of CLIENTS) {
  describe(client.name, () => {
    for (const model of MODELS) {
      const embeds = EMBEDDERS.includes(model) && EMBEDDED_BY.includes(client);
      for (const feature of [...FEATURES, ...(embeds ? ["embeddings"] : [])]) {
        const refused = REFUSED.find((one) => one[0] === client && one[1] === model && one[2] === feature);
        it(`${feature}: ${model}`, async () => {
          const asked = client.connect({ url: tollgate.url, key })[feature](model);
          await (refused ? assert.rejects(asked, refused[3]) : asked);
          results.push({ client: client.name, model, feature, outcome: refused ? "refused" : "works" });
        });
      }
    }
  });
}
