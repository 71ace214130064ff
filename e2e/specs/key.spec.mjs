// Keys in the console: search, sort, edit, bad input, delete.

import { excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("bad input is refused beside its field", async ({ page }) => {
  await visit(page, "Keys");
  await page.getByRole("link", { name: "Create key" }).first().click();
  const drawer = page.getByRole("dialog", { name: "Create key" });
  await drawer.getByLabel("Max budget").fill("-1");
  await drawer.getByRole("button", { name: "Create key" }).click();
  const field = drawer.getByLabel("Max budget");
  await expect(field).toHaveAttribute("aria-invalid", "true");
  await expect(field).toBeFocused();
  await expect(drawer).toBeVisible();
  await inspect(page, "key-invalid");
});

test("an alias that is taken is refused", async ({ page, tollgate }) => {
  excuse(page, /status of 400 .*\/key\/generate/);
  await manage(tollgate, "POST", "/key/generate", { key_alias: "taken" });
  await visit(page, "Keys");
  await page.getByRole("link", { name: "Create key" }).first().click();
  const drawer = page.getByRole("dialog", { name: "Create key" });
  await drawer.getByLabel("Name").fill("taken");
  const refusal = page.waitForResponse((response) => response.url().endsWith("/key/generate"));
  await drawer.getByRole("button", { name: "Create key" }).click();
  expect((await refusal).status()).toBe(400);
  await expect(drawer.getByLabel("Name")).toHaveAttribute("aria-invalid", "true");
});

test("search, sort and paging live in the address", async ({ page, tollgate }) => {
  for (let number = 0; number < 30; number += 1) {
    await manage(tollgate, "POST", "/key/generate", { key_alias: `paged-${String(number).padStart(2, "0")}` });
  }
  await visit(page, "Keys");
  await page.keyboard.press("/");
  await page.keyboard.type("paged-");
  await expect(page).toHaveURL(/q=paged-/);
  const table = page.getByRole("table", { name: "Keys" });
  await expect(table.getByRole("row")).toHaveCount(26);
  await table.getByRole("columnheader", { name: "Key" }).getByRole("link").click();
  await expect(table.getByRole("row").nth(1)).toContainText("paged-29");
  await page.reload();
  await expect(table.getByRole("row").nth(1)).toContainText("paged-29");
  await page.goto(`${new URL(page.url()).pathname}${new URL(page.url()).search}&page=2`);
  await expect(table.getByRole("row")).toHaveCount(6);
});

test("edit and delete", async ({ page, tollgate }) => {
  const { key, token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "to-edit" });
  await page.goto(`/ui/keys?key=${token}`);
  const drawer = page.getByRole("dialog");
  // The focus begins on the title, and follows what is shown.
  await expect(drawer.getByRole("heading", { name: "to-edit" })).toBeFocused();
  await drawer.getByRole("button", { name: "Edit" }).click();
  await expect(drawer.getByLabel("Name")).toBeFocused();
  await inspect(page, "key-edit");
  await drawer.getByLabel("Name").fill("edited");
  await drawer.getByLabel("Max budget").fill("2.5");
  await drawer.getByRole("button", { name: "Limit a model" }).click();
  const limit = drawer.getByRole("group", { name: "Limits of model 1" });
  await limit.getByLabel("Model", { exact: true }).fill("fake");
  await limit.getByLabel("Budget, $").fill("1");
  await limit.getByLabel("Resets").selectOption("Weekly");
  await inspect(page, "key-edit-model");
  await drawer.getByRole("button", { name: /^Save/ }).click();
  await expect(page.getByRole("table", { name: "Keys" })).toContainText("edited");
  const { info } = await manage(tollgate, "GET", `/key/info?key=${key}`);
  expect([info.key_alias, info.max_budget]).toEqual(["edited", 2.5]);
  expect(info.model_max_budget).toEqual({ fake: { max_budget: 1, budget_duration: "weekly" } });

  await expect(drawer.getByRole("heading", { name: "edited" })).toBeVisible();
  await drawer.getByRole("button", { name: "Delete" }).click();
  await inspect(page, "key-delete");
  await page.getByRole("alertdialog", { name: "Delete edited?" }).getByRole("button", { name: "Delete key" }).click();
  await expect(page.getByText("Deleted edited.")).toBeVisible();
  await expect(page.getByRole("table", { name: "Keys" }).getByText("edited")).toHaveCount(0);
});

test("a question stays open when news arrive beneath it", async ({ page, tollgate }) => {
  const { token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "before" });
  await page.goto(`/ui/keys?key=${token}&edit=1`);
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Name").fill("after");
  let answer;
  const held = new Promise((resolve) => (answer = resolve));
  await page.route("**/key/info?*", (route) => held.then(() => route.continue()));
  await drawer.getByRole("button", { name: "Save" }).click();
  await drawer.getByRole("button", { name: "Delete" }).click();
  const arrived = page.waitForResponse("**/key/info?*").then((response) => response.finished());
  answer();
  await arrived;
  await page.getByRole("alertdialog", { name: "Delete before?" }).getByRole("button", { name: "Cancel" }).click();
  await expect(drawer.getByRole("heading", { name: "after" })).toBeVisible();
});

test("what somebody else has changed meanwhile is not overwritten", async ({ page, tollgate }) => {
  excuse(page, /status of 412 .*\/key\/update/);
  const { key, token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "contended", max_budget: 1 });
  await page.goto(`/ui/keys?key=${token}&edit=1`);
  const drawer = page.getByRole("dialog");
  await drawer.getByLabel("Max budget").fill("5");
  await manage(tollgate, "POST", "/key/update", { key, max_budget: 2 });
  await drawer.getByRole("button", { name: "Save" }).click();
  await expect(drawer.getByRole("alert")).toContainText("Nothing was overwritten");
  await inspect(page, "key-contended");
  const read = async () => (await manage(tollgate, "GET", `/key/info?key=${key}`)).info.max_budget;
  expect(await read()).toBe(2);
  await drawer.getByRole("button", { name: "Cancel" }).click();
  await page.reload();
  await drawer.getByRole("button", { name: "Edit" }).click();
  await expect(drawer.getByLabel("Max budget")).toHaveValue("2");
  await drawer.getByLabel("Max budget").fill("5");
  await drawer.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved contended.")).toBeVisible();
  expect(await read()).toBe(5);
});

test("blocking asks first, unblocking does not", async ({ page, tollgate }) => {
  const { key, token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "to-block" });
  const isBlocked = async () => (await manage(tollgate, "GET", `/key/info?key=${key}`)).info.blocked;
  await page.goto(`/ui/keys?key=${token}`);
  const drawer = page.getByRole("dialog", { name: "to-block" });
  const question = page.getByRole("alertdialog", { name: "Block to-block?" });
  await drawer.getByRole("button", { name: "Block", exact: true }).click();
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(question).toBeHidden();
  expect(await isBlocked()).toBe(false);
  await drawer.getByRole("button", { name: "Block", exact: true }).click();
  await question.getByRole("button", { name: "Block key" }).click();
  await expect(page.getByText("to-block is blocked.", { exact: true })).toBeVisible();
  expect(await isBlocked()).toBe(true);
  await drawer.getByRole("button", { name: "Unblock" }).click();
  await expect(page.getByText("to-block works again.")).toBeVisible();
  expect(await isBlocked()).toBe(false);
});

test("a row opens with the keyboard and gets the focus back", async ({ page, tollgate }) => {
  await manage(tollgate, "POST", "/key/generate", { key_alias: "by-keyboard" });
  await page.goto("/ui/keys?q=by-keyboard");
  const link = page.getByRole("table", { name: "Keys" }).getByRole("link", { name: /by-keyboard/ });
  await link.focus();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog", { name: "by-keyboard" });
  await expect(drawer).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await expect(link).toBeFocused();
});
