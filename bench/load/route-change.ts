/**
 * `npm run bench -- route-change`: how long after one of thousands of route files was replaced is
 * the first request decided by it? Every change moves the path that one host is allowed to ask for.
 */
import { writeFile } from "node:fs/promises";
import { formatCount, formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import { parseOptions } from "./options.ts";
import type { OptionTable } from "./options.ts";
import { firstPrefix, startPolicyBench } from "./policy-bench.ts";
import type { PolicyBench } from "./policy-bench.ts";
import { openProbe, untilStatus } from "./probe.ts";
import { routeHost } from "./route-files.ts";
import { quantileOfSorted } from "./statistics.ts";

const optionTable: OptionTable = {
  numbers: {
    routes: { fallback: 2_000, min: 1, max: 100_000 },
    changes: { fallback: 100, min: 1, max: 100_000 },
  },
  texts: ["json"],
  switches: [],
};

// Far beyond any useful answer: a change that takes longer is a failure, not a slow sample.
const changeDeadlineMs = 30_000;
const secondPrefix = "/b";

/** Runs the sub-command and prints p50, p99 and the largest. Rejects when a change does not arrive. */
export async function runRouteChange(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const routes = options.number("routes");
  const machine = describeMachine();
  const bench = await startPolicyBench(routes);
  try {
    const delaysMs = await measureChanges(bench, { routes, changes: options.number("changes") });
    const result = { machine, routes, ...summariseDelays(delaysMs) };
    process.stdout.write(
      `1 of ${formatCount(routes)} route files replaced, ${result.changes} times: first request ` +
        `decided by it after p50 ${formatFigure(result.p50Ms)} ms, ` +
        `p99 ${formatFigure(result.p99Ms)} ms, at most ${formatFigure(result.maxMs)} ms\n`,
    );
    const json = options.text("json");
    if (json !== undefined) await writeFile(json, `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    await bench.close();
  }
}

/** Percentiles of delays in `ms`; throws RangeError for none. */
export function summariseDelays(delaysMs: readonly number[]) {
  if (delaysMs.length === 0) throw new RangeError("Cannot summarise delays: there is none");
  const sorted = delaysMs.toSorted((a, b) => a - b);
  return {
    changes: sorted.length,
    p50Ms: quantileOfSorted(sorted, 0.5),
    p99Ms: quantileOfSorted(sorted, 0.99),
    maxMs: sorted.at(-1) ?? 0,
  };
}

/** Replaces one route after another and gives the delay of each in `ms`. */
export async function measureChanges(
  bench: PolicyBench,
  { routes, changes }: { readonly routes: number; readonly changes: number },
): Promise<number[]> {
  const delays: number[] = [];
  // Where the last round of hosts has been moved to already, it is moved back.
  for (let change = 0; change < changes; change += 1) {
    const index = spread(change, routes);
    const [from, to] =
      Math.floor(change / routes) % 2 === 0
        ? [firstPrefix, secondPrefix]
        : [secondPrefix, firstPrefix];
    const probe = await openProbe(bench.target, routeHost(index));
    try {
      const wait = { status: 200, deadlineMs: changeDeadlineMs };
      await untilStatus(probe, from, wait);
      const before = await probe.ask(to);
      if (before === 200) throw new Error(`Cannot measure change: "${to}" was allowed before it`);
      const replacedMs = await bench.replace({ index, pathPrefixes: [to] });
      delays.push((await untilStatus(probe, to, wait)) - replacedMs);
    } finally {
      probe.close();
    }
  }
  return delays;
}

/** Route of change number `change`: each once before any twice, and neighbours far apart. */
export function spread(change: number, routes: number): number {
  const strides = [619, 617, 613, 1];
  // A stride that shares no factor with the count visits every route once.
  const stride = strides.find((candidate) => gcd(candidate, routes) === 1) ?? 1;
  return (change * stride) % routes;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
