// Usage in the console: what was spent by whom, and looking into it.

import { readFile } from "node:fs/promises";

import { call, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// What others left behind is not to be seen here, nor what is left behind here by others.
test.use({ gateway: "usage" });

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

/** Chooses a file in the menu and reads what the browser saved. */
async function download(page, name) {
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
  await expect(page.getByRole("dialog", { name: "Export" })).toBeHidden();
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
}

test("a line of the usage looks into itself", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  await test.step("without calls it says so", async () => {
    await visit(page, "Usage");
    await expect(page.getByRole("heading", { name: "No calls on these days" })).toBeVisible();
    await inspect(page, "usage-empty");
  });

  await test.step("calls of two keys add up", async () => {
    for (const [alias, calls] of [["checkout", 2], ["search", 1]]) {
      const { key } = await manage(tollgate, "POST", "/key/generate", { key_alias: alias });
      for (let made = 0; made < calls; made += 1) {
        expect((await call(tollgate, key)).status).toBe(200);
      }
    }
    const figures = page.getByRole("region", { name: "Key figures" });
    await expect(async () => {
      await page.reload();
      await expect(figures).toContainText("Requests3", { timeout: 1_000 });
    }).toPass();
    await expect(page.getByRole("table", { name: "Broken down" })).toContainText("fake");
    await inspect(page, "usage");
  });

  await test.step("a model, then a key", async () => {
    await page.getByRole("table", { name: "Broken down" }).getByRole("link", { name: "fake" }).click();
    await expect(page).toHaveURL(/model=fake/);
    await page.getByRole("group", { name: "Broken down by" }).getByRole("button", { name: "Key" }).click();
    const table = page.getByRole("table", { name: "Broken down" });
    await expect(table.getByRole("row").filter({ hasText: "checkout" })).toContainText("2");
    await inspect(page, "usage-of-a-model");
    await table.getByRole("link", { name: "search" }).click();
    await expect(page.getByRole("region", { name: "Key figures" })).toContainText("Requests1");
    await page.getByRole("link", { name: "Show every model" }).click();
    await expect(page).not.toHaveURL(/model=fake/);
  });

  await test.step("what is on show is exported as a file", async () => {
    // Still only of one key.
    const days = await download(page, "Days as CSV");
    expect(days.name).toMatch(/^tollgate-spend-days-\d{4}-\d\d-\d\d-to-\d{4}-\d\d-\d\d\.csv$/);
    const [header, row, end, ...others] = days.text.split("\r\n");
    expect(header).toMatch(/^date,organization_id,.*,spend,api_requests,/);
    expect(row).toContain(",search,fake,");
    expect([end, others]).toEqual(["", []]);

    await page.goto("/ui/usage");
    const calls = await download(page, "Calls as JSON lines");
    expect(calls.name).toMatch(/^tollgate-spend-calls-.*\.jsonl$/);
    const made = calls.text.trim().split("\n").map((line) => JSON.parse(line));
    expect(made.map((one) => one.key_alias)).toEqual(["checkout", "checkout", "search"]);
    expect(made.every((one) => one.status === "success" && one.total_tokens > 0)).toBe(true);

    const charges = await download(page, "Days as FOCUS 1.2");
    expect(charges.name).toMatch(/^tollgate-focus-1\.2-.*\.csv$/);
    expect(charges.text).toMatch(/^BilledCost,BillingAccountId,/);

    await page.getByRole("button", { name: "Export", exact: true }).click();
    await expect(page.getByRole("dialog", { name: "Export" })).toBeVisible();
    await inspect(page, "usage-export");
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog", { name: "Export" })).toBeHidden();
  });

  await test.step("a range without calls", async () => {
    await page.getByRole("button", { name: "Last month" }).click();
    await expect(page.getByRole("heading", { name: "No calls on these days" })).toBeVisible();
  });
});
