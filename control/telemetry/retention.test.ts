/** Tests of age and size: old partitions go, the oldest parts go when there is too much, and both are counted. */
import t from "tap";
import { ManualClock } from "../../gateway/clock.ts";
import { silentLogger } from "../../gateway/log.ts";
import { sequenceAt } from "./ingest-sequence.ts";
import { Retention } from "./retention.ts";
import { findStoreObstacle, startStoreRig } from "./store-rig.ts";
import type { StoreRig } from "./store-rig.ts";

const obstacle = findStoreObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
const dayMs = 24 * 3_600_000;

async function insert({ client }: StoreRig, atMs: number, body: string): Promise<void> {
  const sequence = sequenceAt(atMs);
  await client.insert({
    table: "otel_logs",
    columns: ["Sequence", "Body"],
    lines: Buffer.from(`${JSON.stringify([String(sequence), body])}\n`),
    token: `${sequence}`,
  });
}

async function bodies({ client }: StoreRig): Promise<unknown[]> {
  const rows = await client.query("SELECT Body FROM otel_logs ORDER BY Sequence");
  return rows.map(({ Body: body }) => body);
}

t.test("rows go when their partition is too old", skip, async (t) => {
  const rig = await startStoreRig(t);
  const clock = new ManualClock();
  const now = clock.now();
  for (const days of [9, 8, 6, 0]) await insert(rig, now - days * dayMs, `${days}`);
  const retention = new Retention({ client: rig.client, clock, log: silentLogger });
  await retention.sweep();
  t.same(await bodies(rig), ["6", "0"]);
  t.match(retention.status, { expiredRows: 2, evictedRows: 0 });
});

t.test("the oldest rows go when there is too much", skip, async (t) => {
  const rig = await startStoreRig(t);
  const clock = new ManualClock();
  for (let index = 0; index < 5; index++) await insert(rig, clock.now() + index, `${index}`);
  await rig.client.command("SYSTEM STOP MERGES otel_logs");
  const measuring = new Retention({ client: rig.client, clock, log: silentLogger });
  await measuring.sweep();
  const { bytes } = measuring.status;
  const retention = new Retention({
    client: rig.client,
    clock,
    log: silentLogger,
    maxBytes: Math.floor(bytes * 0.7),
  });
  await retention.sweep();
  t.same((await bodies(rig)).at(-1), "4", "the newest stays");
  t.ok(retention.status.evictedRows >= 1);
  t.ok(retention.status.bytes <= bytes * 0.7);
  t.equal((await bodies(rig)).length, 5 - retention.status.evictedRows);
});

t.test("a store that is away is told, and looked at again", async (t) => {
  const clock = new ManualClock();
  let looks = 0;
  const retention = new Retention({
    client: {
      query: async () => {
        looks++;
        throw new Error("connect ECONNREFUSED");
      },
      command: async () => {},
    },
    clock,
    log: silentLogger,
    intervalMs: 1_000,
  });
  retention.start();
  clock.advance(1_000);
  await new Promise(setImmediate);
  clock.advance(1_000);
  await new Promise(setImmediate);
  t.equal(looks, 2);
  t.match(retention.status.error, /ECONNREFUSED/);
  await retention.close();
  t.equal(clock.pendingTimers, 0);
});
