// The console as each role sees it: every page of its navigation shows something, and asks for nothing that is refused.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { PASSWORD, call, expect, manage, test } from "./support.mjs";

// Of its own: it is a company with a past.
test.use({ gateway: "roles" });

const PAST = fileURLToPath(new URL("../harness/past.py", import.meta.url));
const SCREENS = fileURLToPath(new URL("../test-results/screens", import.meta.url));
const DAY_MS = 24 * 60 * 60 * 1000;
const SIZES = [["1440", { width: 1440, height: 900 }], ["390", { width: 390, height: 844 }]];
/** Who looks, and what their navigation leads to at least. */
const PEOPLE = [
  ["olga", "org-admin", ["Keys", "Teams", "Organizations", "Users"]],
  ["lea", "team-lead", ["Keys", "Teams"]],
  ["ivan", "user", ["Keys", "Usage"]],
  ["vera", "viewer", ["Keys", "Teams", "Organizations", "Users", "Logs"]],
  ["uma", "user-viewer", ["Usage"]],
];

/** Spend of the last 40 days, today left out. */
function past() {
  const today = Date.parse(new Date().toISOString().slice(0, 10));
  const days = [...Array(40).keys()].map((ago) => new Date(today - (ago + 1) * DAY_MS));
  const shares = [["shop", "gpt-4o", "lea", 5], ["shop", "claude-sonnet", "ivan", 2], ["search", "gpt-4o", "uma", 1]];
  return days.flatMap((day) =>
    shares.map(([team_id, model_group, user_id, dollars]) => ({
      date: day.toISOString().slice(0, 10), team_id, model_group, user_id, organization_id: "acme", api_key: `key-of-${team_id}`,
      spend: dollars * (1 + (day.getUTCDate() % 5) / 5),
    })),
  );
}

async function company(tollgate) {
  const made = async (where, body) => manage(tollgate, "POST", where, body);
  await made("/organization/new", { organization_id: "acme", organization_alias: "Acme", max_budget: 900, budget_duration: "1mo" });
  for (const [team_id, team_alias] of [["shop", "Shop"], ["search", "Search"]]) {
    await made("/team/new", { team_id, team_alias, organization_id: "acme", max_budget: 300, budget_duration: "1mo" });
  }
  const user = async (user_id, user_role) =>
    made("/user/new", { user_id, user_email: `${user_id}@acme.test`, user_role, password: PASSWORD, auto_create_key: false });
  for (const id of ["olga", "lea", "ivan"]) await user(id, "internal_user");
  await user("vera", "proxy_admin_viewer");
  await user("uma", "internal_user_viewer");
  await made("/organization/member_add", { organization_id: "acme", member: { user_id: "olga", role: "org_admin" } });
  await made("/team/member_add", { team_id: "shop", member: [{ user_id: "lea", role: "admin" }, { user_id: "ivan", role: "user" }] });
  await made("/team/member_add", { team_id: "search", member: [{ user_id: "uma", role: "user" }] });
  const database = readdirSync(tollgate.data).find((name) => name.endsWith(".db"));
  execFileSync("python3", [PAST, path.join(tollgate.data, database)], { input: JSON.stringify(past()) });
  for (const [user_id, team_id] of [["lea", "shop"], ["ivan", "shop"], ["uma", "search"]]) {
    const { key } = await made("/key/generate", { key_alias: `${user_id}'s laptop`, user_id, team_id, max_budget: 20 });
    expect((await call(tollgate, key)).status).toBe(200);
  }
}

test("every role finds its pages whole", async ({ page, tollgate }) => {
  test.setTimeout(300_000);
  await company(tollgate);
  for (const [who, role, names] of PEOPLE) {
    await test.step(role, async () => {
      await page.context().clearCookies();
      const made = await page.request.post("/session/new", { data: { username: who, password: PASSWORD } });
      expect(made.status()).toBe(200);
      await page.goto("/ui");
      await expect(page.locator("h1").first()).toBeVisible();
      const nav = page.getByRole("navigation", { name: "Main" }).getByRole("link");
      const links = await nav.evaluateAll((all) => all.map((link) => [link.getAttribute("href"), link.textContent.trim()]));
      expect.soft(links.map(([, name]) => name), role).toEqual(expect.arrayContaining(names));
      await page.waitForLoadState("networkidle");
      for (const [other] of PEOPLE.filter(([other]) => role !== "viewer" && other !== who)) {
        await expect.soft(page.getByText(`${other}'s laptop`), `${role}'s home is their own`).toHaveCount(0);
      }
      const refused = [];
      page.on("response", (answer) => {
        if (answer.status() >= 400) refused.push(`${answer.status()} ${new URL(answer.url()).pathname}`);
      });
      for (const [href] of [...links, ["/ui/profile", "Profile"]]) {
        await page.goto(href);
        await page.waitForLoadState("networkidle");
        await expect.soft(page.locator("h1").first(), `${role} at ${href}`).toBeVisible();
        await expect(page.locator(".skeleton-line")).toHaveCount(0);
        for (const [size, viewport] of SIZES) {
          await page.setViewportSize(viewport);
          const name = href.replace(/^\/ui\/?/, "").replaceAll(/\W+/g, "-") || "home";
          await page.screenshot({ path: `${SCREENS}/role-${role}-${name}-${size}.png`, fullPage: true });
          const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect.soft(overhang, `${role} at ${href} is wider than ${size} px`).toBeLessThanOrEqual(0);
        }
        await page.setViewportSize(SIZES[0][1]);
        expect.soft(refused.splice(0), `${role} at ${href}`).toEqual([]);
      }
      page.removeAllListeners("response");
    });
  }
});
