/**
 * `npm run demo`: a real agent behind the real gateway, with a fake provider in the place of api.openai.com. Shows one
 * allowed and one refused call, then how to go on. With `--json`, one object instead.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createPalette } from "../../control/cli/colour.ts";
import { describeError } from "../../gateway/errors.ts";
import type { DemoOutcome } from "./demo-outcome.ts";
import { outcomeJson } from "./demo-outcome.ts";
import { DemoReport } from "./demo-report.ts";
import { runDemo } from "./demo-run.ts";

const isJson = process.argv.includes("--json");
const isTerminal = process.stdout.isTTY === true;
const palette = createPalette({ isTerminal, environment: process.env });
const report = new DemoReport({
  palette,
  isTerminal,
  write: (text) => {
    if (!isJson) process.stdout.write(text);
  },
});
const directory = await mkdtemp(path.join(tmpdir(), "clrk-demo-"));
try {
  const outcome = await runDemo({ directory, report, env: process.env });
  finish(outcome);
} catch (error) {
  const message = describeError(error);
  if (isJson) process.stdout.write(`${JSON.stringify({ ok: false, error: message })}\n`);
  process.stderr.write(`${message}\nSee what this machine lacks: npx clrk doctor\n`);
  process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}

function finish(outcome: DemoOutcome): void {
  if (isJson) process.stdout.write(`${JSON.stringify(outcomeJson(outcome))}\n`);
  if (!outcome.ok) process.exitCode = 1;
}
