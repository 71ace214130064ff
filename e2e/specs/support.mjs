// What every browser test starts from: a gateway of the test file's own, and a page that tells of its mistakes.

import { fileURLToPath } from "node:url";

import AxeBuilder from "@axe-core/playwright";
import { test as base, expect } from "@playwright/test";

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

export async function signIn(page) {
  await page.goto("/ui");
  await page.getByLabel("Username").fill(USERNAME);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
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
export async function inspect(page, name) {
  for (const [size, viewport] of [["1440", DESKTOP], ["390", PHONE]]) {
    await page.setViewportSize(viewport);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.evaluate(() => document.fonts.ready);
      await page.screenshot({ path: `${SCREENS}/${name}-${size}-${colorScheme}.png`, fullPage: true });
      const { violations } = await new AxeBuilder({ page }).withTags(AXE_TAGS).analyze();
      const found = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.html) }));
      expect.soft(found, `axe on ${name}, ${size} px, ${colorScheme}`).toEqual([]);
    }
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect.soft(overhang, `${name} is wider than ${size} px`).toBeLessThanOrEqual(0);
  }
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}
