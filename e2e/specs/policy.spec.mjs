// What limits a key, whether a call of it would pass, and why one was refused.

import { MASTER_KEY, call, eventually, excuse, expect, inspect, manage, signIn, test } from "./support.mjs";

test.beforeEach(async ({ page }) => {
  await signIn(page);
});

function generate(tollgate, fields) {
  return manage(tollgate, "POST", "/key/generate", fields);
}

/** The ledger's row of the newest call of a key. */
async function newestCall(tollgate, token, status) {
  const found = () => manage(tollgate, "GET", `/spend/logs/v2?api_key=${token}&page=1&page_size=1&status_filter=${status}`);
  return eventually(async () => (await found()).data[0], `a ${status} call of the key in the ledger`);
}

test("a key shows what limits it and what is left", async ({ page, tollgate }) => {
  const { key, token } = await generate(tollgate, {
    key_alias: "limited",
    max_budget: 0.001,
    soft_budget: 0.0008,
    budget_duration: "monthly",
    rpm_limit: 60,
    tpm_limit: 5000,
    max_parallel_requests: 4,
    model_rpm_limit: { fake: 30 },
  });
  expect((await call(tollgate, key)).status).toBe(200);
  const hanging = new AbortController();
  const hung = fetch(`${tollgate.url}/v1/chat/completions`, {
    method: "POST",
    signal: hanging.signal,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "fake", max_tokens: 100, messages: [{ role: "user", content: "Hi" }], fake: { hang: true } }),
  }).catch(() => {});
  await page.goto(`/ui/keys?key=${token}&model=fake`);
  const panel = page.getByRole("region", { name: "What limits this key" });
  const own = panel.getByRole("listitem").filter({ has: page.getByRole("heading", { name: "Key", exact: true }) });
  await expect(own).toContainText("$0.00002 spent");
  await expect(own).toContainText("of $0.001 a month");
  await expect(own).toContainText("reserved");
  await expect(own).toContainText("warns at $0.0008");
  await expect(own).toContainText(/resets in \d+ (hour|day)s?/);
  await expect(own).toContainText("2 of 60 58 left");
  await expect(own).toContainText("1 of 4 3 left");
  const ofModel = panel.getByRole("listitem").filter({ hasText: "Key, this model" });
  await expect(ofModel).toContainText("2 of 30 28 left");
  await inspect(page, "key-limits");

  // The bars follow the calls.
  hanging.abort();
  await hung;
  await expect(own).toContainText("0 of 4 4 left");
  await expect(own).not.toContainText("reserved");

  // Another model has limits of its own, and is remembered.
  await panel.getByLabel("For calls to").selectOption("other");
  await expect(ofModel).toBeHidden();
  await expect(page).toHaveURL(/model=other/);
  await page.reload();
  await expect(panel.getByLabel("For calls to")).toHaveValue("other");
});

test("the list shows how far each budget is used", async ({ page, tollgate }) => {
  await generate(tollgate, { key_alias: "bar-used", max_budget: 10, spend: 10, budget_duration: "daily" });
  await generate(tollgate, { key_alias: "bar-soft", max_budget: 10, soft_budget: 6, spend: 7.5 });
  await generate(tollgate, { key_alias: "bar-free", spend: 1.25 });
  await page.goto("/ui/keys?q=bar-");
  const row = (name) => page.getByRole("table", { name: "Keys" }).getByRole("row").filter({ hasText: name });
  await expect(row("bar-soft")).toContainText("$7.50 of $10");
  await expect(row("bar-soft")).toContainText("over the soft limit");
  await expect(row("bar-soft").getByRole("img")).toHaveAccessibleName(/\$7\.50 spent of \$10\.00, warns at \$6\.00/);
  await expect(row("bar-free")).toContainText("$1.25 no limit");
  await expect(row("bar-used")).toContainText(/used up, resets in \d+ (second|minute|hour)s?/);
  await inspect(page, "keys-bars");
});

test("a call is judged without being made", async ({ page, tollgate }) => {
  const { key, token } = await generate(tollgate, { key_alias: "judged", max_budget: 0.2, models: ["fake", "other"] });
  await page.goto(`/ui/keys?key=${token}`);
  await page.getByRole("button", { name: "Would a call pass?" }).click();
  const answer = page.getByRole("region", { name: "Would a call pass?" });
  await expect(answer.getByRole("status")).toContainText("Yes, the call would be made.");
  const checks = answer.getByRole("table", { name: "Checks" });
  await expect(checks.getByRole("row").filter({ hasText: "Budget" })).toContainText("Passes");
  await expect(answer.getByRole("table", { name: "Deployments" })).toContainText("openai/fake-model");
  await answer.getByRole("table", { name: "Deployments" }).scrollIntoViewIfNeeded();
  await inspect(page, "key-explain-yes");

  // What is asked is in the address; a prompt that costs more than there is, is refused.
  await answer.getByLabel("Prompt tokens").fill("250,000");
  await answer.getByLabel("max_tokens").fill("500");
  await answer.getByRole("button", { name: "Check", exact: true }).click();
  await expect(page).toHaveURL(/input=250000&key=[0-9a-f]+&max=500/);
  await expect(answer.getByRole("status")).toContainText("No, the budget of the key judged");
  await expect(answer.getByRole("status")).toContainText("Ask the key's owner or an administrator of the gateway to raise the limit.");
  await expect(checks.getByRole("row").filter({ hasText: "Budget" })).toContainText("Fails");
  await expect(answer.getByText("budget_exceeded")).toBeVisible();
  await inspect(page, "key-explain-no");
  expect((await manage(tollgate, "GET", `/key/info?key=${key}`)).info.spend).toBe(0);

  // The customer that the call would name, and its tags, count too, and stay in the address.
  await answer.getByLabel("End user").fill("customer-7");
  await answer.getByLabel("Tags").fill("nightly, batch");
  await answer.getByRole("button", { name: "Check", exact: true }).click();
  await expect(page).toHaveURL(/end_user=customer-7&.*tags=nightly%2Cbatch/);
  await expect(answer.getByRole("status")).toContainText("No, the budget of the key judged");

  // Bad input stays beside its field.
  await answer.getByLabel("max_tokens").fill("many");
  await answer.getByRole("button", { name: "Check", exact: true }).click();
  await expect(answer.getByLabel("max_tokens")).toHaveAttribute("aria-invalid", "true");

  await manage(tollgate, "POST", "/key/block", { key });
  await page.goto(`/ui/keys?key=${token}&tab=explain`);
  await expect(answer.getByRole("status")).toContainText("No, the key is blocked.");
  await expect(answer.getByRole("status")).toContainText("to unblock it");
  await page.getByRole("button", { name: "Limits" }).click();
  await expect(page.getByRole("region", { name: "What limits this key" })).toContainText("the key is blocked. Ask");
  await inspect(page, "key-limits-blocked");
});

test("a refused call says why, then and now", async ({ page, tollgate }) => {
  excuse(page, /Failed to load resource/);
  const { key, token } = await generate(tollgate, { key_alias: "spent", max_budget: 0.000001 });
  expect((await call(tollgate, key)).status).toBe(400);
  const { request_id } = await newestCall(tollgate, token, "failure");
  await page.goto(`/ui/logs?call=${request_id}`);
  const why = page.getByRole("region", { name: "Why was this refused?" });
  await expect(why).toContainText("Budget has been exceeded!");
  await why.getByRole("button", { name: "Check it again now" }).click();
  await expect(why).toContainText("how the same call would fare");
  await expect(why.getByRole("table", { name: "Checks" }).getByRole("row").filter({ hasText: "Budget" })).toContainText("Fails");
  await inspect(page, "log-refused");

  // It is the state now: a raised budget lets the same call pass.
  await manage(tollgate, "POST", "/key/update", { key, max_budget: 1 });
  await why.getByRole("button", { name: "Check again" }).click();
  await expect(why.getByText("Yes, the call would be made.")).toBeVisible();
  await why.getByRole("link", { name: "Try other sizes" }).click();
  await expect(page.getByRole("region", { name: "Would a call pass?" })).toBeVisible();

  await manage(tollgate, "POST", "/key/delete", { keys: [key] });
  await page.goto(`/ui/logs?call=${request_id}`);
  await why.getByRole("button", { name: "Check it again now" }).click();
  await expect(why.getByRole("alert")).toContainText("The key no longer exists");
  await inspect(page, "log-refused-key-gone");
});

test("a shortened answer says why", async ({ page, tollgate }) => {
  const { key, token } = await generate(tollgate, { key_alias: "short", max_budget: 0.0001 });
  expect((await call(tollgate, key, { max_tokens: 4000 })).status).toBe(200);
  const { request_id } = await newestCall(tollgate, token, "success");
  await page.goto(`/ui/logs?call=${request_id}`);
  const why = page.getByRole("region", { name: "Why was the answer limited?" });
  await expect(why).toContainText(/What was left of the budget allowed \d+ output tokens/);
  await inspect(page, "log-limited");
});

test("the master key has no limits of its own to explain", async ({ page, tollgate }) => {
  expect((await call(tollgate, MASTER_KEY, { model: "no-such-model" })).status).toBe(400);
  const { request_id } = await newestCall(tollgate, "litellm_proxy_master_key", "failure");
  await page.goto(`/ui/logs?call=${request_id}`);
  await expect(page.getByRole("region", { name: "Why was this refused?" })).toContainText("made with the master key");
});
