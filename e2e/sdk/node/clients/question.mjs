// What every client is asked to do, and what shows that it did.

import assert from "node:assert/strict";

import { z } from "zod";

export const SYSTEM = "Be brief.";
export const QUESTION = "Say something.";
export const TEXT = /^The quick brown fox/;
export const WEATHER_QUESTION = "How is the weather in Oslo and Rome?";
export const PNG =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The one tool: the weather of a city. */
export const WEATHER = {
  name: "weather",
  description: "The weather of a city.",
  parameters: z.object({ city: z.string() }),
  schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
};

/** The form of the structured answer. */
export const REPORT = z.object({ city: z.string(), degrees: z.number().int() });

/** Runs the tool, and notes for which cities it was. */
export function weatherStation() {
  const cities = [];
  return {
    cities,
    run({ city }) {
      cities.push(city);
      return `21 degrees in ${city}`;
    },
  };
}

export function assertToolsWereUsed(cities, text) {
  assert.ok(cities.includes("Oslo"), `asked for the weather of ${cities}`);
  assert.match(text, /21 degrees/);
}

export function assertReport(report) {
  REPORT.strict().parse(report);
}

export function assertSeen(text) {
  assert.match(text, /image.png/);
}

/** What is embedded, and the model that does it beside `model`. */
export const TEXTS = ["A fox", "The lazy dog"];
export const embedderOf = (model) => `${model}-embedding`;

export function assertVectors(vectors) {
  assert.equal(vectors.length, TEXTS.length);
  for (const vector of vectors) assert.ok(vector.length > 1 && vector.every(Number.isFinite), `${vector}`);
}

/** A stream came in pieces, said everything and told what was used. */
export function assertStreamed(pieces, tokens) {
  assert.ok(pieces.filter((piece) => piece !== "").length > 1, `${pieces.length} pieces`);
  assert.match(pieces.join(""), TEXT);
  assert.ok(tokens > 0, `${tokens} tokens`);
}
