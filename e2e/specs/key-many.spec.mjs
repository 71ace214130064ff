// Keys in the console: many at once, new secrets with grace, service accounts, bounds beforehand.

import { call, expect, inspect, manage, signIn, test } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("many keys are changed, blocked and deleted at once", async ({ page, tollgate }) => {
  for (const key_alias of ["many-1", "many-2", "many-3"]) {
    await manage(tollgate, "POST", "/key/generate", { key_alias });
  }
  await page.goto("/ui/keys?q=many-");
  const table = page.getByRole("table", { name: "Keys" });
  await table.getByRole("checkbox", { name: "Choose all on this page" }).check();
  const chosen = page.getByRole("group", { name: "Chosen keys" });
  await expect(chosen).toContainText("3 keys chosen");
  await table.getByRole("row").filter({ hasText: "many-3" }).getByRole("checkbox").uncheck();
  await expect(chosen).toContainText("2 keys chosen");
  await inspect(page, "keys-chosen");

  await chosen.getByRole("button", { name: "Set budget" }).click();
  const budget = page.getByRole("dialog", { name: "Set the budget of 2 keys" });
  await budget.getByLabel("Max budget").fill("25");
  await budget.getByLabel("Resets every").fill("30d");
  await inspect(page, "keys-budget");
  await budget.getByRole("button", { name: "Set budget" }).click();
  await expect(page.getByText("Changed 2 keys.")).toBeVisible();
  await expect(table.getByRole("row").filter({ hasText: "of $25" })).toHaveCount(2);

  await table.getByRole("row").filter({ hasText: "many-1" }).getByRole("checkbox").check();
  await chosen.getByRole("button", { name: "Block" }).click();
  await page.getByRole("alertdialog", { name: "Block 1 key?" }).getByRole("button", { name: "Block" }).click();
  await expect(table.getByRole("row").filter({ hasText: "many-1" })).toContainText("Blocked");

  await table.getByRole("checkbox", { name: "Choose all on this page" }).check();
  await chosen.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("alertdialog", { name: "Delete 3 keys?" }).getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("heading", { name: "No key matches" })).toBeVisible();
});

test("a key is rotated and its old secret works for a while", async ({ page, tollgate }) => {
  const { key, token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "rotating" });
  await page.goto(`/ui/keys?key=${token}`);
  await page.getByRole("dialog").getByRole("button", { name: "Rotate" }).click();
  const dialog = page.getByRole("dialog", { name: "Rotate the key" });
  await expect(dialog.getByLabel("The old secret still works for")).toHaveValue("24h");
  await inspect(page, "key-rotate");
  await dialog.getByRole("button", { name: "Rotate key" }).click();
  const shown = await dialog.getByLabel("New secret").textContent();
  expect(shown).toMatch(/^sk-[0-9A-Za-z]{40,}$/);
  expect(shown).not.toBe(key);
  await inspect(page, "key-rotated");
  await dialog.getByRole("button", { name: "Done" }).click();
  for (const secret of [key, shown]) expect((await call(tollgate, secret)).status).toBe(200);
  await page.goto(`/ui/keys?key=${token}&tab=details`);
  await expect(page.getByRole("dialog")).toContainText("Old secret works until");
});

test("a service account is made within the bounds that are shown", async ({ page, tollgate }) => {
  await manage(tollgate, "POST", "/team/new", { team_id: "robots", team_alias: "Robots" });
  await page.goto("/ui/keys?new=1");
  const drawer = page.getByRole("dialog", { name: "Create key" });
  await drawer.getByLabel("Belongs to").selectOption("Robots");
  await drawer.getByRole("checkbox", { name: /Service account/ }).check();
  await drawer.getByLabel("Name").fill("robot-1");
  await inspect(page, "key-service-account");
  await drawer.getByRole("button", { name: "Create key" }).click();
  const created = page.getByRole("dialog", { name: "Key created" });
  await created.getByRole("button", { name: "Done" }).click();
  await page.goto("/ui/keys?q=robot-1");
  await page.getByRole("table", { name: "Keys" }).getByRole("link").filter({ hasText: "robot-1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Details" }).click();
  await expect(page.getByRole("dialog")).toContainText("Service account");
});
