// Models that an administrator adds in the console: tried before they are saved, served at once, changed, blocked, deleted.

import { createServer } from "node:http";

import { MASTER_KEY, call, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

const KEY = "sk-ant-of-the-test";

/** Anthropic, as far as one short answer needs it: whoever brings the key is answered. */
async function startAnthropic() {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const answer = (status, value) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (request.headers["x-api-key"] !== KEY) {
      return answer(401, { type: "error", error: { type: "authentication_error", message: "invalid x-api-key" } });
    }
    if (request.url !== "/v1/messages") return answer(404, { type: "error", error: { type: "not_found_error", message: "Not found" } });
    return answer(200, {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: JSON.parse(body).model,
      content: [{ type: "text", text: "Hello from Claude" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 5 },
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, stop: () => new Promise((resolve) => server.close(resolve)) };
}

test("an administrator adds an Anthropic model, tests it, and it serves", async ({ page, tollgate }) => {
  test.setTimeout(180_000);
  const anthropic = await startAnthropic();
  await signIn(page);
  await visit(page, "Models");
  const table = page.getByRole("table", { name: "Deployments" });
  const row = table.getByRole("row").filter({ hasText: "claude" });

  await test.step("fill in what Anthropic needs", async () => {
    await page.getByRole("link", { name: "Add model" }).click();
    const form = page.getByRole("dialog", { name: "Add model" });
    await form.getByLabel("Provider", { exact: true }).selectOption("Azure OpenAI");
    await expect(form.getByLabel("Endpoint")).toBeVisible();
    await form.getByLabel("Provider", { exact: true }).selectOption("Anthropic");
    await expect(form.getByLabel("Endpoint")).toHaveCount(0);
    await form.getByLabel("Model", { exact: true }).fill("claude-sonnet-4-5");
    await form.getByLabel("Public name").fill("claude");
    await form.getByLabel("API base").fill(anthropic.url);
    await form.getByLabel("API key").fill("sk-wrong");
    await form.getByRole("button", { name: "Test connection" }).click();
    await expect(form).toContainText("The provider refuses the credentials.");
    await expect(form).toContainText("invalid x-api-key");
    await inspect(page, "model-test-refused");
    await form.getByLabel("API key").fill(KEY);
    await form.getByRole("button", { name: "Test connection" }).click();
    await expect(form).toContainText("The deployment answers.");
    await form.getByText("Limits, groups and other parameters").click();
    await form.getByLabel("Requests a minute").fill("many");
    await form.getByRole("button", { name: "Add model" }).click();
    await expect(form).toContainText("Expected a whole number");
    await form.getByLabel("Requests a minute").fill("60");
    await inspect(page, "model-create");
    await form.getByRole("button", { name: "Add model" }).click();
    await expect(page.getByText("Added claude.")).toBeVisible();
  });

  const drawer = page.getByRole("dialog");
  await test.step("it serves", async () => {
    await expect(page.getByRole("dialog", { name: "claude" })).toContainText("the database");
    const answer = await call(tollgate, MASTER_KEY, { model: "claude" });
    expect(answer.status).toBe(200);
    expect((await answer.json()).choices[0].message.content).toBe("Hello from Claude");
    await inspect(page, "model-of-the-database");
  });

  await test.step("change it; its key stays", async () => {
    await drawer.getByRole("button", { name: "Edit" }).click();
    const form = page.getByRole("dialog", { name: "Edit claude" });
    await expect(form.getByLabel("API key")).toHaveValue("");
    await form.getByLabel("Public name").fill("claude-next");
    await form.getByRole("button", { name: "Test connection" }).click();
    await expect(form).toContainText("The deployment answers.");
    await form.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved claude-next.")).toBeVisible();
    expect((await call(tollgate, MASTER_KEY, { model: "claude-next" })).status).toBe(200);
  });

  await test.step("block it, let it work again, and delete it", async () => {
    await expect(drawer.getByRole("heading", { name: "claude-next" })).toBeVisible();
    await drawer.getByRole("button", { name: "Block", exact: true }).click();
    await expect(page.getByText("Blocked claude-next.")).toBeVisible();
    await expect(row).toContainText("Blocked");
    expect((await call(tollgate, MASTER_KEY, { model: "claude-next" })).status).toBeGreaterThanOrEqual(400);
    await drawer.getByRole("button", { name: "Unblock" }).click();
    await expect(page.getByText("Unblocked claude-next.")).toBeVisible();
    expect((await call(tollgate, MASTER_KEY, { model: "claude-next" })).status).toBe(200);
    await drawer.getByRole("button", { name: "Delete" }).click();
    const question = page.getByRole("alertdialog", { name: "Delete claude-next?" });
    await question.getByRole("button", { name: "Delete model" }).click();
    await expect(page.getByText("Deleted claude-next.")).toBeVisible();
    await expect(row).toHaveCount(0);
  });

  const { audit_logs } = await manage(tollgate, "GET", "/audit?table_name=model&page_size=100");
  const changes = audit_logs.filter(({ table_name }) => table_name === "model").map(({ action }) => action).reverse();
  expect(changes).toEqual(["created", "updated", "blocked", "unblocked", "deleted"]);
  expect(JSON.stringify(audit_logs)).not.toContain(KEY);
  await anthropic.stop();
});

test("a credential is made once and chosen for a model", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  const anthropic = await startAnthropic();
  await signIn(page);
  await visit(page, "Models");
  await page.getByRole("link", { name: "Credentials" }).click();
  await expect(page.getByRole("heading", { name: "No credentials yet" })).toBeVisible();
  await inspect(page, "credentials-empty");
  await page.getByRole("link", { name: "Add the first credential" }).click();
  let drawer = page.getByRole("dialog", { name: "Add credential" });
  await drawer.getByLabel("Name").fill("anthropic production");
  await drawer.getByLabel("Provider", { exact: true }).selectOption("Anthropic");
  await drawer.getByLabel("API key").fill("sk-wrong");
  await drawer.getByLabel("API base").fill(anthropic.url);
  await inspect(page, "credential-create");
  await drawer.getByRole("button", { name: "Add credential" }).click();
  await expect(page.getByText("Added the credential anthropic production.")).toBeVisible();

  await page.getByRole("link", { name: "anthropic production" }).click();
  drawer = page.getByRole("dialog");
  await expect(drawer).toContainText("****");
  await expect(drawer).not.toContainText("sk-wrong");
  await drawer.getByRole("button", { name: "Edit" }).click();
  await drawer.getByLabel("API key").fill(KEY);
  await drawer.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved anthropic production.")).toBeVisible();
  await inspect(page, "credential");
  await page.keyboard.press("Escape");

  await page.goto("/ui/models?new=1");
  const form = page.getByRole("dialog", { name: "Add model" });
  await form.getByLabel("Provider", { exact: true }).selectOption("Anthropic");
  await form.getByLabel("Model", { exact: true }).fill("claude-haiku-4-5");
  await form.getByLabel("Credential").selectOption("anthropic production");
  await form.getByRole("button", { name: "Test connection" }).click();
  await expect(form).toContainText("The deployment answers.");
  await form.getByRole("button", { name: "Add model" }).click();
  await expect(page.getByText("Added claude-haiku-4-5.")).toBeVisible();
  expect((await call(tollgate, MASTER_KEY, { model: "claude-haiku-4-5" })).status).toBe(200);

  // What a model names cannot go.
  await page.goto("/ui/credentials?credential=anthropic%20production");
  await expect(page.getByRole("dialog")).toContainText("It can be deleted once no model names it.");
  await expect(page.getByRole("dialog").getByRole("listitem")).toHaveCount(1);
  await anthropic.stop();
});

test("what config.yaml has is changed there", async ({ page }) => {
  await signIn(page);
  await visit(page, "Models");
  await page.getByRole("row").filter({ hasText: "openai/fake-model" }).getByRole("link").click();
  await expect(page.getByRole("dialog")).toContainText("It is in config.yaml, and is changed there.");
  await expect(page.getByRole("dialog").getByRole("button", { name: "Edit" })).toHaveCount(0);
});
