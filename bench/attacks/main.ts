/** `npm run attacks [-- --json FILE] [--technique NAME,NAME]`: tries the corpus; exit code 1 when anything got through or leaked. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createPalette } from "../../control/cli/colour.ts";
import { formatOutcome, formatSummary, renderJson, tableHead } from "./attack-report.ts";
import { auditTechniques, corpus } from "./corpus.ts";
import { isClean } from "./judge.ts";
import { runAttacks } from "./run-attacks.ts";

const usage = `Usage: npm run attacks -- [--json FILE] [--technique NAME,NAME] [--audit]

${corpus.map(({ name, about }) => `  ${name.padEnd(20)} ${about}`).join("\n")}
`;

async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { stdout } = process;
  const palette = createPalette({ isTerminal: stdout.isTTY, environment: process.env });
  const endings: (() => unknown)[] = [];
  const scope = { teardown: (callback: () => unknown) => endings.unshift(callback) };
  try {
    stdout.write(`${palette.bold(tableHead)}\n`);
    const outcomes = await runAttacks(scope, {
      techniques: options.techniques,
      audits: options.audits,
      onOutcome: (outcome) => stdout.write(`${formatOutcome(outcome, palette)}\n`),
    });
    stdout.write(`${formatSummary(outcomes)}\n`);
    if (options.json !== undefined) writeFileSync(options.json, renderJson(outcomes));
    // As in the gate: where every tool is promised, leaving something out is a failure.
    const mustTryAll = process.env["CLRK_REQUIRE_TOOLS"] === "1";
    const isShort = mustTryAll && outcomes.some(({ leftOut }) => leftOut !== undefined);
    return outcomes.every(isClean) && !isShort ? 0 : 1;
  } finally {
    for (const end of endings) await end();
  }
}

/** Undefined where they cannot be meant. */
function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: "string" },
        technique: { type: "string" },
        audit: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    const audits = values.audit === true;
    const all = audits ? auditTechniques : corpus;
    const names = values.technique?.split(",") ?? all.map(({ name }) => name);
    const techniques = all.filter(({ name }) => names.includes(name));
    return techniques.length === names.length
      ? { json: values.json, help: values.help === true, techniques, audits }
      : undefined;
  } catch {
    return undefined; // an unknown option: the usage says which there are
  }
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
