// Where alerts are told: takes messages as Slack does, and webhooks as Standard Webhooks say, and says what is wrong with
// them. Bounds of Slack: docs.slack.dev/reference/block-kit/blocks. Webhooks: standardwebhooks.com.

import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import http from "node:http";

/** How old a webhook's message may be, in seconds. */
const REPLAY_SECONDS = 300;
const ELEMENTS = { header: "text", section: null, context: "elements", actions: "elements", divider: null };

/** Starts a receiver. `told` are the messages, `wrong` is what was wrong with them. */
export async function startReceiver() {
  const told = [];
  const wrong = [];
  const state = { secret: undefined };
  const server = http.createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString("utf8");
    const message = { path: request.url, headers: request.headers, text, body: JSON.parse(text) };
    told.push(message);
    if (request.url.startsWith("/slack")) wrong.push(...slackProblems(message.body));
    if (request.url.startsWith("/hook")) wrong.push(...signatureProblems(message, state.secret));
    response.end("ok");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    told,
    wrong,
    url: (path) => `http://127.0.0.1:${server.address().port}${path}`,
    /** Expects webhooks to be signed with this secret. */
    expectSignedWith: (secret) => (state.secret = secret),
    stop: () => new Promise((done) => server.close(done)),
  };
}

/** What Slack would refuse. */
function slackProblems({ text, blocks }) {
  const problems = [];
  const check = (isRight, problem) => isRight || problems.push(problem);
  const within = (object, max, what) => check(object?.text?.length > 0 && object.text.length <= max, `${what}: ${object?.text?.length}`);
  check(typeof text === "string" && text.length > 0, "a message has a text");
  check(Array.isArray(blocks) && blocks.length > 0 && blocks.length <= 50, "1 to 50 blocks");
  for (const block of blocks ?? []) {
    check(block.type in ELEMENTS, `a block of the type ${block.type}`);
    if (block.type === "header") {
      check(block.text.type === "plain_text", "a header is plain text");
      within(block.text, 150, "header");
    }
    if (block.type === "section") {
      check(block.text || block.fields, "a section has a text or fields");
      if (block.text) within(block.text, 3000, "section");
      if (block.fields) check(block.fields.length >= 1 && block.fields.length <= 10, "1 to 10 fields");
      for (const field of block.fields ?? []) within(field, 2000, "field");
    }
    if (block.type === "context") check(block.elements.length >= 1 && block.elements.length <= 10, "1 to 10 elements");
    for (const button of block.type === "actions" ? block.elements : []) {
      within(button.text, 75, "button");
      check(!button.url || (URL.canParse(button.url) && button.url.length <= 3000), `a button leads to ${button.url}`);
    }
  }
  return problems;
}

/** What a verifier of Standard Webhooks would refuse. */
function signatureProblems({ headers, text }, secret) {
  const [id, at, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) => headers[name]);
  if (!secret) return [];
  if (Math.abs(Date.now() / 1000 - Number(at)) > REPLAY_SECONDS) return [`a message of ${at}`];
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${id}.${at}.${text}`).digest();
  const isSigned = (signatures ?? "").split(" ").some((signature) => {
    const [version, value] = signature.split(",");
    const given = Buffer.from(value ?? "", "base64");
    return version === "v1" && given.length === expected.length && timingSafeEqual(given, expected);
  });
  return isSigned ? [] : [`signature ${signatures}`];
}
