// A team's administrator gives a member a part of the team's budget: the member is stopped at it, and at nothing else.

import { account, call, eventually, excuse, expect, inspect, manage, test, visit } from "./support.mjs";

test.use({ gateway: "member" });

const PASSWORD = "five kites over the long bay";
/** What one call costs: 10 tokens in and 5 out, at the prices of the model "fake". */
const CALL_USD = 0.00002;

async function signInAs(page, username) {
  await page.context().clearCookies();
  await page.goto("/ui");
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(account(page)).toContainText(username);
}

test("a member is stopped at the budget that the team's administrator gave them", async ({ page, tollgate }) => {
  for (const user_id of ["lea", "max", "nobody-of-the-team"]) {
    await manage(tollgate, "POST", "/user/new", { user_id, password: PASSWORD, auto_create_key: false });
  }
  await manage(tollgate, "POST", "/team/new", {
    team_id: "checkout",
    team_alias: "Checkout",
    max_budget: 10,
    members_with_roles: [{ role: "admin", user_id: "lea" }],
    key_generation_settings: { allowed_team_member_roles: ["admin", "user"] },
  });

  await test.step("the administrator of the team adds somebody", async () => {
    await signInAs(page, "lea");
    await visit(page, "Teams");
    await page.getByRole("table", { name: "Teams" }).getByRole("link", { name: /Checkout/ }).click();
    const drawer = page.getByRole("dialog", { name: "Checkout" });
    await drawer.getByRole("button", { name: "Members" }).click();
    await drawer.getByRole("link", { name: "Add a member" }).click();
    await drawer.getByLabel("User").fill("max");
    await drawer.getByLabel("Max budget").fill("0.00005");
    await inspect(page, "member-add-by-lead");
    await drawer.getByRole("button", { name: "Add member" }).click();
    await expect(page.getByText("max is a member now.")).toBeVisible();
    await expect(drawer.getByRole("table", { name: "Members" })).toContainText("$0.00 of $0.00005");
  });

  const key = await test.step("the member makes a key in the team", async () => {
    await signInAs(page, "max");
    await visit(page, "Keys");
    await page.goto("/ui/keys?new=1");
    const drawer = page.getByRole("dialog", { name: "Create key" });
    await drawer.getByLabel("Name").fill("carts");
    await drawer.getByLabel("Belongs to").selectOption("Checkout");
    await drawer.getByRole("button", { name: "Create key" }).click();
    return page.getByLabel("New key", { exact: true }).textContent();
  });

  await test.step("and calls until nothing is left", async () => {
    const statuses = [];
    let refusal;
    while (!refusal && statuses.length < 5) {
      const answer = await call(tollgate, key, { max_tokens: 5 });
      statuses.push(answer.status);
      if (answer.status !== 200) refusal = await answer.json();
    }
    expect(statuses.length).toBeLessThanOrEqual(3);
    expect(statuses[0]).toBe(200);
    expect(refusal.error.type).toBe("budget_exceeded");
    expect(refusal.error.message).toContain("0.00005");
    const spent = await eventually(async () => {
      const { team_memberships } = await manage(tollgate, "GET", "/team/info?team_id=checkout");
      const { spend } = team_memberships.find(({ user_id }) => user_id === "max");
      return spend >= CALL_USD * (statuses.length - 1) - 1e-12 ? spend : undefined;
    }, "what the member spent");
    expect(spent).toBeLessThanOrEqual(0.00005);
  });

  await test.step("which stops nobody else of the team", async () => {
    const { key: other } = await manage(tollgate, "POST", "/key/generate", { team_id: "checkout", user_id: "lea" });
    expect((await call(tollgate, other, { max_tokens: 5 })).status).toBe(200);
  });

  await test.step("the member sees why", async () => {
    await page.goto("/ui/logs?status=failure");
    await page.getByRole("table").getByRole("row").nth(1).getByRole("link").first().click();
    await expect(page.getByRole("dialog")).toContainText("0.00005");
    await inspect(page, "member-stopped");
  });

  await test.step("who leads no team adds nobody", async () => {
    excuse(page, /status of 40[34]/);
    await page.goto("/ui/teams?team=checkout&tab=members");
    await expect(page.getByRole("dialog", { name: "Checkout" })).toBeVisible();
    await expect(page.getByRole("link", { name: "Add a member" })).toHaveCount(0);
    const add = await page.request.post("/team/member_add", {
      headers: { "x-tollgate-console": "1", origin: tollgate.url },
      data: { team_id: "checkout", member: { role: "user", user_id: "nobody-of-the-team" } },
    });
    expect([403, 404]).toContain(add.status());
  });
});
