// What holds on every page: how the console is served, the palette, the theme.

import { account, expect, signIn, test } from "./support.mjs";

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
});
