// Somebody who serves themself: home, snippets, a key within bounds, the playground; from nothing to the first call.

import { expect, inspect, manage, signIn, test } from "./support.mjs";

test.use({ gateway: "self-service" });

async function signInAs(page, username, password) {
  await page.goto("/ui");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("from an empty gateway to the first call in five clicks", async ({ page }) => {
  await signIn(page);
  let clicks = 0;
  const click = async (target) => {
    clicks += 1;
    await target.click();
  };
  await click(page.getByRole("main").getByRole("link", { name: "Create a key" }));
  const drawer = page.getByRole("dialog", { name: "Create key" });
  await click(drawer.getByRole("button", { name: "Create key" }));
  await click(page.getByRole("link", { name: "Try it in the playground" }));
  await expect(page.getByRole("heading", { level: 1, name: "Playground" })).toBeVisible();
  await expect(page.getByLabel("Key", { exact: true })).not.toHaveValue("");
  await page.getByLabel("Message").fill("Hello");
  await click(page.getByRole("button", { name: "Send" }));
  const chat = page.getByRole("region", { name: "Chat" });
  await expect(chat.getByText("Cost")).toBeVisible();
  expect(clicks).toBeLessThanOrEqual(5);
  // The key is in no address and in no storage.
  expect(page.url()).not.toContain("sk-");
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toContain("sk-");
  await inspect(page, "playground");
});

test("a plain user sees what is theirs, and what they may do", async ({ page, tollgate }) => {
  const password = "a good long password";
  await manage(tollgate, "POST", "/user/new", {
    user_id: "dev", user_role: "internal_user", password, auto_create_key: false, max_budget: 20,
  });
  await signInAs(page, "dev", password);
  await expect(page.getByRole("heading", { level: 1, name: "Home" })).toBeVisible();
  const rail = page.getByRole("navigation", { name: "Main" });
  for (const name of ["Users", "Organizations", "Audit log", "Overview", "Budgets"]) {
    await expect(rail.getByRole("link", { name, exact: true })).toHaveCount(0);
  }
  await inspect(page, "home");
  for (const [kind, text] of [["Python", "OpenAI(base_url"], ["Node", "new OpenAI"], ["Claude Code", "ANTHROPIC_BASE_URL"]]) {
    await page.getByRole("button", { name: kind, exact: true }).click();
    await expect(page.getByRole("region", { name: "Snippet" })).toContainText(text);
    await expect(page.getByRole("region", { name: "Snippet" })).toContainText(new URL(tollgate.url).host);
  }

  await page.getByRole("link", { name: "Create key" }).first().click();
  const drawer = page.getByRole("dialog", { name: "Create key" });
  await expect(drawer).toContainText("at most 20 US dollars");
  await drawer.getByLabel("Name").fill("devs-own");
  await drawer.getByLabel("Max budget").fill("25");
  const refusal = page.waitForResponse((response) => response.url().endsWith("/key/generate"));
  page.excused = /status of 400 .*\/key\/generate/;
  await drawer.getByRole("button", { name: "Create key" }).click();
  expect((await refusal).status()).toBe(400);
  await expect(drawer.getByText(/what the user dev has/).last()).toBeVisible();
  await drawer.getByLabel("Max budget").fill("5");
  await drawer.getByRole("button", { name: "Create key" }).click();
  await page.getByRole("link", { name: "Try it in the playground" }).click();
  await page.getByLabel("Message").fill("Hello");
  await page.getByLabel("Message").press("Enter");
  const chat = page.getByRole("region", { name: "Chat" });
  await expect(chat.getByText("First token after")).toBeVisible();
  await expect(chat.getByText("Tokens")).toBeVisible();
  await page.goto("/ui");
  await expect(page.getByRole("table", { name: "My keys" })).toContainText("devs-own");
});
