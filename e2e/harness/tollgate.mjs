// Starts the built binary on a free port with a data folder of its own. Used by the Node SDK tests and the browser tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { startUpstream } from "../upstream/upstream.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 15_000;
export const MASTER_KEY = "sk-master-key-of-the-tests";
export const USERNAME = "admin";
export const PASSWORD = "correct horse battery staple";

/** Starts a gateway in front of a fake provider; `stop` ends both and removes the data. `config` is a file of this folder. */
export async function startTollgate({ config = "config.yaml", env = {} } = {}) {
  const upstream = await startUpstream();
  const data = await mkdtemp(path.join(os.tmpdir(), "tollgate-e2e-"));
  const port = await freePort();
  const child = spawn(binary(), ["serve", "--config", configFile(config), "--host", "127.0.0.1", "--port", String(port), "--data", data], {
    cwd: data,
    env: {
      PATH: process.env.PATH,
      ...(process.env.TOLLGATE_TEST_DATABASE_URL ? { DATABASE_URL: process.env.TOLLGATE_TEST_DATABASE_URL } : {}),
      FAKE_UPSTREAM_URL: upstream.apiBase,
      LITELLM_MASTER_KEY: MASTER_KEY,
      LITELLM_SALT_KEY: "salt-of-the-tests",
      UI_USERNAME: USERNAME,
      UI_PASSWORD: PASSWORD,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = [];
  child.stdout.on("data", (part) => output.push(part));
  child.stderr.on("data", (part) => output.push(part));
  const tollgate = {
    url: `http://127.0.0.1:${port}`,
    /** Where its own database is. */
    data,
    upstream,
    output: () => Buffer.concat(output).toString("utf8"),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
        await once(child, "exit");
        clearTimeout(late);
      }
      await upstream.stop();
      await rm(data, { recursive: true, force: true });
    },
  };
  try {
    await waitUntilReady(tollgate.url, child);
  } catch (error) {
    await tollgate.stop();
    throw new Error(`${error.message}\n${tollgate.output()}`);
  }
  return tollgate;
}

/** Calls the management API as the master key, and fails on anything but 200. */
export async function manage(tollgate, method, route, body) {
  const response = await fetch(tollgate.url + route, {
    method,
    headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${method} ${route}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** Polls until `check` gives something: the ledger is written behind the answers. */
export async function eventually(check, what, msMax = 10_000) {
  const end = Date.now() + msMax;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${msMax} ms for ${what}`);
    await sleep(50);
  }
}

function binary() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
  const candidates = [process.env.TOLLGATE_BIN, path.join(target, "debug/tollgate"), path.join(target, "release/tollgate")];
  const found = candidates.find((file) => file && existsSync(file));
  if (!found) throw new Error("no binary: set TOLLGATE_BIN or run cargo build --package tollgate");
  return found;
}

function configFile(name) {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function freePort() {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function waitUntilReady(url, child) {
  const end = Date.now() + READY_MS_MAX;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Error(`tollgate ended with ${child.exitCode}`);
    const response = await fetch(`${url}/health/readiness`).catch(() => undefined);
    if (response?.status === 200) return;
    await sleep(20);
  }
  throw new Error(`tollgate was not ready after ${READY_MS_MAX} ms`);
}
