// Spend in the console: the finance lead reads the month, explains a figure, closes the last month and prints it.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { call, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// Months that others spend in would be others.
test.use({ gateway: "spend" });

const PAST = fileURLToPath(new URL("../harness/past.py", import.meta.url));
const DAY_MS = 24 * 60 * 60 * 1000;

/** Spend of the days since the first of the month before the last one, today left out. */
function past() {
  const today = new Date(new Date().toISOString().slice(0, 10));
  const first = Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - 2, 1);
  const rows = [];
  for (let at = first; at < today.getTime(); at += DAY_MS) {
    const date = new Date(at);
    const level = [0, 6].includes(date.getUTCDay()) ? 4 : 30 + (date.getUTCDate() % 7);
    const shares = [
      ["shop", "gpt-4o", 0.5],
      ["shop", "claude-sonnet", 0.2],
      ["search", "gpt-4o", 0.1],
      ["search", "text-embedding-3-small", 0.02],
      ["", "gpt-4o", 0.18],
    ];
    for (const [team, model, share] of shares) {
      const key = { date: date.toISOString().slice(0, 10), team_id: team, model_group: model, api_key: `key-of-${team}` };
      rows.push({ ...key, organization_id: team && "acme", user_id: team ? "ada" : "", spend: level * share });
    }
  }
  return rows;
}

function monthsBack(count) {
  const today = new Date();
  const first = new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - count, 1));
  return first.toLocaleDateString("en-US", { month: "long", year: "numeric", timeZone: "UTC" });
}

test("the finance lead reads the month and closes the last one", async ({ page, tollgate }) => {
  test.setTimeout(180_000);
  await signIn(page);

  await test.step("without calls there is nothing to tell", async () => {
    await visit(page, "Spend");
    await expect(page.getByRole("heading", { name: "Nothing spent this month" })).toBeVisible();
    await inspect(page, "spend-empty");
  });

  await test.step("teams have cost centres, and the gateway a past", async () => {
    await manage(tollgate, "POST", "/organization/new", { organization_id: "acme", organization_alias: "Acme", cost_center: "CC-100" });
    await manage(tollgate, "POST", "/team/new", { team_id: "shop", team_alias: "Shop", organization_id: "acme" });
    await manage(tollgate, "POST", "/team/new", { team_id: "search", team_alias: "Search", organization_id: "acme", cost_center: "CC-200" });
    const database = readdirSync(tollgate.data).find((name) => name.endsWith(".db"));
    execFileSync("python3", [PAST, path.join(tollgate.data, database)], { input: JSON.stringify(past()) });
    const { key } = await manage(tollgate, "POST", "/key/generate", { key_alias: "checkout", team_id: "shop" });
    expect((await call(tollgate, key)).status).toBe(200);
  });

  await test.step("the month so far, what it will be, and where it goes", async () => {
    await page.reload();
    const figures = page.getByRole("region", { name: "Key figures" });
    await expect(figures).toContainText("80 % sure");
    await expect(figures).toContainText("no budget by the month");
    const table = page.getByRole("region", { name: "Where it goes, as a table" });
    await expect(table.getByRole("row").nth(1)).toContainText("Shop");
    await inspect(page, "spend");
    await page.getByRole("combobox", { name: "By what", exact: true }).selectOption("Cost centre");
    await page.getByRole("combobox", { name: "And by what else" }).selectOption("and model");
    await expect(table.getByRole("row").nth(1)).toContainText("CC-100");
    await expect(table.getByRole("columnheader", { name: "claude-sonnet" })).toBeVisible();
    await page.getByRole("group", { name: "View" }).getByRole("button", { name: "Table" }).click();
    await expect(page.getByRole("table", { name: "Month to date" })).toBeVisible();
    await inspect(page, "spend-by-two");
  });

  await test.step("the last month is closed, once", async () => {
    await page.getByRole("button", { name: `Close ${monthsBack(1)}` }).click();
    const question = page.getByRole("alertdialog", { name: `Close ${monthsBack(1)}?` });
    await inspect(page, "spend-close");
    await question.getByRole("button", { name: `Close ${monthsBack(1)}` }).click();
    const row = page.getByRole("region", { name: "Months, as a table" }).getByRole("row").filter({ hasText: monthsBack(1).replace(/^(...)\S*/, "$1") });
    await expect(row).toContainText("Closed");
    await expect(row.getByRole("button")).toHaveCount(0);
    await row.getByRole("link", { name: `Statement of ${monthsBack(1)}` }).click();
  });

  await test.step("its statement is narrowed to whom it is for, and printed", async () => {
    await expect(page.getByRole("heading", { name: `${monthsBack(1)} · All calls` })).toBeVisible();
    const centers = page.getByRole("region", { name: "By cost centre" });
    await expect(centers).toContainText("CC-200");
    await inspect(page, "statement");
    await page.getByRole("combobox", { name: "Whose statement" }).selectOption("Acme");
    await expect(page.getByRole("heading", { name: `${monthsBack(1)} · Acme` })).toBeVisible();
    await centers.getByRole("link", { name: "CC-200" }).click();
    await expect(page.getByRole("region", { name: "By team" })).not.toContainText("Shop");
    await page.emulateMedia({ media: "print" });
    await expect(page.getByRole("button", { name: "Print" })).toBeHidden();
    await expect(page.getByRole("combobox", { name: "Whose statement" })).toBeHidden();
    await expect(page.getByRole("heading", { name: /Acme · CC-200/ })).toBeVisible();
    await page.screenshot({ path: fileURLToPath(new URL("../test-results/screens/statement-print.png", import.meta.url)), fullPage: true });
    await page.emulateMedia({ media: null });
  });

  await test.step("a credit is booked to the closed month, and counts in this one's statement", async () => {
    const month = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() - 1, 1)).toISOString().slice(0, 7);
    const credit = { month, amount: -12.5, organization_id: "acme", reason: "Credit for the outage", reference: "CN-114" };
    await manage(tollgate, "POST", "/spend/adjustment", credit);
    await page.goto(`/ui/spend/statement?month=${month}`);
    await expect(page.getByRole("article")).toContainText("After it was closed");
    await page.goto("/ui/spend/statement");
    const entries = page.getByRole("region", { name: "Adjustments to earlier months" });
    await expect(entries).toContainText("Credit for the outage · CN-114");
    await expect(entries).toContainText(monthsBack(1));
    await expect(entries).toContainText("Acme");
    await inspect(page, "statement-corrected");
    await page.getByRole("button", { name: "Export" }).click();
    const menu = page.getByRole("dialog", { name: "Export" });
    const file = await page.request.get(await menu.getByRole("link", { name: /Days as FOCUS/ }).getAttribute("href"));
    expect(await file.text()).toContain("BilledCost");
    const teams = await page.request.get(await menu.getByRole("link", { name: "All teams by day" }).getAttribute("href"));
    expect(teams.status()).toBe(200);
    await inspect(page, "statement-export");
  });

  await test.step("a correction is booked from the statement", async () => {
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Book a correction" }).click();
    const form = page.getByRole("dialog", { name: "Book a correction" });
    await form.getByLabel("Amount").fill("ten");
    await form.getByRole("button", { name: "Book" }).click();
    await expect(form.getByLabel("Amount")).toHaveAttribute("aria-invalid", "true");
    await inspect(page, "statement-book");
    await form.getByLabel("Amount").fill("3.25");
    await form.getByLabel("Reason").fill("Priced too low");
    await form.getByRole("button", { name: "Book" }).click();
    await expect(page.getByRole("region", { name: "Corrections" })).toContainText("Priced too low");
    await page.goto("/ui/spend");
    await expect(page.getByRole("region", { name: "Months, as a table" }).getByRole("row").nth(1)).toContainText("$3.25");
    await inspect(page, "spend-corrected");
  });

  await test.step("who closed it is in the audit log", async () => {
    await page.goto("/ui/audit?kind=month");
    await expect(page.getByRole("table")).toContainText("Closed month");
  });
});
