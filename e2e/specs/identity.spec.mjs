// From an invitation by e-mail to signing in with a second factor; what a person sees and does in their profile.

import { createHmac } from "node:crypto";

import { startMail } from "../harness/mail.mjs";
import { startTollgate } from "../harness/tollgate.mjs";
import { account, eventually, excuse, expect, inspect, manage, signIn, test as base, visit } from "./support.mjs";

const ADA = "ada@corp.test";
const FIRST = "six oars under the old pier";
const SECOND = "seven gulls above a new mole";
/** How long a code counts, in seconds. */
const STEP_S = 30;

const test = base.extend({
  mail: [
    async ({}, use) => {
      const mail = await startMail();
      await use(mail);
      await mail.stop();
    },
    { scope: "worker" },
  ],

  tollgate: [
    async ({ mail }, use) => {
      const tollgate = await startTollgate({ env: mail.env });
      await use(tollgate);
      await tollgate.stop();
    },
    { scope: "worker" },
  ],
});

/** The code that an authenticator app shows (RFC 6238) `steps` from now. */
function code(secret, steps = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000 / STEP_S) + steps));
  const mac = createHmac("sha1", key).update(counter).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

async function fillSignIn(page, username, password) {
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function isSignedIn(page, who) {
  await expect(account(page)).toContainText(who);
}

async function signOut(page) {
  await account(page).click();
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Sign in to Tollgate" })).toBeVisible();
}

async function profile(page) {
  await account(page).click();
  await page.getByRole("link", { name: "Profile" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeVisible();
}

test("an invitation, a second factor, and signing in with it", async ({ page, tollgate, mail }) => {
  excuse(page, /status of 40[01]/);
  await signIn(page);
  await visit(page, "Users");
  await page.getByRole("link", { name: /Create (the first )?user/ }).first().click();
  const drawer = page.getByRole("dialog", { name: "Create user" });
  await drawer.getByLabel("Id").fill("ada");
  await expect(drawer.getByLabel("Send an invitation")).toHaveCount(0);
  await drawer.getByLabel("E-mail").fill(ADA);
  await drawer.getByRole("button", { name: "Create user" }).click();
  await page.getByRole("table", { name: "Users" }).getByRole("link", { name: /ada/ }).first().click();
  await page.getByRole("button", { name: "Invite" }).click();
  await expect(page.getByText("A letter is on its way.")).toBeVisible();
  await inspect(page, "user-invited");
  await page.getByRole("button", { name: "Close", exact: true }).click();
  await signOut(page);

  const [invitation] = await eventually(() => mail.links(ADA)[0] && mail.links(ADA), "the invitation");
  expect(invitation).toContain(`${tollgate.url}/ui/invitation#`);
  await page.goto(invitation);
  await expect(page.getByRole("heading", { name: "Welcome to Tollgate" })).toBeVisible();
  await inspect(page, "invitation");
  const accept = page.getByRole("button", { name: "Set password and sign in" });
  await page.getByLabel("New password").fill("password1234");
  await page.getByLabel("Once more").fill("password1234");
  await accept.click();
  await expect(page.getByText("too easy to guess")).toBeVisible();
  await page.getByLabel("New password").fill(FIRST);
  await accept.click();
  await expect(page.getByText("This is not the same.")).toBeVisible();
  await page.getByLabel("Once more").fill(FIRST);
  await accept.click();
  await isSignedIn(page, ADA);

  await profile(page);
  await inspect(page, "profile");
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.getByLabel("Your password, once more").fill(FIRST);
  await page.getByRole("button", { name: "Go on" }).click();
  const secret = await page.getByLabel("Secret", { exact: true }).textContent();
  await expect(page.getByRole("img", { name: "QR code" })).toBeVisible();
  await inspect(page, "second-factor");
  await page.getByLabel("Code that the app shows").fill("000000");
  await page.getByRole("button", { name: "Confirm" }).click();
  await expect(page.getByText("The code is wrong.")).toBeVisible();
  await page.getByLabel("Code that the app shows").fill(code(secret));
  await page.getByRole("button", { name: "Confirm" }).click();
  const codes = page.getByRole("list", { name: "Recovery codes" }).getByRole("listitem");
  await expect(codes).toHaveCount(10);
  const recovery = await codes.allTextContents();
  await inspect(page, "recovery-codes");
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("Recovery codes left: 10.")).toBeVisible();
  await signOut(page);

  await fillSignIn(page, ADA, FIRST);
  await expect(page.getByRole("heading", { name: "Your second factor" })).toBeVisible();
  await inspect(page, "sign-in-code");
  // The next step's: this one's was shown when the factor was confirmed.
  await page.getByLabel("Code").fill(code(secret, 1));
  await page.getByRole("button", { name: "Sign in" }).click();
  await isSignedIn(page, ADA);
  await signOut(page);
  await fillSignIn(page, ADA, FIRST);
  await page.getByLabel("Code").fill(recovery[0]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await isSignedIn(page, ADA);

  await page.getByRole("button", { name: "New recovery codes" }).click();
  await page.getByLabel("Your password, once more").fill(FIRST);
  await page.getByRole("button", { name: "Go on" }).click();
  await expect(codes).toHaveCount(10);
  const others = await codes.allTextContents();
  expect(others.filter((one) => recovery.includes(one))).toEqual([]);
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("Recovery codes left: 10.")).toBeVisible();
  await signOut(page);
  await fillSignIn(page, ADA, FIRST);
  await page.getByLabel("Code").fill(recovery[1]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "code" })).toBeVisible();
  await page.getByLabel("Code").fill(others[0]);
  await page.getByRole("button", { name: "Sign in" }).click();
  await isSignedIn(page, ADA);

  const log = await manage(tollgate, "GET", "/audit?page_size=100");
  const text = JSON.stringify(log);
  expect(text).not.toContain(invitation.split("#")[1]);
  expect(text).not.toContain(secret);
});

test("a new user is invited at once", async ({ page, tollgate, mail }) => {
  const eve = "eve@corp.test";
  await signIn(page);
  await page.goto("/ui/users?new=1");
  const drawer = page.getByRole("dialog", { name: "Create user" });
  await drawer.getByLabel("E-mail").fill(eve);
  await drawer.getByLabel("Send an invitation").check();
  await inspect(page, "user-create-invited");
  await drawer.getByRole("button", { name: "Create user" }).click();
  await expect(page.getByRole("dialog").getByText("A letter is on its way.")).toBeVisible();
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("table", { name: "Users" })).toContainText(eve);
  const link = await eventually(() => mail.links(eve)[0], "the invitation");
  expect(link).toContain(`${tollgate.url}/ui/invitation#`);
});

test("a forgotten password is set anew by letter", async ({ page, tollgate, mail }) => {
  excuse(page, /status of 400 .*\/user\/password\/reset/);
  const bob = "bob@corp.test";
  await manage(tollgate, "POST", "/user/new", { user_id: "bob", user_email: bob, password: FIRST, auto_create_key: false });
  await page.goto("/ui");
  await page.getByRole("button", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail").fill(bob);
  await inspect(page, "forgot");
  await page.getByRole("button", { name: "Send the letter" }).click();
  await expect(page.getByText("If there is an account with this address")).toBeVisible();
  const link = await eventually(() => mail.links(bob).find((one) => one.includes("/ui/reset#")), "the letter");
  await page.goto(`${tollgate.url}/ui/reset`);
  await expect(page.getByRole("heading", { name: "This link is not whole" })).toBeVisible();
  await inspect(page, "reset-without-token");
  await page.goto(link);
  await page.getByLabel("New password").fill(SECOND);
  await page.getByLabel("Once more").fill(SECOND);
  await page.getByRole("button", { name: "Set password" }).click();
  await expect(page.getByText("Your password is set. Sign in with it.")).toBeVisible();
  await fillSignIn(page, bob, SECOND);
  await isSignedIn(page, bob);
  await test.step("a link works once", async () => {
    await page.goto(link);
    await page.getByLabel("New password").fill(FIRST);
    await page.getByLabel("Once more").fill(FIRST);
    await page.getByRole("button", { name: "Set password" }).click();
    await expect(page.getByText("This link was used or is too old. Ask for another one.")).toBeVisible();
    await inspect(page, "reset-used");
    await page.getByRole("link", { name: "Go to sign-in" }).click();
    await isSignedIn(page, bob);
  });
});

test("sessions, tokens and the password are the reader's own affair", async ({ page, tollgate }) => {
  await manage(tollgate, "POST", "/user/new", { user_id: "cyd", password: FIRST, auto_create_key: false });
  const elsewhere = await fetch(`${tollgate.url}/session/new`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "Mozilla/5.0 (iPhone) Safari/604.1" },
    body: JSON.stringify({ username: "cyd", password: FIRST }),
  });
  const cookie = elsewhere.headers.get("set-cookie").split(";")[0];
  const isOpen = async () => (await fetch(`${tollgate.url}/session/info`, { headers: { cookie } })).status === 200;
  expect(await isOpen()).toBe(true);

  await page.goto("/ui");
  await fillSignIn(page, "cyd", FIRST);
  await profile(page);
  await page.getByRole("button", { name: "Sign out Safari on iPhone" }).click();
  await expect(page.getByText("One session has ended.")).toBeVisible();
  expect(await isOpen()).toBe(false);

  await page.getByLabel("Name of a new token").fill("nightly");
  await page.getByRole("button", { name: "Make a token" }).click();
  const token = await page.getByLabel("New token", { exact: true }).textContent();
  await inspect(page, "profile-token");
  const ask = () => fetch(`${tollgate.url}/user/info`, { headers: { authorization: `Bearer ${token}` } });
  expect((await ask()).status).toBe(200);
  await page.getByRole("button", { name: "Revoke nightly" }).click();
  await expect(page.getByRole("alertdialog", { name: "Revoke nightly?" })).toBeVisible();
  await page.getByRole("button", { name: "Revoke token" }).click();
  await expect(page.getByText("nightly is revoked.")).toBeVisible();
  expect((await ask()).status).toBe(401);

  await page.getByLabel("Current password").fill(FIRST);
  await page.getByLabel("New password").fill(SECOND);
  await page.getByRole("button", { name: "Change password" }).click();
  await expect(page.getByText("Your password is changed.")).toBeVisible();
  await signOut(page);
  await fillSignIn(page, "cyd", SECOND);
  await isSignedIn(page, "cyd");
});

test("a second factor is set up by keys alone", async ({ page, tollgate }) => {
  await manage(tollgate, "POST", "/user/new", { user_id: "kim", password: FIRST, auto_create_key: false });
  const type = (text) => page.keyboard.type(text);
  const press = (key) => page.keyboard.press(key);
  /** Goes on with Tab until the focus is on `target`, as who has no mouse would. */
  const tabTo = async (target) => {
    for (let steps = 0; steps < 40; steps += 1) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await press("Tab");
    }
    throw new Error(`${target} is not reached with Tab`);
  };
  await page.goto("/ui");
  await expect(page.getByLabel("Username")).toBeFocused();
  await type("kim");
  await press("Tab");
  await type(FIRST);
  await press("Enter");
  await isSignedIn(page, "kim");
  await press("ControlOrMeta+k");
  await type("profile");
  await press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeVisible();
  const group = page.getByRole("group", { name: "Second factor" });
  await expect(group.getByText("You have none.")).toBeVisible();
  await tabTo(group.getByRole("button", { name: "Set it up" }));
  await press("Enter");
  await expect(page.getByLabel("Your password, once more")).toBeFocused();
  await type(FIRST);
  await press("Enter");
  const secret = await page.getByLabel("Secret", { exact: true }).textContent();
  await expect(group).toBeFocused();
  await tabTo(page.getByLabel("Code that the app shows"));
  await type(code(secret));
  await press("Enter");
  await expect(group.getByText("Your second factor is on.")).toBeVisible();
  await expect(group).toBeFocused();
  await tabTo(group.getByRole("button", { name: "I have kept them" }));
  await press("Enter");
  await expect(group.getByText("Recovery codes left: 10.")).toBeVisible();
});

test("administrators can be made to have a second factor first", async ({ page }) => {
  const strict = await startTollgate({ config: "second_factor.yaml" });
  await manage(strict, "POST", "/user/new", { user_id: "root", user_role: "proxy_admin", password: FIRST, auto_create_key: false });
  await page.goto(`${strict.url}/ui/keys`);
  await fillSignIn(page, "root", FIRST);
  await expect(page.getByRole("heading", { name: "A second factor is needed here" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main" })).toHaveCount(0);
  await inspect(page, "second-factor-needed");
  await page.getByRole("button", { name: "Set it up" }).click();
  await page.getByLabel("Your password, once more").fill(FIRST);
  await page.getByRole("button", { name: "Go on" }).click();
  const secret = await page.getByLabel("Secret", { exact: true }).textContent();
  await page.getByLabel("Code that the app shows").fill(code(secret));
  await page.getByRole("button", { name: "Confirm" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Keys" })).toBeVisible();
  await strict.stop();
});

test("a blocked user is out at once", async ({ page, browser, tollgate }) => {
  await manage(tollgate, "POST", "/user/new", { user_id: "dan", password: FIRST, auto_create_key: false });
  const other = await (await browser.newContext({ baseURL: tollgate.url })).newPage();
  await other.goto("/ui");
  await fillSignIn(other, "dan", FIRST);
  await isSignedIn(other, "dan");
  await signIn(page);
  await profile(page);
  await expect(page.getByText("You signed in as UI_USERNAME")).toBeVisible();
  await inspect(page, "profile-of-the-environment");
  await page.goto("/ui/users?user=dan");
  await inspect(page, "user");
  await page.getByRole("button", { name: "Block", exact: true }).click();
  await page.getByRole("button", { name: "Block user" }).click();
  await expect(page.getByText("dan is blocked.", { exact: true })).toBeVisible();
  await other.reload();
  await expect(other.getByRole("heading", { name: "Sign in to Tollgate" })).toBeVisible();
  await fillSignIn(other, "dan", FIRST);
  await expect(other.getByRole("alert").filter({ hasText: "blocked" })).toBeVisible();
  await other.context().close();
});
