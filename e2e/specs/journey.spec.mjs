// The line through everything: sign in, make a key, call with it, see what it cost, block it, be refused.

import { call, expect, inspect, signInByHand, test, visit } from "./support.mjs";

// It begins where nothing is.
test.use({ gateway: "journey" });

test("from the first sign-in to a blocked key", async ({ page, tollgate }) => {
  // It looks at every page in two sizes and two themes on the way.
  test.setTimeout(240_000);
  await test.step("sign in", async () => {
    await signInByHand(page);
    await expect(page.getByRole("heading", { name: "Make the first call" })).toBeVisible();
    await inspect(page, "overview-empty");
  });

  await test.step("empty pages say what to do next", async () => {
    await visit(page, "Keys");
    await inspect(page, "keys-empty");
    await visit(page, "Logs");
    await expect(page.getByRole("heading", { name: "No calls yet" })).toBeVisible();
    await inspect(page, "logs-empty");
  });

  const key = await test.step("create a key", async () => {
    await visit(page, "Keys");
    await page.getByRole("link", { name: "Create key" }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create key" });
    await drawer.getByLabel("Name").fill("search-service");
    await drawer.getByLabel("Max budget").fill("5");
    await inspect(page, "key-create");
    await drawer.getByRole("button", { name: "Create key" }).click();
    const created = page.getByRole("dialog", { name: "Key created" });
    const shown = await created.getByLabel("New key").textContent();
    expect(shown).toMatch(/^sk-[0-9A-Za-z]{40,}$/);
    await inspect(page, "key-created");
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await created.getByRole("button", { name: "Copy key" }).click();
    await expect(created.getByRole("button", { name: "Copied" })).toBeVisible();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(shown);
    await created.getByRole("button", { name: "Done" }).click();
    await expect(created).toBeHidden();
    // It was shown once.
    await expect(page.getByText(shown)).toHaveCount(0);
    return shown;
  });

  await test.step("call with it", async () => {
    const response = await call(tollgate, key);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-litellm-response-cost")).toBe("0.00002");
    const stream = await call(tollgate, key, { stream: true });
    expect(await stream.text()).toContain("[DONE]");
    expect((await call(tollgate, key, { fake: { status: 500 } })).status).toBe(500);
  });

  await test.step("see the calls in the log", async () => {
    await visit(page, "Logs");
    const rows = page.getByRole("table", { name: "Calls" }).getByRole("row");
    await expect(rows.filter({ hasText: "search-service" })).toHaveCount(3);
    await expect(rows.filter({ hasText: "$0.00002" })).toHaveCount(2);
    await inspect(page, "logs");
    await rows.filter({ hasText: "$0.00002" }).first().getByRole("link").first().click();
    const drawer = page.getByRole("dialog");
    await expect(drawer.getByText("Tokens and cost")).toBeVisible();
    await inspect(page, "log-detail");
    await page.keyboard.press("Escape");
    await expect(drawer).toBeHidden();
  });

  await test.step("see the spend", async () => {
    await visit(page, "Overview");
    await expect(page.getByRole("region", { name: "Key figures" })).toContainText("$0.00004");
    await expect(page.getByRole("table", { name: "Top keys of the last 30 days" })).toContainText("search-service");
    await expect(page.getByRole("table", { name: "Top models of the last 30 days" })).toContainText("fake");
    await inspect(page, "overview");
    await page.goto("/ui?view=table");
    await expect(page.getByRole("table", { name: "Last 30 days" }).getByRole("row").nth(1)).toContainText("$0.00004");
    await inspect(page, "overview-table");
    await visit(page, "Models");
    await inspect(page, "models");
  });

  await test.step("block it", async () => {
    await visit(page, "Keys");
    await inspect(page, "keys");
    await page.getByRole("table", { name: "Keys" }).getByRole("link", { name: /search-service/ }).click();
    const drawer = page.getByRole("dialog", { name: "search-service" });
    await inspect(page, "key-detail");
    await drawer.getByRole("button", { name: "Block", exact: true }).click();
    const question = page.getByRole("alertdialog", { name: "Block search-service?" });
    await expect(question).toBeVisible();
    await inspect(page, "key-block");
    await question.getByRole("button", { name: "Block key" }).click();
    await expect(drawer.getByText("Blocked", { exact: true })).toBeVisible();
    await expect(drawer.getByRole("button", { name: "Unblock" })).toBeVisible();
  });

  await test.step("be refused", async () => {
    await expect(async () => {
      const response = await call(tollgate, key);
      expect(response.status).toBe(401);
      expect((await response.json()).error.message).toContain("blocked");
    }).toPass({ timeout: 1000, intervals: [50] });
  });
});
