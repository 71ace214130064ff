// What holds on every page: how the console is served, the palette, the theme.

import { account, excuse, expect, inspect, signIn, test } from "./support.mjs";

test("is served strictly, compressed and for ever", async ({ page, tollgate }) => {
  const assets = [];
  page.on("response", (response) => {
    if (response.url().includes("/ui/assets/")) assets.push(response);
  });
  const document = await page.goto("/ui");
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  const policy = document.headers()["content-security-policy"];
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
  expect(policy).not.toContain("unsafe-inline");
  expect(document.headers()["x-content-type-options"]).toBe("nosniff");
  expect(assets.length).toBeGreaterThan(2);
  for (const asset of assets) {
    expect(asset.headers()["cache-control"], asset.url()).toContain("immutable");
  }
  // `br` is offered only over https, and by clients that say so.
  const wasm = assets.find((asset) => asset.url().endsWith(".wasm")).url();
  const packed = await fetch(wasm, { headers: { "accept-encoding": "br" } });
  expect(packed.headers.get("content-encoding")).toBe("br");
  expect(packed.headers.get("content-type")).toBe("application/wasm");
  expect((await fetch(`${tollgate.url}/ui/assets/no-such-file.js`)).status).toBe(404);
});

test("the palette opens with the keyboard and goes to a page", async ({ page }) => {
  await signIn(page);
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog");
  await expect(palette).toBeVisible();
  await inspect(page, "palette");
  await page.keyboard.type("mod");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Models" })).toBeVisible();
});

test("the theme can be chosen and is kept", async ({ page }) => {
  await signIn(page);
  await account(page).click();
  await page.getByRole("button", { name: "Dark" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
});

test("an unknown page says so", async ({ page }) => {
  await signIn(page);
  await page.goto("/ui/nonsense");
  await expect(page.getByRole("heading", { name: "There is no such page" })).toBeVisible();
  await inspect(page, "no-such-page");
});

test("an address opens the page as it was", async ({ page }) => {
  await signIn(page);
  await page.goto("/ui?chart=requests&view=table");
  await expect(page).toHaveURL(/\/ui\/\?chart=requests&view=table$/);
  await page.goto("/ui/keys?new=1");
  await expect(page.getByRole("dialog", { name: "Create key" })).toBeVisible();
});

test("what cannot be loaded says so and can be tried again", async ({ page }) => {
  excuse(page, /Failed to load resource/);
  await signIn(page);
  const broken = { status: 500, json: { error: { message: "Internal server error", type: "internal_server_error", param: null, code: "500" } } };
  await page.route("**/key/list*", (route) => route.fulfill(broken));
  await page.goto("/ui/keys");
  await expect(page.getByRole("heading", { name: "This could not be loaded" })).toBeVisible();
  await inspect(page, "keys-failed");
  await page.unroute("**/key/list*");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("heading", { name: "This could not be loaded" })).toBeHidden();
});

test("what is shown stays when the server goes, with a word about it", async ({ page }) => {
  excuse(page, /Failed to load resource/);
  await signIn(page);
  await page.goto("/ui/models");
  const table = page.getByRole("table", { name: "Deployments" });
  await expect(table.getByRole("row", { name: /gpt-4o-mini/ })).toBeVisible();
  await page.route("**/model/info*", (route) => route.abort());
  await expect(page.getByRole("alert")).toContainText("cannot be reached");
  await expect(table).toBeVisible();
  await inspect(page, "models-stale");
  await page.unroute("**/model/info*");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("alert")).toBeHidden();
});

test("the page that comes first is there while the figures are on their way", async ({ page }) => {
  await signIn(page);
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  await page.route("**/spend/overview", async (route) => {
    await asked;
    await route.continue();
  });
  await page.reload();
  await expect(page.getByRole("status", { name: "Loading" })).toBeVisible();
  await inspect(page, "overview-loading", { isLoading: true });
  answer();
  await expect(page.getByRole("status", { name: "Loading" })).toBeHidden();
});

test("on a phone, pages that the bar has no room for are in the menu", async ({ page }) => {
  await signIn(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Budgets" })).toBeHidden();
  await account(page).click();
  await page.getByRole("navigation", { name: "More pages" }).getByRole("link", { name: "Budgets" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Budgets" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "More pages" })).toBeHidden();
});
