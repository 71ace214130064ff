// The gateway in front of every fake provider, each a model of its own (matrix.yaml). The fakes are those of the Python tests.

import { spawn } from "node:child_process";
import { once } from "node:events";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

import { startTollgate } from "./tollgate.mjs";

/** Starts both; `stop` ends them. Python is TOLLGATE_PYTHON, with the packages of requirements.txt. */
export async function startTollgateWithProviders() {
  const script = fileURLToPath(new URL("providers.py", import.meta.url));
  const child = spawn(process.env.TOLLGATE_PYTHON ?? "python3", [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = readline.createInterface({ input: child.stdout });
  const stopProviders = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "exit");
  };
  try {
    const [first] = await Promise.race([once(lines, "line"), once(child, "exit").then(() => [])]);
    if (!first) throw new Error("the fake providers ended: see above");
    const tollgate = await startTollgate({ config: "matrix.yaml", env: JSON.parse(first) });
    return {
      ...tollgate,
      async stop() {
        await tollgate.stop();
        await stopProviders();
      },
    };
  } catch (error) {
    await stopProviders();
    throw error;
  }
}
