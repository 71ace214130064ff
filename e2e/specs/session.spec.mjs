// Signing in and out.

import { USERNAME, account, expect, inspect, signIn, signInByHand, test } from "./support.mjs";

test("a wrong password is refused and says so", async ({ page }) => {
  await page.goto("/ui");
  await inspect(page, "sign-in");
  await page.getByLabel("Username").fill(USERNAME);
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert")).toContainText(/password/i);
  await expect(page.getByLabel("Username")).toHaveValue(USERNAME);
});

test("signing out ends the session on the server", async ({ page, context }) => {
  await signInByHand(page);
  const cookies = await context.cookies();
  expect(cookies.length).toBe(1);
  expect(cookies[0]).toMatchObject({ httpOnly: true, sameSite: "Lax" });
  await account(page).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
  await context.addCookies(cookies);
  const { origin } = new URL(page.url());
  const info = await context.request.get(`${origin}/session/info`);
  expect(info.status()).toBe(401);
});

test("the address leads back to the page after signing in", async ({ page }) => {
  await page.goto("/ui/logs?status=failure");
  await page.getByLabel("Username").fill(USERNAME);
  await page.getByLabel("Password").fill("correct horse battery staple");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Logs" })).toBeVisible();
  await expect(page).toHaveURL(/\/ui\/logs\?status=failure$/);
});

test("a write with the cookie alone is refused", async ({ page, context }) => {
  await signIn(page);
  const { origin } = new URL(page.url());
  const forged = await context.request.post(`${origin}/key/generate`, {
    headers: { origin: "https://evil.example", "sec-fetch-site": "cross-site" },
    data: {},
  });
  expect(forged.status()).toBe(403);
});
