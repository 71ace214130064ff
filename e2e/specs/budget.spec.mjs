// Reusable budgets in the console: make one, change it, see what is attached, delete it.

import { excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("from the first budget to its end", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  const table = page.getByRole("table", { name: "Budgets" });
  await test.step("make one", async () => {
    await visit(page, "Budgets");
    await expect(page.getByRole("heading", { name: "No budgets yet" })).toBeVisible();
    await inspect(page, "budgets-empty");
    await page.getByRole("link", { name: "Create the first budget" }).click();
    const drawer = page.getByRole("dialog", { name: "Create budget" });
    await drawer.getByLabel("Name").fill("starter");
    await drawer.getByLabel("Max budget").fill("20");
    await drawer.getByLabel("Soft budget").fill("15");
    await drawer.getByLabel("Budget resets").selectOption("Every month");
    await drawer.getByLabel("Requests a minute").fill("60");
    await inspect(page, "budget-create");
    await drawer.getByRole("button", { name: "Create budget" }).click();
    await expect(page.getByText("Created the budget starter.")).toBeVisible();
    await expect(table.getByRole("row").filter({ hasText: "starter" })).toContainText("$20 a monthwarns at $15");
  });

  const token = await test.step("attach a key to it", async () => {
    const made = await manage(tollgate, "POST", "/key/generate", { key_alias: "attached" });
    await page.goto(`/ui/keys?key=${made.token}&edit=1`);
    const drawer = page.getByRole("dialog", { name: "Edit attached" });
    await drawer.getByLabel("Reusable budget").selectOption("starter");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved attached.")).toBeVisible();
    const row = page.getByRole("table", { name: "Keys" }).getByRole("row").filter({ hasText: "attached" });
    await expect(row).toContainText("of $20");
    const limits = page.getByRole("region", { name: "What limits this key" });
    await expect(limits).toContainText("0 of 60");
    return made.token;
  });

  await test.step("change it", async () => {
    await page.goto("/ui/budgets?budget=starter");
    const drawer = page.getByRole("dialog");
    await expect(drawer).toContainText("1 key. Each spends on an account of its own.");
    await expect(drawer.getByRole("button", { name: "Delete" })).toHaveCount(0);
    await inspect(page, "budget-detail");
    await drawer.getByRole("button", { name: "Edit" }).click();
    await drawer.getByLabel("Soft budget").fill("");
    await drawer.getByLabel("Max budget").fill("25");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved starter.")).toBeVisible();
    const [budget] = await manage(tollgate, "POST", "/budget/info", { budgets: ["starter"] });
    expect([budget.max_budget, budget.soft_budget, budget.rpm_limit]).toEqual([25, null, 60]);
    await expect(table.getByRole("row").filter({ hasText: "starter" })).toContainText("1 key");
  });

  await test.step("delete it", async () => {
    await manage(tollgate, "POST", "/key/update", { key: token, budget_id: null });
    await page.goto("/ui/budgets?budget=starter");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    const question = page.getByRole("alertdialog", { name: "Delete starter?" });
    await inspect(page, "budget-delete");
    await question.getByRole("button", { name: "Delete budget" }).click();
    await expect(page.getByText("Deleted starter.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "No budgets yet" })).toBeVisible();
  });
});

test("bad input and a taken name are refused beside their fields", async ({ page, tollgate }) => {
  excuse(page, /status of 400 .*\/budget\/new/);
  await manage(tollgate, "POST", "/budget/new", { budget_id: "taken" });
  await page.goto("/ui/budgets?new=1");
  const drawer = page.getByRole("dialog", { name: "Create budget" });
  await drawer.getByLabel("Name").fill("taken");
  await drawer.getByLabel("Soft budget").fill("-3");
  await drawer.getByRole("button", { name: "Create budget" }).click();
  await expect(drawer.getByLabel("Soft budget")).toHaveAttribute("aria-invalid", "true");
  await drawer.getByLabel("Soft budget").fill("3");
  await drawer.getByRole("button", { name: "Create budget" }).click();
  await expect(drawer.getByLabel("Name")).toHaveAttribute("aria-invalid", "true");
  await manage(tollgate, "POST", "/budget/delete", { id: "taken" });
});
