// Customers in the console: those whom calls name in their field `user`, their limits, block and delete.

import { call, excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("from the first customer to its end", async ({ page, tollgate }) => {
  test.setTimeout(180_000);
  const table = page.getByRole("table", { name: "Customers" });
  const row = table.getByRole("row").filter({ hasText: "Globex" });
  await test.step("make one", async () => {
    await visit(page, "Customers");
    await expect(page.getByRole("heading", { name: "No customers yet" })).toBeVisible();
    await inspect(page, "customers-empty");
    await page.getByRole("link", { name: "Create the first customer" }).click();
    const drawer = page.getByRole("dialog", { name: "Create customer" });
    await drawer.getByLabel("Id").fill("globex");
    await drawer.getByLabel("Name").fill("Globex");
    await drawer.getByLabel("Max budget").fill("5");
    await drawer.getByLabel("Soft budget").fill("4");
    await drawer.getByLabel("Budget resets").selectOption("Every month");
    await drawer.getByRole("button", { name: "Limit a model" }).click();
    const limit = drawer.getByRole("group", { name: "Limits of model 1" });
    await limit.getByLabel("Model", { exact: true }).fill("fake");
    await limit.getByLabel("Requests/min").fill("30");
    await inspect(page, "customer-create");
    await drawer.getByRole("button", { name: "Create customer" }).click();
    await expect(page.getByText("Created the customer Globex.")).toBeVisible();
    await expect(row).toContainText("$0.00 of $5");
    const made = await manage(tollgate, "GET", "/customer/info?end_user_id=globex");
    expect([made.alias, made.soft_budget, made.model_rpm_limit]).toEqual(["Globex", 4, { fake: 30 }]);
  });

  const { key } = await manage(tollgate, "POST", "/key/generate", { key_alias: "app" });
  await test.step("see what its calls take", async () => {
    expect((await call(tollgate, key, { user: "globex" })).status).toBe(200);
    const hanging = new AbortController();
    const hung = call(tollgate, key, { user: "globex", max_tokens: 100, fake: { hang: true } }, hanging.signal).catch(() => {});
    await page.goto("/ui/customers?customer=globex&model=fake");
    const limits = page.getByRole("region", { name: "What limits this customer" });
    const own = limits.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "Customer", exact: true }) });
    await expect(own).toContainText("$0.00002 spent");
    await expect(own).toContainText("reserved");
    await expect(own).toContainText("of $5 a month");
    await expect(own).toContainText("warns at $4");
    await expect(own).toContainText(/resets in \d+ (hour|day)s?/);
    await expect(limits.getByRole("listitem")).toHaveCount(2);
    await expect(limits.getByRole("listitem").filter({ hasText: "Customer, this model" })).toContainText("2 of 30");
    await inspect(page, "customer-limits");
    hanging.abort();
    await hung;
    await expect(own).not.toContainText("reserved");
  });

  await test.step("block it", async () => {
    const drawer = page.getByRole("dialog", { name: "Globex" });
    await drawer.getByRole("button", { name: "Block", exact: true }).click();
    await page.getByRole("alertdialog", { name: "Block Globex?" }).getByRole("button", { name: "Block customer" }).click();
    await expect(page.getByText("Globex is blocked.", { exact: true })).toBeVisible();
    expect((await call(tollgate, key, { user: "globex" })).status).toBe(403);
    expect((await call(tollgate, key, { user: "initech" })).status).toBe(200);
    await expect(drawer.getByText("the customer Globex is blocked")).toBeVisible();
    await inspect(page, "customer-blocked");
    await drawer.getByRole("button", { name: "Unblock" }).click();
    await expect(page.getByText("Globex works again.")).toBeVisible();
  });

  await test.step("change and delete it", async () => {
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Edit" }).click();
    await drawer.getByLabel("Max budget").fill("8");
    await drawer.getByRole("button", { name: "Remove the limits of fake" }).click();
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(row).toContainText("of $8");
    expect((await manage(tollgate, "GET", "/customer/info?end_user_id=globex")).model_rpm_limit).toEqual({});
    await drawer.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog", { name: "Delete Globex?" }).getByRole("button", { name: "Delete customer" }).click();
    await expect(page.getByText("Deleted Globex.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "No customers yet" })).toBeVisible();
  });
});

test("many customers are paged, searched and exported", async ({ page, tollgate }) => {
  for (let n = 10; n < 40; n++) await manage(tollgate, "POST", "/customer/new", { user_id: `shop-${n}`, alias: `Shop ${n}`, max_budget: n });
  await visit(page, "Customers");
  const table = page.getByRole("table", { name: "Customers" });
  await expect(table.getByRole("row")).toHaveCount(26);
  await inspect(page, "customers");
  await page.getByRole("link", { name: "Next" }).click();
  await expect(page).toHaveURL(/page=2/);
  await expect(table.getByRole("row")).toHaveCount(6);
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export customers as CSV" }).click();
  const lines = await (await saving).createReadStream().then((stream) => stream.toArray());
  expect(Buffer.concat(lines).toString("utf8").trim().split("\n")).toHaveLength(31);
  await page.keyboard.press("/");
  await page.keyboard.type("shop 1");
  await expect(page).toHaveURL(/q=shop%201|q=shop\+1/);
  await expect(table.getByRole("row")).toHaveCount(11);
});

test("a customer that is registered already is refused beside its field", async ({ page, tollgate }) => {
  excuse(page, /status of 40\d .*\/customer\/new/);
  await manage(tollgate, "POST", "/customer/new", { user_id: "twice" });
  await page.goto("/ui/customers?new=1");
  const drawer = page.getByRole("dialog", { name: "Create customer" });
  await drawer.getByLabel("Id").fill("twice");
  await drawer.getByRole("button", { name: "Create customer" }).click();
  await expect(drawer.getByLabel("Id")).toHaveAttribute("aria-invalid", "true");
});
