// worker.js as node runs it: what a test has to ask comes as lines of JSON, what the page would get goes out as lines.
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const worker = pathToFileURL(process.argv[2]);
globalThis.self = globalThis;
globalThis.location = { href: worker.href };
globalThis.fetch = async (url) => {
  const path = fileURLToPath(url);
  return existsSync(path) ? new Response(readFileSync(path)) : new Response(null, { status: 404 });
};
globalThis.postMessage = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
await import(worker.href);
createInterface({ input: process.stdin }).on("line", (line) => self.onmessage({ data: JSON.parse(line) })).on("close", () => process.exit());
