/**
 * `npm run bench -- endurance`: does any of many requests fail while route files keep changing?
 * The changes touch the very hosts that are asked for, and never take away what they ask.
 */
import { writeFile } from "node:fs/promises";
import { startLoadClients } from "./client-process.ts";
import type { LoadTotal } from "./client-process.ts";
import { formatCount, formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { firstPrefix, startPolicyBench } from "./policy-bench.ts";
import type { PolicyBench } from "./policy-bench.ts";
import { routeHost } from "./route-files.ts";

const optionTable: OptionTable = {
  numbers: {
    requests: { fallback: 200_000, min: 1, max: 100_000_000 },
    routes: { fallback: 2_000, min: 4, max: 100_000 },
    connections: { fallback: 16, min: 1, max: 10_000 },
    interval: { fallback: 250, min: 1, max: 60_000 },
  },
  texts: ["json"],
  switches: [],
};

// Few enough that each is changed often while it is under load.
const loadedHosts = 4;

/** Runs the sub-command and prints how many failed; the exit code is 1 when any did. */
export async function runEndurance(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const machine = describeMachine();
  const bench = await startPolicyBench(options.number("routes"));
  try {
    const { total, changes } = await endure(bench, {
      requests: options.number("requests"),
      connections: options.number("connections"),
      intervalMs: options.number("interval"),
    });
    const sent = total.requests + total.failed;
    const kinds = Object.fromEntries(total.failures);
    const seconds = total.elapsedMs / 1_000;
    process.stdout.write(
      `${formatCount(total.failed)} failed of ${formatCount(sent)} requests in ` +
        `${formatFigure(seconds)} s, while ${changes} route files were replaced\n`,
    );
    if (total.failed > 0) {
      process.stdout.write(`${JSON.stringify(kinds)}, first: ${total.firstFailure}\n`);
      process.exitCode = 1;
    }
    const json = options.text("json");
    const result = { machine, sent, failed: total.failed, kinds, changes, seconds };
    if (json !== undefined) await writeFile(json, `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    await bench.close();
  }
}

/** How long and how hard. */
export interface EnduranceOptions {
  readonly requests: number;
  readonly connections: number;
  /** Pause between two changes in `ms` */
  readonly intervalMs: number;
}

/** Sends the requests while routes change, and gives what became of both. */
export async function endure(
  bench: PolicyBench,
  options: EnduranceOptions,
): Promise<{ readonly total: LoadTotal; readonly changes: number }> {
  const clients = await startLoadClients(1);
  const stop = new AbortController();
  try {
    const path = `${firstPrefix}/v1/messages`;
    await clients.prepare([
      {
        kind: "keepalive",
        target: bench.target,
        request: { method: "POST", path, headers: [], bodyBytes: 2_048 },
        serverNames: Array.from({ length: loadedHosts }, (_, index) => routeHost(index)),
        connections: options.connections,
        warmUpMs: 500,
        requests: options.requests,
      },
    ]);
    const changing = changeRoutes(bench, options.intervalMs, stop.signal);
    const total = await clients.run();
    stop.abort();
    return { total, changes: await changing };
  } finally {
    stop.abort();
    await clients.close();
  }
}

async function changeRoutes(
  bench: PolicyBench,
  intervalMs: number,
  signal: AbortSignal,
): Promise<number> {
  let changes = 0;
  while (!signal.aborted) {
    const extra = `/change-${changes}`;
    const index = changes % loadedHosts;
    await bench.replace({ index, pathPrefixes: [firstPrefix, extra] });
    changes += 1;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  return changes;
}
