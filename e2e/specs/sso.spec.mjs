// Single sign-on with a real OpenID provider: from a newcomer's first sign-in to every way in which one fails.

import { startIdp } from "../harness/idp.mjs";
import { startTollgate } from "../harness/tollgate.mjs";
import { account, call, excuse, expect, inspect, manage, signIn, test as base, visit } from "./support.mjs";

const test = base.extend({
  idp: [
    async ({}, use) => {
      const idp = await startIdp();
      await use(idp);
      await idp.stop();
    },
    { scope: "worker" },
  ],
  tollgate: [
    async ({ idp }, use) => {
      const env = {
        GENERIC_CLIENT_ID: idp.clientId,
        GENERIC_CLIENT_SECRET: idp.clientSecret,
        GENERIC_ISSUER: idp.issuer,
        GENERIC_DISPLAY_NAME: "Acme",
      };
      const tollgate = await startTollgate({ config: "sso.yaml", env });
      idp.serve([`${tollgate.url}/sso/callback`, `${tollgate.url}/sso/callback/umbrella`]);
      await manage(tollgate, "POST", "/team/new", { team_id: "everyone", team_alias: "Everyone" });
      await use(tollgate);
      await tollgate.stop();
    },
    { scope: "worker" },
  ],
});

test.beforeEach(async ({ page }) => {
  // The provider's own pages ask for a font from far away.
  await page.route("https://fonts.googleapis.com/**", (route) => route.fulfill({ contentType: "text/css", body: "" }));
});

/** Signs in where the browser was led, and says yes to what is asked. */
async function atTheProvider(page, idp, name) {
  await expect(page).toHaveURL(new RegExp(`^${idp.issuer}`));
  await page.locator("[name=login]").fill(name);
  await page.locator("[name=password]").fill("anything");
  await page.getByRole("button").first().click();
  await page.getByRole("button", { name: "Continue" }).click();
}

/** Begins anew, as in a browser that nobody has used, up to the provider's page. */
async function setOut(page, from = "/ui") {
  await page.context().clearCookies();
  await page.goto(from);
  if (from === "/ui") await page.getByRole("link", { name: "Continue with Acme" }).click();
}

test("a newcomer is in the default team, makes a key, calls, and sees their own and nobody else's", async ({ page, tollgate, idp }) => {
  excuse(page, /status of 40[34]/);
  const { key: foreign } = await test.step("another team has what is theirs", async () => {
    await manage(tollgate, "POST", "/team/new", { team_id: "others", team_alias: "Others" });
    const made = await manage(tollgate, "POST", "/key/generate", { key_alias: "foreign", team_id: "others" });
    expect((await call(tollgate, made.key)).status).toBe(200);
    return made;
  });
  await test.step("they sign in where they work", async () => {
    idp.add("ada", { email: "ada@acme.com", email_verified: true, name: "Ada Lovelace" });
    await page.goto("/ui/keys");
    await expect(page.getByRole("link", { name: "Continue with Acme" })).toBeVisible();
    await inspect(page, "sso-sign-in");
    await page.getByRole("link", { name: "Continue with Acme" }).click();
    await atTheProvider(page, idp, "ada");
    await expect(page.getByRole("heading", { level: 1, name: "Keys" })).toBeVisible();
    const { users } = await manage(tollgate, "GET", "/user/list?search=ada@acme.com");
    expect(users).toHaveLength(1);
    expect([users[0].user_role, users[0].teams, users[0].max_budget]).toEqual(["internal_user", ["everyone"], 5]);
  });
  const key = await test.step("they make a key", async () => {
    await page.getByRole("link", { name: /Create( the first)? key/ }).first().click();
    const drawer = page.getByRole("dialog", { name: "Create key" });
    await drawer.getByLabel("Name").fill("adas");
    await drawer.getByLabel("Max budget").fill("2");
    await drawer.getByRole("button", { name: "Create key" }).click();
    const secret = await page.getByLabel("New key", { exact: true }).textContent();
    await page.keyboard.press("Escape");
    return secret;
  });
  await test.step("they call, and see what it cost", async () => {
    expect((await call(tollgate, key)).status).toBe(200);
    await visit(page, "Usage");
    await expect(async () => {
      await page.reload();
      await expect(page.getByRole("region", { name: "Key figures" })).toContainText("Requests1", { timeout: 1_000 });
    }).toPass();
    await page.getByRole("group", { name: "Broken down by" }).getByRole("button", { name: "Key" }).click();
    const table = page.getByRole("table", { name: "Broken down" });
    await expect(table).toContainText("adas");
    await expect(table).not.toContainText("foreign");
    await inspect(page, "sso-own-usage");
  });
  await test.step("nobody else's is theirs to see, by address or by API", async () => {
    await visit(page, "Keys");
    await expect(page.getByRole("table", { name: "Keys" })).toContainText("adas");
    await expect(page.getByRole("table", { name: "Keys" })).not.toContainText("foreign");
    await page.goto("/ui/teams?team=others");
    await expect(page.getByRole("dialog")).toContainText(/not found/i);
    await expect(page.getByText("Others")).toHaveCount(0);
    await inspect(page, "sso-not-theirs");
    const api = page.request;
    for (const path of ["/team/info?team_id=others", `/key/info?key=${foreign}`]) {
      expect((await api.get(path)).status(), path).toBe(404);
    }
    expect((await api.get("/user/list")).status()).toBe(403);
    const logs = await api.get("/spend/logs/v2?team_id=others");
    expect(await logs.text()).not.toContain("foreign");
    const change = await api.post("/team/update", {
      headers: { "x-tollgate-console": "1", origin: tollgate.url },
      data: { team_id: "others", team_alias: "mine" },
    });
    expect(change.status()).toBe(404);
  });
  await test.step("their profile leaves password and second factor to their provider", async () => {
    await page.goto("/ui/profile");
    await expect(page.getByText("You signed in with your company's sign-in")).toBeVisible();
    await expect(page.getByLabel("Current password")).toHaveCount(0);
    await inspect(page, "sso-profile");
  });
});

test("an address leads to the provider of its organization", async ({ page, tollgate, idp }) => {
  idp.add("eve", { email: "eve@umbrella.test", email_verified: true, name: "Eve" });
  idp.add("mia", { email: "mia@nowhere.test", email_verified: true, name: "Mia" });
  await manage(tollgate, "POST", "/organization/new", { organization_id: "umbrella", organization_alias: "Umbrella" });
  await signIn(page);
  await test.step("set it in the console", async () => {
    await visit(page, "Single sign-on");
    await page.getByRole("link", { name: "Add provider" }).click();
    const drawer = page.getByRole("dialog", { name: "Add a provider" });
    await drawer.getByLabel("Provider", { exact: true }).selectOption("Keycloak");
    await drawer.getByLabel("Id", { exact: true }).fill("umbrella");
    await expect(drawer).toContainText(`${tollgate.url}/sso/callback/umbrella`);
    await drawer.getByLabel("Client id").fill(idp.clientId);
    await drawer.getByLabel("Client secret").fill(idp.clientSecret);
    await drawer.getByLabel("Issuer").fill(`${idp.issuer}/nowhere`);
    await drawer.getByRole("button", { name: "Test", exact: true }).click();
    await expect(drawer.getByText("Does not work")).toBeVisible();
    await inspect(page, "sso-provider-wrong");
    await drawer.getByLabel("Issuer").fill(idp.issuer);
    await drawer.getByLabel("E-mail domains").fill("umbrella.test,");
    await drawer.getByLabel("Organization").selectOption("Umbrella");
    await drawer.getByRole("button", { name: "Test", exact: true }).click();
    await expect(drawer.getByText("The provider answers.")).toBeVisible();
    await inspect(page, "sso-provider-new");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText("Saved umbrella.")).toBeVisible();
    await inspect(page, "sso-providers");
    await page.getByRole("table", { name: "Providers" }).getByRole("link", { name: /umbrella/ }).click();
    await expect(page.getByRole("dialog", { name: "umbrella" })).toContainText("umbrella.test");
    await inspect(page, "sso-provider");
  });
  await test.step("change it", async () => {
    await page.getByRole("link", { name: "Edit" }).or(page.getByRole("button", { name: "Edit" })).click();
    const drawer = page.getByRole("dialog", { name: "Change the provider" });
    await expect(drawer.getByLabel("Client secret")).toHaveValue("");
    await drawer.getByLabel("Name on the button").fill("Umbrella Corporation");
    await drawer.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("table", { name: "Providers" })).toContainText("Umbrella Corporation");
  });
  await test.step("sign in by an address", async () => {
    await page.context().clearCookies();
    await page.goto("/ui");
    await expect(page.getByRole("link", { name: /umbrella/i })).toHaveCount(0);
    await page.getByLabel("Work e-mail").fill("eve@nowhere.test");
    await page.getByRole("button", { name: "Continue with e-mail" }).click();
    await expect(page.getByText("No organization signs in with this address here.")).toBeVisible();
    await page.getByLabel("Work e-mail").fill("Eve@Umbrella.test");
    await page.getByRole("button", { name: "Continue with e-mail" }).click();
    await atTheProvider(page, idp, "eve");
    await expect(account(page)).toContainText("eve@umbrella.test");
  });
  await test.step("addresses of other domains are refused", async () => {
    await setOut(page, "/sso/sign_in/umbrella");
    await atTheProvider(page, idp, "mia");
    await expect(page.getByRole("heading", { name: "Your e-mail address may not sign in here" })).toBeVisible();
  });
  await test.step("delete it", async () => {
    await page.context().clearCookies();
    await signIn(page);
    await page.goto("/ui/settings/sso?provider=umbrella");
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete provider" }).click();
    await expect(page.getByText("Deleted umbrella.")).toBeVisible();
  });
});

test("what goes wrong is a page that says what to do", async ({ page, tollgate, idp }) => {
  idp.add("grace", { email: "grace@acme.com", email_verified: true });
  idp.add("grace-again", { email: "grace@acme.com", email_verified: true });
  idp.add("mallory", { email: "admin@acme.com", email_verified: false });
  const nameless = page.getByRole("heading", { level: 1 });
  await test.step("an address that is not verified", async () => {
    await setOut(page);
    await atTheProvider(page, idp, "mallory");
    await expect(nameless).toHaveText("Your e-mail address is not verified");
    await inspect(page, "sso-problem");
  });
  await test.step("an answer used twice", async () => {
    await setOut(page);
    const begun = await page.context().cookies();
    const answer = page.waitForRequest(/\/sso\/callback\?/);
    await atTheProvider(page, idp, "grace");
    const address = (await answer).url();
    await expect(account(page)).toContainText("grace@acme.com");
    await page.context().clearCookies();
    await page.goto(address);
    await expect(nameless).toHaveText("This sign-in was not begun in this browser");
    await page.context().addCookies(begun);
    await page.goto(address);
    await expect(nameless).toHaveText("This sign-in is over already");
  });
  await test.step("two accounts with one address", async () => {
    await setOut(page);
    await atTheProvider(page, idp, "grace-again");
    await expect(nameless).toHaveText("Your name or e-mail address belongs to another account");
  });
  await test.step("somebody who is blocked", async () => {
    const { users } = await manage(tollgate, "GET", "/user/list?search=grace@acme.com");
    await manage(tollgate, "POST", "/user/update", { user_id: users[0].user_id, blocked: true });
    await setOut(page);
    await atTheProvider(page, idp, "grace");
    await expect(nameless).toHaveText("Your account is blocked");
  });
  await test.step("somebody who says no, and tries again", async () => {
    await setOut(page);
    await page.getByRole("link", { name: /cancel/i }).click();
    await expect(nameless).toHaveText("You were not signed in");
    await page.getByRole("link", { name: "Try again" }).click();
    await expect(page).toHaveURL(new RegExp(`^${idp.issuer}`));
  });
  for (const [fault, title] of [
    ["down", "Your identity provider does not answer"],
    ["forgetful", "The sign-in took too long"],
    ["strict", "Your identity provider does not accept Tollgate"],
    ["lying", "The answer came from somebody else"],
  ]) {
    await test.step(`a provider that is ${fault}`, async () => {
      await setOut(page);
      idp.be(fault);
      await atTheProvider(page, idp, "mallory");
      await expect(nameless).toHaveText(title);
      await page.getByRole("link", { name: "Go to the sign-in page" }).click();
      await expect(nameless).toHaveText("Sign in to Tollgate");
      idp.be("well");
    });
  }
  await test.step("all of it is in the audit log", async () => {
    const log = JSON.stringify(await manage(tollgate, "GET", "/audit?page_size=100&table_name=sso"));
    for (const reason of ["unverified_email", "replayed", "two_accounts", "blocked", "denied", "provider_down", "wrong_issuer"]) {
      expect(log).toContain(reason);
    }
    expect(tollgate.output()).toContain("sign-in refused");
  });
});
