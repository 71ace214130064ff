// Teams in the console: the list with its bars, limits, keys, members, block and delete.

import { expect, inspect, manage, signIn, test, visit } from "./support.mjs";

// It begins without a team, and others leave some behind.
test.use({ gateway: "team" });

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

test("from the first team to its end", async ({ page, tollgate }) => {
  test.setTimeout(180_000);
  const table = page.getByRole("table", { name: "Teams" });
  await test.step("make one", async () => {
    await visit(page, "Teams");
    await expect(page.getByRole("heading", { name: "No teams yet" })).toBeVisible();
    await page.getByRole("link", { name: "Create the first team" }).click();
    const drawer = page.getByRole("dialog", { name: "Create team" });
    await drawer.getByLabel("Name").fill("checkout");
    await drawer.getByLabel("Max budget").fill("500");
    await drawer.getByLabel("Budget resets").selectOption("Every month");
    await inspect(page, "team-create");
    await drawer.getByRole("button", { name: "Create team" }).click();
    await expect(page.getByText("Created the team checkout.")).toBeVisible();
    await expect(table.getByRole("row").filter({ hasText: "checkout" })).toContainText("$0.00 of $500");
  });

  const { teams } = await manage(tollgate, "GET", "/v2/team/list");
  const { team_id } = teams[0];
  await manage(tollgate, "POST", "/key/generate", { key_alias: "cart", team_id, max_budget: 10 });
  await manage(tollgate, "POST", "/team/member_add", {
    team_id,
    member: { role: "admin", user_id: "ada", user_email: "ada@example.com" },
    max_budget_in_team: 20,
  });

  await test.step("see what limits it, its keys and its members", async () => {
    await page.reload();
    await expect(table.getByRole("row").filter({ hasText: "checkout" }).getByRole("cell", { name: "1", exact: true })).toHaveCount(2);
    await inspect(page, "teams");
    await table.getByRole("link", { name: /checkout/ }).click();
    const drawer = page.getByRole("dialog", { name: "checkout" });
    await expect(drawer).toContainText("of $500 a month");
    await expect(drawer).toContainText("$500.00 left");
    await inspect(page, "team-limits");
    await drawer.getByRole("button", { name: "Keys" }).click();
    await expect(drawer.getByRole("table", { name: "Keys" })).toContainText("$0.00 of $10");
    await drawer.getByRole("button", { name: "Members" }).click();
    await expect(drawer.getByRole("table", { name: "Members" })).toContainText("ada@example.comAdmin$0.00 of $20");
    await inspect(page, "team-members");
  });

  await test.step("a member joins, gets another part, and leaves", async () => {
    const drawer = page.getByRole("dialog", { name: "checkout" });
    const members = drawer.getByRole("table", { name: "Members" });
    await drawer.getByRole("link", { name: "Add a member" }).click();
    await drawer.getByRole("button", { name: "Add member" }).click();
    await expect(drawer.getByLabel("User")).toHaveAttribute("aria-invalid", "true");
    await drawer.getByLabel("User").fill("mary@example.com");
    await drawer.getByLabel("Max budget").fill("30");
    await drawer.getByLabel("Budget resets").selectOption("Every week");
    await drawer.getByRole("button", { name: "Limit a model" }).click();
    const limit = drawer.getByRole("group", { name: "Limits of model 1" });
    await limit.getByLabel("Model", { exact: true }).fill("fake");
    await limit.getByLabel("Budget, $").fill("10");
    await limit.getByLabel("Resets").selectOption("Daily");
    await limit.getByLabel("Tokens/min").fill("many");
    await drawer.getByRole("button", { name: "Add member" }).click();
    await expect(limit.getByLabel("Tokens/min")).toHaveAttribute("aria-invalid", "true");
    await limit.getByLabel("Tokens/min").fill("4,000");
    await inspect(page, "team-member-add");
    await drawer.getByRole("button", { name: "Add member" }).click();
    await expect(page.getByText("mary@example.com is a member now.")).toBeVisible();
    await expect(members).toContainText("mary@example.comMember$0.00 of $30");
    const of = async () => (await manage(tollgate, "GET", `/team/info?team_id=${team_id}`)).team_memberships.find(({ user_email }) => user_email === "mary@example.com");
    expect((await of()).model_max_budget).toEqual({ fake: { max_budget: 10, budget_duration: "daily" } });
    expect((await of()).model_tpm_limit).toEqual({ fake: 4000 });

    await members.getByRole("link", { name: "mary@example.com" }).click();
    await expect(drawer.getByLabel("Max budget")).toHaveValue("30");
    await drawer.getByLabel("Role").selectOption("Admin");
    await drawer.getByLabel("Max budget").fill("");
    await drawer.getByLabel("Requests a minute").fill("5");
    await inspect(page, "team-member-edit");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved mary@example.com.")).toBeVisible();
    await expect(members).toContainText("mary@example.comAdmin$0.00 no limit");
    const changed = await of();
    expect([changed.role, changed.max_budget, changed.rpm_limit]).toEqual(["admin", null, 5]);
    expect(changed.model_tpm_limit).toEqual({ fake: 4000 });

    await members.getByRole("link", { name: "mary@example.com" }).click();
    await drawer.getByRole("button", { name: "Remove", exact: true }).click();
    await inspect(page, "team-member-remove");
    await page.getByRole("alertdialog", { name: "Remove mary@example.com from the team?" }).getByRole("button", { name: "Remove member" }).click();
    await expect(page.getByText("mary@example.com is no member any more.")).toBeVisible();
    await expect(members.getByRole("row")).toHaveCount(2);
    expect(await of()).toBeUndefined();
  });

  await test.step("would a call of the team pass?", async () => {
    const drawer = page.getByRole("dialog", { name: "checkout" });
    await drawer.getByRole("button", { name: "Would a call pass?" }).click();
    const answer = page.getByRole("region", { name: "Would a call pass?" });
    await expect(answer.getByRole("status")).toContainText("Yes, the call would be made.");
    await answer.getByLabel("Prompt tokens").fill("60,000,000");
    await answer.getByLabel("End user").fill("customer-7");
    await answer.getByLabel("Tags").fill("nightly");
    await answer.getByRole("button", { name: "Check", exact: true }).click();
    await expect(page).toHaveURL(/end_user=customer-7&input=60000000&tab=explain&tags=nightly&team=/);
    await inspect(page, "team-explain");
    await answer.getByLabel("Prompt tokens").fill("1000");
    await answer.getByRole("button", { name: "Check", exact: true }).click();
  });

  await test.step("change its limits", async () => {
    const drawer = page.getByRole("dialog");
    await drawer.getByRole("button", { name: "Edit" }).click();
    await drawer.getByLabel("Max budget").fill("0");
    await drawer.getByLabel("Tokens a minute").fill("90,000");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved checkout.")).toBeVisible();
    await expect(table.getByRole("row").filter({ hasText: "checkout" })).toContainText("Budget used up");
    const { team_info } = await manage(tollgate, "GET", `/team/info?team_id=${team_id}`);
    expect([team_info.max_budget, team_info.tpm_limit, team_info.budget_duration]).toEqual([0, 90000, "monthly"]);
  });

  await test.step("its limits stop its keys, which say so", async () => {
    const { keys } = await manage(tollgate, "GET", `/key/list?team_id=${team_id}`);
    await page.goto(`/ui/keys?key=${keys[0]}`);
    const limits = page.getByRole("region", { name: "What limits this key" });
    const team = limits.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "Team", exact: true }) });
    await expect(team).toContainText("Nothing left");
    await inspect(page, "key-limits-of-team");
    await page.getByRole("button", { name: "Would a call pass?" }).click();
    const answer = page.getByRole("region", { name: "Would a call pass?" });
    await expect(answer.getByRole("status")).toContainText("No, the budget of the team checkout");
    await expect(answer.getByRole("status")).toContainText("Ask an admin of the team's organization or an administrator");
    await inspect(page, "key-explain-team");
  });

  await test.step("block and delete it", async () => {
    await page.goto(`/ui/teams?team=${team_id}`);
    const drawer = page.getByRole("dialog", { name: "checkout" });
    await drawer.getByRole("button", { name: "Block", exact: true }).click();
    await page.getByRole("alertdialog", { name: "Block checkout?" }).getByRole("button", { name: "Block team" }).click();
    await expect(page.getByText("checkout is blocked.", { exact: true })).toBeVisible();
    await drawer.getByRole("button", { name: "Unblock" }).click();
    await expect(page.getByText("checkout works again.")).toBeVisible();
    await drawer.getByRole("button", { name: "Delete" }).click();
    await inspect(page, "team-delete");
    await page.getByRole("alertdialog", { name: "Delete checkout?" }).getByRole("button", { name: "Delete team" }).click();
    await expect(page.getByText("Deleted checkout.")).toBeVisible();
    await expect(page.getByRole("heading", { name: "No teams yet" })).toBeVisible();
  });
});

test("search finds a team by a part of its name", async ({ page, tollgate }) => {
  for (const team_alias of ["search-eu", "search-us", "support"]) await manage(tollgate, "POST", "/team/new", { team_alias });
  await visit(page, "Teams");
  await page.keyboard.press("/");
  await page.keyboard.type("search-");
  await expect(page).toHaveURL(/q=search-/);
  const table = page.getByRole("table", { name: "Teams" });
  await expect(table.getByRole("row")).toHaveCount(3);
  await page.goto("/ui/teams?q=nowhere");
  await expect(page.getByRole("heading", { name: "No team matches" })).toBeVisible();
});
