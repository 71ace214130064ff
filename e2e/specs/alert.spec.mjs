// Alerts in the console: from the message in Slack to what caused it; and channels, with a test, quiet and their end.

import { startReceiver } from "../harness/receiver.mjs";
import { call, eventually, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// Of its own: nothing else is told.
test.use({ gateway: "alert" });

let receiver;
test.beforeAll(async () => {
  receiver = await startReceiver();
});
test.afterAll(async () => {
  await receiver.stop();
});

test("from a message in Slack to what caused it", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  await signIn(page);
  await test.step("nothing happened so far, and nobody is told", async () => {
    await visit(page, "Alerts");
    await expect(page.getByRole("heading", { name: "Nothing happened so far" })).toBeVisible();
    await inspect(page, "alerts-empty");
    await page.getByRole("button", { name: "Channels" }).click();
    await expect(page.getByRole("heading", { name: "No channels yet" })).toBeVisible();
  });

  await test.step("add a channel and try it", async () => {
    await page.getByRole("link", { name: "Add the first channel" }).click();
    const form = page.getByRole("dialog", { name: "Add a channel" });
    await form.getByRole("button", { name: "Save" }).click();
    await expect(form.getByText("Enter a name.")).toBeVisible();
    await form.getByLabel("Name").fill("On call");
    await form.getByLabel("Address").fill(receiver.url("/slack/T0/B0/secret"));
    await inspect(page, "alert-channel-add");
    await form.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved On call.")).toBeVisible();
    const row = page.getByRole("table", { name: "Channels" }).getByRole("row").filter({ hasText: "On call" });
    await expect(row).toContainText("not used yet");
    await row.getByRole("link").click();
    const drawer = page.getByRole("dialog", { name: "On call" });
    await drawer.getByRole("button", { name: "Send a test" }).click();
    await expect(drawer.getByText("It was taken")).toBeVisible();
    expect(receiver.told.at(-1).body.text).toContain("A test of Tollgate's alerts");
    await inspect(page, "alert-channel");
  });

  const { key } = await manage(tollgate, "POST", "/key/generate", { key_alias: "crawler", max_budget: 0.000001, soft_budget: 0.0000001 });
  const link = await test.step("a call spends what a budget has, and Slack is told within seconds", async () => {
    const began = Date.now();
    await call(tollgate, key);
    const message = await eventually(async () => receiver.told.find((one) => one.body.text.includes("crawler")), "the alert", 5_000);
    expect(Date.now() - began).toBeLessThan(5_000);
    return message.body.blocks.find((block) => block.type === "actions").elements[0].url;
  });

  await test.step("its button leads to the key", async () => {
    expect(link.startsWith(tollgate.url)).toBe(true);
    await page.goto(link);
    await expect(page.getByRole("dialog", { name: "crawler" })).toBeVisible();
  });

  await test.step("the history says what was told where", async () => {
    await page.goto("/ui/alerts");
    const row = page.getByRole("table", { name: "Alerts" }).getByRole("row").filter({ hasText: "crawler" }).first();
    await expect(row).toContainText("Budgets");
    await expect(row).toContainText("On call");
    await inspect(page, "alerts");
    await row.getByRole("link").click();
    const drawer = page.getByRole("dialog");
    await expect(drawer).toContainText("Spent");
    await expect(drawer.getByRole("listitem").filter({ hasText: "On call" })).toContainText("Told");
    await inspect(page, "alert");
    await drawer.getByRole("link", { name: "Show it" }).click();
    await expect(page.getByRole("dialog", { name: "crawler" })).toBeVisible();
  });

  await test.step("mute it, and delete it", async () => {
    await page.goto("/ui/alerts?tab=channels");
    const row = page.getByRole("table", { name: "Channels" }).getByRole("row").filter({ hasText: "On call" });
    await expect(row).toContainText("works");
    await row.getByRole("link").click();
    const drawer = page.getByRole("dialog", { name: "On call" });
    await drawer.getByRole("button", { name: "1 hour" }).click();
    await expect(page.getByText("On call is muted.")).toBeVisible();
    await expect(row).toContainText("muted");
    await page.getByRole("dialog", { name: "On call" }).getByRole("button", { name: "Delete" }).click();
    const question = page.getByRole("alertdialog", { name: "Delete On call?" });
    await question.getByRole("button", { name: "Delete channel" }).click();
    await expect(page.getByText("Channel 'On call' is deleted.")).toBeVisible();
    await page.goto("/ui/audit?kind=alert_channel");
    await expect(page.getByRole("table", { name: "Changes" })).toContainText("Deleted alert channel On call");
  });
  expect(receiver.wrong).toEqual([]);
});

test("a webhook shows what it signs with once, and signs with it", async ({ page }) => {
  await signIn(page);
  await page.goto("/ui/alerts?tab=channels&channel=new");
  const form = page.getByRole("dialog", { name: "Add a channel" });
  await form.getByLabel("Kind").selectOption("Webhook");
  await form.getByLabel("Name").fill("Pager");
  await form.getByLabel("Address").fill(receiver.url("/hook"));
  await form.getByRole("button", { name: "Save" }).click();
  const added = page.getByRole("dialog", { name: "Channel added" });
  const secret = await added.getByLabel("Signing secret").textContent();
  receiver.expectSignedWith(secret);
  await inspect(page, "alert-channel-secret");
  await added.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText(secret)).toHaveCount(0);
  await page.getByRole("table", { name: "Channels" }).getByRole("row").filter({ hasText: "Pager" }).getByRole("link").click();
  await page.getByRole("dialog", { name: "Pager" }).getByRole("button", { name: "Send a test" }).click();
  await expect(page.getByText("It was taken")).toBeVisible();
  expect(receiver.told.at(-1).body.event).toBe("test");
  expect(receiver.wrong).toEqual([]);
});
