/** Tests of reads of a real store: scope, filters, logs of both tables, order, bounds. */
import { ClickHouseError } from "@clickhouse/client";
import t from "tap";
import type { Test } from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { tryDecodePlace } from "./continue-token.ts";
import type { PagePlace } from "./continue-token.ts";
import { attributeColumns } from "./attribute-columns.ts";
import { IngestSequence } from "./ingest-sequence.ts";
import { Quarantine } from "./quarantine.ts";
import { TelemetryQueries } from "./queries.ts";
import { encodeRecord } from "./record-row.ts";
import type { StoredLog } from "./stored-log.ts";
import { findStoreObstacle, startStoreRig } from "./store-rig.ts";
import type { StoreClient } from "./store-client.ts";
import { encodeLogRow } from "./table-rows.ts";
import { firstRecordMs, sampleRecord } from "./testdata/sample-records.ts";
import { TelemetryWriter } from "./writer.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const scope = { namespace: "default", kind: "TaskAgent", name: "agent-0" };
const agent = { ...scope, uid: "", revision: "", invocationId: "i9" };
const none = attributeColumns([]);

function logRow(atMs: number, changes: { readonly ioStream?: string } = {}): string {
  return encodeLogRow({
    timeUnixNs: `${atMs}000000`,
    source: "agent",
    agent,
    gateway: "default/egress",
    component: "worker",
    serviceName: "",
    traceId: "",
    spanId: "",
    resource: none,
    scope: { name: "", version: "" },
    attributes: none,
    ioStream: "",
    flags: 0,
    severityText: "",
    severityNumber: 0,
    body: `at ${atMs - firstRecordMs}`,
    bodyType: "",
    eventName: "",
    ...changes,
  });
}

t.test("reads of a store", skip, async (t) => {
  const { client, directory } = await startStoreRig(t);
  const writer = new TelemetryWriter({
    store: client,
    sequence: new IngestSequence(new ManualClock(firstRecordMs + 60_000), 0n),
    quarantine: new Quarantine(`${directory}/quarantine.jsonl`),
    clock: systemClock,
    log: silentLogger,
  });
  t.teardown(() => writer.close());
  const queries = new TelemetryQueries({ client, highWater: () => writer.status.highWater });
  const records = Array.from({ length: 20 }, (_, index) => encodeRecord(sampleRecord(index)));
  await writer.write({ table: "otel_traces", rows: records });
  await writer.write({
    table: "otel_logs",
    rows: [logRow(firstRecordMs + 3, { ioStream: "stderr" }), logRow(firstRecordMs + 12)],
  });

  await t.test("nothing of another agent, kind or namespace is given", async (t) => {
    const { items } = await queries.spanPage({ scope, limit: 100 });
    t.equal(items.length, 4);
    t.ok(items.every((span) => span.agent.name === "agent-0"));
    for (const changes of [{ kind: "DaemonAgent" }, { namespace: "other" }, { name: "agent" }]) {
      const page = await queries.spanPage({ scope: { ...scope, ...changes }, limit: 100 });
      t.same(page.items, [], JSON.stringify(changes));
    }
    const spans = await queries.traceSpans("other", items[0]?.traceId ?? "");
    t.same(spans, [], "not by its trace either");
  });
  await t.test("logs are those that were sent and the access lines, newest first", async (t) => {
    const { items } = await queries.logPage({ scope, limit: 100 });
    t.same(
      items.map(({ timeUnixNs }) => Number(BigInt(timeUnixNs) / 1_000_000n) - firstRecordMs),
      [15, 12, 10, 5, 3, 0],
    );
    const first = await queries.logPage({ scope, limit: 2 });
    t.equal(first.items.length, 2);
    t.type(first.continue, "string");
  });
  await t.test("filters narrow", async (t) => {
    const bodies = async (filter: object) => {
      const { items } = await queries.logPage({ scope, limit: 100, ...filter });
      return items.length;
    };
    t.equal(await bodies({ ioStream: "stderr" }), 1);
    t.equal(await bodies({ components: ["worker"] }), 2);
    t.equal(await bodies({ components: ["worker", "egress-extproc"] }), 6);
    t.equal(await bodies({ invocationId: "i9" }), 2);
    const since = BigInt(firstRecordMs + 5) * 1_000_000n;
    t.equal(await bodies({ sinceNs: since }), 4, "inclusive");
    t.equal(await bodies({ untilNs: since }), 2, "exclusive");
  });
  await t.test("a follower gets both tables in order of storing, from where it was", async (t) => {
    const first = await queries.followLogs({ scope, after: 0n, limit: 5 });
    t.equal(first.isMore, true);
    const second = await queries.followLogs({ scope, after: first.last, limit: 5 });
    t.equal(second.isMore, false);
    const sequences = [...first.items, ...second.items].map(({ sequence }) => BigInt(sequence));
    t.equal(sequences.length, 6);
    t.same(
      sequences,
      sequences.toSorted((a, b) => (a < b ? -1 : 1)),
    );
    t.equal(second.last, writer.status.highWater);
    t.match(await queries.followLogs({ scope, after: second.last, limit: 5 }), { items: [] });
  });
  await t.test(
    "a follower who is behind gets many small items at once, and few large ones",
    async (t) => {
      const large = { ...scope, name: "large" };
      const rows = Array.from({ length: 700 }, (_, index) => {
        // After the first ones so large that two thousand of them would be 60 MB.
        const userAgent = index < 260 ? "short" : "x".repeat(30_000);
        const { request, agent } = sampleRecord(index);
        const own = agent && { ...agent, name: large.name, invocationId: "large" };
        return encodeRecord(
          sampleRecord(index, { agent: own, request: { ...request, userAgent } }),
        );
      });
      const stored = await writer.write({ table: "otel_traces", rows });
      const first = stored.kind === "stored" ? stored.first : 0n;
      const sizes: number[] = [];
      const sequences: bigint[] = [];
      for (let after = 0n; after < writer.status.highWater; ) {
        const batch = await queries.followSpans({ scope: large, after, limit: 650 });
        sizes.push(batch.items.length);
        sequences.push(...batch.items.map(({ sequence }) => BigInt(sequence)));
        t.equal(batch.isMore, sequences.length < 700);
        after = batch.last;
      }
      t.same(
        sequences,
        rows.map((_, index) => first + BigInt(index)),
        "each once",
      );
      t.equal(sizes[0], 650, "the first ones are small");
      t.ok(sizes.length < 10, sizes.join());
    },
  );
  await t.test("an invocation is read in order of time", async (t) => {
    const id = sampleRecord(0).agent?.invocationId ?? "";
    const spans = await queries.invocationSpans("default", id);
    t.equal(spans.length, 8);
    const times = spans.map(({ timeUnixNs }) => timeUnixNs);
    t.same(times, times.toSorted());
  });
  await t.test("pages are the same however far apart in time their items are", async (t) => {
    const hours = [-200, -30, -23, -7, -5, -1, -0.5, 0, 0.25, 3];
    const rows = hours.map((hour) => logRow(firstRecordMs + hour * 3_600_000));
    await writer.write({ table: "otel_logs", rows });
    const whole = await queries.logPage({ scope, limit: 1_000, sinceNs: 0n });
    t.equal(whole.items.length, 16);
    for (const limit of [1, 2, 3, 5, 16, 17]) {
      const found: StoredLog[] = [];
      let place: PagePlace | undefined;
      do {
        const page = await queries.logPage({ scope, limit, ...(place && { place }) });
        found.push(...page.items);
        place = page.continue === undefined ? undefined : tryDecodePlace(page.continue);
      } while (place !== undefined);
      t.same(
        found.map(({ sequence }) => sequence),
        whole.items.map(({ sequence }) => sequence),
        `${limit} a page`,
      );
    }
  });
  await readWhatIsRefused(t, client, () => writer.status.highWater);
  await t.test("a page with a begin reads no more of its time than it shows", (t) =>
    readWindows(t, { client, highWater: () => writer.status.highWater }),
  );
  await t.test("a number of items out of bounds is refused", async (t) => {
    for (const limit of [0, 1.5, 1_001]) {
      await t.rejects(queries.spanPage({ scope, limit }), RangeError);
    }
  });
});

async function readWindows(
  t: Test,
  { client, highWater }: ConstructorParameters<typeof TelemetryQueries>[0],
): Promise<void> {
  const begins: unknown[] = [];
  const counted = new TelemetryQueries({
    client: {
      query: (sql, parameters, options) => {
        if (sql.includes("UNION ALL")) begins.push(parameters?.["windowNs"]);
        return client.query(sql, parameters, options);
      },
    },
    highWater,
  });
  const hourNs = 3_600_000_000_000n;
  const endNs = BigInt(firstRecordMs + 5 * 3_600_000) * 1_000_000n;
  const page = (sinceNs: bigint, limit: number) =>
    counted.logPage({ scope, limit, sinceNs, untilNs: endNs });
  t.equal((await page(endNs - 24n * hourNs, 1)).items.length, 1);
  t.same(begins.splice(0), [endNs - hourNs, endNs - 6n * hourNs], "as far as two are found");
  t.equal((await page(endNs - 2n * hourNs, 1)).items.length, 1);
  t.same(begins, [endNs - hourNs, undefined], "and no further than its begin");
}

/** Follows the agent `large` in a store that refuses reads of many rows. */
async function readWhatIsRefused(
  t: Test,
  client: Pick<StoreClient, "query">,
  highWater: () => bigint,
): Promise<void> {
  for (const code of ["241", "396", "394", "159"]) {
    await t.test(`a follower goes on where a large read is refused with ${code}`, async (t) => {
      const query: StoreClient["query"] = async (sql, parameters, options) => {
        const sequences = parameters?.["sequences"];
        const isLarge = Array.isArray(sequences) && sequences.length > 250;
        if (isLarge) throw new ClickHouseError({ message: "No", code, type: "X" });
        return client.query(sql, parameters, options);
      };
      const refusing = new TelemetryQueries({ client: { query }, highWater });
      const large = { ...scope, name: "large" };
      const batch = await refusing.followSpans({ scope: large, after: 0n, limit: 650 });
      t.equal(batch.items.length, 250);
      t.ok(batch.isMore);
    });
  }
}
