/** Tests of series: sums are exact, groups and steps are those that were asked for, nothing else can be asked. */
import t from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import type { EgressRecord } from "../../gateway/record.ts";
import { IngestSequence } from "./ingest-sequence.ts";
import { metricCatalogue } from "./metric-catalogue.ts";
import { metricSeries } from "./metric-series.ts";
import type { SeriesRequest } from "./metric-series.ts";
import { Quarantine } from "./quarantine.ts";
import { encodeRecord } from "./record-row.ts";
import { findStoreObstacle, startStoreRig } from "./store-rig.ts";
import { firstRecordMs, refusedConnection, sampleRecord } from "./testdata/sample-records.ts";
import { TelemetryWriter } from "./writer.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const window = { sinceMs: firstRecordMs, untilMs: firstRecordMs + 10_000 };
const hugeTokens = Number.MAX_SAFE_INTEGER;

/** A call of a model whose price nobody knows, under no budget. */
function unpricedRecord(index: number): EgressRecord {
  const { charge: _, ...record } = sampleRecord(index, { provider: "anthropic", cost: null });
  return record;
}

t.test("series of stored records", skip, async (t) => {
  const { client, directory } = await startStoreRig(t);
  const writer = new TelemetryWriter({
    store: client,
    sequence: new IngestSequence(new ManualClock(firstRecordMs + 20_000), 0n),
    quarantine: new Quarantine(`${directory}/quarantine.jsonl`),
    clock: systemClock,
    log: silentLogger,
  });
  t.teardown(() => writer.close());
  const usage = sampleRecord(0).usage;
  const records = [
    ...Array.from({ length: 4 }, (_, index) =>
      sampleRecord(index * 1_000, {
        durationMs: 100 * (index + 1),
        usage: usage && { ...usage, inputTokens: hugeTokens },
      }),
    ),
    sampleRecord(4_000, { provider: "azure-openai" }),
    refusedConnection(5_000),
  ];
  await writer.write({ table: "otel_traces", rows: records.map(encodeRecord) });
  const ask = (request: Omit<SeriesRequest, "sinceMs" | "untilMs">) =>
    metricSeries(client, { ...window, ...request });

  await t.test("sums beyond 2^53 are exact", async (t) => {
    const { series } = await ask({ metric: "gen_ai.tokens", groupBy: "gen_ai.system" });
    t.match(series, [
      {
        labels: { "gen_ai.system": "openai", measure: "input" },
        points: [{ value: String(BigInt(hugeTokens) * 4n) }],
      },
      { labels: { measure: "output" }, points: [{ value: "512" }] },
      { labels: { "gen_ai.system": "azure_openai", measure: "input" }, points: [{ value: "512" }] },
      { labels: { measure: "output" } },
    ]);
  });
  await t.test("cost is decimal", async (t) => {
    const { series, unit } = await ask({ metric: "gen_ai.cost" });
    t.equal(unit, "USD");
    t.equal(Number(series[0]?.points[0]?.value), 0.00021, "of five calls");
  });
  await t.test("steps begin at whole steps", async (t) => {
    const { series } = await ask({ metric: "egress.requests", stepSeconds: 2 });
    t.same(series[0]?.labels, { "http.response.status_class": "2xx" });
    t.same(
      series[0]?.points.map(({ timeMs, value }) => [timeMs - firstRecordMs, value]),
      [
        [0, "2"],
        [2_000, "2"],
        [4_000, "1"],
      ],
    );
  });
  await t.test("quantiles are whole milliseconds", async (t) => {
    const scope = { namespace: "default", kind: "TaskAgent", name: "agent-0" };
    const { series } = await ask({ metric: "gen_ai.duration", quantiles: [0.5, 0.9], scope });
    t.same(
      series.map(({ labels }) => labels["quantile"]),
      ["0.5", "0.9"],
    );
    t.ok(series.every(({ points }) => /^\d+$/.test(points[0]?.value ?? "")));
  });
  await t.test("every metric of the catalogue can be computed by every label", async (t) => {
    for (const { id, groupBy } of metricCatalogue.values()) {
      for (const label of groupBy.keys()) {
        const answer = await ask({ metric: id, groupBy: label, stepSeconds: 5 });
        t.equal(answer.groupBy, label, `${id} by ${label}`);
      }
    }
  });
  await t.test("another agent has nothing, a refused connection is counted", async (t) => {
    const scope = { namespace: "default", kind: "TaskAgent", name: "nobody" };
    t.same((await ask({ metric: "egress.requests", scope })).series, []);
    t.match((await ask({ metric: "egress.denied" })).series, [
      { labels: { "clrk.deny.reason": "default-policy" }, points: [{ value: "1" }] },
    ]);
  });
  await t.test("calls without a price are counted, and in no sum", async (t) => {
    const { series: before } = await ask({ metric: "gen_ai.cost" });
    t.same((await ask({ metric: "gen_ai.unpriced" })).series, []);
    await writer.write({ table: "otel_traces", rows: [encodeRecord(unpricedRecord(6_000))] });
    const { series } = await ask({ metric: "gen_ai.unpriced", groupBy: "gen_ai.system" });
    t.match(series, [{ labels: { "gen_ai.system": "anthropic" }, points: [{ value: "1" }] }]);
    t.same((await ask({ metric: "gen_ai.cost" })).series, before);
  });
});

t.test("what the catalogue does not have is refused", async (t) => {
  const client = { query: () => Promise.reject(new Error("It was asked")) };
  const cases: ReadonlyArray<readonly [Partial<SeriesRequest>, RegExp]> = [
    [{ metric: "x" }, /metric "x" is not known/],
    [{ groupBy: "1; DROP" }, /is no label/],
    [{ untilMs: window.sinceMs }, /no length/],
    [{ untilMs: window.sinceMs + 32 * 24 * 3_600_000 }, /longer than 31 days/],
    [{ stepSeconds: 0.5 }, /no whole number/],
    [{ untilMs: window.sinceMs + 3_600_000, stepSeconds: 1 }, /more than 1500 steps/],
    [{ quantiles: [0.5] }, /is a counter/],
    [{ metric: "mcp.duration", quantiles: [1] }, /not above 0 and below 1/],
  ];
  for (const [changes, message] of cases) {
    const request = { metric: "egress.requests", ...window, ...changes };
    await t.rejects(metricSeries(client, request), { code: "CLRK_INVALID_ARGUMENT", message });
  }
});
