// Usage in the console: what was spent by whom, and looking into it.

import { call, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// What others left behind is not to be seen here, nor what is left behind here by others.
test.use({ gateway: "usage" });

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

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

  await test.step("a range without calls", async () => {
    await page.getByRole("button", { name: "Last month" }).click();
    await expect(page.getByRole("heading", { name: "No calls on these days" })).toBeVisible();
  });
});
