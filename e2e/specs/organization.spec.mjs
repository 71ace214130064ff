// Organizations in the console: tenants with limits over their teams, in a time zone of their own.

import { excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// What others left behind is not to be seen here, nor what is left behind here by others.
test.use({ gateway: "organization" });

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("from the first organization to its end", async ({ browser, page, tollgate }) => {
  test.setTimeout(180_000);
  const table = page.getByRole("table", { name: "Organizations" });
  const row = table.getByRole("row").filter({ hasText: "Acme" });
  await test.step("make one", async () => {
    await visit(page, "Organizations");
    await expect(page.getByRole("heading", { name: "No organizations yet" })).toBeVisible();
    await inspect(page, "organizations-empty");
    await page.getByRole("link", { name: "Create the first organization" }).click();
    const drawer = page.getByRole("dialog", { name: "Create organization" });
    await drawer.getByLabel("Id", { exact: true }).fill("acme");
    await drawer.getByLabel("Name").fill("Acme");
    await drawer.getByLabel("Time zone").fill("Europe/Berlin");
    await drawer.getByLabel("Max budget").fill("5000");
    await drawer.getByLabel("Budget resets").selectOption("Every month");
    await inspect(page, "organization-create");
    await drawer.getByRole("button", { name: "Create organization" }).click();
    await expect(page.getByText("Created the organization Acme.")).toBeVisible();
    await expect(row).toContainText("$0.00 of $5,000");
  });

  await test.step("without a team its budget shows all the same", async () => {
    await row.getByRole("link").first().click();
    const drawer = page.getByRole("dialog", { name: "Acme" });
    await expect(drawer).toContainText("of $5,000 a month");
    await page.keyboard.press("Escape");
    await expect(drawer).toBeHidden();
  });

  await test.step("give it a team", async () => {
    await page.goto("/ui/teams?new=1");
    const drawer = page.getByRole("dialog", { name: "Create team" });
    await drawer.getByLabel("Name").fill("payments");
    await drawer.getByLabel("Organization").selectOption("Acme");
    await drawer.getByRole("button", { name: "Create team" }).click();
    await page.getByRole("table", { name: "Teams" }).getByRole("link", { name: /payments/ }).click();
    const limits = page.getByRole("region", { name: "What limits this team" });
    const above = limits.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "Organization" }) });
    await expect(above).toContainText("of $5,000");
    await inspect(page, "team-in-organization");
    await above.getByRole("link", { name: "Acme" }).click();
  });

  await test.step("see what it has", async () => {
    const limits = page.getByRole("region", { name: "What limits this organization" });
    await expect(limits.getByRole("listitem")).toHaveCount(1);
    await expect(limits).toContainText("$5,000.00 left");
    await inspect(page, "organization-limits");
    const drawer = page.getByRole("dialog", { name: "Acme" });
    await drawer.getByRole("button", { name: "Details" }).click();
    await expect(drawer).toContainText("Europe/Berlin");
    await inspect(page, "organization-details");
  });

  await test.step("its keys lead to it", async () => {
    const { token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "of-acme", organization_id: "acme" });
    await page.goto(`/ui/keys?key=${token}&tab=details`);
    await page.getByRole("dialog", { name: "of-acme" }).getByRole("link", { name: "acme", exact: true }).click();
    const drawer = page.getByRole("dialog", { name: "Acme" });
    await drawer.getByRole("button", { name: "Keys" }).click();
    await expect(drawer.getByRole("table", { name: "Keys" })).toContainText("of-acme");
  });

  await test.step("it gets an administrator, who sees it and nothing else", async () => {
    await manage(tollgate, "POST", "/organization/new", { organization_id: "globex", organization_alias: "Globex" });
    await manage(tollgate, "POST", "/user/new", { user_id: "ada", password: "countess of lovelace", auto_create_key: false });
    const drawer = page.getByRole("dialog", { name: "Acme" });
    await drawer.getByRole("button", { name: "Members" }).click();
    await expect(drawer).toContainText("No members yet.");
    await drawer.getByRole("link", { name: "Add a member" }).click();
    await drawer.getByLabel("User").fill("ada");
    await drawer.getByLabel("Role").selectOption("Administrator");
    await inspect(page, "organization-member-add");
    await drawer.getByRole("button", { name: "Add member" }).click();
    await expect(page.getByText("ada is a member now.")).toBeVisible();
    await expect(drawer.getByRole("table", { name: "Members" })).toContainText("Administrator");
    await inspect(page, "organization-members");

    await drawer.getByRole("table", { name: "Members" }).getByRole("row").filter({ hasText: "ada" }).click();
    await drawer.getByLabel("Max budget in the organization").fill("twenty");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(drawer.getByLabel("Max budget in the organization")).toHaveAttribute("aria-invalid", "true");
    await drawer.getByLabel("Max budget in the organization").fill("20");
    await drawer.getByLabel("Budget resets").selectOption("Every month");
    await inspect(page, "organization-member-budget");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved ada.")).toBeVisible();
    await expect(drawer.getByRole("table", { name: "Members" })).toContainText("of $20");

    const ada = await browser.newPage({ baseURL: tollgate.url });
    await ada.goto("/ui/organizations");
    await ada.getByLabel("Username").fill("ada");
    await ada.getByLabel("Password").fill("countess of lovelace");
    await ada.getByRole("button", { name: "Sign in" }).click();
    const theirs = ada.getByRole("table", { name: "Organizations" });
    await expect(theirs).toContainText("Acme");
    await expect(theirs).not.toContainText("Globex");
    await expect(ada.getByRole("link", { name: "Create organization" })).toHaveCount(0);
    await ada.goto("/ui/teams?new=1");
    const team = ada.getByRole("dialog", { name: "Create team" });
    await team.getByLabel("Name").fill("search");
    await team.getByLabel("Organization").selectOption("Acme");
    await team.getByRole("button", { name: "Create team" }).click();
    await expect(ada.getByRole("table", { name: "Teams" })).toContainText("search");
    await ada.close();
  });

  await test.step("change and delete it", async () => {
    excuse(page, /status of 40\d .*\/organization\/update/);
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Edit" }).click();
    await drawer.getByLabel("Time zone").fill("Mars/Olympus");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(drawer.getByLabel("Time zone")).toHaveAttribute("aria-invalid", "true");
    await drawer.getByLabel("Time zone").fill("");
    await drawer.getByLabel("Soft budget").fill("4500");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved Acme.")).toBeVisible();
    const changed = await manage(tollgate, "GET", "/organization/info?organization_id=acme");
    expect([changed.timezone, changed.soft_budget]).toEqual([null, 4500]);
    await drawer.getByRole("button", { name: "Delete" }).click();
    const question = page.getByRole("alertdialog", { name: "Delete Acme?" });
    await expect(question).toContainText("Its teams and keys are deleted with it");
    await question.getByRole("button", { name: "Delete organization" }).click();
    await expect(page.getByText("Deleted Acme.")).toBeVisible();
    await expect(table).toContainText("Globex");
    await expect(row).toHaveCount(0);
    expect((await manage(tollgate, "GET", "/v2/team/list")).teams).toEqual([]);
  });
});
