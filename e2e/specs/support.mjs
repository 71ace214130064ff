// What every browser test starts from: a gateway of the test file's own, and a page that tells of its mistakes.

import { fileURLToPath } from "node:url";

import { test as base, expect } from "@playwright/test";
import axeCore from "axe-core";

import { PASSWORD, USERNAME, startTollgate } from "../harness/tollgate.mjs";

export { expect };
export { MASTER_KEY, PASSWORD, USERNAME, eventually, manage } from "../harness/tollgate.mjs";

const DESKTOP = { width: 1440, height: 900 };
/** Pictures of every page looked at, for people. */
const SCREENS = fileURLToPath(new URL("../test-results/screens", import.meta.url));
const PHONE = { width: 390, height: 844 };
/** WCAG 2.2 at levels A and AA, and what axe holds to be good practice. */
const AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const test = base.extend({
  /** Tests that name another gateway than others get one that nobody has used. */
  gateway: ["shared", { scope: "worker", option: true }],

  tollgate: [
    async ({ gateway: _ }, use) => {
      const tollgate = await startTollgate();
      await use(tollgate);
      await tollgate.stop();
    },
    { scope: "worker" },
  ],

  baseURL: async ({ tollgate }, use) => use(tollgate.url),

  /** A page without errors: what the console, the content security policy or an exception says fails the test. */
  page: async ({ page }, use) => {
    const mistakes = [];
    page.on("pageerror", (error) => mistakes.push(`exception: ${error.message}`));
    page.on("console", (message) => {
      if (message.type() === "error" && !isExpected(message)) mistakes.push(`console: ${message.text()} ${message.location().url}`);
    });
    await page.addInitScript(() => {
      addEventListener("securitypolicyviolation", (event) => {
        console.error(`content security policy: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await use(page);
    expect(mistakes.filter((mistake) => !page.excused?.test(mistake))).toEqual([]);
  },
});

/** Some tests break the network on purpose: what Chromium says about that is no mistake of the console. */
export function excuse(page, pattern) {
  page.excused = pattern;
}

/** Chromium reports every 401; the console asks who is signed in before anyone is, and a wrong password is refused. */
function isExpected(message) {
  const { pathname } = new URL(message.location().url || "http://none");
  return message.text().includes("401") && ["/session/info", "/session/new"].includes(pathname);
}

/** Signs in as a person does. */
export async function signInByHand(page) {
  await page.goto("/ui");
  await page.getByLabel("Username").fill(USERNAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
}

/** Is signed in: for tests of what comes after it. */
export async function signIn(page) {
  const made = await page.request.post("/session/new", { data: { username: USERNAME, password: PASSWORD } });
  expect(made.status()).toBe(200);
  await page.goto("/ui");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
}

/** The button that opens the account's menu; its name is the user's. */
export function account(page) {
  return page.getByRole("complementary").locator("[popovertarget=user-menu]");
}

/** Goes to a page by the navigation. */
export async function visit(page, name) {
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();
  await expect(page.getByRole("heading", { level: 1, name })).toBeVisible();
}

/** Calls a model as an application would, without the browser's session. */
export async function call(tollgate, key, fields = {}, signal = undefined) {
  return fetch(`${tollgate.url}/v1/chat/completions`, {
    method: "POST",
    signal,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "fake", messages: [{ role: "user", content: "Hello" }], ...fields }),
  });
}

/** Looks at what is on show, on desktop and phone, light and dark: axe finds nothing, nothing sticks out, pictures are kept. */
export async function inspect(page, name, { isLoading = false } = {}) {
  // What is not there yet cannot be looked at: axe is quicker than a page that was just asked for.
  await expect(page.locator("h1").first()).toBeAttached();
  if (!isLoading) await expect(page.locator(".skeleton-line")).toHaveCount(0);
  for (const [size, viewport] of [["1440", DESKTOP], ["390", PHONE]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await settle(page, colorScheme);
      await page.screenshot({ path: `${SCREENS}/${name}-${size}-${colorScheme}.png`, fullPage: true });
      // Themes differ in nothing but colours.
      const found = await violations(page, colorScheme === "light" ? "all" : "colours");
      expect.soft(found, `axe on ${name}, ${size} px, ${colorScheme}`).toEqual([]);
    }
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(overhang, `${name} is wider than ${size} px`).toBeLessThanOrEqual(0);
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/** Waits until the page is drawn in this theme: Chromium goes on with colours of the other for a frame or two. */
async function settle(page, colorScheme) {
  await page.waitForFunction((scheme) => matchMedia(`(prefers-color-scheme: ${scheme})`).matches, colorScheme);
  await page.evaluate(async () => {
    await document.fonts.ready;
    for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  });
}

/**
 * What axe finds by all of its rules, or by those about colours. It is put into a page once and run there: its own driver
 * does so for every run, and opens a second page each time for frames, of which the console has none.
 */
async function violations(page, rules) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axeCore.source);
  return page.evaluate(
    async ([tags, isAll]) => {
      const ofColours = axe.getRules(["cat.color"]).filter((rule) => rule.tags.some((tag) => tags.includes(tag)));
      const runOnly = isAll ? { type: "tag", values: tags } : { type: "rule", values: ofColours.map((rule) => rule.ruleId) };
      const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
      return violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.html) }));
    },
    [AXE_TAGS, rules === "all"],
  );
}
