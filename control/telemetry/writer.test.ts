/** Tests of the writer: order, retries, rows that are refused for ever, and bounds. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ClickHouseError } from "@clickhouse/client";
import t from "tap";
import { ManualClock, systemClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { IngestSequence } from "./ingest-sequence.ts";
import { Quarantine } from "./quarantine.ts";
import type { InsertRequest, StoreParameters } from "./store-client.ts";
import { temporaryFolder } from "./store-rig.ts";
import type { RigScope } from "./store-rig.ts";
import { TelemetryWriter } from "./writer.ts";
import type { TelemetryWriterOptions } from "./writer.ts";

type Insert = (request: InsertRequest) => Promise<void>;

function createWriter(
  scope: RigScope,
  insert: Insert,
  changes: Partial<TelemetryWriterOptions> = {},
) {
  const path = join(temporaryFolder(scope), "quarantine.jsonl");
  const writer = new TelemetryWriter({
    store: { insert, query: async () => [] },
    sequence: new IngestSequence(new ManualClock(), 0n),
    quarantine: new Quarantine(path),
    clock: systemClock,
    log: silentLogger,
    ...changes,
  });
  scope.teardown(() => writer.close());
  return { writer, path };
}

function failWith(code: string): never {
  throw new ClickHouseError({ message: "No", code, type: "X" });
}

const row = (text: string) => `"${text}"]`;

t.test("batches are stored one after the other, in the order of their sequence", async (t) => {
  const tokens: string[] = [];
  let running = 0;
  let most = 0;
  const { writer } = createWriter(t, async ({ token, lines }) => {
    running++;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running--;
    tokens.push(`${token} ${lines.toString().split("\n").length - 1}`);
  });
  const outcomes = await Promise.all(
    [1, 2, 3].map((count) => {
      return writer.write({
        table: "otel_logs",
        rows: Array.from({ length: count }, () => row("a")),
      });
    }),
  );
  t.equal(most, 1);
  const first = outcomes[0]?.kind === "stored" ? outcomes[0].first : 0n;
  t.same(tokens, [
    `otel_logs-${first}-1 1`,
    `otel_logs-${first + 1n}-2 2`,
    `otel_logs-${first + 3n}-3 3`,
  ]);
  t.match(writer.status, { storedRows: 6, highWater: first + 5n, state: "working" });
});

t.test("a batch that comes as the one before is done is not forgotten", async (t) => {
  const { writer } = createWriter(t, async () => {});
  for (let turn = 0; turn < 20; turn++) {
    t.match(await writer.write({ table: "otel_logs", rows: [row("a")] }), { kind: "stored" });
  }
});

t.test("a store that is away is asked until it is back", async (t) => {
  let fails = 3;
  const { writer } = createWriter(t, async () => {
    if (fails-- > 0) throw new Error("connect ECONNREFUSED");
  });
  const outcome = await writer.write({ table: "otel_logs", rows: [row("a")] });
  t.match(outcome, { kind: "stored", rows: 1, quarantined: 0 });
  t.match(writer.status, { retries: 3, state: "working" });
});

t.test("a poisoned row is set aside alone", async (t) => {
  const stored: string[] = [];
  const { writer, path } = createWriter(t, async ({ lines }) => {
    const texts = lines.toString().trimEnd().split("\n");
    if (texts.some((text) => text.includes("bad"))) failWith("27");
    stored.push(...texts.map((text) => JSON.parse(text)[1]));
  });
  const names = ["a", "b", "bad", "c", "d", "e", "f", "bad too"];
  const outcome = await writer.write({ table: "otel_logs", rows: names.map(row) });
  t.match(outcome, { kind: "stored", rows: 8, quarantined: 2 });
  t.same(stored, ["a", "b", "c", "d", "e", "f"]);
  const aside = readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  t.match(aside, [
    { table: "otel_logs", reason: "ClickHouse error 27", row: /bad/ },
    { row: /bad too/ },
  ]);
});

t.test("what is too much for the store's memory comes in smaller parts", async (t) => {
  const sizes: number[] = [];
  const { writer } = createWriter(t, async ({ lines }) => {
    const count = lines.toString().trimEnd().split("\n").length;
    if (count > 2) failWith("241");
    sizes.push(count);
  });
  await writer.write({ table: "otel_logs", rows: ["a", "b", "c", "d", "e"].map(row) });
  t.same(sizes, [2, 1, 2]);
});

/** Rows by sequence as the store keeps them: a token that it knows stores nothing. */
function keepingStore() {
  const tokens = new Set<string>();
  const kept: string[] = [];
  return {
    kept,
    keep: ({ token, lines }: InsertRequest) => {
      if (tokens.has(token)) return;
      tokens.add(token);
      kept.push(...lines.toString().trimEnd().split("\n"));
    },
    query: async (_: string, { first = 0n, last = 0n }: StoreParameters = {}) =>
      kept
        .map((line) => ({ Sequence: String(JSON.parse(line)[0]) }))
        .filter(({ Sequence }) => BigInt(Sequence) >= BigInt(String(first)))
        .filter(({ Sequence }) => BigInt(Sequence) <= BigInt(String(last))),
  };
}

t.test("rows whose half was stored before a kill are stored once", async (t) => {
  const { kept, keep, query } = keepingStore();
  const killed = Promise.withResolvers<void>();
  const first = createWriter(t, async () => {}, {
    store: {
      query,
      insert: async (request) => {
        if (request.lines.toString().includes("d")) {
          if (request.lines.toString().includes("a")) failWith("241");
          killed.resolve();
          throw new Error("socket hang up");
        }
        keep(request);
      },
    },
  });
  const batch = { table: "otel_logs", rows: ["a", "b", "c", "d"].map(row) } as const;
  let sequence = 0n;
  void first.writer.write({
    ...batch,
    onReserved: async (reserved) => {
      sequence = reserved;
    },
  });
  await killed.promise;
  await first.writer.close();
  t.equal(kept.length, 2, "the first half");
  const next = createWriter(t, async () => {}, {
    store: { query, insert: async (request) => keep(request) },
  });
  t.match(await next.writer.write({ ...batch, sequence }), { kind: "stored", rows: 4 });
  t.same(
    kept.map((line) => JSON.parse(line)[1]),
    ["a", "b", "c", "d"],
  );
});

t.test("rows whose answer was lost are not stored again in parts", async (t) => {
  const { kept, keep, query } = keepingStore();
  let tries = 0;
  const { writer } = createWriter(t, async () => {}, {
    store: {
      query,
      insert: async (request) => {
        tries++;
        if (tries === 2) failWith("241");
        keep(request);
        if (tries === 1) throw new Error("socket hang up");
      },
    },
  });
  const rows = ["a", "b", "c"].map(row);
  t.match(await writer.write({ table: "otel_logs", rows }), { kind: "stored", rows: 3 });
  t.equal(kept.length, 3);
});

t.test("a full disk stops storing and says so, and room lets it go on", async (t) => {
  let free = false;
  const { writer } = createWriter(t, async () => {}, {
    obstacle: () => (free ? undefined : "disk is full"),
  });
  const writing = writer.write({ table: "otel_logs", rows: [row("a")] });
  while (writer.status.state !== "disk-full") await new Promise(setImmediate);
  t.equal(writer.status.error, "disk is full");
  free = true;
  t.match(await writing, { kind: "stored" });
  t.equal(writer.status.state, "working");
});

t.test("a full queue refuses at once, and a closed writer too", async (t) => {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { writer } = createWriter(t, () => held, { maxQueuedBatches: 2 });
  const batch = { table: "otel_logs", rows: [row("a"), row("b")] } as const;
  const first = writer.write(batch);
  const second = writer.write(batch);
  t.same(await writer.write(batch), { kind: "full" });
  t.equal(writer.status.refusedRows, 2);
  const closing = writer.close();
  release();
  await closing;
  t.match(await first, { kind: "stored" }, "the INSERT that ran is waited for");
  t.same(await second, { kind: "closed" });
  t.same(await writer.write(batch), { kind: "closed" });
});

t.test("rows whose place cannot be written down are not sent", async (t) => {
  let inserts = 0;
  const { writer } = createWriter(t, async () => {
    inserts++;
  });
  const onReserved = () => Promise.reject(new Error("disk"));
  await t.rejects(writer.write({ table: "otel_logs", rows: [row("a")], onReserved }), /disk/);
  t.equal(inserts, 0);
  t.match(await writer.write({ table: "otel_logs", rows: [row("a")] }), { kind: "stored" });
});
