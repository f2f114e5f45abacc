/** How long the store is asked for one agent's rows among millions: while rows are stored and merged, and afterwards. */
import { metricSeries } from "../../control/telemetry/metric-series.ts";
import type { Telemetry } from "../../control/telemetry/open-telemetry.ts";
import { TelemetryQueries } from "../../control/telemetry/queries.ts";
import type { AgentScope } from "../../control/telemetry/queries.ts";
import { StoreClient } from "../../control/telemetry/store-client.ts";
import { sleep, systemClock } from "../../gateway/clock.ts";
import { describeError } from "../../gateway/errors.ts";
import { cpuBetween, sampleCpu } from "./process-cpu.ts";
import { quantileOfSorted } from "./statistics.ts";
import { fillRows, keepStoring, traceIdOf } from "./telemetry-rows.ts";

/** What is measured. */
export interface ReadPlan {
  /** Socket of the store */
  readonly socket: string;
  /** Rows of spans, as `fillStore()` made them */
  readonly rows: number;
  readonly queries: number;
  readonly say: (text: string) => void;
  /** Told each of the figures when it is known */
  readonly onFigures: (figures: ReadFigures) => void;
}

/** One query in one state of the store. */
export interface ReadFigures {
  readonly name: string;
  readonly state: "storing" | "merged";
  /** Reads that the store ended, for its memory or its time; they are in no other figure */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  /** Median of what the store's process took for it, merges that ran meanwhile included */
  readonly cpuMs: number;
  /** Median of the rows that the store read for it */
  readonly readRows: number;
  /** Median of the bytes, decompressed */
  readonly readBytes: number;
}

const dayMs = 24 * 3_600_000;
const agents = 100;

/** As many as some busy agents make; merges go on all the time. */
const rowsPerSecond = 1_000;

/** Time after which merges that do not end are measured with. */
const longestMergesMs = 60_000;

interface ReadCase {
  readonly name: string;
  readonly run: (turn: number) => Promise<unknown>;
}

/** Fills a store with what is missing, in pieces as gateways would, and waits for its merges. */
export async function fillStore(
  socket: string,
  { rows, say }: Pick<ReadPlan, "rows" | "say">,
): Promise<void> {
  const client = new StoreClient({ kind: "embedded", socket });
  const untilMs = Date.now();
  const common = { agents, untilMs, fromMs: untilMs - 7 * dayMs };
  try {
    for (const { table, wanted } of [
      { table: "otel_traces", wanted: rows },
      { table: "otel_logs", wanted: Math.ceil(rows / 10) },
    ] as const) {
      const [found] = await client.query(`SELECT count() AS n FROM ${table}`);
      if (Number(found?.["n"]) >= wanted) continue;
      await fillRows(client, { ...common, table, rows: wanted }, (done) => {
        if (done % 1_000_000 === 0) say(`${done} rows of ${table}`);
      });
    }
    await mergesEnded(client);
  } finally {
    await client.close();
  }
}

/** Measures every query in both states. */
export async function measureReads(
  telemetry: Pick<Telemetry, "highWater" | "status">,
  plan: ReadPlan,
): Promise<readonly ReadFigures[]> {
  const client = new StoreClient({ kind: "embedded", socket: plan.socket });
  try {
    const reading = new CountedReads(client, telemetry.status.process?.pid ?? 0);
    const queries = new TelemetryQueries({ client, highWater: () => telemetry.highWater });
    const untilMs = await newestMs(client);
    const rowOf = (turn: number) => (turn * 7_919_317) % plan.rows;
    const traceIds: string[] = [];
    for (let turn = 0; turn < plan.queries; turn++) {
      traceIds.push(await traceIdOf(client, rowOf(turn)));
    }
    const cases = [
      ...pageCases(queries, untilMs),
      ...spanCases(queries, { rowOf, traceIds }),
      ...seriesCases(client, untilMs),
    ];
    const writer = keepStoring(client, { rowsPerSecond, agents });
    const storing = await measureAll(cases, { reading, state: "storing", plan }).finally(async () =>
      plan.say(`${await writer.stop()} rows were stored meanwhile`),
    );
    await mergesEnded(client);
    return [...storing, ...(await measureAll(cases, { reading, state: "merged", plan }))];
  } finally {
    await client.close();
  }
}

/** What the store read, and what its process took. */
class CountedReads {
  readonly #client: StoreClient;
  readonly #pid: number;

  constructor(client: StoreClient, pid: number) {
    this.#client = client;
    this.#pid = pid;
  }

  /** Numbers since the store began; only differences mean something. */
  async look() {
    const names = "'SelectedRows', 'SelectedBytes'";
    const rows = await this.#client.query(
      `SELECT event, value FROM system.events WHERE event IN (${names})`,
    );
    const figureOf = (name: string) =>
      Number(rows.find(({ event }) => event === name)?.["value"] ?? 0);
    return {
      rows: figureOf("SelectedRows"),
      bytes: figureOf("SelectedBytes"),
      cpu: sampleCpu(this.#pid),
    };
  }
}

async function newestMs(client: StoreClient): Promise<number> {
  const sql = "SELECT toUnixTimestamp64Milli(max(Timestamp)) AS ms FROM otel_traces";
  const [row] = await client.query(sql, {}, { maxSeconds: 60 });
  return Number(row?.["ms"]);
}

async function mergesEnded(client: StoreClient): Promise<void> {
  const deadline = performance.now() + longestMergesMs;
  let quiet = 0;
  while (quiet < 5 && performance.now() < deadline) {
    await sleep(systemClock, 1_000);
    const [row] = await client.query("SELECT count() AS n FROM system.merges");
    quiet = Number(row?.["n"]) === 0 ? quiet + 1 : 0;
  }
}

async function measureAll(
  cases: readonly ReadCase[],
  {
    reading,
    state,
    plan,
  }: {
    readonly reading: CountedReads;
    readonly state: ReadFigures["state"];
    readonly plan: ReadPlan;
  },
): Promise<readonly ReadFigures[]> {
  const figures: ReadFigures[] = [];
  for (const { name, run } of cases) {
    const times: number[] = [];
    const reads: { readonly rows: number; readonly bytes: number; readonly cpuMs: number }[] = [];
    let failed = 0;
    for (let turn = 0; turn < plan.queries; turn++) {
      const before = await reading.look();
      const start = performance.now();
      try {
        await run(turn);
      } catch (error) {
        failed++;
        plan.say(`${name}: ${describeError(error).slice(0, 200)}`);
        continue;
      }
      times.push(performance.now() - start);
      const after = await reading.look();
      reads.push({
        rows: after.rows - before.rows,
        bytes: after.bytes - before.bytes,
        cpuMs: cpuBetween(before.cpu, after.cpu) / 1_000,
      });
    }
    const one = {
      ...{ name, state, failed },
      p50Ms: quantile(times, 0.5),
      p95Ms: quantile(times, 0.95),
      cpuMs: quantile(
        reads.map(({ cpuMs }) => cpuMs),
        0.5,
      ),
      readRows: quantile(
        reads.map(({ rows }) => rows),
        0.5,
      ),
      readBytes: quantile(
        reads.map(({ bytes }) => bytes),
        0.5,
      ),
    };
    figures.push(one);
    plan.onFigures(one);
  }
  return figures;
}

function quantile(values: readonly number[], share: number): number {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    share,
  );
}

function spanCases(
  queries: TelemetryQueries,
  {
    rowOf,
    traceIds,
  }: { readonly rowOf: (turn: number) => number; readonly traceIds: readonly string[] },
): ReadCase[] {
  return [
    {
      name: "spans of a trace",
      run: (turn) => queries.traceSpans("default", traceIds[turn] ?? ""),
    },
    {
      name: "spans of an invocation",
      run: (turn) => {
        const number = String(Math.floor(rowOf(turn) / 20)).padStart(12, "0");
        return queries.invocationSpans("default", `0b5c7d1e-0000-4000-8000-${number}`);
      },
    },
  ];
}

function scopeOf(turn: number): AgentScope {
  return { namespace: "default", kind: "TaskAgent", name: `agent-${turn % agents}` };
}

function pageCases(queries: TelemetryQueries, untilMs: number): ReadCase[] {
  const limit = 100;
  const windows = [
    { when: "last hour", since: { sinceNs: BigInt(untilMs - dayMs / 24) * 1_000_000n } },
    { when: "last day", since: { sinceNs: BigInt(untilMs - dayMs) * 1_000_000n } },
    { when: "no begin", since: {} },
  ];
  return windows.flatMap(({ when, since }) => [
    {
      name: `100 spans of an agent, ${when}`,
      run: (turn: number) => queries.spanPage({ scope: scopeOf(turn), limit, ...since }),
    },
    {
      name: `100 log lines of an agent, ${when}`,
      run: (turn: number) => queries.logPage({ scope: scopeOf(turn), limit, ...since }),
    },
  ]);
}

function seriesCases(client: Pick<StoreClient, "query">, untilMs: number): ReadCase[] {
  const day = { sinceMs: untilMs - dayMs, untilMs };
  return [
    {
      name: "tokens of an agent by model, a day in steps of an hour",
      run: (turn) =>
        metricSeries(client, {
          ...{ metric: "gen_ai.tokens", scope: scopeOf(turn), stepSeconds: 3_600 },
          ...day,
        }),
    },
    {
      name: "duration of an agent's model calls, a day",
      run: (turn) =>
        metricSeries(client, { metric: "gen_ai.duration", scope: scopeOf(turn), ...day }),
    },
  ];
}
