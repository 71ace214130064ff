// The audit log in the console: what was done is found, with what was and what became of it.

import { readFile } from "node:fs/promises";

import { expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("what was done in the console is found with its diff", async ({ page, tollgate }) => {
  const { token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "audited", max_budget: 5 });
  await page.goto(`/ui/keys?key=${token}&edit=1`);
  const edit = page.getByRole("dialog");
  await edit.getByLabel("Max budget").fill("7.5");
  await edit.getByRole("button", { name: /^Save/ }).click();
  await expect(page.getByText("Saved audited.")).toBeVisible();
  await page.keyboard.press("Escape");

  await visit(page, "Audit log");
  const table = page.getByRole("table", { name: "Changes" });
  const row = table.getByRole("row").filter({ hasText: "Changed key audited" });
  await expect(row).toContainText("Administrator");
  await inspect(page, "audit");
  await row.getByRole("link").first().click();
  const drawer = page.getByRole("dialog", { name: "Changed key audited" });
  const field = drawer.getByRole("table", { name: "What changed" }).getByRole("row").filter({ hasText: "max_budget" });
  await expect(field.getByRole("cell").nth(0)).toHaveText("5.0");
  await expect(field.getByRole("cell").nth(1)).toHaveText("7.5");
  await expect(drawer.getByText("As it was written")).toBeVisible();
  await inspect(page, "audit-change");
  await drawer.getByRole("link", { name: "audited" }).click();
  await expect(page.getByRole("dialog").getByRole("heading", { name: "audited" })).toBeVisible();
});

test("filters live in the address, and the export has what they find", async ({ page, tollgate }) => {
  const { token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "filtered" });
  await manage(tollgate, "POST", "/key/block", { key: token });
  await manage(tollgate, "POST", "/team/new", { team_id: "filtered-team" });
  await visit(page, "Audit log");
  const table = page.getByRole("table", { name: "Changes" });
  await page.getByLabel("Id of the thing").fill(token);
  await expect(table.getByRole("row")).toHaveCount(3);
  await page.getByLabel("What was done").selectOption("Blocked");
  await expect(table.getByRole("row")).toHaveCount(2);
  await expect(table).toContainText("Blocked key filtered");
  await expect(page).toHaveURL(/action=blocked/);
  await page.reload();
  await expect(table.getByRole("row")).toHaveCount(2);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export tollgate-audit as CSV" }).click();
  const csv = await readFile(await (await saving).path(), "utf8");
  expect(csv).toContain("Blocked key filtered");
  expect(csv).not.toContain("filtered-team");
  await page.goto("/ui/audit?kind=team&by=nobody");
  await expect(page.getByRole("heading", { name: "No change matches" })).toBeVisible();
});
