// Reports in the console: the finance lead saves one, shares it, has it sent, and reads its file.

import { readFileSync } from "node:fs";

import { call, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// What others spend would be in the file.
test.use({ gateway: "report" });

test("a report is saved, read and deleted", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  await manage(tollgate, "POST", "/team/new", { team_id: "shop", team_alias: "Shop" });
  const { key } = await manage(tollgate, "POST", "/key/generate", { key_alias: "checkout", team_id: "shop" });
  expect((await call(tollgate, key)).status).toBe(200);
  await signIn(page);
  page.excused = /status of 400 .*\/spend\/report\/new/;

  await test.step("without reports the page says what one is for", async () => {
    await visit(page, "Reports");
    await expect(page.getByRole("heading", { name: "No reports yet" })).toBeVisible();
    await inspect(page, "report-empty");
  });

  await test.step("what does not fit is said at its field", async () => {
    await page.getByRole("link", { name: "Save the first report" }).click();
    const form = page.getByRole("dialog", { name: "Save a report" });
    await form.getByRole("textbox", { name: "Name" }).fill("Shop by the week");
    await form.getByRole("combobox", { name: "What is in it" }).selectOption("The month as a bill");
    await form.getByRole("button", { name: "Save" }).click();
    await expect(form.getByText("a statement is of a month")).toBeVisible();
    await inspect(page, "report-form");
  });

  await test.step("it is saved, and listed", async () => {
    const form = page.getByRole("dialog", { name: "Save a report" });
    await form.getByRole("combobox", { name: "What is in it" }).selectOption("A line a group");
    await form.getByRole("combobox", { name: "And each by" }).selectOption("Model");
    await form.getByRole("combobox", { name: "Of whose calls" }).selectOption("Team Shop");
    await form.getByRole("combobox", { name: "Share it with" }).selectOption("Team Shop");
    await form.getByRole("button", { name: "Save" }).click();
    const row = page.getByRole("row").filter({ hasText: "Shop by the week" });
    await expect(row).toContainText("By team and model");
    await expect(row).toContainText("Every week");
    await expect(row).toContainText("nobody");
    await inspect(page, "report-list");
  });

  await test.step("its file tells this week's calls", async () => {
    await page.getByRole("link", { name: "Shop by the week" }).click();
    const drawer = page.getByRole("dialog", { name: "Shop by the week" });
    await expect(drawer).toContainText("team shop");
    await inspect(page, "report-detail");
    const today = new Date().toISOString().slice(0, 10);
    await page.goto(`${page.url()}&day=${today}`);
    const downloading = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^shop-by-the-week-\d{4}-\d\d-\d\d-to-.*\.csv$/);
    const [header, line] = readFileSync(await download.path(), "utf8").split("\r\n");
    expect(header).toMatch(/^team,team_name,model,model_name,spend,api_requests,/);
    expect(line).toMatch(/^shop,Shop,/);
  });

  await test.step("another page has a state of its own", async () => {
    await page.getByRole("button", { name: "Close" }).click();
    await page.getByRole("link", { name: "Shop by the week" }).click();
    await expect(page).toHaveURL(/reports\?report=/);
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Shop by the week" }).click();
    // The link is part of the page that is left, with its state in the address.
    await page.evaluate(() => {
      const link = document.createElement("a");
      link.href = "/ui/logs?status=failure";
      document.querySelector("#main").append(link);
      link.click();
    });
    await expect(page).toHaveURL(/\/ui\/logs\?status=failure/);
    await expect(page.getByRole("combobox", { name: "Status" })).toHaveValue("failure");
    await page.goBack();
    await expect(page.getByRole("dialog", { name: "Shop by the week" })).toBeVisible();
  });

  await test.step("it is changed, and deleted after a question", async () => {
    await page.getByRole("button", { name: "Edit" }).click();
    const form = page.getByRole("dialog", { name: "Edit the report" });
    await form.getByRole("textbox", { name: "Name" }).fill("Shop by the month");
    await form.getByRole("combobox", { name: "When" }).selectOption("Every month");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByRole("link", { name: "Shop by the month" }).click();
    await page.getByRole("button", { name: "Delete" }).click();
    const question = page.getByRole("alertdialog", { name: "Delete Shop by the month?" });
    await question.getByRole("button", { name: "Delete report" }).click();
    await expect(page.getByRole("heading", { name: "No reports yet" })).toBeVisible();
  });
});
