// What pages ask of the gateway to show themselves: every question is a wait.

import { call, eventually, expect, manage, signIn, test } from "./support.mjs";

// Of its own: it leaves something of everything behind.
test.use({ gateway: "load" });

/** Questions of one page. Who is signed in is asked once, when the console itself is loaded. */
const QUESTIONS_MAX = 3;

/** How long nothing is asked before a page has asked all. */
const IDLE_MS = 500;

/**
 * Counts the questions that `act` leads to, until the page has nothing left to ask. Chromium's "networkidle" is of use only
 * after a page was opened: it is over for good when something is opened over it.
 */
async function questions(page, act) {
  const asked = [];
  const open = new Set();
  let lastAt = Date.now();
  const listen = (request) => {
    const { pathname } = new URL(request.url());
    if (request.resourceType() !== "fetch") return;
    open.add(request);
    lastAt = Date.now();
    if (pathname !== "/session/info") asked.push(pathname);
  };
  const end = (request) => {
    if (open.delete(request)) lastAt = Date.now();
  };
  page.on("request", listen).on("requestfinished", end).on("requestfailed", end);
  await act();
  await expect(page.locator("h1").first()).toBeAttached();
  await expect(page.locator(".skeleton-line")).toHaveCount(0);
  await expect.poll(() => open.size === 0 && Date.now() - lastAt > IDLE_MS, { timeout: 20_000 }).toBe(true);
  page.off("request", listen).off("requestfinished", end).off("requestfailed", end);
  return asked;
}

function check(what, asked) {
  expect.soft(asked.length, `${what} asks ${asked.join(", ")}`).toBeLessThanOrEqual(QUESTIONS_MAX);
}

test("no page asks more than three things to show itself", async ({ page, tollgate }) => {
  const made = async (path, body) => manage(tollgate, "POST", path, body);
  await made("/organization/new", { organization_id: "acme", organization_alias: "Acme" });
  await made("/team/new", { team_id: "red", team_alias: "Red", organization_id: "acme" });
  await made("/user/new", { user_id: "ada", user_email: "ada@example.com", auto_create_key: false });
  await made("/customer/new", { user_id: "eve" });
  await made("/budget/new", { budget_id: "small", max_budget: 1 });
  await made("/tag/new", { name: "night" });
  const { key } = await made("/key/generate", { key_alias: "one", team_id: "red", user_id: "ada" });
  expect((await call(tollgate, key)).status).toBe(200);
  const logged = async () => (await manage(tollgate, "GET", "/spend/logs/v2")).data[0]?.request_id;
  await eventually(logged, "the call in the log");

  await signIn(page);
  const links = await page.getByRole("navigation").getByRole("link").evaluateAll((all) => all.map((link) => link.getAttribute("href")));
  const rows = [["/ui/keys", "one"], ["/ui/teams", "Red"], ["/ui/organizations", "Acme"], ["/ui/users", "ada"], ["/ui/customers", "eve"],
    ["/ui/budgets", "small"], ["/ui/tags", "night"], ["/ui/logs", "fake"]];
  expect(links.length).toBeGreaterThan(12);
  for (const path of [...new Set([...links, "/ui/profile"])]) {
    check(path, await questions(page, () => page.goto(path)));
  }
  // What lies over a page is a page of its own.
  for (const [path, name] of rows) {
    await questions(page, () => page.goto(path));
    const row = page.getByRole("table").getByRole("row").filter({ hasText: name }).first();
    await expect(row).toBeVisible();
    check(`a row of ${path}`, await questions(page, () => row.click()));
    const edit = page.getByRole("dialog").getByRole("button", { name: "Edit" });
    await expect(page.getByRole("dialog")).toBeVisible();
    if (await edit.count()) check(`an edit in ${path}`, await questions(page, () => edit.click()));
  }
});
