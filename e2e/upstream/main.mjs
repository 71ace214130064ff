// Runs the fake provider by itself: prints its origin, then serves until its standard input closes.

import { startUpstream } from "./upstream.mjs";

const upstream = await startUpstream();
console.log(upstream.origin);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
