/** `npm run bench -- spend`: what the book says was spent beside what the provider would bill, over many calls. */
import { writeFile } from "node:fs/promises";
import { describeMachine } from "../load/machine.ts";
import { parseOptions } from "../load/options.ts";
import type { OptionTable } from "../load/options.ts";
import { reportSpend } from "./spend-report.ts";
import { runSpend } from "./spend-run.ts";

const optionTable: OptionTable = {
  numbers: {
    requests: { fallback: 100_000, min: 100, max: 10_000_000 },
    connections: { fallback: 128, min: 1, max: 1_000 },
    "broken-percent": { fallback: 30, min: 0, max: 100 },
    "crashed-percent": { fallback: 5, min: 0, max: 100 },
    "process-kills": { fallback: 5, min: 0, max: 1_000 },
    seed: { fallback: 1, min: 0, max: 4_294_967_295 },
  },
  texts: ["json"],
  switches: [],
};

/** Runs the sub-command and prints the report. */
export async function runSpendBench(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const endings: (() => unknown)[] = [];
  const startedMs = performance.now();
  try {
    const run = await runSpend(
      { teardown: (callback) => endings.push(callback) },
      {
        requests: options.number("requests"),
        connections: options.number("connections"),
        brokenShare: options.number("broken-percent") / 100,
        crashedShare: options.number("crashed-percent") / 100,
        processKills: options.number("process-kills"),
        seed: options.number("seed"),
        onProgress: (calls) => process.stderr.write(`${calls} calls\n`),
      },
    );
    const seconds = (performance.now() - startedMs) / 1_000;
    const result = { machine: describeMachine(), seconds, ...reportSpend(run) };
    const text = `${JSON.stringify(result, undefined, 2)}\n`;
    process.stdout.write(text);
    const json = options.text("json");
    if (json !== undefined) await writeFile(json, text);
  } finally {
    for (const end of endings.toReversed()) await end();
  }
}
