// Users in the console: the list with its bars, limits, keys, delete.

import { excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("a user gets limits, which hold for the keys of theirs", async ({ page, tollgate }) => {
  test.setTimeout(120_000);
  const table = page.getByRole("table", { name: "Users" });
  const row = table.getByRole("row").filter({ hasText: "Grace" });
  await test.step("make one", async () => {
    await visit(page, "Users");
    await page.getByRole("link", { name: /Create (the first )?user/ }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create user" });
    await drawer.getByLabel("Id").fill("grace");
    await drawer.getByLabel("Name").fill("Grace");
    await drawer.getByLabel("Role").selectOption("User, read only");
    await inspect(page, "user-create");
    await drawer.getByLabel("Max budget").fill("50");
    await drawer.getByLabel("Budget resets").selectOption("Every month");
    await drawer.getByRole("button", { name: "Create user" }).click();
    await expect(page.getByText("Created the user Grace.")).toBeVisible();
    await expect(row).toContainText("$0.00 of $50");
    await expect(row).toContainText("User, read only");
    await inspect(page, "users");
  });

  await test.step("give another role", async () => {
    await page.goto("/ui/users?user=grace&edit=1");
    const drawer = page.getByRole("dialog", { name: "Edit Grace" });
    await expect(drawer.getByLabel("Role")).toHaveValue("internal_user_viewer");
    await drawer.getByLabel("Role").selectOption("Viewer");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved Grace.")).toBeVisible();
    const { user_info } = await manage(tollgate, "GET", "/user/info?user_id=grace");
    expect([user_info.user_role, user_info.max_budget]).toEqual(["proxy_admin_viewer", 50]);
    await page.keyboard.press("Escape");
  });

  await test.step("see their keys and what limits them", async () => {
    const { token } = await manage(tollgate, "POST", "/key/generate", { key_alias: "of-grace", user_id: "grace" });
    await row.getByRole("link").first().click();
    const drawer = page.getByRole("dialog", { name: "Grace" });
    await expect(drawer).toContainText("of $50 a month");
    await drawer.getByRole("button", { name: "Keys" }).click();
    await expect(drawer.getByRole("table", { name: "Keys" })).toContainText("of-grace");
    await drawer.getByRole("button", { name: "Details" }).click();
    await inspect(page, "user-details");
    await drawer.getByRole("button", { name: "Would a call pass?" }).click();
    const answer = page.getByRole("region", { name: "Would a call pass?" });
    await expect(answer.getByRole("status")).toContainText("Yes, the call would be made.");
    await expect(answer.getByRole("table", { name: "Checks" }).getByRole("row").filter({ hasText: "Budget" })).toContainText("User");
    await inspect(page, "user-explain");
    await page.goto(`/ui/keys?key=${token}`);
    const limits = page.getByRole("region", { name: "What limits this key" });
    await expect(limits.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "User" }) })).toContainText("$50");
  });

  await test.step("change and delete", async () => {
    await page.goto("/ui/users?user=grace&edit=1");
    const drawer = page.getByRole("dialog", { name: "Edit Grace" });
    await drawer.getByLabel("Max budget").fill("75");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(row).toContainText("of $75");
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog", { name: "Delete Grace?" }).getByRole("button", { name: "Delete user" }).click();
    await expect(page.getByText("Deleted Grace.")).toBeVisible();
    await expect(row).toHaveCount(0);
  });
});

test("an id that is taken is refused beside its field", async ({ page, tollgate }) => {
  excuse(page, /status of 40\d .*\/user\/new/);
  await manage(tollgate, "POST", "/user/new", { user_id: "bob", auto_create_key: false });
  await page.goto("/ui/users?new=1");
  const drawer = page.getByRole("dialog", { name: "Create user" });
  await drawer.getByLabel("Id").fill("bob");
  await drawer.getByRole("button", { name: "Create user" }).click();
  await expect(drawer.getByLabel("Id")).toHaveAttribute("aria-invalid", "true");
});

test("without letters, the link of an invitation is shown once", async ({ page, tollgate }) => {
  await page.goto("/ui/users?new=1");
  const drawer = page.getByRole("dialog", { name: "Create user" });
  await drawer.getByLabel("Name").fill("Ian");
  await drawer.getByLabel("E-mail").fill("ian@corp.test");
  await drawer.getByLabel("Send an invitation").check();
  await drawer.getByRole("button", { name: "Create user" }).click();
  const made = page.getByRole("dialog", { name: "User created" });
  await expect(made.getByText("No letter was sent")).toBeVisible();
  await expect(made.getByRole("button", { name: "Copy link" })).toBeVisible();
  const link = made.getByLabel("Invitation link");
  await expect(link).toContainText(`${tollgate.url}/ui/invitation#`);
  const first = await link.textContent();
  await inspect(page, "user-link");
  await made.getByRole("button", { name: "Done" }).click();
  await expect(page.getByText(first)).toHaveCount(0);

  await page.getByRole("table", { name: "Users" }).getByRole("link", { name: /Ian/ }).click();
  await page.getByRole("button", { name: "Invite" }).click();
  await expect(page.getByLabel("Invitation link")).not.toHaveText(first);
  await inspect(page, "user-link-again");
});
