// Tags in the console: what calls are for, limited whoever makes them.

import { call, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("from the first tag to its end", async ({ page, tollgate }) => {
  test.setTimeout(180_000);
  const table = page.getByRole("table", { name: "Tags" });
  const row = table.getByRole("row").filter({ hasText: "nightly" });
  await test.step("make one", async () => {
    await visit(page, "Tags");
    await expect(page.getByRole("heading", { name: "No tags yet" })).toBeVisible();
    await inspect(page, "tags-empty");
    await page.getByRole("link", { name: "Create the first tag" }).click();
    const drawer = page.getByRole("dialog", { name: "Create tag" });
    await drawer.getByLabel("Name").fill("nightly");
    await drawer.getByLabel("Description").fill("Jobs that run at night");
    await drawer.getByLabel("Max budget").fill("100");
    await drawer.getByLabel("Requests a minute").fill("20");
    await inspect(page, "tag-create");
    await drawer.getByRole("button", { name: "Create tag" }).click();
    await expect(page.getByText("Created the tag nightly.")).toBeVisible();
    await expect(row).toContainText("Jobs that run at night");
    await inspect(page, "tags");
  });

  await test.step("see what its calls take, whichever key makes them", async () => {
    for (const key_alias of ["one", "two"]) {
      const { key } = await manage(tollgate, "POST", "/key/generate", { key_alias });
      expect((await call(tollgate, key, { metadata: { tags: ["nightly"] } })).status).toBe(200);
    }
    await row.getByRole("link").first().click();
    const limits = page.getByRole("region", { name: "What limits this tag" });
    await expect(limits.getByRole("listitem")).toHaveCount(1);
    await expect(limits).toContainText("$0.00004 spent");
    await expect(limits).toContainText("2 of 20");
    await inspect(page, "tag-limits");
  });

  await test.step("change and delete it", async () => {
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Edit" }).click();
    await drawer.getByLabel("Description").fill("");
    await drawer.getByLabel("Max budget").fill("0");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved nightly.")).toBeVisible();
    await expect(row).toContainText("Budget used up");
    await drawer.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog", { name: "Delete nightly?" }).getByRole("button", { name: "Delete tag" }).click();
    await expect(page.getByText("Deleted nightly.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "No tags yet" })).toBeVisible();
  });
});

test("search finds a tag by what it is for", async ({ page, tollgate }) => {
  await manage(tollgate, "POST", "/tag/new", { name: "eu-1", description: "Support desk" });
  await manage(tollgate, "POST", "/tag/new", { name: "eu-2", description: "Shop" });
  await page.goto("/ui/tags?q=desk");
  await expect(page.getByRole("table", { name: "Tags" }).getByRole("row")).toHaveCount(2);
  await page.goto("/ui/tags?q=nowhere");
  await expect(page.getByRole("heading", { name: "No tag matches" })).toBeVisible();
});
