/** `npm run compatibility`: runs the whole matrix and writes `docs/compatibility.json` and `docs/compatibility.md`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runMatrix } from "./matrix.ts";
import { findPythonPackages, pythonVersions } from "./python-packages.ts";
import { renderJson, renderMarkdown } from "./report.ts";
import { scenarios } from "./scenarios.ts";
import { nodeClients, pythonClients } from "./sdk-clients.ts";

const documents = join(import.meta.dirname, "../../../docs");

async function main(): Promise<void> {
  const python = await findPythonPackages();
  if (python.kind === "missing") throw new Error(`Cannot run the whole matrix: ${python.reason}`);
  const clients = [...nodeClients, ...pythonClients(python.directory, pythonVersions)];
  const endings: (() => unknown)[] = [];
  const startedMs = performance.now();
  try {
    const scope = { teardown: (callback: () => unknown) => endings.unshift(callback) };
    const cells = await runMatrix(scope, {
      clients,
      onRound: (target, round) => {
        const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
        const count = (status: string) => round.filter((cell) => cell.status === status).length;
        process.stdout.write(
          `${target.name.padEnd(18)} ${count("ok")} ok, ${count("refused")} refused, ${count("failed")} failed   ${seconds} s\n`,
        );
        for (const { status, sdk, dialect, scenario, reason } of round) {
          if (status === "failed") {
            process.stdout.write(`  failed: ${sdk}, ${dialect}, ${scenario}: ${reason}\n`);
          }
        }
      },
    });
    writeFileSync(join(documents, "compatibility.json"), renderJson(cells));
    writeFileSync(join(documents, "compatibility.md"), renderMarkdown(cells, scenarios));
    process.exitCode = cells.some(({ status }) => status === "failed") ? 1 : 0;
  } finally {
    for (const end of endings) await end();
  }
}

if (import.meta.main) await main();
