/**
 * `npm run bench -- plan`: how many recorded transactions a second one core reads, decides by two policies of many rules and
 * compares; and how much memory that takes.
 */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { PolicySide } from "../../control/cli/policy/policy-side.ts";
import type { PlanSummary } from "../../control/cli/policy/plan-run.ts";
import { runPlan } from "../../control/cli/policy/plan-run.ts";
import { readRecords } from "../../control/cli/policy/record-source.ts";
import { parseManifests } from "../../gateway/manifests.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { engineRecord, httpRecord } from "../../gateway/testdata/egress-record.ts";
import { priceTable } from "../../providers/price-table.ts";
import { seededRandom } from "../../providers/testdata/seeded-random.ts";
import { gatewayManifest, objectManifest } from "../harness/gateway-manifests.ts";
import { formatFigure } from "./figures.ts";
import { describeMachine } from "./machine.ts";
import type { OptionTable } from "./options.ts";
import { parseOptions } from "./options.ts";
import { writeOut } from "./run-output.ts";
import { openScratch } from "./scratch.ts";

const optionTable: OptionTable = {
  numbers: {
    records: { fallback: 200_000, min: 1_000, max: 100_000_000 },
    routes: { fallback: 200, min: 1, max: 10_000 },
    seed: { fallback: 1, min: 0, max: 999_999_999 },
  },
  texts: ["json"],
  switches: [],
};

/** Records a second that have to be replayed. */
const wantedPerSecond = 20_000;

/** What was measured. */
export interface PlanRate {
  readonly summary: PlanSummary;
  /** Of one core, by the CPU time of the process */
  readonly perSecond: number;
  readonly seconds: number;
  /** Of the process at the end, less that at the begin */
  readonly grownBytes: number;
}

/** Runs the sub-command and prints its report; UsageError for bad arguments. */
export async function runPlanBench(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, optionTable);
  const [records, routes, seed] = (["records", "routes", "seed"] as const).map((name) =>
    options.number(name),
  ) as [number, number, number];
  const rate = await measurePlan({ records, routes, seed });
  const { perSecond, seconds, grownBytes, summary } = rate;
  const found = summary.differences.map(({ kind, count }) => `${count} ${kind}`).join(", ");
  process.stdout.write(
    `${records} records through two policies of ${routes} routes: ${formatFigure(perSecond)} records per second of CPU, ${formatFigure(seconds)} s, ${formatFigure(grownBytes / 1_048_576)} MiB more memory\n` +
      `${summary.same} as before, ${found}\n` +
      `${perSecond >= wantedPerSecond ? "met" : "MISSED"}: at least ${wantedPerSecond} records a second on one core\n`,
  );
  const json = options.text("json");
  if (json === undefined) return;
  const results = { machine: describeMachine(), records, routes, seed, ...rate };
  await writeOut(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

/** Writes so many records to a file and replays them. */
export async function measurePlan(options: {
  readonly records: number;
  readonly routes: number;
  readonly seed: number;
}): Promise<PlanRate> {
  const scratch = await openScratch();
  try {
    const file = join(scratch.directory, "records.jsonl");
    await writeRecords(file, options);
    const changed = sideOf(options.routes, "/v1/changed");
    const against = sideOf(options.routes, "/v1/files");
    const before = process.memoryUsage().rss;
    const begin = process.cpuUsage();
    const startMs = performance.now();
    const summary = await runPlan({
      records: readRecords([file], { sinceMs: 0, losses: { malformed: 0, late: 0 } }),
      ...{ changed, against, gateway: undefined, seed: options.seed },
      onProgress: () => {},
    });
    const { user, system } = process.cpuUsage(begin);
    const seconds = (performance.now() - startMs) / 1_000;
    const perSecond = options.records / ((user + system) / 1_000_000);
    return { summary, perSecond, seconds, grownBytes: process.memoryUsage().rss - before };
  } finally {
    await scratch.close();
  }
}

/** Half the routes look at paths and methods; model calls are chosen by model, limited and in a budget. */
function sideOf(routes: number, path: string): PolicySide {
  const policyRef = { group: "clrk.apoxy.dev", kind: "RateLimitPolicy", name: "many" };
  const limited = { type: "ExtensionRef", extensionRef: policyRef };
  const text = [
    gatewayManifest(),
    objectManifest("RateLimitPolicy", "many", { requests: 60_000, window: "1s" }),
    ...Array.from({ length: routes }, (_, at) =>
      objectManifest("EgressHTTPRoute", `route-${at}`, {
        hostnames: [hostOf(at)],
        rules: [
          { matches: [{ method: "GET", path: { type: "PathPrefix", value: path } }] },
          { matches: [{ path: { type: "Glob", value: "/v1/*/items" } }] },
        ],
      }),
    ),
    objectManifest("AIProviderRoute", "models", {
      rules: [
        { matches: [{ provider: "openai", models: ["gpt-4o*"] }], filters: [limited] },
        { matches: [{ provider: "openai", models: ["gpt-5*"] }] },
      ],
    }),
  ].join("");
  const { objects, problems } = parseManifests("bench", text);
  if (problems.length > 0) throw new Error(`Cannot measure: ${JSON.stringify(problems[0])}`);
  const parsed = objects.map(({ object }) => object);
  return new PolicySide(parsed, { prices: priceTable, addresses: [] });
}

function hostOf(at: number): string {
  return `host-${at}.example`;
}

async function writeRecords(
  file: string,
  { records, routes, seed }: Parameters<typeof measurePlan>[0],
): Promise<void> {
  const random = seededRandom(seed);
  const stream = createWriteStream(file);
  for (let at = 0; at < records; at++) {
    const line = `${JSON.stringify(recordOf(at, { random, routes }))}\n`;
    if (!stream.write(line)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "finish");
}

const models = ["gpt-4o", "gpt-4o-mini", "gpt-5", "o3"];
const paths = ["/v1/files", "/v1/files/7", "/v1/x/items", "/v1/changed/1", "/other"];

/** A third are model calls that the engine read; agents, hosts, paths and times differ. */
function recordOf(
  at: number,
  { random, routes }: { readonly random: () => number; readonly routes: number },
): EgressRecord {
  const startUnixMs = 1_767_323_045_678 + at * 5 - Math.floor(random() * 2_000);
  const one = at % 3 === 0 ? engineRecord() : httpRecord({ provider: null, credential: null });
  const { agent, request, model } = one;
  const host = hostOf(Math.floor(random() * routes));
  const path = paths[Math.floor(random() * paths.length)] ?? "/";
  return {
    ...one,
    id: `rec-${at}`,
    time: new Date(startUnixMs).toISOString(),
    startUnixMs,
    agent: agent && { ...agent, name: `agent-${Math.floor(random() * 500)}` },
    request: model === null ? { ...request, authority: host, host, path, method: "GET" } : request,
    model: model && { ...model, requestModel: models[Math.floor(random() * models.length)] ?? "" },
  };
}
