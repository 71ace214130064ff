// Which deployments calls go to, whether they answer, and what was tried before a call was answered.

import { startTollgate } from "../harness/tollgate.mjs";
import { test as base, MASTER_KEY, call, eventually, excuse, expect, inspect, manage, signIn, visit } from "./support.mjs";

const test = base.extend({
  tollgate: [
    async ({ gateway: _ }, use) => {
      const tollgate = await startTollgate({ config: "resilient.yaml" });
      await use(tollgate);
      await tollgate.stop();
    },
    { scope: "worker" },
  ],
});

/** Failures a minute that a deployment is allowed. */
const ALLOWED_FAILS = 3;

/** Calls until the dead deployment rests; the ids of the calls. */
async function callUntilItRests(tollgate, key) {
  const ids = [];
  for (let count = 0; count <= ALLOWED_FAILS; count += 1) {
    const answer = await call(tollgate, key);
    expect(answer.status).toBe(200);
    ids.push(answer.headers.get("x-litellm-call-id"));
  }
  return ids;
}

test("a deployment that fails rests, says why, and is tested; its calls show what was tried", async ({ page, tollgate }) => {
  // That none answers of those that were asked is a 503.
  excuse(page, /503 .*\/health\?model_id=dead/);
  const ids = await callUntilItRests(tollgate, MASTER_KEY);
  await signIn(page);
  await visit(page, "Models");
  const dead = page.getByRole("row").filter({ hasText: "dead-model" });
  await expect(dead).toContainText("Cooling down");
  await expect(dead).toContainText(/tried again in \d/);
  await expect(dead).toContainText("4 failed (100%)");
  const well = page.getByRole("row").filter({ hasText: "fake-model" });
  await expect(well).toContainText("Available");
  await expect(well.getByRole("img", { name: /Response time in the last hour: usually .*; 0% of calls failed/ })).toBeVisible();
  await inspect(page, "models-resting");

  await dead.getByRole("link").click();
  const drawer = page.getByRole("dialog", { name: "fake" });
  await expect(drawer).toContainText("Calls go elsewhere. It is tried again in");
  await expect(drawer).toContainText(/connection refused/i);
  await expect(drawer).toContainText("It was not asked since this server started.");
  await drawer.getByRole("button", { name: "Test" }).click();
  await expect(drawer).toContainText(/Failed after .*, just now|Failed after .* ago/);
  await inspect(page, "deployment-dead");
  await page.keyboard.press("Escape");
  await expect(dead).toContainText("Check failed");

  await well.getByRole("link").click();
  await expect(drawer).toContainText("Usual response time");
  await drawer.getByRole("button", { name: "Test" }).click();
  await expect(drawer).toContainText(/Answered in \d/);
  await expect(page).toHaveURL(/deployment=well/);
  await inspect(page, "deployment-well");

  await eventually(async () => (await manage(tollgate, "GET", `/spend/logs?request_id=${ids[0]}`)).length, "the call in the ledger");
  await page.goto(`/ui/logs?call=${ids[0]}`);
  const attempts = page.getByRole("dialog").getByRole("list", { name: "Attempts" }).getByRole("listitem");
  await expect(attempts).toHaveCount(2);
  await expect(attempts.nth(0)).toContainText("Failed");
  await expect(attempts.nth(0)).toContainText("dead");
  await expect(attempts.nth(0)).toContainText("First try");
  await expect(attempts.nth(0)).toContainText(/after .*, took/);
  await expect(attempts.nth(1)).toContainText("Answered");
  await expect(attempts.nth(1)).toContainText("well");
  await inspect(page, "call-attempts");
});

test("a deployment that is gone says so", async ({ page }) => {
  await signIn(page);
  await page.goto("/ui/models?deployment=gone");
  await expect(page.getByRole("dialog")).toContainText("No such deployment");
});
