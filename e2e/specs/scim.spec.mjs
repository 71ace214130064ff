// Directories in the console: a token is made, shown once, used, and ended; viewers only look.

import { excuse, expect, inspect, manage, signIn, test, visit } from "./support.mjs";

const VIEWER = { user_id: "scim-viewer", password: "six oars under the old pier" };

test("a directory gets a token, uses it until it ends", async ({ page, tollgate }) => {
  const users = (token) => fetch(`${tollgate.url}/scim/v2/Users`, { headers: { authorization: `Bearer ${token}` } });
  await signIn(page);
  await visit(page, "Single sign-on");
  const directories = page.getByRole("region", { name: "Directories (SCIM)" });
  await expect(directories.getByLabel("Base URL")).toHaveText(`${tollgate.url}/scim/v2`);
  await expect(directories.getByRole("heading", { name: "No directory yet" })).toBeVisible();
  await inspect(page, "scim-none");

  const token = await test.step("make one, which is shown once", async () => {
    await directories.getByRole("link", { name: "Make a token" }).click();
    const drawer = page.getByRole("dialog", { name: "Make a token" });
    await drawer.getByLabel("Name").fill("Entra");
    await drawer.getByRole("button", { name: "Make a token" }).click();
    const made = page.getByRole("dialog", { name: "Token made" });
    const secret = await made.getByLabel("New token").textContent();
    await expect(made.getByLabel("Base URL")).toHaveText(`${tollgate.url}/scim/v2`);
    await expect(made.getByRole("button", { name: "Copy token" })).toBeVisible();
    await inspect(page, "scim-made");
    await made.getByRole("button", { name: "Done" }).click();
    await expect(page.getByText(secret)).toHaveCount(0);
    return secret;
  });
  const row = directories.getByRole("row").filter({ hasText: "Entra" });
  await expect(row).toContainText("Never");

  await test.step("it opens what a directory needs, and shows as used", async () => {
    expect((await users(token)).status).toBe(200);
    await page.reload();
    await expect(row).not.toContainText("Never");
    await inspect(page, "scim");
  });

  await test.step("end it", async () => {
    await row.getByRole("link").click();
    const drawer = page.getByRole("dialog", { name: "Entra" });
    await inspect(page, "scim-token");
    await drawer.getByRole("button", { name: "End token" }).click();
    const question = page.getByRole("alertdialog", { name: "End the token of Entra?" });
    await expect(question).toContainText("refused at once");
    await question.getByRole("button", { name: "End token" }).click();
    await expect(page.getByText("The token of Entra has ended.")).toBeVisible();
    await expect(row).toHaveCount(0);
    expect((await users(token)).status).toBe(401);
  });

  await test.step("the audit log says so in words", async () => {
    await page.goto("/ui/audit?kind=scim");
    const changes = page.getByRole("table", { name: "Changes" });
    await expect(changes).toContainText("Created SCIM token Entra");
    await expect(changes).toContainText("Deleted SCIM token Entra");
  });
});

test("a directory is named in the audit log by what it is", async ({ page, tollgate }) => {
  const { token, token_id } = await manage(tollgate, "POST", "/scim/token/new", { name: "Okta" });
  const made = await fetch(`${tollgate.url}/scim/v2/Users`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    body: JSON.stringify({ schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "provisioned@corp.test" }),
  });
  expect(made.status).toBe(201);
  await signIn(page);
  await page.goto(`/ui/audit?by=${token_id}`);
  const row = page.getByRole("table", { name: "Changes" }).getByRole("row").filter({ hasText: "Created user" });
  await expect(row).toContainText("A directory (SCIM)");
  await row.getByRole("link").first().click();
  const drawer = page.getByRole("dialog");
  await expect(drawer).toContainText("A directory (SCIM), with the token of the directory");
  await drawer.getByRole("link", { name: "Which it is, and who let it in" }).click();
  await expect(page.getByRole("table", { name: "Changes" })).toContainText("Created SCIM token Okta");
  await manage(tollgate, "POST", "/scim/token/delete", { token_id });
});

test("a viewer sees directories and changes none; an error can be tried again", async ({ page, tollgate }) => {
  excuse(page, /status of 500/);
  const { token_id } = await manage(tollgate, "POST", "/scim/token/new", { name: "Keycloak" });
  await manage(tollgate, "POST", "/user/new", { ...VIEWER, user_role: "proxy_admin_viewer", auto_create_key: false });
  await page.goto("/ui/settings/sso");
  await page.getByLabel("Username").fill(VIEWER.user_id);
  await page.getByLabel("Password").fill(VIEWER.password);
  // Once: what follows finds the server well again.
  await page.route("**/scim/token/list", (route) => route.fulfill({ status: 500, body: "{}" }), { times: 1 });
  await page.getByRole("button", { name: "Sign in" }).click();
  const directories = page.getByRole("region", { name: "Directories (SCIM)" });
  await directories.getByRole("button", { name: "Try again" }).click();
  const row = directories.getByRole("row").filter({ hasText: "Keycloak" });
  await expect(row).toBeVisible();
  await expect(page.getByRole("link", { name: /Make|Add/ })).toHaveCount(0);
  await row.getByRole("link").click();
  await expect(page.getByRole("dialog", { name: "Keycloak" })).toContainText(token_id);
  await expect(page.getByRole("button", { name: "End token" })).toHaveCount(0);
  await manage(tollgate, "POST", "/scim/token/delete", { token_id });
});
