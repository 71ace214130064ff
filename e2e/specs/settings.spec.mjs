// Settings in the console: where each comes from, changed while the gateway runs, refused at their field.

import { call, excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.use({ gateway: "settings" });

const setting = (page, name) => page.locator(`[data-setting="${name}"]`);

test("a setting of the router takes effect on the next call", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  excuse(page, /400/);
  await signIn(page);
  const { key } = await manage(tollgate, "POST", "/key/generate", {});
  expect((await call(tollgate, key, { model: "gpt-other-name" })).status).toBe(400);

  await visit(page, "Settings");
  await inspect(page, "settings-general");
  await page.getByRole("group", { name: "Settings of" }).getByRole("button", { name: "Router" }).click();
  await expect(page.getByRole("heading", { name: "Routing, retries and fallbacks" })).toBeVisible();
  const aliases = setting(page, "model_group_alias");
  await expect(aliases).toContainText("default");
  await aliases.getByRole("textbox").fill('{"gpt-other-name": "fake"}');
  await aliases.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("model_group_alias is in force")).toBeVisible();
  await expect(aliases).toContainText("set here");
  expect((await call(tollgate, key, { model: "gpt-other-name" })).status).toBe(200);
  await inspect(page, "settings-router");

  await test.step("a bad value is refused at its field", async () => {
    const retries = setting(page, "num_retries");
    await retries.getByRole("textbox").fill("many");
    await retries.getByRole("button", { name: "Save" }).click();
    await expect(retries.getByRole("alert")).toContainText("expected a whole number");
    await expect(retries.getByRole("textbox")).toHaveAttribute("aria-invalid", "true");
    await expect(retries).toContainText("config.yaml");
    await aliases.getByRole("textbox").fill("{");
    await aliases.getByRole("button", { name: "Save" }).click();
    await expect(aliases.getByRole("alert")).toContainText("expected a mapping");
    await inspect(page, "settings-refused");
  });

  await test.step("and goes back to what config.yaml says", async () => {
    await page.reload();
    await aliases.getByRole("button", { name: "Use config.yaml's" }).click();
    await expect(aliases).toContainText("default");
    expect((await call(tollgate, key, { model: "gpt-other-name" })).status).toBe(400);
  });
});

test("what takes effect at a start says where it is set", async ({ page }) => {
  await signIn(page);
  await page.goto("/ui/settings?tab=general");
  const database = setting(page, "database_url");
  await expect(database).toContainText("Takes effect at a start");
  await expect(database.getByRole("textbox")).toHaveCount(0);
  await page.getByRole("button", { name: "Cache" }).click();
  await expect(setting(page, "cache_params.ttl").getByRole("textbox")).toHaveValue("600");
  await page.getByRole("button", { name: "Defaults" }).click();
  await expect(setting(page, "default_internal_user_params.user_role").getByRole("combobox")).toBeVisible();
  await inspect(page, "settings-defaults");
});

test("somebody else's change is not overwritten", async ({ page, tollgate }) => {
  excuse(page, /409/);
  await signIn(page);
  await page.goto("/ui/settings?tab=router");
  const fallbacks = setting(page, "max_fallbacks");
  await fallbacks.getByRole("textbox").fill("3");
  await manage(tollgate, "POST", "/config/update", { router_settings: { max_fallbacks: 4 } });
  await fallbacks.getByRole("button", { name: "Save" }).click();
  await expect(fallbacks.getByRole("alert")).toContainText("has changed this meanwhile");
  await expect(fallbacks.getByRole("alert")).toContainText("it is 4 now");
  await fallbacks.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("max_fallbacks is in force")).toBeVisible();
});
